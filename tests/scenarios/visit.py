"""Plays a visit that is written down beside its scenario: NAME.txt says what the client does and what it gets.

    == stream channels=2       a stream; session=N rate=HZ language=CODE where they differ from the first session's
    > silence 1.5s             what the client does: silence, tone, wait, end of session, close, or nothing
    < 1 0.400-0.800 ~ How      what it gets then: segment 1, from 0.4 s to 0.8 s, ~ for a partial

`python -m tests.scenarios.visit NAME…` writes the `<` lines anew, for reading before they are believed.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from pathlib import Path
from typing import Any

import h2.errors
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from tests.wire import (
    CONFIGURATION,
    EMPTY_FRAME,
    END_OF_SESSION,
    TWO_CHANNELS,
    Answer,
    Wire,
    audio,
    configuration,
    envelope,
    request_headers,
)

FOLDER = Path(__file__).parents[2] / "fixtures" / "scenarios"


def scenarios() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".yaml", ".json"))


class Visit:
    """One client, one mock. `packet` is how many bytes a DATA frame has, `event_ms` how much audio an event."""

    def __init__(self, scenario: str, *, packet: int = 16_384, event_ms: int = 100) -> None:
        self._wire = Wire(scenario)
        self._packet = packet
        self._event_ms = event_ms
        self._segments: dict[str, int] = {}
        self._stream = 0
        self._seen = 0
        self._told = False
        self._rate = 0
        self._channels = 1

    def play(self, transcript: str) -> str:
        """Do what the transcript says, and write it down with what came back."""
        lines = []
        for line in transcript.splitlines():
            if line.startswith("<"):
                continue
            lines.append(line)
            if line.startswith("=="):
                self._open(dict(pair.split("=") for pair in line.split()[2:]))
                lines += self._answers()
            elif line.startswith(">"):
                self._do(line[2:])
                lines += self._answers()
        return "\n".join(lines) + "\n"

    def _open(self, options: dict[str, str]) -> None:
        self._rate, self._channels = int(options.get("rate", 8_000)), int(options.get("channels", 1))
        headers = request_headers(
            session_id=f"5e550000-0000-4000-8000-{int(options.get('session', 1)):012}",
            sample_rate=str(self._rate),
            language_code=options.get("language", "en-US"),
        )
        self._stream = self._wire.open(headers=headers)
        self._seen, self._told = 0, False
        value = TWO_CHANNELS if self._channels == 2 else CONFIGURATION
        self._send(configuration(value))

    def _do(self, action: str) -> None:
        if found := re.fullmatch(r"(silence|tone) ([\d.]+)s", action):
            sample = 0 if found[1] == "silence" else 8_000
            left = round(float(found[2]) * self._rate)
            while left:
                size = min(left, self._rate * self._event_ms // 1000)
                self._send(audio(array("h", [sample]).tobytes() * self._channels * size))
                left -= size
        elif found := re.fullmatch(r"wait ([\d.]+)s", action):
            self._wire.advance(float(found[1]))
        elif action == "end of session":
            self._send(END_OF_SESSION)
        elif action == "close":
            self._send(b"", end=True)
        else:
            assert action == "nothing", action

    def _send(self, message: bytes, *, end: bool = False) -> None:
        if self._answer.reset is not None:
            return  # nothing can be sent any more
        self._wire.send(self._stream, envelope(message) if message else EMPTY_FRAME, chunk=self._packet, end=end)

    @property
    def _answer(self) -> Answer:
        return self._wire.answers[self._stream]

    def _answers(self) -> list[str]:
        """What has come since the last time."""
        lines, body = [], self._answer.body
        if self._answer.status >= 400 and self._seen < len(body):
            error = self._answer.headers["x-amzn-errortype"]
            lines.append(f"< HTTP {self._answer.status} {error}: {json.loads(body)['message']}")
            self._seen = len(body)
        while self._seen < len(body):
            size = int.from_bytes(body[self._seen : self._seen + 4], "big")
            frame = body[self._seen : self._seen + size]
            lines.append(f"< {self._read(frame) if len(frame) == size else f'{len(frame)} bytes of a frame'}")
            self._seen += len(frame)
        if not self._told and (self._answer.ended or self._answer.reset is not None):
            self._told = True
            reset = self._answer.reset
            lines.append("< end" if reset is None else f"< reset {h2.errors.ErrorCodes(reset).name}")
        return lines

    def _read(self, frame: bytes) -> str:
        buffer = EventStreamBuffer()
        buffer.add_data(frame)
        try:
            (message,) = buffer
        except ChecksumMismatch:
            return "damaged frame"
        value: Any = json.loads(message.payload)
        if message.headers[":message-type"] == "exception":
            return f"{message.headers[':exception-type']}: {value['message']}"
        member = message.headers[":event-type"]
        if member != "transcriptEvent" or "transcriptSegment" not in value:
            return f"{member} {json.dumps(value)}"
        segment = value["transcriptSegment"]
        number = self._segments.setdefault(segment["segmentId"], len(self._segments) + 1)
        span = f"{segment['audioBeginOffset']:.3f}-{segment['audioEndOffset']:.3f}"
        channel = f" {segment['channelId']}" if "channelId" in segment else ""
        return f"{number} {span}{channel}{' ~' if segment['isPartial'] else ''} {segment['content']}"


def rewrite(name: str) -> None:
    """Write what comes back into NAME.txt."""
    (scenario,) = (path for path in scenarios() if path.stem == name)
    expected = scenario.with_suffix(".txt")
    played = Visit(scenario.read_text(encoding="utf-8")).play(expected.read_text(encoding="utf-8"))
    expected.write_text(played, encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        rewrite(each)
