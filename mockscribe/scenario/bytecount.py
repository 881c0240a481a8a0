"""How many bytes of audio had come at which instant. Pure.

PCM has so many bytes for each sample, so a count of bytes is an instant, however the audio was cut into events; FLAC
tells nothing of the kind, and its bytes count from the end of the event that brought them.
"""

from __future__ import annotations

from mockscribe.session.heard import Heard


class ByteCount:
    """Counts the bytes of a session's audio; `count` are all that have come."""

    def __init__(self) -> None:
        self.count = 0
        self._before = 0  # bytes and samples when this stream began
        self._samples = 0
        self._heard: Heard | None = None  # the newest of this stream

    def restart(self) -> None:
        """A further stream begins; what the one before left of a sample is dropped (`AudioClock.resume`)."""
        self._heard = None

    def receive(self, heard: Heard, octets: int) -> None:
        """An audio event brought so many bytes."""
        if self._heard is None:
            self._before, self._samples = self.count, heard.begin
        self._heard = heard
        self.count += octets

    def at(self, audio_us: int) -> int:
        """How many bytes had come at an instant of the newest audio."""
        heard = self._heard
        if heard is None or not self._is_pcm(heard):
            return self.count
        samples = -(-audio_us * heard.rate // 1_000_000) - self._samples
        return self._before + samples * 2 * heard.channels

    def audio_us(self, count: int, now_us: int) -> int:
        """The instant at which so many bytes, no more than have come, had come; `now_us` if no audio tells."""
        heard = self._heard
        if heard is None:
            return now_us
        if not self._is_pcm(heard):
            return heard.end_us
        samples = self._samples + (count - self._before) // (2 * heard.channels)
        return samples * 1_000_000 // heard.rate

    def _is_pcm(self, heard: Heard) -> bool:
        """Whether this stream's bytes are 16-bit samples: then the numbers of both agree."""
        return heard.end - self._samples == (self.count - self._before) // (2 * heard.channels)
