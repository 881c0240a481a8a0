"""Our client's errors as botocore's exceptions, which callers catch already: subclasses that also tell the reason."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidProxiesConfigError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from mockscribe.errors import ServerError, ServerErrorKind

# botocore has no types, hence the comments.


class StreamEndpointConnectionError(EndpointConnectionError):  # type: ignore[misc]
    fmt = 'Could not connect to the endpoint URL: "{endpoint_url}". {error}'


class StreamConnectTimeoutError(ConnectTimeoutError):  # type: ignore[misc]
    fmt = 'Connect timeout on endpoint URL: "{endpoint_url}". {error}'


class StreamSSLError(SSLError):  # type: ignore[misc]
    fmt = 'TLS with endpoint URL "{endpoint_url}" failed. {error}'


class StreamReadTimeoutError(ReadTimeoutError):  # type: ignore[misc]
    fmt = 'Read timeout on endpoint URL: "{endpoint_url}". {error}'


class StreamConnectionClosedError(ConnectionClosedError):  # type: ignore[misc]
    fmt = 'No valid response came from endpoint URL: "{endpoint_url}". {error}'


class ProxyNotSupportedError(InvalidProxiesConfigError):  # type: ignore[misc]
    fmt = (
        "The streaming call cannot go through a proxy, and {proxy_url} is configured. Leave the endpoint's host out by "
        "NO_PROXY, or give the client Config(proxies={{}})."
    )


def before_response(error: ServerError, url: str, hint: str = "") -> BotoCoreError:
    """What botocore raises when no response came; `hint` is said after the reason."""
    match error.kind:
        case ServerErrorKind.UNREACHABLE:
            kind = StreamEndpointConnectionError
        case ServerErrorKind.CONNECT_TIMEOUT:
            kind = StreamConnectTimeoutError
        case ServerErrorKind.TLS:
            kind = StreamSSLError
        case ServerErrorKind.TIMEOUT:
            kind = StreamReadTimeoutError
        case ServerErrorKind.ANSWER:
            kind = StreamConnectionClosedError
    return kind(endpoint_url=url, error=f"{error} {hint}".rstrip())


def within_response(error: ServerError, url: str) -> BotoCoreError:
    """What botocore raises when a response breaks off."""
    if error.kind is ServerErrorKind.TIMEOUT:
        return StreamReadTimeoutError(endpoint_url=url, error=error)
    return ResponseStreamingError(error=error)
