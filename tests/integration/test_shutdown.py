"""The end of `mockscribe serve`: what running streams are told, whom nobody waits for, and what is still there after.

`test_serve.py` has streams that finish in time, and connections without a stream.
"""

import json
import signal
from pathlib import Path

import pytest

from tests.clients import Http1Client, Http2Client, request_headers, streaming_headers, trusting
from tests.integration.test_persistence import connect, details, stream
from tests.serving import Served, serving
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, audio, configuration, envelope, silence

GOODBYE = ("internalFailureException", "The server is shutting down.")
OTHER_ID = SESSION_ID.replace("0", "1")
POST = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")]
LINES = """
scenario: chatty
steps:
  - {say: First., at: 0ms, takes: 100ms, partials: none}
  - {say: Second., after: 100ms, takes: 100ms, partials: none}
  - {say: Third., after: 100ms, takes: 100ms, partials: none}
"""


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_every_stream_of_every_connection_is_told_and_ended(tmp_path: Path, tls: bool) -> None:
    with serving(tmp_path, "--grace", "50ms", "--second-stream", "independent") as served:
        context = trusting(served.ca_file, "h2") if tls else None
        clients = [Http2Client(served.port, context) for _ in range(3)]
        answers = []
        for client in clients:
            for _ in range(3):
                stream = client.open()
                client.send(stream, envelope(configuration()))
                answers.append(client.answers[stream])
            client.until(lambda client=client: all(answer.status == 200 for answer in client.answers.values()))  # type: ignore[misc]
        served.signal()
        for client in clients:
            client.until_closed()
            client.socket.close()
        assert [answer.exception for answer in answers] == [GOODBYE] * 9
        assert all(answer.ended and answer.reset == 0 for answer in answers)
        assert served.wait() == 0
    assert served.stderr.rest() == []


def test_a_stream_over_http_1_is_told_and_ended(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", "50ms") as served, Http1Client(served.port) as client:
        client.request("POST", "/medical-scribe-stream/", streaming_headers())
        client.send(configuration())
        client.until(lambda: client.answer.status == 200)
        served.signal()
        client.until(lambda: client.answer.ended)
        assert client.answer.exception == GOODBYE
        assert served.wait() == 0


def test_a_request_that_is_not_complete_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", "50ms") as served, Http2Client(served.port) as client:
        stream = client.open(POST)
        client.send(stream, b'{"na')
        client.until(lambda: client.settled)
        served.signal()
        client.until(lambda: client.answers[stream].ended)
        assert client.answers[stream].status == 500
        assert json.loads(client.answers[stream].body)["message"] == GOODBYE[1]
        assert served.wait() == 0


def test_a_request_after_the_goaway_is_refused_so_that_it_may_be_sent_elsewhere(tmp_path: Path) -> None:
    with serving(tmp_path, "--grace", "10m", "--second-stream", "independent") as served:
        with Http2Client(served.port) as client:
            stream = client.open()
            client.send(stream, envelope(configuration()))
            client.until(lambda: client.answers[stream].status == 200)
            served.signal()
            client.until(lambda: bool(client.goaways))
            late = client.open()
            client.until(lambda: client.answers[late].reset is not None)
            assert client.answers[late].reset == 7  # REFUSED_STREAM: RFC 9113, 8.7
            client.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
            client.until_closed()
            assert client.answers[stream].exception is None
        assert served.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_reads_nothing_keeps_nobody_waiting(tmp_path: Path, number: signal.Signals) -> None:
    """One with its window shut, and one that has not heard anything."""
    (tmp_path / "chatty.yaml").write_text(LINES)
    with (
        serving(tmp_path, "--grace", "50ms", "--scenario", "chatty.yaml", "--second-stream", "independent") as served,
        Http2Client(served.port, window=0) as shut,
        Http2Client(served.port) as deaf,
    ):
        for client in (shut, deaf):
            stream = client.open()
            client.send(stream, envelope(configuration()), envelope(audio(silence(0.5))))
        shut.until(lambda: shut.answers[1].status == 200)
        served.signal(number)
        assert served.wait() == 0


@pytest.mark.parametrize("signals", [1, 2], ids=["after the grace", "at once"])
def test_what_a_client_was_told_is_in_the_transcript_of_the_next_process(tmp_path: Path, signals: int) -> None:
    (tmp_path / "chatty.yaml").write_text(LINES)
    arguments = ("--data", "data", "--output-dir", "out", "--scenario", "chatty.yaml", "--clock", "x1000")
    arguments = (*arguments, "--idle-timeout", "0")
    with serving(tmp_path, *arguments, "--grace", "50ms" if signals == 1 else "10m") as served:
        with Http2Client(served.port) as client:
            stream = client.open(request_headers(session_id=SESSION_ID))
            answer = client.answers[stream]
            client.send(stream, envelope(configuration()), envelope(audio(silence(0.4))))
            client.until(lambda: answer.finals == ["First.", "Second."])
            served.signal()
            if signals == 2:
                client.until(lambda: bool(client.goaways))
                served.signal()
            client.until_closed()
            assert answer.exception == (GOODBYE if signals == 1 else None)
        assert served.wait() == 0
    with serving(tmp_path, *arguments, "--grace", "50ms") as served, Http2Client(served.port) as client:
        stream = client.open(request_headers(session_id=SESSION_ID))
        frames = (configuration(), audio(silence(0.4)), END_OF_SESSION)
        client.send(stream, *map(envelope, frames), EMPTY_FRAME, end=True)
        client.until(lambda: client.answers[stream].ended)
        assert client.answers[stream].exception is None
        transcript = finished(served, tmp_path / "out")
        served.signal()
        assert served.wait() == 0
    for line in (*answer.finals, *client.answers[stream].finals):
        assert line in transcript


@pytest.mark.parametrize("clock", ["real", "manual"])
def test_what_a_completed_session_leaves_is_written_before_the_end(tmp_path: Path, clock: str) -> None:
    """Though its artifacts would take hours, and once: the next process has nothing left to write."""
    settings = ("--data", "data", "--output-dir", "out", "--clock", clock, "--artifact-queue", "1h", "--grace", "10s")
    with serving(tmp_path, *settings) as served:
        stream(served, 0.1, end=True)
        stream(served, 0.1, end=False, session_id=OTHER_ID)
        served.signal()
        assert served.wait() == 0
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {path.name for path in written} == {"transcript.json", "clinicalDoc.json", "afterVisitSummary.json"}
    assert all(SESSION_ID in path.parts for path in written)  # and the other one is paused
    assert served.stderr.rest() == []
    with serving(tmp_path, *settings) as served:
        found = details(connect(served))["postStreamActionResult"]["clinicalNoteGenerationResult"]
        assert {each["status"] for each in found.values()} == {"COMPLETED"}
        served.signal()
        assert served.wait() == 0
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert again == written


def test_a_second_signal_leaves_the_artifacts_to_the_next_process(tmp_path: Path) -> None:
    settings = ("--data", "data", "--output-dir", "out", "--artifact-queue", "1h", "--grace", "10m")
    with serving(tmp_path, *settings) as served:
        stream(served, 0.1, end=True)
        with Http2Client(served.port) as client:
            number = client.open(request_headers(session_id=OTHER_ID))
            client.send(number, envelope(configuration()))
            client.until(lambda: client.answers[number].status == 200)
            served.signal()
            client.until(lambda: bool(client.goaways))
            served.signal()
            assert served.wait() == 0
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    with serving(tmp_path, *settings) as served:
        served.signal()
        assert served.wait() == 0
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 3


def finished(served: Served, folder: Path) -> str:
    """The transcript file, once it is there."""
    health = connect(served)
    while True:
        result = details(health)["postStreamActionResult"]["clinicalNoteGenerationResult"]
        if result["transcriptResult"]["status"] == "COMPLETED":
            return (folder / result["transcriptResult"]["outputLocation"].removeprefix("s3://")).read_text("utf-8")
