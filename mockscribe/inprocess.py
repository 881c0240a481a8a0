"""`Mockscribe`: the server in a thread of the process that uses it, and what a test asks it.

    with Mockscribe(scenarios=["visit.yaml"], clock="autojump") as mock:
        client(mock.https_url, ca=mock.ca_file)
        assert mock.sessions.one().audio.seconds == 2.0

Everything that reads or changes the mock runs on the server's own thread, so a test sees one consistent moment.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mockscribe.account import Account
from mockscribe.authority import Authority
from mockscribe.config import Config, load
from mockscribe.errors import MockscribeError, VerificationError
from mockscribe.journal import Entry, Kind
from mockscribe.live import Session
from mockscribe.mock import DEFAULT_ACCOUNT
from mockscribe.scenario.model import Fault, Scenario
from mockscribe.scenario.player import Intent
from mockscribe.scenario.script import parse
from mockscribe.scenario_files import read_scenarios
from mockscribe.server import Server
from mockscribe.service.events import OutputEvent, OutputException

T = TypeVar("T")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client signs with; the access key id names the account."""

    access_key_id: str = "test"
    secret_access_key: str = "test"


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """The audio of a session: `seconds` by its audio clock, `octets` and `sha256` of the bytes as received."""

    seconds: float
    octets: int
    sha256: str


class SessionView:
    """What is known of one session, read anew at each use, while it runs and after it."""

    def __init__(self, mock: Mockscribe, key: str) -> None:
        self._mock = mock
        self._key = key

    def _read(self, read: Callable[[Session], T]) -> T:
        return self._mock.run(lambda account: read(account.sessions[self._key]))

    def _entries(self, kind: Kind | None = None) -> list[Entry]:
        return self._mock.run(lambda account: account.journal.select(kind, session=self._key))

    @property
    def id(self) -> str:
        """The session id as the client wrote it."""
        return self._read(lambda session: session.session_id)

    @property
    def status(self) -> str:
        """IN_PROGRESS, PAUSED, COMPLETED or FAILED; NEW before a configuration was accepted."""
        return self._read(lambda session: session.status.value)

    @property
    def streams(self) -> int:
        """How many streams it has had."""
        return self._read(lambda session: session.streams)

    @property
    def configuration(self) -> Mapping[str, Any] | None:
        """The accepted configurationEvent."""
        return self._read(lambda session: session.configuration)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its entries of the journal, as plain data."""
        return [entry.fields() for entry in self._entries()]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that the client sent, in order, as plain data without the audio bytes."""
        return [entry.fields(content=False) for entry in self._entries(Kind.EVENT_RECEIVED)]

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The events and exceptions that the mock sent, in order, as plain data."""
        kinds = (Kind.EVENT_SENT, Kind.EXCEPTION_SENT)
        return [entry.fields() for entry in self._entries() if entry.kind in kinds]

    @property
    def audio(self) -> Audio:
        """Its audio so far, over all streams."""

        def read(account: Account) -> Audio:
            session = account.sessions[self._key]
            return Audio(
                seconds=session.audio.seconds if session.audio is not None else 0.0,
                octets=session.audio_octets,
                sha256=session.sha256(account.journal.select(Kind.EVENT_RECEIVED, session=self._key)),
            )

        return self._mock.run(read)

    def push(self, *intents: Intent) -> None:
        """Say something on the running stream: an OutputEvent, an OutputException, a Fault, an End.

        Raises:
            MockscribeError: the session has no running stream.
        """

        def push(account: Account) -> None:
            stream = account.sessions[self._key].stream
            if stream is None:
                raise MockscribeError(f"session {self._key} has no running stream")
            stream.push(intents, self._mock.now())
            account.mock.woken.add(stream.connection)

        self._mock.run(push)


class Sessions:
    """The sessions of the account, oldest first."""

    def __init__(self, mock: Mockscribe) -> None:
        self._mock = mock

    def __iter__(self) -> Iterator[SessionView]:
        keys = self._mock.run(lambda account: tuple(account.sessions))
        return iter([SessionView(self._mock, key) for key in keys])

    def __len__(self) -> int:
        return self._mock.run(lambda account: len(account.sessions))

    def __getitem__(self, session_id: str) -> SessionView:
        key = session_id.lower()
        if not self._mock.run(lambda account: key in account.sessions):
            raise KeyError(f"no session {session_id}; known: {', '.join(view.id for view in self) or 'none'}")
        return SessionView(self._mock, key)

    def one(self) -> SessionView:
        """The only session.

        Raises:
            VerificationError: there is none, or there are several.
        """
        views = list(self)
        if len(views) != 1:
            raise VerificationError(f"expected one session, there are {len(views)}")
        return views[0]


class ClockView:
    """The account's mock time."""

    def __init__(self, mock: Mockscribe) -> None:
        self._mock = mock

    @property
    def time(self) -> float:
        """Mock seconds since the start."""
        return self._mock.run(lambda account: account.clock.time(self._mock.now()))

    def advance(self, seconds: float) -> None:
        """Let mock time pass at once."""
        self._mock.run(lambda account: account.advance(seconds, self._mock.now()))

    def set_mode(self, mode: str) -> None:
        """Go on as `real`, `xN`, `manual` or `autojump`."""
        self._mock.run(lambda account: account.set_clock_mode(mode, self._mock.now()))


class Mockscribe:
    """A mock of its own in this process, on free ports; a context manager.

    `scenarios` are paths, or texts (anything with a line break); `settings` are fields of `Config`
    (`clock="autojump"`, `idle_timeout_seconds=2.0`). `ca_folder` is where the local CA is kept (default: the user's
    cache folder).

    Raises (on entering):
        ConfigError, ScriptError: as the server would at its start.
    """

    def __init__(
        self, *, scenarios: Sequence[str | os.PathLike[str]] = (), ca_folder: Path | None = None, **settings: Any
    ) -> None:
        files = [os.fspath(each) for each in scenarios if not _is_text(each)]
        self._texts = [str(each) for each in scenarios if _is_text(each)]
        self._config: Config = load({"port": 0, **settings, "scenario": (*settings.get("scenario", ()), *files)}, {})
        self._ca_folder = ca_folder
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._account_id = DEFAULT_ACCOUNT
        self.credentials = Credentials()

    # ---- life

    def start(self) -> Mockscribe:
        """Listen; returns when clients can connect."""
        texts = [scenario for text in self._texts for scenario in parse(text, "<text>")]
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._main, args=(ready, texts), name="mockscribe", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            self._thread = None
            raise
        return self

    def close(self) -> None:
        """End every connection and the thread."""
        if self._thread is None:
            return
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Mockscribe:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _main(self, ready: concurrent.futures.Future[None], texts: Sequence[Scenario]) -> None:
        async def main() -> None:
            try:
                authority = Authority(self._ca_folder, extra_names=self._config.tls_name)
                server = Server(self._config, authority, scenarios=texts)
                await server.start()
            except BaseException as error:
                ready.set_exception(error)
                return
            self._server, self._loop, self._stop = server, server.loop, asyncio.Event()
            ready.set_result(None)
            await self._stop.wait()
            await server.stop()

        asyncio.run(main())

    # ---- the server's thread

    def now(self) -> float:
        """Real time by the server's clock."""
        assert self._server is not None
        return self._server.loop.time()

    def run(self, call: Callable[[Account], T]) -> T:
        """Run something on the server's thread, with the account.

        Raises:
            MockscribeError: the mock is not running.
        """
        server = self._server
        if self._thread is None or server is None:
            raise MockscribeError("this mock is closed: use it inside its `with` block")
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def act() -> None:
            try:
                done.set_result(call(server.mock.account(self._account_id, server.loop.time())))
            except BaseException as error:
                done.set_exception(error)
            server.wake()

        server.loop.call_soon_threadsafe(act)
        return done.result()

    # ---- what a test asks

    @property
    def port(self) -> int:
        """The one port that speaks everything."""
        assert self._server is not None
        return self._server.port

    @property
    def http_url(self) -> str:
        """The endpoint in clear text: HTTP/2 by prior knowledge, or HTTP/1.1."""
        return f"http://localhost:{self.port}"

    @property
    def https_url(self) -> str:
        """The endpoint over TLS."""
        return f"https://localhost:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate that a client must trust."""
        assert self._server is not None
        return self._server.authority.ca_file

    def env(self) -> dict[str, str]:
        """Variables for a client in another process."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.https_url,
            "AWS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "NODE_EXTRA_CA_CERTS": str(self.ca_file),
        }

    def script(self, text_or_path: str | os.PathLike[str]) -> None:
        """Load scenarios for this account; they win over those loaded before.

        Raises:
            ScriptError: they cannot be used.
        """
        scenarios = parse(str(text_or_path), "<text>") if _is_text(text_or_path) else read_scenarios(text_or_path)
        self.run(lambda account: account.scenarios.extend(scenarios))

    @property
    def sessions(self) -> Sessions:
        """The sessions, live."""
        return Sessions(self)

    @property
    def clock(self) -> ClockView:
        """Mock time."""
        return ClockView(self)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """All that was seen and sent, as plain data without the audio bytes."""
        return [entry.fields(content=False) for entry in self.run(lambda account: list(account.journal))]

    def wait_for(self, kind: str, *, count: int = 1, timeout: float = 10.0, **fields: Any) -> list[dict[str, Any]]:
        """Block until the journal has `count` entries of that kind whose fields have these values; returns them.

        Raises:
            VerificationError: they did not come within `timeout` real seconds; the message lists what did.
        """
        done: concurrent.futures.Future[list[dict[str, Any]]] = concurrent.futures.Future()
        found: list[dict[str, Any]] = []

        def look(entry: Entry) -> None:
            if entry.kind is not wanted or len(found) >= count:
                return
            plain = entry.fields(content=False)
            if all(plain.get(name) == value for name, value in fields.items()):
                found.append(plain)
                if len(found) == count:
                    done.set_result(found)

        def begin(account: Account) -> Callable[[], None]:
            for entry in account.journal:
                look(entry)
            return account.journal.subscribe(look)

        wanted = Kind(kind)
        unsubscribe = self.run(begin)
        try:
            return done.result(timeout)
        except concurrent.futures.TimeoutError:
            seen = ", ".join(entry["kind"] for entry in self.journal) or "nothing"
            raise VerificationError(
                f"{count} × {kind} {fields or ''} did not come within {timeout:g} s; {len(found)} did. Seen: {seen}"
            ) from None
        finally:
            self.run(lambda _: unsubscribe())


def _is_text(scenario: str | os.PathLike[str]) -> bool:
    return isinstance(scenario, str) and "\n" in scenario


__all__ = ["Audio", "Credentials", "Fault", "Mockscribe", "OutputEvent", "OutputException", "SessionView", "Sessions"]
