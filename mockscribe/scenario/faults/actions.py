"""What faults make of a response, as values: what it does next, and how it goes on from there.

An `Action` is done by whoever holds the response; a `Mode` is kept by `Faults` and shapes what it lets out later. Pure.
"""

from __future__ import annotations

import msgspec

from mockscribe.scenario.model import Fault
from mockscribe.wire.exchange import Headers
from mockscribe.wire.misbehaviour import Misbehaviour

# ---- what the response does


class SendHead(msgspec.Struct, frozen=True, kw_only=True):
    """Begin the stream."""

    status: int
    headers: Headers


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with this instead of a stream, if none has begun; `error` is what the journal calls it."""

    status: int
    headers: Headers
    body: bytes
    error: str
    message: str


class SendBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Write these bytes of the body."""

    data: bytes


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """End the response; `failed` when that is an error's end. `open`: it is over, but the client is not told."""

    reason: str
    failed: bool = False
    open: bool = False


class ResetStream(msgspec.Struct, frozen=True, kw_only=True):
    """End the stream with RST_STREAM; over HTTP/1.1 with a reset of the connection."""

    code: int


class Misbehave(msgspec.Struct, frozen=True, kw_only=True):
    """Let the connection do something wrong; with `ends` (in words) the response is over then."""

    misbehaviour: Misbehaviour
    ends: str = ""


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """For the journal: a fault acted; `note` says why it had no effect, if it had none."""

    fault: Fault
    note: str = ""


Action = SendHead | Answer | SendBytes | Finish | ResetStream | Misbehave | Fired


# ---- how it goes on


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more is sent, and the stream stays open."""


class NeverEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the response is not told."""


class LateHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head, and all behind it, is so late."""

    by_us: int


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """This frame, and what is behind it, is so late."""

    by_us: int


class Bandwidth(msgspec.Struct, frozen=True, kw_only=True):
    """From now on no more than so many bytes leave in a second of mock time."""

    octets_per_second: int


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """From now on events leave so many at a time."""

    events: int


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Keep these bytes until so many further events have left, or (`segment`) until that segment's final has."""

    data: bytes
    events: int = 0
    segment: str = ""


Mode = Mute | NeverEnd | LateHead | Delay | Bandwidth | Together | Hold
