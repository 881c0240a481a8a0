"""The faults of one stream at work: what is armed, when it acts, and what becomes of the response. Pure.

    event → frame ─change→ ─act→ ─delivery→ actions

A fault is armed by a step, by the control API or because it stands; it waits until its position has come. Chance is
drawn from a generator that belongs to the stream. Without an armed fault nobody has to ask.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Protocol

from mypy_extensions import mypyc_attr

from mockscribe.duration import parse_duration
from mockscribe.scenario.faults.actions import (
    Action,
    Answer,
    Bandwidth,
    Delay,
    Finish,
    Fired,
    Hold,
    LateHead,
    Misbehave,
    Mode,
    Mute,
    NeverEnd,
    ResetStream,
    SendBytes,
    SendHead,
    Together,
)
from mockscribe.scenario.faults.delivering import LARGE, Delivery
from mockscribe.scenario.faults.kinds import Event, FaultKind, Setting
from mockscribe.scenario.faults.messages import segment_of
from mockscribe.scenario.faults.vocabulary import FAULTS
from mockscribe.scenario.model import Fault

Outcome = Sequence[Action | Mode]


@mypyc_attr(acyclic=True)
class Scene:
    """Where the stream stands: mock time, the session's audio clock, the time of day, room for bytes, its head."""

    __slots__ = ("audio_us", "begun", "room", "time_us", "wall")

    def __init__(self, *, time_us: int, audio_us: int, wall: float, room: int, begun: bool) -> None:
        self.time_us: Final = time_us
        self.audio_us: Final = audio_us
        self.wall: Final = wall
        self.room: Final = room
        self.begun: Final = begun


class Counter(Protocol):
    """Who counts how often a fault that stands has hit a stream."""

    @property
    def over(self) -> bool:
        """Whether it has hit all that it was for."""

    def hit(self) -> None:
        """It has hit one more."""


class _Armed:
    """One fault that waits for its position, or for frames."""

    __slots__ = ("byte", "counter", "fault", "frames", "hit", "kind", "parameters", "skip")

    def __init__(self, fault: Fault, kind: FaultKind, counter: Counter | None) -> None:
        self.fault = fault
        self.kind = kind
        self.counter = counter
        self.hit = False
        self.parameters = parsed(fault)
        self.skip = fault.at.after_events or 0
        self.byte = fault.at.byte
        frames = kind.frames if fault.frames is None else fault.frames
        self.frames: float = float("inf") if frames == "all" else frames or 0

    @property
    def on_frames(self) -> bool:
        """Whether it waits for frames: else it acts as soon as its audio and its time have come."""
        return self.kind.change is not None or bool(self.skip) or self.byte is not None or bool(self.frames)


def parsed(fault: Fault) -> dict[str, Any]:
    """The parameters that a fault works with, defaults filled in.

    Raises:
        ValueError: a value cannot be used.
    """
    values = {}
    for name, each in FAULTS[fault.name].parameters.items():
        value = fault.parameters.get(name, each.default)
        values[name] = None if value is None else each.parse(value)
    return values


class Faults:
    """The faults of one stream.

    `attempt` is the stream's, `http1` whether it is one of HTTP/1.1; `draw` makes the generator for all chance on it,
    when that is first needed. `armed` is False while nothing has to be asked about what is sent, `waits` while nothing
    can come due; `closed` once a fault has said the last word.
    """

    def __init__(self, *, attempt: int, http1: bool, draw: Callable[[], random.Random]) -> None:
        self.armed = False
        self.waits = False
        self.closed = False
        self._attempt = attempt
        self._http1 = http1
        self._draw = draw
        self._chance: random.Random | None = None
        self._on_frames: list[_Armed] = []
        self._on_time: list[tuple[int, _Armed]] = []
        self._on_audio: list[tuple[int, _Armed]] = []
        self._muted = False
        self._never_ends = False
        self._delivery: Delivery | None = None

    # ---- what others ask

    @property
    def silent(self) -> bool:
        """Whether nothing is sent any more."""
        return self._muted

    @property
    def octets(self) -> int:
        """Bytes of the response that are kept here."""
        return self._delivery.octets if self._delivery is not None else 0

    @property
    def due_us(self) -> int | None:
        """The mock time at which `release` has something to do."""
        times = [due for due, _ in self._on_time]
        if self._delivery is not None and (due := self._delivery.due_us) is not None:
            times.append(due)
        return min(times, default=None)

    @property
    def due_audio_us(self) -> int | None:
        """The session's audio clock at which it has."""
        return min((due for due, _ in self._on_audio), default=None)

    # ---- arming

    def arm(self, fault: Fault, scene: Scene, counter: Counter | None = None) -> list[Action]:
        """Let a fault act: now, if its position is here, else when that comes."""
        at = fault.at
        if self.closed or (at.attempt is not None and at.attempt != self._attempt):
            return []
        kind = FAULTS[fault.name]
        if kind.expand is not None:
            made = [self.arm(each, scene, counter) for each in kind.expand(parsed(fault))]
            return [action for actions in made for action in actions]
        return self._let_out(self._place(_Armed(fault, kind, counter), scene), scene)

    def _place(self, armed: _Armed, scene: Scene) -> Outcome:
        """Wait for audio first, then for time, then for frames."""
        at = armed.fault.at
        if at.at_audio is not None and (due := _us(armed, "at_audio")) > scene.audio_us:
            self._on_audio.append((due, armed))
            return ()
        if at.after_time is not None and (due := _us(armed, "after_time")) > 0:
            self._on_time.append((scene.time_us + due, armed))
            return ()
        return self._begin(armed, scene)

    def _begin(self, armed: _Armed, scene: Scene) -> Outcome:
        if armed.on_frames:
            self._on_frames.append(armed)
            return ()
        return self._act(armed, scene) if self._hits(armed) else ()

    def _hits(self, armed: _Armed) -> bool:
        """Whether chance wants it, and it is not used up."""
        if armed.counter is not None and armed.counter.over and not armed.hit:
            return False
        probability = armed.fault.probability
        return probability >= 1 or self._generator.random() < probability

    def _count(self, armed: _Armed) -> None:
        if not armed.hit:
            armed.hit = True
            if armed.counter is not None:
                armed.counter.hit()

    @property
    def _generator(self) -> random.Random:
        if self._chance is None:
            self._chance = self._draw()
        return self._chance

    def _setting(self, armed: _Armed, scene: Scene) -> Setting:
        return Setting(parameters=armed.parameters, byte=armed.byte, chance=self._generator, wall=scene.wall)

    def _act(self, armed: _Armed, scene: Scene) -> Outcome:
        assert armed.kind.act is not None
        self._count(armed)
        if self._http1 and not armed.kind.http1:
            return (Fired(fault=armed.fault, note="HTTP/1.1 has no such thing"),)
        outcome = armed.kind.act(self._setting(armed, scene))
        if scene.begun and any(isinstance(each, Answer | LateHead) for each in outcome):
            return (Fired(fault=armed.fault, note="the response has begun"),)
        return (Fired(fault=armed.fault), *outcome)

    # ---- what is said

    def head(self, head: SendHead, scene: Scene) -> list[Action]:
        """The response's head."""
        return self._let_out((head,), scene)

    def apply(self, event: Event, frame: bytes, scene: Scene) -> list[Action]:
        """What becomes of an event's frame."""
        outcome: Outcome = (SendBytes(data=frame),)
        changed = False
        for armed in tuple(self._on_frames):
            if armed.skip:
                armed.skip -= 1
                if armed.skip or armed.kind.change is not None or armed.byte is not None or armed.frames:
                    continue
                self._on_frames.remove(armed)  # right after this event
                if self._hits(armed):
                    outcome = (*outcome, *self._act(armed, scene))
            elif armed.kind.change is not None:
                on_top = armed.kind.frames == "all"
                if (changed and not on_top) or (result := self._change(armed, frame, event, scene)) is None:
                    continue  # one frame, one change, but those of delivery come on top
                changed = changed or not on_top
                outcome = (*outcome, *result) if on_top else _changed(outcome, result, frame)
            elif self._takes_frame(armed):
                result = self._act(armed, scene)
                outcome = (*outcome, *result) if armed.byte is None else _within(outcome, armed.byte, result)
            if any(isinstance(each, Mute) or _ends(each) for each in outcome):
                break
        segment = segment_of(event)
        final = segment[0] if segment is not None and not segment[1] else ""
        return self._let_out(outcome, scene, final=final, is_frame=True)

    def _change(self, armed: _Armed, frame: bytes, event: Event, scene: Scene) -> Outcome | None:
        assert armed.kind.change is not None
        result = armed.kind.change(self._setting(armed, scene), frame, event)
        if result is None or not self._takes_frame(armed):
            return None
        again = armed.hit and armed.kind.frames == "all"  # once on a stream is enough for the journal
        self._count(armed)
        return result if again else (Fired(fault=armed.fault), *result)

    def _takes_frame(self, armed: _Armed) -> bool:
        """Use up one of its frames, and tell whether it acts on that."""
        frames, armed.frames = armed.frames, armed.frames - 1
        hits = self._hits(armed)
        if frames <= 1 or (hits and armed.kind.change is None):
            self._on_frames.remove(armed)
        return hits

    def finish(self, finish: Finish, scene: Scene) -> list[Action]:
        """The response's end, after all that is held back."""
        return self._let_out((finish,), scene)

    # ---- time and audio pass

    def release(self, scene: Scene) -> list[Action]:
        """What has come due by time or audio."""
        outcome: list[Action | Mode] = []
        for due, armed in sorted(self._on_audio, key=lambda each: each[0]):
            if due <= scene.audio_us:
                self._on_audio.remove((due, armed))
                outcome += self._place(armed, scene)
        for due, armed in sorted(self._on_time, key=lambda each: each[0]):
            if due <= scene.time_us:
                self._on_time.remove((due, armed))
                outcome += self._begin(armed, scene)
        return self._let_out(outcome, scene)

    def clear(self) -> None:
        """The response is over: nothing acts any more."""
        self.closed = True
        self.waits = False
        self._on_frames.clear()
        self._on_time.clear()
        self._on_audio.clear()
        if self._delivery is not None:
            self._delivery.clear()

    # ---- the way out

    def _let_out(self, outcome: Outcome, scene: Scene, *, final: str = "", is_frame: bool = False) -> list[Action]:
        """Take in how it goes on, and let out what leaves now."""
        out: list[Action] = []
        late: list[Delay | Hold] = []
        for each in outcome:
            match each:
                case Mute():
                    self._muted = True
                case NeverEnd():
                    self._never_ends = True
                case LateHead(by_us=by_us):
                    self._delivering.delay_head(by_us)
                case Bandwidth() | Together():
                    self._delivering.set(each)
                case Delay() | Hold():
                    late.append(each)
                case SendHead() | SendBytes() | Answer() if self._muted:
                    pass
                case Finish(reason=reason, failed=failed) if self._muted or self._never_ends:
                    out.append(Finish(reason=f"{reason}, and a fault keeps it open", failed=failed, open=True))
                case _:
                    out.append(each)
            if _ends(each):
                self.closed = True
                break
        self._note()
        if self._delivery is None and not late and len(out) <= LARGE:
            return out
        delivery = self._delivering
        now: list[Action] = [each for each in out if isinstance(each, Fired)]
        rest = [each for each in out if not isinstance(each, Fired)]
        if is_frame:
            delivery.frame(rest, late, final, scene.time_us)
        else:
            for each in rest:
                delivery.put(each, scene.time_us)
        now += delivery.release(scene.time_us, scene.room)
        self._note()
        return now

    @property
    def _delivering(self) -> Delivery:
        if self._delivery is None:
            self._delivery = Delivery()
        return self._delivery

    def _note(self) -> None:
        self.waits = bool(self._on_time or self._on_audio or self._delivery is not None)
        self.armed = bool(
            self._on_frames
            or self._muted
            or self._never_ends
            or (self._delivery is not None and not self._delivery.plain)
        )


def _us(armed: _Armed, place: Literal["at_audio", "after_time"]) -> int:
    return parse_duration(getattr(armed.fault.at, place))


def _ends(each: Action | Mode) -> bool:
    """Whether nothing can follow."""
    return isinstance(each, Finish | ResetStream | Answer) or (isinstance(each, Misbehave) and bool(each.ends))


def _changed(outcome: Outcome, result: Outcome, frame: bytes) -> Outcome:
    """The outcome with `result` in the place of the frame."""
    rest = (each for each in outcome if not (isinstance(each, SendBytes) and each.data is frame))
    return (*rest, *result)


def _within(outcome: Outcome, byte: int, result: Outcome) -> Outcome:
    """The outcome with `result` in the midst of its bytes."""
    data = b"".join(each.data for each in outcome if isinstance(each, SendBytes))
    rest = (each for each in outcome if not isinstance(each, SendBytes))
    return (*rest, SendBytes(data=data[:byte]), *result, SendBytes(data=data[byte:]))
