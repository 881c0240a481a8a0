"""Hostile and broken clients on real sockets: what each gets, and that nobody else notices.

Times are settings of a fraction of a second, and waited for by what the client sees, never slept over.
"""

import contextlib
import random
import socket
import ssl
import struct
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hpack
import pytest

from mockscribe import Mockscribe
from tests.clients import Http1Client, Http2Client, connect, get, request_headers, trusting
from tests.serving import PATIENCE, serving
from tests.wire import END_OF_SESSION, audio, configuration, envelope, new_session_id, silence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
SOON = 0.2  # seconds
HELLO = "scenario: hello\nsteps:\n  - {say: Hello., at: 0ms, takes: 100ms, partials: none}\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@contextlib.contextmanager
def limited(**settings: Any) -> Iterator[Mockscribe]:
    with Mockscribe(second_stream="independent", **settings) as mock:
        yield mock
        assert get(mock.port).status == 200  # whoever else there is


def until_closed(client: socket.socket) -> bytes:
    """What the server says until it closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while data := client.recv(65_536):
            received += data
    return received


def rules(mock: Mockscribe) -> list[str]:
    return [entry["rule"] for entry in mock.journal if entry["kind"] == "violation"]


# ---- clients that take their time


@pytest.mark.parametrize(
    ("first", "rule"),
    [
        (b"", "slow_start"),
        (b"\x16\x03\x01", "slow_start"),
        (b"GET / HT", "slow_start"),
        (b"GET / HTTP/1.1\r\nhost", "slow_head"),
        (PREFACE[:24], "slow_head"),
        (PREFACE + frame(1, 0, 1, b"\x82"), "slow_head"),
    ],
)
def test_a_slow_head_is_cut_off(first: bytes, rule: str) -> None:
    with limited(head_timeout_seconds=SOON) as mock:
        with connect(mock.port) as client:
            client.sendall(first)
            said = until_closed(client)
        assert rules(mock) == [rule]
        if first.startswith(b"PRI"):
            assert frame(7, 0, 0, struct.pack(">II", 0, 11))[3:9] in said  # GOAWAY
        elif rule == "slow_head":
            assert said.startswith(b"HTTP/1.1 408 ")


def test_a_trickle_buys_no_time() -> None:
    """Slowloris: a byte now and then, for ever."""
    with limited(head_timeout_seconds=SOON) as mock:
        with connect(mock.port) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            client.settimeout(SOON / 10)
            said = b""
            while not said.startswith(b"HTTP/1.1 408 "):
                with contextlib.suppress(TimeoutError):
                    said += client.recv(65_536)
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"x")
        assert rules(mock) == ["slow_head"]


@pytest.mark.parametrize("http2", [False, True])
def test_a_slow_body_gets_408(http2: bool) -> None:
    with limited(body_timeout_seconds=SOON) as mock:
        if http2:
            with Http2Client(mock.port) as client:
                head = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")]
                answer = client.answers[client.open(head)]
                client.until(lambda: answer.ended)
        else:
            with Http1Client(mock.port) as first:
                first.request("POST", "/domain", [("content-length", "10")])
                first.until(lambda: first.answer.ended)
                answer = first.answer
        assert answer.status == 408
        assert rules(mock) == ["slow_body"]


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_an_idle_connection_is_closed_and_nobody_is_blamed(tls: bool) -> None:
    with limited(connection_timeout_seconds=SOON) as mock:
        with Http2Client(mock.port, trusting(mock.ca_file, "h2") if tls else None) as client:
            assert client.get().status == 200
            client.until_closed()
            assert [each.error_code for each in client.goaways] == [0]
        assert rules(mock) == []


def test_a_client_that_vanishes_without_a_word_is_not_kept() -> None:
    """Half-open: its machine is gone, no FIN ever comes. The stream has its idle timeout, the connection another."""
    times = dict.fromkeys(("connection_timeout_seconds", "stalled_timeout_seconds", "idle_timeout_seconds"), SOON)
    with limited(**times) as mock, Http2Client(mock.port) as client:
        stream = client.open()
        client.send(stream, envelope(configuration()))
        client.until_closed()
        assert client.answers[stream].exception is not None
        assert client.answers[stream].reset == 0  # its request was never ended


# ---- clients that read nothing


def test_a_window_that_stays_shut_costs_its_stream_and_no_other() -> None:
    with limited(stalled_timeout_seconds=SOON, scenarios=[HELLO]) as mock, Http2Client(mock.port, window=0) as client:
        stream = client.open()
        client.send(stream, envelope(configuration()), envelope(audio(silence(0.5))), envelope(END_OF_SESSION))
        client.until(lambda: client.answers[stream].reset is not None)
        assert client.answers[stream].reset == 8
        assert rules(mock) == ["stalled_stream"]
        assert client.answers[stream].body == b""


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_a_socket_that_is_not_read_is_given_up(tls: bool) -> None:
    flood = "scenario: flood\nsteps:\n  - {send: {checklistEvent: {text: %s}}, after: 1ms, repeat: forever}\n" % (
        "x" * 900
    )
    with limited(stalled_timeout_seconds=SOON, scenarios=[flood], journal_bytes=100_000) as mock:
        with Http2Client(mock.port, trusting(mock.ca_file, "h2") if tls else None, window=2**31 - 1) as client:
            client.h2.increment_flow_control_window(2**31 - 1 - 65_535)
            stream = client.open()
            client.send(stream, envelope(configuration()))
            client.until(lambda: client.h2.local_flow_control_window(stream) > 1_000_000)
            chunk = envelope(audio(silence(1.0)))
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while "unread_output" not in rules(mock):
                    if client.h2.local_flow_control_window(stream) >= len(chunk):
                        for at in range(0, len(chunk), 16_384):
                            client.h2.send_data(stream, chunk[at : at + 16_384])
                        client.flush()
        mock.wait_for("violation", rule="unread_output")
        mock.wait_for("stream_ended")


# ---- floods


def headers(stream: int, encoder: hpack.Encoder) -> bytes:
    return frame(1, 4, stream, encoder.encode(request_headers(session_id=new_session_id())))


def rapid_resets() -> bytes:
    encoder = hpack.Encoder()
    return b"".join(headers(n, encoder) + frame(3, 0, n, struct.pack(">I", 8)) for n in range(1, 4001, 2))


FLOODS = {
    "PING": lambda: frame(6, 0, 0, bytes(8)) * 30_000,
    "SETTINGS": lambda: frame(4, 0, 0) * 30_000,
    "RST_STREAM": rapid_resets,
    "empty CONTINUATION": lambda: frame(1, 0, 1, b"\x82") + frame(9, 0, 1) * 30_000,
    "CONTINUATION": lambda: frame(1, 0, 1, b"\x82") + frame(9, 0, 1, bytes(16_000)) * 30,
    "PRIORITY": lambda: frame(2, 0, 1, bytes(5)) * 30_000,
    "unknown frames": lambda: frame(0x99, 0, 0, b"x") * 30_000,
    "empty DATA": lambda: headers(1, hpack.Encoder()) + frame(0, 0, 1) * 30_000,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_its_connection_and_delays_nobody(flood: str) -> None:
    """While it goes on, another client's visit is heard and answered."""
    with limited(scenarios=[HELLO]) as mock:
        data = PREFACE + FLOODS[flood]()
        with connect(mock.port) as attacker:
            attacker.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                attacker.send(data)
            with Http2Client(mock.port) as client:
                stream = client.open(request_headers(session_id=new_session_id()))
                frames = (configuration(), audio(silence(0.3)), END_OF_SESSION)
                client.send(stream, *map(envelope, frames), end=True)
                client.until(lambda: client.answers[stream].ended)
                assert client.answers[stream].finals == ["Hello."]
            attacker.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionError):
                attacker.sendall(data[1_000_000:])  # whatever is left of it
            said = until_closed(attacker)
        assert frame(7, 0, 0, b"")[3:9] in said or not said  # GOAWAY, unless a reset was faster
        found = [entry for entry in mock.journal if entry["kind"] == "violation"]
        assert found[-1]["rule"] in ("flood", "header_list_size", "headers_frame"), found[-1]
        assert found[-1]["source"].startswith("RFC 9113, ")
        assert found[-1]["offset"] > 0


# ---- numbers


def test_connections_have_a_limit_and_free_their_place() -> None:
    with Mockscribe(connections=3) as mock, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Http2Client(mock.port)) for _ in range(3)]
        for client in clients:
            assert client.get().status == 200
        with connect(mock.port) as fourth:
            assert until_closed(fourth) == b""
        assert rules(mock) == ["connections"]
        clients.pop().socket.close()
        while True:
            with contextlib.suppress(ConnectionError, AssertionError):  # until the server has noticed
                assert get(mock.port).status == 200
                break


def test_streams_have_a_limit() -> None:
    with limited(streams_per_connection=2) as mock, Http2Client(mock.port) as client:
        client.until(lambda: client.settled)
        assert client.h2.remote_settings.max_concurrent_streams == 2
        raw = [client.open(request_headers(session_id=new_session_id())) for _ in range(2)]
        client.h2.remote_settings[3] = 10  # which h2 would keep to
        client.h2.remote_settings.acknowledge()
        third = client.open(request_headers(session_id=new_session_id()))
        client.until(lambda: client.answers[third].reset is not None)
        assert client.answers[third].reset == 7  # REFUSED_STREAM: it may be tried again
        assert rules(mock) == ["max_concurrent_streams"]
        assert all(client.answers[each].reset is None for each in raw)


# ---- garbage on every port


def test_garbage_on_the_control_port_hurts_nobody() -> None:
    chance = random.Random(7)
    with limited(control_port=0) as mock:
        assert mock.control_url is not None
        port = urllib.parse.urlsplit(mock.control_url).port
        assert port is not None
        health = "/_mockscribe/health"
        for size in (1, 10, 100, 1000, 70_000, 200_000):
            for kind in (chance.randbytes(size), b"GET /" + b"a" * size, b"GET / HTTP/1.1\r\nx: " + b"y" * size):
                with connect(port) as client, contextlib.suppress(ConnectionError):
                    client.sendall(kind)
                    with contextlib.suppress(OSError):  # ENOTCONN: the server was faster
                        client.shutdown(socket.SHUT_WR)
                    until_closed(client)
        for body in (b"{", b"[]", b"\x00" * 100, b'{"a": ' * 10_000):
            answer = post(port, "/_mockscribe/scenarios", body)
            assert 400 <= answer < 500
        assert get(port, path=health).status == 200


def post(port: int, path: str, body: bytes) -> int:
    with Http1Client(port) as client:
        client.request("POST", path, [("content-length", str(len(body))), ("content-type", "application/json")])
        client.send(body, end=True)
        client.until(lambda: client.answer.ended)
        return client.answer.status


# ---- who can come at all, and what is written down


def test_it_listens_on_loopback_alone_unless_a_host_is_given(tmp_path: Path) -> None:
    with serving(tmp_path, "--control-port", "0") as served:
        control = urllib.parse.urlsplit(served.endpoints["control"]).port
        for port in (served.port, control):
            for other in ("127.0.0.2", "::1"):  # loopback has many addresses, and only one is listened on
                with pytest.raises(OSError, match=r"refused|unreachable|Cannot assign"):
                    socket.create_connection((other, port), PATIENCE)


def test_no_secret_is_in_the_log(tmp_path: Path) -> None:
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250101/us-east-1/health-agent/aws4_request, "
        "SignedHeaders=host, Signature=0123456789abcdef0123456789abcdef"
    )
    flags = ("--verify-signatures", "--access-key", f"AKIDEXAMPLE:{secret}", "--log-level", "debug")
    with serving(tmp_path, *flags) as served, Http2Client(served.port) as client:
        stream = client.open([*request_headers(authorization=authorization), ("x-amz-security-token", "token-secret")])
        client.until(lambda: client.answers[stream].status != 0)
        assert client.answers[stream].status == 403
        served.signal()
        assert served.wait() == 0
    output = "\n".join([*served.stdout.rest(), *served.stderr.rest()])
    for each in (secret, "0123456789abcdef", "token-secret"):
        assert each not in output


def test_redact_is_a_flag(tmp_path: Path) -> None:
    with serving(tmp_path, "--redact", "content", "--control-port", "0") as served, Http2Client(served.port) as client:
        stream = client.open(request_headers(session_id=new_session_id()))
        frames = (configuration(), audio(b"\x01\x02" * 8000), END_OF_SESSION)
        client.send(stream, *map(envelope, frames), end=True)
        client.until(lambda: client.answers[stream].ended)
        control = urllib.parse.urlsplit(served.endpoints["control"]).port
        assert control is not None
        kept = get(control, path="/_mockscribe/journal?account=000000000000").body.decode()
        for final in client.answers[stream].finals:
            assert final not in kept
        assert "AQIBAgEC" not in kept
        assert "sha256" in kept
