"""HTTP request → operation and input; output or error → HTTP response. All of it is driven by the model.

Specification (RJ1-SPEC): smithy, `docs/source-2.0/aws/protocols/aws-restjson1-protocol.rst`, with the HTTP binding
traits. Knows HTTP messages as values; no connection, no event stream (an operation's stream is no part of its input
here), no resources.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from mockscribe.errors import ServiceError
from mockscribe.service import validation
from mockscribe.service.model import Operation, Shape, service_model
from mockscribe.service.serialisation import json_value
from mockscribe.wire.exchange import Headers, RequestHead

JSON = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"
LISTENING_SESSION = "StartMedicalScribeListeningSession"

Input = dict[str, Any]
Labels = Mapping[str, str]


# ---- requests


def match_route(method: str, target: str) -> tuple[Operation, Labels] | None:
    """The operation that answers a request, and the labels of its path, percent-decoded; None when there is none."""
    for operation, labels in _matches(target):
        if operation.method == method:
            return operation, labels
    return None


def allowed_methods(target: str) -> tuple[str, ...]:
    """The methods that the path of `target` takes; empty when no operation has that path."""
    return tuple(operation.method for operation, _ in _matches(target))


def parse_input(operation: Operation, labels: Labels, target: str, headers: Headers, body: bytes) -> Input:
    """The input of an operation by the model's member names, typed and valid.

    Raises:
        ServiceError: ValidationException listing every violation, or SerializationException (not modeled; what AWS's
            JSON services answer to a body that is no JSON object).
    """
    shape = service_model().shapes[operation.input]
    values = _body(shape, body)
    query = parse_qsl(_split(target)[1], keep_blank_values=True)
    for name, member in shape.members.items():
        wire_name = member.wire_name or name
        match member.location:
            case "uri":
                texts = [labels[wire_name]]
            case "header":
                texts = [value.strip() for key, value in headers if key == wire_name]
            case "querystring":
                texts = [value for key, value in query if key == wire_name]
            case _:  # None: the body has it
                continue
        if texts:
            values[name] = _typed(service_model().shapes[member.shape], texts)
    found = validation.violations(shape, values)
    if found:
        raise ServiceError("ValidationException", 400, validation.message(found))
    return values


def listening_session_parameters(head: RequestHead) -> Mapping[str, str | int]:
    """The parameters of a StartMedicalScribeListeningSession by the model's member names.

    Raises:
        ServiceError: ValidationException listing every violation.
    """
    operation = service_model().operations[LISTENING_SESSION]
    return parse_input(operation, {}, head.target, head.headers, b"")


# ---- responses


def response(operation: Operation, output: Mapping[str, Any], request_id: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an operation's success; `output` is by the model's member names.

    Members that the model does not know, and those that are None, are left out. Everything goes into the body: no
    output of this API but the listening session's is bound to HTTP.
    """
    if operation.output is None:
        return operation.status, _request_id(request_id), b""
    body = msgspec.json.encode(json_value(operation.output, output))
    return operation.status, (("content-type", JSON), *_request_id(request_id)), body


def error_response(error: ServiceError, request_id: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body of a modeled error (RJ1-SPEC, operation error serialization)."""
    headers = (("content-type", JSON), ("x-amzn-errortype", error.shape), *_request_id(request_id))
    # The member is lower-case `message` in this API's model; the official Python SDK reads no other spelling.
    return error.status, headers, msgspec.json.encode({"message": error.message})


def listening_session_headers(parameters: Mapping[str, str | int], request_id: str) -> Headers:
    """The headers of the 200 of a StartMedicalScribeListeningSession: every setting echoed."""
    output = service_model().operations[LISTENING_SESSION].output
    shape = service_model().shapes[output or ""]
    return (("content-type", EVENT_STREAM), *_request_id(request_id), *_bound_headers(shape, parameters))


def _request_id(request_id: str) -> Headers:
    # The first is the one of the model. The second is the one that SDKs look at for their metadata, and Transcribe was
    # seen to send both.
    return (("x-amzn-request-id", request_id), ("x-amzn-requestid", request_id))


def _bound_headers(shape: Shape, values: Mapping[str, str | int]) -> Iterator[tuple[str, str]]:
    for name, member in shape.members.items():
        if member.location == "header" and name in values:
            yield member.wire_name or name, str(values[name])


# ---- the parts of a request


@functools.cache
def _routes() -> Mapping[int, tuple[tuple[Operation, tuple[str, ...]], ...]]:
    """Operations with the segments of their path, by the number of segments."""
    routes: dict[int, tuple[tuple[Operation, tuple[str, ...]], ...]] = {}
    for operation in service_model().operations.values():
        segments = tuple(operation.path.strip("/").split("/"))
        routes[len(segments)] = (*routes.get(len(segments), ()), (operation, segments))
    return routes


def _matches(target: str) -> Iterator[tuple[Operation, Labels]]:
    # With or without the trailing slash: the Rust SDK leaves out the one of /medical-scribe-stream/.
    received = _split(target)[0].removeprefix("/").removesuffix("/").split("/")
    for operation, segments in _routes().get(len(received), ()):
        labels = {}
        for segment, text in zip(segments, received, strict=True):
            if segment.startswith("{"):
                if not text:
                    break
                labels[segment[1:-1]] = unquote(text)
            elif segment != text:
                break
        else:
            yield operation, labels


def _split(target: str) -> tuple[str, str]:
    """Path and query of a request target, which may be in absolute form (RFC 9112, 3.2.2)."""
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path, query


def _body(shape: Shape, body: bytes) -> Input:
    if not body or all(member.location or name == shape.payload for name, member in shape.members.items()):
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ServiceError("SerializationException", 400, f"The request body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ServiceError("SerializationException", 400, "The request body is not a JSON object.")
    return {name: value[name] for name, member in shape.members.items() if not member.location and name in value}


_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def _typed(shape: Shape, texts: list[str]) -> object:
    """What the texts of a header, a label or the query mean; what does not fit stays text, for `validation` to tell.

    This API binds strings, integers and (in the query) lists of strings, and nothing else to HTTP.
    """
    if shape.type == "list":
        return texts
    text = texts[0]
    return int(text) if shape.type == "integer" and _INTEGER.fullmatch(text) else text
