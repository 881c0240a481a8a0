"""The audio clock of a session: bytes of PCM or FLAC → sample positions, and levels for whoever wants to hear.

Sources: UG-ambient and HS-model (PCM is signed 16-bit little-endian without a header, two channels interleaved; FLAC).
Pure; positions are samples of one channel since the session began, over all of its streams.
"""

from __future__ import annotations

import sys
from array import array
from operator import mul
from typing import Final

from mockscribe.errors import EventError
from mockscribe.session.flac import FlacDecoder, FlacError
from mockscribe.session.heard import Heard, Level

SILENCE_PEAK: Final = 100
"""A sample whose absolute value is above this is sound. Own choice: -50 dBFS, above dither and a quiet room's noise."""

BLOCKS_PER_SECOND: Final = 100
"""Levels are measured over blocks of 10 ms; own choice: shorter than any pause that matters."""


class AudioClock:
    """Counts what a session's audio events bring.

    `encoding` is `pcm` or `flac`; `rate` in Hz; `channels` how many are interleaved in PCM (FLAC tells it itself).
    With `check_flac_header` off, audio that is no FLAC counts as none instead of raising.
    """

    def __init__(self, *, encoding: str, rate: int, channels: int, check_flac_header: bool = True) -> None:
        self.encoding = encoding
        self.rate = rate
        self.channels = channels
        self.samples = 0
        self._check = check_flac_header
        self._rest = b""
        self._flac: FlacDecoder | None = None

    @property
    def us(self) -> int:
        """Microseconds received, rounded down."""
        return self.samples * 1_000_000 // self.rate

    @property
    def seconds(self) -> float:
        """Seconds received."""
        return self.samples / self.rate

    def resume(self) -> None:
        """A further stream of the session begins: half a sample is dropped, FLAC starts anew, positions go on."""
        self._rest = b""
        self._flac = None

    def receive(self, data: bytes, *, measure: bool) -> Heard:
        """Count one event's audio; measure its levels if asked.

        Raises:
            EventError: the audio is not the FLAC that the request announced.
        """
        if self.encoding == "flac":
            return self._receive_flac(data, measure)
        rest, octets = self._rest, 2 * self.channels
        if rest:
            data = rest + data
        size = len(data) // octets
        whole = size * octets
        self._rest = data[whole:]
        begin = self.samples
        self.samples = end = begin + size
        if not measure:
            return Heard(begin, end, self.rate, self.channels)
        samples = array("h", data[:whole])
        if sys.byteorder == "big":
            samples.byteswap()
        channels = [samples[channel :: self.channels] for channel in range(self.channels)]
        return Heard(begin, end, self.rate, self.channels, _levels(channels, begin, self.rate))

    def _receive_flac(self, data: bytes, measure: bool) -> Heard:
        begin = self.samples
        if self._flac is None:
            self._flac = FlacDecoder(samples=measure)
        try:
            blocks = self._flac.feed(data)
            info = self._flac.info
            if info is not None and info.rate != self.rate:
                raise FlacError(f"its rate is {info.rate} Hz, the request says {self.rate}", 0)
        except FlacError as error:
            if self._check:
                raise EventError(f"{error} (byte {error.offset} of the FLAC stream).") from None
            return Heard(begin, begin, self.rate, self.channels)
        if info is not None:
            self.channels = info.channels
        self.samples = end = begin + sum(block.size for block in blocks)
        if not measure:
            return Heard(begin, end, self.rate, self.channels)
        levels: list[Level] = []
        at = begin
        for block in blocks:
            levels += _levels(block.samples, at, self.rate)
            at += block.size
        return Heard(begin, end, self.rate, self.channels, tuple(levels))


def _levels(channels: list[array[int]] | tuple[array[int], ...], begin: int, rate: int) -> tuple[Level, ...]:
    """The levels of samples that begin at `begin`, in blocks whose borders are multiples of 10 ms of the session."""
    step = max(1, rate // BLOCKS_PER_SECOND)
    size = len(channels[0]) if channels else 0
    levels = []
    at = 0
    while at < size:
        end = min(size, at + step - (begin + at) % step)
        for number, samples in enumerate(channels):
            levels.append(_level(samples[at:end], begin + at, number))
        at = end
    return tuple(levels)


def _level(samples: array[int], begin: int, channel: int) -> Level:
    end = begin + len(samples)
    peak = max(max(samples), -min(samples))
    if peak <= SILENCE_PEAK:
        return Level(begin, end, channel, peak, 0.0, None, None)
    first = next(at for at, sample in enumerate(samples) if not -SILENCE_PEAK <= sample <= SILENCE_PEAK)
    last = next(at for at, sample in enumerate(reversed(samples)) if not -SILENCE_PEAK <= sample <= SILENCE_PEAK)
    mean_square = sum(map(mul, samples, samples)) / len(samples)
    return Level(begin, end, channel, min(peak, 32_767), mean_square, begin + first, end - last)
