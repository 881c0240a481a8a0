"""The method: botocore's own pipeline, with two of its parts exchanged for this one call.

A client of botocore serializes, then hands the request to its endpoint, which signs and sends it. The call runs on a
twin of the client, which shares all that it has (configuration, credentials, event handlers, exceptions) but for these
two: the serializer keeps the input stream aside, and the endpoint speaks HTTP/2 and never retries, since what was drawn
from an iterable cannot be drawn again.
"""

from __future__ import annotations

from typing import Any

import botocore.credentials
from botocore.endpoint import Endpoint
from botocore.eventstream import EventStream
from botocore.validate import ParamValidationDecorator

from mockscribe.boto3.input import InputStream
from mockscribe.boto3.output import ResponseStream
from mockscribe.boto3.transport import Transport
from mockscribe.client.exchange import EVENT_STREAM
from mockscribe.wire.sigv4 import STREAMING_EVENTS

SERVICE = "connecthealth"
OPERATION = "StartMedicalScribeListeningSession"
METHOD = "start_medical_scribe_listening_session"


def method(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Start a Medical Scribe listening session; see boto3's documentation of the operation.

    `inputStream` is one event, a dict with one key (`configurationEvent`, `audioEvent`, `binaryAudioEvent`,
    `sessionControlEvent`), or an iterable of them. The response's `responseStream` is an iterable of the events that
    come back, and a context manager.
    """
    if args:
        raise TypeError(f"{METHOD}() only accepts keyword arguments.")
    return Call(self).run(kwargs)


method.__name__ = method.__qualname__ = METHOD


class Call:
    """One call of a client."""

    def __init__(self, client: Any) -> None:
        validates = isinstance(client._serializer, ParamValidationDecorator)  # unless parameter_validation is off
        stream = InputStream(client.meta.service_model.operation_model(OPERATION), validate=validates)
        self._transport = Transport(client, stream)
        self._twin = object.__new__(type(client))
        self._twin.__dict__.update(client.__dict__)
        self._twin._serializer = _Serializer(client._serializer, stream)
        self._twin._endpoint = _Endpoint(client, self._transport)

    def run(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Make the call; returns when the response's head has come."""
        response: dict[str, Any] = self._twin._make_api_call(OPERATION, parameters)
        for name, value in response.items():
            if isinstance(value, EventStream):  # a stubbed response may be anything
                response[name] = ResponseStream(value)
        return response

    def close(self) -> None:
        """Give the call up, from any thread; who waits for it is woken."""
        self._transport.close()


class _Serializer:
    """Everything but the input stream, as botocore has it, and the body's type."""

    def __init__(self, serializer: Any, stream: InputStream) -> None:
        self._serializer = serializer
        self._stream = stream

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> dict[str, Any]:
        others = dict(parameters)
        if self._stream.name in others:
            self._stream.take(others.pop(self._stream.name))
        request: dict[str, Any] = self._serializer.serialize_to_request(others, operation_model)
        kept = {name: value for name, value in request["headers"].items() if name.lower() != "content-type"}
        request["headers"] = kept | {"Content-Type": EVENT_STREAM, "X-Amz-Content-SHA256": STREAMING_EVENTS}
        request["body"] = b""
        return request


class _Endpoint(Endpoint):  # type: ignore[misc]  # botocore has no types
    """Sends over HTTP/2, once, and lets nobody refresh the credentials between the request and its events."""

    def __init__(self, client: Any, transport: Transport) -> None:
        own = client._endpoint
        super().__init__(
            own.host,
            own._endpoint_prefix,
            client.meta.events,
            response_parser_factory=own._response_parser_factory,
            http_session=transport,
        )
        self._client = client

    def make_request(self, operation_model: Any, request_dict: dict[str, Any]) -> Any:
        credentials = self._client._get_credentials()
        if credentials is not None:
            frozen = botocore.credentials.Credentials(*credentials.get_frozen_credentials()[:3])
            request_dict["context"].setdefault("signing", {})["request_credentials"] = frozen
            self.http_session.credentials = frozen
        return super().make_request(operation_model, request_dict)

    def _needs_retry(self, *_: Any, **__: Any) -> bool:
        return False
