"""Commands on sessions: what is known of them, and what to say on them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mockscribe.commands.command import Arguments, Command, Context, JournalEntry, Nothing
from mockscribe.entries import Kind
from mockscribe.errors import ControlError, ScriptError
from mockscribe.inspection import audio, findings, sessions
from mockscribe.inspection.artifacts import ArtifactSummary, artifacts_of
from mockscribe.inspection.audio import AudioSummary
from mockscribe.inspection.findings import Finding
from mockscribe.inspection.sessions import SessionSummary, StepSummary, StreamSummary
from mockscribe.scenario.intents import Intent
from mockscribe.scenario.model import End, Fault, Raise, Send
from mockscribe.scenario.script import parse
from mockscribe.service.events import OutputEvent, OutputException


class SessionId(Arguments, frozen=True, kw_only=True):
    """Which session: its id, or its key."""

    session_id: str


class Content(Arguments, frozen=True, kw_only=True):
    """Which session; `content` with the audio itself, in base64."""

    session_id: str
    content: bool = False


def _sessions(context: Context, _: Nothing) -> tuple[SessionSummary, ...]:
    account = context.account
    return tuple(sessions.summary(account, session) for session in account.sessions.values())


def _session(context: Context, arguments: SessionId) -> SessionSummary:
    return sessions.summary(context.account, sessions.find(context.account, arguments.session_id))


def _streams(context: Context, arguments: SessionId) -> tuple[StreamSummary, ...]:
    return sessions.streams(context.account, sessions.find(context.account, arguments.session_id))


def _steps(context: Context, arguments: SessionId) -> tuple[StepSummary, ...]:
    return sessions.steps(sessions.find(context.account, arguments.session_id))


def _events(context: Context, arguments: Content) -> list[JournalEntry]:
    kinds = (Kind.EVENT_RECEIVED, Kind.EVENT_SENT, Kind.EXCEPTION_SENT)
    entries = sessions.entries(context.account, sessions.find(context.account, arguments.session_id))
    return [entry.fields(content=arguments.content) for entry in entries if entry.kind in kinds]


def _audio(context: Context, arguments: SessionId) -> AudioSummary:
    session = sessions.find(context.account, arguments.session_id)
    return audio.summary(session, sessions.entries(context.account, session))


def _wav(context: Context, arguments: SessionId) -> bytes:
    session = sessions.find(context.account, arguments.session_id)
    return audio.wav(session, sessions.entries(context.account, session))


def _findings(context: Context, arguments: SessionId) -> tuple[Finding, ...]:
    return findings.findings(context.account, sessions.find(context.account, arguments.session_id))


def _artifacts(context: Context, arguments: SessionId) -> tuple[ArtifactSummary, ...]:
    session = sessions.find(context.account, arguments.session_id)
    return artifacts_of(context.account, session, context.now())


class Push(Arguments, frozen=True, kw_only=True):
    """One thing to say on a session's running stream, each in the form of the scenarios' verb."""

    session_id: str
    event: dict[str, dict[str, Any]] | None = None
    exception: dict[str, str] | None = None
    fault: dict[str, dict[str, Any]] | None = None
    end: Literal[True] | None = None


_VERBS = {"event": "send", "exception": "raise", "fault": "fault", "end": "end"}


def _push(context: Context, arguments: Push) -> Nothing:
    given = {name: value for name in _VERBS if (value := getattr(arguments, name)) is not None}
    if len(given) != 1:
        raise ControlError(400, "give exactly one of event, exception, fault and end")
    ((name, value),) = given.items()
    said = intent(name, value)
    session = sessions.find(context.account, arguments.session_id)
    if session.stream is None:
        raise ControlError(409, f"session {session.session_id} has no running stream: it is {session.status.value}")
    stream = session.stream
    stream.push((said,), context.now())
    context.mock.woken.add(stream.connection)
    return Nothing()


def intent(name: str, value: Any) -> Intent:
    """What a scenario's step with that verb would do, checked as a scenario is."""
    verb = _VERBS[name]
    text = msgspec.json.encode({"scenario": "pushed", "steps": [{verb: value}]}).decode()
    try:
        (scenario,) = parse(text, "<push>")
    except ScriptError as error:
        place = error.path.removeprefix("steps[0].").removeprefix("steps[0]").removeprefix(verb)
        raise ControlError(400, error.message, path=f"{name}{place}") from None
    match scenario.steps[0].verb:
        case Send(member=member, content=content):
            return OutputEvent(member=member, content=content)
        case Raise(member=member, message=message):
            return OutputException(member=member, message=message)
        case Fault() | End() as said:
            return said
        case _:
            raise AssertionError(f"{verb} is no verb to push")


LIST = Command(
    name="listSessions",
    method="GET",
    path="/sessions",
    about="The sessions of the account, oldest first.",
    arguments=Nothing,
    result=tuple[SessionSummary, ...],
    run=_sessions,
)
GET = Command(
    name="getSession",
    method="GET",
    path="/sessions/{session_id}",
    about="One session, while it runs and after it.",
    arguments=SessionId,
    result=SessionSummary,
    run=_session,
    errors=(404,),
)
STREAMS = Command(
    name="listStreams",
    method="GET",
    path="/sessions/{session_id}/streams",
    about="The accepted streams of a session, oldest first.",
    arguments=SessionId,
    result=tuple[StreamSummary, ...],
    run=_streams,
    errors=(404,),
)
STEPS = Command(
    name="listSteps",
    method="GET",
    path="/sessions/{session_id}/steps",
    about="What became of each step of a session's scenarios.",
    arguments=SessionId,
    result=tuple[StepSummary, ...],
    run=_steps,
    errors=(404,),
)
EVENTS = Command(
    name="listEvents",
    method="GET",
    path="/sessions/{session_id}/events",
    about="The events and exceptions of a session in both directions.",
    arguments=Content,
    result=list[JournalEntry],
    run=_events,
    errors=(404,),
)
AUDIO = Command(
    name="getAudio",
    method="GET",
    path="/sessions/{session_id}/audio",
    about="The audio of a session in numbers.",
    arguments=SessionId,
    result=AudioSummary,
    run=_audio,
    errors=(404,),
)
WAV = Command(
    name="getWav",
    method="GET",
    path="/sessions/{session_id}/audio.wav",
    about="The audio of a session as a WAV file; FLAC is decoded.",
    arguments=SessionId,
    result=bytes,
    run=_wav,
    errors=(404, 409),
    media="audio/wav",
)
FINDINGS = Command(
    name="listFindings",
    method="GET",
    path="/sessions/{session_id}/findings",
    about="What the service tolerates but documents against, each with its document.",
    arguments=SessionId,
    result=tuple[Finding, ...],
    run=_findings,
    errors=(404,),
)
ARTIFACTS = Command(
    name="listArtifacts",
    method="GET",
    path="/sessions/{session_id}/artifacts",
    about="What a session has left behind: transcript, note, after-visit summary and codes, with their documents.",
    arguments=SessionId,
    result=tuple[ArtifactSummary, ...],
    run=_artifacts,
    errors=(404,),
)
PUSH = Command(
    name="push",
    method="POST",
    path="/sessions/{session_id}/push",
    about="Say something on a session's running stream, beside what its scenario says.",
    arguments=Push,
    result=Nothing,
    run=_push,
    errors=(404, 409),
)
