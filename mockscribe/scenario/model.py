"""What a scenario is: frozen values, complete at birth.

Durations and positions are whole microseconds (`_us`): of audio where the name says audio, else of mock time. Text
becomes these values in `script.py`; `player.py` performs them. This module knows no YAML and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

# ---- triggers: when an armed step begins


class AtAudio(msgspec.Struct, frozen=True, kw_only=True):
    """The session's audio clock shows `audio_us` (in the past: now)."""

    audio_us: int


class AfterAudio(msgspec.Struct, frozen=True, kw_only=True):
    """So much audio came since the step was armed."""

    audio_us: int


class AfterTime(msgspec.Struct, frozen=True, kw_only=True):
    """So much mock time passed since the step was armed."""

    time_us: int


class OnEndOfSession(msgspec.Struct, frozen=True, kw_only=True):
    """The client sent END_OF_SESSION."""


class OnInputClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The client ended its request body."""


class OnEvents(msgspec.Struct, frozen=True, kw_only=True):
    """So many audio events (of either type, empty ones too) came since the step was armed."""

    count: int


class OnBytes(msgspec.Struct, frozen=True, kw_only=True):
    """So many bytes of audio (decoded) came since the step was armed: of PCM exact to the sample."""

    count: int


class OnQuiet(msgspec.Struct, frozen=True, kw_only=True):
    """The newest `audio_us` of audio, all since the step was armed, are silent samples.

    10 ms at least: silence is measured in blocks of that length (`session/audio.py`).
    """

    audio_us: int


class OnIdle(msgspec.Struct, frozen=True, kw_only=True):
    """So much mock time passed without an audio event, counted from the step's arming or the last audio event."""

    time_us: int


Trigger = AtAudio | AfterAudio | AfterTime | OnEndOfSession | OnInputClosed | OnEvents | OnBytes | OnQuiet | OnIdle


# ---- verbs: what a step does


class EveryWord(msgspec.Struct, frozen=True, kw_only=True):
    """A partial for each word."""


class NoPartials(msgspec.Struct, frozen=True, kw_only=True):
    """Only the final."""


class EveryInterval(msgspec.Struct, frozen=True, kw_only=True):
    """A partial for each `audio_us` of audio."""

    audio_us: int


Partials = EveryWord | NoPartials | EveryInterval


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """Speak a line: partials that grow and are revised, then a final. `takes_us` None: from the number of words."""

    text: str
    by: str | None = None
    takes_us: int | None = None
    partials: Partials = EveryWord()


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """An output event of the model, verbatim: the union's member and its content."""

    member: str
    content: Mapping[str, Any]


class Raise(msgspec.Struct, frozen=True, kw_only=True):
    """An in-stream exception (`validationException` or `internalFailureException`); it ends the stream."""

    member: str
    message: str


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where on a stream a fault acts; all that is given must have come. Durations are text with a unit.

    `attempt`: on this request for the session id alone. `at_audio`: when the session's audio clock shows so much.
    `after_time`: so much mock time after the fault was armed. `after_events`: so many events later. `byte`: when so
    many bytes of the next event's frame are written.
    """

    attempt: int | None = None
    at_audio: str | None = None
    after_time: str | None = None
    after_events: int | None = None
    byte: int | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault by name, spelled as a script spells it; what names and parameters there are, `faults` tells.

    `probability` is drawn each time it could act; `frames` is how many frames it may act on, one after the other
    ("all": each from there on; None: as many as the kind does by itself). `server_name` is whose connections a fault on
    connections hits: the name in SNI.
    """

    name: str
    parameters: Mapping[str, Any] = {}
    at: Position = Position()
    probability: float = 1.0
    frames: int | Literal["all"] | None = None
    server_name: str | None = None


class End(msgspec.Struct, frozen=True, kw_only=True):
    """A clean END_STREAM."""


Verb = Say | Send | Raise | Fault | End


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One verb, at most one trigger, and options. `repeat` None is forever; `line` is where it stands (0: nowhere)."""

    verb: Verb
    trigger: Trigger | None = None
    beside: bool = False  # `with: true`: armed when the previous step starts
    repeat: int | None = 1
    optional: bool = False
    line: int = 0


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one artifact; used when a session has ended."""

    content: Any = None
    delay_us: int = 0
    fail: str | None = None
    skip: bool = False


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """All must hold. `parameters` are request parameters by the model's member names (`mediaEncoding`)."""

    parameters: Mapping[str, str | int] = {}
    account: str | None = None
    attempt: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that stands: for each stream that matches, or each TLS handshake; `times` of them, for `lasts_us`.

    None: any number, for ever.
    """

    fault: Fault
    times: int | None = None
    match: Match | None = None
    lasts_us: int | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What the mock says to the streams that match. `times` None: any number of sessions."""

    name: str
    match: Match = Match()
    times: int | None = None
    steps: tuple[Step, ...] = ()
    artifacts: Mapping[str, Artifact] = {}
    source: str = "<scenario>"
    line: int = 1
