"""The response of one stream: what the mock wants to say → events → faults → frames → http, recorded as it goes.

Frames that are sent together are handed to http together, by `flush`. Knows the exchange it answers and nothing of what
was asked or when.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, assert_never

from mockscribe.account import Account
from mockscribe.entries import Kind, Origin
from mockscribe.errors import ServiceError
from mockscribe.instant import Instant
from mockscribe.live import Session, StandingFault, spoken
from mockscribe.scenario.faults import (
    Action,
    Answer,
    Faults,
    Finish,
    Fired,
    Misbehave,
    ResetStream,
    Scene,
    SendBytes,
    SendHead,
    keys_of,
)
from mockscribe.scenario.intents import Intent
from mockscribe.scenario.model import End, Fault
from mockscribe.service import event_frames, restjson
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment
from mockscribe.service.resources import Spoken
from mockscribe.wire.exchange import OUTPUT_LIMIT
from mockscribe.wire.http import HttpConnection

EVENT_SENT: Final = Kind.EVENT_SENT  # CPython 3.11 takes its time to find a member of an enum


class Response:
    """A response that is sent while the request still arrives.

    `begun` once its head was sent, `closed` once nothing more is to be said, `over` once all that was said is out too
    (a fault may keep it back); `ended_by` says in words what ended it, `failed` is set when that was an exception or a
    reset of ours, `gone` when the exchange itself is no more. `room` is how many bytes may be sent before the client
    has to read, as `flush` has found it: at none its producer must pause. `waits` while a fault may have something to
    do later; `due_us`, `due_audio_us` and `release` are of interest only then.
    """

    def __init__(
        self, account: Account, session: Session, origin: Origin, http: HttpConnection, exchange: int, request_id: str
    ) -> None:
        self.begun = False
        self.closed = False
        self.over = False
        self.failed = False
        self.gone = False
        self.ended_by = ""
        self.waits = False
        self.room = OUTPUT_LIMIT
        self._journal = account.journal
        self._session = session
        self._origin = origin
        self._http = http
        self._exchange = exchange
        self._request_id = request_id
        mock = account.mock
        self._faults = Faults(
            attempt=origin.attempt,
            http1=http.version != "2",
            draw=lambda: mock.draw(account.id, session.key, origin.attempt, "faults"),
        )
        self._milliseconds = account.mock.config.offset_unit == "milliseconds"
        self._batch: list[bytes] = []
        self._repeated: OutputEvent | None = None  # an event that a script may send again …
        self._repeated_data = b""  # … encoded
        self._repeated_final: Spoken | None = None

    def flush(self) -> None:
        """Hand on what was sent, and look how much of it http must keep."""
        if self._batch:
            self._http.send(self._exchange, b"".join(self._batch))
            self._batch.clear()
        self.room = OUTPUT_LIMIT - self._http.output_size(self._exchange) - self._faults.octets

    def has_room(self) -> bool:
        """Whether more may be said before the client has to read, looking again."""
        self.flush()
        return self.room > 0

    def begin(self, instant: Instant) -> None:
        """Send the head of a stream: 200 with the session's settings, once."""
        if self.begun or self.closed:
            return
        headers = restjson.listening_session_headers(self._session.parameters, self._request_id)
        self._apply(self._faults.head(SendHead(status=200, headers=headers), self._scene(instant)), instant)
        self.begun = True

    def refuse(self, error: ServiceError, instant: Instant) -> None:
        """Answer with a modeled HTTP error instead of a stream."""
        self.begun = True
        status, headers, body = restjson.error_response(error, self._request_id)
        self._http.send_head(self._exchange, status, headers)
        self._http.send(self._exchange, body)
        self.record(Kind.RESPONSE, {"status": status, "error": error.shape, "message": error.message}, instant)
        self._end(f"HTTP {status} {error.shape}", instant)

    def perform(self, intents: Iterable[Intent], instant: Instant) -> None:
        """Do what the mock wants, in order, until something ends the response."""
        for intent in intents:
            if self.closed:
                return
            if type(intent) is OutputEvent or type(intent) is TranscriptSegment:  # no isinstance: it is asked each time
                self._send(EVENT_SENT, intent, instant)
                continue
            match intent:
                case OutputException(member=member):
                    self._send(Kind.EXCEPTION_SENT, intent, instant)
                    self._end(f"{member} was sent", instant, failed=True)
                case OutputError(code=code):
                    self._send(Kind.EXCEPTION_SENT, intent, instant)
                    self._end(f"the error {code} was sent", instant, failed=True)
                case Fault():
                    self.arm(intent, instant)
                case End():
                    self.begin(instant)
                    self._end("the scenario ended it", instant)
                case _:
                    assert_never(intent)

    def end(self, reason: str, instant: Instant) -> None:
        """End the response cleanly."""
        if not self.closed:
            self.begin(instant)
            self._end(reason, instant)

    def lose(self, reason: str, *, failed: bool = False, gone: bool = False) -> None:
        """Nothing more can be sent, whoever is to blame."""
        self.gone = self.gone or gone
        if not self.over:
            self.closed = self.over = True
            self._faults.clear()
            self.waits = False
            self.failed = failed
            self.ended_by = reason

    def record(self, kind: Kind, about: Any, instant: Instant, octets: int = 0) -> None:
        """Tell the journal."""
        self._journal.append(instant, self._origin, kind, self._session.audio_us, about, octets)

    def _send(
        self, kind: Kind, event: TranscriptSegment | OutputEvent | OutputException | OutputError, instant: Instant
    ) -> None:
        if not self.begun:
            self.begin(instant)
        data = self._encode(event)
        if self._faults.armed:
            if self.closed or self._faults.silent:
                return
            self.record(kind, event, instant, len(data))
            self._apply(self._faults.apply(event, data, self._scene(instant)), instant)
            self.flush()
            return
        self.record(kind, event, instant, len(data))
        self._batch.append(data)
        self.room -= len(data)

    def _encode(self, event: TranscriptSegment | OutputEvent | OutputException | OutputError) -> bytes:
        if not isinstance(event, OutputEvent):
            if isinstance(event, TranscriptSegment) and not event.is_partial:
                self._session.spoke(event)
            return event_frames.to_frame_bytes(event, milliseconds=self._milliseconds)
        if self._repeated is not event:
            self._repeated = event
            self._repeated_data = event_frames.to_frame_bytes(event)
            self._repeated_final = spoken(event, self._session.roles)
        if self._repeated_final is not None:
            self._session.add_final(self._repeated_final)
        return self._repeated_data

    # ---- faults

    def arm(self, fault: Fault, instant: Instant, counter: StandingFault | None = None) -> None:
        """Let a fault act, now or when its position comes; `counter` hears of it."""
        if not self.closed:
            self._apply(self._faults.arm(fault, self._scene(instant), counter), instant)

    @property
    def due_us(self) -> int | None:
        """The mock time at which a fault has something to do."""
        return self._faults.due_us

    @property
    def due_audio_us(self) -> int | None:
        """The session's audio clock at which it has."""
        return self._faults.due_audio_us

    def release(self, instant: Instant) -> None:
        """Do what faults have kept until now."""
        self.flush()
        self._apply(self._faults.release(self._scene(instant)), instant)
        self.flush()

    def _scene(self, instant: Instant) -> Scene:
        room = self.room + self._faults.octets
        audio_us = self._session.audio_us
        return Scene(time_us=instant.time_us, audio_us=audio_us, wall=instant.at, room=room, begun=self.begun)

    def _apply(self, actions: Iterable[Action], instant: Instant) -> None:
        """Do what faults make of the response."""
        for action in actions:
            match action:
                case SendBytes(data=data):
                    self._batch.append(data)
                    self.room -= len(data)
                case SendHead(status=status, headers=headers):
                    self._http.send_head(self._exchange, status, headers)
                    self.record(Kind.RESPONSE, {"status": status, "headers": dict(headers)}, instant)
                case Answer():
                    self._answer(action, instant)
                case Finish(reason=reason, failed=failed, open=is_open):
                    self.flush()
                    if not is_open:
                        self._http.end(self._exchange)
                    self.lose(reason, failed=failed)
                case ResetStream(code=code):
                    self.flush()
                    self._http.reset(self._exchange, code)
                    self.lose(f"a fault reset the stream with code {code}", failed=True, gone=True)
                case Misbehave(misbehaviour=misbehaviour, ends=ends):
                    self.flush()
                    self._http.misbehave(self._exchange, misbehaviour)
                    if ends:
                        self.lose(ends, failed=True, gone=True)
                case Fired(fault=fault, note=note):
                    about = {"fault": fault.name, "parameters": keys_of(fault), **({"note": note} if note else {})}
                    self.record(Kind.FAULT_FIRED, about, instant)
                case _:
                    assert_never(action)
        self.closed = self.closed or self._faults.closed
        self.waits = self._faults.waits

    def _answer(self, answer: Answer, instant: Instant) -> None:
        self.begun = True
        length = ("content-length", str(len(answer.body)))
        names = (("x-amzn-request-id", self._request_id), ("x-amzn-requestid", self._request_id))
        headers = (*answer.headers, *names, length)
        self._http.send_head(self._exchange, answer.status, headers)
        self._http.send(self._exchange, answer.body)
        self._http.end(self._exchange)
        about = {"status": answer.status, "error": answer.error, "message": answer.message}
        self.record(Kind.RESPONSE, about, instant)
        self.lose(f"a fault answered HTTP {answer.status}", failed=True)

    def _end(self, reason: str, instant: Instant, *, failed: bool = False) -> None:
        self.closed = True
        if self.over:  # a fault was faster
            return
        self._apply(self._faults.finish(Finish(reason=reason, failed=failed), self._scene(instant)), instant)
