"""A transcript as a person reads it: finals on stdout, one a line; below them, on a terminal, what is still growing.

The answer is stdout's, so the growing part (partials, and how far the audio is) is written to stderr and erased before
each final: on a terminal both meet, in a pipe only finals arrive. What the service says is printed without its control
characters. Knows events as the wire spells them, and no connection.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

import click
import msgspec
from wcwidth import wcswidth

from mockscribe.client.core import EventReceived, ResponseStarted

COLOURS = {"CLINICIAN": "cyan", "PATIENT": "green"}

_ERASE_LINE = "\r\x1b[2K"
_UP = "\x1b[1A"
_MIN_WRAP_COLUMNS = 30  # own choice: narrower than this a hanging indent hurts more than it helps


class Measured(msgspec.Struct):
    """What was counted so far, in the client's own time."""

    chunks: int = 0
    audio_seconds: float = 0.0
    partials: int = 0
    finals: int = 0
    seconds: float = 0.0
    first_event_seconds: float | None = None
    last_chunk_seconds: float = 0.0
    finals_while_sending: int = 0


class Call(Protocol):
    """A call that has begun, as `mockscribe.client.blocking.Call` is one."""

    def run(
        self,
        configuration: Mapping[str, Any],
        chunks: Iterable[tuple[bytes | memoryview, float]],
        *,
        pace: float | None,
        binary: bool,
        end_session: bool,
    ) -> Iterator[ResponseStarted | EventReceived]:
        """Send, and yield what the server says meanwhile."""


class View(Protocol):
    """Where events are shown."""

    def show(self, event: EventReceived) -> None:
        """An event came."""

    def progress(self, measured: Measured) -> None:
        """Audio left, or an event came."""


def follow(
    call: Call,
    view: View,
    configuration: Mapping[str, Any],
    chunks: Iterable[tuple[bytes | memoryview, float]],
    *,
    pace: float | None,
    binary: bool = True,
    end_session: bool = True,
) -> Measured:
    """Run a call to its end, showing it as it goes; returns what was counted.

    Raises:
        ServerError: as `Call.run`.
    """
    measured = Measured()
    begin = time.monotonic()
    sending = True

    def counted() -> Iterator[tuple[bytes | memoryview, float]]:
        nonlocal sending
        for chunk in chunks:
            yield chunk
            measured.chunks += 1  # here the chunk has left: the next one is asked for
            measured.audio_seconds += chunk[1]
            measured.seconds = measured.last_chunk_seconds = time.monotonic() - begin
            view.progress(measured)
        sending = False

    for event in call.run(configuration, counted(), pace=pace, binary=binary, end_session=end_session):
        if isinstance(event, ResponseStarted):
            continue
        measured.seconds = time.monotonic() - begin
        if measured.first_event_seconds is None:
            measured.first_event_seconds = measured.seconds
        if (segment := _segment(event)) is not None:
            if segment.get("isPartial"):
                measured.partials += 1
            else:
                measured.finals += 1
                measured.finals_while_sending += sending
        view.show(event)
        view.progress(measured)
    measured.seconds = time.monotonic() - begin
    return measured


class JsonView:
    """One event a line, as a JSON object with the union's member as its one key."""

    def show(self, event: EventReceived) -> None:
        click.echo(json.dumps({event.member: event.value}, ensure_ascii=False))
        sys.stdout.flush()

    def progress(self, measured: Measured) -> None:
        pass


class TranscriptView:
    """Finals, and on a terminal partials and progress; a context manager that leaves a clean line behind.

    `roles` names the speaker of a channelId; `total_seconds` is how long the recording is, where that is known.
    """

    def __init__(
        self,
        roles: Mapping[str, str],
        *,
        total_seconds: float | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self._roles = roles
        self._total_seconds = total_seconds
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self.on_terminal = self._out.isatty()
        self.colours = self.on_terminal and not os.environ.get("NO_COLOR")  # https://no-color.org
        self._live = self._err.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = 0  # lines of the growing part that stand on the terminal
        self._growing: dict[str, Mapping[str, Any]] = {}
        self._status = ""
        self._speaker_columns = max((len(role) for role in roles.values()), default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._erase()

    # ---- View

    def show(self, event: EventReceived) -> None:
        segment = _segment(event)
        if segment is None:
            if event.member != "transcriptEvent":
                self.line(printable(f"{event.member} {json.dumps(event.value, ensure_ascii=False)}"))
            return
        key = str(segment.get("segmentId"))
        if segment.get("isPartial"):
            self._growing[key] = segment
            return
        self._growing.pop(key, None)
        self.line(self._final(segment))

    def progress(self, measured: Measured) -> None:
        if self._live:
            total = f" of {clock(self._total_seconds)}" if self._total_seconds else ""
            counts = f"{measured.finals} final, {measured.partials} partial"
            self._status = f"  ▸ {clock(measured.audio_seconds)}{total} sent · {counts}"
            self._draw()

    # ---- lines

    def line(self, text: str = "", **style: Any) -> None:
        """A line of the answer."""
        self._erase()
        click.echo(self.styled(text, **style), file=self._out)
        self._out.flush()

    def styled(self, text: str, **style: Any) -> str:
        """The text, in colours where they are wanted."""
        return click.style(text, **style) if self.colours and style else text

    def _final(self, segment: Mapping[str, Any]) -> str:
        offsets = f"[{_offset(segment, 'audioBeginOffset')} – {_offset(segment, 'audioEndOffset')}]"
        speaker = self._speaker(segment)
        content = printable(str(segment.get("content") or ""))
        indent = len(offsets) + 1 + (max(len(speaker), self._speaker_columns) + 2 if speaker else 0)
        columns = shutil.get_terminal_size().columns - indent
        if self.on_terminal and columns >= _MIN_WRAP_COLUMNS:
            content = f"\n{' ' * indent}".join(textwrap.wrap(content, columns))
        shown = self.styled(offsets, dim=True)
        if speaker:
            padded = f"{speaker:{self._speaker_columns}}  "
            shown += " " + self.styled(padded, fg=COLOURS.get(speaker), bold=True)
        else:
            shown += " "
        return shown + content

    def _speaker(self, segment: Mapping[str, Any]) -> str:
        channel = segment.get("channelId")
        return "" if channel is None else self._roles.get(str(channel), printable(str(channel)))

    # ---- the growing part

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        lines = [_last_words(self._partial(segment), width) for segment in self._growing.values() if self.on_terminal]
        lines.append(_last_words(self._status, width))
        self._erase()
        dimmed = [click.style(line, dim=True) if self.colours else line for line in lines]
        self._redraw("\n".join(dimmed), len(lines))

    def _partial(self, segment: Mapping[str, Any]) -> str:
        speaker = self._speaker(segment)
        named = f"{speaker:{self._speaker_columns}}  " if speaker else ""
        content = printable(str(segment.get("content") or ""))
        return f"[{_offset(segment, 'audioBeginOffset')} …        ] {named}{content}"

    def _erase(self) -> None:
        if self._drawn:
            self._redraw(_ERASE_LINE + (_UP + _ERASE_LINE) * (self._drawn - 1), 0)

    def _redraw(self, text: str, drawn: int) -> None:
        """Write what leaves so many lines of the growing part; an interrupt comes when it is out, and finds them."""
        try:
            self._err.write(text)
            self._err.flush()
        finally:
            self._drawn = drawn


def clock(seconds: float) -> str:
    """`mm:ss.s`, minutes without a limit."""
    tenths = round(seconds * 10)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def printable(text: str) -> str:
    """The text without characters that would move a terminal's cursor or change its state."""
    return "".join(character if character.isprintable() else " " for character in text)


def _segment(event: EventReceived) -> Mapping[str, Any] | None:
    segment = event.value.get("transcriptSegment") if event.member == "transcriptEvent" else None
    return segment if isinstance(segment, Mapping) else None


def _offset(segment: Mapping[str, Any], name: str) -> str:
    value = segment.get(name)
    return clock(value) if isinstance(value, int | float) else "--:--.-"


def _last_words(text: str, width: int) -> str:
    """One line that fits: a long partial shows its newest words, those at its end."""
    if _columns(text) <= width:
        return text
    head, tail = text[: width // 2], text[width // 2 :]
    while tail and _columns(head) + 1 + _columns(tail) > width:
        tail = tail[1:]
    while head and _columns(head) + 1 > width:  # wide characters: the head alone is too long
        head = head[:-1]
    return f"{head}…{tail}"


def _columns(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    return max(wcswidth(text), 0)
