"""Streaming over HTTP/1.1, both directions at once: events come back while the request is being sent.

What comes back is decoded by h11 and by botocore's event-stream parser. Java's SDK with a finished client does this
(facts 11a).
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockscribe import Mockscribe
from tests.clients import HEALTH, Http1Client, connect, streaming_headers, trusting
from tests.wire import EMPTY_FRAME, END_OF_SESSION, audio, configuration, envelope, silence

LINES = ["How is the knee?", "Better.", "Good."]
SCENARIO = "scenario: visit\nsteps:\n" + "".join(
    f"  - {{say: {line}, after: 200ms, takes: 200ms, partials: none}}\n" for line in LINES
)


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Mockscribe]:
    with Mockscribe(ca_folder=tmp_path, scenarios=[SCENARIO]) as mock:
        yield mock


@pytest.fixture(params=["clear text", "http/1.1 by ALPN", "TLS without ALPN"])
def client(mock: Mockscribe, request: pytest.FixtureRequest) -> Iterator[Http1Client]:
    contexts = {
        "clear text": lambda: None,
        "http/1.1 by ALPN": lambda: trusting(mock.ca_file, "http/1.1"),
        "TLS without ALPN": lambda: trusting(mock.ca_file),
    }
    context: ssl.SSLContext | None = contexts[request.param]()
    with Http1Client(mock.port, context) as client:
        yield client


def test_events_come_back_while_the_request_is_being_sent(mock: Mockscribe, client: Http1Client) -> None:
    answer = client.answer
    client.request("POST", "/medical-scribe-stream/", streaming_headers())
    client.until(lambda: answer.status == 200)  # before the first byte of the body
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["transfer-encoding"] == "chunked"
    client.send(envelope(configuration()))
    for number in range(len(LINES)):
        client.send(envelope(audio(silence(0.4))))
        client.until(lambda number=number: len(answer.finals) == number + 1)  # nothing more is sent before it is here
        assert not answer.ended
    client.send(envelope(END_OF_SESSION))
    client.until(lambda: answer.ended)  # and the mock's end too, before ours
    client.send(EMPTY_FRAME, end=True)
    assert answer.finals == LINES
    session = mock.sessions.one()
    assert (session.status, session.audio.seconds) == ("COMPLETED", pytest.approx(1.2))
    assert [entry for entry in mock.journal if entry["kind"] == "violation"] == []


def test_the_connection_serves_another_request_afterwards(client: Http1Client) -> None:
    client.request("POST", "/medical-scribe-stream/", streaming_headers())
    client.send(*map(envelope, (configuration(), audio(silence(0.5)), END_OF_SESSION)), EMPTY_FRAME, end=True)
    client.until(lambda: client.answer.ended)
    client.h11.start_next_cycle()
    client.answer.ended = False
    client.answer.body = b""
    client.request("GET", HEALTH, [], end=True)
    client.until(lambda: client.answer.ended)
    assert client.answer.body.startswith(b'{"status":"running"')


def test_a_client_that_waits_for_100_continue_gets_it_or_its_answer(client: Http1Client) -> None:
    client.request("POST", "/medical-scribe-stream/", [*streaming_headers(), ("expect", "100-continue")])
    client.until(lambda: client.answer.status == 200)
    client.send(envelope(configuration()), envelope(audio(silence(0.5))), envelope(END_OF_SESSION), end=True)
    client.until(lambda: client.answer.ended)
    assert client.answer.finals == LINES[:1]


def test_a_refused_head_is_answered_before_the_body(client: Http1Client) -> None:
    client.request("POST", "/medical-scribe-stream/", streaming_headers(sample_rate="4000"))
    client.until(lambda: client.answer.ended)
    assert client.answer.status == 400
    assert client.answer.headers["x-amzn-errortype"] == "ValidationException"


def test_a_body_that_stops_short_pauses_the_session(mock: Mockscribe, client: Http1Client) -> None:
    client.request("POST", "/medical-scribe-stream/", streaming_headers())
    client.send(envelope(configuration()), envelope(audio(silence(0.4))))
    client.until(lambda: bool(client.answer.finals))
    client.socket.close()
    mock.wait_for("stream_ended")
    assert mock.sessions.one().status == "PAUSED"


def test_a_client_may_close_its_half_when_its_request_is_complete(mock: Mockscribe) -> None:
    body = b"".join(map(envelope, (configuration(), audio(silence(0.5)), END_OF_SESSION))) + EMPTY_FRAME
    head = "".join(f"{name}: {value}\r\n" for name, value in [("host", "localhost"), *streaming_headers()])
    request = f"POST /medical-scribe-stream/ HTTP/1.1\r\n{head}\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    with connect(mock.port) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while data := client.recv(65_536):
            received += data
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"0\r\n\r\n")
    assert LINES[0].encode() in received
