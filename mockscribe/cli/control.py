"""How the commands for CI scripts find a mock that runs: its control API."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mockscribe.config import PREFIX, Config, variable
from mockscribe.endpoints import endpoints_file, read_endpoints
from mockscribe.errors import ConfigError, UnreachableError

if TYPE_CHECKING:
    from mockscribe.remote import RemoteMock

F = TypeVar("F", bound=Any)


def control_options(command: F) -> F:
    """The options by which a mock and an account of it are named."""
    for option in (
        click.option(
            "--account", default="test", metavar="ID", help="The account, 12 digits; by default that of all other keys."
        ),
        click.option(
            "--endpoints-file", metavar="PATH", envvar=variable("endpoints_file"),
            help="Where that file is, if `serve` was told.",
        ),
        click.option(
            "--control-url", metavar="URL", envvar=f"{PREFIX}CONTROL_URL",
            help="The mock's control API; by default the one that the endpoints file names.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@contextlib.contextmanager
def control(control_url: str | None, endpoints: str | None, account: str) -> Iterator[RemoteMock]:
    """The mock, as a `RemoteMock`.

    Without the endpoints file in its usual place (a read-only file system has none) it is at MOCKSCRIBE_CONTROL_PORT or
    8081.

    Raises:
        ConfigError: nobody says where one runs, or it does not answer there.
    """
    from mockscribe.remote import RemoteMock

    source = "--control-url"
    if control_url is None:
        file = endpoints_file(endpoints)
        if endpoints is None and not file.exists():
            port = os.environ.get(variable("control_port")) or Config.control_port
            control_url = f"http://127.0.0.1:{port}"
        else:
            source = str(file)
            control_url = read_endpoints(file).get("control")
        if control_url is None:
            raise ConfigError(source, "this server runs without a control port (--control-port off)")
    if account != "test" and not re.fullmatch("[0-9]{12}", account, re.ASCII):
        raise ConfigError("--account", f"{account!r} is no account: 12 digits")
    with RemoteMock(control_url, access_key_id=account) as mock:
        try:
            yield mock
        except UnreachableError as error:
            raise ConfigError(source, str(error)) from None
