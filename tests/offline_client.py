"""A botocore client whose requests never leave the process: the service's pure part answers them.

Everything that botocore does stays in the way: it checks and serialises what the test asks, signs, parses the answer
and raises the modeled classes. Each answer is checked against botocore's own model on the way: nothing required is
missing, nothing is there that it does not know, and an error is one that the operation models.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from mockscribe.config import Config
from mockscribe.errors import ServiceError
from mockscribe.service import restjson, validation
from mockscribe.service.call import Call
from mockscribe.service.documents import settle
from mockscribe.service.model import Operation, service_model
from mockscribe.service.operations import HANDLERS, documents_due
from mockscribe.service.store import Store

ACCOUNT = "123456789012"
REGION = "us-west-2"
STARTED = 1_700_000_000.0
"""Seconds since the epoch at mock time 0."""

UNMODELED = {
    # operation → what it answers although its model does not say so; the handlers say why.
    "ListDomains": {"ValidationException"},
    "CreateDomain": {"ValidationException"},
    "GetDomain": {"ValidationException"},
    "DeleteDomain": {"ValidationException"},
    "TagResource": {"ValidationException", "ResourceNotFoundException"},
    "UntagResource": {"ValidationException", "ResourceNotFoundException"},
    "ListTagsForResource": {"ValidationException", "ResourceNotFoundException"},
}


class Sessions:
    """Listening sessions, as a handler may know of them."""

    def __init__(self) -> None:
        self.live_sessions = 0
        self.known: dict[str, object] = {}

    def known_session(self, session_id: str) -> object | None:
        return self.known.get(session_id)


class Account:
    """One account of the mock with its time in the test's hand; `written` is what was put into S3, by URI."""

    def __init__(self, config: Config | None = None, seed: int = 7) -> None:
        self.config = config or Config()
        self.store = Store(random.Random(seed))
        self.sessions = Sessions()
        self.time = 0.0
        self.writes = True
        self.written: dict[str, Any] = {}
        self.last: tuple[int, Mapping[str, str], bytes] = (0, {}, b"")

    def call(self) -> Call:
        return Call(
            account=ACCOUNT,
            region=REGION,
            store=self.store,
            config=self.config,
            time=self.time,
            wall=STARTED + self.time,
            sessions=self.sessions,
        )

    def write(self) -> None:
        for document in documents_due(self.call()):
            self.written[document.uri] = json.loads(document.body)
            settle(self.store, document)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Answer a request and keep what was answered in `last`."""
        if self.writes:
            self.write()
        route = restjson.match_route(method, target)
        assert route is not None, f"no operation answers {method} {target}"
        operation, labels = route
        lowered = tuple((name.lower(), value) for name, value in headers.items())
        try:
            values = restjson.parse_input(operation, labels, target, lowered, body)
            output = HANDLERS[operation.name](self.call(), values)
            status, out, answer = restjson.response(operation, output, "the-request-id")
            assert status == operation.status
            if operation.output is not None:
                shape = service_model().shapes[operation.output]
                assert validation.violations(shape, json.loads(answer)) == []
        except ServiceError as error:
            check_error(operation, error)
            status, out, answer = restjson.error_response(error, "the-request-id")
        self.last = (status, dict(out), answer)


def check_error(operation: Operation, error: ServiceError) -> None:
    """An error must be one that the operation models (or that is listed above), with the status of the model."""
    assert error.shape in {*operation.errors, *UNMODELED.get(operation.name, ())}, (operation.name, error)
    assert error.status == service_model().shapes[error.shape].status


class Offline:
    """The client; `account` is the one that answers at the moment."""

    def __init__(self, *, checks_parameters: bool = True) -> None:
        self.account = Account()
        self.client = botocore.session.Session().create_client(
            "connecthealth",
            region_name=REGION,
            endpoint_url="http://localhost:9",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
            config=BotoConfig(
                inject_host_prefix=False, parameter_validation=checks_parameters, retries={"total_max_attempts": 1}
            ),
        )
        self.client.meta.events.register("before-send.connecthealth", self._answer)
        self.client.meta.events.register("after-call.connecthealth", self._check)

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target = request.url.removeprefix("http://localhost:9")
        headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
        body = request.body or b""
        self.account.answer(request.method, target, headers, body if isinstance(body, bytes) else body.read())
        status, out, answer = self.account.last
        return AWSResponse(request.url, status, dict(out), Raw(answer))

    def _check(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if "Error" not in parsed and model.output_shape is not None:
            output = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            report = ParamValidator().validate(output, model.output_shape)
            assert not report.has_errors(), report.generate_report()


class Raw(io.BytesIO):
    """A body as urllib3 hands it out."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@functools.cache
def _offline(*, checks_parameters: bool) -> Offline:
    return Offline(checks_parameters=checks_parameters)


def connect(
    config: Config | None = None, *, seed: int = 7, store: Store | None = None, checks_parameters: bool = True
) -> tuple[Any, Account]:
    """A client and the new account that answers it, until the next one is connected."""
    offline = _offline(checks_parameters=checks_parameters)
    offline.account = Account(config, seed)
    if store is not None:
        offline.account.store = store
    return offline.client, offline.account


@contextlib.contextmanager
def refused(error: str, status: int, text: str = ".") -> Iterator[None]:
    """The block must end in that error of the service; where the model knows it, as its own class."""
    with pytest.raises(ClientError, match=text) as caught:
        yield
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (error, status)
    assert answer["Error"]["Message"]
    assert type(caught.value).__name__ == error
