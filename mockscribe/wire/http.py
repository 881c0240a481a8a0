"""What a connection does whichever HTTP it speaks: the calls that `http1.py` and `http2.py` obey."""

from __future__ import annotations

import abc
from collections.abc import Sequence

from mockscribe.wire.exchange import Headers, Observed, Output
from mockscribe.wire.misbehaviour import Misbehaviour


class HttpConnection(abc.ABC):
    """One HTTP connection, without IO and without a clock; `now` is real time in seconds.

    No call raises for anything that a client does. The `send…` calls and `reset` on an exchange that is already over do
    nothing: whoever sends may not have heard of it yet.
    """

    version: str

    @property
    @abc.abstractmethod
    def reading(self) -> bool:
        """Whether the transport should go on reading; False while answers wait for a client that does not read them."""

    @property
    @abc.abstractmethod
    def aborted(self) -> bool:
        """Whether the connection is over, with nothing left to wait for: reset it even if it takes no bytes."""

    @abc.abstractmethod
    def receive_data(self, data: bytes, now: float) -> Sequence[Observed]:
        """Bytes arrived (after TLS). Body data may be memoryviews into `data`."""

    @abc.abstractmethod
    def receive_eof(self, now: float) -> Sequence[Observed]:
        """The client closed its half."""

    @abc.abstractmethod
    def tick(self, now: float) -> Sequence[Observed]:
        """The clock reached a deadline; idempotent."""

    @abc.abstractmethod
    def next_deadline(self) -> float | None:
        """When `tick` must be called, or None."""

    @abc.abstractmethod
    def send_head(self, exchange: int, status: int, headers: Headers) -> None:
        """Begin the response; names are in lower case. Without a content-length it ends by `end`."""

    @abc.abstractmethod
    def send(self, exchange: int, data: bytes) -> None:
        """Body bytes, kept until the client's windows let them out."""

    @abc.abstractmethod
    def end(self, exchange: int) -> None:
        """End the response after what was sent."""

    @abc.abstractmethod
    def reset(self, exchange: int, code: int) -> None:
        """End the exchange with RST_STREAM `code`, after what its windows let out; HTTP/1.1 aborts the connection."""

    @abc.abstractmethod
    def consume(self, exchange: int, octets: int) -> None:
        """So many body bytes were used up: the client may be granted as many more on this exchange."""

    @abc.abstractmethod
    def output_size(self, exchange: int) -> int:
        """Bytes sent on the exchange that are still kept here."""

    @abc.abstractmethod
    def go_away(self, code: int = 0) -> None:
        """Take no further exchange, let the open ones finish, then close."""

    @abc.abstractmethod
    def close(self) -> None:
        """End the connection in order after what its windows let out; open exchanges end with it."""

    @abc.abstractmethod
    def abort(self) -> None:
        """End the connection at once."""

    @abc.abstractmethod
    def misbehave(self, exchange: int, misbehaviour: Misbehaviour) -> None:
        """Do something wrong on purpose."""

    @abc.abstractmethod
    def data_to_send(self) -> Output:
        """Drain what is to be written."""
