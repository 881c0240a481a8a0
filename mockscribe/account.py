"""One account: its sessions, clock, journal and scenarios. Accounts share nothing but what `Shared` holds.

Pure: no IO, and `now` (real time, seconds of any steady clock) is an argument.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from mockscribe.clock import Clock, Instant
from mockscribe.config import Config
from mockscribe.journal import Entry, Journal, Kind, Origin
from mockscribe.live import LiveStream, Session, Waker
from mockscribe.scenario.echo import AudioEcho, scenario_from_context
from mockscribe.scenario.matching import Request, select
from mockscribe.scenario.model import Scenario
from mockscribe.scenario.player import Player, ScenarioPlayer, segment_ids
from mockscribe.service.events import AudioReceived
from mockscribe.session.audio import AudioClock
from mockscribe.session.lifecycle import Turn, turn


class Shared:
    """What all accounts have in common.

    `scenarios` are the base layer that every account sees. `woken` are connections that something other than their own
    bytes has given work: whoever runs them must tick them.
    """

    def __init__(self, config: Config, *, now: float, wall: float, seed: int) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else seed
        self.scenarios: tuple[Scenario, ...] = ()
        self.woken: set[Waker] = set()
        self._wall_offset = wall - now

    def wall(self, now: float) -> float:
        """Seconds since the epoch at `now`."""
        return now + self._wall_offset

    def draw(self, *about: object) -> random.Random:
        """A generator that depends on the seed and on nothing else but `about`."""
        return random.Random(":".join(map(str, (self.seed, *about))))


class Account:
    """What one account has; `mock` is what it shares with the others, and `now` when its mock time began."""

    def __init__(self, mock: Shared, account_id: str, now: float) -> None:
        self.mock = mock
        self.id = account_id
        self.clock = Clock(mock.config.clock, now)
        self.journal = Journal(mock.config.journal_bytes, self._forgotten)
        self.sessions: dict[str, Session] = {}
        self.attempts: dict[str, int] = {}
        self.scenarios: list[Scenario] = []
        self.uses: dict[str, int] = {}
        self.live: set[LiveStream] = set()
        self.last_activity = now
        self._opened = 0

    # ---- sessions

    def attempt(self, session_id: str) -> int:
        """Count one more request for a session id; 1 is the first."""
        number = self.attempts.pop(session_id, 0) + 1
        self.attempts[session_id] = number
        if len(self.attempts) > self.mock.config.kept_sessions:
            del self.attempts[next(iter(self.attempts))]
        return number

    def session(self, session_id: str, parameters: Mapping[str, str | int]) -> Session:
        """The session of that id, which may be new; it is the account's once it is `keep`-ed."""
        key = session_id.lower()
        if self.mock.config.second_stream == "independent":
            self._opened += 1
            key = f"{key}#{self._opened}"
        session = self.sessions.get(key)
        if session is None:
            return Session(key, session_id, parameters)
        if session.configuration is None:
            session.parameters = parameters  # nothing was settled with the ones before
        return session

    def keep(self, session: Session) -> None:
        """Remember a session whose stream was accepted."""
        self.sessions[session.key] = session
        if len(self.sessions) > self.mock.config.kept_sessions:
            self._drop_oldest()

    def segment_ids(self, session: Session, rng: random.Random) -> Callable[[], str]:
        """What names the session's next segment: as `Config.segment_ids` says."""
        return segment_ids(rng) if self.mock.config.segment_ids == "uuid" else session.count_segment

    def configure(self, session: Session, configuration: Mapping[str, Any], attempt: int) -> None:
        """A session's first configuration was accepted: its speakers, its audio clock, and an echo if nothing is scripted."""
        config = self.mock.config
        session.configuration = configuration
        definitions = configuration.get("channelDefinitions") or ()
        session.roles = {each["participantRole"]: f"ch_{each['channelId']}" for each in definitions}
        rate = int(session.parameters["mediaSampleRateHertz"])
        session.audio = AudioClock(
            encoding=str(session.parameters["mediaEncoding"]),
            rate=rate,
            channels={"mono": 1, "stereo": 2}.get(config.pcm_channels, 2 if definitions else 1),
            check_flac_header=config.flac_header == "check",
        )
        if not definitions and config.channel_id_without_definitions == "ch_0":
            session.roles = {"CLINICIAN": "ch_0", "PATIENT": "ch_0"}
        if session.player is None:
            session.player = self._echo(session, configuration, rate, attempt)

    def _echo(self, session: Session, configuration: Mapping[str, Any], rate: int, attempt: int) -> Player:
        config = self.mock.config
        rng = self.mock.draw(self.id, session.key, attempt)
        ids = self.segment_ids(session, rng)
        context = (configuration.get("encounterContext") or {}).get("unstructuredContext") or ""
        if config.echo == "context" and context.strip():
            return ScenarioPlayer(scenario_from_context(context), rng, next_segment_id=ids)
        partial_us = int(config.partial_interval_seconds * 1_000_000)
        return AudioEcho(rng, rate, partial_us=partial_us, next_segment_id=ids)

    def _drop_oldest(self) -> None:
        for key, session in self.sessions.items():
            if session.stream is None:
                del self.sessions[key]
                return

    def turn(self, session: Session, event: Turn, origin: Origin, instant: Instant) -> None:
        """Move the session's status, and tell the journal when it changed."""
        before, session.status = session.status, turn(session.status, event)
        if session.status is not before:
            about = {"from": before.value, "to": session.status.value}
            self.journal.append(instant.at, instant.time, origin, Kind.SESSION_STATE, session.audio_us, about)

    # ---- scenarios

    def all_scenarios(self) -> tuple[Scenario, ...]:
        """The base that every account sees, then the account's own, in the order in which they were loaded."""
        return (*self.mock.scenarios, *self.scenarios)

    def choose(self, session: Session, attempt: int) -> Scenario | None:
        """The scenario that takes this stream; None: the session's player goes on, or nothing matches."""
        request = Request(parameters=session.parameters, account=self.id, attempt=attempt)
        return select(self.all_scenarios(), request, uses=self.uses, current=session.scenario)

    # ---- the record

    def instant(self, now: float) -> Instant:
        """The moment `now` by all of the account's clocks."""
        time = self.clock.time(now)
        return Instant(now, self.mock.wall(now), time, self.clock.waited(now), int(time * 1_000_000))

    def record(self, now: float, origin: Origin, kind: Kind, audio_us: int, about: Any, octets: int = 0) -> None:
        """Append to the journal."""
        self.journal.append(self.mock.wall(now), self.clock.time(now), origin, kind, audio_us, about, octets)

    def _forgotten(self, entry: Entry) -> None:
        if isinstance(entry.about, AudioReceived) and (session := self.sessions.get(entry.origin.session)):
            session.forget_audio(entry.about.audio)

    # ---- time

    def leap(self, now: float) -> None:
        """Let an autojump clock leap to the next moment at which a script has something to say."""
        times = [time for stream in self.live if (time := stream.next_say()) is not None]
        if times:
            self.clock.leap(min(times), now)
            self.mock.woken.update(stream.connection for stream in self.live)
        self.last_activity = now

    def set_clock_mode(self, mode: str, now: float) -> None:
        """Let mock time go on in another way."""
        self.clock.set_mode(mode, now)
        self.mock.woken.update(stream.connection for stream in self.live)

    def advance(self, seconds: float, now: float) -> None:
        """Let mock time pass at once, whatever the clock's mode."""
        self.clock.advance(seconds, now)
        self.mock.woken.update(stream.connection for stream in self.live)
