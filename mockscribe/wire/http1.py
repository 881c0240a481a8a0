"""Bytes ⇄ exchanges over HTTP/1.1 (RFC 9112); the only importer of h11.

Full duplex: a response may begin, and end, before its request does. One exchange at a time; a pipelined request waits
until the one before it has its response. `Upgrade: h2c` is not taken up (RFC 9110, 7.8 leaves that to the server).
HTTP/1.1 has no windows: what a client sends too early waits in its own socket once `reading` is False.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from typing import Any, assert_never, cast

import h11

from mockscribe.wire.ending import Ending
from mockscribe.wire.exchange import (
    OUTPUT_LIMIT,
    BodyReceived,
    Closing,
    ExchangeLost,
    Headers,
    Observed,
    Output,
    OutputDrained,
    RequestEnded,
    RequestHead,
    RequestReceived,
    RuleBroken,
)
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.limits import DEFAULTS, Limits, Stopwatch
from mockscribe.wire.misbehaviour import (
    ChangeSettings,
    CloseNow,
    CloseSlowly,
    CutData,
    EndWithTrailers,
    GoAway,
    HalfClose,
    IgnorePings,
    Misbehaviour,
    ResetConnection,
    SendAlert,
    StopReading,
    TinyWindow,
    WithholdWindow,
)

INPUT_LIMIT = 1_048_576
"""Body bytes not used up, or of pipelined requests, at which reading should stop; as the window of HTTP/2 streams."""

FIRST_LINE_LIMIT = 8_000
"""Bytes without an end of line that are still waited for; RFC 9112, 3 recommends supporting request lines this long."""


_REFUSALS = {408: ("slow_head", "RFC 9110, 15.5.9"), 431: ("head_size", "RFC 6585, 5")}


def looks_like_http1(first_bytes: bytes) -> bool | None:
    """Whether a connection that begins so speaks HTTP/1; None while its first line is incomplete.

    A first line without ` HTTP/1.` is taken for a broken preface of HTTP/2, which deserves a GOAWAY, not a 400.
    """
    line, newline, _ = first_bytes.lstrip(b"\r\n").partition(b"\n")  # RFC 9112, 2.2: empty lines may come first
    if not newline and len(first_bytes) < FIRST_LINE_LIMIT:
        return None
    return b" HTTP/1." in line


class _Response(enum.Enum):
    NONE = enum.auto()
    BEGUN = enum.auto()
    ENDED = enum.auto()


class Http1Connection(HttpConnection):
    """The server's side of one HTTP/1.1 connection; the calls are those of `HttpConnection`.

    `secure` tells the scheme of its requests.
    """

    version = "1.1"

    def __init__(self, limits: Limits = DEFAULTS, *, secure: bool = False) -> None:
        self._scheme = "https" if secure else "http"
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.max_header_list_bytes)
        self._slow_head = Stopwatch(limits.head_seconds)
        self._idle = Stopwatch(limits.idle_seconds)
        self._unfinished = Stopwatch(limits.stalled_seconds)
        self._ending = Ending()
        self._now = 0.0
        self._received_bytes = 0
        self._exchange = 0
        self._head: RequestHead | None = None  # received, and not yet known whether a body follows
        self._active = False  # the exchange was announced and is not over
        self._request_ended = False
        self._response = _Response.NONE
        self._unused_bytes = 0  # of the body
        self._has_body = True  # whether its response has one: HEAD's has not, whatever is sent
        self._paused = False  # bytes of the next request wait in h11
        self._client_closed = False
        self._draining = False
        self._next_waits = False  # and may be looked at
        self._full = False
        self._drained = False
        self._observed: list[Observed] = []
        self._reads = True
        self._withholds = False
        self._most = 0  # bytes of a chunk; 0: any number
        self._out: list[bytes] = []
        self._out_bytes = 0

    # ---- bytes in

    @property
    def reading(self) -> bool:
        pipelined = len(self._h11.trailing_data[0]) if self._paused else 0
        return self._reads and self._unused_bytes < INPUT_LIMIT and pipelined < INPUT_LIMIT

    @property
    def aborted(self) -> bool:
        return self._ending.aborted

    def receive_data(self, data: bytes, now: float) -> Sequence[Observed]:
        self._now = now
        if not self._ending.begun and not self._client_closed and data:
            self._received_bytes += len(data)
            self._h11.receive_data(data)
            self._advance()
        return self._take_observed()

    def receive_eof(self, now: float) -> Sequence[Observed]:
        """The client closed its half: a complete request still gets its response."""
        self._now = now
        self._client_closed = True
        if self._ending.begun:
            self._ending.receive_eof()
        else:
            self._h11.receive_data(b"")
            self._advance(at_eof=True)
        return self._take_observed()

    def tick(self, now: float) -> Sequence[Observed]:
        self._now = now
        self._ending.tick(now)
        if self._next_waits:
            self._advance()
        if not self._ending.begun:
            self._check_patience()
        return self._take_observed()

    def next_deadline(self) -> float | None:
        if self._drained or self._next_waits:
            return self._now
        if self._ending.begun:
            return self._ending.deadline(self._now)
        due = min(self._slow_head.due, self._idle.due, self._unfinished.due)
        return due if due < math.inf else None

    def _check_patience(self) -> None:
        """End the connection if the client has left it alone for too long."""
        if self._unfinished.due <= self._now:
            message = f"The request has not ended {self._unfinished.seconds:g} seconds after its response"
            self._tell("stalled_stream", "RFC 9112, 9.5", message)
            self._lose(message, by_client=False)
            self._end_connection()
        elif self._slow_head.due <= self._now:
            self._refuse(f"A head that takes more than {self._slow_head.seconds:g} seconds", 408)
            self._end_connection()
        elif self._idle.due <= self._now:  # RFC 9112, 9.5: no offence
            self._end_connection()

    def _take_observed(self) -> Sequence[Observed]:
        if self._drained:
            self._drained = False
            if self._active:
                self._observed.append(OutputDrained(exchange=self._exchange))
        observed, self._observed = self._observed, []
        return observed

    def _advance(self, *, at_eof: bool = False) -> None:
        """Take in what h11 has."""
        self._next_waits = self._paused = False
        while not self._ending.begun:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                if at_eof:
                    self._lose("the client closed the connection in mid-request", by_client=True)
                else:
                    self._announce(ended=False)
                    told = str(error).partition(": bytearray(")[0]  # h11 repeats the line, which may be Authorization's
                    self._refuse(told, error.error_status_hint)
                self._end_connection()
                return
            if isinstance(event, h11.Request):
                self._head = self._request_head(event)
            elif isinstance(event, h11.EndOfMessage):
                self._end_request()
            elif isinstance(event, h11.Data):
                self._announce(ended=False)
                body = memoryview(cast(Any, event).data)  # h11 says bytes, and gives a bytearray
                self._unused_bytes += len(body)
                self._observed.append(BodyReceived(exchange=self._exchange, data=body))
            elif isinstance(event, h11.ConnectionClosed):
                if not self._active:
                    self._end_connection()
                return
            else:  # NEED_DATA or PAUSED
                self._announce(ended=False)
                self._paused = event is h11.PAUSED
                self._slow_head.run(not self._active and bool(self._h11.trailing_data[0]), self._now)
                return

    def _request_head(self, request: h11.Request) -> RequestHead:
        self._has_body = request.method != b"HEAD"
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers)
        target = request.target.decode("latin-1")
        authority = next((value for name, value in headers if name == "host"), "")
        if target.startswith(("http://", "https://")):  # RFC 9112, 3.2.2: the absolute form overrides Host
            authority, slash, path = target.partition("://")[2].partition("/")
            target = slash + path or "/"
        return RequestHead(
            method=request.method.decode("latin-1"),
            target=target,
            scheme=self._scheme,
            authority=authority,
            version=request.http_version.decode("latin-1"),
            headers=headers,
        )

    def _announce(self, *, ended: bool) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._exchange += 1
            self._active = True
            self._request_ended = ended
            self._response = _Response.NONE
            self._unused_bytes = 0
            self._observed.append(RequestReceived(exchange=self._exchange, head=head, ended=ended))
            if head.header("transfer-encoding") is not None and head.header("content-length") is not None:
                # h11 goes by Transfer-Encoding alone, as it should; but somebody on the way may have gone by the other,
                # so that what follows is not what it seems.
                self._draining = True
                message = "The request has both Transfer-Encoding and Content-Length; the connection closes after it"
                self._tell("two_lengths", "RFC 9112, 6.1", message)

    def _end_request(self) -> None:
        if self._head is not None:
            self._announce(ended=True)
            return
        self._request_ended = True
        self._observed.append(RequestEnded(exchange=self._exchange))
        self._finish_exchange()

    # ---- ends and broken rules

    def _finish_exchange(self) -> None:
        """Both sides may have ended: go on with the next request, or close."""
        if self._response is not _Response.ENDED:
            return
        if self._h11.our_state is not h11.DONE or (self._draining and self._request_ended):
            if not self._request_ended:
                self._lose("the response ended, and with it the connection", by_client=False)
            self._end_connection()
        elif self._request_ended:
            self._active = False
            self._has_body = True
            self._h11.start_next_cycle()
            data, closed = self._h11.trailing_data
            self._next_waits = bool(data) or closed

    def _tell(self, rule: str, source: str, message: str) -> None:
        offset = self._received_bytes - len(self._h11.trailing_data[0])
        exchange = self._exchange if self._active else None
        self._observed.append(RuleBroken(exchange=exchange, rule=rule, source=source, offset=offset, message=message))

    def _refuse(self, message: str, status: int) -> None:
        self._tell(*_REFUSALS.get(status, ("malformed_request", "RFC 9112, 2.2")), message)
        if not self._active or self._response is _Response.NONE:
            body = f"{message}\n".encode("latin-1", "replace")
            headers = [("content-type", "text/plain"), ("content-length", str(len(body))), ("connection", "close")]
            self._write(h11.Response(status_code=status, headers=headers))
            if self._has_body:
                self._write(h11.Data(data=body))
            self._write(h11.EndOfMessage())
        self._lose(message, by_client=False)

    def _lose(self, reason: str, *, by_client: bool) -> None:
        if self._active:
            self._active = False
            self._observed.append(ExchangeLost(exchange=self._exchange, reason=reason, code=None, by_client=by_client))

    def _end_connection(self) -> None:
        self._active = False
        self._ending.begin(Closing.ABORT if self._client_closed and not self._out else Closing.EOF)

    # ---- what is done to exchanges

    def send_head(self, exchange: int, status: int, headers: Headers) -> None:
        if not self._is_open(exchange, _Response.NONE):
            return
        fields = list(headers)
        if self._draining:
            fields.append(("connection", "close"))
        self._response = _Response.BEGUN
        self._write(h11.Response(status_code=status, headers=fields))

    def send(self, exchange: int, data: bytes) -> None:
        if data and self._has_body and self._is_open(exchange, _Response.BEGUN):
            for start in range(0, len(data), self._most or len(data)):
                self._write(h11.Data(data=data[start : start + (self._most or len(data))]))
            self._full = self._full or self._out_bytes >= OUTPUT_LIMIT

    def end(self, exchange: int) -> None:
        self._end(exchange, ())

    def _end(self, exchange: int, trailers: Headers) -> None:
        if self._is_open(exchange, _Response.BEGUN):
            self._response = _Response.ENDED
            self._write(h11.EndOfMessage(headers=list(trailers)))
            self._finish_exchange()

    def reset(self, exchange: int, code: int) -> None:
        if self._active and exchange == self._exchange:
            self._active = False
            self._ending.begin(Closing.RESET)

    def consume(self, exchange: int, octets: int) -> None:
        if exchange == self._exchange and not self._withholds:
            self._unused_bytes -= octets

    def output_size(self, exchange: int) -> int:
        return self._out_bytes if self._active and exchange == self._exchange else 0

    def _is_open(self, exchange: int, response: _Response) -> bool:
        return self._active and exchange == self._exchange and self._response is response

    # ---- bytes out

    def go_away(self, code: int = 0) -> None:
        self._draining = True
        if not self._active and not self._ending.begun:
            self._end_connection()

    def close(self) -> None:
        if not self._ending.begun:
            self._end_connection()

    def abort(self) -> None:
        self._active = False
        self._ending.begin(Closing.ABORT)

    def misbehave(self, exchange: int, misbehaviour: Misbehaviour) -> None:
        if self._ending.begun or exchange != self._exchange:
            return
        match misbehaviour:
            case CutData(octets=octets):
                self._most = octets
            case WithholdWindow():
                self._withholds = True
            case EndWithTrailers(fields=fields):
                self._end(exchange, fields)
            case GoAway(close=False):
                self.go_away()
            case GoAway() | CloseNow():
                self._active = False
                self._ending.begin(Closing.EOF)
            case StopReading():
                self._reads = False
            case HalfClose():
                self._ending.half_closing = True
            case CloseSlowly(seconds=seconds):
                self._ending.delay_seconds = seconds
                self.go_away()
            case ResetConnection():
                self._active = False
                self._ending.begin(Closing.RESET)
            case SendAlert():
                self._active = False
                self._ending.begin(Closing.ALERT)
            case TinyWindow() | ChangeSettings() | IgnorePings():
                pass  # HTTP/1.1 has no such thing
            case _:
                assert_never(misbehaviour)

    def data_to_send(self) -> Output:
        if self._h11.they_are_waiting_for_100_continue and self._is_open(self._exchange, _Response.NONE):
            self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        self._idle.run(not self._active, self._now)
        self._unfinished.run(self._active and self._response is _Response.ENDED, self._now)
        data = b"".join(self._out) if not self._ending.half_closed else b""
        self._out.clear()
        self._out_bytes = 0
        if self._full:
            self._full = False
            self._drained = True
        return Output(data=data, closing=self._ending.announce())

    def _write(self, event: h11.Event) -> None:
        for piece in self._h11.send_with_data_passthrough(event) or ():
            self._out.append(piece)
            self._out_bytes += len(piece)
