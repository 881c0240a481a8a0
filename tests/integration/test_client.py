"""All faces of the client against mockscribe with every signature verified: keys that hold, and keys that do not."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import mockscribe.boto3
from mockscribe import Mockscribe
from mockscribe.client import asynchronous, blocking
from mockscribe.client.core import EventReceived, Parameters
from mockscribe.errors import ServerError
from mockscribe.wire.sigv4 import Credentials
from tests.wire import CONFIGURATION, DOMAIN_ID, SUBSCRIPTION_ID

TENTHS = 5
TONE = b"\x00\x20\x00\xe0" * 800  # 0.1 s
EVENTS = [
    {"configurationEvent": CONFIGURATION},
    *[{"binaryAudioEvent": {"audioChunk": TONE}}] * TENTHS,
    {"sessionControlEvent": {"type": "END_OF_SESSION"}},
]


@pytest.fixture(scope="module")
def mock() -> Iterator[Mockscribe]:
    with Mockscribe(verify_signatures=True) as mock:
        yield mock


def parameters() -> Parameters:
    return Parameters(
        session_id=str(uuid.uuid4()), domain_id=DOMAIN_ID, subscription_id=SUBSCRIPTION_ID, sample_rate=16_000
    )


def by_blocking(mock: Mockscribe, url: str, secret: str) -> int:
    credentials = Credentials("test", secret)
    with blocking.listen(url, parameters(), credentials=credentials, ca_files=[mock.ca_file]) as call:
        observed = list(call.run(CONFIGURATION, [(TONE, 0.1)] * TENTHS, pace=None))
    return sum(isinstance(each, EventReceived) for each in observed)


def by_asyncio(mock: Mockscribe, url: str, secret: str) -> int:
    async def main() -> int:
        credentials = Credentials("test", secret)
        async with await asynchronous.listen(
            url, parameters(), credentials=credentials, ca_files=[mock.ca_file]
        ) as call:
            return sum([isinstance(each, EventReceived) async for each in call.run(EVENTS)])

    return asyncio.run(main())


def by_boto3(mock: Mockscribe, url: str, secret: str) -> int:
    client: Any = boto3.client(
        "connecthealth", endpoint_url=url, verify=str(mock.ca_file), region_name="us-west-2",
        aws_access_key_id="test", aws_secret_access_key=secret, config=Config(proxies={}),
    )  # fmt: skip
    response = mockscribe.boto3.enable(client).start_medical_scribe_listening_session(
        sessionId=str(uuid.uuid4()), domainId=DOMAIN_ID, subscriptionId=SUBSCRIPTION_ID, languageCode="en-US",
        mediaSampleRateHertz=16_000, mediaEncoding="pcm", inputStream=iter(EVENTS),
    )  # fmt: skip
    return len(list(response["responseStream"]))


FACES = [by_blocking, by_asyncio, by_boto3]


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("face", FACES)
def test_the_server_finds_every_signature_right(
    face: Callable[[Mockscribe, str, str], int], scheme: str, mock: Mockscribe
) -> None:
    before = len(list(mock.sessions))
    assert face(mock, mock.https_url if scheme == "https" else mock.http_url, "test") > 0
    assert len(list(mock.sessions)) == before + 1
    session = list(mock.sessions)[-1]
    assert (session.status, session.audio.seconds) == ("COMPLETED", pytest.approx(0.1 * TENTHS))


@pytest.mark.parametrize("face", FACES)
def test_the_server_refuses_a_key_that_is_wrong(face: Callable[[Mockscribe, str, str], int], mock: Mockscribe) -> None:
    with pytest.raises((ServerError, ClientError), match="InvalidSignatureException"):
        face(mock, mock.https_url, "not the secret")
