"""Bytes that no client should send, in clear text and inside TLS: the server answers, closes or waits, and goes on.

Random bytes and mutations of what h2 and h11 really send, by a seed; then some by hand, with the rule and the byte that
the journal has to name.
"""

import contextlib
import functools
import logging
import random
import socket
import ssl
from collections.abc import Iterator

import h2.config
import h2.connection
import pytest

from mockscribe import Mockscribe
from tests.clients import Http2Client, connect, get, request_headers, streaming_headers, trusting
from tests.wire import END_OF_SESSION, SESSION_ID, audio, configuration, envelope, silence

BATCHES = 6
BATCH = 25


@pytest.fixture
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mockscribe]:
    with Mockscribe(ca_folder=tmp_path_factory.getbasetemp() / "ca", second_stream="independent") as mock:
        yield mock


@pytest.fixture
def unharmed(mock: Mockscribe, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After the test: no fault of mockscribe itself, and no stream that still runs."""
    yield
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert [fault.getMessage() for fault in faults] == []
    assert get(mock.port).status == 200
    accepted = [entry for entry in mock.journal if entry["kind"] == "response" and entry["status"] == 200]
    if accepted:
        mock.wait_for("stream_ended", count=len(accepted))


@functools.cache
def http2() -> bytes:
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    client.send_headers(1, request_headers())
    client.send_data(1, b"".join(map(envelope, (configuration(), audio(silence(0.05))))))
    client.ping(b"12345678")
    client.send_headers(3, [*request_headers()[:2], (":authority", "localhost"), (":path", "/x")], end_stream=True)
    client.send_data(1, envelope(END_OF_SESSION), end_stream=True)
    return client.data_to_send()


@functools.cache
def http1() -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in [("host", "localhost"), *streaming_headers()])
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (configuration(), audio(silence(0.05))))
    return f"POST /medical-scribe-stream/ HTTP/1.1\r\n{head}\r\n".encode() + chunks + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"


@functools.cache
def tls() -> bytes:
    """A ClientHello."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def mutated(chance: random.Random, original: bytes) -> bytes:
    """With some bytes changed, cut out, doubled, put in or moved."""
    data = bytearray(original)
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice((1, 1, 2, 9, 40)))
        match chance.randrange(5):
            case 0:
                data[start] ^= 1 << chance.randrange(8)
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end]
            case 3:
                data[start:start] = chance.randbytes(end - start)
            case _:
                piece = data[start:end]
                del data[start:end]
                at = chance.randrange(len(data) + 1)
                data[at:at] = piece
        if not data:
            return b"\x00"
    return bytes(data)


SOURCES = {
    "random": lambda chance: chance.randbytes(chance.randint(1, 3000)),
    "HTTP/2": lambda chance: mutated(chance, http2()),
    "frames": lambda chance: http2()[:24] + b"".join(frame(chance) for _ in range(30)),
    "HTTP/1.1": lambda chance: mutated(chance, http1()),
    "TLS": lambda chance: mutated(chance, tls()),
}


def frame(chance: random.Random) -> bytes:
    """A frame of HTTP/2 whose head is well-formed (RFC 9113, 4.1)."""
    payload = chance.randbytes(chance.choice((0, 4, 5, 6, 8, 20)))
    kind, flags = chance.randrange(11), chance.randrange(256)
    stream = chance.choice((0, 1, 1, 2, 3, 5, 2**31 - 1))
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("inside", ["clear text", "inside TLS"])
@pytest.mark.parametrize("source", SOURCES)
def test_the_server_survives(mock: Mockscribe, source: str, inside: str) -> None:
    chance = random.Random(f"{source} {inside}")
    context = trusting(mock.ca_file, *(("h2",) if source in ("HTTP/2", "frames") else ())) if "TLS" in inside else None
    longest = 0
    for _ in range(BATCHES):
        clients = []
        for _ in range(BATCH):
            data = SOURCES[source](chance)
            longest = max(longest, len(data))
            client = connect(mock.port, context)
            clients.append(client)
            with contextlib.suppress(ConnectionError, ssl.SSLError):  # the server may have had enough already
                client.sendall(data[: len(data) // 2])
                client.sendall(data[len(data) // 2 :])
        assert get(mock.port).status == 200
        for client in clients:
            client.close()
    violations = [entry for entry in mock.journal if entry["kind"] == "violation"]
    assert violations
    for each in violations:
        assert each["rule"], each
        assert each["message"], each
        assert each["source"], each
        assert 0 <= each["offset"] <= longest * 2 + 1000, each  # TLS adds a little; its offsets count what came in


# ---- by hand

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes.fromhex("000000040000000000")


def closed_by_server(client: socket.socket) -> bytes:
    """What the server says before it closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while data := client.recv(65_536):
            received += data
    return received


BY_HAND = {
    "another protocol": (b"GET / SPDY/3\r\n\r\n", "preface", "RFC 9113, 3.4", 0),
    "no SETTINGS first": (PREFACE + bytes.fromhex("000000060000000000"), "first_frame", "RFC 9113, 3.4", 24),
    "a frame of 16 MiB": (PREFACE + SETTINGS + bytes.fromhex("ffffff000000000001"), "frame_size", "RFC 9113, 4.2", 33),
    "DATA on an idle stream": (
        PREFACE + SETTINGS + bytes.fromhex("00000100000000000178"), "stream_state", "RFC 9113, 6.1", 33,
    ),
    "a WINDOW_UPDATE of 0": (
        PREFACE + SETTINGS + bytes.fromhex("00000408000000000000000000"), "window_update_frame", "RFC 9113, 6.9", 33,
    ),
    "a header without a colon": (
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n", "malformed_request", "RFC 9112, 2.2", 30,
    ),
    "a head without an end": (
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 70_000, "head_size", "RFC 6585, 5", 0,
    ),
    "no ClientHello": (b"\x16\x03\x01\x00\x05hello", "tls", "RFC 8446", 10),
}  # fmt: skip
ANSWERS = {
    "preface": bytes.fromhex("00000001"),  # PROTOCOL_ERROR, in a GOAWAY
    "first_frame": bytes.fromhex("00000001"),
    "frame_size": bytes.fromhex("00000006"),
    "stream_state": bytes.fromhex("00000001"),
    "window_update_frame": bytes.fromhex("00000001"),
    "malformed_request": b"HTTP/1.1 400 ",
    "head_size": b"HTTP/1.1 431 ",
    "tls": bytes.fromhex("1503030002"),  # an alert
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("case", BY_HAND)
def test_the_journal_names_the_rule_and_the_byte_and_the_client_hears_of_it(mock: Mockscribe, case: str) -> None:
    data, rule, source, offset = BY_HAND[case]
    with connect(mock.port) as client:
        client.sendall(data)
        assert ANSWERS[rule] in closed_by_server(client)
    (violation,) = [entry for entry in mock.journal if entry["kind"] == "violation"]
    assert (violation["rule"], violation["source"], violation["offset"]) == (rule, source, offset)


@pytest.mark.usefixtures("unharmed")
def test_a_broken_event_is_told_by_its_byte_in_the_body_and_ends_its_stream_alone(mock: Mockscribe) -> None:
    first = envelope(configuration())
    broken = bytearray(envelope(audio(silence(0.05))))
    broken[8] ^= 1  # the CRC of its prelude
    with Http2Client(mock.port) as client:
        stream = client.open()
        client.send(stream, first, bytes(broken))
        client.until(lambda: client.answers[stream].ended)
        member, message = client.answers[stream].exception or ("", "")
        assert member == "validationException"
        assert f"at byte {len(first) + 8}: " in message
        assert client.get().status == 200
    (violation,) = [entry for entry in mock.journal if entry["kind"] == "violation"]
    assert (violation["rule"], violation["offset"]) == ("frame_prelude_crc", len(first) + 8)
    assert violation["session"] == f"{SESSION_ID}#1"  # the first of this id, under --second-stream independent
