"""One request of an operation that is no stream: its body is collected, then it is answered at once.

Knows HTTP by the calls of `HttpConnection`, operations by the table of their handlers, and no bytes of the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockscribe import caller, signatures
from mockscribe.account import Account
from mockscribe.entries import Kind, Origin
from mockscribe.errors import ServiceError, SignatureError
from mockscribe.live import Waker
from mockscribe.mock import Mock
from mockscribe.service import restjson
from mockscribe.service.messages import message
from mockscribe.service.model import Operation
from mockscribe.service.operations import HANDLERS
from mockscribe.underway import Exchange
from mockscribe.wire.exchange import Headers, RequestHead, RequestReceived
from mockscribe.wire.http import HttpConnection
from mockscribe.wire.sigv4_verification import verify_request


def start(
    mock: Mock,
    account: Account,
    connection: Waker,
    http: HttpConnection,
    request: RequestReceived,
    route: tuple[Operation, Mapping[str, str]],
    now: float,
    on_error: Callable[[BaseException], None],
) -> UnaryRequest:
    """Take a request of an account in; without a body it is answered at once. `on_error` hears of bugs of ours."""
    head, (operation, labels) = request.head, route
    stream = f"{connection.number}.{request.exchange}"
    origin = Origin(account=account.id, connection=connection.number, stream=stream)
    account.record(now, origin, Kind.REQUEST, 0, {"operation": operation.name, **caller.about(head)})
    unary = UnaryRequest(
        account=account,
        origin=origin,
        http=http,
        exchange=request.exchange,
        head=head,
        operation=operation,
        labels=labels,
        request_id=mock.next_request_id(),
        on_error=on_error,
        deadline=now + mock.config.body_timeout_seconds if mock.config.body_timeout_seconds else None,
    )
    if request.ended:
        unary.receive_end(now)
    return unary


class UnaryRequest(Exchange):
    """A request under way."""

    def __init__(
        self,
        *,
        account: Account,
        origin: Origin,
        http: HttpConnection,
        exchange: int,
        head: RequestHead,
        operation: Operation,
        labels: Mapping[str, str],
        request_id: str,
        on_error: Callable[[BaseException], None],
        deadline: float | None,
    ) -> None:
        self.account = account
        self.deadline = deadline
        self._done = False
        self._origin = origin
        self._http = http
        self._exchange = exchange
        self._head = head
        self._operation = operation
        self._labels = labels
        self._request_id = request_id
        self._on_error = on_error
        self._body = bytearray()
        self._answered = False

    @property
    def done(self) -> bool:
        """Whether nothing can happen on it any more."""
        return self._done

    def receive_body(self, data: bytes | memoryview, now: float) -> None:
        """Bytes of the body arrived."""
        self._http.consume(self._exchange, len(data))
        if self._answered:
            return
        self._body += data
        limit = self.account.mock.config.request_body_bytes
        if len(self._body) > limit:
            text = f"The request body has more than {limit} bytes."
            self._give_up("body_size", "RFC 9110, 15.5.14", "RequestEntityTooLargeException", 413, text, now)

    def receive_end(self, now: float) -> None:
        """The request is complete."""
        self._done = True
        if not self._answered:
            self._answer(self._perform(now), now)

    def receive_lost(self, reason: str, now: float) -> None:
        """The exchange is gone."""
        self._done = True

    def record_violation(self, about: Mapping[str, object], now: float) -> None:
        """The client broke a rule of HTTP on this exchange."""
        self.account.violation(now, self._origin, about)

    def work(self, now: float) -> None:
        """Nothing waits."""

    def tick(self, now: float) -> None:
        """The body is late."""
        if not self._answered:
            text = f"The request body took more than {self.account.mock.config.body_timeout_seconds:g} seconds."
            self._give_up("slow_body", "RFC 9110, 15.5.9", "RequestTimeoutException", 408, text, now)

    def shut_down(self, now: float) -> None:
        """The server stops before the request is complete."""
        if not self._answered:
            text = message("shut_down", self.account.mock.config.messages)
            error = ServiceError("InternalServerException", 500, text)
            self._answer(restjson.error_response(error, self._request_id), now)

    def abandon(self) -> None:
        """A bug of ours broke it."""
        self._done = True

    def _give_up(self, rule: str, source: str, shape: str, status: int, text: str, now: float) -> None:
        """Refuse the request before it is complete; what still comes of it is dropped."""
        self.record_violation({"rule": rule, "source": source, "offset": len(self._body), "message": text}, now)
        self._body.clear()
        self._answer(restjson.error_response(ServiceError(shape, status, text), self._request_id), now)

    def _perform(self, now: float) -> tuple[int, Headers, bytes]:
        account, operation, head = self.account, self._operation, self._head
        try:
            account.do_chores(now)
            call = account.call(now, caller.region(head))
            body = bytes(self._body)
            if account.mock.policy is not None:
                verify_request(head, body, account.mock.policy, account.mock.wall(now))
            if account.mock.config.enforce_quotas:
                account.rates.check(operation.name, call.time)
            values = restjson.parse_input(operation, self._labels, head.target, head.headers, body)
            with account.together():
                output = HANDLERS[operation.name](call, values)
            answer = restjson.response(operation, output, self._request_id)
        except SignatureError as error:
            self.record_violation(signatures.about(error, 0), now)
            answer = restjson.error_response(signatures.refusal(error, account.mock.config), self._request_id)
        except ServiceError as error:
            answer = restjson.error_response(error, self._request_id)
        except Exception as error:  # as any service: the client is told, whoever runs it finds the cause in the log
            self._on_error(error)
            fault = ServiceError("InternalServerException", 500, "A fault of mockscribe itself; its log has the cause.")
            answer = restjson.error_response(fault, self._request_id)
        account.mock.restless.add(account)
        return answer

    def _answer(self, answer: tuple[int, Headers, bytes], now: float) -> None:
        self._answered = True
        self.deadline = None
        status, headers, body = answer
        about = {"operation": self._operation.name, "status": status, "headers": dict(headers)}
        self.account.record(now, self._origin, Kind.RESPONSE, 0, about, len(body))
        if status not in (204, 304):
            headers = (*headers, ("content-length", str(len(body))))
        self._http.send_head(self._exchange, status, headers)
        if body:
            self._http.send(self._exchange, body)
        self._http.end(self._exchange)
