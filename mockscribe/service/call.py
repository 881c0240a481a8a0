"""One request for one operation, as its handler sees it; and how a handler refuses it.

A handler is a function of the call and of the operation's input to the operation's output, both by the model's member
names. It checks everything before it changes anything, so that a refused request leaves no trace.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

from mockscribe.config import Config
from mockscribe.errors import ServiceError
from mockscribe.service.model import service_model
from mockscribe.service.store import Store

Input: TypeAlias = Mapping[str, Any]
Output: TypeAlias = Mapping[str, Any]

DEFAULT_REGION = "us-east-1"
"""Own choice for a request whose signature names none; one of the two Regions that have all features (MODEL)."""


class Sessions(Protocol):
    """What handlers may know of an account's listening sessions."""

    @property
    def live_sessions(self) -> int:
        """How many have a stream at the moment."""

    def known_session(self, session_id: str) -> object | None:
        """The session of that id, or None."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, where and when.

    `time` is mock time, seconds; `wall` is the same instant in seconds since the epoch, for timestamps. `region` is
    the one of the request's credential scope. An account's resources are one set over all Regions (own choice): each
    keeps the ARN of the Region it was created in.
    """

    account: str
    region: str = DEFAULT_REGION
    store: Store
    config: Config
    time: float
    wall: float
    sessions: Sessions

    def epoch(self, time: float | None) -> float | None:
        """A mock time in seconds since the epoch; None stays None."""
        return None if time is None else self.wall + (time - self.time)

    def today(self) -> datetime.date:
        """The date in UTC."""
        return datetime.datetime.fromtimestamp(self.wall, datetime.UTC).date()

    def arn(self, resource: str) -> str:
        """The ARN of a new resource."""
        return arn(self.region, self.account, resource)


def arn(region: str, account: str, resource: str) -> str:
    """An ARN of this service (facts.md 8)."""
    return f"arn:aws:health-agent:{region}:{account}:{resource}"


Handler: TypeAlias = Callable[[Call, Input], Output]


def refusal(shape: str, message: str) -> ServiceError:
    """An error of the model with its status."""
    status = service_model().shapes[shape].status
    return ServiceError(shape, status or 500, message)


def not_found(what: str, name: str) -> ServiceError:
    """The error for something that is not there; the text is ours."""
    return refusal("ResourceNotFoundException", f"{what} {name} was not found.")
