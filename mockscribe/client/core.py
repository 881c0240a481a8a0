"""StartMedicalScribeListeningSession from the client's side, without IO: events in, bytes out, and the other way round.

Signs as the official SDKs do (facts 2.1, 2.4, 11a): SigV4 over the request with the literal payload hash of event
streams, then every event in an envelope whose signature continues the one before. Time is an argument: `now` is seconds
since the epoch. Knows no socket; what is sent waits here for the server's windows, and `can_send` says when to wait
with more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mockscribe.client.endpoint import Endpoint
from mockscribe.client.exchange import EVENT_STREAM, JSON, Event, SignedExchange, audio_event, event_of
from mockscribe.client.http2 import BodyReceived, Ended, Headers, HeadReceived, Lost
from mockscribe.errors import FrameError
from mockscribe.wire.eventstream import Decoder
from mockscribe.wire.eventstream_frame import Frame
from mockscribe.wire.sigv4 import Credentials, EventSigner, sign_request

SERVICE = "health-agent"
"""The name that requests are signed for (MODEL: signingName)."""

PATH = "/medical-scribe-stream/"

MAX_ERROR_BYTES = 1_048_576
"""Of a refusal's body, kept to find its message; own choice, a thousand times what the service's errors take."""

_ANY_SIZE = 2**32  # ES-SPEC: a client must not enforce the limits that a server has


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The operation's parameters, which travel as headers; sent as they are, for the service to judge."""

    session_id: str
    domain_id: str
    subscription_id: str
    language_code: str = "en-US"
    sample_rate: int = 16_000
    media_encoding: str = "pcm"

    def headers(self) -> Headers:
        """As HTTP headers (MODEL: the operation's input shape)."""
        return (
            ("x-amzn-medscribe-session-id", self.session_id),
            ("x-amzn-medscribe-domain-id", self.domain_id),
            ("x-amzn-medscribe-subscription-id", self.subscription_id),
            ("x-amzn-medscribe-language-code", self.language_code),
            ("x-amzn-medscribe-sample-rate", str(self.sample_rate)),
            ("x-amzn-medscribe-media-encoding", self.media_encoding),
        )


# ---- what the server said, in the order in which it did


class ResponseStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The service accepted the call; names of headers are in lower case."""

    status: int
    headers: Headers


class EventReceived(msgspec.Struct, frozen=True, kw_only=True):
    """An event: the union's member (`transcriptEvent`) and its content."""

    member: str
    value: Mapping[str, Any]


class StreamEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The server ended the stream cleanly: the last that is observed."""


class StreamFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The call was refused, an exception came in the stream, or the stream broke: the last that is observed.

    `shape` is the exception's name as the server gave it, empty when there is none; `status` the HTTP status, 0 when
    no response came.
    """

    message: str
    shape: str = ""
    status: int = 0


Observed = ResponseStarted | EventReceived | StreamEnded | StreamFailed


# ---- the call


class ClientStream:
    """One call on a connection of its own: feed it what arrives, write what `data_to_send` returns.

    Until `can_send` there is no use in sending more: it would wait here, and its signature would grow old (they hold
    for five minutes).
    """

    def __init__(
        self, endpoint: Endpoint, parameters: Parameters, *, credentials: Credentials, region: str, now: float
    ) -> None:
        """The call begins: its head waits in `data_to_send`."""
        signed = sign_request(
            method="POST",
            path=endpoint.path + PATH,
            authority=endpoint.authority,
            headers=(("content-type", EVENT_STREAM), *parameters.headers()),
            credentials=credentials,
            region=region,
            service=SERVICE,
            now=now,
        )
        signer = EventSigner(credentials, region=region, service=SERVICE, seed=signed.signature)
        pseudo = (
            (":method", "POST"),
            (":scheme", endpoint.scheme),
            (":authority", endpoint.authority),
            (":path", endpoint.path + PATH),
        )
        self._exchange = SignedExchange((*pseudo, *signed.headers), signer)
        self._decoder = Decoder(max_payload_bytes=_ANY_SIZE, max_headers_bytes=_ANY_SIZE)
        self._head: HeadReceived | None = None
        self._refusal = bytearray()
        self.over = False

    # ---- out

    def send(self, item: Mapping[str, Any], now: float) -> None:
        """An event as the model spells it, a dict with one key: `{"configurationEvent": {…}}`.

        Raises:
            ValueError: it has no key or several.
        """
        self._exchange.send(event_of(item), now)

    def send_configuration(self, configuration: Mapping[str, Any], now: float) -> None:
        """`configurationEvent`, the first event of every stream."""
        self.send({"configurationEvent": configuration}, now)

    def send_audio(self, audio: bytes | memoryview, now: float, *, binary: bool = True) -> None:
        """`binaryAudioEvent` with the bytes as they are, or `audioEvent` with base64 in JSON."""
        self._exchange.send(audio_event(audio, binary=binary), now)

    def end_session(self, now: float) -> None:
        """`sessionControlEvent` END_OF_SESSION: the session is complete and cannot be resumed."""
        self._exchange.send(Event("sessionControlEvent", JSON, b'{"type":"END_OF_SESSION"}'), now)

    def close_input(self, now: float) -> None:
        """The signed empty frame and END_STREAM. Without `end_session` before it, the session is paused."""
        self._exchange.close_input(now)

    def cancel(self) -> None:
        """Give the call up, or leave after its end; then write what `data_to_send` still returns."""
        self.over = True
        self._exchange.cancel()

    @property
    def can_send(self) -> bool:
        """Whether all that was sent has left: False while the server keeps its window shut."""
        return self._exchange.can_send

    def data_to_send(self) -> bytes:
        """Drain what is to be written now."""
        return self._exchange.data_to_send()

    # ---- in

    def receive_data(self, data: bytes) -> list[Observed]:
        """Bytes arrived; what they say."""
        return [each for observed in self._exchange.receive_data(data) for each in self._observe(observed)]

    def receive_eof(self) -> list[Observed]:
        """The server closed the connection."""
        return [each for observed in self._exchange.receive_eof() for each in self._observe(observed)]

    def _observe(self, observed: HeadReceived | BodyReceived | Ended | Lost) -> Iterator[Observed]:
        if self.over:
            return
        match observed:
            case HeadReceived():
                self._head = observed
                if observed.status == 200:
                    yield ResponseStarted(status=observed.status, headers=observed.headers)
            case BodyReceived(data=data) if self._accepted:
                self._decoder.feed(data)
                yield from self._events()
            case BodyReceived(data=data):
                self._refusal += data[: MAX_ERROR_BYTES - len(self._refusal)]
            case Ended() if self._accepted:
                yield from self._end()
            case Ended():
                yield self._refused()
            case Lost() if self._head is not None and not self._accepted:
                yield self._refused()
            case Lost(message=message):
                yield self._fail(message)

    @property
    def _accepted(self) -> bool:
        return self._head is not None and self._head.status == 200

    def _events(self) -> Iterator[Observed]:
        try:
            while not self.over and (frame := self._decoder.next_frame()) is not None:
                yield self._event(frame)
        except FrameError as error:
            yield self._broken(error)

    def _end(self) -> Iterator[Observed]:
        try:
            self._decoder.end()
        except FrameError as error:
            yield self._broken(error)
            return
        self.over = True
        yield StreamEnded()

    def _event(self, frame: Frame) -> Observed:
        match frame.value(":message-type"):
            case "event":
                member = str(frame.value(":event-type"))
                value = _object(frame.payload)
                if value is None:
                    return self._fail(f"The payload of a {member} at byte {frame.offset} is no JSON object.")
                return EventReceived(member=member, value=value)
            case "exception":
                said = _object(frame.payload) or {}
                return self._fail(_message(said), shape=str(frame.value(":exception-type") or ""))
            case "error":
                message = str(frame.value(":error-message") or "")
                return self._fail(message, shape=str(frame.value(":error-code") or ""))
            case other:
                return self._fail(f"The frame at byte {frame.offset} has the unknown :message-type {other!r}.")

    def _refused(self) -> StreamFailed:
        """The refusal in an HTTP response: restJson1 names the shape in a header, or in the body (RJ1-SPEC)."""
        headers = dict(self._head.headers) if self._head is not None else {}
        body = _object(self._refusal) or {}
        shape = headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or ""
        shape = str(shape).partition(":")[0].rpartition("#")[2]
        return self._fail(_message(body) or self._refusal.decode("utf-8", "replace").strip()[:500], shape=shape)

    def _broken(self, error: FrameError) -> StreamFailed:
        return self._fail(f"The server's event stream is broken at byte {error.offset}: {error.message}")

    def _fail(self, message: str, shape: str = "") -> StreamFailed:
        self.over = True
        status = self._head.status if self._head is not None else 0
        return StreamFailed(message=message or f"HTTP status {status}, without a message.", shape=shape, status=status)


def _object(payload: bytes | bytearray | memoryview) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _message(body: Mapping[str, Any]) -> str:
    """The message of an error; the model spells it in lower case, other services of AWS not."""
    return str(body.get("message") or body.get("Message") or "")
