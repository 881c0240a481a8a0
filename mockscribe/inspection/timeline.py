"""What happened on a stream, in both directions, decoded and with times: for a person who reads why a test failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mockscribe.account import Account
from mockscribe.entries import Entry, HiddenAudio, Kind
from mockscribe.inspection.sessions import shortened, steps
from mockscribe.live import Session
from mockscribe.service.events import (
    AudioReceived,
    InputCompleted,
    OutputEvent,
    OutputException,
    SessionControlReceived,
    TranscriptSegment,
)

MAX_LINES = 120
"""Lines of one stream; where there are more, the middle is left out. Own choice: what one still reads in a CI's log."""

FROM_CLIENT, FROM_MOCK, NEITHER = "→", "←", "·"


def timeline(account: Account, session: Session | None = None) -> str:
    """The streams of one session, or of all, and what is known of their steps."""
    entries = list(account.journal)
    if session is not None:  # its streams whole: a request is named for the id, whatever the session's key
        names = {entry.origin.stream for entry in entries if entry.origin.session == session.key}
        entries = [entry for entry in entries if entry.origin.stream in names]
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.origin.stream:
            by_name.setdefault(f"stream {entry.origin.stream}", []).append(entry)
        elif entry.kind is Kind.VIOLATION:
            by_name.setdefault(f"connection {entry.origin.connection}", []).append(entry)
    begin = min((own[0].time for own in by_name.values()), default=0.0)
    lines = [line for name, own in by_name.items() for line in _stream(name, own, begin)]
    for each in account.sessions.values() if session is None else (session,):
        lines += _session(each)
    if account.journal.forgotten and session is None:
        lines.append(f"(the journal has forgotten its oldest {account.journal.forgotten} entries)")
    return "\n".join(lines) if lines else "nothing has reached the mock"


def _session(session: Session) -> Iterator[str]:
    scenario = session.scenario
    told = f"scenario {scenario.name!r} ({scenario.source}:{scenario.line})" if scenario is not None else "no scenario"
    yield f"session {session.session_id}: {session.status.value}, {session.audio_us / 1e6:g} s of audio, {told}"
    for number, step in enumerate(steps(session), 1):
        line = f", line {step.line}" if step.line else ""
        mark = " " if step.met else "!"
        yield f"  {mark} step {number}{line}: {step.step}: {step.status.value}, fired {step.fired} ×"


def _stream(name: str, entries: Sequence[Entry], begin: float) -> Iterator[str]:
    origin = entries[0].origin
    yield f"{name}, attempt {origin.attempt} of session {origin.session}" if origin.session else name
    lines = [f"{entry.time - begin:10.3f}  {arrow} {text}" for entry, arrow, text in _told(entries)]
    if len(lines) > MAX_LINES:
        half = MAX_LINES // 2
        lines[half:-half] = [f"{'…':>10}  ({len(lines) - 2 * half} more lines)"]
    yield from lines


def _told(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str, str]]:
    """Each entry in words; audio events in a row are one."""
    run: list[Entry] = []
    before_us = begin_us = 0
    for entry in entries:
        if isinstance(entry.about, AudioReceived | HiddenAudio):
            begin_us = begin_us if run else before_us
            run.append(entry)
        else:
            if run:
                yield run[0], FROM_CLIENT, _audio(run, begin_us)
                run = []
            yield (entry, *_words(entry))
        before_us = entry.audio_us
    if run:
        yield run[0], FROM_CLIENT, _audio(run, begin_us)


def _audio(run: Sequence[Entry], begin_us: int) -> str:
    sizes = [about.octets if isinstance(about := entry.about, HiddenAudio) else len(about.audio) for entry in run]
    kind = "binaryAudioEvent" if run[0].about.binary else "audioEvent"
    each = f"{sizes[0]:,}" if len(set(sizes)) == 1 else f"{min(sizes):,} to {max(sizes):,}"
    seconds = (run[-1].audio_us - begin_us) / 1e6
    return f"{len(run)} × {kind} of {each} bytes: {seconds:.3f} s of audio, up to {run[-1].audio_us / 1e6:.3f} s"


def _words(entry: Entry) -> tuple[str, str]:
    about: Any = entry.about
    match about:
        case TranscriptSegment():
            channel = f" {about.channel_id}" if about.channel_id is not None else ""
            span = f"{about.begin_us / 1e6:.3f}–{about.end_us / 1e6:.3f} s"
            return FROM_MOCK, f"{'partial' if about.is_partial else 'final'}{channel}, {span}: {about.content}"
        case OutputEvent(member=member, content=content):
            return FROM_MOCK, f"{member} {shortened(str(content))}"
        case OutputException(member=member, message=message):
            return FROM_MOCK, f"exception {member}: {message}"
        case SessionControlReceived(type=type_):
            return FROM_CLIENT, f"sessionControlEvent {type_ or 'without a type'}"
        case InputCompleted():
            return FROM_CLIENT, "the empty frame that ends the input"
        case _:
            pass
    match entry.kind:
        case Kind.REQUEST:
            version = f"HTTP/{about['version']}"
            return (
                FROM_CLIENT,
                f"{about['method']} {about['target']} {version} from connection {entry.origin.connection}",
            )
        case Kind.RESPONSE:
            told = f" {about['error']}: {about['message']}" if "error" in about else ""
            return FROM_MOCK, f"HTTP {about['status']}{told}"
        case Kind.EVENT_RECEIVED:
            return FROM_CLIENT, f"{about['event']}{'' if about.get('signed') else ', unsigned'}"
        case Kind.FAULT_FIRED:
            parameters = ", ".join(f"{name}={value}" for name, value in about["parameters"].items())
            return FROM_MOCK, f"fault {about['fault']}({parameters})"
        case Kind.VIOLATION:
            return (
                NEITHER,
                f"VIOLATION {about['rule']} at byte {about['offset']}: {about['message']} [{about['source']}]",
            )
        case Kind.SESSION_STATE:
            return NEITHER, f"session {about['from']} → {about['to']}"
        case Kind.STREAM_ENDED:
            return NEITHER, f"ended: {about['reason']}"
        case _:
            return NEITHER, entry.kind.value
