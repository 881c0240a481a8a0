"""AWS Signature Version 4, as far as event streams need it: a request in its headers, and the chain of signed events.

Specifications: "Create a signed AWS API request" (IAM User Guide), and for events smithy-rs `event_stream.rs` (facts
2.4). The parts are functions on their own (canonical request, strings to sign, key), so that a verifier calls the same
ones on what it received. Pure; knows neither HTTP nor the service: time, region and service are arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote
from zlib import crc32

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"
EVENT_ALGORITHM = "AWS4-HMAC-SHA256-PAYLOAD"

STREAMING_EVENTS = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
"""What stands for the payload's hash when the body is an event stream (facts 2.1, 11a)."""

MAX_KEYS = 128
"""Signing keys kept, one a secret, day, region and service; own choice: more than tests at once use credentials."""

DATE_HEADER = b"\x05:date\x08"
"""The `:date` header up to its eight bytes of value: name, type timestamp (ES-SPEC)."""

SIGNATURE_HEADER = b"\x10:chunk-signature\x06\x00\x20"
"""The `:chunk-signature` header up to its 32 bytes of value: name, type bytes, length (ES-SPEC)."""

Headers = tuple[tuple[str, str], ...]


class Credentials(msgspec.Struct, frozen=True):
    """What a request is signed with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signed request: `headers` are all to be sent except `host`, `signature` in lower-case hex."""

    headers: Headers
    signature: str


# ---- requests


def sign_request(
    *,
    method: str,
    path: str,
    authority: str,
    headers: Headers,
    credentials: Credentials,
    region: str,
    service: str,
    now: float,
    payload_hash: str = STREAMING_EVENTS,
) -> Signed:
    """Sign a request at `now` (seconds since the epoch); `path` may carry a query, `headers` are all signed.

    `authority` is signed as `host`. `payload_hash` is the SHA-256 of the body in lower-case hex, where that is known.
    """
    moment = timestamp(now)
    credential_scope = scope(moment[:8], region, service)
    unsigned: Headers = (*headers, ("x-amz-date", moment), ("x-amz-content-sha256", payload_hash))
    if credentials.session_token is not None:
        unsigned = (*unsigned, ("x-amz-security-token", credentials.session_token))
    canonical = canonical_request(method, path, (*unsigned, ("host", authority)), payload_hash)
    key = signing_key(credentials.secret_access_key, moment[:8], region, service)
    signature = sign(key, string_to_sign(moment, credential_scope, canonical)).hex()
    names = signed_headers((*unsigned, ("host", authority)))
    authorization = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{credential_scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return Signed(headers=(*unsigned, ("authorization", authorization)), signature=signature)


def canonical_request(method: str, path: str, headers: Iterable[tuple[str, str]], payload_hash: str) -> str:
    """The canonical form of a request: `path` as it is on the request line, and the headers that are signed."""
    headers = tuple(headers)
    path, _, query = path.partition("?")
    lines = (
        method,
        _canonical_path(path),
        _canonical_query(query),
        _canonical_headers(headers),
        signed_headers(headers),
        payload_hash,
    )
    return "\n".join(lines)


def signed_headers(headers: Iterable[tuple[str, str]]) -> str:
    """The names as SignedHeaders lists them."""
    return ";".join(sorted({name.lower() for name, _ in headers}))


def string_to_sign(moment: str, credential_scope: str, canonical: str) -> bytes:
    """What a request's signature signs; `moment` is its x-amz-date."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{moment}\n{credential_scope}\n{digest}".encode()


def _canonical_path(path: str) -> str:
    """Encoded once more than it is on the wire, as every service but S3 has it, without dot segments and empty ones."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    slash = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{slash}", safe="/~")


def _canonical_query(query: str) -> str:
    """By name, then by value; what is encoded on the wire stays so."""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_headers(headers: Headers) -> str:
    """A line each, by name; values of one name joined in their order; runs of white space are one space."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    return "".join(f"{name}:{','.join(values[name])}\n" for name in sorted(values))


# ---- events


def event_string_to_sign(
    moment: str, credential_scope: str, prior: str, date_header: bytes | memoryview, payload: bytes
) -> bytes:
    """What an event's signature signs.

    `moment` is its date in whole seconds, `prior` the signature before it in hex (at first the request's),
    `date_header` the encoded `:date` header as it is on the wire, milliseconds and all; `payload` the inner frame.
    """
    date_hash = hashlib.sha256(date_header).hexdigest()
    payload_hash = hashlib.sha256(payload).hexdigest()
    return f"{EVENT_ALGORITHM}\n{moment}\n{credential_scope}\n{prior}\n{date_hash}\n{payload_hash}".encode()


_DATE = struct.Struct(f">{len(DATE_HEADER)}sq")
_HEADERS_BYTES = _DATE.size + len(SIGNATURE_HEADER) + hashlib.sha256().digest_size
_FRAMING_BYTES = 16  # ES-SPEC: two lengths and two CRCs
_START = struct.Struct(f">III{_DATE.size}s{len(SIGNATURE_HEADER)}s{hashlib.sha256().digest_size}s")
_LENGTHS = struct.Struct(">II")
_CRC = struct.Struct(">I")


class EventSigner:
    """Puts one event after another into signed envelopes; `seed` is the signature of the request, in hex."""

    def __init__(self, credentials: Credentials, *, region: str, service: str, seed: str) -> None:
        self._secret = credentials.secret_access_key
        self._region = region
        self._service = service
        self._prior = seed
        self._second = -1
        self._moment = self._scope = ""
        self._key = b""

    def envelope(self, inner: bytes, date_ms: int) -> bytes:
        """The envelope of an encoded frame (empty at the end of the input), dated in milliseconds since the epoch.

        `:date` comes first and keeps its milliseconds, as the SDKs for Python, Go and JavaScript have it (facts 11a).
        """
        if date_ms // 1000 != self._second:
            self._turn_to(date_ms // 1000)
        date_header = _DATE.pack(DATE_HEADER, date_ms)
        signature = sign(self._key, event_string_to_sign(self._moment, self._scope, self._prior, date_header, inner))
        self._prior = signature.hex()
        size = _FRAMING_BYTES + _HEADERS_BYTES + len(inner)
        prelude_crc = crc32(_LENGTHS.pack(size, _HEADERS_BYTES))
        start = _START.pack(size, _HEADERS_BYTES, prelude_crc, date_header, SIGNATURE_HEADER, signature)
        return b"".join((start, inner, _CRC.pack(crc32(inner, crc32(start)))))

    def _turn_to(self, second: int) -> None:
        """Another second has come: its text, and after midnight UTC another day's scope and key."""
        self._second = second
        self._moment = timestamp(second)
        day = self._moment[:8]
        self._scope = scope(day, self._region, self._service)
        self._key = signing_key(self._secret, day, self._region, self._service)


# ---- both


def timestamp(now: float) -> str:
    """A moment in seconds since the epoch as signatures spell it, `YYYYMMDDTHHMMSSZ`; fractions are dropped."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def scope(day: str, region: str, service: str) -> str:
    """The credential scope; `day` is `YYYYMMDD`."""
    return f"{day}/{region}/{service}/aws4_request"


@lru_cache(maxsize=MAX_KEYS)
def signing_key(secret_access_key: str, day: str, region: str, service: str) -> bytes:
    """The key of a scope."""
    key = f"AWS4{secret_access_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = sign(key, part.encode())
    return key


def sign(key: bytes, text: bytes) -> bytes:
    """The signature of a string to sign."""
    return hmac.digest(key, text, "sha256")
