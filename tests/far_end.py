"""The other end of our client, with nothing of ours in it: h2's server side, botocore's event-stream parser and signer.

In memory (`FarEnd`), or behind a real socket in a thread (`listening`). The chain of event signatures is computed here
from its description (smithy-rs `event_stream.rs`; facts 2.4), since botocore has no signer for it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SECRETS = {"test": "test"}


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """An event-stream message with string headers (ES-SPEC)."""
    block = b"".join(
        struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(member: str, value: Mapping[str, Any]) -> bytes:
    headers = {":event-type": member, ":content-type": "application/json", ":message-type": "event"}
    return message(headers, json.dumps(value).encode())


def exception(member: str, text: str) -> bytes:
    headers = {":exception-type": member, ":content-type": "application/json", ":message-type": "exception"}
    return message(headers, json.dumps({"message": text}).encode())


def transcript(
    content: str, begin: float, end: float, *, partial: bool = False, segment_id: str = "s1", channel: str | None = None
) -> bytes:
    segment: dict[str, Any] = {"segmentId": segment_id, "audioBeginOffset": begin, "audioEndOffset": end}
    segment |= {"isPartial": partial, "content": content} | ({"channelId": channel} if channel else {})
    return event("transcriptEvent", {"transcriptSegment": segment})


def signing_key(secret: str, scope: str) -> bytes:
    """The key of a credential scope (`YYYYMMDD/region/service/aws4_request`)."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def event_signature(key: bytes, scope: str, prior: str, date_ms: int, inner: bytes) -> bytes:
    """The signature of an event dated `date_ms`, after the one that is `prior` in hex."""
    moment = datetime.datetime.fromtimestamp(date_ms // 1000, datetime.UTC)
    date_header = b"\x05:date\x08" + struct.pack("!q", date_ms)
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-PAYLOAD",
            moment.strftime("%Y%m%dT%H%M%SZ"),
            scope,
            prior,
            hashlib.sha256(date_header).hexdigest(),
            hashlib.sha256(inner).hexdigest(),
        )
    )
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class FarEnd:
    """One connection's server side; every signature is verified as it arrives."""

    def __init__(self, react: Callable[[FarEnd], None] = lambda end: None, *, window: int | None = None) -> None:
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        if window is not None:
            settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.react = react
        self.grants = window is None
        self.settings: dict[Any, int] = {}
        self.headers: dict[str, str] = {}
        self.events: list[tuple[str, str, bytes]] = []  # event type, content type, payload; "" for the empty frame
        self.dates: list[int] = []
        self.ended = False
        self.reset: int | None = None
        self.terminated = False
        self._frames = EventStreamBuffer()
        self._signature = ""
        self._key = b""
        self._scope = ""

    # ---- in

    def receive(self, data: bytes) -> None:
        for got in self.h2.receive_data(data):
            match got:
                case h2.events.RemoteSettingsChanged(changed_settings=settings):
                    self.settings |= {code: change.new_value for code, change in settings.items()}
                case h2.events.RequestReceived(headers=headers):
                    self.headers = {str(name): str(value) for name, value in headers}
                    self._verify_request()
                case h2.events.DataReceived(data=body, flow_controlled_length=length):
                    if self.grants:
                        self.h2.acknowledge_received_data(length, 1)
                    self._frames.add_data(body)
                    for frame in self._frames:
                        self._open(frame.headers, bytes(frame.payload))
                case h2.events.StreamEnded():
                    self.ended = True
                case h2.events.StreamReset(error_code=code):
                    self.reset = int(code)
                case h2.events.ConnectionTerminated():
                    self.terminated = True
        self.react(self)

    def _open(self, headers: Mapping[str, Any], inner: bytes) -> None:
        self._verify_event(headers[":date"], headers[":chunk-signature"], inner)
        self.dates.append(headers[":date"])
        if not inner:
            self.events.append(("", "", b""))
            return
        buffer = EventStreamBuffer()
        buffer.add_data(inner)
        (frame,) = list(buffer)
        assert frame.headers[":message-type"] == "event"
        self.events.append((frame.headers[":event-type"], frame.headers[":content-type"], bytes(frame.payload)))

    @property
    def members(self) -> list[str]:
        return [member for member, _, _ in self.events]

    @property
    def audio(self) -> bytes:
        return b"".join(payload for member, _, payload in self.events if member == "binaryAudioEvent")

    # ---- signatures

    def _verify_request(self) -> None:
        """The Authorization header, computed again by botocore's own signer."""
        given = dict(item.split("=", 1) for item in self.headers["authorization"].partition(" ")[2].split(", "))
        access_key, date, region, service, terminator = given["Credential"].split("/")
        assert (service, terminator) == ("health-agent", "aws4_request")
        url = f"{self.headers[':scheme']}://{self.headers[':authority']}{self.headers[':path']}"
        signed = [name for name in given["SignedHeaders"].split(";") if name != "host"]
        request = AWSRequest("POST", url, headers={name: self.headers[name] for name in signed})
        request.context["timestamp"] = self.headers["x-amz-date"]
        oracle = SigV4Auth(Credentials(access_key, SECRETS[access_key]), service, region)
        text = oracle.string_to_sign(request, oracle.canonical_request(request))
        assert "host" in given["SignedHeaders"].split(";")
        assert given["Signature"] == oracle.signature(text, request)
        self._signature = given["Signature"]
        self._scope = f"{date}/{region}/{service}/aws4_request"
        self._key = signing_key(SECRETS[access_key], self._scope)

    def _verify_event(self, date: Any, signature: bytes, inner: bytes) -> None:
        expected = event_signature(self._key, self._scope, self._signature, int(date), inner)
        assert signature == expected, f"event {len(self.events)} breaks the chain of signatures"
        self._signature = expected.hex()

    # ---- out

    def respond(self, status: int = 200, **headers: str) -> None:
        fields = [(":status", str(status)), *((name.replace("_", "-"), value) for name, value in headers.items())]
        self.h2.send_headers(1, fields)

    def say(self, *messages: bytes, end: bool = False) -> None:
        self.h2.send_data(1, b"".join(messages), end_stream=end)

    def end(self) -> None:
        self.h2.end_stream(1)

    def data_to_send(self) -> bytes:
        return self.h2.data_to_send()


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost with its key, in one new PEM file: what to trust and what to show."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"far end at {folder}"[-64:])])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "far_end.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


def server_context(certificate: Path, *alpn: str) -> ssl.SSLContext:
    """What shows that certificate and speaks one of these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(list(alpn))
    return context


@contextlib.contextmanager
def listening(far_end: FarEnd, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve one connection with it, in a thread; yields the port. What fails there fails the test."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            connection, _ = server.accept()
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                connection.sendall(far_end.data_to_send())
                while data := connection.recv(65_536):
                    far_end.receive(data)
                    connection.sendall(far_end.data_to_send())
        except (ConnectionError, ssl.SSLError):
            pass  # the client is free to leave
        except BaseException as error:
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()
    if failures:
        raise failures[0]
