"""What the data port answers apart from the API: health, the CA, and everything that is not there.

Pure; each answer is complete at once.
"""

from __future__ import annotations

import msgspec

from mockscribe import __version__
from mockscribe.errors import ServiceError
from mockscribe.mock import Mock
from mockscribe.service import restjson
from mockscribe.wire.exchange import Headers, RequestHead, RequestReceived
from mockscribe.wire.http import HttpConnection


def answer(mock: Mock, http: HttpConnection, request: RequestReceived) -> None:
    """Answer a request that no operation answers."""
    status, headers, body = _answer(mock, request.head)
    exchange = request.exchange
    http.send_head(exchange, status, (*headers, ("content-length", str(len(body)))))
    if body and request.head.method != "HEAD":
        http.send(exchange, body)
    http.end(exchange)


def _answer(mock: Mock, head: RequestHead) -> tuple[int, Headers, bytes]:
    path = head.target.partition("?")[0]
    if head.method in ("GET", "HEAD"):
        if path in ("/_mockscribe/health", "/_localstack/health"):
            body = {"status": "running", "version": __version__, "services": {"health-agent": "running"}}
            return 200, (("content-type", "application/json"),), msgspec.json.encode(body)
        if path == "/_mockscribe/ca.pem":
            return 200, (("content-type", "application/x-pem-file"),), mock.ca_pem()
    if path.startswith("/_mockscribe/"):
        control = f"at {mock.control_url}/_mockscribe/" if mock.control_url else "switched off (--control-port)"
        text = f"This port answers the service's API, /_mockscribe/health and ca.pem; the control API is {control}."
        error = ServiceError("ResourceNotFoundException", 404, text)
    elif methods := restjson.allowed_methods(head.target):
        text = f"{path} takes {' or '.join(methods)}, not {head.method}."
        error = ServiceError("MethodNotAllowedException", 405, text)
        status, headers, content = restjson.error_response(error, mock.next_request_id())
        return status, (*headers, ("allow", ", ".join(methods))), content  # RFC 9110, 15.5.6
    else:
        error = ServiceError("UnknownOperationException", 404, f"No operation answers {head.method} {path}.")
    return restjson.error_response(error, mock.next_request_id())
