"""A signed request whose body is a chain of signed events, and what comes back: events in, bytes out, without IO.

Knows the envelope of events and HTTP/2; which events there are, and what the response's bytes mean, is for others
(`core.py` here, botocore behind `mockscribe.boto3`). Time is an argument: `now` is seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mockscribe.client.http2 import Headers, Http2Exchange, Observed
from mockscribe.errors import MockscribeError
from mockscribe.wire.eventstream import encode
from mockscribe.wire.eventstream_frame import string
from mockscribe.wire.sigv4 import EventSigner

EVENT_STREAM = "application/vnd.amazon.eventstream"

JSON, BYTES = "application/json", "application/octet-stream"


class Event(msgspec.Struct, frozen=True):
    """An event of the input as it travels: the union's member, and its content."""

    member: str
    content_type: str
    payload: bytes | memoryview


def event_of(item: Mapping[str, Any]) -> Event:
    """The event that a one-key dict spells as the model does: `{"audioEvent": {"audioChunk": b"…"}}`.

    Only binaryAudioEvent carries its chunk as it is (MODEL: eventpayload); all others are JSON, with base64 for bytes.

    Raises:
        ValueError: it has no key or several.
    """
    if len(item) != 1:
        raise ValueError(f"an event is a dict with one key, its kind; this one has {sorted(item) or 'none'}")
    ((member, value),) = item.items()
    if member == "binaryAudioEvent":
        return Event(member, BYTES, memoryview(value["audioChunk"]))
    return Event(member, JSON, msgspec.json.encode(value))


def audio_event(audio: bytes | memoryview, *, binary: bool) -> Event:
    """`binaryAudioEvent` with the bytes as they are, or `audioEvent` with base64 in JSON."""
    if binary:
        return Event("binaryAudioEvent", BYTES, audio)
    return Event("audioEvent", JSON, msgspec.json.encode({"audioChunk": audio}))


class SignedExchange:
    """One call on a connection of its own: feed it what arrives, write what `data_to_send` returns.

    Until `can_send` there is no use in sending more: it would wait here, and its signature would grow old (they hold
    for five minutes).
    """

    def __init__(self, headers: Headers, signer: EventSigner) -> None:
        """The call begins: its head waits in `data_to_send`.

        `headers` are those of the signed request, after its four pseudo-header fields; `signer` goes on from its
        signature.
        """
        self._http = Http2Exchange(headers)
        self._signer = signer
        self._input_closed = False

    # ---- out

    def send(self, event: Event, now: float) -> None:
        """An event in its envelope, which is signed now."""
        # The order of the inner headers is the official Python SDK's (facts 11a); none is required.
        headers = (
            string(":message-type", "event"),
            string(":event-type", event.member),
            string(":content-type", event.content_type),
        )
        self._send_envelope(encode(headers, event.payload), now)

    def close_input(self, now: float) -> None:
        """The signed empty frame and END_STREAM."""
        self._send_envelope(b"", now)
        self._input_closed = True
        self._http.end()

    def cancel(self) -> None:
        """Give the call up, or leave after its end; then write what `data_to_send` still returns."""
        self._http.cancel()

    @property
    def can_send(self) -> bool:
        """Whether all that was sent has left: False while the server keeps its window shut."""
        return not self._http.blocked

    def data_to_send(self) -> bytes:
        """Drain what is to be written now."""
        return self._http.data_to_send()

    def _send_envelope(self, inner: bytes, now: float) -> None:
        if self._input_closed:
            raise MockscribeError("the input is closed: nothing can be sent after it")
        self._http.send(self._signer.envelope(inner, round(now * 1000)))

    # ---- in

    @property
    def over(self) -> bool:
        """Whether nothing more will be observed."""
        return self._http.over

    def receive_data(self, data: bytes) -> Iterator[Observed]:
        """Bytes arrived; what they say."""
        return self._http.receive_data(data)

    def receive_eof(self) -> Iterator[Observed]:
        """The server closed the connection."""
        return self._http.receive_eof()
