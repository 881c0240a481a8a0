"""A connection to an endpoint, up to the first byte of HTTP/2: a socket, TLS with ALPN h2, and why there is none."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence

from mockscribe.client.endpoint import Endpoint
from mockscribe.client.http2 import HTTP_1_1
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind

CONNECT_TIMEOUT_SECONDS = 10.0
"""Own choice: Java's SDK gives up on a connection after as long (facts 11a)."""

TIMEOUT_SECONDS = 60.0
"""Own choice: twice the 30 s of Java's read timeout, which is known to kill quiet streams (facts 11)."""

TRUST = '--ca-bundle "$(mockscribe ca)"'
"""How the commands are told to trust a mock's certificate; other faces have lines of their own."""

SocketOption = tuple[int, int, int | bytes]


def tls_context(
    ca_files: Sequence[str | os.PathLike[str]] = (), *, verify: bool = True, client_cert: Sequence[str] = ()
) -> ssl.SSLContext:
    """TLS that trusts `ca_files` (PEM) or else the system's store, and asks for h2 by ALPN.

    `client_cert` is what to show of our own: a PEM file with certificate and key, or one of each.

    Raises:
        ConfigError: a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not ca_files:
        context.load_default_certs()
    for file in ca_files if verify else ():
        try:
            context.load_verify_locations(file)
        except ssl.SSLError:
            raise ConfigError(str(file), "holds no certificate in PEM") from None
        except OSError as error:
            raise ConfigError(str(file), f"cannot be read: {error.strerror}") from None
    if client_cert:
        try:
            context.load_cert_chain(*client_cert)
        except ssl.SSLError as error:
            raise ConfigError(" and ".join(client_cert), f"make no client certificate: {error}") from None
        except OSError as error:
            raise ConfigError(" and ".join(client_cert), f"cannot be read: {error.strerror}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9113, 9.2
    context.set_alpn_protocols(["h2"])
    return context


def connect(
    endpoint: Endpoint,
    context: ssl.SSLContext | None,
    timeout_seconds: float | None,
    *,
    trust: str = TRUST,
    options: Sequence[SocketOption] = (),
) -> socket.socket:
    """A connection, after its TLS handshake if it has one.

    Raises:
        ServerError: there is none to be had; the message names the cure.
    """
    try:
        connection = socket.create_connection((endpoint.address, endpoint.port), timeout=timeout_seconds)
    except OSError as error:
        raise unreachable(endpoint, error, timeout_seconds) from None
    for option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *options):
        connection.setsockopt(*option)
    if context is None:
        return connection
    try:
        secured = context.wrap_socket(connection, server_hostname=endpoint.host)
    except (OSError, ValueError) as error:
        connection.close()
        raise handshake_failure(endpoint, error, timeout_seconds, trust) from None
    try:
        check_protocol(secured.selected_alpn_protocol())
    except ServerError:
        secured.close()
        raise
    return secured


def check_protocol(chosen: str | None) -> None:
    """Hold the protocol that ALPN chose against the one we need; none may still turn out to be HTTP/2.

    Raises:
        ServerError: it is another one.
    """
    if chosen not in (None, "h2"):
        raise ServerError(HTTP_1_1)


def unreachable(endpoint: Endpoint, error: OSError, timeout_seconds: float | None) -> ServerError:
    """Why there is no connection."""
    where = f"{endpoint.host}:{endpoint.port}"
    match error:
        case ConnectionRefusedError():
            hint = " Start a mock there with: mockscribe serve" if endpoint.local else ""
            message = f"Nothing listens on {where}: the connection was refused.{hint}"
        case TimeoutError():
            message = f"{where} did not answer{_within(timeout_seconds)}."
            return ServerError(message, kind=ServerErrorKind.CONNECT_TIMEOUT)
        case _:
            message = f"{where} cannot be reached: {error.strerror or error}."
    return ServerError(message, kind=ServerErrorKind.UNREACHABLE)


def handshake_failure(
    endpoint: Endpoint, error: OSError | ValueError, timeout_seconds: float | None, trust: str
) -> ServerError:
    """Why the TLS handshake failed."""
    match error:
        case ssl.SSLCertVerificationError(verify_message=reason):
            message = (
                f"The certificate of {endpoint.url} is not trusted: {reason.rstrip('.')}. "
                f"If that is a mockscribe, trust it with: {trust}"
            )
        case ssl.SSLError() if "no application protocol" in str(error):  # Python 3.11 has no reason for it
            return ServerError(HTTP_1_1)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "PACKET_LENGTH_TOO_LONG"):
            message = f"{endpoint.url} does not speak TLS: for clear text write http instead of https."
        case TimeoutError():
            message = f"{endpoint.url} did not finish the TLS handshake{_within(timeout_seconds)}."
            return ServerError(message, kind=ServerErrorKind.CONNECT_TIMEOUT)
        case _:
            message = f"The TLS handshake with {endpoint.url} failed: {error}"
    return ServerError(message, kind=ServerErrorKind.TLS)


def _within(seconds: float | None) -> str:
    """How long was waited; without a limit of ours it was the system's."""
    return "" if seconds is None else f" within {seconds:g} s"
