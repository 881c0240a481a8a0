"""The recordings under fixtures/: small, alike in both forms, and what their script says that they are."""

import hashlib
import wave
from array import array
from pathlib import Path

import pytest

from mockscribe.session.audio import AudioClock
from mockscribe.session.flac import FlacDecoder
from mockscribe.session.heard import Level

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "recordings"
NAMES = ("silence", "tone", "visit-mono", "visit-stereo")


def read(name: str) -> tuple[int, bytes]:
    """Channels and interleaved samples."""
    with wave.open(str(RECORDINGS / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getsampwidth()) == (16_000, 2)
        return file.getnchannels(), file.readframes(file.getnframes())


def test_every_recording_has_both_forms_and_all_are_small() -> None:
    files = [path for path in RECORDINGS.iterdir() if path.suffix in (".wav", ".flac")]
    assert sorted(path.name for path in files) == sorted(
        f"{name}{form}" for name in NAMES for form in (".flac", ".wav")
    )
    assert sum(path.stat().st_size for path in files) < 1_200_000


@pytest.mark.parametrize("name", NAMES)
def test_the_two_forms_hold_the_same_samples(name: str) -> None:
    channels, samples = read(name)
    data = (RECORDINGS / f"{name}.flac").read_bytes()
    # STREAMINFO ends in the MD5 of the interleaved samples: the encoder's own word, without our decoder.
    assert data[26:42] == hashlib.md5(samples).digest()
    decoder = FlacDecoder(samples=True)
    decoded = [array("h") for _ in range(channels)]
    for block in decoder.feed(data):
        for one, more in zip(decoded, block.samples, strict=True):
            one.extend(more)
    expected = array("h", samples)
    assert decoded == [expected[channel::channels] for channel in range(channels)]


@pytest.mark.parametrize("name", NAMES)
def test_the_audio_clock_hears_the_same_in_both_forms(name: str) -> None:
    channels, samples = read(name)
    pcm = AudioClock(encoding="pcm", rate=16_000, channels=channels).receive(samples, measure=True)
    data = (RECORDINGS / f"{name}.flac").read_bytes()
    flac = AudioClock(encoding="flac", rate=16_000, channels=1).receive(data, measure=True)
    assert (flac.begin, flac.end, flac.channels) == (pcm.begin, pcm.end, pcm.channels)
    # FLAC's levels end where its blocks do, too; where sound begins and ends, and how loud it gets, is the same.
    for channel in range(channels):
        one, other = ([level for level in heard.levels if level.channel == channel] for heard in (pcm, flac))
        assert first_and_last(one) == first_and_last(other)
        assert max(level.peak for level in one) == max(level.peak for level in other)


def first_and_last(levels: list[Level]) -> tuple[int | None, int | None]:
    """Where a channel's sound begins and ends."""
    firsts = [level.first for level in levels if level.first is not None]
    lasts = [level.last for level in levels if level.last is not None]
    return min(firsts, default=None), max(lasts, default=None)


def test_in_the_stereo_visit_the_two_take_turns() -> None:
    _, samples = read("visit-stereo")
    heard = AudioClock(encoding="pcm", rate=16_000, channels=2).receive(samples, measure=True)
    clinician, patient = (
        [level for level in heard.levels if level.channel == channel and level.first is not None] for channel in (0, 1)
    )
    assert clinician
    assert patient
    assert clinician[-1].end < patient[0].begin


def test_silence_is_silent_and_the_tone_is_not() -> None:
    _, samples = read("silence")
    assert not any(samples)
    _, samples = read("tone")
    heard = AudioClock(encoding="pcm", rate=16_000, channels=1).receive(samples, measure=True)
    assert max(level.peak for level in heard.levels) == 16_384
    assert heard.end_us == 2_000_000
