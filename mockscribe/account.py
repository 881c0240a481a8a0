"""One account: its sessions and resources, clock, journal and scenarios. Accounts share nothing but `Shared`.

Pure: no IO, and `now` (real time, seconds of any steady clock) is an argument.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from mockscribe import signatures, speakers
from mockscribe.clock import Clock
from mockscribe.config import Config
from mockscribe.entries import Kind, Origin
from mockscribe.instant import Instant, Kept
from mockscribe.journal import Journal
from mockscribe.keeper import Keeper
from mockscribe.live import LiveStream, Session, StandingFault, Waker
from mockscribe.scenario.faults import FAULTS
from mockscribe.scenario.matching import Request, fits, select
from mockscribe.scenario.model import Scenario
from mockscribe.service import artifacts, listening_sessions, seeding
from mockscribe.service.call import DEFAULT_REGION, Call
from mockscribe.service.documents import Document
from mockscribe.service.operations import documents, documents_due
from mockscribe.service.quotas import Rates
from mockscribe.service.resources import Artifact, ListeningSession
from mockscribe.service.seeding import Seeds
from mockscribe.service.store import Store
from mockscribe.session.lifecycle import Status, Turn, turn

Deliver = Callable[["Account", Document], None]
OnViolation = Callable[[Origin, Mapping[str, object], float], None]


class Shared:
    """What all accounts have in common.

    `scenarios` and `faults` are the base layer that every account sees. `woken` are connections that something other
    than their own bytes has given work: whoever runs them must tick them. `restless` are accounts whose resources have
    changed, so that they may have chores at another time than before. `deliver` takes the documents of finished work to
    where they belong and settles them; without it they are made when somebody asks for them. `keeper` is told of every
    change of resources, `on_violation` of every rule that a client broke. `seeds` are resources that every account
    begins with. `policy` is what signatures are held against, if they are.
    """

    def __init__(self, config: Config, *, now: float, wall: float, seed: int) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else seed
        self.scenarios: tuple[Scenario, ...] = ()
        self.faults: tuple[StandingFault, ...] = ()
        self.woken: set[Waker] = set()
        self.restless: set[Account] = set()
        self.deliver: Deliver | None = None
        self.keeper: Keeper | None = None
        self.on_violation: OnViolation = lambda *_: None
        self.seeds = Seeds()
        self.policy = signatures.policy(config)
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
        self._began = mock.wall(now)
        self._latest = now  # when somebody last changed something
        self._opened = 0  # streams that --second-stream independent has made sessions of
        self.journal = Journal(mock.config.journal_bytes, hides_content=mock.config.redact == "content")
        self.sessions: dict[str, Session] = {}
        self.attempts: dict[str, int] = {}
        self.scenarios: list[Scenario] = []
        self.uses: dict[str, int] = {}
        self.unmatched: list[str] = []  # what the streams were told that --strict-scenarios refused
        self.faults: dict[int, StandingFault] = {}
        self.last_fault = 0
        self.live: set[LiveStream] = set()
        self.last_activity = now
        self.store = Store(mock.draw(account_id, "resources"))
        if mock.keeper is not None:
            self._remember(mock.keeper, now)
        seeding.plant(self.store, mock.seeds, account_id)
        self.rates = Rates()

    # ---- what survives the process

    def _remember(self, keeper: Keeper, now: float) -> None:
        """Go on from what was kept: time has passed meanwhile, streams have ended."""
        kept = keeper.clock(self.id)
        if kept is not None:
            away = max(0.0, self.mock.wall(now) - kept.wall) * self.clock.factor
            self.clock = Clock(self.mock.config.clock, now, kept.time + away)
            self._began = kept.began
        rows = keeper.rows(self.id)
        # Not the generator of the first start again, which would draw the ids that are taken.
        self.store = Store.load(self.mock.draw(self.id, "resources", *([len(rows)] if rows else [])), rows)
        self.store.subscribe(lambda kind, key, data: keeper.keep(self.id, kind, key, data, self._kept_clock()))
        for session in self.store.all(ListeningSession):
            self._remember_session(session, now)
        self.mock.restless.add(self)

    def _remember_session(self, session: ListeningSession, now: float) -> None:
        """Let a session go on that had a stream when the process ended, or whose artifacts had not begun."""
        if not session.configuration:
            self.store.remove(session)
            return
        if session.state == Status.IN_PROGRESS.value:
            session = msgspec.structs.replace(session, state=Status.PAUSED.value)
            self.store.put(session)
        if session.ended is not None and self.store.get(Artifact, f"{session.key}/{artifacts.NAMES[0]}") is None:
            with self.together():
                listening_sessions.begin_artifacts(self.call(now), session, {})
        self._opened = max(self._opened, int(session.key.partition("#")[2] or 0))
        self.attempts[session.key.partition("#")[0]] = session.attempts
        self.sessions[session.key] = self._restore(session)

    def together(self) -> contextlib.AbstractContextManager[None]:
        """Changes of resources that survive together or not at all."""
        return self.mock.keeper.together() if self.mock.keeper is not None else contextlib.nullcontext()

    def _kept_clock(self) -> Kept:
        return Kept(self.clock.time(self._latest), self.mock.wall(self._latest), self._began)

    def _clock_moved(self, now: float) -> None:
        self._latest = now
        self.mock.restless.add(self)
        if self.mock.keeper is not None:
            self.mock.keeper.keep_clock(self.id, self._kept_clock())
        self._deliver_due(now)  # time may have passed over the moment of a chore

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
            return Session(key, session_id, parameters, on_final=self._final_spoken)
        if session.configuration is None:
            session.parameters = parameters  # nothing was settled with the ones before
        return session

    def keep(self, session: Session, now: float) -> None:
        """Remember a session whose stream was accepted."""
        if session.key not in self.sessions:
            self._make_room(now)
            self.sessions[session.key] = session
        if session.configuration is None and self.mock.config.session_before_configuration == "in-progress":
            record = self._record(session, Status.IN_PROGRESS)
            self.store.put(msgspec.structs.replace(record, created=self.clock.time(now)))

    def configure(self, session: Session, configuration: Mapping[str, Any], attempt: int) -> None:
        """A session's first configuration was accepted: its speakers, its audio clock, an echo if none is scripted."""
        session.configuration = configuration
        speakers.settle(session, self.mock.config)
        self.prepare(session, attempt)

    def prepare(self, session: Session, attempt: int) -> None:
        """Make sure that a configured session has somebody who speaks."""
        if session.player is None:
            session.player = speakers.echo(session, self.mock.config, self.mock.draw(self.id, session.key, attempt))

    def _make_room(self, now: float) -> None:
        """Forget the oldest finished sessions until one more is not too many."""
        surplus = len(self.sessions) + 1 - self.mock.config.kept_sessions
        if surplus > 0:
            finished = (key for key, session in self.sessions.items() if session.stream is None)
            for key in list(itertools.islice(finished, surplus)):
                del self.sessions[key]
                listening_sessions.forget(self.call(now), key)

    def turn(self, session: Session, event: Turn, origin: Origin, instant: Instant) -> None:
        """Move the session's status, and tell the journal when it changed."""
        before, session.status = session.status, turn(session.status, event)
        if event is Turn.ENDED:
            session.ended = instant.time
        if session.status is not before:
            about = {"from": before.value, "to": session.status.value}
            self.journal.append(instant, origin, Kind.SESSION_STATE, session.audio_us, about)
            self._keep_record(session, instant)
        elif session.status is Status.NEW and (unsettled := self.known_session(session.key)) is not None:
            self.store.remove(unsettled)  # its configuration was never accepted

    def _keep_record(self, session: Session, instant: Instant) -> None:
        """The session as a resource: what GetMedicalScribeListeningSession tells, and what survives."""
        self._latest = instant.now
        if session.created is None:
            session.created = instant.time
        self.store.put(self._record(session, session.status))

    def _record(self, session: Session, status: Status) -> ListeningSession:
        kept = self.store.get(ListeningSession, session.key)
        return session.record(
            self.store.next_number() if kept is None else kept.number,
            state=status.value,
            expires=self.expires(session),
            attempts=self.attempts.get(session.session_id.lower(), 0),
        )

    def _final_spoken(self, session: Session) -> None:
        """What a client has been told must survive: its text, and that its audio was received."""
        if self.mock.keeper is not None:
            self.store.put(self._record(session, session.status))

    def begin_artifacts(self, session: Session, instant: Instant) -> None:
        """The last stream of a completed session is over: all that was said is known."""
        self._keep_record(session, instant)
        record = self.store.get(ListeningSession, session.key)
        assert record is not None
        wishes = session.scenario.artifacts if session.scenario is not None else {}
        with self.together():
            listening_sessions.begin_artifacts(self.call(instant.now), record, wishes)
        self.mock.restless.add(self)

    def over(self, session: Session, origin: Origin, instant: Instant) -> Status | None:
        """COMPLETED or FAILED when the session takes no further stream; a pause that was too long ends here."""
        expires = self.expires(session)
        if session.status is Status.PAUSED and expires is not None and instant.time >= expires:
            self.turn(session, Turn.GIVEN_UP, origin, instant)
        return session.status if session.status in (Status.COMPLETED, Status.FAILED) else None

    def expires(self, session: Session) -> float | None:
        """The mock time from which a session cannot be resumed any more."""
        window = self.mock.config.resume_window_seconds
        return session.created + window if window and session.created is not None else None

    def _restore(self, kept: ListeningSession) -> Session:
        """A session of an earlier process: it goes on, its scenario begins anew."""
        session = Session(kept.session_key, kept.parameters["sessionId"], kept.parameters, on_final=self._final_spoken)
        session.status = Status(kept.state)
        session.created = kept.created
        session.ended = kept.ended
        session.segments = kept.numbered
        session.finals = list(kept.segments)
        session.configuration = kept.configuration
        speakers.settle(session, self.mock.config)
        assert session.audio is not None
        session.audio.samples = kept.samples
        session.audio_us = session.audio.us
        return session

    # ---- scenarios

    def all_scenarios(self) -> tuple[Scenario, ...]:
        """The base that every account sees, then the account's own, in the order in which they were loaded."""
        return (*self.mock.scenarios, *self.scenarios)

    def choose(self, session: Session, attempt: int) -> Scenario | None:
        """The scenario that takes this stream; None: the session's player goes on, or nothing matches."""
        request = Request(parameters=session.parameters, account=self.id, attempt=attempt)
        return select(self.all_scenarios(), request, uses=self.uses, current=session.scenario)

    def standing_faults(self, session: Session, attempt: int, time: float) -> Sequence[StandingFault]:
        """The faults that stand for a stream which begins now, those of all accounts first."""
        request = Request(parameters=session.parameters, account=self.id, attempt=attempt)
        return [
            each
            for each in (*self.mock.faults, *self.faults.values())
            if not each.over
            and FAULTS[each.fault.name].flaw is None
            and (each.expires is None or time < each.expires)
            and fits(each.match, request)
        ]

    # ---- the record

    def instant(self, now: float) -> Instant:
        """The moment `now` by all of the account's clocks."""
        time = self.clock.time(now)
        time_us = int(time * 1_000_000 + 0.5)  # rounded: round() takes longer
        return Instant(now, self.mock.wall(now), time, time - self.clock.leaped, time_us)

    def record(self, now: float, origin: Origin, kind: Kind, audio_us: int, about: Any, octets: int = 0) -> None:
        """Append to the journal."""
        self.journal.append(self.instant(now), origin, kind, audio_us, about, octets)

    def violation(self, now: float, origin: Origin, about: Mapping[str, object], audio_us: int = 0) -> None:
        """A client broke a rule: for the journal, and for whoever runs the mock."""
        self.record(now, origin, Kind.VIOLATION, audio_us, about)
        self.mock.on_violation(origin, about, now)

    # ---- resources

    def call(self, now: float, region: str = DEFAULT_REGION) -> Call:
        """A request at `now`, for handlers of operations."""
        self._latest = now
        time = self.clock.time(now)
        return Call(
            account=self.id,
            region=region,
            store=self.store,
            config=self.mock.config,
            time=time,
            wall=self._began + time,
            sessions=self,
        )

    @property
    def live_sessions(self) -> int:
        """How many sessions have a stream at the moment."""
        return len(self.live)

    def known_session(self, session_id: str) -> ListeningSession | None:
        """The session of that id, once its configuration was accepted."""
        return self.store.get(ListeningSession, session_id.lower())

    def do_chores(self, now: float) -> None:
        """Bring what finished work has made to where it belongs; on an autojump clock leap to when more is finished."""
        if self.clock.mode == "autojump" and now >= self._leaps_at:
            self.leap(now)
        self._deliver_due(now)

    def _deliver_due(self, now: float) -> None:
        call = self.call(now)
        if self.mock.deliver is None:
            for work in self.store.due(call.time):
                self.store.put(msgspec.structs.replace(work, settled=True))
        else:
            for document in documents_due(call):
                self.mock.deliver(self, document)

    def finish_work(self, now: float) -> None:
        """Let all work under way be finished by now, and deliver it: this account's time will not go on here."""
        time = self.call(now).time
        with self.together():
            for work in self.store.unsettled():
                self.store.put(work.hurried(time))
        self._deliver_due(now)

    def documents(self, now: float) -> tuple[Document, ...]:
        """What finished work has left, wherever it was written; each is made anew from the resources."""
        return documents(self.call(now))

    def document(self, uri: str, now: float) -> Document | None:
        """The document of an `s3://` URI; None: nothing has left one there."""
        return next((each for each in reversed(self.documents(now)) if each.uri == uri), None)

    def next_chore(self, now: float) -> float | None:
        """The real time at which `do_chores` has something to do, or None."""
        due = self.store.next_change(self.clock.time(now))
        if due is None:
            return None
        real = self.clock.real(due)
        if self.clock.mode == "autojump":
            return self._leaps_at if real is None else min(real, self._leaps_at)
        return real

    @property
    def _leaps_at(self) -> float:
        return self.last_activity + self.mock.config.autojump_quiet_seconds

    # ---- time

    def leap(self, now: float) -> None:
        """Let an autojump clock leap to the next moment at which a script has something to say, or work is finished."""
        says = [time for stream in self.live if (time := stream.next_say()) is not None]
        change = self.store.next_change(self.clock.time(now))
        time = min((*says, change) if change is not None else says, default=None)
        if time is None:
            return
        self.clock.leap(time, now)
        self._clock_moved(now)
        self.mock.woken.update(stream.connection for stream in self.live)
        if time in says:
            self.last_activity = now  # the client has something to take in; what else changes is nobody's to wait for

    def set_clock_mode(self, mode: str, now: float) -> None:
        """Let mock time go on in another way."""
        self.clock.set_mode(mode, now)
        self._clock_moved(now)
        self.mock.woken.update(stream.connection for stream in self.live)

    def advance(self, seconds: float, now: float) -> None:
        """Let mock time pass at once, whatever the clock's mode."""
        self.clock.advance(seconds, now)
        self._clock_moved(now)
        self.mock.woken.update(stream.connection for stream in self.live)
