"""`Mockscribe`: the server in a thread of the process that uses it.

    with Mockscribe(scenarios=["visit.yaml"], clock="autojump") as mock:
        client(mock.https_url, ca=mock.ca_file)
        assert mock.sessions.one().audio.seconds == 2.0

Everything that reads or changes the mock runs on the server's own thread, so a test sees one consistent moment.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import os
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mockscribe.account_view import AccountView, Credentials
from mockscribe.commands.command import Command
from mockscribe.config import TYPES, Config, load
from mockscribe.errors import ConfigError, UnreachableError
from mockscribe.scenario.model import Scenario
from mockscribe.scenario.script import parse
from mockscribe.scenario_files import is_text
from mockscribe.server import Server
from mockscribe.spelling import did_you_mean

if TYPE_CHECKING:
    from mockscribe.authority import Authority

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")
T = TypeVar("T")

CLOSED = "this mock is closed: use it inside its `with` block, or its fixture while the test runs"


class ServerThread:
    """A server in a thread of its own, and the link to it."""

    def __init__(self, config: Config, scenarios: Sequence[Scenario], ca_folder: Path | None) -> None:
        self._config = config
        self._scenarios = scenarios
        self._ca_folder = ca_folder
        self._thread: threading.Thread | None = None
        self._running: Server | None = None
        self._stop: asyncio.Event | None = None

    # ---- life

    def start(self) -> None:
        """Listen; returns when clients can connect.

        Raises:
            ConfigError, ScriptError: as the server at its start.
        """
        if self._thread is not None:
            raise UnreachableError("this mock was started already; make another one")
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._main, args=(ready,), name="mockscribe", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            raise

    def close(self) -> None:
        """End every connection and the thread."""
        if self._running is None or self._stop is None or self._thread is None:
            return
        self._running.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _main(self, ready: concurrent.futures.Future[None]) -> None:
        async def main() -> None:
            try:
                server = Server(self._config, self._authority, scenarios=self._scenarios)
                await server.start()
            except BaseException as error:
                ready.set_exception(error)
                return
            self._running, self._stop = server, asyncio.Event()
            ready.set_result(None)
            try:
                await self._stop.wait()
            finally:
                self._running = None
                await server.stop(finish_work=True)

        asyncio.run(main())

    def _authority(self) -> Authority:
        from mockscribe.authority import Authority

        return Authority(self._ca_folder, extra_names=self._config.tls_name)

    @property
    def server(self) -> Server:
        """The server that runs.

        Raises:
            UnreachableError: none does.
        """
        if self._running is None:
            raise UnreachableError(CLOSED)
        return self._running

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's thread."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self.server.loop).result()
        except (UnreachableError, concurrent.futures.CancelledError, RuntimeError):
            coroutine.close()  # if it never began
            if self._running is None:
                raise UnreachableError(CLOSED) from None
            raise

    # ---- the link

    @property
    def http_url(self) -> str:
        return self.server.http_url

    @property
    def https_url(self) -> str:
        return self.server.https_url

    @property
    def control_url(self) -> str:
        self._run(self.server.start_control(0))
        return str(self.server.endpoints()["control"])

    @property
    def ca_file(self) -> Path:
        return self._run(self._ca_file())

    async def _ca_file(self) -> Path:
        return self.server.authority.ca_file

    def call(self, command: Command[A, R], arguments: A, account: str) -> R:
        # Through JSON, so that what is refused over HTTP is refused here, in the same words.
        return self._run(self._perform(command, command.decode_arguments(msgspec.json.encode(arguments)), account))

    async def _perform(self, command: Command[A, R], arguments: A, account: str) -> R:
        server = self.server
        result = command.run(server.context(account), arguments)
        server.wake()
        return await result if inspect.isawaitable(result) else result


class Mockscribe(AccountView):
    """A mock of its own in this process, on free ports; a context manager, and the view of its default account.

    `scenarios` are paths, or texts (anything with a line break), that every account sees; `settings` are fields of
    `Config` (`clock="autojump"`, `idle_timeout_seconds=2.0`). `ca_folder` is where the local CA is kept (default: the
    user's cache folder).

    Raises:
        ConfigError, ScriptError: a setting or a text cannot be used; on entering, as the server at its start.
    """

    def __init__(
        self,
        *,
        scenarios: Sequence[str | os.PathLike[str]] | str | os.PathLike[str] = (),
        ca_folder: Path | None = None,
        **settings: Any,
    ) -> None:
        for name in settings:
            if name not in TYPES:
                hint = did_you_mean(name, TYPES, "they are the fields of mockscribe.config.Config")
                raise ConfigError(name, f"there is no such setting; {hint}")
        scenarios = [scenarios] if isinstance(scenarios, str | os.PathLike) else scenarios
        files = [os.fspath(each) for each in scenarios if not is_text(each)]
        texts = [str(each) for each in scenarios if is_text(each)]
        flags = {"port": 0, "control_port": "off", **settings, "scenario": (*settings.get("scenario", ()), *files)}
        self._server_thread = ServerThread(
            load(flags, {}), [scenario for text in texts for scenario in parse(text, "<text>")], ca_folder
        )
        super().__init__(self._server_thread, Credentials())

    def start(self) -> Mockscribe:
        """Listen; returns when clients can connect."""
        self._server_thread.start()
        return self

    def close(self) -> None:
        """End every connection and the thread; what is still to be written to `output_dir` is written first."""
        self._server_thread.close()

    def __enter__(self) -> Mockscribe:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The one port that speaks everything."""
        return self._server_thread.server.port
