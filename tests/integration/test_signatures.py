"""Signatures over real sockets, made by signers that are not ours: boto3's, curl's and those of the SDKs that stream.

Each event is counted as it was verified. What a failure looks like is told by the official Python SDK.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as BotoConfig
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from mockscribe import Mockscribe, signatures
from mockscribe.config import Config
from mockscribe.service.model import Operation, service_model
from mockscribe.service.restjson import LISTENING_SESSION
from mockscribe.wire.sigv4_verification import Policy
from tests.clients import trusting
from tests.examples import example
from tests.integration.sdks.checks import (
    DUPLEX,
    VISIT,
    check_duplex_visit,
    check_resumed,
    raised_by_the_service,
    recorded,
)
from tests.integration.sdks.go import environment as go
from tests.integration.sdks.java import environment as java
from tests.integration.sdks.javascript import environment as javascript
from tests.integration.sdks.programs import UnavailableError, run_client
from tests.integration.sdks.python import environment as python
from tests.integration.sdks.rust import environment as rust
from tests.requirements import require
from tests.serving import serving

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEJr//////////wEaDE"
UNARY = [each for each in service_model().operations.values() if each.name != LISTENING_SESSION]
RUNS = 3

Stream = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def mock() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True, access_key=(f"test:{SECRET}",)) as mock:
        yield mock


@pytest.fixture(params=["https", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def url(mock: Mockscribe, scheme: str) -> str:
    return mock.https_url if scheme == "https" else mock.http_url


# ---- requests by boto3


def connect(endpoint: str, ca_file: str | pathlib.Path, secret: str = SECRET, token: str | None = None) -> Any:
    return botocore.session.Session().create_client(
        "connecthealth",
        region_name="us-east-1",
        endpoint_url=endpoint,
        verify=str(ca_file),
        aws_access_key_id="test",
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=BotoConfig(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )


def call(client: Any, operation: Operation) -> str:
    """What an operation is answered with: "" or the code of its error."""
    method = {name: method for method, name in client.meta.method_to_api_mapping.items()}[operation.name]
    try:
        getattr(client, method)(**example(operation.input))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("token", [None, TOKEN], ids=["", "session token"])
def test_what_boto3_signs_holds_for_every_operation(mock: Mockscribe, scheme: str, token: str | None) -> None:
    mock.reset()
    client = connect(url(mock, scheme), mock.ca_file, token=token)
    answers = {operation.name: call(client, operation) for operation in UNARY}
    assert len(answers) == 22
    # Nothing was created in the right order: what matters is that the service itself has answered.
    assert set(answers.values()) <= {"", "ResourceNotFoundException", "ConflictException", "ValidationException"}
    assert list(answers.values()).count("") >= 6, answers
    assert [entry for entry in mock.journal if entry["kind"] == "violation"] == []


def test_what_boto3_signs_with_another_secret_is_refused_for_every_operation(mock: Mockscribe, scheme: str) -> None:
    mock.reset()
    client = connect(url(mock, scheme), mock.ca_file, secret="wrong")
    assert {call(client, operation) for operation in UNARY} == {"InvalidSignatureException"}
    violations = [entry for entry in mock.journal if entry["kind"] == "violation"]
    assert [each["rule"] for each in violations] == ["signature_mismatch"] * 22


def test_what_boto3_signs_of_odd_names_and_values_holds(mock: Mockscribe, scheme: str) -> None:
    mock.reset()
    client = connect(url(mock, scheme), mock.ca_file)
    arn = client.create_domain(name="clinic")["arn"]
    tags = {"a b+c": "d&e=f", "ünï": "*~'()!", "x/y:z": " p  q ", "%2F": "@"}
    client.tag_resource(resourceArn=arn, tags=tags)
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == tags
    client.untag_resource(resourceArn=arn, tagKeys=[*tags][:3])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"%2F": "@"}


@pytest.mark.parametrize("token", [None, TOKEN], ids=["", "session token"])
def test_a_presigned_request_holds(mock: Mockscribe, scheme: str, token: str | None) -> None:
    mock.reset()
    request = AWSRequest("GET", f"{url(mock, scheme)}/domain?maxResults=3&status=ACTIVE")
    SigV4QueryAuth(Credentials("test", SECRET, token), "health-agent", "us-east-1", expires=60).add_auth(request)
    context = trusting(mock.ca_file) if scheme == "https" else None
    with urllib.request.urlopen(request.url, context=context, timeout=10) as response:
        assert json.load(response) == {"domains": []}
    written = msgspec.json.encode(list(mock.journal)).decode()
    assert request.url.rpartition("=")[2] not in written
    assert TOKEN not in urllib.parse.unquote(written)


# ---- requests by curl


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["/domain"], 200),
        (["/domain?maxResults=3&status=ACTIVE"], 200),
        (["/domain", "--data", '{"name":"clinic"}', "--header", "content-type: application/json"], 201),
        (["/domain/dom-0123456789abcdef"], 404),
        (["/domain", "--user", "test:wrong"], 403),
        (["/domain", "--user", f"nobody:{SECRET}"], 401),
        (["/domain", "--aws-sigv4", "aws:amz:us-east-1:transcribe"], 403),
    ],
)
def test_what_curl_signs(mock: Mockscribe, scheme: str, arguments: list[str], status: int) -> None:
    curl = shutil.which("curl")
    told = subprocess.run([curl or "false", "--help", "auth"], capture_output=True, text=True, check=False).stdout
    require("curl", curl is not None and "--aws-sigv4" in told, "curl with --aws-sigv4 was not found on PATH")
    path, *options = arguments
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--max-time", "10", "--cacert", str(mock.ca_file)),
            *("--aws-sigv4", "aws:amz:us-east-1:health-agent", "--user", f"test:{SECRET}"),
            *("--write-out", "\n%{http_code}", url(mock, scheme) + path, *options),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout.rpartition("\n")[2]) == status, done.stdout


# ---- streams by the SDKs


def streaming(name: str) -> Stream:
    """What runs that SDK's client against a mock."""
    try:
        match name:
            case "python":
                interpreter = python.python_sdk()
                return lambda mock, scheme, *options: python.stream(
                    interpreter, url(mock, scheme), "--ca-file", mock.ca_file, *options
                )
            case "javascript":
                program = javascript.javascript_sdk()
                return lambda mock, scheme, *options: javascript.stream(program, mock, scheme, *options)
            case "java":
                command = java.java_sdk()
                return lambda mock, scheme, *options: java.stream(command, mock, scheme, *options)
            case _:
                binary = {"rust": rust.rust_sdk, "go": go.go_sdk}[name]()
                return lambda mock, scheme, *options: run_client(
                    [binary], url(mock, scheme), *(["--ca-file", mock.ca_file] if scheme == "https" else []), *options
                )
    except UnavailableError as error:
        require(f"{name}-sdk", False, str(error))
        raise


SDKS = [
    ("python", "https"),  # in clear text it loses its events (facts 11a)
    *((name, scheme) for name in ("rust", "go", "javascript", "java") for scheme in ("https", "http")),
]


@pytest.fixture
def by_default() -> Iterator[Mockscribe]:
    """The clients' own key has the secret that it has without any setting."""
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True) as mock:
        yield mock


def verified(mock: Mockscribe, session_id: str) -> list[int]:
    """The events verified, of each stream; as many as were received, and nothing was amiss."""
    assert recorded(mock, "violation", session_id) == []
    ended = recorded(mock, "stream_ended", session_id)
    ends = {entry["stream"]: entry["seq"] for entry in ended}
    received = recorded(mock, "event_received", session_id)
    late = [entry for entry in received if entry["seq"] > ends[entry["stream"]]]
    assert [entry["event"] for entry in late] in ([], [""])  # the last stream's empty frame, which is not counted
    counts = [entry["verified"] for entry in ended]
    assert sum(counts) == len(received) - len(late)
    assert [each.signatures for each in mock.sessions[session_id].streams] == ["verified"] * len(counts)
    return counts


@pytest.mark.parametrize(("name", "scheme"), SDKS)
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_every_event_that_an_sdk_signs_holds(by_default: Mockscribe, name: str, scheme: str, event: str) -> None:
    reports = streaming(name)(by_default, scheme, *DUPLEX, "--event", event, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_duplex_visit(by_default, report, event, 1)
        (count,) = verified(by_default, report["session_id"])
        assert count in (32, 33)  # the configuration, 30 of audio, END_OF_SESSION, and the empty frame if it was read


@pytest.mark.parametrize(("name", "scheme"), SDKS)
def test_each_stream_of_a_session_begins_a_chain(by_default: Mockscribe, name: str, scheme: str) -> None:
    first, second = streaming(name)(by_default, scheme, "--pauses", 1, "--seconds", 2.0)
    check_resumed(by_default, first, second)
    before, after = verified(by_default, first["session_id"])
    assert before == 12  # the empty frame ends this one
    assert after in (12, 13)


@pytest.mark.parametrize(("name", "scheme"), SDKS)
def test_an_sdk_with_another_secret_is_refused(mock: Mockscribe, name: str, scheme: str) -> None:
    (report,) = streaming(name)(mock, scheme, "--seconds", 0.5)
    assert (report["status"], report["events"]) == (403, [])
    (error,) = raised_by_the_service(report)
    # The text of an error that is not modeled is not in what each SDK raises, and neither is its name.
    assert "InvalidSignatureException" in str(error) or "The request signature we calculated" in error["message"]
    assert recorded(mock, "event_received", report["session_id"]) == []
    (violation,) = recorded(mock, "violation", report["session_id"])
    assert violation["rule"] == "signature_mismatch"


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request finds one secret, the chain of its events another one."""

    def policy(config: Config) -> Policy:
        secrets = iter(["test", "rotated"])
        return Policy(secret=lambda key: next(secrets), service="health-agent")

    monkeypatch.setattr(signatures, "policy", policy)


@pytest.mark.usefixtures("rotated")
@pytest.mark.parametrize(
    ("framing", "raised"),
    [
        ("exception", ("KeyError", "'InvalidSignatureException'")),  # it takes no unknown type, and loses the text
        ("error", ("UnmodeledEventError", "Received unmodeled event error: InvalidSignatureException - {}")),
        ("validationException", ("ValidationException", "{}")),
    ],
)
def test_how_the_python_sdk_takes_an_event_that_does_not_hold(framing: str, raised: tuple[str, str]) -> None:
    with Mockscribe(verify_signatures=True, invalid_event_signature=framing, clock="real") as mock:
        (report,) = streaming("python")(mock, "https", "--seconds", 0.5)
        assert report["status"] == 200
        assert report["events"] == []
        (violation,) = recorded(mock, "violation", report["session_id"])
        assert (violation["rule"], violation["offset"]) == ("signature_mismatch", 0)
        (error,) = raised_by_the_service(report)
        assert error["where"] == "reading"
        assert (error["class"], error["message"]) == (raised[0], raised[1].format(violation["message"]))


# ---- secrets


def test_no_secret_is_logged(tmp_path: pathlib.Path) -> None:
    options = ("--verify-signatures", "--access-key", f"test:{SECRET}", "--log-level", "debug")
    with serving(tmp_path, *options) as served:
        endpoint = served.endpoints["https"]
        sent: list[str] = []
        for secret in (SECRET, "wrong"):
            client = connect(endpoint, served.ca_file, secret=secret, token=TOKEN)
            client.meta.events.register(
                "before-send", lambda request, **_: sent.append(str(request.headers["Authorization"]))
            )
            if secret == SECRET:
                assert client.list_domains()["domains"] == []
            else:
                with pytest.raises(ClientError, match="InvalidSignatureException"):
                    client.list_domains()
        served.signal()
        assert served.wait() == 0
        log = "\n".join((*served.stdout.all, *served.stderr.all))
    assert len(sent) == 2
    for text in (SECRET, TOKEN, *sent, *(each.rpartition("=")[2] for each in sent)):
        assert text not in log
