"""Received signatures: what botocore signs holds, what was changed on the way does not.

The chain of events is computed by `tests/far_end.py`, from its description.
"""

import hashlib
import struct
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mockscribe.errors import SignatureError, SignatureErrorKind
from mockscribe.wire import sigv4
from mockscribe.wire.eventstream import Decoder
from mockscribe.wire.eventstream_frame import Frame
from mockscribe.wire.exchange import Headers, RequestHead
from mockscribe.wire.sigv4_verification import EventVerifier, Policy, Signer, verify_request
from tests import far_end, signing
from tests.signing import date_header, sign, signature_header

NOW = 1_790_000_000  # 2026-09-21T14:13:20Z
MOMENT = "20260921T141320Z"
SECRETS = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "other": "another"}
KEY = Credentials("AKIDEXAMPLE", SECRETS["AKIDEXAMPLE"])
POLICY = Policy(secret=SECRETS.get, service="health-agent")
AUTHORITY = "localhost:8080"
ARN = quote("arn:aws:health-agent:us-east-1:000000000000:domain/hai-0123456789abcdef", safe="")

TARGETS = [
    "/",
    "/domain/",
    "/medical-scribe-stream/",
    "/medical-scribe-stream/?",
    "/medical-scribe-stream",
    f"/tags/{ARN}",
    f"/tags/{ARN}?tagKeys=b&tagKeys=a&tagKeys=a%20b&tagKeys=",
    "/domain?maxResults=3&nextToken=YWJj%2B%2F%3D%3D&status=ACTIVE",
    "/domain?b&a=&&c=%C3%BC",
    "/a//b/../c/./d",
]

HEADERS: list[Headers] = [
    (),
    (("content-type", "application/json"), ("x-amzn-medscribe-sample-rate", "16000")),
    (("x-padded", "  much \t space   between "), ("x-empty", "")),
    (("x-twice", "first"), ("a", "1"), ("x-twice", "second, third"), ("x-twice", "first")),
    (("x-utf-8", "Zoë\u00a0Å – 中"),),
]


def arrived(request: AWSRequest) -> RequestHead:
    """What a server sees of a request: names in lower case, the bytes of values as ISO 8859-1."""
    parts = urlsplit(request.url)
    target = request.url.removeprefix(f"{parts.scheme}://{parts.netloc}")
    headers = tuple((name.lower(), value.encode().decode("latin-1")) for name, value in request.headers.items())
    return RequestHead(
        method=request.method, target=target, scheme=parts.scheme, authority=AUTHORITY, version="2", headers=headers
    )


def signed(
    target: str = "/domain",
    headers: Headers = (),
    body: bytes = b"",
    *,
    method: str = "POST",
    credentials: Credentials = KEY,
    region: str = "us-east-1",
    service: str = "health-agent",
    presigned: int | None = None,
) -> RequestHead:
    """A request that botocore has signed, in its headers or for `presigned` seconds in its query."""
    request = AWSRequest(method, f"https://{AUTHORITY}{target}", data=body)
    for name, value in headers:
        request.headers[name] = value
    if presigned is None:
        sign(SigV4Auth(credentials, service, region), request, NOW)
    else:
        sign(SigV4QueryAuth(credentials, service, region, expires=presigned), request, NOW)
    return arrived(request)


def verify(head: RequestHead, body: bytes | None = b"", *, at: float = NOW, policy: Policy = POLICY) -> Signer:
    return verify_request(head, body, policy, at)


def refused(head: RequestHead, body: bytes | None = b"", *, at: float = NOW, policy: Policy = POLICY) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        verify_request(head, body, policy, at)
    return caught.value


def changed(
    head: RequestHead,
    change: Callable[[str], str] = str,
    *,
    header: str = "authorization",
    target: str | None = None,
    method: str = "POST",
    authority: str = AUTHORITY,
) -> RequestHead:
    """The request with something changed on the way."""
    headers = tuple((name, change(value) if name == header else value) for name, value in head.headers)
    target = head.target if target is None else target
    return msgspec.structs.replace(head, method=method, target=target, authority=authority, headers=headers)


def without(head: RequestHead, name: str) -> RequestHead:
    return msgspec.structs.replace(head, headers=tuple(each for each in head.headers if each[0] != name))


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


# ---- requests that hold


@pytest.mark.parametrize("headers", HEADERS, ids=["none", "usual", "white space", "duplicates", "utf-8"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("body", [b"", b'{"name": "a \xc3\xbc"}'], ids=["empty", "json"])
def test_what_botocore_signs_in_headers_holds(target: str, headers: Headers, body: bytes) -> None:
    head = signed(target, headers, body)
    signer = verify(head, body)
    assert (signer.access_key_id, signer.day, signer.region) == ("AKIDEXAMPLE", "20260921", "us-east-1")
    assert f"Signature={signer.signature}" in (head.header("authorization") or "")


@pytest.mark.parametrize("headers", HEADERS[:2], ids=["none", "usual"])
@pytest.mark.parametrize("target", [each for each in TARGETS if "tagKeys" not in each])
def test_what_botocore_presigns_holds(target: str, headers: Headers) -> None:
    head = signed(target, headers, method="GET", presigned=60)
    assert head.header("authorization") is None
    signer = verify(head)
    assert head.target.endswith(f"X-Amz-Signature={signer.signature}")
    assert signer.access_key_id == "AKIDEXAMPLE"


@pytest.mark.parametrize("value", ["Zoë", "Zo\u00c3\u00ab"], ids=["ISO 8859-1", "UTF-8"])
def test_a_value_that_is_no_ascii_holds_however_it_was_sent(value: str) -> None:
    verify(changed(signed(headers=(("x-name", "Zoë"),)), lambda _: value, header="x-name"))


@pytest.mark.parametrize("presigned", [None, 60], ids=["in headers", "presigned"])
def test_a_session_token_is_signed_and_told_to_nobody(presigned: int | None) -> None:
    token = "FwoGZXIvYXdzEJr//////////t0k3n=="
    head = signed(credentials=Credentials(KEY.access_key, KEY.secret_key, token), presigned=presigned)
    verify(head)
    error = refused(changed(head, authority="localhost"))
    assert error.kind is SignatureErrorKind.MISMATCH
    assert "t0k3n" not in f"{error.message}{error.signed}"
    assert "(redacted)" in error.message


@pytest.mark.parametrize("presigned", [None, 60], ids=["in headers", "presigned"])
def test_what_was_signed_without_its_payload_holds(presigned: int | None) -> None:
    headers = (("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),)
    verify(signed(headers=headers, presigned=presigned), b"whatever")


@pytest.mark.parametrize(
    "stated",
    [sigv4.STREAMING_EVENTS, hashlib.sha256(b"").hexdigest(), "UNSIGNED-PAYLOAD"],
)
def test_of_an_event_stream_what_is_stated_was_signed(stated: str) -> None:
    verify(signed("/medical-scribe-stream/", (("X-Amz-Content-SHA256", stated),)), None)


def test_of_an_event_stream_nothing_need_be_stated() -> None:
    """As the Rust SDK: it hashes the empty payload and says nothing of it (facts 11a)."""
    head = signed("/medical-scribe-stream")
    assert head.header("x-amz-content-sha256") is None
    verify(head, None)
    verify(signed("/medical-scribe-stream", presigned=300), None)


def test_another_signer_may_state_nothing_and_hash_the_literal() -> None:
    head = signed("/medical-scribe-stream", (("X-Amz-Content-SHA256", sigv4.STREAMING_EVENTS),))
    names = (head.header("authorization") or "").partition("SignedHeaders=")[2].partition(",")[0].split(";")
    names.remove("x-amz-content-sha256")
    values = tuple((name, AUTHORITY if name == "host" else head.header(name) or "") for name in names)
    canonical = sigv4.canonical_request("POST", head.target, values, sigv4.STREAMING_EVENTS)
    text = sigv4.string_to_sign(MOMENT, "20260921/us-east-1/health-agent/aws4_request", canonical)
    key = far_end.signing_key(KEY.secret_key, "20260921/us-east-1/health-agent/aws4_request")
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/us-east-1/health-agent/aws4_request, "
        f"SignedHeaders={';'.join(names)}, Signature={sigv4.sign(key, text).hex()}"
    )
    verify(without(changed(head, lambda _: authorization), "x-amz-content-sha256"), None)


def test_a_signed_pseudo_header_stands_for_the_host() -> None:
    """As JavaScript does it (facts 11a); botocore signs an ordinary header of that name here."""
    request = AWSRequest("POST", f"https://{AUTHORITY}/domain")
    request.headers[":authority"] = AUTHORITY
    request.headers["x-amz-date"] = MOMENT  # the name as it is signed
    request.context["timestamp"] = MOMENT
    oracle = SigV4Auth(KEY, "health-agent", "us-east-1")
    oracle.headers_to_sign = lambda request: request.headers
    signature = oracle.signature(oracle.string_to_sign(request, oracle.canonical_request(request)), request)
    oracle._inject_signature_to_request(request, signature)
    del request.headers[":authority"]
    verify(arrived(request))


@pytest.mark.parametrize("separator", [",", ",  ", " , "])
def test_the_parts_of_the_header_may_be_set_apart_as_one_likes(separator: str) -> None:
    verify(changed(signed(), replaced(", ", separator)))


@pytest.mark.parametrize(("region", "holds"), [("us-east-1", True), ("us-west-2", False)])
def test_a_policy_may_know_one_region(region: str, holds: bool) -> None:
    policy = Policy(secret=SECRETS.get, service="health-agent", region="us-east-1")
    verify(signed(region=region))
    if holds:
        verify(signed(region=region), policy=policy)
    else:
        error = refused(signed(region=region), policy=policy)
        assert error.kind is SignatureErrorKind.SCOPE
        assert error.message == "Credential should be scoped to a valid region, not 'us-west-2'."


# ---- requests that do not


@pytest.mark.parametrize(
    "tampered",
    [
        changed(signed(), method="GET"),
        changed(signed(), target="/domain?x=1"),
        changed(signed(), target="/subscription"),
        changed(signed(), authority="localhost:8081"),
        changed(signed(headers=(("x-a", "1"),)), lambda _: "2", header="x-a"),
        changed(signed(headers=(("x-a", "1"), ("x-a", "2"))), lambda text: {"1": "2", "2": "1"}[text], header="x-a"),
        without(signed(headers=(("x-a", "1"),)), "x-a"),
        changed(signed(), lambda _: "20260921T141321Z", header="x-amz-date"),
        changed(signed(), replaced("us-east-1", "us-east-2")),
        changed(signed(), replaced("AKIDEXAMPLE", "other")),
        changed(signed(), replaced("SignedHeaders=", "SignedHeaders=accept;")),
        changed(signed(credentials=Credentials("AKIDEXAMPLE", "guessed"))),
    ],
    ids=lambda head: "",
)
def test_what_was_changed_on_the_way_does_not_hold(tampered: RequestHead) -> None:
    error = refused(tampered)
    assert error.kind is SignatureErrorKind.MISMATCH


def test_another_body_does_not_hold_whatever_its_hash_is_said_to_be() -> None:
    stated = (("X-Amz-Content-SHA256", hashlib.sha256(b"{}").hexdigest()),)
    verify(signed(headers=stated, body=b"{}"), b"{}")
    assert refused(signed(headers=stated, body=b"{}"), b"[]").kind is SignatureErrorKind.MISMATCH
    assert refused(signed(body=b"{}"), b"[]").kind is SignatureErrorKind.MISMATCH


def test_a_mismatch_tells_the_canonical_request_and_the_string_to_sign_as_botocore_has_them() -> None:
    request = AWSRequest("POST", f"https://{AUTHORITY}/tags/{ARN}?b=2&a=1", data=b"{}")
    request.headers["x-twice"] = " a  b "
    request.headers["x-twice"] = "c"
    sign(SigV4Auth(KEY, "health-agent", "us-east-1"), request, NOW)
    head = arrived(request)
    wrong = f"{'0' * 63}1"
    oracle = SigV4Auth(KEY, "health-agent", "us-east-1")
    del request.headers["Authorization"]
    canonical = oracle.canonical_request(request)
    text = oracle.string_to_sign(request, canonical)
    error = refused(changed(head, lambda value: f"{value[:-64]}{wrong}"), b"{}")
    assert error.message == (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\n"
        f"The Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{text}'\n"
    )
    assert error.signed == text
    assert error.expected == oracle.signature(text, request)


def test_a_header_that_was_taken_out_is_told_as_an_empty_one() -> None:
    error = refused(without(signed(headers=(("x-a", "1"),)), "x-a"))
    assert "\nx-a:\n" in error.message
    assert "host;x-a;x-amz-date\n" in error.message


@pytest.mark.parametrize(
    ("head", "kind", "text"),
    [
        (without(signed(), "authorization"), SignatureErrorKind.MISSING, "The request has no signature"),
        (signed(credentials=Credentials("nobody", "x")), SignatureErrorKind.UNKNOWN_KEY, "The security token included"),
        (signed(service="transcribe"), SignatureErrorKind.SCOPE, "scoped to correct service: 'health-agent'."),
        (
            changed(signed(), replaced("20260921", "20260920")),
            SignatureErrorKind.SCOPE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " + MOMENT,
        ),
        (
            changed(signed(), replaced("=host;x-amz-date", "=x-amz-date")),
            SignatureErrorKind.MALFORMED,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (changed(signed(), lambda _: "Bearer x"), SignatureErrorKind.MALFORMED, "The Authorization header is"),
        (changed(signed(), lambda _: "AWS4-HMAC-SHA256"), SignatureErrorKind.MALFORMED, "The Authorization header is"),
        (changed(signed(), replaced("/aws4_request", "")), SignatureErrorKind.MALFORMED, "The credential must be KEY/"),
        (changed(signed(), replaced("aws4_r", "aws5_r")), SignatureErrorKind.MALFORMED, "The credential must be KEY/"),
        (changed(signed(), lambda text: text[:-1]), SignatureErrorKind.MALFORMED, "the signature 64 hex digits."),
        (changed(signed(), lambda text: f"{text[:-1]}ü"), SignatureErrorKind.MALFORMED, "the signature 64 hex digits."),
        (without(signed(), "x-amz-date"), SignatureErrorKind.MALFORMED, "YYYYMMDDTHHMMSSZ in x-amz-date, not ''."),
        (
            changed(signed(), lambda _: "Mon, 21 Sep 2026 14:13:20 GMT", header="x-amz-date"),
            SignatureErrorKind.MALFORMED,
            "not 'Mon, 21 Sep 2026 14:13:20 GMT'.",
        ),
        (
            changed(signed(), lambda _: "20261321T141320Z", header="x-amz-date"),
            SignatureErrorKind.MALFORMED,
            "not '20261321T141320Z'.",
        ),
    ],
)
def test_each_mistake_has_its_kind_and_its_words(head: RequestHead, kind: SignatureErrorKind, text: str) -> None:
    error = refused(head)
    assert error.kind is kind
    assert text in error.message


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("X-Amz-Signature=", "X-Amz-Signature=%C3%BC", SignatureErrorKind.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=0", SignatureErrorKind.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", SignatureErrorKind.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=1e9", SignatureErrorKind.MALFORMED),
        ("&X-Amz-Expires=60", "", SignatureErrorKind.MALFORMED),
        ("X-Amz-Expires=60", "X-Amz-Expires=600", SignatureErrorKind.MISMATCH),
        ("X-Amz-Date=2026", "X-Amz-Date=+2026", SignatureErrorKind.MALFORMED),
        ("X-Amz-Credential", "X-Amz-Other", SignatureErrorKind.MALFORMED),
        ("X-Amz-SignedHeaders", "X-Amz-Other", SignatureErrorKind.MALFORMED),
        ("X-Amz-Signature=", "X-Amz-Other=", SignatureErrorKind.MISSING),
        ("/domain?", "/domain?x=1&", SignatureErrorKind.MISMATCH),
    ],
)
def test_mistakes_of_a_presigned_request(old: str, new: str, kind: SignatureErrorKind) -> None:
    head = signed(method="GET", presigned=60)
    assert refused(changed(head, method="GET", target=replaced(old, new)(head.target))).kind is kind


# ---- age


@pytest.mark.parametrize(
    ("seconds", "skew", "presigned", "holds"),
    [
        (300, 0, None, True),
        (300.99, 0, None, True),  # dates are whole seconds
        (301, 0, None, False),
        (-300, 0, None, True),
        (-300.5, 0, None, False),
        (-301, 0, None, False),
        (360, 60, None, True),
        (361, 60, None, False),
        (-360, 60, None, True),
        (-361, 60, None, False),
        (60, 0, 60, True),
        (61, 0, 60, False),
        (604_800, 0, 604_800, True),
        (604_801, 0, 604_800, False),
        (-301, 0, 604_800, False),
    ],
)
def test_a_request_holds_for_five_minutes_or_as_long_as_it_says(
    seconds: float, skew: float, presigned: int | None, holds: bool
) -> None:
    policy = Policy(secret=SECRETS.get, service="health-agent", skew_seconds=skew)
    head = signed(presigned=presigned)
    if holds:
        verify(head, at=NOW + seconds, policy=policy)
    else:
        assert refused(head, at=NOW + seconds, policy=policy).kind is SignatureErrorKind.EXPIRED


@pytest.mark.parametrize(
    ("seconds", "presigned", "text"),
    [
        (
            301.5,
            None,
            "Signature expired: 20260921T141320Z is now earlier than 20260921T141321Z (20260921T141821Z - 5 min.)",
        ),
        (
            3601,
            3600,
            "Signature expired: 20260921T141320Z is now earlier than 20260921T141321Z (20260921T151321Z - 60 min.)",
        ),
        (
            -301,
            3600,
            "Signature not yet current: 20260921T141320Z is still later than 20260921T141319Z "
            "(20260921T140819Z + 5 min.)",
        ),
    ],
)
def test_what_is_said_of_a_requests_age_is_true(seconds: float, presigned: int | None, text: str) -> None:
    assert refused(signed(presigned=presigned), at=NOW + seconds).message == text


# ---- events

SEED = "ab" * 32
SIGNER = Signer(access_key_id="AKIDEXAMPLE", day="20260921", region="us-west-2", signature=SEED)


def read(block: bytes, payload: bytes = b"") -> Frame:
    """The frame with these headers, as it is read."""
    return decoded(signing.frame(block, payload))


def decoded(data: bytes) -> Frame:
    decoder = Decoder()
    decoder.feed(data)
    frame = decoder.next_frame()
    assert frame is not None
    return frame


class Chain(signing.Chain):
    """A client's events, as they are read."""

    def __init__(
        self, *, secret: str = KEY.secret_key, region: str = "us-west-2", service: str = "health-agent"
    ) -> None:
        super().__init__(SEED, secret=secret, region=region, service=service)

    def event(self, inner: bytes, date_ms: int = NOW * 1000, *, day: str | None = None, swapped: bool = False) -> Frame:
        return decoded(self.envelope(inner, date_ms / 1000, day=day, swapped=swapped))


def broken(verifier: EventVerifier, frame: Frame, at: float = NOW) -> SignatureError:
    before = verifier.verified
    with pytest.raises(SignatureError) as caught:
        verifier.verify(frame, at)
    assert verifier.verified == before
    return caught.value


@pytest.mark.parametrize("swapped", [False, True], ids=["date first", "signature first"])
def test_a_chain_holds_with_milliseconds_and_the_empty_frame(swapped: bool) -> None:
    chain, verifier = Chain(), EventVerifier(SIGNER, POLICY)
    inners = [b"first", b"second" * 10_000, bytes(range(256)), b""]
    for number, inner in enumerate(inners):
        verifier.verify(chain.event(inner, NOW * 1000 + 333 * number, swapped=swapped), NOW)
        assert verifier.verified == number + 1


def test_an_envelope_may_have_more_headers() -> None:
    chain, verifier = Chain(), EventVerifier(SIGNER, POLICY)
    frame = chain.event(b"x")
    verifier.verify(read(b"\x01a\x07\x00\x01b" + frame.block, b"x"), NOW)
    assert verifier.verified == 1


def event_mistakes() -> Mapping[str, Frame]:
    def with_payload(frame: Frame, payload: bytes) -> Frame:
        return read(frame.block, payload)  # its CRCs are right

    second = Chain()
    second.event(b"the first")
    return {
        "another seed": second.event(b"x"),
        "another secret": Chain(secret="rotated").event(b"x"),
        "another Region": Chain(region="us-east-1").event(b"x"),
        "another service": Chain(service="transcribe").event(b"x"),
        "another payload": with_payload(Chain().event(b"x"), b"y"),
        "an empty payload": with_payload(Chain().event(b"x"), b""),
        "another day": Chain().event(b"x", day="20260920"),
        "another date": read(date_header(NOW * 1000 + 1) + Chain().event(b"x").block[15:], b"x"),
        "a short signature": read(date_header(NOW * 1000) + signature_header(bytes(31)), b"x"),
        "no signature at all": read(date_header(NOW * 1000) + signature_header(b""), b"x"),
    }


@pytest.mark.parametrize("mistake", event_mistakes())
def test_what_breaks_a_chain_is_told_with_what_was_to_be_signed(mistake: str) -> None:
    frame = event_mistakes()[mistake]
    error = broken(EventVerifier(SIGNER, POLICY), frame)
    assert error.kind is SignatureErrorKind.MISMATCH
    scope = "20260921/us-west-2/health-agent/aws4_request"
    date_ms = frame.value(":date")
    assert isinstance(date_ms, int)
    payload = bytes(frame.payload)
    assert error.signed == "\n".join(
        (
            *("AWS4-HMAC-SHA256-PAYLOAD", MOMENT, scope, SEED),
            *(hashlib.sha256(date_header(date_ms)).hexdigest(), hashlib.sha256(payload).hexdigest()),
        )
    )
    key = far_end.signing_key(KEY.secret_key, scope)
    assert error.expected == far_end.event_signature(key, scope, SEED, date_ms, payload).hex()
    assert error.message == (
        f"The signature of event 1 does not match. The String-to-Sign should have been '{error.signed}'"
    )


def test_events_out_of_order_said_twice_or_left_out_break_the_chain() -> None:
    chain = Chain()
    first, second, third = (chain.event(inner) for inner in (b"1", b"2", b"3"))
    for order in ((second,), (first, third), (first, first)):
        verifier = EventVerifier(SIGNER, POLICY)
        for frame in order[:-1]:
            verifier.verify(frame, NOW)
        error = broken(verifier, order[-1])
        assert error.kind is SignatureErrorKind.MISMATCH
        assert f"The signature of event {len(order)} does not match." in error.message


@pytest.mark.parametrize(
    "block",
    [
        b"\x0b:event-type\x07\x00\x01x",
        date_header(NOW * 1000),
        signature_header(bytes(32)),
        b"\x05:date\x05" + struct.pack("!q", NOW * 1000) + signature_header(bytes(32)),  # a long, no timestamp
        b"\x05:date\x00" + signature_header(bytes(32)),
        date_header(NOW * 1000) + b"\x10:chunk-signature\x07\x00\x02ab",  # text, no bytes
    ],
)
def test_what_has_no_date_and_signature_of_their_types_is_not_signed(block: bytes) -> None:
    error = broken(EventVerifier(SIGNER, POLICY), read(block, b"x"))
    assert (error.kind, error.message) == (SignatureErrorKind.UNSIGNED, "The event is not signed.")


@pytest.mark.parametrize("date_ms", [-1, NOW * 1_000_000, 2**63 - 1, -(2**63)])
def test_a_date_in_another_unit_is_none(date_ms: int) -> None:
    error = broken(EventVerifier(SIGNER, POLICY), read(date_header(date_ms) + signature_header(bytes(32))))
    assert (error.kind, error.message) == (SignatureErrorKind.MALFORMED, f"{date_ms} ms is no date of an event.")


@pytest.mark.parametrize(
    ("seconds", "skew", "holds"),
    [(300.99, 0, True), (301, 0, False), (-300, 0, True), (-300.5, 0, False), (330, 30, True), (331, 30, False)],
)
def test_an_event_holds_for_five_minutes_from_its_date_to_when_it_is_read(
    seconds: float, skew: float, holds: bool
) -> None:
    verifier = EventVerifier(SIGNER, Policy(secret=SECRETS.get, service="health-agent", skew_seconds=skew))
    frame = Chain().event(b"x", NOW * 1000 + 999)
    if holds:
        verifier.verify(frame, NOW + seconds)
    else:
        assert broken(verifier, frame, NOW + seconds).kind is SignatureErrorKind.EXPIRED


def test_the_words_for_an_expired_event_are_those_of_transcribe() -> None:
    error = broken(EventVerifier(SIGNER, POLICY), Chain().event(b"x"), NOW + 420.7)
    assert error.message == (
        "Signature expired: 20260921T141320Z is now earlier than 20260921T141520Z (20260921T142020Z - 5 min.)"
    )


@pytest.mark.parametrize("day", ["20260921", "20260922"], ids=["the request's day", "the event's own"])
def test_after_midnight_an_event_is_in_the_scope_of_the_requests_day_or_of_its_own(day: str) -> None:
    chain, verifier = Chain(), EventVerifier(SIGNER, POLICY)
    before, after = 1_790_035_199_999, 1_790_035_200_000  # 2026-09-21T23:59:59.999Z and the millisecond after it
    verifier.verify(chain.event(b"1", before), after / 1000)
    for number in range(3):
        verifier.verify(chain.event(b"2", after + number, day=day), after / 1000)
    assert verifier.verified == 4
    error = broken(verifier, chain.event(b"3", after, day="20260920"), after / 1000)
    assert "\n20260922/us-west-2/" in error.signed


def test_a_key_that_is_gone_breaks_the_chain() -> None:
    secrets = dict(SECRETS)
    policy = Policy(secret=secrets.get, service="health-agent")
    del secrets["AKIDEXAMPLE"]
    assert broken(EventVerifier(SIGNER, policy), Chain().event(b"x")).kind is SignatureErrorKind.MISMATCH
