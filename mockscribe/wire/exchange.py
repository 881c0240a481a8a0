"""What an HTTP exchange is to the rest, as values: a head, body bytes, an end.

`http1.py` and `http2.py` turn a connection's bytes into the values below, and obey the calls of `http.py`; nothing
behind them knows which of the two it is. An exchange is numbered as its connection likes (HTTP/2: the stream id;
HTTP/1.1: 1, 2, 3…). This module knows no library and no service.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

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


OUTPUT_LIMIT: Final = 256 * 1024
"""Bytes of output that an exchange may keep because the client's window is shut, before its producer must pause.

Own choice: four full default windows; 1,000 stuck clients cost 256 MiB at most."""
