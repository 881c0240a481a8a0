"""A player on a stage: audio and mock time in the test's hand, what it says as lines of text."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from mockscribe.scenario.echo import AudioEcho
from mockscribe.scenario.intents import Intent, StepStatus
from mockscribe.scenario.model import End, Fault
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.scenario.playing import Player
from mockscribe.scenario.script import parse
from mockscribe.service.events import OutputEvent, OutputException, TranscriptSegment
from mockscribe.session.audio import AudioClock

ROLES = {"CLINICIAN": "ch_0", "PATIENT": "ch_1"}


def pcm(*channels: Iterable[float]) -> bytes:
    """Channels of samples (-1.0 to 1.0) as interleaved PCM."""
    samples = array("h", (round(32_767 * sample) for samples in zip(*channels, strict=True) for sample in samples))
    return samples.tobytes()


def tone(seconds: float, *, rate: int = 16_000, level: float = 0.5) -> list[float]:
    """A square tone: every sample is sound."""
    return [level if at % 4 < 2 else -level for at in range(round(seconds * rate))]


def hush(seconds: float, *, rate: int = 16_000) -> list[float]:
    """Silence."""
    return [0.0] * round(seconds * rate)


def line(intent: Intent) -> str:
    """What the mock does, for reading."""
    match intent:
        case TranscriptSegment(begin_us=begin, end_us=end, content=content):
            mark = "~" if intent.is_partial else " "
            channel = f" [{intent.channel_id}]" if intent.channel_id else ""
            return f"{begin / 1e6:.3f}-{end / 1e6:.3f}{mark}{content}{channel}"
        case OutputEvent(member=member, content=content):
            return f"{member} {dict(content)}"
        case OutputException(member=member, message=message):
            return f"{member}: {message}"
        case Fault(name=name):
            return f"fault {name}"
        case End():
            return "end"


class Stage:
    """Plays a scenario given as steps or as a whole text, or an echo; `intents` are all that came out so far."""

    def __init__(
        self,
        text: str | None = None,
        *,
        steps: str = "",
        seed: int = 1,
        rate: int = 16_000,
        channels: int = 1,
        encoding: str = "pcm",
        roles: Mapping[str, str] | None = None,
        player: Player | None = None,
        begin: bool = True,
        **echo: Any,
    ) -> None:
        rng = random.Random(seed)
        if player is not None:
            self.player: Any = player
        elif text is None and not steps:
            self.player = AudioEcho(rng, rate, **echo)
        else:
            (scenario,) = parse(text or f"scenario: s\nsteps:\n{steps}", "test.yaml")
            self.player = ScenarioPlayer(scenario, rng)
        self.rate = rate
        self.channels = channels
        self.roles = roles or {}
        self.clock = AudioClock(encoding=encoding, rate=rate, channels=channels)
        self.time_us = 0
        self.intents: list[Intent] = []
        if begin:
            self.begin()

    @property
    def moment(self) -> Moment:
        return Moment(self.clock.us, self.time_us)

    @property
    def lines(self) -> list[str]:
        """All that came out so far."""
        return [line(intent) for intent in self.intents]

    @property
    def finals(self) -> list[str]:
        return [text for text in self.lines if "~" not in text]

    @property
    def statuses(self) -> list[StepStatus]:
        return [report.status for report in self.player.report()]

    def begin(self) -> list[str]:
        return self._take(self.player.begin(self.roles, self.moment))

    def resume(self) -> list[str]:
        self.clock.resume()
        return self.begin()

    def feed(self, data: bytes, *, cut: int | None = None) -> list[str]:
        """Audio, in events of `cut` bytes."""
        said = []
        for start in range(0, len(data), cut or len(data) or 1):
            part = data[start : start + (cut or len(data))]
            heard = self.clock.receive(part, measure=self.player.needs_levels)
            said += self._take(self.player.receive(heard, len(part), self.moment))
        return said

    def silence(self, seconds: float, *, cut: int | None = None) -> list[str]:
        return self.feed(pcm(*[hush(seconds, rate=self.rate)] * self.channels), cut=cut)

    def tone(self, seconds: float, *, cut: int | None = None) -> list[str]:
        return self.feed(pcm(*[tone(seconds, rate=self.rate)] * self.channels), cut=cut)

    def empty(self) -> list[str]:
        """An audio event without audio."""
        return self._take(self.player.receive(self.clock.receive(b"", measure=True), 0, self.moment))

    def wait(self, seconds: float) -> list[str]:
        """Mock time passes, at once."""
        self.time_us += round(seconds * 1e6)
        return self._take(self.player.tick(self.moment))

    def end_of_session(self) -> list[str]:
        return self._take(self.player.end_of_session(self.moment))

    def close(self) -> list[str]:
        return self._take(self.player.input_closed(self.moment))

    def _take(self, intents: Iterable[Intent]) -> list[str]:
        new = list(intents)
        self.intents += new
        return [line(intent) for intent in new]
