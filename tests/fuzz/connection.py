"""A whole `Connection` against a fuzzer's bytes: what arrives, in which pieces, and when, is all in them.

They are read as a program of steps (`steps`), most of which are bytes of a client: raw, as a frame of HTTP/2, as a
request that opens a stream, as an event in DATA. The rest is time that passes, a half-close, or what a server does to
its connections. After the program the client leaves it alone: every deadline must be met and cleared, until nothing
waits, and in the end nothing may be left of its streams.

Runs so far: 31 minutes on one core. They found an idle timeout whose deadline stayed because the way from real to mock
time rounded it down; writing it had found streams that outlived a shutdown.
"""

import ssl
import struct
from collections.abc import Iterable, Iterator

import hpack

from mockscribe.config import load
from mockscribe.connection import Connection
from mockscribe.mock import Mock
from mockscribe.scenario.script import parse
from mockscribe.wire.exchange import Closing
from tests import wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
SCENARIO = """
scenario: all
steps:
  - {say: One line., at: 10ms, takes: 20ms}
  - {say: Later., after: 2s, takes: 100ms, partials: none}
  - {send: {checklistEvent: {}}, after: 400s, optional: true}
"""
SCENARIOS = parse(SCENARIO, "fuzz.yaml")
CONFIG = load({"seed": 1, "second_stream": "independent", "streams_per_connection": 4, "control_burst": 100}, {})
EVENTS = ("configurationEvent", "binaryAudioEvent", "audioEvent", "sessionControlEvent", "")
PAYLOADS = (wire.configuration(), wire.audio(wire.silence(0.05)), wire.END_OF_SESSION, wire.EMPTY_FRAME)
TURNS = 5
"""Ticks that one moment may take: what a tick has drained may have work for another."""

Step = bytes | float | str
"""Bytes that arrive, seconds that pass, or the name of something else that happens."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def steps(data: bytes) -> Iterator[Step]:
    """The program that the fuzzer's bytes stand for."""
    encoder, stream, at = hpack.Encoder(), 1, 0
    while at < len(data):
        code, size = data[at] % 16, data[at + 1] if at + 1 < len(data) else 0
        rest = data[at + 2 : at + 2 + size]
        at += 2 + size
        match code:
            case 0:
                yield rest
            case 1:
                yield PREFACE
            case 2 | 3:
                kind, flags, number = (*rest[:3], 0, 0, 0)[:3]
                yield frame(kind % 12, flags, number % 12, rest[3:])
            case 4 | 5:
                yield frame(1, 4 | (code & 1 & size), stream, encoder.encode(wire.request_headers()))
                stream += 2
            case 6:
                get = [
                    (":method", "GET"),
                    (":scheme", "http"),
                    (":authority", "a"),
                    (":path", f"/{rest.decode('latin-1')}"),
                ]
                yield frame(1, 5, stream, encoder.encode(get))
                stream += 2
            case 7 | 8:
                name = EVENTS[rest[0] % len(EVENTS)] if rest else ""
                yield frame(0, 0, max(1, stream - 2), wire.event(name, rest[1:]))
            case 9 | 10 | 11:
                yield frame(0, code == 11, max(1, stream - 2), PAYLOADS[size % len(PAYLOADS)])
            case 12:
                yield (
                    b"POST /medical-scribe-stream/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n"
                    + b"".join(f"{name}: {value}\r\n".encode() for name, value in wire.request_headers()[4:])
                    + b"\r\n"
                )
            case 13:
                yield b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"0\r\n\r\n"
            case 14:
                yield size * size / 100
            case _:
                yield ("eof", "drain", "wake", "go away", "shut down", "pause", "resume", "no drain")[size % 8]


class Belt:
    """A connection, and all that happens to it."""

    def __init__(self) -> None:
        self.now = wire.START
        self.mock = Mock(CONFIG, now=self.now, wall=1_760_000_000.0, seed=1)
        self.mock.scenarios = SCENARIOS
        self.connection = Connection(
            self.mock, self.now, tls_context=_no_tls, on_warning=lambda _: None, on_error=_fail, peer="fuzz"
        )
        self.closing: Closing | None = None
        self.drains = True

    def take(self, step: Step) -> None:
        """One step; what is to be written is, unless the transport takes nothing."""
        match step:
            case bytes():
                self.connection.receive_data(step, self.now)
            case float() | int():
                self.pass_time(step)
            case "eof":
                self.connection.receive_eof(self.now)
            case "wake":
                self.connection.wake(self.now)
            case "go away":
                self.connection.go_away()
            case "shut down":
                self.connection.shut_down(self.now)
            case "pause":
                self.connection.pause(self.now)
                self.drains = False
            case "resume" | "drain":
                self.connection.resume(self.now)
                self.drains = True
        if self.drains or self.connection.aborted:
            self.drain()

    def drain(self) -> None:
        output = self.connection.data_to_send()
        self.closing = output.closing or self.closing
        while self.mock.woken:
            self.mock.woken.pop().wake(self.now)

    def pass_time(self, seconds: float) -> None:
        """Stop at every deadline on the way; each must soon be gone after its tick."""
        until, turns = self.now + seconds, 0
        while (due := self.connection.next_deadline()) is not None and due <= until:
            turns = 0 if due > self.now else turns + 1
            assert turns < TURNS, "a deadline that tick does not clear"
            self.now = max(self.now, due)
            self.connection.tick(self.now)
            if self.drains or self.connection.aborted:
                self.drain()
        self.now = until
        self.connection.tick(self.now)

    def finish(self) -> None:
        """The client says no more: the connection comes to its end by itself, and leaves nothing behind."""
        self.pass_time(10_000.0)
        assert self.connection.next_deadline() is None
        assert self.connection.idle, "streams outlive all patience"
        self.drain()
        assert self.closing is not None or self.connection.aborted, "the connection stays open for ever"
        self.connection.lost(self.now)
        for account in self.mock.accounts:
            assert not account.live
            assert all(session.stream is None for session in account.sessions.values())


def _no_tls() -> ssl.SSLContext:
    raise AssertionError("no first byte of TLS is meant")


def _fail(error: BaseException) -> None:
    raise error


def play(program: Iterable[Step]) -> Belt:
    """Run a program to the connection's end."""
    belt, begun = Belt(), False
    for step in program:
        if isinstance(step, bytes) and step and not begun:
            begun = True
            if step[:1] == b"\x16":
                break  # TLS is OpenSSL's to fuzz
        belt.take(step)
    belt.finish()
    return belt


def check(data: bytes) -> None:
    """No exception, no deadline that stays, no stream that does."""
    play(steps(data))
