"""The header fields of requests: the rules of RFC 9113, 8.2 and 8.3."""

import pytest

from mockscribe.wire.http2_fields import check_trailers, request_head
from mockscribe.wire.http2_frames import ErrorCode, RuleError

Field = tuple[bytes, bytes]

METHOD = (b":method", b"GET")
SCHEME = (b":scheme", b"https")
PATH = (b":path", b"/a?b")
AUTHORITY = (b":authority", b"example:8080")
GOOD = [METHOD, SCHEME, PATH, AUTHORITY]


def test_a_head_is_made_of_its_fields() -> None:
    head = request_head([*GOOD, (b"a", b"1"), (b"b", b"caf\xe9"), (b"te", b"trailers"), (b"a", b"")], 1)
    assert (head.method, head.target, head.scheme, head.authority) == ("GET", "/a?b", "https", "example:8080")
    assert head.version == "2"
    assert head.headers == (("a", "1"), ("b", "café"), ("te", "trailers"), ("a", ""))


def test_host_stands_in_for_the_authority() -> None:
    head = request_head([METHOD, SCHEME, PATH, (b"host", b"example")], 1)
    assert head.authority == "example"
    assert head.headers == (("host", "example"),)
    assert request_head([METHOD, SCHEME, PATH], 1).authority == ""
    assert request_head([*GOOD, (b"host", b"EXAMPLE:8080")], 1).authority == "example:8080"


def test_options_may_ask_for_the_asterisk() -> None:
    assert request_head([(b":method", b"OPTIONS"), SCHEME, (b":path", b"*")], 1).target == "*"


def test_connect_has_an_authority_alone() -> None:
    head = request_head([(b":method", b"CONNECT"), AUTHORITY], 1)
    assert (head.method, head.target, head.scheme) == ("CONNECT", "example:8080", "")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([*GOOD, (b"A", b"1")], "The field name b'A' is not allowed"),
        ([*GOOD, (b"", b"1")], "The field name b'' is not allowed"),
        ([*GOOD, (b"a b", b"1")], "The field name b'a b' is not allowed"),
        ([*GOOD, (b"a:b", b"1")], "The field name b'a:b' is not allowed"),
        ([*GOOD, (b"caf\xe9", b"1")], "is not allowed"),
        ([*GOOD, (b"a", b" 1")], "The value of the field b'a' has characters"),
        ([*GOOD, (b"a", b"1\t")], "has characters"),
        ([*GOOD, (b"a", b"1\n2")], "has characters"),
        ([*GOOD, (b"a", b"1\r2")], "has characters"),
        ([*GOOD, (b"a", b"1\x002")], "has characters"),
        ([*GOOD, (b"connection", b"close")], "belongs to one connection"),
        ([*GOOD, (b"transfer-encoding", b"chunked")], "belongs to one connection"),
        ([*GOOD, (b"te", b"gzip")], "may only say 'trailers'"),
        ([*GOOD, (b"host", b"other")], "':authority' says 'example:8080' and 'host' 'other'"),
        ([*GOOD, (b"host", b"example:8080"), (b"host", b"example:8080")], "'host' is given twice"),
        ([METHOD, SCHEME, (b"a", b"1"), PATH], "stands after a regular field"),
        ([*GOOD, (b":status", b"200")], "is not one of a request"),
        ([*GOOD, (b":", b"200")], "is not one of a request"),
        ([*GOOD, METHOD], "is given twice"),
        ([METHOD, SCHEME, (b":path", b"/a\n")], "The value of b':path' has characters"),
        ([SCHEME, PATH], "has no ':method'"),
        ([(b":method", b""), SCHEME, PATH], "has no ':method'"),
        ([METHOD, PATH], "has no ':scheme'"),
        ([METHOD, SCHEME], "has no ':path'"),
        ([METHOD, SCHEME, (b":path", b"")], "has no ':path'"),
        ([METHOD, SCHEME, (b":path", b"a")], "does not begin with '/'"),
        ([METHOD, SCHEME, (b":path", b"*")], "does not begin with '/'"),
        ([(b":method", b"CONNECT"), SCHEME, AUTHORITY], "CONNECT takes"),
        ([(b":method", b"CONNECT"), PATH, AUTHORITY], "CONNECT takes"),
        ([(b":method", b"CONNECT")], "CONNECT takes"),
    ],
)
def test_a_malformed_request_costs_its_stream(fields: list[Field], message: str) -> None:
    with pytest.raises(RuleError) as caught:
        request_head(fields, 7)
    error = caught.value
    assert message in error.message
    assert (error.stream, error.rule, error.code) == (7, "malformed_request", ErrorCode.PROTOCOL_ERROR)
    assert error.clause.startswith("8.")


def test_trailers_obey_the_same_rules() -> None:
    check_trailers([(b"a", b"1"), (b"grpc-status", b"0")], 1)
    for field in ((b"A", b"1"), (b"a", b"\n"), (b"upgrade", b"x"), (b":path", b"/")):
        with pytest.raises(RuleError) as caught:
            check_trailers([(b"a", b"1"), field], 7)
        assert caught.value.stream == 7
