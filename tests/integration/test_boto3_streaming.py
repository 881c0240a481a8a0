"""The call as boto3 documents it, against mockscribe with every signature verified."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EventStreamError

import mockscribe.boto3
from mockscribe import Mockscribe
from tests import documented
from tests.integration.sdks.programs import plain_environment

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
SNIPPET = Path(__file__).parent / "sdks" / "python" / "boto3_streaming.py"
IDS = {"domainId": "hai-0123456789abcdef", "subscriptionId": "sub-0123456789abcdefghijk"}
CHANNELS = [{"channelId": 0, "participantRole": "CLINICIAN"}, {"channelId": 1, "participantRole": "PATIENT"}]
CONFIGURATION = {
    "configurationEvent": {
        "postStreamActionSettings": {
            "outputS3Uri": "s3://bucket",
            "clinicalNoteGenerationSettings": {
                "noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}
            },
        },
        "channelDefinitions": CHANNELS,
    }
}
END = {"sessionControlEvent": {"type": "END_OF_SESSION"}}


@contextlib.contextmanager
def mocked(scenario: dict[str, Any] | None, folder: Path) -> Iterator[tuple[Mockscribe, Any]]:
    """A mock that verifies signatures, and a boto3 client of it with the call."""
    path = folder / "scenario.json"
    path.write_text(json.dumps(scenario))
    with Mockscribe(scenarios=[path] if scenario else [], verify_signatures=True) as mock:
        client = boto3.client(
            "connecthealth",
            endpoint_url=mock.https_url,
            verify=str(mock.ca_file),
            region_name="eu-west-2",
            aws_access_key_id=mock.credentials.access_key_id,
            aws_secret_access_key=mock.credentials.secret_access_key,
        )
        yield mock, mockscribe.boto3.enable(client)


def recording(encoding: str) -> tuple[bytes, int]:
    path = RECORDINGS / f"visit-stereo.{'wav' if encoding == 'pcm' else 'flac'}"
    with wave.open(str(RECORDINGS / "visit-stereo.wav")) as file:
        rate = file.getframerate()
        return (file.readframes(file.getnframes()) if encoding == "pcm" else path.read_bytes()), rate


def visit(audio: bytes, event: str) -> Iterator[dict[str, Any]]:
    yield CONFIGURATION
    for start in range(0, len(audio), 30_000):
        yield {event: {"audioChunk": audio[start : start + 30_000]}}
    yield END


@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
@pytest.mark.parametrize("encoding", ["pcm", "flac"])
def test_the_documented_request_gets_the_documented_response(encoding: str, event: str, tmp_path: Path) -> None:
    """Every event that the documentation shows comes by, the exception last; keys and kinds are compared one by one."""
    shown = documented.response_syntax()
    stream_shown = shown.pop("responseStream")
    sent = [name for name in stream_shown if name not in ("transcriptEvent", "internalFailureException")]
    steps: list[dict[str, Any]] = [{"say": "Good morning.", "by": "PATIENT", "at": "500ms"}]
    steps += [{"send": {name: documented.sample(stream_shown[name])}} for name in sent if name.endswith("Event")]
    steps += [{"raise": {"validationException": "Enough."}, "when": "end_of_session"}]
    audio, rate = recording(encoding)

    with mocked({"scenario": "documented", "steps": steps}, tmp_path) as (mock, client):
        values = {"sessionId": str(uuid.uuid4()), **IDS, "languageCode": "en-US", "mediaSampleRateHertz": rate}
        values |= {"mediaEncoding": encoding, "inputStream": visit(audio, event)}
        request = {name: values[name] for name in documented.request_syntax()}
        assert request.keys() == values.keys()
        response = client.start_medical_scribe_listening_session(**request)
        metadata = response.pop("ResponseMetadata")
        stream = response.pop("responseStream")
        documented.compare(shown, response)
        events = []
        with pytest.raises(EventStreamError) as raised:
            events.extend(stream)  # a list keeps what came before the exception
        assert mock.sessions.one().audio.bytes == len(audio)

    assert {name: response[name] for name in values if name != "inputStream"} == {
        name: value for name, value in values.items() if name != "inputStream"
    }
    assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (200, response["requestId"])
    for each in events:
        ((member, content),) = each.items()
        documented.compare(stream_shown[member], content, member)
    assert {next(iter(each)) for each in events} == {"transcriptEvent", "periodontalChartEvent", "checklistEvent"}
    assert raised.value.response["Error"] == {"Code": "validationException", "Message": "Enough."}
    assert raised.value.operation_name == "StartMedicalScribeListeningSession"


def test_the_method_takes_exactly_the_documented_keywords() -> None:
    shown = documented.request_syntax()
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    model = session.client("connecthealth").meta.service_model.operation_model(documented.OPERATION)
    assert list(shown) == list(model.input_shape.members)


def test_an_internal_failure_is_raised_by_its_documented_name(tmp_path: Path) -> None:
    steps = [{"raise": {"internalFailureException": "The backend is on fire."}, "at": "100ms"}]
    with mocked({"scenario": "failing", "steps": steps}, tmp_path) as (_, client):
        response = client.start_medical_scribe_listening_session(
            sessionId=str(uuid.uuid4()),
            **IDS,
            languageCode="en-US",
            mediaSampleRateHertz=16_000,
            mediaEncoding="pcm",
            inputStream=visit(bytes(64_000), "binaryAudioEvent"),
        )
        with pytest.raises(EventStreamError, match=r"\(internalFailureException\) .* The backend is on fire\."):
            list(response["responseStream"])


def test_a_conversation_goes_both_ways_at_once(tmp_path: Path) -> None:
    """Each chunk is given only after the answer to the one before, which no half-duplex client survives."""
    steps = [
        {"say": f"line {number}", "by": "PATIENT", "at": f"{number + 1}s", "partials": "none"} for number in range(3)
    ]
    second = bytes(2 * 2 * 16_000)
    chunks: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threads: set[str] = set()

    def events() -> Iterator[dict[str, Any]]:
        threads.add(threading.current_thread().name)
        yield CONFIGURATION
        while (item := chunks.get()) is not None:
            yield item
        yield END

    def speak(seconds: float) -> None:
        for at in range(0, int(len(second) * seconds), 20_000):
            chunks.put({"binaryAudioEvent": {"audioChunk": second[: min(20_000, int(len(second) * seconds) - at)]}})

    with mocked({"scenario": "turns", "steps": steps}, tmp_path) as (mock, client):
        response = client.start_medical_scribe_listening_session(
            sessionId=str(uuid.uuid4()),
            **IDS,
            languageCode="en-US",
            mediaSampleRateHertz=16_000,
            mediaEncoding="pcm",
            inputStream=events(),
        )
        speak(3.5)
        heard = []
        with response["responseStream"] as stream:
            for event in stream:
                heard.append(event["transcriptEvent"]["transcriptSegment"]["content"])
                if len(heard) < 3:
                    speak(1.0)
                else:
                    chunks.put(None)
        assert mock.sessions.one().status == "COMPLETED"
    assert heard == ["line 0", "line 1", "line 2"]
    assert threads == {"mockscribe-input"}


def test_two_calls_of_one_client_run_side_by_side(tmp_path: Path) -> None:
    """Each goes on only when the other has had its answer, so neither can wait for the other's end."""
    brief = {"takes": "100ms", "partials": "none"}
    steps = [{"say": f"line {number}", "at": f"{1000 * number + 500}ms", **brief} for number in range(3)]
    half = {"binaryAudioEvent": {"audioChunk": bytes(2 * 2 * 8_000)}}

    def events(answers: threading.Semaphore) -> Iterator[dict[str, Any]]:
        yield CONFIGURATION
        for _ in range(3):
            yield from [half] * 2
            assert answers.acquire(timeout=10)
        yield END

    with mocked({"scenario": "side by side", "steps": steps}, tmp_path) as (mock, client):
        heard = []
        answers = [threading.Semaphore(0), threading.Semaphore(0)]
        streams = [
            iter(
                client.start_medical_scribe_listening_session(
                    sessionId=str(uuid.uuid4()),
                    **IDS,
                    languageCode="en-US",
                    mediaSampleRateHertz=16_000,
                    mediaEncoding="pcm",
                    inputStream=events(each),
                )["responseStream"]
            )
            for each in answers
        ]
        for _ in range(3):
            heard += [next(stream)["transcriptEvent"]["transcriptSegment"]["content"] for stream in streams]
            for each in answers:
                each.release()
        assert [list(stream) for stream in streams] == [[], []]
        assert [session.status for session in mock.sessions] == ["COMPLETED", "COMPLETED"]
    assert heard == ["line 0"] * 2 + ["line 1"] * 2 + ["line 2"] * 2


def test_the_readme_snippet_runs_as_it_stands() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SNIPPET)], capture_output=True, text=True, check=False, timeout=60,
        env=plain_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1.00 seconds of sound at -12 dBFS on channel 0."
    assert len(done.stdout.splitlines()) > 1
