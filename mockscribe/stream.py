"""One duplex stream of a session: body bytes and time in, a response out.

    body ─eventstream→ frames ─events→ events ─lifecycle→ legal events ─player→ intents → response.py

The composition of the pure packages for one exchange. It decides what the client is told when it breaks a rule, and
records what it received. It knows no socket, no routes, and no HTTP beyond the calls of `HttpConnection`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from mockscribe.errors import EventError, FrameError, SequenceError, ServiceError
from mockscribe.journal import Kind, Origin
from mockscribe.mock import Account, Session, Waker
from mockscribe.response import Response
from mockscribe.scenario.echo import AudioEcho, scenario_from_context
from mockscribe.scenario.player import Intent, Moment, Player, ScenarioPlayer
from mockscribe.service import configuration as rules
from mockscribe.service import events
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
from mockscribe.session.audio import AudioClock
from mockscribe.session.lifecycle import Event, Input, Status, Turn, follow
from mockscribe.wire.eventstream import Decoder, Frame
from mockscribe.wire.exchange import HttpConnection

MICROSECONDS = 1_000_000


class Stream:
    """One stream of a session.

    `deadline` is the real time at which `tick` has work to do, or None. `connection` is whom to wake when something
    else than the client's bytes gave it work.
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
        now: float,
    ) -> None:
        self.account = account
        self.session = session
        self.origin = origin
        self.connection = connection
        self.deadline: float | None = None
        self.response = Response(account, session, origin, http, exchange, request_id)
        self._config = account.mock.config
        self._http = http
        self._exchange = exchange
        self._decoder = Decoder()
        self._state = Input.FRESH
        self._ending = False  # END_OF_SESSION was received
        self._input_ended = False  # the client ended its body
        self._input_closed = False  # and all of it was taken in
        self._detached = False
        self._owed = 0
        self._last_audio = account.clock.waited(now)

    @property
    def over(self) -> bool:
        """Whether the response has ended."""
        return self.response.over

    @property
    def done(self) -> bool:
        """Whether nothing can happen on the exchange any more, in either direction."""
        return self.response.over and (self._input_ended or self.response.gone)

    # ---- what the connection calls

    def open(self, now: float) -> None:
        """The request was accepted: apply the faults that come first, and answer."""
        self.session.stream = self
        self.session.streams += 1
        self.account.live.add(self)
        if self.session.player is not None:
            self.response.perform(self.session.player.leading_faults(), now)
        if self._config.response_headers == "immediate" and self._config.bad_configuration == "exception":
            self.response.begin(now)
        self._settle(now)

    def receive_body(self, data: bytes | memoryview, now: float) -> None:
        """Bytes of the request's body arrived."""
        self._owed += len(data)
        self.account.last_activity = now
        if not self.over:
            self._decoder.feed(data)
        self.work(now)

    def receive_end(self, now: float) -> None:
        """The client ended its request body."""
        self._input_ended = True
        self.work(now)

    def receive_lost(self, reason: str, now: float) -> None:
        """The exchange is gone; nothing can be sent any more."""
        self.response.lose(reason, gone=True)
        self._settle(now)

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
        blocked = self.response.blocked()
        while not self.over and not blocked:
            try:
                frame = self._decoder.next_frame()
                if frame is None:
                    if self._input_ended and not self._input_closed:
                        self._input_closed = True
                        self._decoder.end()
                        self._close_input(now)
                    break
                self._receive(frame, now)
            except FrameError as error:
                self._violation(f"frame_{error.kind.value}", "ES-SPEC", error.offset, error.message, now)
                self._refuse("bad_frame", now, reason=error.message, offset=error.offset)
            blocked = self.response.blocked()
        if self.over or not blocked:
            self._http.consume(self._exchange, self._owed)
            self._owed = 0
        self._settle(now)

    def tick(self, now: float) -> None:
        """The clock has moved; idempotent."""
        if self.over:
            return
        clock, player = self.account.clock, self.session.player
        due = self._due()
        if due is not None and clock.mode == "autojump" and now >= self._leaps_at():
            self.account.leap(now)
        if player is not None and due is not None and due <= clock.time(now) * MICROSECONDS:
            self.response.perform(player.tick(self._moment(now)), now)
            self._end_if_finished(now)
        if self._waits_for_audio() and clock.waited(now) >= self._last_audio + self._config.idle_timeout_seconds:
            self._refuse("idle_timeout", now, seconds=f"{self._config.idle_timeout_seconds:g}")
        self._settle(now)

    # ---- what others call

    def next_say(self) -> float | None:
        """The mock time, in seconds, at which a script has something to say."""
        due = self._due()
        return None if due is None else due / MICROSECONDS

    def push(self, intents: Iterable[Intent], now: float) -> None:
        """Say something that no script asked for."""
        self.response.perform(intents, now)
        self._settle(now)

    def refuse(self, key: str, now: float) -> None:
        """End the stream with the validationException of that key."""
        if not self.over:
            self._refuse(key, now)
        self._settle(now)

    # ---- input

    def _receive(self, frame: Frame, now: float) -> None:
        try:
            event = events.from_frame(frame)
            state = follow(self._state, _kind(event))
        except (EventError, SequenceError) as error:
            rule = "sequence" if isinstance(error, SequenceError) else "event"
            self._violation(rule, "UG-stream", frame.offset, error.message, now)
            if self._config.unexpected_event == "exception":
                self._refuse("unexpected_event", now, reason=error.message)
            return
        match event:
            case AudioReceived():
                self._audio(event, frame, now)
            case ConfigurationReceived():
                self._configure(event, frame, state, now)
            case SessionControlReceived() | InputCompleted():
                self.response.record(Kind.EVENT_RECEIVED, event, now)
                self._state = state
                if state is Input.ENDED and not self._ending:
                    self._ending = True
                    self.account.turn(self.session, Turn.ENDED, self.origin, now)
                    self.response.perform(self._player().end_of_session(self._moment(now)), now)
                    self._end_if_finished(now)
            case _:
                assert_never(event)

    def _audio(self, event: AudioReceived, frame: Frame, now: float) -> None:
        config = self._config
        size = event.encoded_octets if config.audio_chunk_measure == "encoded" else len(event.audio)
        if size > config.max_audio_chunk_bytes:
            self._violation("chunk_size", "UG-stream", frame.offset, f"an audio chunk of {size} bytes", now)
            self._refuse("chunk_too_big", now, size=size, limit=config.max_audio_chunk_bytes)
            return
        session, player = self.session, self._player()
        assert session.audio is not None
        if size:
            self._last_audio = self.account.clock.waited(now)
        elif config.empty_audio_chunk == "reject":
            self._violation("empty_chunk", "not public", frame.offset, "an audio event without audio", now)
            self._refuse("empty_chunk", now)
            return
        try:
            heard = session.audio.receive(event.audio, measure=player.needs_levels)
        except EventError as error:
            self._violation("audio", "MODEL mediaEncoding", frame.offset, error.message, now)
            self._refuse("bad_audio", now, reason=error.message)
            return
        session.audio_octets += len(event.audio)
        self.response.record(Kind.EVENT_RECEIVED, event, now, frame.size)
        intents = player.receive(heard, len(event.audio), self._moment(now))
        if intents:
            self.response.perform(intents, now)
        elif config.empty_transcripts:
            self.response.perform((OutputEvent(member="transcriptEvent", content={}),), now)

    def _configure(self, event: ConfigurationReceived, frame: Frame, state: Input, now: float) -> None:
        self.response.record(Kind.EVENT_RECEIVED, event, now, frame.size)
        session, configuration = self.session, event.configuration
        today = datetime.datetime.fromtimestamp(self.account.mock.wall(now), datetime.UTC).date()
        violations = rules.violations(configuration, today)
        if violations:
            text = rules.message(violations)
            self._violation("configuration", "MODEL, UG-ctx, UG-tpl", frame.offset, text, now)
            self._refuse_configuration(text, now)
            return
        if session.configuration is not None and session.configuration != configuration:
            self._violation("changed_configuration", "HS-model", frame.offset, "not the session's configuration", now)
            self._refuse("changed_configuration", now)
            return
        if session.configuration is None:
            session.configuration = configuration
            self._prepare(session, configuration)
        elif session.audio is not None:
            session.audio.resume()
        self._state = state
        self._last_audio = self.account.clock.waited(now)
        self.account.turn(session, Turn.CONFIGURED, self.origin, now)
        self.response.begin(now)
        self.response.perform(self._player().begin(session.roles, self._moment(now)), now)

    def _prepare(self, session: Session, configuration: Mapping[str, Any]) -> None:
        config = self._config
        definitions = configuration.get("channelDefinitions") or ()
        session.roles = {each["participantRole"]: f"ch_{each['channelId']}" for each in definitions}
        channels = {"mono": 1, "stereo": 2}.get(config.pcm_channels, 2 if definitions else 1)
        rate = int(session.parameters["mediaSampleRateHertz"])
        session.audio = AudioClock(
            encoding=str(session.parameters["mediaEncoding"]),
            rate=rate,
            channels=channels,
            check_flac_header=config.flac_header == "check",
        )
        if not definitions and config.channel_id_without_definitions == "ch_0":
            session.roles = {"CLINICIAN": "ch_0", "PATIENT": "ch_0"}
        if session.player is None:
            rng = self.account.mock.draw(self.account.id, session.key, self.origin.attempt)
            ids = self.account.segment_ids(session, rng)
            context = (configuration.get("encounterContext") or {}).get("unstructuredContext") or ""
            if config.echo == "context" and context.strip():
                session.player = ScenarioPlayer(scenario_from_context(context), rng, next_segment_id=ids)
            else:
                partial_us = int(config.partial_interval_seconds * MICROSECONDS)
                session.player = AudioEcho(rng, rate, partial_us=partial_us, next_segment_id=ids)

    def _close_input(self, now: float) -> None:
        """The request body is complete: the end of a session's input, or a pause."""
        match self._state:
            case Input.FRESH:
                text = "The stream ended before a configurationEvent was received."
                self._violation("sequence", "UG-stream", self._decoder.offset, text, now)
                self._refuse("unexpected_event", now, reason=text)
            case Input.OPEN | Input.ENDED if self._config.missing_empty_frame == "fatal":
                self._violation("missing_empty_frame", "RS-SIG", self._decoder.offset, "no empty frame", now)
                self._refuse("missing_empty_frame", now)
            case _ if self._ending:
                self.response.perform(self._player().input_closed(self._moment(now)), now)
                self._end_if_finished(now)
            case _:
                self.response.perform(self._player().input_closed(self._moment(now)), now)
                self.response.end("the client closed its input without END_OF_SESSION: a pause", now)

    # ---- replies to a client that breaks a rule

    def _refuse(self, key: str, now: float, **values: object) -> None:
        text = message(key, self._config.messages, **values)
        self.response.perform((OutputException(member="validationException", message=text),), now)

    def _refuse_configuration(self, text: str, now: float) -> None:
        if self._config.bad_configuration == "http400" and not self.response.begun:
            self.response.refuse(ServiceError("ValidationException", 400, text), now)
        else:
            self.response.perform((OutputException(member="validationException", message=text),), now)

    def _violation(self, rule: str, source: str, offset: int, text: str, now: float) -> None:
        about = {"rule": rule, "source": source, "offset": offset, "message": text}
        self.response.record(Kind.VIOLATION, about, now)

    # ---- where things stand

    def _player(self) -> Player:
        assert self.session.player is not None, "a configured session has a player"
        return self.session.player

    def _moment(self, now: float) -> Moment:
        time_us = int(self.account.clock.time(now) * MICROSECONDS)
        return Moment(audio_us=self.session.audio_us, time_us=time_us)

    def _due(self) -> int | None:
        """The mock time in microseconds at which the player wants a tick; a blocked client has to wait."""
        player = self.session.player
        if self.over or player is None or self._state is Input.FRESH or self.response.blocked():
            return None
        return player.next_deadline()

    def _leaps_at(self) -> float:
        return self.account.last_activity + self._config.autojump_quiet_seconds

    def _waits_for_audio(self) -> bool:
        """Whether the idle timeout runs: from the response's head until END_OF_SESSION or the end of the input."""
        return (
            self._config.idle_timeout_seconds > 0
            and not self.over
            and not self._ending
            and not self._input_ended
            and not self.response.blocked()
        )

    def _end_if_finished(self, now: float) -> None:
        if self._ending and self._player().finished:
            if self._config.after_end_of_session == "close" or self._input_ended:
                self.response.end("the session is complete", now)

    def _settle(self, now: float) -> None:
        """After every call: leave the session if the response is over, else know when to be called next."""
        if self.over:
            self.deadline = None
            if not self._detached:
                self._detach(now)
            return
        clock = self.account.clock
        due = self._due()
        times = []
        if due is not None:
            times.append(clock.real(due / MICROSECONDS))
            if clock.mode == "autojump":
                times.append(self._leaps_at())
        if self._waits_for_audio():
            times.append(clock.real_waited(self._last_audio + self._config.idle_timeout_seconds))
        self.deadline = min((time for time in times if time is not None), default=None)

    def _detach(self, now: float) -> None:
        self._detached = True
        self._decoder = Decoder()
        self.account.live.discard(self)
        session = self.session
        if session.stream is self:
            session.stream = None
            given_up = self.response.failed and self._config.state_after_exception == Status.FAILED.value
            self.account.turn(session, Turn.GIVEN_UP if given_up else Turn.LEFT, self.origin, now)
        self.response.record(Kind.STREAM_ENDED, {"reason": self.response.ended_by}, now)


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
