"""Received signatures (Signature Version 4) against known secrets: a request's, and the chain of a stream's events.

The other side of `sigv4.py`, by the same functions. What the SDKs do differently is allowed for (facts 2.1, 2.4, 11a):
a signed `:authority` instead of `host`, no hash header, either order of an envelope's headers, milliseconds in a date.
Pure: the time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import msgspec

from mockscribe.errors import SignatureError, SignatureErrorKind
from mockscribe.wire import sigv4
from mockscribe.wire.eventstream import Frame
from mockscribe.wire.exchange import RequestHead

LIFETIME_SECONDS = 300.0
"""How long a signature holds from its date on (UG-stream: 5 minutes; the same for requests)."""

UNKNOWN_KEY = "The security token included in the request is invalid."

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=(?P<names>[^,\s]+)\s*,\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


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
    lifetime: float


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
    _check_age(given.moment, given.lifetime, policy.skew_seconds, at)
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
            return Signer(access_key_id=given.access_key_id, region=given.region, signature=given.signature)
        first = first or (canonical, signed.decode(), expected)
    assert first is not None
    canonical, wanted, expected = first
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        f"The Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{wanted}'\n"
    )
    raise SignatureError(message, signed=wanted, expected=expected)


class EventVerifier:
    """Follows the chain of one stream's signed events, from the request that began it."""

    def __init__(self, signer: Signer, policy: Policy) -> None:
        self._policy = policy
        self._secret = policy.secret(signer.access_key_id) or ""
        self._region = signer.region
        self._prior = signer.signature
        self.verified = 0

    def verify(self, frame: Frame, at: float) -> None:
        """Hold the next frame that was read against the chain; `at` is when it was read.

        Raises:
            SignatureError: UNSIGNED, EXPIRED or MISMATCH.
        """
        date, signature = frame.value(":date"), frame.value(":chunk-signature")
        if not frame.signed or not isinstance(date, int) or not isinstance(signature, bytes):
            raise SignatureError("The event is not signed.", kind=SignatureErrorKind.UNSIGNED)
        seconds = date // 1000
        moment = sigv4.timestamp(seconds) if 0 <= seconds < 2**36 else "00000000T000000Z"
        _check_age(moment, LIFETIME_SECONDS, self._policy.skew_seconds, at)
        date_header = sigv4.DATE_HEADER + date.to_bytes(8, "big", signed=True)
        day = moment[:8]
        scope = sigv4.scope(day, self._region, self._policy.service)
        text = sigv4.event_string_to_sign(moment, scope, self._prior, date_header, frame.payload)
        expected = sigv4.sign(sigv4.signing_key(self._secret, day, self._region, self._policy.service), text)
        if not hmac.compare_digest(expected, signature):
            message = (
                f"The signature of event {self.verified + 1} does not match. The String-to-Sign should have been "
                f"'{text.decode()}'"
            )
            raise SignatureError(message, signed=text.decode(), expected=expected.hex())
        self._prior = expected.hex()
        self.verified += 1


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
        expires = query.get("X-Amz-Expires", "")
        lifetime = float(expires) if re.fullmatch(r"[0-9]{1,6}", expires) else LIFETIME_SECONDS
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or _DATE.fullmatch(moment) is None:
        text = "The credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request, and x-amz-date YYYYMMDDTHHMMSSZ."
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
        lifetime=lifetime,
    )


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


def _check_age(moment: str, lifetime: float, skew: float, at: float) -> None:
    try:
        signed = calendar.timegm(time.strptime(moment, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise SignatureError(f"{moment} is no date.", kind=SignatureErrorKind.MALFORMED) from None
    now = sigv4.timestamp(at)
    if signed + lifetime + skew < at:
        minutes = f"{lifetime / 60:g} min."
        text = f"Signature expired: {moment} is now earlier than {sigv4.timestamp(at - lifetime)} ({now} - {minutes})"
        raise SignatureError(text, kind=SignatureErrorKind.EXPIRED)
    if signed - LIFETIME_SECONDS - skew > at:
        text = (
            f"Signature not yet current: {moment} is still later than {sigv4.timestamp(at + lifetime)} ({now} + 5 min.)"
        )
        raise SignatureError(text, kind=SignatureErrorKind.EXPIRED)


def _values(head: RequestHead, name: str) -> Iterator[str]:
    """The values of a signed header; the authority stands in for what HTTP/2 has instead of `host`."""
    if name in ("host", ":authority"):
        yield head.authority
        return
    yield from (value for key, value in head.headers if key == name)


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
    kept = "&".join(pair for pair in query.split("&") if pair and not pair.startswith("X-Amz-Signature="))
    return f"{path}?{kept}" if kept else path
