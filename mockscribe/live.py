"""A listening session as it lives over its streams, and what it needs to know of whoever carries them.

Pure state: `stream.py` and `listening.py` change it, on the server's thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from mockscribe.scenario.intents import Intent
from mockscribe.scenario.model import Fault, Match, Scenario, Standing
from mockscribe.scenario.playing import Player
from mockscribe.service.events import OutputEvent, TranscriptSegment
from mockscribe.service.resources import ListeningSession, Spoken
from mockscribe.session.audio import AudioClock
from mockscribe.session.lifecycle import Status


class Waker(Protocol):
    """A connection, as far as this state knows it: somebody to wake when something else gave it work."""

    number: int

    def wake(self, now: float) -> None:
        """Tick every stream."""


class LiveStream(Protocol):
    """A running stream, as far as this state knows it."""

    connection: Waker

    def next_say(self) -> float | None:
        """The mock time, in seconds, at which a script has something to say."""

    def push(self, intents: Iterable[Intent], now: float) -> None:
        """Say something that no script asked for."""

    def refuse(self, key: str, now: float) -> None:
        """End it with the validationException of that key."""


def spoken(event: OutputEvent, roles: Mapping[str, str]) -> Spoken | None:
    """The final segment that a verbatim event is, if it is one in the model's form; `roles` have their channels."""
    segment = event.content.get("transcriptSegment") if event.member == "transcriptEvent" else None
    if not isinstance(segment, Mapping) or segment.get("isPartial") is not False:
        return None
    try:
        return Spoken(
            segment_id=str(segment["segmentId"]),
            begin=float(segment["audioBeginOffset"]),
            end=float(segment["audioEndOffset"]),
            content=str(segment["content"]),
            role=next((role for role, channel in roles.items() if channel == segment.get("channelId")), None),
        )
    except (KeyError, TypeError, ValueError):
        return None


class StandingFault:
    """A fault that stands for each stream of an account that begins and matches, or for each handshake of the server.

    `times` is how many it may hit, None: all. It expires at mock time `expires`.
    """

    def __init__(
        self,
        number: int,
        fault: Fault,
        times: int | None = None,
        *,
        match: Match | None = None,
        expires: float | None = None,
    ) -> None:
        self.number = number
        self.fault = fault
        self.times = times
        self.match = match or Match()
        self.expires = expires
        self.fired = 0

    @classmethod
    def of(cls, number: int, standing: Standing, time: float) -> StandingFault:
        """One that begins to stand at mock time `time`."""
        expires = None if standing.lasts_us is None else time + standing.lasts_us / 1_000_000
        return cls(number, standing.fault, standing.times, match=standing.match, expires=expires)

    @property
    def over(self) -> bool:
        """Whether it has hit all that it was for."""
        return self.times is not None and self.fired >= self.times

    def hit(self) -> None:
        """It has hit one more."""
        self.fired += 1


class Session:
    """One listening session over all its streams.

    `key` is its id, or id#n where `--second-stream independent` makes every stream a session of its own. `player` and
    `audio` go on over the streams; `stream` is the live one. `digest` is the SHA-256 of all audio as received.
    `on_final` hears of each final segment before it is sent.
    """

    def __init__(
        self,
        key: str,
        session_id: str,
        parameters: Mapping[str, str | int],
        *,
        on_final: Callable[[Session], None] = lambda _: None,
    ) -> None:
        self.key = key
        self.session_id = session_id
        self.parameters = parameters
        self.status = Status.NEW
        self.configuration: Mapping[str, Any] | None = None
        self.roles: Mapping[str, str] = {}
        self.scenario: Scenario | None = None
        self.player: Player | None = None
        self.replaced: list[Player] = []  # by the scenario of a later attempt
        self.audio: AudioClock | None = None
        self.stream: LiveStream | None = None
        self.streams = 0
        self.audio_us = 0  # microseconds received over all streams: what `audio` shows
        self.audio_octets = 0
        self.segments = 0
        self.created: float | None = None  # mock time of the first accepted configuration
        self.ended: float | None = None  # mock time of END_OF_SESSION
        self.finals: list[Spoken] = []
        self.digest = hashlib.sha256()
        self._on_final = on_final

    def count_segment(self) -> str:
        """The id of one more segment, as a number within the session."""
        self.segments += 1
        return f"seg-{self.segments}"

    def spoke(self, segment: TranscriptSegment) -> None:
        """A final segment was sent: artifacts are made of these."""
        self.add_final(
            Spoken(
                segment_id=segment.segment_id,
                begin=round(segment.begin_us / 1_000_000, 3),
                end=round(segment.end_us / 1_000_000, 3),
                content=segment.content,
                role=segment.role,
            )
        )

    def add_final(self, final: Spoken) -> None:
        """The same, for one that is in its final form."""
        self.finals.append(final)
        self._on_final(self)

    def record(self, number: int, *, state: str, expires: float | None, attempts: int) -> ListeningSession:
        """What is kept of the session now."""
        wishes = self.scenario.artifacts if self.scenario is not None else {}
        return ListeningSession(
            number=number,
            session_key=self.key,
            parameters=self.parameters,
            configuration=self.configuration or {},
            state=state,
            created=self.created or 0.0,
            expires=expires if self.ended is None else None,
            ended=self.ended,
            samples=self.audio.samples if self.audio is not None else 0,
            segments=tuple(self.finals),
            numbered=self.segments,
            attempts=attempts,
            contents={name: wish.content for name, wish in wishes.items() if wish.content is not None},
        )
