"""Where a call goes: the parts of an endpoint URL.

Pure. `https` means TLS with ALPN h2, `http` HTTP/2 by prior knowledge (RFC 9113, 3.2 and 3.3).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import msgspec

DEFAULT_PORTS = {"https": 443, "http": 80}


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint; `path` is what stands before the operation's own, without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as they are signed: the port that the scheme implies is left out, as SDKs do."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """What to connect to: every `localhost` name is this machine (RFC 6761, 6.3), also where no resolver says so.

        SDKs put `streaming.` before the host.
        """
        return "localhost" if self.host.endswith(".localhost") else self.host

    @property
    def url(self) -> str:
        """The endpoint as a URL."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def local(self) -> bool:
        """Whether it is this machine by name or by address."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_endpoint(url: str) -> Endpoint:
    """The endpoint that a URL names.

    Raises:
        ValueError: it is no http or https URL of a host; the message says what is wrong.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no URL: {error}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no endpoint: write https://HOST:PORT, or http://HOST:PORT for clear text")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{url!r} has more than a scheme, a host, a port and a path")
    return Endpoint(
        scheme=parts.scheme,
        host=parts.hostname,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=parts.path.rstrip("/"),
    )
