"""Received signatures (Signature Version 4) against known secrets: a request's, and the chain of a stream's events.

The other side of `sigv4.py`, by the same functions. What the SDKs do differently is allowed for (facts 2.1, 2.4, 11a):
a signed `:authority` instead of `host`, no hash header, either order of an envelope's headers, milliseconds in a date.
Pure: the time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import math
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import msgspec

from mockscribe.errors import SignatureError, SignatureErrorKind
from mockscribe.wire import sigv4
from mockscribe.wire.eventstream_frame import Frame, HeaderType
from mockscribe.wire.exchange import RequestHead

LIFETIME_SECONDS = 300
"""How long a signature holds from its date on (UG-stream: 5 minutes; the same for requests)."""

MAX_EXPIRES_SECONDS = 604_800
"""What a presigned request may ask for as its lifetime: from 1 second to 7 days (IAM User Guide)."""

UNKNOWN_KEY = "The security token included in the request is invalid."

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=(?P<names>[^,\s]+)\s*,\s*"
    r"Signature=(?P<signature>[^,\s]+)"
)
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_ENVELOPE = {":date": HeaderType.TIMESTAMP, ":chunk-signature": HeaderType.BYTES}
_LAST_SECOND = 2**36
"""Dates from here on, in the year 4147, are none: a client that puts microseconds there is told so."""
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_TOKEN = re.compile(r"(x-amz-security-token[:=])[^&\n]*", re.IGNORECASE)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What signatures are held against.

    `secret` tells the secret of an access key id, None when there is no such key. `service` is the signing name;
    `region` None: any. `skew_seconds` is how much the client's clock may be off, on top of the five minutes.
    """

    secret: Callable[[str], str | None]
    service: str
    region: str | None = None
    skew_seconds: float = 0.0


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed a request: what the chain of its events goes on from. `signature` is the request's, in hex."""

    access_key_id: str
    day: str
    region: str
    signature: str


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """A signature as it stands in a request."""

    access_key_id: str
    day: str
    region: str
    service: str
    names: tuple[str, ...]
    signature: str
    moment: str
    second: int
    lifetime: int


def verify_request(head: RequestHead, body: bytes | None, policy: Policy, at: float) -> Signer:
    """Hold a request's signature, in its headers or its query, against the policy; `body` None: it is an event stream.

    Raises:
        SignatureError: MISSING, UNKNOWN_KEY, or another kind with what was signed and what was expected.
    """
    given = _given(head)
    secret = policy.secret(given.access_key_id)
    if secret is None:
        raise SignatureError(UNKNOWN_KEY, kind=SignatureErrorKind.UNKNOWN_KEY)
    _check_scope(given, policy)
    _check_age(given.second, given.lifetime, policy.skew_seconds, at)
    if not {"host", ":authority"} & set(given.names):
        text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        raise SignatureError(text, kind=SignatureErrorKind.MALFORMED)
    key = sigv4.signing_key(secret, given.day, given.region, given.service)
    headers = tuple((name, value) for name in given.names for value in _values(head, name))
    scope = sigv4.scope(given.day, given.region, given.service)
    first: tuple[str, str, str] | None = None
    for payload_hash in _payload_hashes(head, body):
        canonical = sigv4.canonical_request(head.method, _without_signature(head.target), headers, payload_hash)
        signed = sigv4.string_to_sign(given.moment, scope, canonical)
        expected = sigv4.sign(key, signed).hex()
        if hmac.compare_digest(expected, given.signature):
            return Signer(
                access_key_id=given.access_key_id, day=given.day, region=given.region, signature=given.signature
            )
        first = first or (canonical, signed.decode(), expected)
    assert first is not None
    canonical, wanted, expected = first
    canonical = _TOKEN.sub(r"\1(redacted)", canonical)
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        f"The Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{wanted}'\n"
    )
    raise SignatureError(message, signed=wanted, expected=expected)


class EventVerifier:
    """Follows the chain of one stream's signed events, from the request that began it; `verified` counts them."""

    def __init__(self, signer: Signer, policy: Policy) -> None:
        self._policy = policy
        self._secret = policy.secret(signer.access_key_id) or ""
        self._day = signer.day
        self._region = signer.region
        self._prior = signer.signature
        self.verified = 0

    def verify(self, frame: Frame, at: float) -> None:
        """Hold the next frame that was read against the chain; `at` is when it was read.

        Raises:
            SignatureError: UNSIGNED, MALFORMED (a date that is none), EXPIRED or MISMATCH.
        """
        date, signature = _envelope(frame)
        second = date // 1000
        if not 0 <= second < _LAST_SECOND:
            raise SignatureError(f"{date} ms is no date of an event.", kind=SignatureErrorKind.MALFORMED)
        _check_age(second, LIFETIME_SECONDS, self._policy.skew_seconds, at)
        moment = sigv4.timestamp(second)
        # After midnight UTC an SDK may go on in the request's scope or begin its own day's: which is not public.
        days = dict.fromkeys((moment[:8], self._day))
        candidates = [self._expected(day, moment, date, frame) for day in days]
        for _, expected in candidates:
            if hmac.compare_digest(expected, signature):
                self._prior = expected.hex()
                self.verified += 1
                return
        text, expected = candidates[0]
        message = (
            f"The signature of event {self.verified + 1} does not match. The String-to-Sign should have been '{text}'"
        )
        raise SignatureError(message, signed=text, expected=expected.hex())

    def _expected(self, day: str, moment: str, date: int, frame: Frame) -> tuple[str, bytes]:
        """The string to sign in a day's scope, and its signature."""
        scope = sigv4.scope(day, self._region, self._policy.service)
        date_header = sigv4.DATE_HEADER + date.to_bytes(8, "big")
        text = sigv4.event_string_to_sign(moment, scope, self._prior, date_header, frame.payload)
        key = sigv4.signing_key(self._secret, day, self._region, self._policy.service)
        return text.decode(), sigv4.sign(key, text)


def _envelope(frame: Frame) -> tuple[int, bytes]:
    """The date in milliseconds and the signature of an event."""
    if frame.signed:
        values = {header.name: header.value for header in frame.headers if header.type is _ENVELOPE.get(header.name)}
        date, signature = values.get(":date"), values.get(":chunk-signature")
        if isinstance(date, int) and isinstance(signature, bytes):
            return date, signature
    raise SignatureError("The event is not signed.", kind=SignatureErrorKind.UNSIGNED)


# ---- what a request says of its signature


def _given(head: RequestHead) -> _Given:
    query = _query(head.target)
    authorization = head.header("authorization")
    if authorization is None and "X-Amz-Signature" not in query:
        text = "The request has no signature: neither an Authorization header nor X-Amz-Signature in its query."
        raise SignatureError(text, kind=SignatureErrorKind.MISSING)
    if authorization is not None:
        match = _AUTHORIZATION.fullmatch(authorization.strip())
        if match is None:
            raise SignatureError("The Authorization header is malformed.", kind=SignatureErrorKind.MALFORMED)
        credential, names, signature = match["credential"], match["names"], match["signature"]
        moment, lifetime = head.header("x-amz-date") or "", LIFETIME_SECONDS
    else:
        credential, names = query.get("X-Amz-Credential", ""), query.get("X-Amz-SignedHeaders", "")
        moment, signature = query.get("X-Amz-Date", ""), query["X-Amz-Signature"]
        lifetime = _expires(query.get("X-Amz-Expires", ""))
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or _SIGNATURE.fullmatch(signature) is None:
        text = "The credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request, and the signature 64 hex digits."
        raise SignatureError(text, kind=SignatureErrorKind.MALFORMED)
    access_key_id, day, region, service, _ = parts
    return _Given(
        access_key_id=access_key_id,
        day=day,
        region=region,
        service=service,
        names=tuple(names.split(";")),
        signature=signature,
        moment=moment,
        second=_second(moment),
        lifetime=lifetime,
    )


def _expires(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,6}", text) is None or not 1 <= int(text) <= MAX_EXPIRES_SECONDS:
        told = f"X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES_SECONDS}, not {text!r}."
        raise SignatureError(told, kind=SignatureErrorKind.MALFORMED)
    return int(text)


def _second(moment: str) -> int:
    """A date of a request in seconds since the epoch."""
    try:
        if _DATE.fullmatch(moment) is None:
            raise ValueError(moment)
        return calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        text = f"The date must be YYYYMMDDTHHMMSSZ in x-amz-date, not {moment!r:.60}."
        raise SignatureError(text, kind=SignatureErrorKind.MALFORMED) from None


def _check_scope(given: _Given, policy: Policy) -> None:
    if given.service != policy.service:
        text = f"Credential should be scoped to correct service: '{policy.service}'."
        raise SignatureError(text, kind=SignatureErrorKind.SCOPE)
    if policy.region is not None and given.region != policy.region:
        text = f"Credential should be scoped to a valid region, not '{given.region}'."
        raise SignatureError(text, kind=SignatureErrorKind.SCOPE)
    if given.day != given.moment[:8]:
        text = (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: {given.moment}"
        )
        raise SignatureError(text, kind=SignatureErrorKind.SCOPE)


def _check_age(second: int, lifetime: int, skew: float, at: float) -> None:
    """Whether what was signed in that second still holds, and holds already; by whole seconds, as they are told."""
    moment, now = sigv4.timestamp(second), math.floor(at)
    if second + lifetime + skew < now:
        text = (
            f"Signature expired: {moment} is now earlier than {sigv4.timestamp(now - lifetime)} "
            f"({sigv4.timestamp(now)} - {lifetime / 60:g} min.)"
        )
        raise SignatureError(text, kind=SignatureErrorKind.EXPIRED)
    if second - LIFETIME_SECONDS - skew > now:
        text = (
            f"Signature not yet current: {moment} is still later than {sigv4.timestamp(now + LIFETIME_SECONDS)} "
            f"({sigv4.timestamp(now)} + 5 min.)"
        )
        raise SignatureError(text, kind=SignatureErrorKind.EXPIRED)


def _values(head: RequestHead, name: str) -> Iterator[str]:
    """The values of a signed header; the authority stands in for what HTTP/2 has instead of `host`.

    A header that is not there is an empty one: what was signed is told, and what a proxy has taken out is seen.
    """
    if name in ("host", ":authority"):
        yield head.authority
        return
    values = [value for key, value in head.headers if key == name]
    yield from (_utf8(value) for value in values or [""])


def _utf8(text: str) -> str:
    """Text that arrived as ISO 8859-1, as the UTF-8 that was signed, if it is that."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _payload_hashes(head: RequestHead, body: bytes | None) -> tuple[str, ...]:
    """What may stand for the payload in the canonical request."""
    stated = head.header("x-amz-content-sha256")
    if body is None:
        # Rust sends no such header and hashes the empty payload; an older one was seen without it too (facts 2.1).
        return (stated,) if stated is not None else (sigv4.STREAMING_EVENTS, EMPTY_HASH, UNSIGNED_PAYLOAD)
    actual = hashlib.sha256(body).hexdigest()
    return (stated,) if stated == UNSIGNED_PAYLOAD else (actual,)


def _query(target: str) -> dict[str, str]:
    pairs = (pair.partition("=")[::2] for pair in target.partition("?")[2].split("&") if pair)
    return {unquote(name): unquote(value) for name, value in pairs}


def _without_signature(target: str) -> str:
    path, _, query = target.partition("?")
    kept = "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature="))
    return f"{path}?{kept}" if kept else path
