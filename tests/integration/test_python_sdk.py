"""The official Python SDK, unmodified, against mockscribe over TLS: what it returned and what mockscribe recorded.

The SDK reports success for a stream in which nothing was said, so everything is asserted by counts, on both sides. Each
case runs thirty sessions, every one on a new connection, so that a race shows: a stream that stalled before SETTINGS
came hung this SDK in a third of runs.
"""

from __future__ import annotations

import pathlib
import subprocess
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from mockscribe import Mockscribe
from tests.integration.sdks.python import environment
from tests.requirements import require

RUNS = 30
SECONDS = 3.0  # 96,000 bytes of 16 kHz mono: more than HTTP/2's initial window of 65,535, where the SDK used to hang
CHUNKS = 30  # of 100 ms

ROOT = pathlib.Path(__file__).parents[2]
RECORDINGS = ROOT / "fixtures" / "recordings"

VISIT = """
scenario: visit
steps:
  - say: How have you been since the surgery?
    by: CLINICIAN
    at: 400ms
    takes: 500ms
  - say: Much better, thank you.
    by: PATIENT
    after: 300ms
    takes: 600ms
"""
LINES = ["How have you been since the surgery?", "Much better, thank you."]


@pytest.fixture(scope="module")
def sdk() -> pathlib.Path:
    try:
        return environment.python_sdk()
    except environment.UnavailableError as error:
        require("python-sdk", False, str(error))
        raise


@pytest.fixture
def visit() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        yield mock


def stream(sdk: pathlib.Path, mock: Mockscribe, *options: str | int | float | pathlib.Path) -> list[dict[str, Any]]:
    reports = environment.stream(sdk, mock.https_url, "--ca-file", mock.ca_file, *options)
    assert not any(report["timed_out"] for report in reports), reports
    return reports


def recorded(mock: Mockscribe, kind: str, session_id: str) -> list[dict[str, Any]]:
    return [entry for entry in mock.journal if entry["kind"] == kind and entry["session"] == session_id]


def segments(report: dict[str, Any]) -> list[dict[str, Any]]:
    assert {event["type"] for event in report["events"]} <= {"TranscriptEvent"}
    return [event["value"]["transcript_segment"] for event in report["events"]]


def finals(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [segment for segment in segments(report) if not segment["is_partial"]]


def check_both_sides(mock: Mockscribe, report: dict[str, Any], audio_event: str = "binaryAudioEvent") -> None:
    """What the client handed to the SDK is what mockscribe took in, and what was said is what the SDK gave back."""
    session_id, sent = report["session_id"], report["sent"]
    assert report["status"] == 200
    assert report["errors"] == []
    received = [entry["event"] for entry in recorded(mock, "event_received", session_id)]
    expected = ["configurationEvent"] * sent["configuration"] + [audio_event] * sent["audio"]
    expected += ["sessionControlEvent"] * sent["control"]
    assert received[: len(expected)] == expected
    assert received[len(expected) :] in ([], [""])  # the empty frame, unless the stream was over when it came
    said = [entry["value"]["transcriptSegment"] for entry in recorded(mock, "event_sent", session_id)]
    assert [segment["content"] for segment in said] == [segment["content"] for segment in segments(report)]
    session = mock.sessions[session_id]
    assert session.audio.sha256 == sent["sha256"]


def check_segments(found: list[dict[str, Any]]) -> None:
    """Partials of a segment share its id and begin, come before its final, and nothing follows that."""
    done: set[str] = set()
    begins: dict[str, float] = {}
    for segment in found:
        name = segment["segment_id"]
        assert name not in done
        assert segment["audio_begin_offset"] == begins.setdefault(name, segment["audio_begin_offset"])
        assert segment["audio_begin_offset"] <= segment["audio_end_offset"]
        if not segment["is_partial"]:
            done.add(name)
    assert done == set(begins)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_a_scripted_transcript_arrives_while_the_client_is_still_sending(
    sdk: pathlib.Path, visit: Mockscribe, event: str, channels: int
) -> None:
    # The client sends 1.2 s of audio and no more until the first line's final is there: without duplex it would hang.
    reports = stream(
        sdk, visit, "--event", event, "--channels", channels, "--seconds", SECONDS, "--runs", RUNS,
        "--await-events", 3, "--after", 12,
    )  # fmt: skip
    assert len(reports) == RUNS
    for report in reports:
        check_both_sides(visit, report, event)
        assert report["sent"]["audio"] == CHUNKS
        assert report["sent"]["control"] == 1
        early = [event for event in report["events"] if event["audio_sent"] <= 12 and not event["input_closed"]]
        assert len(early) >= 3
        check_segments(segments(report))
        assert [final["content"] for final in finals(report)] == LINES
        assert [final["audio_begin_offset"] for final in finals(report)] == [0.4, 1.2]
        assert [final["channel_id"] for final in finals(report)] == (["ch_0", "ch_1"] if channels == 2 else [None] * 2)
        session = visit.sessions[report["session_id"]]
        assert session.status == "COMPLETED"
        assert session.audio.seconds == SECONDS


def test_the_response_carries_the_settings_and_request_ids(sdk: pathlib.Path, visit: Mockscribe) -> None:
    (report,) = stream(sdk, visit, "--seconds", 0.2)
    output, headers = report["output"], report["headers"]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-request-id"] == headers["x-amzn-requestid"]
    assert output.pop("response_metadata") == {"request_id": headers["x-amzn-requestid"]}
    assert output == {
        "session_id": report["session_id"],
        "domain_id": "hai-" + "0" * 16,
        "subscription_id": "sub-" + "0" * 21,
        "request_id": headers["x-amzn-request-id"],
        "language_code": "en-US",
        "media_sample_rate_hertz": 16000,
        "media_encoding": "pcm",
    }


def test_input_closed_without_end_of_session_pauses_the_session(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--no-end-of-session", "--seconds", SECONDS, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_both_sides(visit, report)
        assert report["sent"]["control"] == 0
        assert [final["content"] for final in finals(report)] == LINES
        assert visit.sessions[report["session_id"]].status == "PAUSED"


def test_a_paused_session_goes_on_where_it_was(sdk: pathlib.Path, visit: Mockscribe) -> None:
    # Two streams of half the audio each: 1 s, which ends between the first line and the second, then the rest.
    reports = stream(sdk, visit, "--pauses", 1, "--seconds", 2.0, "--runs", RUNS)
    assert len(reports) == 2 * RUNS
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        assert first["session_id"] == second["session_id"]
        assert first["errors"] == second["errors"] == []
        assert [final["content"] for final in finals(first)] == LINES[:1]
        assert [final["content"] for final in finals(second)] == LINES[1:]
        assert finals(second)[0]["audio_begin_offset"] == 1.2
        said = recorded(visit, "event_sent", first["session_id"])
        assert [entry["attempt"] for entry in said] == [1] * len(first["events"]) + [2] * len(second["events"])
        heard = [entry["event"] for entry in recorded(visit, "event_received", first["session_id"])]
        assert heard.count("binaryAudioEvent") == first["sent"]["audio"] + second["sent"]["audio"] == 20
        session = visit.sessions[first["session_id"]]
        assert session.status == "COMPLETED"
        assert session.audio.seconds == 2.0


def test_streams_at_once_are_told_apart(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--parallel", "--share-client", "--seconds", SECONDS, "--runs", 8)
    assert len({report["session_id"] for report in reports}) == len(reports) == 8
    for report in reports:
        check_both_sides(visit, report)
        assert [final["content"] for final in finals(report)] == LINES


def test_a_tone_is_echoed(sdk: pathlib.Path) -> None:
    with Mockscribe(clock="real") as mock:
        reports = stream(sdk, mock, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            check_both_sides(mock, report)
            check_segments(segments(report))
            assert len(finals(report)) >= 1
            assert finals(report)[0]["audio_begin_offset"] == pytest.approx(0.0, abs=0.1)
            assert finals(report)[-1]["audio_end_offset"] == pytest.approx(SECONDS, abs=0.1)


def test_the_clients_own_words_are_echoed(sdk: pathlib.Path) -> None:
    lines = ["Patient reports less pain.", "Sleeps well."]
    with Mockscribe(clock="real", echo="context") as mock:
        reports = stream(sdk, mock, "--encounter-context", "\n".join(lines), "--seconds", 6, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            check_both_sides(mock, report)
            check_segments(segments(report))
            assert [final["content"] for final in finals(report)] == lines


def test_a_bad_configuration_is_raised_while_reading(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--output-uri", "no-bucket", "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert report["status"] == 200
        assert report["events"] == []
        (sent,) = recorded(visit, "exception_sent", report["session_id"])
        assert sent["exception"] == "validationException"
        assert "outputS3Uri" in sent["message"]
        (error,) = raised_by_the_service(report)
        assert error["where"] == "reading"
        assert error["class"] == "ValidationException"
        assert error["message"] == sent["message"]
        assert recorded(visit, "event_sent", report["session_id"]) == []


@pytest.mark.parametrize(
    ("member", "modeled"),
    [("validationException", "ValidationException"), ("internalFailureException", "InternalServerException")],
)
def test_a_scripted_exception_is_raised_after_the_events_before_it(
    sdk: pathlib.Path, member: str, modeled: str
) -> None:
    script = f"""
scenario: it breaks
steps:
  - {{say: One., at: 200ms, takes: 200ms, partials: none}}
  - raise: {{{member}: the backend is on fire}}
    at: 1s
"""
    with Mockscribe(scenarios=[script], clock="real") as mock:
        for report in stream(sdk, mock, "--seconds", SECONDS, "--runs", RUNS):
            assert [segment["content"] for segment in segments(report)] == ["One."]
            (error,) = raised_by_the_service(report)
            assert (error["where"], error["class"]) == ("reading", modeled)
            assert error["message"] == "the backend is on fire"
            assert len(recorded(mock, "event_sent", report["session_id"])) == 1
            assert len(recorded(mock, "exception_sent", report["session_id"])) == 1
            assert mock.sessions[report["session_id"]].status == "PAUSED"


def test_a_bad_header_is_raised_as_http_400(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--rate", 4000, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert report["status"] == 400
        assert report["headers"]["x-amzn-errortype"] == "ValidationException"
        assert report["output"] is None
        (error,) = raised_by_the_service(report)
        assert (error["where"], error["class"]) == ("responding", "ValidationException")
        assert "mediaSampleRateHertz" in error["message"]
        (response,) = recorded(visit, "response", report["session_id"])
        assert response["status"] == 400
        assert recorded(visit, "event_received", report["session_id"]) == []


def raised_by_the_service(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors less those of writing into a stream that the service has ended, which a client may or may not meet."""
    return [error for error in report["errors"] if error["where"] != "sending"]


def flac_recordings() -> list[pathlib.Path]:
    return sorted(RECORDINGS.glob("*.flac"))


@pytest.mark.parametrize("recording", flac_recordings(), ids=lambda path: path.stem)
def test_flac_is_heard_for_as_long_as_it_is(sdk: pathlib.Path, recording: pathlib.Path) -> None:
    with wave.open(str(recording.with_suffix(".wav"))) as twin:
        channels, rate, seconds = twin.getnchannels(), twin.getframerate(), twin.getnframes() / twin.getframerate()
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        reports = stream(
            sdk, mock, "--audio", recording, "--encoding", "flac", "--rate", rate, "--channels", channels,
            "--chunk-bytes", 2048, "--runs", RUNS,
        )  # fmt: skip
        assert len(reports) == RUNS
        for report in reports:
            check_both_sides(mock, report)
            assert mock.sessions[report["session_id"]].audio.seconds == pytest.approx(seconds, abs=1e-6)


def test_another_key_has_an_account_of_its_own(sdk: pathlib.Path, visit: Mockscribe) -> None:
    (report,) = stream(sdk, visit, "--access-key", "111122223333", "--seconds", SECONDS)
    assert [final["content"] for final in finals(report)] == LINES  # the base layer is every account's
    assert report["session_id"] not in {session.id for session in visit.sessions}


def test_the_readme_snippet_runs_as_it_stands(sdk: pathlib.Path, visit: Mockscribe) -> None:
    source = environment.SNIPPET.read_text(encoding="utf-8")
    program = source.replace("http://localhost:8080", visit.http_url).replace("https://localhost:8080", visit.https_url)
    assert program.count("8080") == 0
    done = subprocess.run(
        [str(sdk), "-c", program], capture_output=True, text=True, check=False, timeout=60,
        env=environment.plain_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [line.split("✓")[1].strip() for line in done.stdout.splitlines() if "✓" in line] == LINES
    assert sum("…" in line for line in done.stdout.splitlines()) >= 2


def test_the_readme_shows_the_snippet_that_was_tested() -> None:
    assert environment.SNIPPET.read_text(encoding="utf-8") in (ROOT / "README.md").read_text(encoding="utf-8")
