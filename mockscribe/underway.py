"""A request under way, stream or not: what a connection tells it."""

from __future__ import annotations

import abc
from collections.abc import Mapping


class Exchange(abc.ABC):
    """One request with its response. `deadline` is the real time at which `tick` has work to do, or an earlier one."""

    deadline: float | None

    @property
    @abc.abstractmethod
    def done(self) -> bool:
        """Whether nothing can happen on it any more, in either direction."""

    @abc.abstractmethod
    def receive_body(self, data: bytes | memoryview, now: float) -> None:
        """Bytes of the request's body arrived; `work` takes them in."""

    @abc.abstractmethod
    def work(self, now: float) -> None:
        """Take in what has arrived, as far as the client lets our output out."""

    @abc.abstractmethod
    def receive_end(self, now: float) -> None:
        """The client ended its request body."""

    @abc.abstractmethod
    def receive_lost(self, reason: str, now: float) -> None:
        """The exchange is gone; nothing can be sent any more."""

    @abc.abstractmethod
    def record_violation(self, about: Mapping[str, object], now: float) -> None:
        """The client broke a rule of HTTP on it."""

    @abc.abstractmethod
    def tick(self, now: float) -> None:
        """The clock has moved; idempotent."""

    @abc.abstractmethod
    def shut_down(self, now: float) -> None:
        """The server stops."""

    @abc.abstractmethod
    def abandon(self) -> None:
        """A bug of ours broke it: let go of all that it held."""
