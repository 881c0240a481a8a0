"""The client's side of an HTTP/2 connection in the test's hand, frame by frame: legal or not, nothing is checked here.

Frames to the server are put together from RFC 9113 with `struct`, header blocks by hpack; frames of the server are read
by hyperframe.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import hpack
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, WindowUpdateFrame

from mockscribe.wire.exchange import Closing, Observed, RequestReceived, RuleBroken
from mockscribe.wire.http2 import Http2Connection
from mockscribe.wire.limits import Limits

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ACK = END_STREAM = 1
END_HEADERS = 4
PADDED = 8

HEADER_TABLE_SIZE = 1
INITIAL_WINDOW_SIZE = 4
MAX_FRAME_SIZE = 5

NO_ERROR = 0
PROTOCOL_ERROR = 1
FLOW_CONTROL_ERROR = 3
STREAM_CLOSED = 5
FRAME_SIZE_ERROR = 6
REFUSED_STREAM = 7
CANCEL = 8
COMPRESSION_ERROR = 9
ENHANCE_YOUR_CALM = 11

Fields = Iterable[tuple[str, str]]

POST = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "example")]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def data(stream: int, body: bytes = b"", *, end: bool = False) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, body)


def padded(stream: int, body: bytes, padding: int, *, end: bool = False) -> bytes:
    return frame(DATA, PADDED | end, stream, bytes((padding,)) + body + bytes(padding))


def settings(values: Mapping[int, int] | None = None) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *each) for each in (values or {}).items()))


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last: int = 0, code: int = NO_ERROR) -> bytes:
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code))


class Peer:
    """A client, its connection, and what went both ways since the preface.

    `values` are the client's SETTINGS; `options` those of the connection. Time is `now`, and stands still.
    """

    def __init__(self, values: Mapping[int, int] | None = None, *, greet: bool = True, **options: Any) -> None:
        self.connection = Http2Connection(Limits(**options))
        self.now = 100.0
        self.observed: list[Observed] = []
        self.frames: list[Frame] = []
        self.written = b""
        self.closing: Closing | None = None
        self._encoder = hpack.Encoder()
        self._decoder = hpack.Decoder()
        if greet:
            self.send(PREFACE, settings(values), frame(SETTINGS, ACK, 0))
            self.frames.clear()
            self.written = b""

    # ---- to the server

    def headers(self, stream: int, fields: Fields = POST, *, end: bool = False, more: Fields = ()) -> bytes:
        """A HEADERS frame; it must be sent, for HPACK's sake."""
        block = self._encoder.encode([*fields, *more])
        return frame(HEADERS, END_HEADERS | end, stream, block)

    def block(self, fields: Fields = POST) -> bytes:
        return self._encoder.encode(list(fields))

    def send(self, *frames: bytes) -> Sequence[Observed]:
        """Give the connection these bytes in one read; returns what it observed."""
        new = self.connection.receive_data(b"".join(frames), self.now)
        self.observed += new
        self.drain()
        return new

    def open(self, stream: int, *, end: bool = False, more: Fields = ()) -> None:
        """A good request; forgets the frames that answer it."""
        (event,) = self.send(self.headers(stream, end=end, more=more))
        assert isinstance(event, RequestReceived)
        assert event.exchange == stream
        self.frames.clear()

    # ---- from the server

    def drain(self) -> None:
        """Take what the connection has to write."""
        output = self.connection.data_to_send()
        self.closing = output.closing or self.closing
        self.written += output.data
        view = memoryview(output.data)
        while view:
            each, length = Frame.parse_frame_header(view[:9])
            each.parse_body(view[9 : 9 + length])
            self.frames.append(each)
            view = view[9 + length :]

    def of(self, kind: type[Frame], stream: int | None = None) -> list[Any]:
        """The frames of a kind that have come, of one stream or of all."""
        return [each for each in self.frames if type(each) is kind and stream in (None, each.stream_id)]

    def statuses(self, stream: int) -> list[str]:
        """The response heads of a stream, the interim ones too; reads each header block once, in order."""
        found = []
        for each in self.of(HeadersFrame):
            fields = dict(self._decoder.decode(each.data))
            if each.stream_id == stream:
                found.append(fields[":status"])
        return found

    def body(self, stream: int) -> bytes:
        return b"".join(each.data for each in self.of(DataFrame, stream))

    def ended(self, stream: int) -> bool:
        """Whether the last frame of the stream carries END_STREAM, and no other does."""
        ends = ["END_STREAM" in each.flags for each in self.frames if each.stream_id == stream]
        assert not any(ends[:-1])
        return bool(ends) and ends[-1]

    def resets(self, stream: int) -> list[int]:
        return [each.error_code for each in self.of(RstStreamFrame, stream)]

    def credit(self, stream: int) -> int:
        """What WINDOW_UPDATE has granted to a stream, or to the connection (0)."""
        return sum(each.window_increment for each in self.of(WindowUpdateFrame, stream))

    def broken(self) -> list[tuple[int | None, str, str]]:
        """Exchange, rule and clause of what was broken so far."""
        return [
            (each.exchange, each.rule, each.source.removeprefix("RFC 9113, "))
            for each in self.observed
            if isinstance(each, RuleBroken)
        ]

    def goaways(self) -> list[int]:
        return [each.error_code for each in self.of(GoAwayFrame)]

    def assert_ended_by(self, rule: str, code: int) -> None:
        """The connection has ended over this one rule, and says so."""
        assert [(exchange, name) for exchange, name, _ in self.broken()][-1:] == [(None, rule)]
        assert self.goaways() == [code]
        assert self.closing is Closing.EOF
        assert self.send(frame(PING, 0, 0, bytes(8))) == []

    def assert_reset_by(self, stream: int, rule: str, code: int) -> None:
        """The stream was reset once over this one rule; the connection goes on."""
        assert [(exchange, name) for exchange, name, _ in self.broken()] == [(stream, rule)]
        assert self.resets(stream) == [code]
        assert self.closing is None
        assert self.goaways() == []

    def assert_alive(self, stream: int) -> None:
        """A new request on this stream is heard and answered."""
        self.open(stream, end=True)
        self.respond(stream, b"alive")
        assert self.statuses(stream) == ["200"]
        assert self.body(stream) == b"alive"
        assert self.ended(stream)

    # ---- what is done to exchanges

    def respond(self, stream: int, *body: bytes, end: bool = True) -> None:
        self.connection.send_head(stream, 200, ())
        for each in body:
            self.connection.send(stream, each)
        if end:
            self.connection.end(stream)
        self.drain()
