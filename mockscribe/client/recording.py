"""A recording as the service takes it, out of a file's bytes: PCM without its WAV header, FLAC as it is, raw PCM.

Formats: RIFF/WAVE with 16-bit PCM (Microsoft, "Multiple channel audio data and WAVE files"), and of FLAC only what
STREAMINFO tells (RFC 9639, 8.2). What the service may refuse (a rate, a size) is left to it. No IO.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from mockscribe.errors import ConfigError

MAX_CHANNELS = 2
"""The service tells two channels apart (MODEL: channelDefinitions has two)."""

RAW_SUFFIXES = (".pcm", ".raw")

_SAMPLE_BYTES = 2  # UG-ambient: PCM is 16-bit
_CONVERT = "convert it with: ffmpeg -i {name} -ac 1 -ar 16000 -c:a pcm_s16le recording.wav"

_FORMAT = struct.Struct("<HHIIHH")
_PCM, _EXTENSIBLE = 1, 0xFFFE
_SUBFORMAT_AT = 24  # within the chunk `fmt `; the first two bytes of that GUID are the format it stands for
_STREAMED = (0, 0xFFFF_FFFF)  # sizes that writers leave when they could not come back to fill them in

_STREAMINFO_AT, _STREAMINFO_BYTES = 8, 34
_RATE_AT = _STREAMINFO_AT + 10
_FLAC_RATIO = 0.5  # own choice where a file does not tell its length: lossless speech takes about half of PCM


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Audio to stream: `encoding` is `pcm` or `flac`, `rate` in Hz, `seconds` None where the file does not tell."""

    data: bytes | memoryview
    encoding: str
    rate: int
    channels: int
    seconds: float | None

    def chunks(self, chunk_ms: int) -> Iterator[tuple[memoryview, float]]:
        """The audio in order, in pieces of about `chunk_ms`, each with its duration in seconds.

        PCM is cut between samples. FLAC is cut into equal pieces, each of which is held to last as long as the others.
        """
        data = memoryview(self.data)
        if self.encoding == "pcm":
            frame = _SAMPLE_BYTES * self.channels
            step = max(1, self.rate * chunk_ms // 1000) * frame
            for at in range(0, len(data), step):
                piece = data[at : at + step]
                yield piece, len(piece) / frame / self.rate
            return
        seconds = self.seconds
        if seconds is None:
            seconds = len(data) / (_FLAC_RATIO * _SAMPLE_BYTES * self.channels * self.rate)
        count = min(len(data), max(1, round(seconds * 1000 / chunk_ms)))
        for number in range(count):
            piece = data[number * len(data) // count : (number + 1) * len(data) // count]
            yield piece, seconds * len(piece) / len(data)


def open_recording(data: bytes, *, name: str, rate: int | None = None, channels: int | None = None) -> Recording:
    """The recording in a file's bytes; WAV and FLAC are known by their first bytes, and need no `rate` and `channels`.

    Raises:
        ConfigError: the file cannot be streamed; the message says what to do.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        recording = _wav(data, name)
    elif data[:4] == b"fLaC":
        recording = _flac(data, name)
    elif rate is not None or name.lower().endswith(RAW_SUFFIXES):
        return _raw(data, name, rate, channels or 1)
    else:
        raise ConfigError(
            name, f"is neither WAV nor FLAC: {_CONVERT.format(name=name)}; or, if it is raw 16-bit PCM, give --rate"
        )
    for flag, given, found in (("--rate", rate, recording.rate), ("--channels", channels, recording.channels)):
        if given not in (None, found):
            raise ConfigError(flag, f"{given} contradicts {name}, which says {found}; it is for raw PCM, leave it out")
    return recording


def _raw(data: bytes, name: str, rate: int | None, channels: int) -> Recording:
    if rate is None:
        raise ConfigError(name, "is raw PCM, which does not tell its sample rate: give --rate (such as --rate 16000)")
    return _pcm(data, name, rate, channels)


def _pcm(data: bytes | memoryview, name: str, rate: int, channels: int) -> Recording:
    if not len(data):
        raise ConfigError(name, "holds no audio")
    seconds = len(data) / (_SAMPLE_BYTES * channels * rate)
    return Recording(data=data, encoding="pcm", rate=rate, channels=channels, seconds=seconds)


def _wav(data: bytes, name: str) -> Recording:
    """The samples of a WAV file, past any other chunks."""
    rate = channels = 0
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if kind == b"fmt ":
            rate, channels = _wav_format(data[at : at + size], name)
        elif kind == b"data":
            if not rate:
                raise ConfigError(name, "is a WAV file with samples before their format: it is damaged")
            end = len(data) if size in _STREAMED else at + size
            return _pcm(memoryview(data)[at:end], name, rate, channels)
        at += size + size % 2  # chunks are padded to even sizes
    raise ConfigError(name, "is a WAV file without samples: it was cut short")


def _wav_format(block: bytes, name: str) -> tuple[int, int]:
    """Rate and channels, if it is 16-bit PCM."""
    if len(block) < _FORMAT.size:
        raise ConfigError(name, "is a WAV file whose format is cut short")
    code, channels, rate, _, _, bits = _FORMAT.unpack_from(block)
    if code == _EXTENSIBLE:
        code = int.from_bytes(block[_SUBFORMAT_AT : _SUBFORMAT_AT + 2], "little")
    if (code, bits) != (_PCM, 8 * _SAMPLE_BYTES):
        coding = f"{bits}-bit PCM" if code == _PCM else f"encoded in format {code:#06x}"
        raise ConfigError(name, f"is {coding}; the service takes 16-bit PCM: {_CONVERT.format(name=name)}")
    _check(name, rate, channels)
    return rate, channels


def _flac(data: bytes, name: str) -> Recording:
    """What STREAMINFO, the first block of every FLAC file, says."""
    if len(data) < _STREAMINFO_AT + _STREAMINFO_BYTES or data[4] & 0x7F != 0:
        raise ConfigError(name, "is a FLAC file that does not begin with STREAMINFO: it was cut short or damaged")
    packed = int.from_bytes(
        data[_RATE_AT : _RATE_AT + 8], "big"
    )  # 20 bits rate, 3 channels - 1, 5 width - 1, 36 samples
    rate, channels, samples = packed >> 44, (packed >> 41 & 0b111) + 1, packed & (1 << 36) - 1
    _check(name, rate, channels)
    seconds = samples / rate if samples else None
    return Recording(data=data, encoding="flac", rate=rate, channels=channels, seconds=seconds)


def _check(name: str, rate: int, channels: int) -> None:
    if not rate:
        raise ConfigError(name, "says that its sample rate is 0")
    if not 1 <= channels <= MAX_CHANNELS:
        raise ConfigError(name, f"has {channels} channels; the service takes 1 or 2: {_CONVERT.format(name=name)}")
