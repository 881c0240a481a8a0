"""The data plane's listener, and what a mock does on its own: scenarios read again, documents written, accounts kept.

With `transport.py` the only asyncio of the data plane.

`Server` listens on a loop that runs already; `mockscribe/cli/serve.py` gives it a process, and
`mockscribe/inprocess.py` a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from mockscribe.account import Account
from mockscribe.commands.command import Context
from mockscribe.config import Config, read_settings
from mockscribe.connection import Connection
from mockscribe.errors import ConfigError, ScriptError
from mockscribe.live import StandingFault, Waker
from mockscribe.mock import Mock
from mockscribe.output import OutputError, writer
from mockscribe.persistence import Persistence
from mockscribe.scenario.model import Scenario
from mockscribe.scenario.script import parse_standing
from mockscribe.scenario_files import ScenarioFiles
from mockscribe.service import seeding
from mockscribe.service.documents import Document, settle
from mockscribe.transport import Transport
from mockscribe.violation_log import ViolationLog

if TYPE_CHECKING:
    from mockscribe.authority import Authority
    from mockscribe.control.plane import ControlPlane

log = logging.getLogger("mockscribe")

RELOAD_SECONDS = 0.5
"""How often the scenario files are looked at; own choice: an editor's save is there before the next test starts."""

FAREWELL_SECONDS = 0.5
"""How long clients may take to read our last words; own choice: an idle `serve` ends within a second."""

LAST_WRITES_SECONDS = 1.0
"""How long documents may take to be written when streams have used up the grace; own choice: a disk needs less."""


class Server:
    """Listens on one port and owns the mock; `scenarios` are loaded after those of the files.

    Raises (by `start`):
        ConfigError: the address cannot be listened on; the message names it.
        ScriptError: a scenario cannot be used.
    """

    def __init__(
        self, config: Config, make_authority: Callable[[], Authority], *, scenarios: Sequence[Scenario] = ()
    ) -> None:
        self.config = config
        self._make_authority = make_authority
        self.loop = asyncio.get_running_loop()
        self.mock = Mock(config, now=self.loop.time(), wall=time.time(), seed=random.SystemRandom().getrandbits(63))
        self._violations = ViolationLog(log, self.loop.call_later)
        self.mock.on_violation = self._violations.tell
        self.port = 0
        self._files = ScenarioFiles(config.scenario)
        self._scenarios = tuple(scenarios)
        self.transports: dict[Waker, Transport] = {}
        self._listener: asyncio.Server | None = None
        self._reload: asyncio.TimerHandle | None = None
        self._chores: asyncio.TimerHandle | None = None
        self._writer = writer(config.output_dir, config.s3_endpoint_url)
        self._writing: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._persistence: Persistence | None = None
        self._control: ControlPlane | None = None

    async def start(self) -> None:
        """Load the scenarios and listen; nothing is half-started."""
        self.mock.scenarios = (*self._files.load(), *self._scenarios)
        self.mock.faults = _standing(self.config)
        self.mock.ca_pem = lambda: self.authority.ca_pem
        if self.config.tls_name:
            assert self.authority  # which refuses a wrong name
        if self._writer is not None:
            self.mock.deliver = self._deliver
        if self.config.init is not None:
            self.mock.seeds = seeding.parse(self.config.init, read_settings(self.config.init))
        if self.config.data is not None:
            self.mock.keeper = self._persistence = Persistence(self.config.data)
            try:
                with self._persistence.explained():
                    for account in self._persistence.accounts():
                        self.mock.account(account, self.loop.time())
            except ConfigError:
                await self.stop()
                raise
        try:
            self._listener = await self.loop.create_server(
                lambda: cast(asyncio.Protocol, Transport(self)), self.config.host, self.config.port, backlog=1024
            )
        except OSError as error:
            await self.stop()
            raise _cannot_listen("--port", self.config.host, self.config.port, error) from None
        self.port = self._listener.sockets[0].getsockname()[1]
        if self.config.scenario:
            self._reload = self.loop.call_later(RELOAD_SECONDS, self._refresh)
        self.wake()
        if self.config.control_port != "off":
            try:
                await self.start_control(self.config.control_port)
            except ConfigError:
                await self.stop()
                raise

    async def start_control(self, port: int) -> None:
        """Let the control API listen too, beside the data port; once.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        if self._control is not None:
            return
        from mockscribe.control.plane import ControlPlane  # slow to import, and most tests in the process need none

        self._control = ControlPlane(self.context, self.wake, self.config.tls_name)
        try:
            port = await self._control.start(self.config.host, port)
        except OSError as error:
            self._control = None
            raise _cannot_listen("--control-port", self.config.host, port, error) from None
        self.mock.control_url = f"http://{self._name}:{port}"

    def context(self, account_id: str) -> Context:
        """What control commands act upon; whoever ran one must `wake` what it has woken."""
        return Context(self.mock, account_id, self.loop.time, self.endpoints)

    async def stop(self, grace_seconds: float | None = None, *, finish_work: bool = False) -> None:
        """Stop accepting, let running streams finish for `grace_seconds`, then end them with an exception each.

        In the rest of the grace the documents of all work are written, of what is still under way too: mock time ends
        here. Without a grace (None) every connection is aborted at once, and only what is being written is waited for,
        or what is under way if `finish_work` says so.
        """
        ends = self.loop.time() + (grace_seconds or 0.0)
        for timer in (self._reload, self._chores):
            if timer is not None:
                timer.cancel()
        if self._listener is not None:
            self._listener.close()
        if grace_seconds is not None:
            await self._wind_down(grace_seconds)
        for transport in tuple(self.transports.values()):
            transport.abort()
        await asyncio.sleep(0)  # every stream hears of its end: some sessions have their work only from then on
        if self._writer is not None and (finish_work or grace_seconds is not None):
            for account in self.mock.accounts:
                account.finish_work(self.loop.time())
        await self._finish_writing(max(LAST_WRITES_SECONDS, ends - self.loop.time()))
        self._violations.tell_left_out()
        if self._control is not None:
            await self._control.stop()
        if self._persistence is not None:
            self._persistence.close()
        if self._listener is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._listener.wait_closed(), 1.0)

    async def _wind_down(self, grace_seconds: float) -> None:
        """Let every connection come to its end, with less patience in each turn."""
        for transport in tuple(self.transports.values()):
            transport.go_away()
        await self._until(lambda: all(each.connection.idle for each in self.transports.values()), grace_seconds)
        for transport in tuple(self.transports.values()):
            transport.shut_down()
        await self._until(lambda: not self.transports, FAREWELL_SECONDS)

    async def _finish_writing(self, seconds: float) -> None:
        """Wait for what is being written. What takes longer is not settled: with --data the next process writes it."""
        late: set[asyncio.Task[None]] = set()
        if self._writing:
            _, late = await asyncio.wait(self._writing.values(), timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            log.warning("%d documents could not be written within %.1f seconds", len(late), seconds)
        if self._chores is not None:
            self._chores.cancel()  # which writing has set again

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        ends = self.loop.time() + seconds
        while self.loop.time() < ends and not done():
            await asyncio.sleep(0.02)

    def endpoints(self) -> dict[str, object]:
        """What the endpoints file says of a server that listens (design: `http` and `https` name the same port)."""
        return {
            "http": self.http_url,
            "https": self.https_url,
            "control": self.mock.control_url,
            "ca": str(self.authority.ca_file),
            "pid": os.getpid(),
        }

    @functools.cached_property
    def authority(self) -> Authority:
        """The CA; it is read or made when TLS, or somebody who must trust it, first asks: cryptography loads slowly."""
        return self._make_authority()

    @property
    def http_url(self) -> str:
        """The endpoint in clear text."""
        return f"http://{self._name}:{self.port}"

    @property
    def https_url(self) -> str:
        """The endpoint over TLS."""
        return f"https://{self._name}:{self.port}"

    @property
    def _name(self) -> str:
        """What clients call the machine."""
        host = self.config.host
        if host in ("127.0.0.1", "0.0.0.0", ""):
            return "localhost"
        if host == "::":
            return "[::1]"
        return f"[{host}]" if ":" in host else host  # RFC 3986, 3.2.2

    def new_connection(self) -> Connection:
        """The belt for a client that has just arrived."""
        return Connection(
            self.mock,
            self.loop.time(),
            tls_context=lambda: self.authority.server_context(),
            on_warning=log.warning,
            on_error=lambda error: log.error("a fault of mockscribe itself", exc_info=error),
        )

    def wake(self) -> None:
        """Tick the connections that others have given work."""
        while self.mock.woken:
            transport = self.transports.get(self.mock.woken.pop())
            if transport is not None:
                transport.wake()
        if self.mock.restless:
            self._arm_chores()

    # ---- what resources do on their own

    def _arm_chores(self) -> None:
        """Set the timer for the earliest chore of any account."""
        self.mock.restless.clear()
        now = self.loop.time()
        dues = [due for account in self.mock.accounts if (due := account.next_chore(now)) is not None]
        if self._chores is not None:
            self._chores.cancel()
        self._chores = self.loop.call_at(min(dues), self._do_chores) if dues else None

    def _do_chores(self) -> None:
        assert self._chores is not None
        now = max(self._chores.when(), self.loop.time())
        for account in self.mock.accounts:
            account.do_chores(now)
            self.mock.restless.add(account)
        self.wake()

    def _deliver(self, account: Account, document: Document) -> None:
        """Write a document in a thread: whether the disk or S3 is slow, streams are not."""
        key = (account.id, document.work.kind, document.work.key)
        if key not in self._writing:
            self._writing[key] = self.loop.create_task(self._write(account, document))
            self._writing[key].add_done_callback(lambda _: self._writing.pop(key, None))

    async def _write(self, account: Account, document: Document) -> None:
        assert self._writer is not None
        failure = None
        try:
            await asyncio.to_thread(self._writer.write, document.uri, document.body)
        except OutputError as error:
            failure = str(error)
            log.warning("%s", error)
        except Exception as error:
            failure = f"{document.uri} cannot be written."
            log.error("a fault of mockscribe itself", exc_info=error)
        settle(account.store, document, failure)
        self.mock.restless.add(account)
        self.wake()

    def _refresh(self) -> None:
        self._reload = self.loop.call_later(RELOAD_SECONDS, self._refresh)
        try:
            scenarios = self._files.refresh()
        except ScriptError as error:
            log.error("%s (the scenarios loaded before stay in use)", error)
            return
        if scenarios is not None:
            self.mock.scenarios = (*scenarios, *self._scenarios)
            log.info("scenarios loaded again: %d", len(scenarios))


def _standing(config: Config) -> tuple[StandingFault, ...]:
    """The faults of --fault."""
    try:
        return tuple(StandingFault.of(0, parse_standing(text, "--fault"), 0.0) for text in config.fault)
    except ScriptError as error:
        raise ConfigError("--fault", error.placed) from None


def _cannot_listen(port_flag: str, host: str, port: int, error: OSError) -> ConfigError:
    """Why not, in the system's own words; asyncio puts others around them."""
    of_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
    return ConfigError(port_flag if of_port else "--host", f"cannot listen on {host}:{port}: {reason}")
