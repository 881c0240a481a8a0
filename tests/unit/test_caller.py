"""Who calls, by the head of a request, and what the journal may know of it."""

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mockscribe import caller
from mockscribe.wire.exchange import RequestHead

KEY = "123456789012"
URL = "https://localhost/domain"


def head(target: str = "/domain", **headers: str) -> RequestHead:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RequestHead(method="GET", target=target, scheme="https", authority="localhost", headers=fields, version="2")


def signed(region: str = "eu-west-2", key: str = KEY) -> RequestHead:
    """As botocore signs a request, by header."""
    request = AWSRequest("GET", URL)
    SigV4Auth(Credentials(key, "secret", "session-token"), "health-agent", region).add_auth(request)
    return head(**{name.lower().replace("-", "_"): value for name, value in request.headers.items()})


def presigned(region: str = "eu-west-2") -> RequestHead:
    """As botocore signs a URL."""
    request = AWSRequest("GET", URL)
    SigV4QueryAuth(Credentials(KEY, "secret", "session-token"), "health-agent", region).add_auth(request)
    return head(request.url.removeprefix("https://localhost"))


@pytest.mark.parametrize("request_head", [signed(), presigned()], ids=["header", "URL"])
def test_key_and_region_are_those_of_the_signature(request_head: RequestHead) -> None:
    assert caller.access_key_id(request_head) == KEY
    assert caller.region(request_head) == "eu-west-2"


@pytest.mark.parametrize(
    "request_head",
    [head(), head(authorization=""), head(authorization="Bearer token"), head("/domain?X-Amz-Credential=")],
)
def test_without_a_signature_nobody_calls_from_the_default_region(request_head: RequestHead) -> None:
    assert (caller.access_key_id(request_head), caller.region(request_head)) == ("", "us-east-1")


@pytest.mark.parametrize(
    ("authorization", "key", "region"),
    [
        ("AWS4-HMAC-SHA256 Credential=test", "test", "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=test/20260101", "test", "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=test/20260101/<b>/health-agent", "test", "us-east-1"),
        ("AWS4-HMAC-SHA256 Credential=AKIA_x/20260101/us-west-2/x/aws4_request, Signature=1", "AKIA_x", "us-west-2"),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Credential=test/20260101/us-west-2", "test", "us-west-2"),
    ],
)
def test_a_credential_that_is_cut_short_says_what_it_can(authorization: str, key: str, region: str) -> None:
    found = head(authorization=authorization)
    assert (caller.access_key_id(found), caller.region(found)) == (key, region)


@pytest.mark.parametrize("request_head", [signed(), presigned()], ids=["header", "URL"])
def test_the_journal_learns_nothing_that_one_could_sign_with(request_head: RequestHead) -> None:
    text = str(caller.about(request_head))
    secrets = [value for name, value in request_head.headers if name in ("authorization", "x-amz-security-token")] + [
        part.partition("=")[2] for part in request_head.target.split("&") if "Signature" in part or "Token" in part
    ]
    assert secrets
    assert all(secret not in text for secret in secrets)
    assert "session-token" not in text
    assert "(redacted)" in text


def test_the_journal_learns_the_rest_as_it_was() -> None:
    assert caller.about(head("/domain?a=1", x_amz_date="20260101T000000Z", cookie="secret")) == {
        "method": "GET",
        "target": "/domain?a=1",
        "authority": "localhost",
        "version": "2",
        "headers": {"x-amz-date": "20260101T000000Z", "cookie": "(redacted)"},
    }
