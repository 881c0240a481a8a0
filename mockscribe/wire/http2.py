"""Bytes ⇄ exchanges over HTTP/2 (RFC 9113), with h2 behind it (`http2_states.py`).

Frames are split by us. DATA, WINDOW_UPDATE and received GOAWAY never reach h2: both directions' windows, padding,
content-length and END_STREAM are ours (`http2_input.py`, `http2_output.py`), and so are the frames of responses. Every
other frame of the client goes to h2, one at a time (given a whole read its state runs ahead of its events): header
blocks, settings, stream states and their rules are h2's. Of what it does not see it hears once, when a stream is over.

A limit of h2 that remains: a content-length which is no number, or is given twice and differs, ends the connection,
where RFC 9113, 8.1.1 asks for the stream alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from mockscribe.wire import http2_frames as frames
from mockscribe.wire.allowance import Allowance
from mockscribe.wire.ending import Ending
from mockscribe.wire.exchange import (
    BodyReceived,
    Closing,
    GoAwayReceived,
    Headers,
    Observed,
    Output,
    RequestReceived,
    RuleBroken,
)
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.http2_fields import check_trailers, request_head
from mockscribe.wire.http2_frames import PREFACE, ErrorCode, RuleError, connection_error, stream_error
from mockscribe.wire.http2_states import Block, H2States, Part
from mockscribe.wire.http2_streams import Streams
from mockscribe.wire.limits import DEFAULTS, Limits, Stopwatch
from mockscribe.wire.misbehaviour import (
    ChangeSettings,
    CloseNow,
    CloseSlowly,
    GoAway,
    HalfClose,
    IgnorePings,
    Misbehaviour,
    ResetConnection,
    SendAlert,
    StopReading,
    TinyWindow,
)

__all__ = ["PREFACE", "Http2Connection"]

UNSENT_FRAMES: Final = 4096
"""Frames that may wait for the transport before reading should stop; own choice: 70 kB of answers to PING."""


class Http2Connection(HttpConnection):
    """The server's side of one HTTP/2 connection; the calls are those of `HttpConnection`."""

    version = "2"

    def __init__(self, limits: Limits = DEFAULTS) -> None:
        self._limits = limits
        self._resets = Allowance(limits.reset_burst, limits.reset_rate)
        self._controls = Allowance(limits.control_burst, limits.control_rate)
        self._slow_head = Stopwatch(limits.head_seconds)
        self._idle = Stopwatch(limits.idle_seconds)
        self._out: list[bytes | memoryview] = []
        self._states = H2States(self._out, limits.max_concurrent_streams, limits.max_header_list_bytes)
        self._streams = Streams(self._states.close, self._out)
        self._splitter = frames.FrameSplitter()
        self._ending = Ending()
        self._draining = False  # our GOAWAY is out, open streams go on
        self._now = 0.0
        self._newest = 0  # the client's last stream
        self._started = False  # the client's SETTINGS came
        self._acknowledged = False  # ours are
        self._block_stream = 0  # whose header block is open; 0: none
        self._block_bytes = 0
        self._unended_trailers = False
        self._reads = True
        self._answers_pings = True

    # ---- bytes in

    @property
    def reading(self) -> bool:
        return self._reads and len(self._out) < UNSENT_FRAMES

    @property
    def aborted(self) -> bool:
        return self._ending.aborted

    def receive_data(self, data: bytes, now: float) -> Sequence[Observed]:
        self._now = self._streams.queue.now = now
        if not self._ending.begun:
            try:
                splitter = self._splitter
                splitter.feed(data)
                while splitter.advance():
                    try:
                        self._receive_frame(splitter.kind, splitter.flags, splitter.stream_id, splitter.payload)
                    except RuleError as error:
                        if error.stream is None:
                            raise
                        self._break_stream(error, error.stream)
            except RuleError as error:
                self._break_connection(error)
            self._slow_head.run(bool(self._block_stream) or not self._started, now)
        return self._streams.take_observed()

    def receive_eof(self, now: float) -> Sequence[Observed]:
        """The client closed its half: with nobody to open windows no stream can go on."""
        self._now = self._streams.queue.now = now
        if self._ending.begun:
            self._ending.receive_eof()
        else:
            self._streams.lose_all("the client closed the connection", by_client=True)
            self._end(Closing.EOF if self._out else Closing.ABORT)
        return self._streams.take_observed()

    def tick(self, now: float) -> Sequence[Observed]:
        self._now = self._streams.queue.now = now
        self._ending.tick(now)
        if not self._ending.begun:
            try:
                self._check_patience()
            except RuleError as error:
                self._break_connection(error)
        return self._streams.take_observed()

    def next_deadline(self) -> float | None:
        if self._streams.queue.drained:
            return self._now
        if self._ending.begun:
            return self._ending.deadline(self._now)
        due = self._slow_head.due
        if self._idle.due < due:
            due = self._idle.due
        if (stalled := self._stalled_until) < due:
            due = stalled
        return due if due < math.inf else None

    def _receive_frame(self, kind: int, flags: int, stream_id: int, payload: memoryview) -> None:
        if self._block_stream and (kind != frames.CONTINUATION or stream_id != self._block_stream):
            raise connection_error("header_block", "6.10", "A frame stands inside a header block")
        if not self._started and (kind != frames.SETTINGS or flags & frames.ACK):
            raise connection_error("first_frame", "3.4", "The client's first frame is not SETTINGS")
        match kind:
            case frames.DATA:
                self._receive_data_frame(flags, stream_id, payload)
            case frames.WINDOW_UPDATE:
                self._receive_window_update(stream_id, frames.window_increment(payload))
            case frames.HEADERS | frames.CONTINUATION:
                self._receive_header_frame(kind, flags, stream_id, payload)
            case frames.SETTINGS:
                self._receive_settings(flags, stream_id, payload)
            case frames.RST_STREAM:
                self._receive_rst_stream(flags, stream_id, payload)
            case frames.PING:
                self._spend(self._controls, "PING frames")
                if self._answers_pings:
                    self._states.receive(kind, flags, stream_id, payload)
            case frames.PRIORITY | frames.PUSH_PROMISE:
                self._spend(self._controls, "PRIORITY frames")
                self._states.receive(kind, flags, stream_id, payload)
            case frames.GOAWAY:
                self._receive_goaway(stream_id, payload)
            case _:  # RFC 9113, 5.5: frames of unknown types are ignored
                self._spend(self._controls, "frames of unknown types")

    def _receive_data_frame(self, flags: int, stream_id: int, payload: memoryview) -> None:
        body = self._streams.windows.unpack(flags, payload)
        stream = self._streams.get(stream_id)
        if stream is None or stream.input.ended:
            self._receive_late_data(stream_id)
            return
        size, octets, last = len(payload), len(body), bool(flags & frames.END_STREAM)
        stream.input.take(size, octets, last=last)
        if octets:
            self._streams.observed.append(BodyReceived(exchange=stream_id, data=body))
        elif not last:
            self._spend(self._controls, "empty DATA frames")
        if last:
            self._streams.end_request(stream)
        elif octets != size:
            self._streams.windows.consume(stream.input, size - octets)

    def _receive_late_data(self, stream_id: int) -> None:
        if self._is_idle(stream_id):
            raise connection_error("stream_state", "6.1", f"DATA on stream {stream_id}, which is not open")
        if not self._streams.was_reset(stream_id):
            message = "DATA on a stream that the client had ended"
            raise stream_error(stream_id, "stream_state", "5.1", message, ErrorCode.STREAM_CLOSED)
        self._spend(self._controls, "DATA frames on streams that were reset")

    def _receive_window_update(self, stream_id: int, increment: int) -> None:
        if stream_id == 0:
            self._streams.queue.widen(increment)
        elif (stream := self._streams.get(stream_id)) is not None:
            self._streams.queue.widen_stream(stream.output, increment)
        elif self._is_idle(stream_id):
            raise connection_error("stream_state", "5.1", f"WINDOW_UPDATE on stream {stream_id}, which is not open")

    def _receive_settings(self, flags: int, stream_id: int, payload: memoryview) -> None:
        self._spend(self._controls, "SETTINGS frames")
        if flags & frames.ACK and payload:
            message = "An acknowledgement of SETTINGS that is not empty"
            raise connection_error("settings_frame", "6.5", message, ErrorCode.FRAME_SIZE_ERROR)
        self._states.receive(frames.SETTINGS, flags, stream_id, payload)
        self._started = True
        if flags & frames.ACK:
            self._acknowledged = True
            return
        self._streams.apply_settings(*self._states.client_settings())

    def _receive_goaway(self, stream_id: int, payload: memoryview) -> None:
        if stream_id:
            raise connection_error("goaway_frame", "6.8", "GOAWAY on a stream")
        if len(payload) < 8:
            message = "A GOAWAY frame of less than 8 bytes"
            raise connection_error("goaway_frame", "6.8", message, ErrorCode.FRAME_SIZE_ERROR)
        self._streams.observed.append(GoAwayReceived(code=int.from_bytes(payload[4:8], "big")))

    def _receive_rst_stream(self, flags: int, stream_id: int, payload: memoryview) -> None:
        if stream_id and self._is_idle(stream_id):  # h2 would let it pass
            raise connection_error("stream_state", "6.4", f"RST_STREAM on stream {stream_id}, which is not open")
        self._spend(self._resets, "streams reset")
        self._states.receive(frames.RST_STREAM, flags, stream_id, payload)
        stream = self._streams.get(stream_id)
        if stream is not None:
            code = int.from_bytes(payload, "big")
            reason = f"the client reset the stream with {frames.code_name(code)}"
            self._streams.lose(stream, reason, code, by_client=True)

    def _is_idle(self, stream_id: int) -> bool:
        return stream_id > self._newest or not stream_id & 1

    # ---- header blocks

    def _receive_header_frame(self, kind: int, flags: int, stream_id: int, payload: memoryview) -> None:
        if kind == frames.HEADERS:
            self._slow_head.run(False, self._now)  # another one may have begun in the same read
            self._block_bytes = 0
            self._unended_trailers = not flags & frames.END_STREAM and self._streams.get(stream_id) is not None
            if self._unended_trailers:
                flags |= frames.END_STREAM  # h2 would end the connection; we end the stream once the block is complete
        elif not self._block_stream:
            raise connection_error("header_block", "6.10", "CONTINUATION without a header block to continue")
        else:
            self._spend(self._controls, "CONTINUATION frames")
        self._block_bytes += len(payload)
        if self._block_bytes > self._limits.max_header_list_bytes:
            message = f"A header block of more than {self._limits.max_header_list_bytes} bytes"
            raise connection_error("header_list_size", "10.5.1", message, ErrorCode.ENHANCE_YOUR_CALM)
        self._block_stream = 0 if flags & frames.END_HEADERS else stream_id
        block = self._states.receive_headers(kind, flags, stream_id, payload)
        if block is None:
            return
        if block.part is Part.REQUEST:
            self._receive_request(stream_id, block)
        elif block.part is Part.TRAILERS:
            self._receive_trailers(stream_id, block)
        elif self._streams.get(stream_id) is not None:
            raise _after_end(stream_id)
        elif self._streams.was_reset(stream_id):
            self._spend(self._controls, "HEADERS frames on streams that were reset")
        else:
            message = f"HEADERS on stream {stream_id}, which is over"
            raise connection_error("stream_state", "5.1", message, ErrorCode.STREAM_CLOSED)

    def _receive_request(self, stream_id: int, block: Block) -> None:
        self._newest = stream_id
        if self._draining or len(self._streams) >= self._limits.max_concurrent_streams:
            self._streams.refuse(stream_id, ErrorCode.REFUSED_STREAM)
            if self._acknowledged and not self._draining:  # else the client could not know better
                message = f"More than {self._limits.max_concurrent_streams} streams at once; this one was refused"
                self._tell("max_concurrent_streams", "5.1.2", message, stream_id)
            return
        stream = self._streams.open(stream_id)
        head = request_head(block.fields, stream_id)
        length = head.header("content-length")
        stream.input.content_length = None if length is None else int(length)  # h2 has seen to it that it is a number
        ended = stream.input.ended = block.ended
        if ended:
            stream.input.check_length(last=True)
        else:
            self._streams.windows.raise_for(stream.input)
            if (head.header("expect") or "").lower() == "100-continue":
                self._streams.expect_continue(stream)
        stream.announced = True
        self._streams.observed.append(RequestReceived(exchange=stream_id, head=head, ended=ended))

    def _receive_trailers(self, stream_id: int, block: Block) -> None:
        stream = self._streams.get(stream_id)
        assert stream is not None  # h2 has heard of all that are over
        if stream.input.ended:
            raise _after_end(stream_id)
        if self._unended_trailers:
            raise stream_error(stream_id, "trailers", "8.1", "A second HEADERS frame without END_STREAM")
        check_trailers(block.fields, stream_id)
        stream.input.check_length(last=True)
        self._streams.end_request(stream)

    # ---- patience

    @property
    def _stalled_until(self) -> float:
        """When the stream that has waited longest for the client has done so for too long."""
        stalled, seconds = self._streams.queue.stalled, self._limits.stalled_seconds
        return next(iter(stalled.values())) + seconds if stalled and seconds else math.inf

    def _check_patience(self) -> None:
        """End what the client has left alone for too long.

        Raises:
            RuleError: of the connection.
        """
        now = self._now
        while self._stalled_until <= now:
            stream_id = next(iter(self._streams.queue.stalled))
            code = ErrorCode.CANCEL if self._streams.output_size(stream_id) else ErrorCode.NO_ERROR  # RFC 9113, 8.1
            what = "window has been shut" if code else "request has not ended after its response"
            message = f"The stream's {what} for {self._limits.stalled_seconds:g} seconds"
            self._break_stream(stream_error(stream_id, "stalled_stream", "10.5", message, code), stream_id)
        if self._slow_head.due <= now:
            message = f"A head that takes more than {self._limits.head_seconds:g} seconds"
            raise connection_error("slow_head", "10.5", message, ErrorCode.ENHANCE_YOUR_CALM)
        if self._idle.due <= now:  # RFC 9113, 9.1: no offence
            message = f"The connection was idle for {self._limits.idle_seconds:g} seconds"
            self._out.append(frames.goaway_frame(self._newest, ErrorCode.NO_ERROR, message))
            self._end(Closing.EOF)

    # ---- broken rules

    def _spend(self, allowance: Allowance, what: str) -> None:
        if not allowance.spend(self._now):
            message = f"Too many {what}: more than {allowance.burst} at once or {allowance.rate:g} a second"
            raise connection_error("flood", "10.5", message, ErrorCode.ENHANCE_YOUR_CALM)

    def _tell(self, rule: str, clause: str, message: str, exchange: int | None) -> None:
        source, offset = f"RFC 9113, {clause}", self._splitter.offset
        self._streams.observed.append(
            RuleBroken(exchange=exchange, rule=rule, source=source, offset=offset, message=message)
        )

    def _break_stream(self, error: RuleError, stream_id: int) -> None:
        self._tell(error.rule, error.clause, error.message, stream_id)
        stream = self._streams.get(stream_id)
        if stream is None:
            self._out.append(frames.rst_stream_frame(stream_id, error.code))
        else:
            self._streams.refuse(stream_id, error.code)
            self._streams.lose(stream, error.message, error.code, by_client=False)
        self._spend(self._resets, "broken streams")

    def _break_connection(self, error: RuleError) -> None:
        self._tell(error.rule, error.clause, error.message, None)
        self._out.append(frames.goaway_frame(self._newest, error.code, error.message))
        self._streams.lose_all(error.message, by_client=False)
        self._end(Closing.EOF)

    def _end(self, closing: Closing) -> None:
        self._draining = False
        self._ending.begin(closing)

    # ---- what is done to exchanges

    def send_head(self, exchange: int, status: int, headers: Headers) -> None:
        self._streams.send_head(exchange, status, headers)

    def send(self, exchange: int, data: bytes) -> None:
        self._streams.send(exchange, data)

    def end(self, exchange: int) -> None:
        self._streams.end(exchange)

    def reset(self, exchange: int, code: int) -> None:
        self._streams.reset(exchange, code)

    def consume(self, exchange: int, octets: int) -> None:
        self._streams.consume(exchange, octets)

    def output_size(self, exchange: int) -> int:
        return self._streams.output_size(exchange)

    # ---- bytes out

    def go_away(self, code: int = 0, last_stream: int | None = None) -> None:
        if not self._ending.begun:
            self._streams.write()
            last_stream = self._newest if last_stream is None else last_stream
            self._out.append(frames.goaway_frame(last_stream, code, ""))  # h2 would refuse open streams after its own
            self._draining = True

    def close(self) -> None:
        if not self._ending.begun:
            self._streams.write()
            self._streams.reset_all(ErrorCode.NO_ERROR)
            self._end(Closing.EOF)

    def abort(self) -> None:
        self._end_early(Closing.ABORT)

    def _end_early(self, closing: Closing) -> None:
        self._streams.write()
        self._streams.abandon()
        self._end(closing)

    def misbehave(self, exchange: int, misbehaviour: Misbehaviour) -> None:
        if self._ending.begun:
            return
        match misbehaviour:
            case GoAway(code=code, last_stream=last_stream, close=close):
                self.go_away(code, last_stream)
                if close:
                    self._end_early(Closing.EOF)
            case ChangeSettings(settings=settings):
                self._streams.write()
                self._out.append(frames.settings_frame(settings))
            case IgnorePings():
                self._answers_pings = False
            case StopReading():
                self._reads = False
            case HalfClose():
                self._ending.half_closing = True
            case CloseSlowly(seconds=seconds):
                self._ending.delay_seconds = seconds
                self.go_away()
            case CloseNow():
                self._end_early(Closing.EOF)
            case ResetConnection():
                self._end_early(Closing.RESET)
            case SendAlert():
                self._end_early(Closing.ALERT)
            case TinyWindow(octets=octets):
                self._out.append(frames.settings_frame({frames.INITIAL_WINDOW_SIZE: octets}))
                self._streams.misbehave(exchange, misbehaviour)
            case _:
                self._streams.misbehave(exchange, misbehaviour)

    def data_to_send(self) -> Output:
        if not self._ending.begun:
            self._streams.windows.write()
        self._streams.write()
        self._idle.run(not self._streams, self._now)
        if self._draining and not self._streams:
            self._end(Closing.EOF)
        if self._ending.half_closed:
            self._out.clear()
        data = b"".join(self._out)
        self._out.clear()
        return Output(data=data, closing=self._ending.announce())


def _after_end(stream_id: int) -> RuleError:
    message = "HEADERS on a stream that the client had ended"
    return stream_error(stream_id, "stream_state", "5.1", message, ErrorCode.STREAM_CLOSED)
