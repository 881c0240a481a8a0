"""The response of one stream: what the mock wants to say → events → faults → frames → http, recorded as it goes.

Frames that are sent together are handed to http together, by `flush`. Knows the exchange it answers and nothing of what
was asked or when.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from mockscribe.account import Account
from mockscribe.clock import Instant
from mockscribe.errors import ServiceError
from mockscribe.journal import Kind, Origin
from mockscribe.live import Session, spoken
from mockscribe.scenario.faults import Action, Faults, ResetStream, SendBytes
from mockscribe.scenario.model import End, Fault
from mockscribe.scenario.player import Intent
from mockscribe.service import events, restjson
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment
from mockscribe.service.resources import Spoken
from mockscribe.wire.exchange import OUTPUT_LIMIT, HttpConnection


class Response:
    """A response that is sent while the request still arrives.

    `begun` once its head is out, `over` once nothing more can follow; `ended_by` says in words what ended it, `failed`
    is set when that was an exception or a reset of ours, `gone` when the exchange itself is no more. `room` is how many
    bytes may be sent before the client has to read, as `flush` has found it: at none its producer must pause.
    """

    def __init__(
        self, account: Account, session: Session, origin: Origin, http: HttpConnection, exchange: int, request_id: str
    ) -> None:
        self.begun = False
        self.over = False
        self.failed = False
        self.gone = False
        self.ended_by = ""
        self.room = OUTPUT_LIMIT
        self._journal = account.journal
        self._session = session
        self._origin = origin
        self._http = http
        self._exchange = exchange
        self._request_id = request_id
        self._faults = Faults()
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
        self.room = OUTPUT_LIMIT - self._http.output_size(self._exchange)

    def begin(self, instant: Instant) -> None:
        """Send the head of a stream: 200 with the session's settings, once."""
        if self.begun or self.over:
            return
        self.begun = True
        headers = restjson.listening_session_headers(self._session.parameters, self._request_id)
        self._http.send_head(self._exchange, 200, headers)
        self.record(Kind.RESPONSE, {"status": 200, "headers": dict(headers)}, instant)

    def refuse(self, error: ServiceError, instant: Instant) -> None:
        """Answer with a modeled HTTP error instead of a stream."""
        self.begun = True
        status, headers, body = restjson.error_response(error, self._request_id)
        self._http.send_head(self._exchange, status, headers)
        self._http.send(self._exchange, body)
        self.record(Kind.RESPONSE, {"status": status, "error": error.shape, "message": error.message}, instant)
        self._end(f"HTTP {status} {error.shape}")

    def perform(self, intents: Iterable[Intent], instant: Instant) -> None:
        """Do what the mock wants, in order, until something ends the response."""
        for intent in intents:
            if self.over:
                return
            match intent:
                case TranscriptSegment() | OutputEvent():
                    self._send(Kind.EVENT_SENT, intent, instant)
                case OutputException(member=member):
                    self._send(Kind.EXCEPTION_SENT, intent, instant)
                    self._end(f"{member} was sent", failed=True)
                case OutputError(code=code):
                    self._send(Kind.EXCEPTION_SENT, intent, instant)
                    self._end(f"the error {code} was sent", failed=True)
                case Fault():
                    actions = self._faults.arm(intent)
                    self._apply(actions, intent if actions else None, instant)
                case End():
                    self.begin(instant)
                    self._end("the scenario ended it")
                case _:
                    assert_never(intent)

    def end(self, reason: str, instant: Instant) -> None:
        """End the response cleanly."""
        if not self.over:
            self.begin(instant)
            self._end(reason)

    def lose(self, reason: str, *, failed: bool = False, gone: bool = False) -> None:
        """Nothing more can be sent, whoever is to blame."""
        self.gone = self.gone or gone
        if not self.over:
            self.over = True
            self.failed = failed
            self.ended_by = reason

    def record(self, kind: Kind, about: Any, instant: Instant, octets: int = 0) -> None:
        """Tell the journal."""
        self._journal.append(instant.at, instant.time, self._origin, kind, self._session.audio_us, about, octets)

    def _send(
        self, kind: Kind, event: TranscriptSegment | OutputEvent | OutputException | OutputError, instant: Instant
    ) -> None:
        if not self.begun:
            self.begin(instant)
        data = self._encode(event)
        self.record(kind, event, instant, len(data))
        if self._faults.armed:
            actions, fault = self._faults.apply(data)
            self._apply(actions, fault, instant)
        else:
            self._batch.append(data)
            self.room -= len(data)

    def _encode(self, event: TranscriptSegment | OutputEvent | OutputException | OutputError) -> bytes:
        if not isinstance(event, OutputEvent):
            if isinstance(event, TranscriptSegment) and not event.is_partial:
                self._session.spoke(event)
            return events.to_frame_bytes(event, milliseconds=self._milliseconds)
        if self._repeated is not event:
            self._repeated = event
            self._repeated_data = events.to_frame_bytes(event)
            self._repeated_final = spoken(event, self._session.roles)
        if self._repeated_final is not None:
            self._session.add_final(self._repeated_final)
        return self._repeated_data

    def _apply(self, actions: Iterable[Action], fault: Fault | None, instant: Instant) -> None:
        """Do what faults make of the response; `fault` is the one that fired, if one did."""
        if fault is not None:
            self.record(Kind.FAULT_FIRED, {"fault": fault.name, "parameters": dict(fault.parameters)}, instant)
        for action in actions:
            match action:
                case SendBytes(data=data):
                    self._batch.append(data)
                    self.room -= len(data)
                case ResetStream(code=code):
                    self.flush()
                    self._http.reset(self._exchange, code)
                    self.lose(f"a fault reset the stream with code {code}", failed=True, gone=True)
                case _:
                    assert_never(action)

    def _end(self, reason: str, *, failed: bool = False) -> None:
        self.flush()
        self._http.end(self._exchange)
        self.lose(reason, failed=failed)
