"""Bytes ⇄ HTTP/2 frames (RFC 9113, 3.4, 4, 6 and 7), as far as `http2.py` handles them itself.

Knows a frame's nine bytes of header and the connection preface, and nothing about streams.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

INITIAL_WINDOW_SIZE: Final = 0x4  # the settings (RFC 9113, 6.5.2) that we send otherwise than h2
MAX_CONCURRENT_STREAMS: Final = 0x3
MAX_HEADER_LIST_SIZE: Final = 0x6

ACK: Final = 0x1  # of SETTINGS and PING
END_STREAM: Final = 0x1  # of DATA and HEADERS
END_HEADERS: Final = 0x4
PADDED: Final = 0x8

MAX_FRAME_BYTES: Final = 16_384
"""SETTINGS_MAX_FRAME_SIZE before it is set, and the value that we keep (RFC 9113, 6.5.2)."""

DEFAULT_WINDOW: Final = 65_535
"""Every window at its start (RFC 9113, 6.9.2); our SETTINGS keep it."""

MAX_WINDOW: Final = 2**31 - 1
"""RFC 9113, 6.9.1."""

FRAME_HEADER: Final = struct.Struct(">HBBBL")  # the length's 24 bits, type, flags, stream id
_UINT32: Final = struct.Struct(">L")

_NOTHING: Final = memoryview(b"")


class ErrorCode(enum.IntEnum):
    """RFC 9113, 7."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


def code_name(code: int) -> str:
    """The name of an error code, or its number in hexadecimal."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"{code:#x}"


class RuleError(Exception):
    """The client broke a rule: an error of the stream `stream` alone, or of the connection when that is None.

    Internal to HTTP/2: it ends as a `RuleBroken` and never leaves `Http2Connection`.
    """

    def __init__(self, rule: str, clause: str, message: str, code: int, stream: int | None) -> None:
        super().__init__(message)
        self.rule = rule
        self.clause = clause
        self.message = message
        self.code = code
        self.stream = stream


def connection_error(rule: str, clause: str, message: str, code: int = ErrorCode.PROTOCOL_ERROR) -> RuleError:
    """An error that ends the connection (RFC 9113, 5.4.1)."""
    return RuleError(rule, clause, message, code, None)


def stream_error(stream: int, rule: str, clause: str, message: str, code: int = ErrorCode.PROTOCOL_ERROR) -> RuleError:
    """An error that ends one stream (RFC 9113, 5.4.2)."""
    return RuleError(rule, clause, message, code, stream)


def frame(kind: int, flags: int, stream_id: int, payload: bytes | memoryview = b"") -> bytes:
    """One whole frame."""
    size = len(payload)
    return FRAME_HEADER.pack(size >> 8, size & 0xFF, kind, flags, stream_id) + payload


def header_frames(stream_id: int, block: bytes, max_frame_bytes: int, *, last: bool) -> bytes:
    """The HEADERS frame of a whole header block, with CONTINUATION frames if it is large."""
    kind, flags, parts = HEADERS, END_STREAM if last else 0, []
    while len(block) > max_frame_bytes:
        parts.append(frame(kind, flags, stream_id, block[:max_frame_bytes]))
        kind, flags, block = CONTINUATION, 0, block[max_frame_bytes:]
    return b"".join((*parts, frame(kind, flags | END_HEADERS, stream_id, block)))


def window_update_frame(stream_id: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream_id, _UINT32.pack(increment))


def window_increment(payload: memoryview) -> int:
    """The increment that a WINDOW_UPDATE frame carries.

    Raises:
        RuleError: of the connection; the frame has another length than 4.
    """
    if len(payload) != 4:
        message = "A WINDOW_UPDATE frame that is not 4 bytes long"
        raise connection_error("window_update_frame", "6.9", message, ErrorCode.FRAME_SIZE_ERROR)
    return int.from_bytes(payload, "big") & MAX_WINDOW


def rst_stream_frame(stream_id: int, code: int) -> bytes:
    """A RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream_id, _UINT32.pack(code))


def settings_frame(settings: Mapping[int, int]) -> bytes:
    """A SETTINGS frame, by number."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HL", *pair) for pair in settings.items()))


def goaway_frame(last_stream_id: int, code: int, message: str) -> bytes:
    """A GOAWAY frame with words for the one who debugs the client."""
    payload = _UINT32.pack(last_stream_id) + _UINT32.pack(code) + message.encode("ascii", "replace")[:1024]
    return frame(GOAWAY, 0, 0, payload)


class FrameSplitter:
    """Cuts what a client sends into frames, whatever the sizes of the reads.

    After `advance` has told that there is one more frame, `kind`, `flags`, `stream_id` and `payload` (a view into what
    was fed) are that frame's, and `offset` is the number of bytes of the connection before it.
    """

    __slots__ = (
        "_begin",
        "_data",
        "_held",
        "_held_bytes",
        "_needed_bytes",
        "_next",
        "_position",
        "_prefaced",
        "_read",
        "_view",
        "flags",
        "kind",
        "offset",
        "payload",
        "stream_id",
    )

    def __init__(self) -> None:
        self.kind = 0
        self.flags = 0
        self.stream_id = 0
        self.payload = _NOTHING
        self.offset = 0
        self._data = b""  # what is cut at the moment, from _position on
        self._view = _NOTHING
        self._position = 0
        self._next = 0
        self._prefaced = False
        self._held: list[bytes] = []  # of a frame that is not complete
        self._held_bytes = 0
        self._needed_bytes = 0
        self._read = b""  # what is cut next, from _begin on, while that frame is completed
        self._begin = 0

    def feed(self, data: bytes) -> None:
        """More bytes have arrived; all frames of those before must have been taken."""
        if self._held:
            self._held.append(data)
            self._held_bytes += len(data)
            surplus = self._held_bytes - self._needed_bytes
            if surplus < 0:
                return
            if surplus and self._needed_bytes > FRAME_HEADER.size:  # so that the frame alone is copied
                self._read, self._begin = data, len(data) - surplus
                self._held[-1] = data[: self._begin]
            data = b"".join(self._held)
            self._held.clear()
        self._data, self._view, self._position = data, memoryview(data), 0

    def advance(self) -> bool:
        """Cut off one more frame; False when there is none that is complete.

        Raises:
            RuleError: of the connection; the preface is not HTTP/2's, or a frame is larger than we allow.
        """
        data, position = self._data, self._position
        rest = len(data) - position
        if not rest and self._read:
            self._data = data = self._read
            self._view, self._position, self._read = memoryview(data), self._begin, b""
            position, rest = self._begin, len(data) - self._begin
        if not self._prefaced and rest:
            if not PREFACE.startswith(data[: len(PREFACE)]):
                message = "The connection does not begin with the HTTP/2 preface"
                raise connection_error("preface", "3.4", message)
            if rest < len(PREFACE):
                return self._hold(0)  # each byte more is looked at
            self._prefaced = True
            position = self._position = self._next = len(PREFACE)
            rest -= len(PREFACE)
        if rest < 9:
            return self._hold(9)
        high, low, kind, flags, stream_id = FRAME_HEADER.unpack_from(data, position)
        length = high << 8 | low
        self.offset = self._next
        if length > MAX_FRAME_BYTES:
            message = f"A frame of {length} bytes; SETTINGS_MAX_FRAME_SIZE is {MAX_FRAME_BYTES}"
            raise connection_error("frame_size", "4.2", message, ErrorCode.FRAME_SIZE_ERROR)
        if rest < 9 + length:
            return self._hold(9 + length)
        begin, end = position + 9, position + 9 + length
        self.kind = kind
        self.flags = flags
        self.stream_id = stream_id & MAX_WINDOW
        self.payload = self._view[begin:end]
        self._position = end
        self._next += 9 + length
        return True

    def _hold(self, needed_bytes: int) -> bool:
        """Keep what is left for the next read; nothing else of this one is kept alive."""
        rest = self._data[self._position :]
        if rest:
            self._held.append(rest)
            self._held_bytes = len(rest)
            self._needed_bytes = needed_bytes
        self._data, self._view, self.payload, self._position = b"", _NOTHING, _NOTHING, 0
        return False
