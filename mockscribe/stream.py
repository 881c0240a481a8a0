"""One duplex stream of a session: body bytes and time in, a response out.

    body ─eventstream→ frames ─events→ events ─lifecycle→ legal events ─player→ intents → response.py

The composition of the pure packages for one exchange. It decides what the client is told when it breaks a rule, and
records what it received. It knows no socket, no routes, and no HTTP beyond the calls of `HttpConnection`.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from mockscribe import signatures
from mockscribe.account import Account
from mockscribe.entries import Kind, Origin
from mockscribe.errors import EventError, FrameError, SequenceError, ServiceError, SignatureError
from mockscribe.instant import Instant
from mockscribe.live import Session, Waker
from mockscribe.response import Response
from mockscribe.scenario.intents import Intent
from mockscribe.scenario.moment import Moment
from mockscribe.scenario.playing import Player
from mockscribe.service import configuration as rules
from mockscribe.service import event_frames, listening_sessions
from mockscribe.service.events import (
    AudioReceived,
    ConfigurationReceived,
    InputCompleted,
    InputEvent,
    OutputEvent,
    OutputException,
    SessionControlReceived,
)
from mockscribe.service.messages import message
from mockscribe.session.lifecycle import Event, Input, Status, Turn, follow, takes_audio
from mockscribe.underway import Exchange
from mockscribe.wire.eventstream import Decoder
from mockscribe.wire.eventstream_frame import Frame
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.sigv4_verification import EventVerifier

MICROSECONDS: Final = 1_000_000

EVENT_RECEIVED: Final = Kind.EVENT_RECEIVED  # CPython 3.11 takes its time to find a member of an enum
FRESH: Final = Input.FRESH

NOTHING_HEARD: Final = OutputEvent(member="transcriptEvent", content={})


class Stream(Exchange):
    """One stream of a session.

    `deadline` is the real time at which `tick` has work to do, or an earlier one; None: never. `connection` is whom to
    wake when something else than the client's bytes gave it work.
    """

    def __init__(
        self,
        *,
        account: Account,
        session: Session,
        origin: Origin,
        connection: Waker,
        http: HttpConnection,
        exchange: int,
        request_id: str,
        verifier: EventVerifier | None,
        now: float,
    ) -> None:
        self.account = account
        self.session = session
        self.origin = origin
        self.connection = connection
        self.deadline: float | None = None
        self.response = Response(account, session, origin, http, exchange, request_id)
        self._config = account.mock.config
        self._counts_encoded = self._config.audio_chunk_measure == "encoded"
        self._max_chunk_bytes = self._config.max_audio_chunk_bytes
        self._idle_seconds = float(self._config.idle_timeout_seconds)
        self._answers_all = self._config.empty_transcripts
        self._http = http
        self._exchange = exchange
        self._decoder = Decoder(max_payload_bytes=self._config.event_bytes)
        self._verifier = verifier
        self._state = Input.FRESH
        self._takes_audio = takes_audio(Input.FRESH)
        self._ending = False  # END_OF_SESSION was received
        self._judging = False  # what comes after it is looked at, though the response may be over
        self._input_ended = False  # the client ended its body
        self._input_closed = False  # and all of it was taken in
        self._detached = False
        self._owed = 0
        self._max_samples: float = math.inf
        self._stop_samples: float = math.inf  # beyond it the audio needs a look: its limit, or where a fault is due
        self._due_audio_us: int | None = None
        self._given_up = False
        self._last_audio = account.clock.waited(now)

    @property
    def done(self) -> bool:
        """Whether nothing can happen on the exchange any more, in either direction."""
        return self.response.over and (self._input_ended or self.response.gone)

    # ---- what the connection calls

    def open(self, now: float) -> None:
        """The request was accepted: apply the faults that come first, and answer."""
        instant = self.account.instant(now)
        self.session.stream = self
        self.session.streams += 1
        self.account.live.add(self)
        if self.session.player is not None:
            self.response.perform(self.session.player.leading_faults(self.origin.attempt), instant)
        for standing in self.account.standing_faults(self.session, self.origin.attempt, instant.time):
            self.response.arm(standing.fault, instant, standing)
        if self._config.response_headers == "immediate" and self._config.bad_configuration == "exception":
            self.response.begin(instant)
        self._settle(instant)

    def receive_body(self, data: bytes | memoryview, now: float) -> None:
        """Bytes of the request's body arrived; `work` takes them in."""
        self._owed += len(data)
        self.account.last_activity = now
        if not self.response.closed or self._judging:
            self._decoder.feed(data)

    def receive_end(self, now: float) -> None:
        """The client ended its request body."""
        self._input_ended = True
        self.work(now)

    def receive_lost(self, reason: str, now: float) -> None:
        """The exchange is gone; nothing can be sent any more."""
        self._judging = False
        self.response.lose(reason, gone=True)
        self._settle(self.account.instant(now))

    def record_violation(self, about: Mapping[str, object], now: float) -> None:
        """The client broke a rule of HTTP on this exchange."""
        self._violated(about, now)

    def abandon(self) -> None:
        """A bug of ours left the stream in pieces: let go of all that it held."""
        self.response.lose("a fault of mockscribe itself", failed=True, gone=True)
        self.deadline = None
        self._decoder = Decoder()
        self.account.live.discard(self)
        if self.session.stream is self:
            self.session.stream = None

    def work(self, now: float) -> None:
        """Take in what has arrived, as far as the client lets our output out."""
        instant = self.account.instant(now)
        response, next_frame = self.response, self._decoder.next_frame
        if response.waits:
            response.release(instant)
        try:
            while not response.closed and (response.room > 0 or response.has_room()):
                frame = next_frame()
                if frame is not None:
                    self._receive(frame, instant)
                elif self._input_ended and not self._input_closed:
                    self._input_closed = True
                    self._decoder.end()
                    self._close_input(instant)
                else:
                    break
            if self._judging and response.closed:
                self._settle(instant)  # first, so that the journal is the same however the packets came
                self._judge_rest(instant)
        except FrameError as error:
            self._violation(f"frame_{error.kind.value}", "ES-SPEC", error.offset, error.message, instant)
            self._refuse("bad_frame", instant, reason=error.message, offset=error.offset)
            self._stop_judging()
        if self._owed and (response.closed or response.room > 0):
            self._http.consume(self._exchange, self._owed)
            self._owed = 0
        self._settle(instant)

    def tick(self, now: float) -> None:
        """The clock has moved; idempotent."""
        if self.response.over:
            return
        self.deadline = None
        clock, player = self.account.clock, self.session.player
        due = self._due()
        if due is not None and clock.mode == "autojump" and now >= self._leaps_at():
            self.account.leap(now)
        instant = self.account.instant(now)
        if self.response.waits and (kept := self.response.due_us) is not None and kept <= instant.time_us:
            self.work(now)
        silent_until = self._last_audio + self._idle_seconds
        ends = clock.real_waited(silent_until)  # as the deadline was: back in mock time it may be rounded down
        timed_out = self._waits_for_audio() and ends is not None and ends <= now
        overdue = max(0.0, instant.waited - silent_until)
        until = instant.time_us - int(overdue * MICROSECONDS) if timed_out else instant.time_us  # in mock time's order
        due = self._player_due()
        if player is not None and due is not None and due <= until:
            self.response.perform(player.tick(Moment(self.session.audio_us, until)), instant)
            self._end_if_finished(instant)
        if timed_out and self._waits_for_audio():
            self._refuse("idle_timeout", instant, seconds=f"{self._idle_seconds:g}")
        self._settle(instant)

    # ---- what others call

    def next_say(self) -> float | None:
        """The mock time, in seconds, at which a script has something to say."""
        due = self._due()
        return None if due is None else due / MICROSECONDS

    def push(self, intents: Iterable[Intent], now: float) -> None:
        """Say something that no script asked for."""
        instant = self.account.instant(now)
        self.response.perform(intents, instant)
        self._settle(instant)

    def refuse(self, key: str, now: float, **values: object) -> None:
        """End the stream with the validationException of that key."""
        instant = self.account.instant(now)
        if not self.response.closed:
            self._refuse(key, instant, **values)
        self._settle(instant)
        self._leave_session(instant)  # though a fault may keep back what it was told

    def shut_down(self, now: float) -> None:
        """The server stops: end the stream with an internalFailureException (own choice: a client may try again)."""
        instant = self.account.instant(now)
        if not self.response.closed:
            text = message("shut_down", self._config.messages)
            self.response.perform((OutputException(member="internalFailureException", message=text),), instant)
        self._settle(instant)

    # ---- input

    def _receive(self, frame: Frame, instant: Instant) -> None:
        try:
            if self._verifier is not None:
                self._verifier.verify(frame, instant.at)
            event = event_frames.from_frame(frame)
            if self._takes_audio and type(event) is AudioReceived:
                self._audio(event, frame, instant)
                return
            state = follow(self._state, _kind(event))
        except SignatureError as error:
            self._violated(signatures.about(error, frame.offset), instant.now)
            refusal = event_frames.invalid_signature(
                signatures.text(error, self._config), self._config.invalid_event_signature
            )
            self.response.perform((refusal,), instant)
            self._stop_judging()
            return
        except (EventError, SequenceError) as error:
            rule = "sequence" if isinstance(error, SequenceError) else "event"
            self._violation(rule, "UG-stream", frame.offset, error.message, instant)
            if self._config.unexpected_event == "exception":
                self._refuse("unexpected_event", instant, reason=error.message)
                self._stop_judging()
            return
        match event:
            case ConfigurationReceived():
                self._configure(event, frame, state, instant)
            case SessionControlReceived() | InputCompleted():
                self.response.record(Kind.EVENT_RECEIVED, event, instant)
                self._enter(state)
                if state is Input.ENDED and not self._ending:
                    self._ending = self._judging = True
                    self.account.turn(self.session, Turn.ENDED, self.origin, instant)
                    self.response.perform(self._player().end_of_session(self._moment(instant)), instant)
                self._end_if_finished(instant)
            case AudioReceived():  # legal only where `_takes_audio`
                raise AssertionError(state)
            case _:
                assert_never(event)

    def _judge_rest(self, instant: Instant) -> None:
        """Look at what the client sent after END_OF_SESSION, though its response is over.

        What follows any other end is swallowed: the client may have sent it before it heard of that end.
        """
        while self._judging and (frame := self._decoder.next_frame()) is not None:
            self._receive(frame, instant)
        if self._judging and self._input_ended:
            self._judging = False
            self._decoder.end()

    def _stop_judging(self) -> None:
        """What comes now is not looked at, as after any violation that ends a stream."""
        if self._judging:
            self._judging = False
            self._decoder = Decoder()

    def _enter(self, state: Input) -> None:
        self._state = state
        self._takes_audio = takes_audio(state)

    def _audio(self, event: AudioReceived, frame: Frame, instant: Instant) -> None:
        config, audio = self._config, event.audio
        octets = len(audio)
        size = event.encoded_octets if self._counts_encoded else octets
        if size > self._max_chunk_bytes:
            self._violation("chunk_size", "UG-stream", frame.offset, f"an audio chunk of {size} bytes", instant)
            self._refuse("chunk_too_big", instant, size=size, limit=self._max_chunk_bytes)
            return
        if octets:
            self._last_audio = instant.waited
        elif config.empty_audio_chunk == "reject":
            self._violation("empty_chunk", "not public", frame.offset, "an audio event without audio", instant)
            self._refuse("empty_chunk", instant)
            return
        session, player = self.session, self._player()
        assert session.audio is not None
        try:
            heard = session.audio.receive(audio, measure=player.needs_levels)
        except EventError as error:
            self._violation("audio", "MODEL mediaEncoding", frame.offset, error.message, instant)
            self._refuse("bad_audio", instant, reason=error.message)
            return
        looks = heard.end > self._stop_samples
        if looks and heard.end > self._max_samples:
            limit = f"{config.max_session_audio_seconds:g}"
            self._violation("session_audio", "HealthScribe", frame.offset, f"more than {limit} s of audio", instant)
            self._given_up = True
            self._refuse("audio_limit", instant, seconds=limit)
            return
        session.audio_octets += octets
        session.digest.update(audio)
        session.audio_us = audio_us = session.audio.us
        self.response.record(EVENT_RECEIVED, event, instant, frame.size)
        intents = player.receive(heard, octets, Moment(audio_us, instant.time_us))
        if intents:
            self.response.perform(intents, instant)
        elif self._answers_all:
            self.response.perform((NOTHING_HEARD,), instant)
        if looks:
            self.response.release(instant)
            self._find_stop()

    def _find_stop(self) -> None:
        """Note how far the audio can come without a look."""
        self._stop_samples = self._max_samples
        self._due_audio_us = self.response.due_audio_us if self.response.waits else None
        if self._due_audio_us is not None and (audio := self.session.audio) is not None:
            due = -(-self._due_audio_us * audio.rate // MICROSECONDS)
            self._stop_samples = min(self._max_samples, due - 1)

    def _configure(self, event: ConfigurationReceived, frame: Frame, state: Input, instant: Instant) -> None:
        signed = frame.signed
        about = {
            "event": "configurationEvent",
            "signed": signed,
            "verified": self._verifier is not None,
            "value": event.configuration,
        }
        self.response.record(Kind.EVENT_RECEIVED, about, instant, frame.size)
        session, configuration = self.session, event.configuration
        today = datetime.datetime.fromtimestamp(instant.at, datetime.UTC).date()
        violations = rules.violations(configuration, today)
        if violations:
            text = rules.message(violations)
            self._violation("configuration", "MODEL, UG-ctx, UG-tpl", frame.offset, text, instant)
            self._refuse_configuration(text, instant)
            return
        changed = session.configuration is not None and session.configuration != configuration
        if changed and self._config.changed_resume == "refuse":
            text = "not the session's configuration"
            self._violation("changed_configuration", "HS-model", frame.offset, text, instant)
            self._refuse("changed_configuration", instant)
            return
        try:
            listening_sessions.check_output(self.account.call(instant.now), configuration)
        except ServiceError as error:
            self._refuse_configuration(error.message, instant)
            return
        if session.configuration is None:
            self.account.configure(session, configuration, self.origin.attempt)
        elif session.audio is not None:
            session.audio.resume()
            self.account.prepare(session, self.origin.attempt)
        if session.audio is not None and self._config.max_session_audio_seconds:
            self._max_samples = self._config.max_session_audio_seconds * session.audio.rate
        self._find_stop()
        self._enter(state)
        self._last_audio = instant.waited
        self.account.turn(session, Turn.CONFIGURED, self.origin, instant)
        self.response.begin(instant)
        self.response.perform(self._player().begin(session.roles, self._moment(instant)), instant)

    def _close_input(self, instant: Instant) -> None:
        """The request body is complete: the end of a session's input, or a pause."""
        match self._state:
            case Input.FRESH:
                text = "The stream ended before a configurationEvent was received."
                self._violation("sequence", "UG-stream", self._decoder.offset, text, instant)
                self._refuse("unexpected_event", instant, reason=text)
            case Input.OPEN | Input.ENDED if self._config.missing_empty_frame == "fatal":
                self._violation("missing_empty_frame", "RS-SIG", self._decoder.offset, "no empty frame", instant)
                self._refuse("missing_empty_frame", instant)
            case _:
                self.response.perform(self._player().input_closed(self._moment(instant)), instant)
                if self._ending:
                    self._end_if_finished(instant)
                else:
                    self.response.end("the client closed its input without END_OF_SESSION: a pause", instant)

    # ---- replies to a client that breaks a rule

    def _refuse(self, key: str, instant: Instant, **values: object) -> None:
        text = message(key, self._config.messages, **values)
        self.response.perform((OutputException(member="validationException", message=text),), instant)

    def _refuse_configuration(self, text: str, instant: Instant) -> None:
        if self._config.bad_configuration == "http400" and not self.response.begun:
            self.response.refuse(ServiceError("ValidationException", 400, text), instant)
        else:
            self.response.perform((OutputException(member="validationException", message=text),), instant)

    def _violation(self, rule: str, source: str, offset: int, text: str, instant: Instant) -> None:
        about = {"rule": rule, "source": source, "offset": offset, "message": text}
        self._violated(about, instant.now)

    def _violated(self, about: Mapping[str, object], now: float) -> None:
        self.account.violation(now, self.origin, about, self.session.audio_us)

    # ---- where things stand

    def _player(self) -> Player:
        assert self.session.player is not None, "a configured session has a player"
        return self.session.player

    def _moment(self, instant: Instant) -> Moment:
        return Moment(self.session.audio_us, instant.time_us)

    def _due(self) -> int | None:
        """The mock time in microseconds at which player or faults want a tick."""
        due = self._player_due()
        if not self.response.waits:
            return due
        kept = self.response.due_us
        return kept if due is None else due if kept is None else min(due, kept)

    def _player_due(self) -> int | None:
        """When the player wants one; a blocked client has to wait."""
        player = self.session.player
        if self.response.closed or player is None or self._state is FRESH or self.response.room <= 0:
            return None
        return player.next_deadline()

    def _leaps_at(self) -> float:
        return self.account.last_activity + self._config.autojump_quiet_seconds

    def _waits_for_audio(self) -> bool:
        """Whether the idle timeout runs: from the response's head until END_OF_SESSION or the end of the input."""
        return (
            self._idle_seconds > 0
            and not self.response.closed
            and not self._ending
            and not self._input_ended
            and self.response.room > 0
        )

    def _end_if_finished(self, instant: Instant) -> None:
        may_end = self._config.after_end_of_session == "close" or self._input_ended
        complete = self._config.missing_empty_frame == "tolerate" or self._state is Input.COMPLETE
        if self._ending and may_end and complete and self._player().finished:
            self.response.end("the session is complete", instant)

    def _settle(self, instant: Instant) -> None:
        """After every call: leave the session if the response is over, else know when to be called next."""
        if self.response.over:
            self.deadline = None
            if not self._detached:
                self._detach(instant)
            return
        self.response.flush()
        if self.response.waits and self.response.due_audio_us != self._due_audio_us:
            self._find_stop()
        due, waits = self._due(), self._waits_for_audio()
        if waits and due is None and self.deadline is not None:
            return  # the idle timeout has moved on, which a tick that comes too soon will see
        clock = self.account.clock
        times = []
        if due is not None:
            times.append(clock.real(due / MICROSECONDS))
            if clock.mode == "autojump":
                times.append(self._leaps_at())
        if waits:
            times.append(clock.real_waited(self._last_audio + self._idle_seconds))
        self.deadline = min((time for time in times if time is not None), default=None)

    def _detach(self, instant: Instant) -> None:
        self._detached = True
        if not self._judging:
            self._decoder = Decoder()
        self.account.live.discard(self)
        self._leave_session(instant)
        if self._ending:
            self.account.begin_artifacts(self.session, instant)
        about: dict[str, object] = {"reason": self.response.ended_by, "inputClosed": self._input_closed}
        if self._verifier is not None:
            about["verified"] = self._verifier.verified
        self.response.record(Kind.STREAM_ENDED, about, instant)

    def _leave_session(self, instant: Instant) -> None:
        session = self.session
        if session.stream is self:
            session.stream = None
            failed = self.response.failed and self._config.state_after_exception == Status.FAILED.value
            self.account.turn(session, Turn.GIVEN_UP if failed or self._given_up else Turn.LEFT, self.origin, instant)


def _kind(event: InputEvent) -> Event:
    match event:
        case AudioReceived():
            return Event.AUDIO
        case ConfigurationReceived():
            return Event.CONFIGURATION
        case SessionControlReceived(type=None):
            return Event.NOTHING
        case SessionControlReceived():
            return Event.END_OF_SESSION
        case InputCompleted():
            return Event.EMPTY_FRAME
        case _:
            assert_never(event)
