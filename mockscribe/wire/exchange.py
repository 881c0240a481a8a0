"""What an HTTP exchange is to the rest: a head, body bytes, an end; and what may be done to it.

`http1.py` and `http2.py` turn a connection's bytes into the values below and obey the calls of `HttpConnection`;
nothing behind them knows which of the two it is. An exchange is numbered as its connection likes (HTTP/2: the
stream id; HTTP/1.1: 1, 2, 3…). This module knows no library and no service.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from mockscribe.wire.misbehaviour import Misbehaviour

Headers = tuple[tuple[str, str], ...]


class RequestHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a request.

    `target` is the path with its query as received; `authority` the `:authority` or `Host`, empty without either;
    `version` "2", "1.1" or "1.0"; header names are in lower case, pseudo-header fields are left out, values are
    ISO 8859-1 text.
    """

    method: str
    target: str
    scheme: str
    authority: str
    version: str
    headers: Headers

    def header(self, name: str) -> str | None:
        """The first value of the header `name` (lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


# ---- what was observed, in the order in which it happened


class RequestReceived(msgspec.Struct, frozen=True, kw_only=True):
    """A request began; `ended` when it has no body at all."""

    exchange: int
    head: RequestHead
    ended: bool


class BodyReceived(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bytes of a request's body, never empty. The receiver owes `HttpConnection.consume` for them."""

    exchange: int
    data: memoryview | bytes


class RequestEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The request is complete (after at least one event of its own: never for a request that came `ended`)."""

    exchange: int


class ExchangeLost(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange is over before its end and nothing can be sent on it any more.

    `reason` says in words what happened; `code` is the HTTP/2 error code of the RST_STREAM, if there was one;
    `by_client` is False when we ended it because a rule was broken (a `RuleBroken` came before).
    """

    exchange: int
    reason: str
    code: int | None
    by_client: bool


class OutputDrained(msgspec.Struct, frozen=True, kw_only=True):
    """The output of an exchange that had reached `OUTPUT_LIMIT` has fallen below half of it."""

    exchange: int


class GoAwayReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The client announced that it will open no further exchange; the open ones go on."""

    code: int


class RuleBroken(msgspec.Struct, frozen=True, kw_only=True):
    """The client broke a rule of HTTP.

    `exchange` is None when the connection as a whole is concerned; `rule` a short stable name (`flow_control`),
    `source` the clause (`RFC 9113, 6.9.1`), `offset` how many bytes of the connection (after TLS) came before it.
    """

    exchange: int | None
    rule: str
    source: str
    offset: int
    message: str


Observed = RequestReceived | BodyReceived | RequestEnded | ExchangeLost | OutputDrained | GoAwayReceived | RuleBroken


# ---- what leaves a connection


class Closing(enum.Enum):
    """How a connection ends after its last bytes."""

    EOF = "eof"  # half-close, let the client read, then close (linger)
    ABORT = "abort"  # close at once, whatever was not written
    RESET = "reset"  # reset the TCP connection at once
    ALERT = "alert"  # a fatal TLS alert, then as EOF; without TLS as RESET


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What to write now, and whether the connection ends after it: closing is data too."""

    data: bytes = b""
    closing: Closing | None = None


OUTPUT_LIMIT = 256 * 1024
"""Bytes of output that an exchange may keep because the client's window is shut, before its producer must pause.

Own choice: four full default windows; 1,000 stuck clients cost 256 MiB at most."""


class HttpConnection(Protocol):
    """One HTTP connection, without IO and without a clock; `now` is real time in seconds.

    No call raises for anything that a client does. The `send…` calls and `reset` on an exchange that is already over do
    nothing: whoever sends may not have heard of it yet.
    """

    version: str

    @property
    def reading(self) -> bool:
        """Whether the transport should go on reading; False while answers wait for a client that does not read them."""

    @property
    def aborted(self) -> bool:
        """Whether the connection is over, with nothing left to wait for: reset it even if it takes no bytes."""

    def receive_data(self, data: bytes, now: float) -> Sequence[Observed]:
        """Bytes arrived (after TLS). Body data may be memoryviews into `data`."""

    def receive_eof(self, now: float) -> Sequence[Observed]:
        """The client closed its half."""

    def tick(self, now: float) -> Sequence[Observed]:
        """The clock reached a deadline; idempotent."""

    def next_deadline(self) -> float | None:
        """When `tick` must be called, or None."""

    def send_head(self, exchange: int, status: int, headers: Headers) -> None:
        """Begin the response; names are in lower case. Without a content-length it ends by `end`."""

    def send(self, exchange: int, data: bytes) -> None:
        """Body bytes, kept until the client's windows let them out."""

    def end(self, exchange: int) -> None:
        """End the response after what was sent."""

    def reset(self, exchange: int, code: int) -> None:
        """End the exchange with RST_STREAM `code`, after what its windows let out; HTTP/1.1 aborts the connection."""

    def consume(self, exchange: int, octets: int) -> None:
        """So many body bytes were used up: the client may be granted as many more on this exchange."""

    def output_size(self, exchange: int) -> int:
        """Bytes sent on the exchange that are still kept here."""

    def go_away(self, code: int = 0) -> None:
        """Take no further exchange, let the open ones finish, then close."""

    def close(self) -> None:
        """End the connection in order after what its windows let out; open exchanges end with it."""

    def abort(self) -> None:
        """End the connection at once."""

    def misbehave(self, exchange: int, misbehaviour: Misbehaviour) -> None:
        """Do something wrong on purpose."""

    def data_to_send(self) -> Output:
        """Drain what is to be written."""
