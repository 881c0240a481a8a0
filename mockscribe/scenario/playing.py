"""What a player is told of, and what it answers: the contract of scenario and echo. Pure."""

from __future__ import annotations

import enum
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from mockscribe.scenario.model import End, Fault, Step
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment
from mockscribe.session.heard import Heard


class Moment(msgspec.Struct, frozen=True, gc=False):
    """Where the session's audio clock and the account's mock time stand."""

    audio_us: int
    time_us: int


Intent = TranscriptSegment | OutputEvent | OutputException | OutputError | Fault | End
"""What the mock shall do. After an exception, an End, or a fault that ends the stream nothing follows in an answer."""


class StepStatus(enum.Enum):
    """How far a step has come."""

    WAITING = "waiting"
    ARMED = "armed"
    SPEAKING = "speaking"
    FINISHED = "finished"
    MISSED = "missed"


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step: `fired` counts how often it began."""

    step: Step
    status: StepStatus
    fired: int


class Player(Protocol):
    """Whatever decides what a session says: a scenario, or an echo."""

    @property
    def needs_levels(self) -> bool:
        """Whether `receive` wants the levels of what was heard."""

    @property
    def finished(self) -> bool:
        """After END_OF_SESSION: nothing more will come."""

    def leading_faults(self, attempt: int) -> tuple[Fault, ...]:
        """The faults that apply before the response of this attempt; asking consumes them."""

    def begin(self, roles: Mapping[str, str], moment: Moment) -> Sequence[Intent]:
        """A configuration was accepted, on the first stream or on a resumed one; `roles` give channel ids."""

    def receive(self, heard: Heard, octets: int, moment: Moment) -> Sequence[Intent]:
        """An audio event came; `moment` is after it."""

    def tick(self, moment: Moment) -> Sequence[Intent]:
        """Mock time has moved; idempotent."""

    def end_of_session(self, moment: Moment) -> Sequence[Intent]:
        """The client sent END_OF_SESSION."""

    def input_closed(self, moment: Moment) -> Sequence[Intent]:
        """The client ended its request body."""

    def next_deadline(self) -> int | None:
        """The mock time at which `tick` has something to say."""

    def report(self) -> Sequence[StepReport]:
        """What became of each step."""


def segment_ids(rng: random.Random) -> Callable[[], str]:
    """Segment ids as random UUIDs (facts 14 row 13), repeatable with the generator."""
    return lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4))
