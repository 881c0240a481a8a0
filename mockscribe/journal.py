"""The record of all that was seen and sent: append-only, bounded in bytes, decoded only when somebody asks.

An entry keeps the values that the hot path had at hand anyway; turning them into plain data is `Entry.fields`. One
journal belongs to one account. Nothing here asks what time it is, or knows a socket.
"""

from __future__ import annotations

import base64
import enum
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mockscribe.clock import Instant
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


class HiddenAudio(msgspec.Struct, frozen=True, gc=False):
    """What a journal that hides content keeps of an audio event: its size in bytes, and their SHA-256 in hex."""

    octets: int
    sha256: str
    binary: bool


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where entries come from: shared by all entries of one stream."""

    account: str
    connection: int
    stream: str = ""
    session: str = ""
    attempt: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened.

    `instant` is when, `audio_us` the session's audio clock; `about` the kind's own values: a mapping, or the event
    itself; `octets` is what the entry holds in memory. Entries refer to no other entry, so the garbage collector need
    not look at them (`gc=False`).
    """

    seq: int
    instant: Instant
    origin: Origin
    kind: Kind
    audio_us: int
    about: Any
    octets: int

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


ENTRY_OCTETS = 400
"""What an entry costs beside its bytes; measured with tracemalloc on CPython 3.11, rounded up."""

Listener = Callable[[Entry], None]


class Journal:
    """Entries in order, the newest `max_bytes` of them; `seq` counts from 1 and never repeats.

    With `hides_content` audio and texts are dropped at once (`hidden`).
    """

    def __init__(self, max_bytes: int, *, hides_content: bool = False) -> None:
        self.max_bytes = max_bytes
        self.hides_content = hides_content
        self.octets = 0
        self.last_seq = 0
        self.forgotten = 0
        self._entries: deque[Entry] = deque()
        self._listeners: list[Listener] = []

    def append(self, instant: Instant, origin: Origin, kind: Kind, audio_us: int, about: Any, octets: int = 0) -> None:
        """Record something; `octets` are the bytes that `about` keeps alive."""
        self.last_seq = seq = self.last_seq + 1
        if self.hides_content:
            about, octets = hidden(about), 0
        octets += ENTRY_OCTETS
        entry = Entry(seq, instant, origin, kind, audio_us, about, octets)
        self._entries.append(entry)
        self.octets += octets
        if self.octets > self.max_bytes:
            self._forget()
        for listener in self._listeners:
            listener(entry)

    def _forget(self) -> None:
        entries = self._entries
        while self.octets > self.max_bytes and len(entries) > 1:
            self.octets -= entries.popleft().octets
            self.forgotten += 1

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def select(self, kind: Kind | None = None, *, session: str | None = None, since: int = 0) -> list[Entry]:
        """The entries after `since` of one kind and one session."""
        return [
            entry
            for entry in self._entries
            if entry.seq > since
            and (kind is None or entry.kind is kind)
            and (session is None or entry.origin.session == session)
        ]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each entry from now on; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def follow(self, before: Journal) -> None:
        """Go on where another journal was: with its numbers, and for those who listened to it."""
        self.last_seq = before.last_seq
        self._listeners = before._listeners

    def clear(self) -> None:
        """Forget everything; `seq` goes on."""
        self._entries.clear()
        self.octets = 0
