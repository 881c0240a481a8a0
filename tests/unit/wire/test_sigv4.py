"""Signatures, against botocore's signer for requests and an independent computation of the chain for events."""

import hashlib
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.eventstream import EventStreamBuffer

from mockscribe.wire import sigv4
from mockscribe.wire.eventstream import Decoder
from mockscribe.wire.eventstream_frame import HeaderType
from mockscribe.wire.sigv4 import Credentials, EventSigner, sign_request
from tests.far_end import event_signature, signing_key

NOW = 1_790_000_000.75  # 2026-09-21T14:13:20Z
CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

PATHS = [
    "/",
    "/medical-scribe-stream/",
    "/medical-scribe-stream",
    "/medical-scribe-stream/?",
    "/a/./b/../c//d/",
    "/..",
    "/tags/arn%3Aaws%3Ahealth-agent%3Aus-east-1%3A000000000000%3Adomain%2Fhai-1",
    "/with space/and~tilde/and+plus/ünï",
    "/domain?maxResults=3&nextToken=YWJj%3D%3D",
    "/domain?b=2&a=1&b=1&c&d=&a=0",
    "/domain?status=ACTIVE&status=A%20B",
]

HEADERS = [
    (),
    (("content-type", "application/vnd.amazon.eventstream"),),
    (("X-Amzn-Medscribe-Session-Id", "ABC"), ("x-amzn-medscribe-sample-rate", "16000")),
    (("x-padded", "   much   \t space  between   "), ("x-empty", "")),
    (("x-twice", "first"), ("a", "1"), ("X-Twice", "second, third")),
]


def botocore_signature(
    method: str, url: str, headers: sigv4.Headers, payload_hash: str, moment: str, region: str
) -> tuple[str, str]:
    """The signature and the SignedHeaders of the same request by botocore."""
    request = AWSRequest(method, url)
    for name, value in (*headers, ("X-Amz-Content-SHA256", payload_hash), ("X-Amz-Date", moment)):
        request.headers[name] = value
    request.context["timestamp"] = moment
    keys = BotoCredentials(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key)
    oracle = SigV4Auth(keys, "health-agent", region)
    signature = oracle.signature(oracle.string_to_sign(request, oracle.canonical_request(request)), request)
    return signature, oracle.signed_headers(oracle.headers_to_sign(request))


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authority", ["localhost:8080", "health-agent.us-east-1.api.aws", "[::1]:8443"])
def test_a_request_is_signed_as_botocore_signs_it(authority: str, path: str, headers: sigv4.Headers) -> None:
    signed = sign_request(
        method="POST",
        path=path,
        authority=authority,
        headers=headers,
        credentials=CREDENTIALS,
        region="us-west-2",
        service="health-agent",
        now=NOW,
    )
    signature, names = botocore_signature(
        "POST", f"https://{authority}{path}", headers, sigv4.STREAMING_EVENTS, "20260921T141320Z", "us-west-2"
    )
    sent = dict(signed.headers)
    assert signed.signature == signature
    assert sent["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260921/us-west-2/health-agent/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert sent["x-amz-date"] == "20260921T141320Z"
    assert sent["x-amz-content-sha256"] == "STREAMING-AWS4-HMAC-SHA256-EVENTS"
    assert "host" not in sent
    assert signed.headers[: len(headers)] == headers


def test_a_request_with_a_known_body_signs_its_hash() -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    signed = sign_request(
        method="GET",
        path="/domain",
        authority="localhost",
        headers=(),
        credentials=CREDENTIALS,
        region="us-east-1",
        service="health-agent",
        now=NOW,
        payload_hash=digest,
    )
    expected, _ = botocore_signature("GET", "http://localhost/domain", (), digest, "20260921T141320Z", "us-east-1")
    assert signed.signature == expected


def test_a_session_token_is_sent_and_signed() -> None:
    signed = sign_request(
        method="POST",
        path="/",
        authority="localhost",
        headers=(),
        credentials=Credentials(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key, "t0ken"),
        region="us-east-1",
        service="health-agent",
        now=NOW,
    )
    token = (("X-Amz-Security-Token", "t0ken"),)
    expected, names = botocore_signature(
        "POST", "http://localhost/", token, sigv4.STREAMING_EVENTS, "20260921T141320Z", "us-east-1"
    )
    assert dict(signed.headers)["x-amz-security-token"] == "t0ken"
    assert "x-amz-security-token" in names.split(";")
    assert signed.signature == expected


def test_a_verifier_finds_the_signature_of_what_it_received() -> None:
    """The parts put together the other way round: nothing but the bytes that arrive, and the secret."""
    url = "https://localhost:8080/medical-scribe-stream/?x=1"
    request = AWSRequest(
        "POST", url, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "X-One": "1", "Via": "proxy"}
    )
    SigV4Auth(BotoCredentials("AKID", "secret"), "health-agent", "us-east-1").add_auth(request)
    received = {name.lower(): value for name, value in request.headers.items()} | {"host": "localhost:8080"}

    given = dict(item.split("=", 1) for item in received["authorization"].partition(" ")[2].split(", "))
    _, day, region, service, _ = given["Credential"].split("/")
    names = given["SignedHeaders"].split(";")
    canonical = sigv4.canonical_request(
        "POST",
        urlsplit(url).path + "?x=1",
        ((name, received[name]) for name in names),
        received["x-amz-content-sha256"],
    )
    text = sigv4.string_to_sign(received["x-amz-date"], sigv4.scope(day, region, service), canonical)
    assert sigv4.sign(sigv4.signing_key("secret", day, region, service), text).hex() == given["Signature"]


def test_events_are_chained_from_the_requests_signature() -> None:
    seed = "ab" * 32
    signer = EventSigner(CREDENTIALS, region="us-west-2", service="health-agent", seed=seed)
    scope = "20260921/us-west-2/health-agent/aws4_request"
    key = signing_key(CREDENTIALS.secret_access_key, scope)
    inners = [b"first", b"second" * 1000, b"", b"\x00\xff"]
    dates = [1_790_000_000_750, 1_790_000_000_751, 1_790_000_001_000, 1_790_000_060_999]
    prior = seed
    for inner, date_ms in zip(inners, dates, strict=True):
        buffer = EventStreamBuffer()  # botocore checks both CRCs
        buffer.add_data(signer.envelope(inner, date_ms))
        (frame,) = list(buffer)
        assert bytes(frame.payload) == inner
        assert list(frame.headers) == [":date", ":chunk-signature"]
        assert frame.headers[":date"] == date_ms
        expected = event_signature(key, scope, prior, date_ms, inner)
        assert frame.headers[":chunk-signature"] == expected
        prior = expected.hex()


def test_an_envelopes_headers_keep_their_wire_types_and_the_empty_one_takes_83_bytes() -> None:
    envelope = EventSigner(CREDENTIALS, region="r", service="s", seed="00" * 32).envelope(b"", 1_234)
    decoder = Decoder()
    decoder.feed(envelope)
    frame = decoder.next_frame()
    assert frame is not None
    assert [(header.name, header.type) for header in frame.headers] == [
        (":date", HeaderType.TIMESTAMP),
        (":chunk-signature", HeaderType.BYTES),
    ]
    assert len(envelope) == 83  # facts 2.4, seen from every official SDK


def test_after_midnight_events_are_signed_in_the_new_days_scope() -> None:
    signer = EventSigner(CREDENTIALS, region="us-east-1", service="health-agent", seed="00" * 32)
    before, after = 1_790_035_199_999, 1_790_035_200_000  # 2026-09-21T23:59:59.999Z and the millisecond after it
    prior = "00" * 32
    for date_ms, day in ((before, "20260921"), (after, "20260922")):
        scope = f"{day}/us-east-1/health-agent/aws4_request"
        expected = event_signature(signing_key(CREDENTIALS.secret_access_key, scope), scope, prior, date_ms, b"x")
        assert expected in signer.envelope(b"x", date_ms)
        prior = expected.hex()


def test_a_verifier_finds_the_signature_of_an_event_from_its_bytes() -> None:
    signer = EventSigner(CREDENTIALS, region="us-east-1", service="health-agent", seed="11" * 32)
    envelope = signer.envelope(b"inner", 1_790_000_000_123)
    date_header = envelope[12:27]
    text = sigv4.event_string_to_sign(
        sigv4.timestamp(int.from_bytes(date_header[-8:], "big") // 1000),
        sigv4.scope("20260921", "us-east-1", "health-agent"),
        "11" * 32,
        date_header,
        b"inner",
    )
    key = sigv4.signing_key(CREDENTIALS.secret_access_key, "20260921", "us-east-1", "health-agent")
    assert sigv4.sign(key, text) == envelope[47:79]
