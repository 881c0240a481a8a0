"""The open streams of an HTTP/2 connection: their life, their input, their responses.

Turns what is done to exchanges into frames, as far as windows let them out, and tells what became of each exchange.
Knows nothing of h2 and of the frames that come in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, assert_never

from mockscribe.wire.exchange import ExchangeLost, Headers, Observed, OutputDrained, RequestEnded
from mockscribe.wire.http2_fields import NO_TABLE, encode_fields
from mockscribe.wire.http2_frames import header_frames, rst_stream_frame
from mockscribe.wire.http2_input import PORTION, InputWindows, StreamInput
from mockscribe.wire.http2_output import OutputQueue, StreamOutput
from mockscribe.wire.misbehaviour import CutData, EndWithTrailers, TinyWindow, WithholdWindow

REMEMBERED_RESETS: Final = 1000
"""Streams reset by us that are remembered, so as to ignore what was under way on them; own choice, as many as a client
may have reset at once."""


CONTINUE: Final = encode_fields(((":status", "100"),))


class Stream:
    """One stream; `announced` once somebody knows of its exchange."""

    __slots__ = ("announced", "id", "input", "output", "responded", "response_ended")

    def __init__(self, stream_id: int, output: StreamOutput) -> None:
        self.id = stream_id
        self.input = StreamInput(stream_id)
        self.output = output
        self.announced = False
        self.responded = False
        self.response_ended = False


class Streams:
    """The streams of one connection. `observed` collects what happened, frames are appended to `out`.

    `close` hears of each stream that both sides have ended, or that we reset.
    """

    def __init__(self, close: Callable[[int], None], out: list[bytes | memoryview]) -> None:
        self.windows = InputWindows(out)
        self.queue = OutputQueue(out)
        self.observed: list[Observed] = []
        self._close = close
        self._out = out
        self._tables = True  # the client may take us to keep a dynamic table of HPACK
        self._open: dict[int, Stream] = {}
        self._expecting: list[Stream] = []
        self._reset_by_us: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, stream_id: int) -> Stream | None:
        """The stream, while it is open."""
        return self._open.get(stream_id)

    def take_observed(self) -> Sequence[Observed]:
        """Drain what happened."""
        observed, drained = self.observed, self.queue.drained
        if drained:
            observed.extend(OutputDrained(exchange=stream_id) for stream_id in drained if stream_id in self._open)
            drained.clear()
        self.observed = []
        return observed

    # ---- the life of a stream

    def open(self, stream_id: int) -> Stream:
        """A stream that the client has opened."""
        stream = self._open[stream_id] = Stream(stream_id, self.queue.open(stream_id))
        return stream

    def expect_continue(self, stream: Stream) -> None:
        """The client waits for 100 Continue (RFC 9110, 10.1.1): it goes out unless the response comes first."""
        self._expecting.append(stream)

    def apply_settings(self, initial_window: int, max_frame_bytes: int) -> None:
        """The client's SETTINGS came.

        Raises:
            RuleError: of the connection.
        """
        self._tables = True
        self.queue.max_frame_bytes = max_frame_bytes
        self.queue.resize(initial_window, (stream.output for stream in self._open.values()))

    def end_request(self, stream: Stream) -> None:
        """The client's END_STREAM came."""
        stream.input.ended = True
        self.observed.append(RequestEnded(exchange=stream.id))
        self._forget_if_over(stream)

    def lose(self, stream: Stream, reason: str, code: int | None, *, by_client: bool) -> None:
        """The stream ended before its time."""
        self._forget(stream)
        if stream.announced:
            self.observed.append(ExchangeLost(exchange=stream.id, reason=reason, code=code, by_client=by_client))

    def lose_all(self, reason: str, *, by_client: bool) -> None:
        """Every stream did."""
        for stream in tuple(self._open.values()):
            self.lose(stream, reason, None, by_client=by_client)

    def refuse(self, stream_id: int, code: int) -> None:
        """Reset a stream, open here or refused before it was."""
        self._out.append(rst_stream_frame(stream_id, code))
        self._close(stream_id)
        self._reset_by_us[stream_id] = None
        if len(self._reset_by_us) > REMEMBERED_RESETS:
            del self._reset_by_us[next(iter(self._reset_by_us))]

    def was_reset(self, stream_id: int) -> bool:
        """Whether we have reset the stream, as far as we remember."""
        return stream_id in self._reset_by_us

    def _forget_if_over(self, stream: Stream) -> None:
        if stream.input.ended and stream.response_ended:
            self._forget(stream)
            self._close(stream.id)

    def _forget(self, stream: Stream) -> None:
        del self._open[stream.id]
        stream.input.ended = True
        self.queue.drop(stream.output)

    # ---- what is done to exchanges

    def send_head(self, exchange: int, status: int, headers: Headers) -> None:
        """Begin the response."""
        stream = self._open.get(exchange)
        if stream is None or stream.responded:
            return
        stream.output.head = encode_fields(((":status", str(status)), *headers))
        stream.responded = True
        self.queue.schedule(stream.output)

    def send(self, exchange: int, data: bytes) -> None:
        """Keep body bytes until the windows let them out."""
        stream = self._open.get(exchange)
        if stream is not None and data and self._may_send(stream):
            self.queue.put(stream.output, data)

    def end(self, exchange: int) -> None:
        """End the response after what was sent."""
        stream = self._open.get(exchange)
        if stream is not None and self._may_send(stream):
            stream.output.ending = True
            self.queue.schedule(stream.output)

    def _may_send(self, stream: Stream) -> bool:
        """Whether its response has begun and not been ended, in words or in frames."""
        output = stream.output
        return stream.responded and not output.ending and output.trailers is None and not stream.response_ended

    def reset(self, exchange: int, code: int) -> None:
        """End the stream after what its windows let out."""
        stream = self._open.get(exchange)
        if stream is None:
            return
        output = stream.output
        ending = output.ending or output.trailers is not None
        while output.head is not None or self.queue.room(output) > 0 or (ending and not output.size):
            self._write_turn(output)
            ending = output.ending or output.trailers is not None
        if exchange in self._open:
            self._forget(stream)
            self.refuse(exchange, code)

    def reset_all(self, code: int) -> None:
        """End every stream so."""
        for exchange in tuple(self._open):
            self.reset(exchange, code)

    def misbehave(self, exchange: int, misbehaviour: CutData | WithholdWindow | TinyWindow | EndWithTrailers) -> None:
        """Do something wrong on purpose."""
        stream = self._open.get(exchange)
        if stream is None:
            return
        match misbehaviour:
            case CutData(octets=octets):
                while stream.output.head is not None or self.queue.room(stream.output) > 0:
                    self._write_turn(stream.output)
                stream.output.most = octets
            case WithholdWindow(connection=connection):
                stream.input.portion = math.inf
                self.windows.withheld = self.windows.withheld or connection
            case TinyWindow(octets=octets):
                stream.input.portion = float(min(octets, PORTION - 1))
            case EndWithTrailers(fields=fields):
                if self._may_send(stream):
                    stream.output.trailers = encode_fields(fields)
                    self.queue.schedule(stream.output)
            case _:
                assert_never(misbehaviour)

    def consume(self, exchange: int, octets: int) -> None:
        """Body bytes were used up."""
        stream = self._open.get(exchange)
        if stream is not None:
            self.windows.consume(stream.input, octets)

    def output_size(self, exchange: int) -> int:
        """Bytes that wait for the client's windows or for the transport."""
        stream = self._open.get(exchange)
        return 0 if stream is None else stream.output.size

    def abandon(self) -> None:
        """Forget every stream; nobody needs to be told."""
        for stream in tuple(self._open.values()):
            self._forget(stream)

    # ---- frames out

    def write(self) -> None:
        """Give every stream its turns, until all is written or waits for a window."""
        if self._expecting:
            self._write_continues()
        while (output := self.queue.next_turn()) is not None:
            self._write_turn(output)

    def _write_continues(self) -> None:
        for stream in self._expecting:
            if stream.id in self._open and not stream.responded and not stream.input.received:
                self._write_block(stream.id, CONTINUE, last=False)
        self._expecting.clear()

    def _write_block(self, stream_id: int, block: bytes, *, last: bool) -> None:
        if self._tables:
            self._tables = False
            block = NO_TABLE + block
        self._out.append(header_frames(stream_id, block, self.queue.max_frame_bytes, last=last))

    def _write_turn(self, output: StreamOutput) -> None:
        """The head if that is due, and one DATA frame if the windows allow it."""
        stream_id, ended = output.stream_id, False
        if output.head is not None:
            ended = output.ending and not output.size
            self._write_block(stream_id, output.head, last=ended)
            output.head = None
        if not ended and self.queue.cut(output):
            ended = True
        elif output.trailers is not None and not output.size:
            ended = True
            self._write_block(stream_id, output.trailers, last=True)
        if ended:
            stream = self._open[stream_id]
            stream.response_ended = True
            output.ending = False
            output.trailers = None
            self._forget_if_over(stream)
            if not stream.input.ended:
                self.queue.stalled[stream_id] = self.queue.now
