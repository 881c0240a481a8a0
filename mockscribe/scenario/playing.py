"""How a session is given its lines: the contract of scenario and echo. Pure."""

from __future__ import annotations

import abc
import random
import uuid
from collections.abc import Callable, Mapping, Sequence

from mockscribe.scenario.intents import Intent, StepReport
from mockscribe.scenario.model import Fault
from mockscribe.scenario.moment import Moment
from mockscribe.session.heard import Heard


class Player(abc.ABC):
    """Whatever decides what a session says: a scenario, or an echo.

    `needs_levels`: whether `receive` wants the levels of what was heard.
    """

    needs_levels: bool

    @property
    @abc.abstractmethod
    def finished(self) -> bool:
        """After END_OF_SESSION: nothing more will come."""

    @abc.abstractmethod
    def leading_faults(self, attempt: int) -> tuple[Fault, ...]:
        """The faults that apply before the response of this attempt; asking consumes them."""

    @abc.abstractmethod
    def begin(self, roles: Mapping[str, str], moment: Moment) -> Sequence[Intent]:
        """A configuration was accepted, on the first stream or on a resumed one; `roles` give channel ids."""

    @abc.abstractmethod
    def receive(self, heard: Heard, octets: int, moment: Moment) -> Sequence[Intent]:
        """An audio event came; `moment` is after it."""

    @abc.abstractmethod
    def tick(self, moment: Moment) -> Sequence[Intent]:
        """Mock time has moved; idempotent."""

    @abc.abstractmethod
    def end_of_session(self, moment: Moment) -> Sequence[Intent]:
        """The client sent END_OF_SESSION."""

    @abc.abstractmethod
    def input_closed(self, moment: Moment) -> Sequence[Intent]:
        """The client ended its request body."""

    @abc.abstractmethod
    def next_deadline(self) -> int | None:
        """The mock time at which `tick` has something to say."""

    @abc.abstractmethod
    def report(self) -> Sequence[StepReport]:
        """What became of each step."""


def segment_ids(rng: random.Random) -> Callable[[], str]:
    """Segment ids as random UUIDs (facts 14 row 13), repeatable with the generator."""
    return lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4))
