"""What the mock says when nobody wrote a scenario: what was heard, or the words that the client brought along. Pure.

`AudioEcho` turns each channel's sound into segments whose text says what was received; `scenario_from_context` makes a
scenario of the lines in `encounterContext.unstructuredContext`, paced by the audio that the client sends.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mockscribe.scenario.intents import Intent, StepReport
from mockscribe.scenario.model import AfterAudio, Fault, Say, Scenario, Step
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.playing import Player, segment_ids
from mockscribe.service.events import TranscriptSegment
from mockscribe.session.audio import BLOCKS_PER_SECOND
from mockscribe.session.heard import Heard, Level

PAUSE_US: Final = 500_000
"""Silence that ends a segment. Own choice: longer than the stops within a phrase, shorter than a change of speaker."""

PARTIAL_US: Final = 300_000
"""Audio between two partials (facts 14 row 16: one per 100 to 300 ms)."""

LONGEST_US: Final = 15_000_000
"""A sound without a pause is cut into segments of this length; own choice."""

FULL_SCALE: Final = 32_768.0

CONTEXT_GAP_US: Final = 300_000
"""Audio between two lines of the context; own choice."""


def scenario_from_context(text: str) -> Scenario:
    """A scenario that speaks the text's lines, one after the other."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    steps = tuple(
        Step(verb=Say(text=line), trigger=AfterAudio(audio_us=CONTEXT_GAP_US), optional=True) for line in lines
    )
    return Scenario(name="echo of the encounter context", steps=steps, source="<encounterContext>")


class _Sound:
    """An open segment of one channel; positions in samples."""

    __slots__ = ("begin", "energy", "last", "partials", "samples", "segment_id")

    def __init__(self, segment_id: str, begin: int) -> None:
        self.segment_id = segment_id
        self.begin = begin
        self.last = begin
        self.energy = 0.0
        self.samples = 0
        self.partials = 0


def _joined(begun: Level, level: Level) -> Level:
    """Two parts of a block as one level."""
    size, more = begun.end - begun.begin, level.end - level.begin
    return Level(
        begin=begun.begin,
        end=level.end,
        channel=level.channel,
        peak=max(begun.peak, level.peak),
        mean_square=(begun.mean_square * size + level.mean_square * more) / (size + more),
        first=begun.first if begun.first is not None else level.first,
        last=level.last if level.last is not None else begun.last,
    )


class AudioEcho(Player):
    """Describes what was heard, segment by segment (`Player` documents the calls)."""

    def __init__(
        self,
        rng: random.Random,
        rate: int,
        *,
        partial_us: int = PARTIAL_US,
        next_segment_id: Callable[[], str] | None = None,
    ) -> None:
        self.needs_levels = True
        self._finished = False
        self._rate = rate
        self._partial = max(1, partial_us * rate // 1_000_000)
        self._next_segment_id = next_segment_id or segment_ids(rng)
        self._roles: Mapping[str, str] = {}
        self._block = max(1, rate // BLOCKS_PER_SECOND)
        self._begun: dict[int, Level] = {}  # blocks that an event's end has cut: what is heard depends on no cut
        self._open: dict[int, _Sound] = {}

    @property
    def finished(self) -> bool:
        """END_OF_SESSION makes all that is open final at once."""
        return self._finished

    def leading_faults(self, attempt: int) -> tuple[Fault, ...]:
        """None."""
        return ()

    def begin(self, roles: Mapping[str, str], moment: Moment) -> Sequence[Intent]:
        """A stream began; a sound that a lost stream left open is nobody's any more."""
        self._open.clear()
        self._roles = roles
        return ()

    def receive(self, heard: Heard, octets: int, moment: Moment) -> Sequence[Intent]:
        """Describe what the levels show."""
        intents: list[Intent] = []
        for level in heard.levels:
            if (begun := self._begun.pop(level.channel, None)) is not None:
                level = _joined(begun, level)
            if level.end % self._block:
                self._begun[level.channel] = level
            else:
                self._hear(level, intents)
        return intents

    def tick(self, moment: Moment) -> Sequence[Intent]:
        """Nothing waits for time."""
        return ()

    def end_of_session(self, moment: Moment) -> Sequence[Intent]:
        """Whatever is open is final."""
        self._finished = True
        return self._close_all()

    def input_closed(self, moment: Moment) -> Sequence[Intent]:
        """A pause: whatever is open is final."""
        return self._close_all()

    def next_deadline(self) -> int | None:
        """Nothing waits for time."""
        return None

    def report(self) -> Sequence[StepReport]:
        """An echo has no steps."""
        return ()

    def _hear(self, level: Level, intents: list[Intent]) -> None:
        channel = level.channel
        sound = self._open.get(channel)
        if level.first is not None and level.last is not None:
            if sound is not None and self._us(level.first - sound.last) >= PAUSE_US:
                intents.append(self._segment(channel, sound, is_partial=False))
                sound = None
            if sound is None:
                sound = self._open[channel] = _Sound(self._next_segment_id(), level.first)
            sound.last = level.last
            sound.energy += level.mean_square * (level.end - level.begin)
            sound.samples += level.end - level.begin
        elif sound is None:
            return
        if self._us(level.end - sound.last) >= PAUSE_US or self._us(level.end - sound.begin) >= LONGEST_US:
            intents.append(self._segment(channel, sound, is_partial=False))
            del self._open[channel]
        elif (sound.last - sound.begin) // self._partial > sound.partials:
            sound.partials = (sound.last - sound.begin) // self._partial
            intents.append(self._segment(channel, sound, is_partial=True))

    def _close_all(self) -> Sequence[Intent]:
        intents: list[Intent] = []
        for _, level in sorted(self._begun.items()):
            self._hear(level, intents)
        intents += [self._segment(channel, sound, is_partial=False) for channel, sound in sorted(self._open.items())]
        self._begun.clear()
        self._open.clear()
        return intents

    def _us(self, samples: int) -> int:
        return samples * 1_000_000 // self._rate

    def _segment(self, channel: int, sound: _Sound, *, is_partial: bool) -> TranscriptSegment:
        seconds = (sound.last - sound.begin) / self._rate
        loudness = 10 * math.log10(max(sound.energy / max(sound.samples, 1), 1.0) / FULL_SCALE**2)
        channel_id = f"ch_{channel}" if self._roles else None
        return TranscriptSegment(
            segment_id=sound.segment_id,
            begin_us=self._us(sound.begin),
            end_us=self._us(sound.last),
            is_partial=is_partial,
            content=f"{seconds:.2f} seconds of sound at {loudness:.0f} dBFS on channel {channel}.",
            channel_id=channel_id,
            role=next((role for role, name in self._roles.items() if name == channel_id), None),
        )
