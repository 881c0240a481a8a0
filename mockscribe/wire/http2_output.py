"""What waits to be sent on the streams of an HTTP/2 connection: windows, turns, DATA frames (RFC 9113, 5.2 and 6.9).

Streams take turns, one frame each, so that a long response does not hold up a short one. A stream whose own window is
shut waits alone; when the connection's window is shut, heads and empty ends still pass. Knows no h2 and no requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from mockscribe.wire.exchange import OUTPUT_LIMIT
from mockscribe.wire.http2_frames import (
    DATA,
    DEFAULT_WINDOW,
    END_STREAM,
    FRAME_HEADER,
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    ErrorCode,
    connection_error,
    stream_error,
)


class StreamOutput:
    """The output of one stream. `window` is what the client lets out, negative after it has shrunk its SETTINGS.

    `most` is what its DATA frames may have at most, whatever SETTINGS_MAX_FRAME_SIZE allows. `head` and `trailers` are
    header blocks; the latter end it once all is written.
    """

    __slots__ = ("chunks", "ending", "full", "head", "most", "queued", "size", "stream_id", "trailers", "window")

    def __init__(self, stream_id: int, window: int) -> None:
        self.stream_id = stream_id
        self.window = window
        self.most = MAX_WINDOW
        self.trailers: bytes | None = None
        self.head: bytes | None = None
        self.chunks: deque[bytes | memoryview] = deque()
        self.size = 0
        self.ending = False
        self.full = False
        self.queued = False


class OutputQueue:
    """The outputs of a connection and whose turn it is; frames are appended to `out`.

    `window` is the connection's, `max_frame_bytes` the client's SETTINGS_MAX_FRAME_SIZE; `drained` collects the streams
    whose output has fallen below half of `OUTPUT_LIMIT` after it had reached it. `stalled` has the streams that wait
    for their client with the time since when, oldest first; `now` is what they are stamped with.
    """

    __slots__ = (
        "_out",
        "_ready",
        "_starved",
        "drained",
        "initial_window",
        "max_frame_bytes",
        "now",
        "stalled",
        "window",
    )

    def __init__(self, out: list[bytes | memoryview]) -> None:
        self._out = out
        self.window = DEFAULT_WINDOW
        self.initial_window = DEFAULT_WINDOW
        self.max_frame_bytes = MAX_FRAME_BYTES
        self.drained: list[int] = []
        self.stalled: dict[int, float] = {}
        self.now = 0.0
        self._ready: deque[StreamOutput] = deque()
        self._starved: list[StreamOutput] = []

    def open(self, stream_id: int) -> StreamOutput:
        """The output of a new stream."""
        return StreamOutput(stream_id, self.initial_window)

    def put(self, output: StreamOutput, data: bytes) -> None:
        """Keep body bytes until their turn."""
        output.chunks.append(data)
        output.size += len(data)
        if output.size >= OUTPUT_LIMIT:
            output.full = True
        self.schedule(output)

    def schedule(self, output: StreamOutput) -> None:
        """Give the stream a turn."""
        if not output.queued:
            output.queued = True
            self._ready.append(output)

    def drop(self, output: StreamOutput) -> None:
        """Forget what the stream has not sent; it is over."""
        output.head = None
        output.chunks.clear()
        output.size = 0
        output.ending = False
        output.trailers = None
        self.stalled.pop(output.stream_id, None)
        if output in self._starved:
            self._starved.remove(output)

    def next_turn(self) -> StreamOutput | None:
        """The stream whose turn it is, until all have had theirs or wait for a window."""
        if not self._ready:
            return None
        output = self._ready.popleft()
        output.queued = False
        return output

    def widen(self, increment: int) -> None:
        """The client opened the connection's window.

        Raises:
            RuleError: of the connection.
        """
        if not increment:
            raise connection_error("window_update_frame", "6.9", "A WINDOW_UPDATE of 0 on the connection")
        self.window += increment
        if self.window > MAX_WINDOW:
            message = "A connection window of more than 2^31-1"
            raise connection_error("flow_control", "6.9.1", message, ErrorCode.FLOW_CONTROL_ERROR)
        starved, self._starved = self._starved, []
        self._ready.extend(starved)

    def widen_stream(self, output: StreamOutput, increment: int) -> None:
        """The client opened a stream's window.

        Raises:
            RuleError: of the stream.
        """
        if not increment:
            message = "A WINDOW_UPDATE of 0 on a stream"
            raise stream_error(output.stream_id, "window_update_frame", "6.9", message)
        output.window += increment
        if output.window > MAX_WINDOW:
            message = "A stream window of more than 2^31-1"
            raise stream_error(output.stream_id, "flow_control", "6.9.1", message, ErrorCode.FLOW_CONTROL_ERROR)
        if output.size:
            self.schedule(output)

    def resize(self, initial_window: int, outputs: Iterable[StreamOutput]) -> None:
        """The client's SETTINGS changed the initial window, and with it that of every open stream (6.9.2).

        Raises:
            RuleError: of the connection.
        """
        change = initial_window - self.initial_window
        self.initial_window = initial_window
        for output in outputs:
            output.window += change
            if output.window > MAX_WINDOW:
                message = "SETTINGS_INITIAL_WINDOW_SIZE makes a stream's window larger than 2^31-1"
                raise connection_error("flow_control", "6.9.2", message, ErrorCode.FLOW_CONTROL_ERROR)
            if output.size:
                self.schedule(output)

    def room(self, output: StreamOutput) -> int:
        """How many of its bytes the stream may send in one frame now; not above zero when a window is shut."""
        room = output.size
        if not room:
            return 0
        for limit in (output.window, self.window, self.max_frame_bytes, output.most):
            if limit < room:
                room = limit
        return room

    def cut(self, output: StreamOutput) -> bool:
        """Append the stream's next DATA frame, if a window allows one; whether it carries END_STREAM."""
        room = self.room(output)
        if room <= 0 and output.size:
            self.stalled.setdefault(output.stream_id, self.now)
            if output.window > 0 and not output.queued:
                output.queued = True
                self._starved.append(output)
            return False
        last = output.ending and room == output.size
        if not room and not last:
            return False
        if self.stalled:
            self.stalled.pop(output.stream_id, None)
        out = self._out
        out.append(FRAME_HEADER.pack(room >> 8, room & 0xFF, DATA, END_STREAM if last else 0, output.stream_id))
        self.window -= room
        output.window -= room
        output.size -= room
        chunks = output.chunks
        while room:
            chunk = chunks.popleft()
            if len(chunk) > room:
                view = memoryview(chunk)
                chunks.appendleft(view[room:])
                chunk = view[:room]
            out.append(chunk)
            room -= len(chunk)
        if output.full and output.size < OUTPUT_LIMIT // 2:
            output.full = False
            self.drained.append(output.stream_id)
        if output.size:
            self.schedule(output)
        return last
