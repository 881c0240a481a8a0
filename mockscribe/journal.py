"""The record of all that was seen and sent: append-only, bounded in bytes, decoded only when somebody asks.

One journal belongs to one account. Nothing here asks what time it is, or knows a socket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from mockscribe.entries import Entry, Kind, Origin, hidden
from mockscribe.instant import Instant

ENTRY_OCTETS: Final = 400
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
