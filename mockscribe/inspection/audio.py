"""The audio of a session as it was heard: how much, in what chunks, joined how over reconnects, and as a WAV file.

All is computed from the journal's entries, which keep the audio as received.
"""

from __future__ import annotations

import io
import sys
import wave
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from mockscribe.entries import Entry, HiddenAudio
from mockscribe.errors import ControlError
from mockscribe.live import Session
from mockscribe.service.events import AudioReceived
from mockscribe.session.flac import FlacDecoder, FlacError

MICROSECONDS = 1_000_000

COMPARED_SECONDS = 30
"""How far back a repetition over a reconnect is looked for; own choice: longer than any client buffers."""

PROBE_BYTES = 64
"""Sound that two runs of audio must share to be called the same; own choice: 2 ms of 16 kHz mono, no chance."""


class Chunks(msgspec.Struct, frozen=True, kw_only=True):
    """Audio events in numbers: sizes in bytes, times in seconds.

    `cycle` is the mean real time between two events of a stream, `longest_pause` the longest; `pace` is the seconds of
    audio for each second of that time (1.0: as fast as speech). Those are None with fewer than two events.
    """

    count: int
    smallest: int
    largest: int
    mean: float
    longest_seconds: float
    cycle: float | None
    longest_pause: float | None
    pace: float | None


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """How the audio of a resumed stream continues that of the stream before it.

    `gap` is the mock time, in seconds, between the last audio event there and the first here. `overlap` tells how much
    of the end there is the beginning here, byte for byte, in seconds: audio that was sent twice. PCM only, silence does
    not count, and sound that repeats itself, like a tone, overlaps with itself.
    """

    stream: str
    attempt: int
    gap: float
    overlap: float
    overlap_bytes: int


class AudioSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The audio of a session over all its streams.

    `seconds` by its audio clock, `bytes` and `sha256` of the audio as received (`audioEvent` decoded).
    """

    seconds: float
    bytes: int
    sha256: str
    encoding: str
    rate: int
    channels: int
    chunks: Chunks
    joins: tuple[Join, ...]


class Heard(msgspec.Struct, frozen=True):
    """One audio event of a stream; `audio` is empty where the journal hides content."""

    entry: Entry
    audio: bytes
    octets: int
    begin_us: int

    @property
    def seconds(self) -> float:
        """How long its audio is."""
        return (self.entry.audio_us - self.begin_us) / MICROSECONDS


def heard(entries: Iterable[Entry]) -> dict[str, list[Heard]]:
    """The audio events of one session by stream, in order."""
    streams: dict[str, list[Heard]] = {}
    before: int | None = None
    for entry in entries:
        about = entry.about
        if isinstance(about, AudioReceived | HiddenAudio):
            begin = before if before is not None else entry.audio_us
            audio, octets = (b"", about.octets) if isinstance(about, HiddenAudio) else (about.audio, len(about.audio))
            streams.setdefault(entry.origin.stream, []).append(Heard(entry, audio, octets, begin))
        before = entry.audio_us
    return streams


def chunks(streams: Iterable[Sequence[Heard]]) -> Chunks:
    """The audio events of some streams in numbers."""
    streams = [stream for stream in streams if stream]
    sizes = [each.octets for stream in streams for each in stream]
    pauses = [after.entry.at - before.entry.at for stream in streams for before, after in pairwise(stream)]
    spent = sum(pauses)
    # The first event of a stream has no time before it, so its audio does not count for the pace.
    paced = sum(each.seconds for stream in streams for each in stream[1:])
    return Chunks(
        count=len(sizes),
        smallest=min(sizes, default=0),
        largest=max(sizes, default=0),
        mean=round(sum(sizes) / len(sizes), 1) if sizes else 0.0,
        longest_seconds=max((each.seconds for stream in streams for each in stream), default=0.0),
        cycle=round(spent / len(pauses), 6) if pauses else None,
        longest_pause=round(max(pauses), 6) if pauses else None,
        pace=round(paced / spent, 3) if spent > 0 else None,
    )


def summary(session: Session, entries: Sequence[Entry]) -> AudioSummary:
    """What a session's audio is; `entries` are those of the session."""
    clock, streams = session.audio, heard(entries)
    return AudioSummary(
        seconds=clock.seconds if clock is not None else 0.0,
        bytes=session.audio_octets,
        sha256=session.digest.hexdigest(),
        encoding=str(session.parameters.get("mediaEncoding", "")),
        rate=int(session.parameters.get("mediaSampleRateHertz", 0)),
        channels=clock.channels if clock is not None else 0,
        chunks=chunks(streams.values()),
        joins=tuple(_join(session, before, after) for before, after in pairwise(streams.values())),
    )


def _join(session: Session, before: Sequence[Heard], after: Sequence[Heard]) -> Join:
    assert session.audio is not None
    overlap, per_second = 0, 2 * session.audio.channels * session.audio.rate
    if session.audio.encoding == "pcm":
        limit = COMPARED_SECONDS * per_second
        overlap = _repeated(_tail(before, limit), _head(after, limit))
    first, last = after[0].entry, before[-1].entry
    return Join(
        stream=first.origin.stream,
        attempt=first.origin.attempt,
        gap=round(first.time - last.time, 6),
        overlap=overlap / per_second,
        overlap_bytes=overlap,
    )


def _head(stream: Sequence[Heard], limit: int) -> bytes:
    audio = bytearray()
    for each in stream:
        audio += each.audio
        if len(audio) >= limit:
            break
    return bytes(audio[:limit])


def _tail(stream: Sequence[Heard], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for each in reversed(stream):
        parts.append(each.audio)
        size += len(each.audio)
        if size >= limit:
            break
    return b"".join(reversed(parts))[-limit:]


def _repeated(before: bytes, after: bytes) -> int:
    """The length of the longest end of `before` that begins `after`, with at least `PROBE_BYTES` after its silence."""
    silence = len(after) - len(after.lstrip(b"\x00"))
    probe = after[silence : silence + PROBE_BYTES]
    if len(probe) < PROBE_BYTES:
        return 0
    at = before.find(probe, max(silence, len(before) - len(after) + silence))
    while at != -1:
        size = len(before) - at + silence
        if before.endswith(after[:size]):
            return size
        at = before.find(probe, at + 1)
    return 0


def wav(session: Session, entries: Sequence[Entry]) -> bytes:
    """A session's audio as a WAV file: all streams in a row, FLAC decoded to 16 bits.

    Raises:
        ControlError: there is none yet, or the journal has forgotten some of it or never had it.
    """
    streams = list(heard(entries).values())
    if session.audio is None or not streams:
        raise ControlError(409, f"session {session.session_id} has no audio")
    if any(isinstance(entry.about, HiddenAudio) for entry in entries):
        raise ControlError(409, "the journal was told to keep no audio: --redact content")
    kept = sum(len(each.audio) for stream in streams for each in stream)
    if kept != session.audio_octets:
        lost = session.audio_octets - kept
        text = f"the journal has forgotten the first {lost} bytes of this audio: raise --journal-bytes"
        raise ControlError(409, text)
    parts = [_head(stream, kept) for stream in streams]
    frame = 2 * session.audio.channels
    if session.audio.encoding == "flac":
        samples = b"".join(_decoded(part) for part in parts)
    else:
        samples = b"".join(part[: len(part) // frame * frame] for part in parts)  # as the audio clock counts
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(session.audio.channels)
        writer.setsampwidth(2)
        writer.setframerate(session.audio.rate)
        writer.writeframes(samples)
    return file.getvalue()


def _decoded(flac: bytes) -> bytes:
    """The samples of a FLAC stream, interleaved, up to where it is broken or cut."""
    decoder, decoded = FlacDecoder(samples=True), array("h")
    for start in range(0, len(flac), 4096):  # a feed completes a bounded length of audio
        try:
            blocks = decoder.feed(flac[start : start + 4096])
        except FlacError:
            break
        for block in blocks:
            if len(block.samples) == 1:
                decoded.extend(block.samples[0])
            else:
                decoded.extend(sample for pair in zip(*block.samples, strict=True) for sample in pair)
    if sys.byteorder == "big":
        decoded.byteswap()
    return decoded.tobytes()
