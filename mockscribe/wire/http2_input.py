"""What a client may send on the streams of an HTTP/2 connection: its windows, padding, content-length (RFC 9113, 5.2,
6.1, 6.9 and 8.1.1).

Credit for the connection goes back with the next output, used or not, so that a stream which stalls never holds up
another; credit for a stream goes back as its receiver uses the bytes up. Both go in portions of half a window. Knows no
h2 and no requests.
"""

from __future__ import annotations

from typing import Final

from mockscribe.wire.http2_frames import (
    DEFAULT_WINDOW,
    PADDED,
    ErrorCode,
    connection_error,
    stream_error,
    window_update_frame,
)

STREAM_WINDOW: Final = 1_048_576
"""What a client may have under way on a stream: the service's documented window of about 1 MB (facts 2.4). It is
granted by WINDOW_UPDATE, because the official Python SDK hung when it was granted in SETTINGS."""

CONNECTION_WINDOW: Final = 1_048_576
"""As a stream's, so that one stream can use its own; as its credit returns with each output it never limits several."""


PORTION: Final = STREAM_WINDOW // 2
"""Credit goes back to a stream in portions of so much."""


class StreamInput:
    """The input of one stream.

    `window` is what the client may still send, `owed` what was used up and not granted again, `portion` how much must
    be owed before it is, `received` the bytes of the body so far.
    """

    __slots__ = ("content_length", "ended", "owed", "portion", "received", "stream_id", "window")

    def __init__(self, stream_id: int) -> None:
        self.stream_id = stream_id
        self.window = DEFAULT_WINDOW
        self.owed = 0
        self.portion: float = float(PORTION)
        self.received = 0
        self.content_length: int | None = None
        self.ended = False

    def take(self, payload_bytes: int, body_bytes: int, *, last: bool) -> None:
        """Count one DATA frame.

        Raises:
            RuleError: of the stream.
        """
        self.window -= payload_bytes
        if self.window < 0:
            message = "DATA beyond the stream's window"
            raise stream_error(self.stream_id, "flow_control", "6.9.1", message, ErrorCode.FLOW_CONTROL_ERROR)
        self.received += body_bytes
        if self.content_length is not None:
            self.check_length(last=last)

    def check_length(self, *, last: bool) -> None:
        """Hold the body so far, or the whole of it, against content-length.

        Raises:
            RuleError: of the stream.
        """
        expected, received = self.content_length, self.received
        if expected is not None and (received > expected or (last and received < expected)):
            message = f"content-length says {expected} bytes, the body has {'' if last else 'at least '}{received}"
            raise stream_error(self.stream_id, "content_length", "8.1.1", message)


class InputWindows:
    """The window of a connection and the credit for its streams; WINDOW_UPDATE frames are appended to `out`.

    `withheld`: the connection gets no more credit.
    """

    __slots__ = ("_new", "_out", "_owed", "_raised", "_told", "_window", "withheld")

    def __init__(self, out: list[bytes | memoryview]) -> None:
        self._out = out
        self._window = DEFAULT_WINDOW
        self._owed = 0
        self._raised = False
        self._told = False
        self._new: list[StreamInput] = []
        self.withheld = False

    def raise_for(self, stream: StreamInput) -> None:
        """Grant a new stream its full window, with the first one the connection its own; `write` tells the client."""
        if not self._raised:
            self._raised = True
            self._window += CONNECTION_WINDOW - DEFAULT_WINDOW
        stream.window = STREAM_WINDOW
        self._new.append(stream)

    def _tell_new(self) -> None:
        if not self._told and not self.withheld:
            self._told = True
            self._out.append(window_update_frame(0, CONNECTION_WINDOW - DEFAULT_WINDOW))
        for stream in self._new:
            if not stream.ended and stream.portion == PORTION:
                self._out.append(window_update_frame(stream.stream_id, STREAM_WINDOW - DEFAULT_WINDOW))
        self._new.clear()

    def unpack(self, flags: int, payload: memoryview) -> memoryview:
        """The body bytes of a DATA frame, counted against the connection's window.

        Raises:
            RuleError: of the connection.
        """
        size = len(payload)
        self._window -= size
        if self._window < 0:
            message = "DATA beyond the connection's window"
            raise connection_error("flow_control", "6.9.1", message, ErrorCode.FLOW_CONTROL_ERROR)
        self._owed += size
        if not flags & PADDED:
            return payload
        if not size or payload[0] >= size:
            raise connection_error("padding", "6.1", "DATA with more padding than payload")
        return payload[1 : size - payload[0]]

    def write(self) -> None:
        """Credit the connection for what it has received: no sooner than the client can hear of it."""
        if self._new:
            self._tell_new()
        if self._owed > self._window and not self.withheld:
            self._out.append(window_update_frame(0, self._owed))
            self._window += self._owed
            self._owed = 0

    def consume(self, stream: StreamInput, octets: int) -> None:
        """Credit the stream for bytes that its receiver, or padding, has used up."""
        if stream.ended:
            return
        stream.owed += octets
        if stream.owed >= stream.portion:
            self._out.append(window_update_frame(stream.stream_id, stream.owed))
            stream.window += stream.owed
            stream.owed = 0
