"""Requests as botocore serialises them, responses as botocore parses them, and what no client should send."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import botocore.awsrequest
import botocore.model
import botocore.parsers
import botocore.serialize
import pytest

from mockscribe.errors import ServiceError
from mockscribe.service.model import service_model
from mockscribe.service.restjson import (
    LISTENING_SESSION,
    allowed_methods,
    error_response,
    listening_session_headers,
    listening_session_parameters,
    match_route,
    parse_input,
)
from mockscribe.wire.exchange import Headers, RequestHead
from tests import distil
from tests.examples import UUID, example

BOTOCORE = botocore.model.ServiceModel(distil.installed(), "connecthealth")
MODEL = service_model()
OPERATIONS = sorted(MODEL.operations)
ARN = "arn:aws:health-agent:us-east-1:123456789012:domain/dom-0123456789abcdef"
PARAMETERS: dict[str, Any] = {
    "sessionId": UUID,
    "domainId": "dom-0123456789abcdef",
    "subscriptionId": "sub-0123456789abcdefghijK",
    "languageCode": "en-US",
    "mediaSampleRateHertz": 16_000,
    "mediaEncoding": "pcm",
}


def sent(name: str, values: Mapping[str, Any]) -> tuple[str, str, Headers, bytes]:
    """Method, target, headers and body of the request that botocore makes of an input."""
    serializer = botocore.serialize.create_serializer("rest-json", include_validation=False)
    request = serializer.serialize_to_request(dict(values), BOTOCORE.operation_model(name))
    botocore.awsrequest.prepare_request_dict(request, "http://localhost", context={})
    prepared = botocore.awsrequest.create_request_object(request).prepare()
    headers = tuple(
        (key.lower(), value.decode() if isinstance(value, bytes) else str(value))
        for key, value in prepared.headers.items()
    )
    body = prepared.body or b""
    url = urlsplit(prepared.url)
    assert url.netloc == f"{MODEL.operations[name].host_prefix}localhost"
    target = f"{url.path}?{url.query}" if url.query else url.path
    return prepared.method, target, headers, body.encode() if isinstance(body, str) else body


def values_of(name: str) -> dict[str, Any]:
    values: dict[str, Any] = example(MODEL.operations[name].input)
    if "resourceArn" in values:
        values["resourceArn"] = ARN
    return values


# ---- requests


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_botocore_sends_is_what_is_read(name: str) -> None:
    values = values_of(name)
    method, target, headers, body = sent(name, values)
    matched = match_route(method, target)
    assert matched is not None
    operation, labels = matched
    assert operation.name == name
    assert parse_input(operation, labels, target, headers, body) == values
    required = {key: values[key] for key in MODEL.shapes[operation.input].required if key in values}
    method, target, headers, body = sent(name, required)
    matched = match_route(method, target)
    assert matched is not None
    assert parse_input(*matched, target, headers, body) == required


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_route_is_matched_with_and_without_its_decorations(name: str) -> None:
    method, target, _, _ = sent(name, values_of(name))
    path = target.partition("?")[0].removesuffix("/")
    expected = match_route(method, target)
    assert expected is not None
    for decorated in (path, f"{path}/", f"{path}?", f"{path}/?", f"{path}?x=y/z", f"https://host:8080{path}/"):
        assert match_route(method, decorated) == expected
    assert method in allowed_methods(path)
    for other in ("PUT", "PATCH", "HEAD", "OPTIONS", method.lower()):
        assert match_route(other, target) is None
    for wrong in (f"{path}/more", f"{path}//", f"/x{path}", path.replace("/", "//", 1), path.upper()):
        assert (match_route(method, wrong) or (None,))[0] is not expected[0]


def test_methods_of_a_path() -> None:
    assert sorted(allowed_methods("/domain")) == ["GET", "POST"]
    assert sorted(allowed_methods("/domain/dom-1/?")) == ["DELETE", "GET"]
    assert sorted(allowed_methods(f"/tags/{quote(ARN, safe='')}")) == ["DELETE", "GET", "POST"]
    for none in ("/", "", "*", "/nothing", "/domain//", "http://host", "http://host?x"):
        assert allowed_methods(none) == ()


def test_an_arn_is_one_percent_encoded_label() -> None:
    matched = match_route("GET", f"/tags/{quote(ARN, safe='')}")
    assert matched is not None
    assert matched[1] == {"resourceArn": ARN}
    assert match_route("GET", f"/tags/{ARN}") is None  # its slash is a slash of the path


def test_a_label_is_decoded_once_and_never_fails() -> None:
    for text, label in (("a%2520b", "a%20b"), ("%e4%b8%ad", "中"), ("%ff", "\ufffd"), ("%zz", "%zz"), ("a+b", "a+b")):
        matched = match_route("GET", f"/domain/{text}")
        assert matched is not None
        assert matched[1] == {"domainId": label}


def parsed(name: str, target: str, body: bytes = b"", headers: Headers = ()) -> dict[str, Any]:
    operation = MODEL.operations[name]
    matched = match_route(operation.method, target)
    assert matched is not None
    assert matched[0] is operation
    return parse_input(operation, matched[1], target, headers, body)


def test_the_query_is_decoded_and_typed() -> None:
    assert parsed("ListDomains", "/domain?maxResults=7&nextToken=a%2Bb%3D&status=ACTIVE&x=y") == {
        "status": "ACTIVE",
        "maxResults": 7,
        "nextToken": "a+b=",
    }
    target = f"/tags/{quote(ARN, safe='')}?tagKeys=a&tagKeys=b%20c&tagKeys=d+e"
    assert parsed("UntagResource", target)["tagKeys"] == ["a", "b c", "d e"]
    assert parsed("ListDomains", "/domain?nextToken=") == {"nextToken": ""}


@pytest.mark.parametrize("text", ["x", "", "1.0", "0x10", "١", "9" * 19, "9" * 100_000, "1 0"])
def test_a_number_that_is_none_is_told_as_such(text: str) -> None:
    with pytest.raises(
        ServiceError, match="at 'maxResults' failed to satisfy constraint: Member must be an integer"
    ) as caught:
        parsed("ListDomains", f"/domain?maxResults={quote(text)}")
    assert (caught.value.shape, caught.value.status) == ("ValidationException", 400)
    assert len(caught.value.message) < 500


def test_a_number_out_of_range_is_told_with_the_range() -> None:
    for text, constraint in (
        ("0", "greater than or equal to 1"),
        ("-5", "greater"),
        ("101", "less than or equal to 100"),
    ):
        with pytest.raises(ServiceError, match=constraint):
            parsed("ListDomains", f"/domain?maxResults={text}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "The request body is not JSON: "),
        (b"\xff", "The request body is not JSON: "),
        (b'{"name": "\xff"}', "The request body is not JSON: "),
        (b'{"name": "\\ud800"}', "The request body is not JSON: "),
        (b"[" * 100_000, "The request body is not JSON: "),
        (b'{"name": NaN}', "The request body is not JSON: "),
        (b"[]", "The request body is not a JSON object."),
        (b"null", "The request body is not a JSON object."),
        (b'"x"', "The request body is not a JSON object."),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parsed("CreateDomain", "/domain", body)
    assert (caught.value.shape, caught.value.status) == ("SerializationException", 400)
    assert caught.value.message.startswith(reason)


def test_a_missing_body_is_an_empty_object() -> None:
    with pytest.raises(ServiceError, match="1 validation error detected: Value null at 'name'"):
        parsed("CreateDomain", "/domain")


def test_a_body_where_none_belongs_is_not_looked_at() -> None:
    assert parsed("GetDomain", "/domain/dom-0123456789abcdef", b"no json") == {"domainId": "dom-0123456789abcdef"}
    target = "/domains/dom-0123456789abcdef/subscriptions"
    assert parsed("CreateSubscription", target, b"{") == {"domainId": "dom-0123456789abcdef"}


def test_the_body_cannot_say_what_the_path_says() -> None:
    body = json.dumps({**example("SubmitFeedbackRequest"), "domainId": "dom-another0000000000", "more": 1}).encode()
    found = parsed("SubmitFeedback", "/domain/dom-0123456789abcdef/feedback", body)
    assert found == {**example("SubmitFeedbackRequest"), "domainId": "dom-0123456789abcdef"}


# ---- the streaming call


def head(headers: Headers, target: str = "/medical-scribe-stream/") -> RequestHead:
    return RequestHead(method="POST", target=target, scheme="https", authority="h", version="2", headers=headers)


def test_the_headers_are_those_that_botocore_binds() -> None:
    members = BOTOCORE.operation_model(LISTENING_SESSION).input_shape.members
    bound = {
        name: member.serialization["name"] for name, member in members.items() if "location" in member.serialization
    }
    assert set(bound) == set(PARAMETERS)
    headers = tuple((wire_name, str(PARAMETERS[name])) for name, wire_name in bound.items())
    assert all(wire_name == wire_name.lower() for wire_name in bound.values())
    for target in ("/medical-scribe-stream/", "/medical-scribe-stream", "/medical-scribe-stream/?"):
        assert listening_session_parameters(head((("accept", "*/*"), *headers), target)) == PARAMETERS
        matched = match_route("POST", target)
        assert matched is not None
        assert matched[0].name == LISTENING_SESSION
    for missing, (wire_name, _) in zip(bound, headers, strict=True):
        less = tuple(header for header in headers if header[0] != wire_name)
        with pytest.raises(ServiceError, match=f"1 validation error detected: Value null at '{missing}'"):
            listening_session_parameters(head(less))


def test_blanks_around_a_header_are_none_of_it() -> None:
    _, _, headers, _ = sent(LISTENING_SESSION, PARAMETERS)
    padded = tuple((name, f" {value}\t") for name, value in headers)
    assert listening_session_parameters(head(padded)) == PARAMETERS


def test_all_that_is_wrong_is_listed() -> None:
    with pytest.raises(ServiceError, match="6 validation errors detected") as caught:
        listening_session_parameters(head(()))
    assert (caught.value.shape, caught.value.status) == ("ValidationException", 400)


# ---- responses


def parse(status: int, headers: Headers, body: Any, name: str) -> dict[str, Any]:
    """What botocore makes of a response."""
    parser = botocore.parsers.create_parser("rest-json")
    response = {"status_code": status, "headers": dict(headers), "body": body, "context": {"operation_name": name}}
    result: dict[str, Any] = parser.parse(response, BOTOCORE.operation_model(name).output_shape)
    return result


@pytest.mark.parametrize("shape", sorted(name for name, shape in MODEL.shapes.items() if shape.exception))
def test_botocore_reads_every_error(shape: str) -> None:
    error = ServiceError(shape, MODEL.shapes[shape].status or 0, "Größe – “no”")
    status, headers, body = error_response(error, "r-1")
    result = parse(status, headers, body, "GetDataset")
    assert result["Error"] == {"Code": shape, "Message": "Größe – “no”"}
    assert result["ResponseMetadata"]["HTTPStatusCode"] == MODEL.shapes[shape].status
    assert result["ResponseMetadata"]["RequestId"] == "r-1"
    assert BOTOCORE.shape_for_error_code(shape).name == shape


def test_an_error_is_told_by_header_and_lower_case_message() -> None:
    status, headers, body = error_response(ServiceError("ThrottlingException", 429, "Slow."), "r-1")
    assert (status, json.loads(body)) == (429, {"message": "Slow."})
    assert headers == (
        ("content-type", "application/json"),
        ("x-amzn-errortype", "ThrottlingException"),
        ("x-amzn-request-id", "r-1"),
        ("x-amzn-requestid", "r-1"),
    )


class Body:
    """A streamed body, as botocore's HTTP layer has it."""

    def stream(self) -> Any:
        return iter(())

    def close(self) -> None:
        pass


def test_botocore_reads_the_streams_response() -> None:
    headers = listening_session_headers(PARAMETERS, "r-1")
    result = parse(200, headers, Body(), LISTENING_SESSION)
    assert {name: result[name] for name in PARAMETERS} == PARAMETERS
    assert result["requestId"] == "r-1"
    assert dict(headers)["content-type"] == "application/vnd.amazon.eventstream"
    assert list(result["responseStream"]) == []


def test_what_is_not_set_is_not_echoed() -> None:
    assert len(listening_session_headers({}, "r-1")) == 3
