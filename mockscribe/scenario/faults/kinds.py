"""A kind of fault: an entry of the vocabulary, of which parser, JSON Schema and documentation are made. Pure."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from mockscribe.scenario.faults.actions import Action, Mode
from mockscribe.scenario.faults.parameters import FRAMES, POSITION, PROBABILITY, SERVER_NAME, Parameter
from mockscribe.scenario.model import Fault
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment
from mockscribe.wire.tls import Flaw

Event = TranscriptSegment | OutputEvent | OutputException | OutputError


class Layer(enum.Enum):
    """Where a fault bites; the value is its heading in the documentation."""

    BEFORE = "before the stream"
    MESSAGE = "a message"
    DELIVERY = "delivery"
    HTTP = "HTTP"
    TCP = "TCP"
    TLS = "TLS"
    PRESET = "presets"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a fault acts with: its parameters (parsed, defaults filled in), its byte, chance, the time of day."""

    parameters: Mapping[str, Any]
    byte: int | None
    chance: random.Random
    wall: float

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]


Act = Callable[[Setting], Sequence[Action | Mode]]
Change = Callable[[Setting, bytes, Event], Sequence[Action | Mode] | None]


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the table; exactly one of these says what it does:

    `act` on the stream; `change` to a frame (None: not to this one); `expand` into other faults; `flaw` of a handshake.

    `ends_stream` says that nothing can follow. `places` are the positions that it takes. `frames` is how many frames it
    acts on by itself, None for a fault that acts once. `http1` is False where HTTP/1.1 has no counterpart.
    """

    layer: Layer
    about: str
    example: Mapping[str, Any]
    parameters: Mapping[str, Parameter] = {}
    act: Act | None = None
    change: Change | None = None
    expand: Callable[[Mapping[str, Any]], Sequence[Fault]] | None = None
    flaw: Flaw | None = None
    ends_stream: bool = False
    places: tuple[str, ...] = ("attempt", "at_audio", "after_time", "after_events")
    frames: int | Literal["all"] | None = None
    http1: bool = True

    @property
    def keys(self) -> Mapping[str, Parameter]:
        """All that a script may write: its own parameters, then where, how likely and on how many frames it acts."""
        keys = {**self.parameters, **{name: POSITION[name] for name in self.places}}
        if self.expand is None:
            keys["probability"] = PROBABILITY
        if self.change is not None or "byte" in self.places:
            keys["frames"] = FRAMES
        if self.flaw is not None:
            keys["server_name"] = SERVER_NAME
        return keys


EVERYWHERE = ("attempt", "at_audio", "after_time", "after_events", "byte")
"""The places of a fault that can act within a frame."""
