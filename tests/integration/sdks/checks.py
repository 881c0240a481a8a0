"""What the tests of all SDKs share: the scripted visit, and assertions on a client's reports and mockscribe's journal.

A client is judged by event counts on both sides, never by its exit code: an SDK can lose everything and report success.
A report is one line of a client's output (its fields: the docstring of `python/client.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from mockscribe import Mockscribe

SECONDS = (
    3.0  # 96,000 bytes of 16 kHz mono: more than HTTP/2's initial window of 65,535, where the Python SDK used to hang
)
CHUNKS = 30  # of 100 ms

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

DUPLEX = ("--seconds", SECONDS, "--await-events", 3, "--after", 12)
"""Send 1.2 s of audio and no more until the first line's final is there: without duplex the client would hang."""


# ---- reading reports and the journal


def recorded(mock: Mockscribe, kind: str, session_id: str) -> list[dict[str, Any]]:
    return [entry for entry in mock.journal if entry["kind"] == kind and entry["session"] == session_id]


def segments(report: dict[str, Any]) -> list[dict[str, Any]]:
    assert {event["type"] for event in report["events"]} <= {"TranscriptEvent"}
    return [event["value"]["transcript_segment"] for event in report["events"]]


def finals(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [segment for segment in segments(report) if not segment["is_partial"]]


def contents(found: Iterable[dict[str, Any]]) -> list[str]:
    return [segment["content"] for segment in found]


def raised_by_the_service(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors less those of writing into a stream that the service has ended, which a client may or may not meet."""
    return [error for error in report["errors"] if error["where"] != "sending"]


# ---- one behaviour each


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
    assert contents(said) == contents(segments(report))
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


def check_duplex_visit(mock: Mockscribe, report: dict[str, Any], audio_event: str, channels: int) -> None:
    """The visit as streamed with `DUPLEX`: its first line while the client was still sending, all of it in the end."""
    check_both_sides(mock, report, audio_event)
    assert report["sent"]["audio"] == CHUNKS
    assert report["sent"]["control"] == 1
    early = [event for event in report["events"] if event["audio_sent"] <= 12 and not event["input_closed"]]
    assert len(early) >= 3
    check_segments(segments(report))
    assert contents(finals(report)) == LINES
    assert [final["audio_begin_offset"] for final in finals(report)] == [0.4, 1.2]
    assert [final.get("channel_id") for final in finals(report)] == (["ch_0", "ch_1"] if channels == 2 else [None] * 2)
    session = mock.sessions[report["session_id"]]
    assert session.status == "COMPLETED"
    assert session.audio.seconds == SECONDS


def check_pause(mock: Mockscribe, report: dict[str, Any]) -> None:
    """The visit without END_OF_SESSION."""
    check_both_sides(mock, report)
    assert report["sent"]["control"] == 0
    assert contents(finals(report)) == LINES
    assert mock.sessions[report["session_id"]].status == "PAUSED"


def check_resumed(mock: Mockscribe, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Two streams of 1 s each, which part the visit between its lines: the offsets go on where they were."""
    session_id = first["session_id"]
    assert second["session_id"] == session_id
    assert first["errors"] == second["errors"] == []
    assert contents(finals(first)) == LINES[:1]
    assert contents(finals(second)) == LINES[1:]
    assert finals(second)[0]["audio_begin_offset"] == 1.2
    said = recorded(mock, "event_sent", session_id)
    assert [entry["attempt"] for entry in said] == [1] * len(first["events"]) + [2] * len(second["events"])
    heard = [entry["event"] for entry in recorded(mock, "event_received", session_id)]
    assert heard.count("binaryAudioEvent") == first["sent"]["audio"] + second["sent"]["audio"] == 20
    session = mock.sessions[session_id]
    assert session.status == "COMPLETED"
    assert session.audio.seconds == 2.0


def check_echo(mock: Mockscribe, report: dict[str, Any]) -> None:
    """A tone of `SECONDS` from the first to the last sample."""
    check_both_sides(mock, report)
    check_segments(segments(report))
    assert len(finals(report)) >= 1
    assert finals(report)[0]["audio_begin_offset"] == pytest.approx(0.0, abs=0.1)
    assert finals(report)[-1]["audio_end_offset"] == pytest.approx(SECONDS, abs=0.1)


def check_bad_configuration(mock: Mockscribe, report: dict[str, Any], where: str = "reading") -> dict[str, Any]:
    """`--output-uri no-bucket`: refused in the stream, and nothing is said. Returns the error that the SDK raised."""
    assert report["status"] == 200
    assert report["events"] == []
    (sent,) = recorded(mock, "exception_sent", report["session_id"])
    assert sent["exception"] == "validationException"
    assert "outputS3Uri" in sent["message"]
    (error,) = raised_by_the_service(report)
    assert error["where"] == where
    assert error["message"] == sent["message"]
    assert recorded(mock, "event_sent", report["session_id"]) == []
    return error


EXCEPTION_TEXT = "the backend is on fire"


def breaking(step: str) -> str:
    """A scenario that says one line and then does `step`."""
    return f"""
scenario: it breaks
steps:
  - {{say: One., at: 200ms, takes: 200ms, partials: none}}
  - {step}
    at: 1s
"""


def exception(member: str) -> str:
    return breaking(f"raise: {{{member}: {EXCEPTION_TEXT}}}")


RESET = breaking("fault: {reset: {code: INTERNAL_ERROR}}")


def check_exception(mock: Mockscribe, report: dict[str, Any]) -> dict[str, Any]:
    """`exception(…)`: raised while reading, after the event before it. Returns the error that the SDK raised."""
    assert report["status"] == 200
    assert contents(segments(report)) == ["One."]
    (error,) = raised_by_the_service(report)
    assert error["where"] == "reading"
    assert error["message"] == EXCEPTION_TEXT
    assert len(recorded(mock, "event_sent", report["session_id"])) == 1
    assert len(recorded(mock, "exception_sent", report["session_id"])) == 1
    assert mock.sessions[report["session_id"]].status == "PAUSED"
    return error


def check_reset(mock: Mockscribe, report: dict[str, Any]) -> dict[str, Any]:
    """`RESET`: an error while reading, after the event before it. Returns the error that the SDK raised."""
    assert report["status"] == 200
    assert contents(segments(report)) == ["One."]
    (error,) = raised_by_the_service(report)
    assert error["where"] == "reading"
    assert len(recorded(mock, "event_sent", report["session_id"])) == 1
    assert len(recorded(mock, "fault_fired", report["session_id"])) == 1
    return error


def check_wrong_secret(mock: Mockscribe, report: dict[str, Any]) -> dict[str, Any]:
    """Signed with another secret: refused with HTTP 403. Returns the error that the SDK raised."""
    assert report["status"] == 403
    assert report["events"] == []
    (error,) = raised_by_the_service(report)
    assert error["message"].startswith("The request signature we calculated does not match")
    assert recorded(mock, "event_received", report["session_id"]) == []
    return error


def check_bad_header(mock: Mockscribe, report: dict[str, Any]) -> dict[str, Any]:
    """`--rate 4000`: refused with HTTP 400. Returns the error that the SDK raised."""
    assert report["status"] == 400
    assert report["events"] == []
    (error,) = raised_by_the_service(report)
    assert error["where"] in ("opening", "responding")
    assert "mediaSampleRateHertz" in error["message"]
    (response,) = recorded(mock, "response", report["session_id"])
    assert response["status"] == 400
    assert recorded(mock, "event_received", report["session_id"]) == []
    return error
