"""What a test sees of one account: the same names in the process and over HTTP.

Everything here is a command sent over a link, so a test moves from a mock in its process to one in a container by
changing the line that makes it. Values are read anew at each use, while streams run and after them.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from mockscribe.commands import record, scenarios, state
from mockscribe.commands.command import Command, Nothing
from mockscribe.commands.scenarios import ScenarioSummary, script_error
from mockscribe.commands.state import FaultSummary
from mockscribe.entries import Kind
from mockscribe.errors import ControlError, UnreachableError, VerificationError
from mockscribe.inspection.verification import Verdict
from mockscribe.mock import account_of
from mockscribe.scenario.faults import keys_of
from mockscribe.scenario.model import Fault
from mockscribe.scenario_files import find_files, is_text, read_scenarios, read_text
from mockscribe.session_view import Entry, Sessions

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")


class Link(Protocol):
    """How commands reach a mock, and where clients reach it."""

    @property
    def http_url(self) -> str: ...

    @property
    def https_url(self) -> str: ...

    @property
    def control_url(self) -> str: ...

    @property
    def ca_file(self) -> Path: ...

    def call(self, command: Command[A, R], arguments: A, account: str) -> R:
        """Do a command and return its result.

        Raises:
            ControlError: it cannot be done.
            UnreachableError: the mock is not there.
        """


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client signs with; the access key id names the account."""

    access_key_id: str = "test"
    secret_access_key: str = "test"


class AccountView:
    """One account of a mock.

    `credentials` are those by which a client gets into it.
    """

    def __init__(self, link: Link, credentials: Credentials) -> None:
        self.credentials = credentials
        self._link = link
        self._closed_because: str | None = None
        self.account = account_of(credentials.access_key_id)

    def ask(self, command: Command[A, R], arguments: A) -> R:
        """Do a command for this account.

        Raises:
            ControlError, ScriptError: it cannot be done.
            UnreachableError: the mock is closed, or does not answer.
        """
        __tracebackhide__ = True  # a test that fails is about the test, not about this
        self._check_open()
        try:
            return self._link.call(command, arguments, self.account)
        except ControlError as error:
            if (wrong := script_error(error)) is not None:
                raise wrong from None
            raise

    def _check_open(self) -> None:
        if self._closed_because is not None:
            raise UnreachableError(self._closed_because)

    def new_account(self, name: str | None = None) -> AccountView:
        """A view of an account that nobody else uses, fresh: a random one, or the one that belongs to `name`."""
        if name is None:
            number = secrets.randbelow(10**12 - 1) + 1
        else:
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % (10**12 - 1) + 1
        view = AccountView(self._link, Credentials(access_key_id=f"{number:012}"))
        view.reset()
        return view

    def retire(self, because: str) -> None:
        """Give the account back: it is reset, and whoever still uses this view is told why it is closed."""
        self.reset()
        self._closed_because = because

    # ---- where clients go

    @property
    def http_url(self) -> str:
        """The endpoint in clear text: HTTP/2 by prior knowledge, or HTTP/1.1."""
        self._check_open()
        return self._link.http_url

    @property
    def https_url(self) -> str:
        """The endpoint over TLS."""
        self._check_open()
        return self._link.https_url

    @property
    def control_url(self) -> str:
        """The control API; in the process it starts when this is first asked."""
        self._check_open()
        return self._link.control_url

    @property
    def ca_file(self) -> Path:
        """The certificate that a client must trust."""
        self._check_open()
        return self._link.ca_file

    def env(self) -> dict[str, str]:
        """Variables for a client in another process."""
        ca_file = str(self.ca_file)
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.https_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "NODE_EXTRA_CA_CERTS": ca_file,
        }

    # ---- what the mock shall do

    def script(self, text_or_path: str | os.PathLike[str], *, source: str = "<text>") -> tuple[ScenarioSummary, ...]:
        """Load scenarios of this account's own; they win over those loaded before, and replace any of the same name.

        A string with a line break is a text, which errors call `source`; anything else is the path of a file or folder.
        Returns what was loaded.

        Raises:
            ScriptError: they cannot be used; then none of them is loaded.
        """
        __tracebackhide__ = True
        if is_text(text_or_path):
            texts = [(str(text_or_path), source)]
        else:
            read_scenarios(text_or_path)  # all of them are fine, or none is loaded
            texts = [(read_text(file), str(file)) for file in find_files(text_or_path)]
        loads = [scenarios.ScenarioText(text=text, source=name) for text, name in texts]
        return tuple(each for load in loads for each in self.ask(scenarios.LOAD, load))

    def fault(
        self,
        fault: str | Fault,
        *,
        times: int | None = None,
        match: Mapping[str, Any] | None = None,
        lasts: str | None = None,
        **keys: Any,
    ) -> FaultSummary:
        """Let a fault stand for each stream that begins from now on, or (`tls_…`) for each handshake of the server.

        `fault("reset", code="CANCEL", after_events=3, times=1)`: by name with its keys, or as a value. `times` is how
        many it may hit, None: all; `match` which streams, as a scenario's; `lasts` is mock time. For a stream that runs
        already, see `SessionView.push`.
        """
        spelled = {fault.name: {**keys_of(fault), **keys}} if isinstance(fault, Fault) else {fault: keys}
        new = state.NewFault(fault=spelled, times=times, match=dict(match) if match else None, lasts=lasts)
        return self.ask(state.ADD_FAULT, new)

    @property
    def faults(self) -> tuple[FaultSummary, ...]:
        """The standing faults."""
        return self.ask(state.FAULTS, Nothing())

    def clear_faults(self) -> None:
        """Forget all standing faults."""
        self.ask(state.CLEAR_FAULTS, Nothing())

    @property
    def clock(self) -> ClockView:
        """Mock time."""
        return ClockView(self)

    def reset(self) -> None:
        """Back to the start: running streams are reset, all that the account had is gone."""
        self.ask(state.RESET, Nothing())

    # ---- what the client did

    @property
    def sessions(self) -> Sessions:
        """The sessions, live."""
        return Sessions(self)

    @property
    def journal(self) -> list[Entry]:
        """All that was seen and sent, without the audio itself."""
        return self.ask(record.JOURNAL, record.JournalQuery())

    def timeline(self) -> str:
        """What happened on all streams, both directions, decoded, with times."""
        return self.ask(record.TIMELINE, record.TimelineQuery()).text

    def wait_for(
        self, kind: str, *, count: int = 1, since: int = 0, timeout: str | float = 10.0, **where: Any
    ) -> list[Entry]:
        """Block until the journal has `count` entries of that kind whose fields contain `where`; returns them.

        `wait_for("event_sent", session=id, value={"transcriptSegment": {"isPartial": False}})`. Entries up to `since`
        do not count; `timeout` is real time.

        Raises:
            VerificationError: they did not come; the message tells what did, and what came nearest.
        """
        __tracebackhide__ = True
        try:
            wanted = Kind(kind)
        except ValueError:
            known = ", ".join(each.value for each in Kind)
            raise ControlError(400, f"there is no kind {kind!r}: {known}", path="kind") from None
        try:
            return self.ask(
                record.WAIT, record.Wait(kind=wanted, where=where, count=count, since=since, timeout=timeout)
            )
        except ControlError as error:
            if error.status != 408:
                raise
            raise VerificationError(error.message) from None

    async def await_for(
        self, kind: str, *, count: int = 1, since: int = 0, timeout: str | float = 10.0, **where: Any
    ) -> list[Entry]:
        """`wait_for` for a test on an event loop, asyncio's or trio's."""
        import anyio.to_thread

        wait = functools.partial(self.wait_for, kind, count=count, since=since, timeout=timeout, **where)
        return await anyio.to_thread.run_sync(wait, abandon_on_cancel=True)

    def verify(
        self,
        *,
        allow_violations: bool | Collection[str] = False,
        allow_unmatched: bool = False,
        every_scenario: bool = False,
        settle: str | float = 1.0,
    ) -> None:
        """Check that what this account loaded was used, every step happened and the client kept the rules.

        `allow_violations` are rules that may be broken, or True for all; `allow_unmatched` lets an echo answer though a
        scenario is loaded; `every_scenario` counts those that all accounts see as loaded too. When something is unmet
        and streams still run, they have `settle` of real time.

        Raises:
            VerificationError: with all that is unmet, the nearest misses, and the timelines.
        """
        __tracebackhide__ = True
        verdict = self.verdict(
            allow_violations=allow_violations,
            allow_unmatched=allow_unmatched,
            every_scenario=every_scenario,
            settle=settle,
        )
        if not verdict.ok:
            raise VerificationError(str(verdict))

    def verdict(
        self,
        *,
        allow_violations: bool | Collection[str] = False,
        allow_unmatched: bool = False,
        every_scenario: bool = False,
        settle: str | float = 1.0,
    ) -> Verdict:
        """What `verify` would raise, as a value."""
        allowed = [allow_violations] if isinstance(allow_violations, str) else allow_violations
        return self.ask(
            record.VERIFY,
            record.Verify(
                allow_violations=allowed if isinstance(allowed, bool) else list(allowed),
                allow_unmatched=allow_unmatched,
                every_scenario=every_scenario,
                settle=settle,
            ),
        )


class ClockView:
    """An account's mock time."""

    def __init__(self, view: AccountView) -> None:
        self._view = view

    @property
    def time(self) -> float:
        """Mock seconds since the account began."""
        return self._view.ask(state.CLOCK, Nothing()).time

    @property
    def mode(self) -> str:
        """`real`, `xN` (N times as fast), `manual` or `autojump`; assign to go on otherwise."""
        return self._view.ask(state.CLOCK, Nothing()).mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._view.ask(state.SET_CLOCK, state.ClockMode(mode=mode))

    def advance(self, duration: str | float) -> None:
        """Let mock time pass at once, `"30m"` or seconds; what is due has happened when this returns.

        The service's idle timeout is due too: a stream that waits for audio ends after 15 s without an audio event.
        """
        self._view.ask(state.ADVANCE, state.Advance(advance=duration))
