"""What the journal holds: entries, and what each becomes as plain data, with its content or without.

An entry keeps the values that the hot path had at hand anyway; turning them into plain data is `Entry.fields`.
"""

from __future__ import annotations

import base64
import enum
import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from mypy_extensions import mypyc_attr

from mockscribe.instant import Instant
from mockscribe.service.events import (
    AudioReceived,
    InputCompleted,
    OutputError,
    OutputEvent,
    OutputException,
    SessionControlReceived,
    TranscriptSegment,
)


class Kind(enum.Enum):
    """What an entry tells (design: the journal's vocabulary)."""

    CONNECTION_OPENED = "connection_opened"
    REQUEST = "request"
    RESPONSE = "response"
    EVENT_RECEIVED = "event_received"
    EVENT_SENT = "event_sent"
    EXCEPTION_SENT = "exception_sent"
    FAULT_FIRED = "fault_fired"
    VIOLATION = "violation"
    SESSION_STATE = "session_state"
    STREAM_ENDED = "stream_ended"
    CONNECTION_CLOSED = "connection_closed"


class HiddenAudio(NamedTuple):
    """What a journal that hides content keeps of an audio event: its size in bytes, and their SHA-256 in hex."""

    octets: int
    sha256: str
    binary: bool


class Origin(NamedTuple):
    """Where entries come from: shared by all entries of one stream."""

    account: str
    connection: int
    stream: str = ""
    session: str = ""
    attempt: int = 0


@mypyc_attr(acyclic=True)
class Entry:
    """One thing that happened.

    `instant` is when, `audio_us` the session's audio clock; `about` the kind's own values: a mapping, or the event
    itself; `octets` is what the entry holds in memory.
    """

    __slots__ = ("about", "audio_us", "instant", "kind", "octets", "origin", "seq")

    def __init__(
        self, seq: int, instant: Instant, origin: Origin, kind: Kind, audio_us: int, about: Any, octets: int
    ) -> None:
        self.seq: Final = seq
        self.instant: Final = instant
        self.origin: Final = origin
        self.kind: Final = kind
        self.audio_us: Final = audio_us
        self.about: Final[Any] = about
        self.octets: Final = octets

    @property
    def at(self) -> float:
        """Real time, in seconds since the epoch."""
        return self.instant.at

    @property
    def time(self) -> float:
        """Mock time, in seconds since the start."""
        return self.instant.time

    def fields(self, content: bool = True) -> dict[str, Any]:
        """The entry as plain data; `content` False leaves out audio bytes (their number stays)."""
        origin = self.origin
        fields: dict[str, Any] = {
            "seq": self.seq,
            "at": self.at,
            "time": self.time,
            "account": origin.account,
            "connection": origin.connection,
            "stream": origin.stream,
            "session": origin.session,
            "attempt": origin.attempt,
            "kind": self.kind.value,
            "audio": self.audio_us / 1_000_000,
        }
        fields.update(_plain(self.about, content))
        return fields


def _plain(about: Any, content: bool) -> Mapping[str, Any]:
    match about:
        case AudioReceived(audio=audio, binary=binary):
            fields = {"event": "binaryAudioEvent" if binary else "audioEvent", "bytes": len(audio)}
            return {**fields, "value": base64.b64encode(audio).decode()} if content else fields
        case HiddenAudio(octets=octets, sha256=sha256, binary=binary):
            return {"event": "binaryAudioEvent" if binary else "audioEvent", "bytes": octets, "sha256": sha256}
        case SessionControlReceived(type=type_):
            return {"event": "sessionControlEvent", "value": {"type": type_}}
        case InputCompleted():
            return {"event": "", "value": None}
        case TranscriptSegment() as segment:
            return {"event": "transcriptEvent", "value": {"transcriptSegment": segment_fields(segment)}}
        case OutputEvent(member=member, content=value):
            return {"event": member, "value": value}
        case OutputException(member=member, message=message):
            return {"exception": member, "message": message}
        case OutputError(code=code, message=message):
            return {"exception": code, "message": message, "modeled": False}
        case _:
            return dict(about)


def segment_fields(segment: TranscriptSegment) -> dict[str, Any]:
    """A segment by the model's names, offsets in seconds."""
    fields: dict[str, Any] = {
        "segmentId": segment.segment_id,
        "audioBeginOffset": segment.begin_us / 1_000_000,
        "audioEndOffset": segment.end_us / 1_000_000,
        "isPartial": segment.is_partial,
        "content": segment.content,
    }
    return fields if segment.channel_id is None else {**fields, "channelId": segment.channel_id}


def hidden(about: Any) -> Any:
    """The same without audio, transcript and the encounter's context: of each its size and hash are left.

    Messages of exceptions stay: mockscribe's own do not repeat what the model calls sensitive.
    """
    match about:
        case AudioReceived(audio=audio, binary=binary):
            return HiddenAudio(len(audio), hashlib.sha256(audio).hexdigest(), binary)
        case TranscriptSegment(content=content):
            return msgspec.structs.replace(about, content=_hidden_text(content))
        case OutputEvent(member=member, content=value):
            return OutputEvent(member=member, content=_without_texts(value))
        case {"event": "configurationEvent", "value": {"encounterContext": context}}:
            return {**about, "value": {**about["value"], "encounterContext": _without_texts(context)}}
        case _:
            return about


def _hidden_text(text: str) -> str:
    return f"(hidden: {len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()})"


def _without_texts(value: Any) -> Any:
    """A value of JSON with every text hidden; what names a segment or a channel is none."""
    match value:
        case str():
            return _hidden_text(value)
        case Mapping():
            return {
                key: each if key in ("segmentId", "channelId") else _without_texts(each) for key, each in value.items()
            }
        case list() | tuple():
            return [_without_texts(each) for each in value]
        case _:
            return value
