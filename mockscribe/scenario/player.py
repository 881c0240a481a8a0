"""The cursor of a scenario: what happened, and when → what the mock shall do.

A player belongs to a session and lives over its streams. It is told of events, of the audio clock and of mock time, and
answers with intents; it reads no clock and draws chance only from the generator that it was given. Positions are whole
microseconds, so the instant of a trigger is exact however the audio was cut into events.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from mockscribe.scenario.bytecount import ByteCount
from mockscribe.scenario.faults import ends_surely
from mockscribe.scenario.intents import Intent, StepReport, StepStatus
from mockscribe.scenario.language import SHORTEST_QUIET_US
from mockscribe.scenario.model import (
    AfterAudio,
    AfterTime,
    AtAudio,
    End,
    Fault,
    OnBytes,
    OnEndOfSession,
    OnEvents,
    OnIdle,
    OnInputClosed,
    OnQuiet,
    Raise,
    Say,
    Scenario,
    Send,
    Step,
)
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.playing import Player, segment_ids
from mockscribe.scenario.speech import Utterance, utterances
from mockscribe.service.events import OutputEvent, OutputException, TranscriptSegment
from mockscribe.session.heard import Heard

_ARMED: Final = StepStatus.ARMED  # CPython 3.11 takes its time to find a member of an enum
_SPEAKING: Final = StepStatus.SPEAKING


class _State:
    """One step at work."""

    __slots__ = (
        "after_audio",
        "armed",
        "due_audio",
        "due_time",
        "event",
        "events",
        "fired",
        "index",
        "octets",
        "segment",
        "speech",
        "status",
        "step",
    )

    def __init__(self, index: int, step: Step) -> None:
        self.index = index
        self.step = step
        self.after_audio = step.trigger.audio_us if isinstance(step.trigger, AfterAudio) else None
        self.status = StepStatus.WAITING
        self.fired = 0
        self.armed = Moment(0, 0)
        self.due_audio: int | None = None
        self.due_time: int | None = None
        self.event: OutputEvent | None = None
        self.events = 0  # thresholds of OnEvents and OnBytes
        self.octets = 0
        self.speech: list[Utterance] = []
        self.segment = ("", 0)  # id and begin of the line that is being spoken


def _leads(state: _State) -> bool:
    """Whether it is a fault that can come before the response."""
    return isinstance(state.step.verb, Fault) and state.step.trigger is None


class ScenarioPlayer(Player):
    """Performs a scenario (design 3.4; `Player` documents the calls)."""

    def __init__(
        self, scenario: Scenario, rng: random.Random, *, next_segment_id: Callable[[], str] | None = None
    ) -> None:
        self.scenario = scenario
        triggers = {type(step.trigger) for step in scenario.steps}
        self.needs_levels = OnQuiet in triggers
        self._knows_time = not triggers.isdisjoint((AfterTime, OnIdle))  # what no step waits for is not followed
        self._counts_bytes = OnBytes in triggers
        self._rng = rng
        self._next_segment_id = next_segment_id or segment_ids(rng)
        self._states = [_State(index, step) for index, step in enumerate(scenario.steps)]
        self._leading = list(itertools.takewhile(_leads, self._states))
        self._active: list[_State] = []
        self._roles: Mapping[str, str] = {}
        self._origin: int | None = None  # session audio at which this player's own clock began
        self._events = 0
        self._event_us = 0  # where the newest ended
        self._bytes = ByteCount()
        self._sound_until = 0
        self._audio_time = 0
        self._ended = False
        self._closed = False
        self._halted = False

    @property
    def finished(self) -> bool:
        """After END_OF_SESSION: nothing more will come."""
        return self._ended and not self._active

    # ---- what happens

    def leading_faults(self, attempt: int) -> tuple[Fault, ...]:
        """The faults that stand first and have no trigger; asking consumes them.

        Those that name this attempt, whenever it comes; the others at the cursor, while the session has not begun.
        """
        faults: list[Fault] = []
        for state in self._leading:
            fault = state.step.verb
            assert isinstance(fault, Fault)
            named = fault.at.attempt
            if named != attempt if named is not None else self._origin is not None:
                continue
            while state.status is StepStatus.WAITING:
                state.fired += 1
                if named is not None or (state.step.repeat is not None and state.fired >= state.step.repeat):
                    state.status = StepStatus.FINISHED
                faults.append(fault)
                if ends_surely(fault, attempt):
                    return tuple(faults)  # the next one is for the next attempt
        return tuple(faults)

    def begin(self, roles: Mapping[str, str], moment: Moment) -> Sequence[Intent]:
        """A configuration was accepted: the first stream's arms the first step, a resumed one's goes on."""
        self._roles = roles
        self._closed = False
        self._halted = False
        self._bytes.restart()
        self._audio_time = moment.time_us
        if self._origin is None:
            self._origin = self._sound_until = moment.audio_us
            self._arm(0, moment)
        return self._run(moment)

    def receive(self, heard: Heard, octets: int, moment: Moment) -> Sequence[Intent]:
        """An audio event came."""
        intents = self._catch_up(Moment(heard.begin_us, moment.time_us)) if self._knows_time else []
        if octets:
            self._audio_time = moment.time_us
        if self._counts_bytes:
            self._bytes.receive(heard, octets)
        self._events += 1
        self._event_us = moment.audio_us
        if heard.levels:
            self._hear(heard, moment, intents)
        settled = self._settle(moment)
        return [*intents, *settled] if intents else settled

    def _hear(self, heard: Heard, moment: Moment, intents: list[Intent]) -> None:
        """Follow where sound is, pause by pause."""
        spans = [(each.first, each.last) for each in heard.levels if each.first is not None and each.last is not None]
        for first, last in sorted(spans):
            begin = first * 1_000_000 // heard.rate
            if begin - self._sound_until >= SHORTEST_QUIET_US:  # let what waits for a pause have it
                intents += self._settle(Moment(begin, moment.time_us))
            self._sound_until = max(self._sound_until, -(-last * 1_000_000 // heard.rate))

    def tick(self, moment: Moment) -> Sequence[Intent]:
        """Mock time has moved."""
        return self._run(moment)

    def end_of_session(self, moment: Moment) -> Sequence[Intent]:
        """END_OF_SESSION: what is being said is made final, what needs more input is missed, the rest runs."""
        intents = self._catch_up(moment)
        self._ended = True
        for state in tuple(self._active):
            if state.status is StepStatus.SPEAKING:
                intents.append(self._segment(state, moment.audio_us, state.speech[-1].text, is_partial=False))
                state.speech = []
                self._finish(state, moment)
            elif state.step.repeat is None and state.fired:
                self._leave(state, StepStatus.FINISHED, moment)  # forever ends here
        return [*intents, *self._settle(moment)]

    def input_closed(self, moment: Moment) -> Sequence[Intent]:
        """The client ended its body: steps that wait for it run."""
        intents = self._catch_up(moment)
        self._closed = True
        return [*intents, *self._settle(moment)]

    def next_deadline(self) -> int | None:
        """The earliest mock time at which a step that waits for time is due."""
        if self._halted or not self._knows_time:
            return None
        times = [due for state in self._active if (due := self._due_time(state)) is not None]
        return min(times, default=None)

    def report(self) -> Sequence[StepReport]:
        """What became of each step."""
        return tuple(StepReport(step=each.step, status=each.status, fired=each.fired) for each in self._states)

    # ---- the machine

    def _run(self, moment: Moment) -> list[Intent]:
        """Do all that is due by `moment`."""
        return [*self._catch_up(moment), *self._settle(moment)]

    def _catch_up(self, moment: Moment) -> list[Intent]:
        """Do what mock time brought before the rest of `moment`, deadline by deadline, however late this call is."""
        intents: list[Intent] = []
        while (due := self.next_deadline()) is not None and due <= moment.time_us:
            intents += self._settle(Moment(moment.audio_us, due))
        return intents

    def _settle(self, moment: Moment) -> list[Intent]:
        """Do all that is due at `moment`, in the order of its audio instants, ties in file order."""
        intents: list[Intent] = []
        audio_us = moment.audio_us
        while not self._halted:
            first: _State | None = None
            first_at = 0
            for state in self._active:
                at = state.due_audio  # asked here, for it is so at nearly every event
                if at is None:
                    at = self._due(state, moment)
                elif at > audio_us:
                    continue
                if at is not None and (first is None or at < first_at):
                    first, first_at = state, at
            if first is not None:
                self._perform(first, first_at, moment, intents)
            elif not self._miss_one(moment):
                break
        return intents

    def _due(self, state: _State, moment: Moment) -> int | None:
        """The audio instant at which a step that waits for something else than audio is due, if that has come."""
        if (time := self._due_time(state)) is not None:
            if time > moment.time_us:
                return None
            return moment.audio_us if time > state.armed.time_us else state.armed.audio_us  # it had not to wait
        match state.step.trigger:
            case OnEndOfSession() if self._ended:
                at = moment.audio_us
            case OnInputClosed() if self._closed:
                at = moment.audio_us
            case OnEvents() if self._events >= state.events:
                at = self._event_us
            case OnBytes() if self._bytes.count >= state.octets:
                at = self._bytes.audio_us(state.octets, moment.audio_us)
            case OnQuiet(audio_us=quiet):
                at = max(state.armed.audio_us, self._sound_until) + quiet
            case _:
                return None
        at = max(at, state.armed.audio_us)
        return at if at <= moment.audio_us else None

    def _due_time(self, state: _State) -> int | None:
        """The mock time at which a step that waits for time is due."""
        if isinstance(state.step.trigger, OnIdle) and state.status is StepStatus.ARMED:
            return max(state.armed.time_us, self._audio_time) + state.step.trigger.time_us
        return state.due_time

    def _perform(self, state: _State, at: int, moment: Moment, intents: list[Intent]) -> None:
        if state.status is _SPEAKING:
            self._speak(state, at, moment, intents)
            return
        time = self._due_time(state) if self._knows_time else None
        instant = Moment(at, moment.time_us if time is None else time)
        state.fired += 1
        state.due_audio = state.due_time = None
        if state.fired == 1 and self._beside(state):
            self._arm(state.index + 1, instant)
        if state.event is not None:  # the same value each time: whoever encodes it need do that once
            intents.append(state.event)
            self._finish(state, instant)
            return
        match state.step.verb:
            case Say() as say:
                speech = utterances(say, self._rng)
                state.segment = (self._next_segment_id(), at)
                if self._ended:  # no audio can come any more: it is known at once
                    intents.append(self._segment(state, at, say.text, is_partial=False))
                    self._finish(state, instant)
                else:
                    state.status = StepStatus.SPEAKING
                    state.speech = list(speech)
                    state.due_audio = at + speech[0].end_us
                return
            case Send(member=member, content=content):
                state.event = OutputEvent(member=member, content=content)
                intents.append(state.event)
            case Raise(member=member, message=message):
                intents.append(OutputException(member=member, message=message))
                self._halted = True
            case Fault() as fault:
                intents.append(fault)
                self._halted = ends_surely(fault)
            case End() as end:
                intents.append(end)
                self._halted = True
            case _:
                assert_never(state.step.verb)
        self._finish(state, instant)

    def _speak(self, state: _State, at: int, moment: Moment, intents: list[Intent]) -> None:
        said = state.speech.pop(0)
        intents.append(self._segment(state, at, said.text, is_partial=said.is_partial))
        if state.speech:
            state.due_audio = state.segment[1] + state.speech[0].end_us
        else:
            self._finish(state, Moment(at, moment.time_us))

    def _segment(self, state: _State, end_us: int, text: str, *, is_partial: bool) -> TranscriptSegment:
        verb = state.step.verb
        assert isinstance(verb, Say)
        channel = self._roles.get(verb.by) if verb.by else next(iter(self._roles.values()), None)
        segment_id, begin_us = state.segment
        return TranscriptSegment(
            segment_id=segment_id,
            begin_us=begin_us,
            end_us=max(begin_us, end_us),
            is_partial=is_partial,
            content=text,
            channel_id=channel,
            role=verb.by,
        )

    def _beside(self, state: _State) -> bool:
        following = state.index + 1
        return following < len(self._states) and self._states[following].step.beside

    def _arm(self, index: int, instant: Moment) -> None:
        while index < len(self._leading) and self._passes_over(self._leading[index]):
            index += 1
        if index >= len(self._states):
            return
        state = self._states[index]
        if state.status is not StepStatus.WAITING:
            return
        self._active.append(state)
        self._active.sort(key=lambda each: each.index)
        self._wait(state, instant)

    def _passes_over(self, leading: _State) -> bool:
        """Whether a leading fault is done, or waits for its attempt."""
        fault = leading.step.verb
        assert isinstance(fault, Fault)
        return leading.status is StepStatus.FINISHED or fault.at.attempt is not None

    def _wait(self, state: _State, instant: Moment) -> None:
        """Watch the step's trigger from `instant` on."""
        state.status = _ARMED
        state.armed = instant
        state.due_audio = state.due_time = None
        if state.after_audio is not None:  # the trigger of most steps that go on
            state.due_audio = instant.audio_us + state.after_audio
            return
        match state.step.trigger:
            case None:
                state.due_audio = instant.audio_us
            case AtAudio(audio_us=at):
                state.due_audio = max((self._origin or 0) + at, instant.audio_us)
            case AfterTime(time_us=after):
                state.due_time = instant.time_us + after
            case OnEvents(count=count):
                state.events = self._events + count
            case OnBytes(count=count):
                state.octets = self._bytes.at(instant.audio_us) + count
            case AfterAudio() | OnEndOfSession() | OnInputClosed() | OnQuiet() | OnIdle():
                pass
            case _:
                assert_never(state.step.trigger)

    def _finish(self, state: _State, instant: Moment) -> None:
        """One round is done: watch again for the next, or let the next step come."""
        repeat = state.step.repeat
        again = not self._ended if repeat is None else state.fired < repeat
        if again:
            self._wait(state, instant)
        else:
            self._leave(state, StepStatus.FINISHED, instant)

    def _leave(self, state: _State, status: StepStatus, instant: Moment) -> None:
        state.status = status
        state.due_audio = state.due_time = None
        self._active.remove(state)
        self._arm(state.index + 1, instant)  # unless it was armed already, beside this one

    def _miss_one(self, moment: Moment) -> bool:
        """After END_OF_SESSION: give up the first step that waits for input that cannot come; False: there is none."""
        if not self._ended:
            return False
        for state in self._active:
            waits_for_input = state.due_audio is not None or isinstance(
                state.step.trigger, OnEvents | OnBytes | OnQuiet
            )
            if waits_for_input:
                self._leave(state, StepStatus.MISSED, moment)
                return True
        return False
