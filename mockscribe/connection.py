"""The belt: one client connection, as calls without IO.

    receive_data(data, now)   bytes arrived
    receive_eof(now)          the client closed its half
    tick(now)                 the clock reached a deadline; idempotent
    next_deadline()           when to call `tick`, or None
    data_to_send()            what to write, and whether the connection ends after it

and `lost(now)` when the transport is gone. What the client speaks is told apart by what it sends: a first byte of 0x16
is TLS; inside it or without it the HTTP/2 preface or HTTP/1.1. Only this module decides what a broken rule of HTTP
means for streams, and it never lets an exception out.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from mockscribe import caller, listening, routes, unary
from mockscribe.account import Account
from mockscribe.entries import Kind, Origin
from mockscribe.mock import DEFAULT_ACCOUNT, Mock
from mockscribe.service import restjson
from mockscribe.underway import Exchange
from mockscribe.wire.ending import Ending
from mockscribe.wire.exchange import (
    BodyReceived,
    Closing,
    ExchangeLost,
    GoAwayReceived,
    Observed,
    Output,
    OutputDrained,
    RequestEnded,
    RequestReceived,
    RuleBroken,
)
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.http1 import Http1Connection, looks_like_http1
from mockscribe.wire.http2 import PREFACE, Http2Connection
from mockscribe.wire.limits import Stopwatch
from mockscribe.wire.tls import Flaw, TlsLayer

TLS_HANDSHAKE: Final = 0x16  # RFC 8446, 5.1: the record type of a ClientHello
INTERNAL_ERROR: Final = 0x2  # RFC 9113, 7


class Connection:
    """One client connection.

    `tls_context` gives the context for a client that speaks TLS; `on_error` hears of exceptions that are bugs of ours,
    `on_warning` of what the person who runs the mock should know (a failed handshake with its cure).
    """

    def __init__(
        self,
        mock: Mock,
        now: float,
        *,
        tls_context: Callable[[], ssl.SSLContext],
        on_warning: Callable[[str], None],
        on_error: Callable[[BaseException], None],
        peer: str = "",
    ) -> None:
        self.mock = mock
        self.number = mock.next_connection()
        self.peer = peer
        self.secure = False
        self._tls_context = tls_context
        self._on_warning = on_warning
        self._on_error = on_error
        self._tls: TlsLayer | None = None
        self._http: HttpConnection | None = None
        self._sniffed = b""
        self._received = 0
        self._exchanges: dict[int, Exchange] = {}
        self._accounts: dict[str, Account] = {}
        self._opened = now
        self._ending = Ending()  # of a connection that has no HTTP, or that is ended from outside
        self._silent = Stopwatch(mock.limits.head_seconds)  # until the client has said what it speaks
        self._silent.run(True, now)
        self._blocked = Stopwatch(mock.limits.stalled_seconds)  # while the transport takes no more
        self._now = now
        self._lost = False

    # ---- the five calls

    def receive_data(self, data: bytes, now: float) -> None:
        """Bytes arrived from the client."""
        self._now = now
        if self._ending.begun:
            return
        self._received += len(data)
        if self._tls is None and self._http is None and not self._sniffed and data[:1] == bytes((TLS_HANDSHAKE,)):
            self.secure = True
            self._tls = TlsLayer(self._tls_context(), self._choose_flaw)
        if self._tls is None:
            self._receive_plain(data, now)
            return
        if plain := self._tls.receive_data(data):
            self._receive_plain(plain, now)
        if self._tls.failure is not None:
            self._tls_failed(self._tls.failure, now)
        elif self._tls.eof:
            self._plain_eof(now)

    def receive_eof(self, now: float) -> None:
        """The client closed its half of the TCP connection."""
        self._now = now
        if self._ending.begun:
            self._ending.receive_eof()
        elif self._tls is not None and not self._tls.handshake_complete:
            self._tls_failed("the client left during the TLS handshake", now)
        else:
            self._plain_eof(now)

    def tick(self, now: float) -> None:
        """The clock reached a deadline."""
        self._now = now
        self._ending.tick(now)
        if self._lost:
            return
        self._check_patience(now)
        if self._http is None:
            return
        self._observe(self._http.tick(now), now)
        for exchange, stream in tuple(self._exchanges.items()):
            if stream.deadline is not None and stream.deadline <= now:
                self._guard(exchange, stream, stream.tick, now)

    def next_deadline(self) -> float | None:
        """The earliest real time at which `tick` has something to do."""
        if self._lost:
            return None
        first = self._patience if (due := self._ending.deadline(self._now)) is None else due
        if self._http is not None and (due := self._http.next_deadline()) is not None and due < first:
            first = due
        for stream in self._exchanges.values():
            due = stream.deadline
            if due is not None and due < first:
                first = due
        return first if first < math.inf else None

    def data_to_send(self) -> Output:
        """Drain what is to be written now."""
        if self._http is None:
            data = self._tls.data_to_send() if self._tls is not None else b""
            return Output(data=data, closing=self._ending.announce())
        output = self._http.data_to_send()
        closing = self._ending.announce() or output.closing
        if self._tls is None:
            if closing is None:
                return output
            return Output(data=output.data, closing=Closing.RESET if closing is Closing.ALERT else closing)
        if output.data:
            self._tls.send(output.data)
        if closing is not None:
            closing = self._end_tls(closing)
        return Output(data=self._tls.data_to_send(), closing=closing)

    def _end_tls(self, closing: Closing) -> Closing:
        """Say the last words of TLS; returns how the connection ends after them."""
        assert self._tls is not None
        if closing is Closing.EOF:
            self._tls.close()
        elif closing is Closing.ALERT:
            self._tls.alert()
            closing = Closing.EOF
            self._ending.begin(closing)  # what the client answers is no fault of its own
        return closing

    # ---- what the one who runs it may ask

    @property
    def reading(self) -> bool:
        """Whether the transport should go on reading; False while answers wait for a client that does not read them."""
        return self._http is None or self._http.reading

    @property
    def aborted(self) -> bool:
        """Whether it is over, with nothing left to wait for: the transport must be reset even if it takes no bytes."""
        return self._ending.aborted or (self._http is not None and self._http.aborted)

    def refuse(self, now: float) -> None:
        """There are too many connections: reset this one."""
        limit = self.mock.config.connections
        message = f"More than {limit} connections at once; this one was reset"
        self._record_violation({"rule": "connections", "source": "--connections", "offset": 0, "message": message}, now)
        self._ending.begin(Closing.RESET)

    def pause(self, now: float) -> None:
        """The transport takes no more until the client reads."""
        self._blocked.run(True, now)

    def resume(self, now: float) -> None:
        """It takes more again."""
        self._blocked.run(False, now)

    def wake(self, now: float) -> None:
        """Something else than its bytes or its deadlines gave it work: tick every stream."""
        self._now = now
        if self._http is not None:
            self._observe(self._http.tick(now), now)
        for exchange, stream in tuple(self._exchanges.items()):
            self._guard(exchange, stream, stream.tick, now)

    def go_away(self) -> None:
        """Take no further request, let the open ones finish, then close."""
        if self._http is not None:
            self._http.go_away()
        else:
            self._ending.begin(Closing.ABORT)

    def shut_down(self, now: float) -> None:
        """End every open stream with an exception, and then the connection in order."""
        self._now = now
        for exchange, stream in tuple(self._exchanges.items()):
            self._guard(exchange, stream, stream.shut_down, now)
        if self._http is not None:
            self._http.close()
        else:
            self._ending.begin(Closing.ABORT)
        for exchange in tuple(self._exchanges):
            self._lose(exchange, "the server has shut down", now)

    def abort(self) -> None:
        """End it now."""
        self._ending.begin(Closing.ABORT)

    @property
    def idle(self) -> bool:
        """Whether no stream is open."""
        return not self._exchanges

    def lost(self, now: float) -> None:
        """The transport is gone: end every stream and free what the connection held."""
        if self._lost:
            return
        self._lost = True
        for exchange in tuple(self._exchanges):
            self._lose(exchange, "the connection was lost", now)
        about = {"peer": self.peer}
        for account in self._accounts.values():
            account.record(now, self._origin(account), Kind.CONNECTION_CLOSED, 0, about)
        self._http = None
        self._tls = None

    @property
    def _patience(self) -> float:
        """When the client has said nothing or taken nothing in for too long."""
        if self._ending.begun:
            return math.inf
        if self._http is None and (self._tls is None or self._tls.flaw is not Flaw.STALL):  # a stall is our own doing
            return min(self._silent.due, self._blocked.due)
        return self._blocked.due

    def _check_patience(self, now: float) -> None:
        """End a connection whose client has lost ours."""
        if self._patience > now:
            return
        about: dict[str, object] = {"offset": self._received}
        if self._blocked.due > now:
            what = "TLS handshake" if self._tls is not None and not self._tls.handshake_complete else "first bytes"
            text = f"The {what} took more than {self._silent.seconds:g} seconds"
            self._record_violation({"rule": "slow_start", "source": "--head-timeout", "message": text, **about}, now)
            self._ending.begin(Closing.EOF)
        else:
            text = f"The client has read nothing for {self._blocked.seconds:g} seconds"
            about = {"rule": "unread_output", "source": "--stalled-timeout", "message": text, **about}
            self._record_violation(about, now)
            for exchange in tuple(self._exchanges):
                self._lose(exchange, text, now)
            self._ending.begin(Closing.ABORT)

    # ---- TLS and sniffing

    def _choose_flaw(self, name: str | None) -> Flaw | None:
        return self.mock.choose_flaw(self.number, name, self._now)

    def _tls_failed(self, cause: str, now: float) -> None:
        """TLS is beyond repair; the alert that says so still leaves."""
        assert self._tls is not None
        if self._tls.flaw is not None and not self._tls.handshake_complete:  # as it was to be
            self._ending.begin(Closing.EOF)
            return
        if not self._tls.handshake_complete:
            text = (
                f"TLS handshake with {self.peer or 'a client'} failed: {cause}. If the client does not trust "
                "the mock's certificate: let it trust the file that `mockscribe ca` prints (SSL_CERT_FILE, "
                "NODE_EXTRA_CA_CERTS, AWS_CA_BUNDLE or the SDK's own setting)."
            )
            self._on_warning(text)
        about = {"rule": "tls", "source": "RFC 8446", "offset": self._received, "message": cause}
        self._record_violation(about, now)
        if self._http is not None:
            self._observe(self._http.receive_eof(now), now)
        self._ending.begin(Closing.EOF)

    def _plain_eof(self, now: float) -> None:
        if self._http is not None:
            self._observe(self._http.receive_eof(now), now)
        else:
            self._ending.begin(Closing.ABORT)

    def _receive_plain(self, data: bytes, now: float) -> None:
        if self._http is None:
            data = self._sniffed + data
            if self._tls is not None and self._tls.alpn == "h2":
                self._http = self._http2()
            elif PREFACE.startswith(data[: len(PREFACE)]):
                if len(data) < len(PREFACE):
                    self._sniffed = data
                    return
                self._http = self._http2()
            else:
                is_http1 = looks_like_http1(data)
                if is_http1 is None:
                    self._sniffed = data
                    return
                self._http = Http1Connection(self.mock.limits, secure=self.secure) if is_http1 else self._http2()
            self._sniffed = b""
        self._observe(self._http.receive_data(data, now), now)

    def _http2(self) -> HttpConnection:
        return Http2Connection(self.mock.limits)

    # ---- what was observed

    def _observe(self, observed: Sequence[Observed], now: float) -> None:
        """Take in what happened. All body bytes of one read are worked on at once, if nothing comes in between."""
        fed: dict[int, Exchange] = {}
        for event in observed:
            if type(event) is BodyReceived:
                if (stream := self._exchanges.get(event.exchange)) is not None:
                    stream.receive_body(event.data, now)
                    fed[event.exchange] = stream
                elif self._http is not None:
                    self._http.consume(event.exchange, len(event.data))
                continue
            self._work(fed, now)
            match event:
                case RequestReceived():
                    self._request(event, now)
                case RequestEnded(exchange=exchange):
                    if (stream := self._exchanges.get(exchange)) is not None:
                        self._guard(exchange, stream, stream.receive_end, now)
                case OutputDrained(exchange=exchange):
                    if (stream := self._exchanges.get(exchange)) is not None:
                        self._guard(exchange, stream, stream.work, now)
                case ExchangeLost(exchange=exchange, reason=reason):
                    self._lose(exchange, reason, now)
                case RuleBroken():
                    self._broken(event, now)
                case GoAwayReceived() | BodyReceived():
                    pass
                case _:
                    assert_never(event)
        self._work(fed, now)

    def _work(self, fed: dict[int, Exchange], now: float) -> None:
        for exchange, stream in fed.items():
            if exchange in self._exchanges:  # unless it was lost meanwhile
                try:  # as `_guard` does, whose arguments would be put into a tuple for each read
                    stream.work(now)
                except Exception as error:
                    self._broke(exchange, stream, error)
                self._forget_if_done(exchange, stream)
        fed.clear()

    def _request(self, request: RequestReceived, now: float) -> None:
        http = self._http
        assert http is not None
        try:
            exchange: Exchange | None
            route = restjson.match_route(request.head.method, request.head.target)
            if route is None:
                routes.answer(self.mock, http, request)
                return
            account = self.mock.account(caller.access_key_id(request.head), now)
            self._introduce(account, http.version)
            if route[0].name == restjson.LISTENING_SESSION:
                exchange = listening.start(self.mock, account, self, http, request, now)
            else:
                exchange = unary.start(self.mock, account, self, http, request, route, now, self._on_error)
        except Exception as error:
            self._on_error(error)
            http.reset(request.exchange, INTERNAL_ERROR)
            return
        if exchange is not None:
            self._exchanges[request.exchange] = exchange
            self._forget_if_done(request.exchange, exchange)
        elif request.head.version != "2" and request.ended:
            self._on_warning(
                f"{self.peer or 'a client'} called StartMedicalScribeListeningSession over HTTP/1.1 without a body; "
                "its SDK may report success with no events. Point it at the https:// endpoint, so that it speaks "
                "HTTP/2."
            )

    def _introduce(self, account: Account, version: str) -> None:
        """Tell an account of the connection before its first request on it."""
        if self._accounts.get(account.id) is not account:  # new here, or reset
            self._accounts[account.id] = account
            about = {"peer": self.peer, "tls": self.secure, "version": version}
            account.record(self._opened, self._origin(account), Kind.CONNECTION_OPENED, 0, about)

    def _broken(self, event: RuleBroken, now: float) -> None:
        stream = self._exchanges.get(event.exchange) if event.exchange is not None else None
        about = {"rule": event.rule, "source": event.source, "offset": event.offset, "message": event.message}
        if stream is not None:
            stream.record_violation(about, now)
            return
        self._record_violation(about, now)

    def _record_violation(self, about: Mapping[str, object], now: float) -> None:
        """Of the connection as a whole: told to every account that it has served, or else to the default one."""
        for account in self._accounts.values() or (self.mock.account(DEFAULT_ACCOUNT, now),):
            account.violation(now, self._origin(account), about)

    def _lose(self, exchange: int, reason: str, now: float) -> None:
        stream = self._exchanges.pop(exchange, None)
        if stream is not None:
            self._guard(exchange, stream, stream.receive_lost, reason, now)

    def _forget_if_done(self, exchange: int, stream: Exchange) -> None:
        """A stream whose response has ended is kept until its request ends: what still arrives belongs to it."""
        if stream.done:
            self._exchanges.pop(exchange, None)

    def _guard(self, exchange: int, stream: Exchange, call: Callable[..., None], *arguments: object) -> None:
        """Run a stream's code; a bug of ours ends that stream alone."""
        try:
            call(*arguments)
        except Exception as error:
            self._broke(exchange, stream, error)
        self._forget_if_done(exchange, stream)

    def _broke(self, exchange: int, stream: Exchange, error: Exception) -> None:
        self._on_error(error)
        stream.abandon()
        if self._http is not None:
            self._http.reset(exchange, INTERNAL_ERROR)

    def _origin(self, account: Account) -> Origin:
        return Origin(account=account.id, connection=self.number)
