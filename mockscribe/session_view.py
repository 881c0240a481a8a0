"""What a test sees of sessions: read anew at each use, while they run and after them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from mockscribe.commands import record, sessions
from mockscribe.commands.command import Command, Nothing
from mockscribe.entries import Kind
from mockscribe.errors import ControlError, VerificationError
from mockscribe.inspection.artifacts import ArtifactSummary
from mockscribe.inspection.audio import AudioSummary, Chunks, Join
from mockscribe.inspection.findings import Finding
from mockscribe.inspection.sessions import SessionSummary, StepSummary, StreamSummary
from mockscribe.scenario.faults import keys_of
from mockscribe.scenario.model import Fault

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

Entry = dict[str, Any]
"""A journal entry as plain data."""


class Asks(Protocol):
    """Whoever can do a command for an account."""

    def ask(self, command: Command[A, R], arguments: A) -> R: ...


class Sessions:
    """The sessions of an account, oldest first."""

    def __init__(self, view: Asks) -> None:
        self._view = view

    def __iter__(self) -> Iterator[SessionView]:
        return iter([SessionView(self._view, each.key) for each in self._view.ask(sessions.LIST, Nothing())])

    def __len__(self) -> int:
        return len(self._view.ask(sessions.LIST, Nothing()))

    def __getitem__(self, session_id: str) -> SessionView:
        __tracebackhide__ = True
        try:
            found = self._view.ask(sessions.GET, sessions.SessionId(session_id=session_id))
        except ControlError as error:
            if error.status != 404:
                raise
            raise KeyError(error.message) from None
        return SessionView(self._view, found.key)

    def __contains__(self, session_id: object) -> bool:
        return any(session_id in (each.id, each.key) for each in self._view.ask(sessions.LIST, Nothing()))

    def one(self) -> SessionView:
        """The only session.

        Raises:
            VerificationError: there is none, or there are several; the message tells which.
        """
        __tracebackhide__ = True
        found = self._view.ask(sessions.LIST, Nothing())
        if len(found) != 1:
            told = "".join(f"\n- {each.key}: {each.status}" for each in found)
            raise VerificationError(f"expected one session, there are {len(found)}{told}")
        return SessionView(self._view, found[0].key)


class SessionView:
    """What is known of one session."""

    def __init__(self, view: Asks, key: str) -> None:
        self._view = view
        self._id = sessions.SessionId(session_id=key)
        self.key = key

    @property
    def summary(self) -> SessionSummary:
        """All of what follows that is one value, read at one moment."""
        return self._view.ask(sessions.GET, self._id)

    @property
    def id(self) -> str:
        """The session id as the client wrote it."""
        return self.summary.id

    @property
    def status(self) -> str:
        """IN_PROGRESS, PAUSED, COMPLETED or FAILED; NEW before a configuration was accepted."""
        return self.summary.status

    @property
    def running(self) -> bool:
        """Whether it has a stream at the moment."""
        return self.summary.running

    @property
    def attempts(self) -> int:
        """How many requests there were for its id, refused ones included."""
        return self.summary.attempts

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of its first request, by the model's names."""
        return self.summary.parameters

    @property
    def configuration(self) -> dict[str, Any] | None:
        """The accepted configurationEvent."""
        return self.summary.configuration

    @property
    def scenario(self) -> str | None:
        """The scenario that it plays; None: an echo answers."""
        return self.summary.scenario

    @property
    def streams(self) -> tuple[StreamSummary, ...]:
        """Its accepted streams, oldest first."""
        return self._view.ask(sessions.STREAMS, self._id)

    @property
    def steps(self) -> tuple[StepSummary, ...]:
        """What became of each step of its scenarios."""
        return self._view.ask(sessions.STEPS, self._id)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the service tolerates of what the client did, but documents against."""
        return self._view.ask(sessions.FINDINGS, self._id)

    @property
    def artifacts(self) -> tuple[ArtifactSummary, ...]:
        """What it has left behind: transcript, note, after-visit summary and codes, with their documents."""
        return self._view.ask(sessions.ARTIFACTS, self._id)

    @property
    def entries(self) -> list[Entry]:
        """Its entries of the journal."""
        return self._view.ask(record.JOURNAL, record.JournalQuery(session=self.key))

    @property
    def events(self) -> list[Entry]:
        """The events that the client sent, in order, without the audio itself."""
        return [each for each in self._events() if each["kind"] == Kind.EVENT_RECEIVED.value]

    @property
    def sent(self) -> list[Entry]:
        """The events and exceptions that the mock sent, in order."""
        return [each for each in self._events() if each["kind"] != Kind.EVENT_RECEIVED.value]

    def _events(self) -> list[Entry]:
        return self._view.ask(sessions.EVENTS, sessions.Content(session_id=self.key))

    @property
    def audio(self) -> AudioView:
        """Its audio over all streams."""
        return AudioView(self._view, self)

    def timeline(self) -> str:
        """What happened on its streams, both directions, decoded, with times."""
        return self._view.ask(record.TIMELINE, record.TimelineQuery(session=self.key)).text

    def push(
        self,
        *,
        event: dict[str, dict[str, Any]] | None = None,
        exception: dict[str, str] | None = None,
        fault: dict[str, dict[str, Any]] | Fault | None = None,
        end: bool = False,
    ) -> None:
        """Say one thing on the running stream, as a scenario's verb would.

        `push(event={"transcriptEvent": {…}})`, `push(exception={"validationException": "…"})`,
        `push(fault={"reset": {"code": "CANCEL"}})` (or a `Fault`), `push(end=True)`.

        Raises:
            ControlError: the session has no running stream (409), or this is nothing that can be said (400).
        """
        spelled = {fault.name: keys_of(fault)} if isinstance(fault, Fault) else fault
        said = sessions.Push(
            session_id=self.key, event=event, exception=exception, fault=spelled, end=True if end else None
        )
        self._view.ask(sessions.PUSH, said)


class AudioView:
    """The audio of a session."""

    def __init__(self, view: Asks, session: SessionView) -> None:
        self._view = view
        self._session = session

    @property
    def summary(self) -> AudioSummary:
        """All of what follows, read at one moment."""
        return self._view.ask(sessions.AUDIO, self._session._id)

    @property
    def seconds(self) -> float:
        """Its length by the session's audio clock."""
        return self._session.summary.audio_seconds

    @property
    def bytes(self) -> int:
        """Its size as received."""
        return self.summary.bytes

    @property
    def sha256(self) -> str:
        """The hex digest of all of it as received."""
        return self.summary.sha256

    @property
    def chunks(self) -> Chunks:
        """The audio events in numbers: sizes, cadence."""
        return self.summary.chunks

    @property
    def joins(self) -> tuple[Join, ...]:
        """How each resumed stream continued the one before: gaps and overlaps."""
        return self.summary.joins

    def wav(self, path: str | os.PathLike[str]) -> Path:
        """Write all of it to a WAV file; FLAC is decoded.

        Raises:
            ControlError: there is none, or the journal has forgotten some of it.
        """
        file = Path(path)
        file.write_bytes(self._view.ask(sessions.WAV, self._session._id))
        return file
