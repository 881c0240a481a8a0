"""`RemoteMock`: a mock in another process or a container, with the face of the one in this process.

mock = RemoteMock("http://localhost:8081")
client(mock.https_url, ca=mock.ca_file)
assert mock.sessions.one().status == "COMPLETED"
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
import urllib.parse
import weakref
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from mockscribe.account_view import AccountView, Credentials
from mockscribe.commands import Command, record, state
from mockscribe.commands.command import PREFIX, Nothing
from mockscribe.errors import ConfigError, ControlError, MockscribeError, UnreachableError
from mockscribe.mock import DEFAULT_ACCOUNT

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

TIMEOUT_SECONDS = 30.0
"""Own choice: what a command may take beside the waiting that it was asked for."""


class HttpLink:
    """Commands over HTTP."""

    def __init__(self, control_url: str, http_url: str | None, https_url: str | None) -> None:
        self.control_url = control_url.rstrip("/").removesuffix(PREFIX)
        self._urls = {"http": http_url, "https": https_url}
        try:
            base = httpx.URL(f"{self.control_url}{PREFIX}")
        except httpx.InvalidURL as error:
            raise ConfigError("control_url", f"{control_url!r} is no URL: {error}") from None
        if base.scheme not in ("http", "https") or not base.host:
            raise ConfigError("control_url", f"{control_url!r} is no http://HOST:PORT")
        self._client = httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, trust_env=False)
        self._held = contextlib.ExitStack()
        self._held.callback(self._client.close)
        self._forgotten = weakref.finalize(self, self._held.close)

    def close(self) -> None:
        """Let go of the connection, and of the file that `ca_file` has made."""
        self._forgotten()

    # ---- where clients go

    @property
    def http_url(self) -> str:
        return self._url("http")

    @property
    def https_url(self) -> str:
        return self._url("https")

    def _url(self, scheme: str) -> str:
        """The address as given, else the port that the server tells, on the host that answers commands."""
        given = self._urls[scheme]
        if given is not None:
            return given
        port = urllib.parse.urlsplit(getattr(self._health, scheme)).port
        host = urllib.parse.urlsplit(self.control_url).hostname or "localhost"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @functools.cached_property
    def _health(self) -> state.Health:
        return self.call(state.HEALTH, Nothing(), DEFAULT_ACCOUNT)

    @functools.cached_property
    def ca_file(self) -> Path:
        folder = tempfile.mkdtemp(prefix="mockscribe-")
        self._held.callback(shutil.rmtree, folder, ignore_errors=True)
        file = Path(folder) / "ca.pem"
        file.write_bytes(self.call(state.CA, Nothing(), DEFAULT_ACCOUNT))
        return file

    # ---- commands

    def call(self, command: Command[A, R], arguments: A, account: str) -> R:
        response = self._send(command, arguments, account)
        if response.status_code != 200:
            raise _refusal(response)
        content: Any = response.content
        result: R = content if command.result is bytes else command.decode_result(content)
        return result

    def _send(self, command: Command[A, R], arguments: A, account: str) -> httpx.Response:
        fields: dict[str, Any] = msgspec.to_builtins(arguments)
        path = command.path
        for name in command.path_fields:
            path = path.replace(f"{{{name}}}", urllib.parse.quote(str(fields.pop(name)), safe=""))
        query, body = {"account": account}, None
        if command.text is not None:
            body = str(fields.pop(command.text)).encode()
        elif command.method in ("PUT", "POST"):
            body, fields = msgspec.json.encode(fields), {}
        query |= {name: _spelled(value) for name, value in fields.items() if value is not None}
        try:
            return self._client.request(
                command.method, path, params=query, content=body, timeout=_timeout(arguments),
                headers={"content-type": "text/plain" if command.text is not None else "application/json"},
            )  # fmt: skip
        except RuntimeError as error:
            raise UnreachableError(f"the link to {self.control_url} is closed: {error}") from None
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self.control_url} does not answer: {error}") from None


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _timeout(arguments: msgspec.Struct) -> float:
    """As long as a command may take: what it waits for has a limit of its own, which the server knows."""
    return (
        record.LONGEST_WAIT_SECONDS + TIMEOUT_SECONDS
        if isinstance(arguments, record.Wait | record.Verify)
        else (TIMEOUT_SECONDS)
    )


def _refusal(response: httpx.Response) -> MockscribeError:
    try:
        told = msgspec.json.decode(response.content, type=dict[str, Any])
        message, path = told.pop("message"), told.pop("path")
    except (msgspec.MsgspecError, KeyError):
        return UnreachableError(f"{response.url} is no mock: it answered {response.status_code}: {response.text[:500]}")
    if response.status_code == 503:
        return UnreachableError(message)
    return ControlError(response.status_code, message, path=path, details=told)


class RemoteMock(AccountView):
    """A mock by its control API, and the view of one account of it; a context manager.

    `http_url` and `https_url` are for when the data port is reached by another address than the control port's host and
    the port that the server tells (a container's published ports). The account is the one of `access_key_id`.

    Raises:
        ConfigError: that is no URL of a control API.
    """

    def __init__(
        self,
        control_url: str,
        *,
        http_url: str | None = None,
        https_url: str | None = None,
        access_key_id: str = "test",
        secret_access_key: str = "test",
    ) -> None:
        self._http_link = HttpLink(control_url, http_url, https_url)
        credentials = Credentials(access_key_id=access_key_id, secret_access_key=secret_access_key)
        super().__init__(self._http_link, credentials)

    def close(self) -> None:
        """Let go of the connection; the mock itself runs on."""
        self._http_link.close()

    def __enter__(self) -> RemoteMock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
