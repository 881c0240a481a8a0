"""Bytes ⇄ HTTP/2 frames (RFC 9113, 3.4, 4, 6 and 7), as far as `http2.py` handles them itself.

Knows a frame's nine bytes of header and the connection preface, and nothing about streams.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator, Mapping

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA = 0x0
HEADERS = 0x1
PRIORITY = 0x2
RST_STREAM = 0x3
SETTINGS = 0x4
PUSH_PROMISE = 0x5
PING = 0x6
GOAWAY = 0x7
WINDOW_UPDATE = 0x8
CONTINUATION = 0x9

INITIAL_WINDOW_SIZE = 0x4  # the settings (RFC 9113, 6.5.2) that we send otherwise than h2
MAX_CONCURRENT_STREAMS = 0x3
MAX_HEADER_LIST_SIZE = 0x6

ACK = 0x1  # of SETTINGS and PING
END_STREAM = 0x1  # of DATA and HEADERS
END_HEADERS = 0x4
PADDED = 0x8

MAX_FRAME_BYTES = 16_384
"""SETTINGS_MAX_FRAME_SIZE before it is set, and the value that we keep (RFC 9113, 6.5.2)."""

DEFAULT_WINDOW = 65_535
"""Every window at its start (RFC 9113, 6.9.2); our SETTINGS keep it."""

MAX_WINDOW = 2**31 - 1
"""RFC 9113, 6.9.1."""

FRAME_HEADER = struct.Struct(">HBBBL")  # the length's 24 bits, type, flags, stream id
_UINT32 = struct.Struct(">L")

Frame = tuple[int, int, int, memoryview]
"""Type, flags, stream id, payload."""


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
    """Cuts what a client sends into frames, whatever the sizes of the reads; payloads are views into them.

    `offset` is the number of bytes of the connection before the frame that was split off last.
    """

    __slots__ = ("_held", "_held_bytes", "_needed_bytes", "_next", "_prefaced", "offset")

    def __init__(self) -> None:
        self.offset = 0
        self._next = 0
        self._prefaced = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._needed_bytes = 0

    def split(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with `data`.

        Raises:
            RuleError: of the connection; the preface is not HTTP/2's, or a frame is larger than we allow.
        """
        if self._held:
            self._held.append(data)
            self._held_bytes += len(data)
            if self._held_bytes < self._needed_bytes:
                return
            data = b"".join(self._held)
            self._held.clear()
        position, size = 0, len(data)
        if not self._prefaced:
            if not PREFACE.startswith(data[: len(PREFACE)]):
                message = "The connection does not begin with the HTTP/2 preface"
                raise connection_error("preface", "3.4", message)
            if size < len(PREFACE):
                self._hold(data, 0)
                return
            self._prefaced = True
            position = self._next = len(PREFACE)
        view = memoryview(data)
        while size - position >= 9:
            high, low, kind, flags, stream_id = FRAME_HEADER.unpack_from(data, position)
            length = high << 8 | low
            self.offset = self._next
            if length > MAX_FRAME_BYTES:
                message = f"A frame of {length} bytes; SETTINGS_MAX_FRAME_SIZE is {MAX_FRAME_BYTES}"
                raise connection_error("frame_size", "4.2", message, ErrorCode.FRAME_SIZE_ERROR)
            end = position + 9 + length
            if end > size:
                self._hold(data[position:], 9 + length)
                return
            self._next += 9 + length
            yield kind, flags, stream_id & MAX_WINDOW, view[position + 9 : end]
            position = end
        if position < size:
            self._hold(data[position:], 9)

    def _hold(self, rest: bytes, needed_bytes: int) -> None:
        self._held.append(rest)
        self._held_bytes = len(rest)
        self._needed_bytes = needed_bytes
