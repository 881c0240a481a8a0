"""Keeps browsers' pages of other sites away from the control API.

A page may send requests to any address, and by DNS rebinding even read the answers; so a request must name a host that
is this machine's, and come from no other origin. (Programs send no Origin and the host they were given.)
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mockscribe.control.answers import refusal
from mockscribe.errors import ControlError

CROSS_SITE = frozenset(("cross-site", "same-site"))
"""Values of Sec-Fetch-Site (W3C Fetch Metadata) for what another origin's page asks for."""


class Guard:
    """Lets requests through to `app` that are not another site's; `names` are further names of this machine."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in (*names, socket.gethostname())}  # no resolver is asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = self._refused(Headers(scope=scope)) if scope["type"] == "http" else None
        if why is None:
            await self._app(scope, receive, send)
        else:
            await refusal(ControlError(403, why))(scope, receive, send)

    def _refused(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return f"the Host {host!r:.100} is not this machine's; name it by --tls-name if it is"
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return f"a page of {origin!r:.100} may not use this"
        if headers.get("sec-fetch-site") in CROSS_SITE:
            return "another site's page may not use this"
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether the host is a loopback address, a single label or `localhost` name, or one of the machine's."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        name = name.removesuffix(".")
        if name in self._names or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return bool(name) and "." not in name and ":" not in name
