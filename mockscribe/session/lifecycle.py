"""The legal life of a stream's input, and of a session over its streams, as two tables.

Everything absent from a table is illegal. This file knows no bytes, no time and no reply: it says what follows, or
raises `SequenceError` with what would have been legal.

Sources: UG-stream (one configurationEvent first, then audio, then END_OF_SESSION), ES-SPEC and RS-SIG (the signed empty
frame ends the input), HS-model (input closed without END_OF_SESSION pauses a session).
"""

from __future__ import annotations

import enum
from typing import Final

from mockscribe.errors import SequenceError


class Input(enum.Enum):
    """Where a stream's input stands; the value completes the sentence "… is not allowed <value>"."""

    FRESH = "before the configurationEvent"
    OPEN = "while the session is streaming"
    ENDED = "after END_OF_SESSION"
    COMPLETE = "after the final empty frame"


class Event(enum.Enum):
    """What a client can send, as the table sees it."""

    CONFIGURATION = "configurationEvent"
    AUDIO = "an audio event"
    END_OF_SESSION = "END_OF_SESSION"
    NOTHING = "a sessionControlEvent without a type"
    EMPTY_FRAME = "the final empty frame"


TABLE: Final[dict[tuple[Input, Event], Input]] = {
    (Input.FRESH, Event.CONFIGURATION): Input.OPEN,
    (Input.OPEN, Event.AUDIO): Input.OPEN,
    (Input.OPEN, Event.NOTHING): Input.OPEN,  # MODEL: `type` is optional; what it then means is not public
    (Input.OPEN, Event.END_OF_SESSION): Input.ENDED,
    (Input.OPEN, Event.EMPTY_FRAME): Input.COMPLETE,
    (Input.ENDED, Event.NOTHING): Input.ENDED,
    (Input.ENDED, Event.EMPTY_FRAME): Input.COMPLETE,
}


def follow(state: Input, event: Event) -> Input:
    """The state after `event`.

    Raises:
        SequenceError: the event is not legal in this state.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        legal = [known.value for (at, known) in TABLE if at is state and known is not Event.NOTHING]
        raise SequenceError(state.value, event.value, legal) from None


def takes_audio(state: Input) -> bool:
    """Whether audio is legal in this state and changes nothing: what is asked for each audio event."""
    return TABLE.get((state, Event.AUDIO)) is state


class Status(enum.Enum):
    """A session's streamStatus (MODEL); NEW is before the first accepted configuration, when the service has none."""

    NEW = "NEW"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Turn(enum.Enum):
    """What moves a session from one status to another."""

    CONFIGURED = "configured"
    ENDED = "ended"  # END_OF_SESSION was received
    LEFT = "left"  # the stream is over without END_OF_SESSION
    GIVEN_UP = "given up"  # the stream is over and the session cannot go on


SESSION_TABLE: Final[dict[tuple[Status, Turn], Status]] = {
    (Status.NEW, Turn.CONFIGURED): Status.IN_PROGRESS,
    (Status.NEW, Turn.LEFT): Status.NEW,
    (Status.NEW, Turn.GIVEN_UP): Status.NEW,
    (Status.IN_PROGRESS, Turn.ENDED): Status.COMPLETED,
    (Status.IN_PROGRESS, Turn.LEFT): Status.PAUSED,
    (Status.IN_PROGRESS, Turn.GIVEN_UP): Status.FAILED,
    (Status.PAUSED, Turn.CONFIGURED): Status.IN_PROGRESS,
    (Status.PAUSED, Turn.GIVEN_UP): Status.FAILED,
    (Status.PAUSED, Turn.LEFT): Status.PAUSED,
    (Status.COMPLETED, Turn.LEFT): Status.COMPLETED,
    (Status.COMPLETED, Turn.GIVEN_UP): Status.COMPLETED,
    (Status.FAILED, Turn.LEFT): Status.FAILED,
    (Status.FAILED, Turn.GIVEN_UP): Status.FAILED,
}


def turn(status: Status, event: Turn) -> Status:
    """The status after `event`; a pair that the table lacks is a fault of ours (KeyError)."""
    return SESSION_TABLE[status, event]
