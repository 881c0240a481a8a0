"""A client and our `Connection` joined in memory, with `now` in the test's hand.

The client is h2's own, and what the mock sends is decoded by botocore's event-stream parser: neither is ours. Time
stands still until `advance` moves it, and then it stops at every deadline on the way.
"""

from __future__ import annotations

import base64
import json
import ssl
import struct
import uuid
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
from botocore.eventstream import EventStreamBuffer

from mockscribe.account import Account
from mockscribe.config import load
from mockscribe.connection import Connection
from mockscribe.mock import Mock
from mockscribe.scenario.script import parse
from mockscribe.wire.exchange import Closing

SESSION_ID = "0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11"
DOMAIN_ID = "hai-0123456789abcdef"
SUBSCRIPTION_ID = "sub-0123456789abcdefghijk"
CONFIGURATION: dict[str, Any] = {
    "postStreamActionSettings": {
        "outputS3Uri": "s3://bucket/prefix",
        "clinicalNoteGenerationSettings": {
            "noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}
        },
    }
}
TWO_CHANNELS = {
    **CONFIGURATION,
    "channelDefinitions": [
        {"channelId": 0, "participantRole": "CLINICIAN"},
        {"channelId": 1, "participantRole": "PATIENT"},
    ],
}
START = 1000.0


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """An event-stream message with string headers, built here from the specification (ES-SPEC)."""
    block = b"".join(
        struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(name: str, payload: bytes, content_type: str = "application/json") -> bytes:
    return message({":message-type": "event", ":event-type": name, ":content-type": content_type}, payload)


def configuration(value: Mapping[str, Any] = CONFIGURATION) -> bytes:
    return event("configurationEvent", json.dumps(value).encode())


def audio(data: bytes) -> bytes:
    return event("binaryAudioEvent", data, "application/octet-stream")


def base64_audio(data: bytes) -> bytes:
    return event("audioEvent", json.dumps({"audioChunk": base64.b64encode(data).decode()}).encode())


END_OF_SESSION = event("sessionControlEvent", b'{"type":"END_OF_SESSION"}')


def envelope(inner: bytes) -> bytes:
    """A signed envelope around a message; the signature is no real one."""
    block = b"\x05:date\x08" + struct.pack("!q", 1_700_000_000_000)
    block += b"\x10:chunk-signature\x06\x00\x20" + bytes(32)
    prelude = struct.pack("!II", 16 + len(block) + len(inner), len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + inner
    return body + struct.pack("!I", zlib.crc32(body))


EMPTY_FRAME = envelope(b"")


def request_headers(path: str = "/medical-scribe-stream/", **overrides: str | None) -> list[tuple[str, str]]:
    """The head of a StartMedicalScribeListeningSession; an override of None leaves a header out."""
    fields: dict[str, str | None] = {
        "x-amzn-medscribe-session-id": SESSION_ID,
        "x-amzn-medscribe-domain-id": DOMAIN_ID,
        "x-amzn-medscribe-subscription-id": SUBSCRIPTION_ID,
        "x-amzn-medscribe-language-code": "en-US",
        "x-amzn-medscribe-sample-rate": "16000",
        "x-amzn-medscribe-media-encoding": "pcm",
        "content-type": "application/vnd.amazon.eventstream",
    }
    for name, value in overrides.items():
        header = name.replace("_", "-")
        fields[header if header in fields or header == "authorization" else f"x-amzn-medscribe-{header}"] = value
    head = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", path)]
    return head + [(name, value) for name, value in fields.items() if value is not None]


class Answer:
    """What came back on one stream."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self.reset: int | None = None

    @property
    def status(self) -> int:
        return int(self.headers[":status"]) if self.headers else 0

    @property
    def events(self) -> list[tuple[dict[str, Any], bytes]]:
        """Headers and payload of each message, by botocore's parser (which checks both CRCs)."""
        buffer = EventStreamBuffer()
        buffer.add_data(self.body)
        return [(each.headers, each.payload) for each in buffer]

    @property
    def segments(self) -> list[dict[str, Any]]:
        """The transcript segments."""
        return [
            json.loads(payload)["transcriptSegment"]
            for headers, payload in self.events
            if headers.get(":event-type") == "transcriptEvent"
        ]

    @property
    def finals(self) -> list[str]:
        """The texts of the final segments."""
        return [segment["content"] for segment in self.segments if not segment["isPartial"]]

    @property
    def exception(self) -> tuple[str, str] | None:
        """Type and message of the in-stream exception."""
        for headers, payload in self.events:
            if headers[":message-type"] == "exception":
                return headers[":exception-type"], json.loads(payload)["message"]
        return None


class Wire:
    """One mock, one connection to it by HTTP/2 prior knowledge."""

    def __init__(
        self,
        scenarios: str = "",
        *,
        mock: Mock | None = None,
        now: float = START,
        window: int | None = None,
        **settings: Any,
    ) -> None:
        self.now = now
        patient = {"connection_timeout_seconds": 0, "stalled_timeout_seconds": 0}  # hours pass between two of its words
        config = load({"seed": 1, **patient, **settings}, {})
        self.mock = mock or Mock(config, now=now, wall=1_760_000_000.0, seed=1)
        if scenarios:
            self.mock.scenarios = parse(scenarios, "test.yaml")
        self.warnings: list[str] = []
        self.connection = self.connect()
        self.closing: Closing | None = None
        self.answers: dict[int, Answer] = {}
        self.client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        if window is not None:
            settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            self.client.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.reads = True
        self.client.initiate_connection()
        self.pump()

    def connect(self) -> Connection:
        def fail(error: BaseException) -> None:
            raise error

        def no_tls() -> ssl.SSLContext:
            raise AssertionError("this client speaks clear text")

        return Connection(
            self.mock, self.now, tls_context=no_tls, on_warning=self.warnings.append, on_error=fail, peer="test"
        )

    @property
    def account(self) -> Account:
        return self.mock.account("test", self.now)

    # ---- the client's doings

    def open(self, *, headers: Iterable[tuple[str, str]] | None = None, end: bool = False) -> int:
        stream = self.client.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.client.send_headers(stream, list(headers or request_headers()), end_stream=end)
        self.pump()
        return stream

    def send(self, stream: int, *messages: bytes, chunk: int | None = None, end: bool = False) -> None:
        """Send messages, as one run of DATA frames of at most `chunk` bytes."""
        data = b"".join(messages)
        size = chunk or 16_384
        for start in range(0, len(data), size):
            self.client.send_data(stream, data[start : start + size])
            self.pump()
        if end:
            self.end(stream)

    def end(self, stream: int) -> None:
        self.client.end_stream(stream)
        self.pump()

    def reset(self, stream: int, code: int = 8) -> None:
        self.client.reset_stream(stream, code)
        self.pump()

    def pump(self) -> None:
        """Let both sides talk until neither has anything to say."""
        while True:
            data = self.client.data_to_send()
            if data:
                self.connection.receive_data(data, self.now)
            output = self.connection.data_to_send()
            self.closing = self.closing or output.closing
            if output.data:
                self._receive(output.data)
            woken = bool(self.mock.woken)
            while self.mock.woken:
                self.mock.woken.pop().wake(self.now)
            if not data and not output.data and not woken:
                return

    def _receive(self, data: bytes) -> None:
        for got in self.client.receive_data(data):
            match got:
                case h2.events.ResponseReceived(stream_id=stream, headers=headers):
                    self.answers[stream].headers = {str(name): str(value) for name, value in headers}
                case h2.events.DataReceived(stream_id=stream, data=body, flow_controlled_length=length):
                    self.answers[stream].body += body
                    if self.reads and length:
                        self.client.acknowledge_received_data(length, stream)
                case h2.events.StreamEnded(stream_id=stream):
                    self.answers[stream].ended = True
                case h2.events.StreamReset(stream_id=stream, error_code=code):
                    self.answers[stream].reset = int(code)

    # ---- time

    def advance(self, seconds: float) -> None:
        """Move real time, stopping at every deadline on the way."""
        until = self.now + seconds
        while (due := self.connection.next_deadline()) is not None and due <= until:
            before, self.now = self.now, max(self.now, due)
            self.connection.tick(self.now)
            self.pump()
            again = self.connection.next_deadline()
            assert self.now > before or again is None or again > self.now, "a deadline that tick does not clear"
        self.now = until
        self.connection.tick(self.now)
        self.pump()

    # ---- a whole visit

    def visit_refused(self, **headers: str) -> Answer:
        """A request that ends with its head's answer; nothing of a body is sent."""
        return self.answers[self.open(headers=request_headers(**headers))]

    def visit(
        self, *audio_chunks: bytes, configuration_value: Mapping[str, Any] = CONFIGURATION, **headers: str
    ) -> Answer:
        """Configuration, audio, END_OF_SESSION, the empty frame, the end; returns what came back."""
        stream = self.open(headers=request_headers(**headers))
        frames = [configuration(configuration_value), *map(audio, audio_chunks), END_OF_SESSION]
        self.send(stream, *map(envelope, frames), EMPTY_FRAME, end=True)
        return self.answers[stream]


def new_session_id() -> str:
    return str(uuid.uuid4())


def silence(seconds: float, *, rate: int = 16_000, channels: int = 1) -> bytes:
    return bytes(2 * channels * round(seconds * rate))
