"""`mockscribe env`'s lines used as a user would: boto3 by its code, and by the variables alone, as the AWS CLI is."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import mockscribe.boto3
from mockscribe import Mockscribe
from mockscribe.cli.env import shell
from tests.integration.sdks.python.boto3_connect import connect
from tests.serving import environment

IDS = {"domainId": "hai-0123456789abcdef", "subscriptionId": "sub-0123456789abcdefghijk"}
AUDIO = {"languageCode": "en-US", "mediaSampleRateHertz": 16000, "mediaEncoding": "pcm"}
NOTE = {"noteTemplateSettings": {"managedTemplate": {"templateType": "DAP"}}}
VISIT = "scenario: visit\nsteps:\n  - {say: Hi., at: 100ms, takes: 100ms}\n"


@pytest.fixture
def mock() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT]) as mock:
        yield mock


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_boto3_by_the_code(mock: Mockscribe, scheme: str) -> None:
    client = connect(mock.https_url, str(mock.ca_file)) if scheme == "https" else connect(mock.http_url)
    session_id = str(uuid.uuid4())
    events = [
        {
            "configurationEvent": {
                "postStreamActionSettings": {"outputS3Uri": "s3://bucket", "clinicalNoteGenerationSettings": NOTE}
            }
        },
        {"audioEvent": {"audioChunk": bytes(16_000)}},
        {"sessionControlEvent": {"type": "END_OF_SESSION"}},
    ]
    call = mockscribe.boto3.enable(client).start_medical_scribe_listening_session
    stream = call(sessionId=session_id, **IDS, **AUDIO, inputStream=events)["responseStream"]
    said = [event["transcriptEvent"]["transcriptSegment"]["content"] for event in stream]
    assert said[-1] == "Hi."
    found = client.get_medical_scribe_listening_session(sessionId=session_id, **IDS)  # one with a host prefix
    assert found["medicalScribeListeningSessionDetails"]["streamStatus"] == "COMPLETED"
    client.close()


@pytest.mark.parametrize("sdk", ["cli", "boto3"])
def test_a_botocore_client_by_the_variables_alone(mock: Mockscribe, sdk: str, tmp_path: Path) -> None:
    """The AWS CLI is built on botocore and reads the same variables."""
    program = (
        "import boto3, json; health = boto3.client('connecthealth'); health.create_domain(name='Clinic')\n"
        f"try: health.get_medical_scribe_listening_session(sessionId='{uuid.uuid4()}', **{IDS})\n"
        "except health.exceptions.ResourceNotFoundException: pass\n"
        "print(json.dumps([each['name'] for each in health.list_domains()['domains']]))"
    )
    lines = shell(sdk, mock.https_url, str(mock.ca_file))
    done = subprocess.run(
        ["bash", "-euc", f'{lines}\n"{sys.executable}" -c "$0"', program],
        env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Clinic"]
