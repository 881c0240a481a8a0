"""What a player answers, as values. Pure."""

from __future__ import annotations

import enum

import msgspec

from mockscribe.scenario.model import End, Fault, Step
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment

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
