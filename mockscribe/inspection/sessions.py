"""Sessions, their streams and their steps, in numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, assert_never

import msgspec

from mockscribe.account import Account
from mockscribe.entries import Entry, Kind
from mockscribe.errors import ControlError
from mockscribe.inspection.audio import Chunks, Heard, chunks, heard
from mockscribe.live import Session
from mockscribe.scenario.intents import StepReport, StepStatus
from mockscribe.scenario.model import End, Fault, Raise, Say, Scenario, Send, Step
from mockscribe.scenario.player import ScenarioPlayer
from mockscribe.scenario.playing import Player
from mockscribe.service.events import SessionControlReceived

SHOWN = 60
"""Characters of a line that are shown where a step is named; own choice."""


class StepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a step: `step` names it in words, `fired` counts how often it began.

    `met` says whether it did all that it was to do; an optional one always did, and once is enough for `forever`.
    """

    step: str
    scenario: str
    line: int
    status: StepStatus
    fired: int
    optional: bool
    met: bool


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One session.

    `key` names it here: its id, or id#n where every stream is a session of its own. `status` is IN_PROGRESS, PAUSED,
    COMPLETED or FAILED, and NEW before a configuration was accepted. `streams` are those that were accepted, `attempts`
    all requests; `scenario` is None when an echo answers.
    """

    id: str
    key: str
    status: str
    running: bool
    streams: int
    attempts: int
    parameters: dict[str, Any]
    configuration: dict[str, Any] | None
    scenario: str | None
    audio_seconds: float


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted stream of a session. `began` is mock time; `ended` says in words what ended it, None: it runs.

    `signatures` is what is known of its events: all verified so far, signed and not verified (or not all of them), or
    unsigned; None before a configurationEvent.
    """

    stream: str
    attempt: int
    connection: int
    version: str
    began: float
    ended: str | None
    end_of_session: bool
    signatures: Literal["verified", "signed", "unsigned"] | None
    audio_begin: float
    audio_end: float
    chunks: Chunks


def find(account: Account, session_id: str) -> Session:
    """The session of that id or key.

    Raises:
        ControlError: there is none.
    """
    session = account.sessions.get(session_id.lower())
    if session is None:
        known = ", ".join(account.sessions) or "none"
        raise ControlError(404, f"there is no session {session_id}; known: {known:.500}", path="session_id")
    return session


def summary(account: Account, session: Session) -> SessionSummary:
    """What a session is now."""
    return SessionSummary(
        id=session.session_id,
        key=session.key,
        status=session.status.value,
        running=session.stream is not None,
        streams=session.streams,
        attempts=account.attempts.get(session.session_id.lower(), session.streams),
        parameters=dict(session.parameters),
        configuration=dict(session.configuration) if session.configuration is not None else None,
        scenario=session.scenario.name if session.scenario is not None else None,
        audio_seconds=session.audio_us / 1_000_000,
    )


def entries(account: Account, session: Session) -> list[Entry]:
    """The session's entries."""
    return account.journal.select(session=session.key)


def streams(account: Account, session: Session) -> tuple[StreamSummary, ...]:
    """The session's streams, oldest first."""
    own = entries(account, session)
    by_stream: dict[str, list[Entry]] = {entry.origin.stream: [] for entry in own if entry.origin.stream}
    for entry in account.journal:  # a request is named for the id, whatever the session's key
        if entry.origin.stream in by_stream:
            by_stream[entry.origin.stream].append(entry)
    audio = heard(own)
    return tuple(_stream(each, audio.get(name, [])) for name, each in by_stream.items() if not _refused(each))


def _refused(entries: Sequence[Entry]) -> bool:
    """Whether it never was a stream: answered with an error, and nothing after that."""
    return entries[-1].kind is Kind.RESPONSE and "error" in entries[-1].about


def _stream(entries: Sequence[Entry], audio: Sequence[Heard]) -> StreamSummary:
    first, last = entries[0], entries[-1]
    ended = next((entry.about["reason"] for entry in entries if entry.kind is Kind.STREAM_ENDED), None)
    return StreamSummary(
        stream=first.origin.stream,
        attempt=first.origin.attempt,
        connection=first.origin.connection,
        version=first.about["version"] if first.kind is Kind.REQUEST else "",
        began=first.time,
        ended=ended,
        end_of_session=any(_ends_session(entry) for entry in entries),
        signatures=_signatures(entries),
        audio_begin=(audio[0].begin_us if audio else last.audio_us) / 1_000_000,
        audio_end=last.audio_us / 1_000_000,
        chunks=chunks([audio]),
    )


def _signatures(entries: Sequence[Entry]) -> Literal["verified", "signed", "unsigned"] | None:
    received = (entry.about for entry in entries if entry.kind is Kind.EVENT_RECEIVED)
    configuration = next((about for about in received if isinstance(about, dict)), None)
    if configuration is None:
        return None
    if not configuration["signed"]:
        return "unsigned"
    broken = any(entry.kind is Kind.VIOLATION and entry.about["rule"].startswith("signature_") for entry in entries)
    return "verified" if configuration["verified"] and not broken else "signed"


def _ends_session(entry: Entry) -> bool:
    return isinstance(entry.about, SessionControlReceived) and entry.about.type is not None


# ---- steps


def players(session: Session) -> tuple[Player, ...]:
    """Everybody who has spoken in the session, in order."""
    return (*session.replaced, *(() if session.player is None else (session.player,)))


def steps(session: Session) -> tuple[StepSummary, ...]:
    """What became of each step of the scenarios that the session had; nothing for an echo."""
    return tuple(
        _step(report, player.scenario)
        for player in players(session)
        if isinstance(player, ScenarioPlayer)
        for report in player.report()
    )


def _step(report: StepReport, scenario: Scenario) -> StepSummary:
    step = report.step
    done = report.status is StepStatus.FINISHED or (step.repeat is None and report.fired > 0)
    return StepSummary(
        step=in_words(step),
        scenario=scenario.name,
        line=step.line,
        status=report.status,
        fired=report.fired,
        optional=step.optional,
        met=done or step.optional,
    )


def in_words(step: Step) -> str:
    """The step by its verb: `say "How have you been?"`."""
    match step.verb:
        case Say(text=text):
            return f'say "{shortened(text)}"'
        case Send(member=member):
            return f"send {member}"
        case Raise(member=member):
            return f"raise {member}"
        case Fault(name=name):
            return f"fault {name}"
        case End():
            return "end"
        case _:
            assert_never(step.verb)


def shortened(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
