"""In the place of botocore's HTTP session: a signed request over a connection of its own in HTTP/2, by its settings.

What the client was told of TLS and proxies botocore keeps in its HTTP session, and nowhere else to read it from.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import UnsupportedSignatureVersionError
from botocore.httpsession import get_cert_path, mask_proxy_url

from mockscribe.boto3.failures import ProxyNotSupportedError, StreamSSLError, before_response, within_response
from mockscribe.boto3.input import InputStream
from mockscribe.boto3.output import Body
from mockscribe.client.connecting import connect, tls_context
from mockscribe.client.duplex import Duplex
from mockscribe.client.endpoint import Endpoint, parse_endpoint
from mockscribe.client.exchange import SignedExchange
from mockscribe.client.http2 import Headers, HeadReceived, Observed
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind
from mockscribe.wire.sigv4 import ALGORITHM, Credentials, EventSigner

NOT_IN_HTTP2 = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect"})
"""What botocore adds for HTTP/1.1 (RFC 9113, 8.2.2 and 8.3.1): `:authority` is the host, and the body has no length."""

TRUST = 'export AWS_CA_BUNDLE="$(mockscribe ca)" (or give the client verify= with that path)'

PREFIX = "streaming."
PREFIX_HINT = (
    f"botocore has put {PREFIX!r} before the host; for an endpoint without such a name give the client "
    "botocore.config.Config(inject_host_prefix=False)."
)


class Transport:
    """One call's way out; `credentials` are those that its request is signed with."""

    def __init__(self, client: Any, stream: InputStream) -> None:
        self._config = client.meta.config
        self._session = client._endpoint.http_session
        self._stream = stream
        self._duplex: Duplex | None = None
        self._given_up = False
        self.credentials: Any = None

    def send(self, request: Any) -> AWSResponse:
        """Send a prepared request, and the input after it; returns when the response's head has come.

        Raises:
            BotoCoreError: no response came.
            BaseException: what the input raised.
        """
        url: str = request.url
        self._refuse_proxy(url)
        parts = urlsplit(url)
        endpoint = parse_endpoint(f"{parts.scheme}://{parts.netloc}")
        headers = _headers(request)
        exchange = SignedExchange((*_pseudo(request, endpoint), *headers), self._signer(headers))
        try:
            connection = connect(
                endpoint,
                self._tls_context(url) if endpoint.secure else None,
                self._config.connect_timeout,
                trust=TRUST,
                options=getattr(self._session, "_socket_options", ()),
            )
        except ServerError as error:
            hint = PREFIX_HINT if endpoint.host.startswith(PREFIX) and error.kind is ServerErrorKind.UNREACHABLE else ""
            raise before_response(error, url, hint) from None
        timeout = request.context.get("read_timeout")
        self._duplex = duplex = Duplex(
            connection,
            exchange,
            self._stream,
            timeout_seconds=self._config.read_timeout if timeout is None else timeout,
        )
        if self._given_up:
            duplex.close()
        observed = duplex.observe()
        try:
            head = _head(observed)
        except ServerError as error:
            raise before_response(error, url) from None
        body = Body(duplex, observed, lambda error: within_response(error, url))
        return AWSResponse(url, head.status, dict(head.headers), body)

    def close(self) -> None:
        """Give the call up, also while it is being made."""
        self._given_up = True
        if self._duplex is not None:
            self._duplex.close()

    def _refuse_proxy(self, url: str) -> None:
        proxies = getattr(self._session, "_proxy_config", None)
        if proxies is not None and (proxy_url := proxies.proxy_url_for(url)):
            raise ProxyNotSupportedError(proxy_url=mask_proxy_url(proxy_url))

    def _tls_context(self, url: str) -> ssl.SSLContext:
        verify = getattr(self._session, "_verify", True)
        cert = self._config.client_cert
        try:
            return tls_context(
                [get_cert_path(verify)] if verify else (),
                verify=bool(verify),
                client_cert=(cert,) if isinstance(cert, str) else cert or (),
            )
        except ConfigError as error:
            raise StreamSSLError(endpoint_url=url, error=error) from None

    def _signer(self, headers: Headers) -> EventSigner:
        """What goes on from the signature that botocore has put on the request."""
        algorithm, _, rest = dict(headers).get("authorization", "").partition(" ")
        if algorithm != ALGORITHM:
            raise UnsupportedSignatureVersionError(
                signature_version=f"{algorithm or 'none'}; events can only be signed after a request with {ALGORITHM}"
            )
        fields = dict(field.strip().split("=", 1) for field in rest.split(","))
        _, _, region, service, _ = fields["Credential"].rsplit("/", 4)
        credentials = Credentials(self.credentials.access_key, self.credentials.secret_key)
        return EventSigner(credentials, region=region, service=service, seed=fields["Signature"])


def _headers(request: Any) -> Headers:
    named = ((name.lower(), value) for name, value in request.headers.items())
    return tuple(
        (name, value.decode() if isinstance(value, bytes) else str(value))
        for name, value in named
        if name not in NOT_IN_HTTP2
    )


def _pseudo(request: Any, endpoint: Endpoint) -> Headers:
    parts = urlsplit(request.url)
    path = parts.path or "/"
    return (
        (":method", request.method),
        (":scheme", endpoint.scheme),
        (":authority", endpoint.authority),
        (":path", f"{path}?{parts.query}" if parts.query else path),
    )


def _head(observed: Iterator[Observed]) -> HeadReceived:
    """The response's head, which is the first that is observed.

    Raises:
        ServerError: the call was given up before it came.
    """
    head = next(observed, None)
    if not isinstance(head, HeadReceived):
        raise ServerError("The call was given up.")
    return head
