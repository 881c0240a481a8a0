"""The audio clock: positions to the sample, and levels against computations that are plain to see."""

import math
import random
import struct

import pytest

from mockscribe.errors import EventError
from mockscribe.session.audio import SILENCE_PEAK, AudioClock
from mockscribe.session.heard import Heard, Level
from tests.flac import constant, frame, header, stream, verbatim

RATE = 16_000
BLOCK = 160  # 10 ms


def clock(channels: int = 1, *, rate: int = RATE, encoding: str = "pcm", check: bool = True) -> AudioClock:
    return AudioClock(encoding=encoding, rate=rate, channels=channels, check_flac_header=check)


def pcm(*channels: list[int]) -> bytes:
    return b"".join(struct.pack("<h", sample) for samples in zip(*channels, strict=True) for sample in samples)


def level(samples: list[int], begin: int, channel: int = 0) -> Level:
    """What a level must say, by its definition."""
    sound = [begin + at for at, sample in enumerate(samples) if abs(sample) > SILENCE_PEAK]
    return Level(
        begin,
        begin + len(samples),
        channel,
        min(32_767, max(map(abs, samples))),
        math.fsum(sample * sample for sample in samples) / len(samples) if sound else 0.0,
        sound[0] if sound else None,
        sound[-1] + 1 if sound else None,
    )


def assert_heard(heard: Heard, begin: int, end: int) -> None:
    """These samples of one channel, and no levels."""
    assert (heard.begin, heard.end, heard.rate, heard.channels, heard.levels) == (begin, end, RATE, 1, ())


# ---- PCM


def test_pcm_is_counted_to_the_sample() -> None:
    audio = clock()
    assert_heard(audio.receive(bytes(2 * 400), measure=False), 0, 400)
    assert_heard(audio.receive(bytes(2 * 3), measure=False), 400, 403)
    assert audio.samples == 403
    assert audio.seconds == 403 / 16_000
    assert audio.us == 25_187  # 25,187.5 rounded down


def test_microseconds_are_rounded_down_from_the_sessions_start() -> None:
    heard = clock(rate=44_100).receive(bytes(2 * 44_099), measure=False)
    assert (heard.begin_us, heard.end_us) == (0, 999_977)
    assert Heard(44_099, 88_200, 44_100, 1).begin_us == 999_977


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 7, 1001])
def test_chunks_may_cut_samples_in_half(cut: int) -> None:
    draw = random.Random(1)
    left, right = ([draw.randrange(-32_768, 32_768) for _ in range(500)] for _ in range(2))
    data = pcm(left, right)
    audio = clock(2)
    levels = []
    for at in range(0, len(data), cut):
        heard = audio.receive(data[at : at + cut], measure=True)
        assert heard.end == min(500, (at + cut) // 4)
        assert heard.channels == 2
        levels += heard.levels
    assert audio.samples == 500
    for channel, samples in enumerate((left, right)):
        own = [each for each in levels if each.channel == channel]
        assert own == [level(samples[each.begin : each.end], each.begin, channel) for each in own]
        assert [each.begin for each in own] == [0, *(each.end for each in own[:-1])]


def test_levels_are_blocks_of_10_ms_of_the_session() -> None:
    audio = clock()
    samples = [3000] * 500
    first = audio.receive(pcm(samples[:100]), measure=True)
    second = audio.receive(pcm(samples[100:]), measure=True)
    assert [(each.begin, each.end) for each in first.levels] == [(0, 100)]
    assert [(each.begin, each.end) for each in second.levels] == [(100, 160), (160, 320), (320, 480), (480, 500)]


def test_a_rate_below_100_hz_has_blocks_of_a_sample() -> None:
    assert [each.end for each in clock(rate=50).receive(pcm([1, 2, 3]), measure=True).levels] == [1, 2, 3]


def test_channels_are_told_apart() -> None:
    heard = clock(2).receive(pcm([0] * BLOCK, [5000] * BLOCK), measure=True)
    assert heard.levels == (
        Level(0, BLOCK, 0, 0, 0.0, None, None),
        Level(0, BLOCK, 1, 5000, 25_000_000.0, 0, BLOCK),
    )


def test_what_is_at_most_the_silence_peak_is_silence() -> None:
    assert 20 * math.log10(SILENCE_PEAK / 32_768) == pytest.approx(-50, abs=0.5)  # dBFS
    quiet = [SILENCE_PEAK, -SILENCE_PEAK] * (BLOCK // 2)
    (heard,) = clock().receive(pcm(quiet), measure=True).levels
    assert heard == Level(0, BLOCK, 0, SILENCE_PEAK, 0.0, None, None)
    for loud in (SILENCE_PEAK + 1, -SILENCE_PEAK - 1):
        samples = list(quiet)
        samples[7] = loud
        (heard,) = clock().receive(pcm(samples), measure=True).levels
        assert (heard.first, heard.last, heard.peak) == (7, 8, SILENCE_PEAK + 1)


def test_the_lowest_sample_has_the_highest_peak() -> None:
    (heard,) = clock().receive(pcm([0, -32_768]), measure=True).levels
    assert (heard.peak, heard.mean_square, heard.first, heard.last) == (32_767, 32_768**2 / 2, 1, 2)


def test_a_sine_is_as_loud_as_theory_says() -> None:
    samples = [round(16_384 * math.sin(2 * math.pi * 500 * at / RATE)) for at in range(RATE)]
    heard = clock().receive(pcm(samples), measure=True)
    assert len(heard.levels) == 100
    for each in heard.levels:  # 10 ms are five periods of 500 Hz
        assert each.peak == 16_384
        assert each.mean_square == pytest.approx(16_384**2 / 2, rel=1e-4)


def test_noise_is_measured_as_defined() -> None:
    draw = random.Random(7)
    samples = [int(draw.gauss(0, 80)) for _ in range(1000)]
    heard = clock().receive(pcm(samples), measure=True)
    assert list(heard.levels) == [level(samples[at : at + BLOCK], at) for at in range(0, 1000, BLOCK)]
    assert {each.first is None for each in heard.levels} == {False}


def test_an_empty_chunk_is_nothing() -> None:
    assert_heard(clock().receive(b"", measure=True), 0, 0)


def test_samples_are_little_endian_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # The arrays of a machine of the other kind swap what this one's do not.
    monkeypatch.setattr("sys.byteorder", "big" if __import__("sys").byteorder == "little" else "little")
    (heard,) = clock().receive(struct.pack(">h", 0x1234), measure=True).levels
    assert heard.peak == 0x1234


def test_a_resumed_session_goes_on_without_the_half_sample() -> None:
    audio = clock()
    audio.receive(b"\1\2\3", measure=False)
    audio.resume()
    assert_heard(audio.receive(b"\1\2", measure=False), 1, 2)


# ---- FLAC

SAMPLES = [0] * 100 + [500, -500] * 50


def test_flac_is_counted_when_its_blocks_are_complete() -> None:
    audio = clock(encoding="flac")
    data = stream(frame(header(200), verbatim(SAMPLES)), frame(header(4096), constant(0)))
    assert_heard(audio.receive(data[:3], measure=False), 0, 0)
    assert_heard(audio.receive(data[3:300], measure=False), 0, 0)
    assert_heard(audio.receive(data[300:], measure=False), 0, 4296)
    assert audio.samples == 4296


def test_flac_tells_its_channels_itself() -> None:
    audio = clock(1, encoding="flac")
    data = stream(frame(header(200, channel_code=1), verbatim(SAMPLES), constant(0)), channels=2)
    heard = audio.receive(data, measure=True)
    assert heard.channels == audio.channels == 2
    assert list(heard.levels) == [
        level(SAMPLES[:160], 0, 0),
        level([0] * 160, 0, 1),
        level(SAMPLES[160:], 160, 0),
        level([0] * 40, 160, 1),
    ]
    assert heard.levels[0].first == 100


def test_flac_blocks_are_levels_of_their_own() -> None:
    audio = clock(encoding="flac")
    data = stream(frame(header(200), verbatim(SAMPLES)), frame(header(200), verbatim(SAMPLES)))
    heard = audio.receive(data, measure=True)
    assert [(each.begin, each.end) for each in heard.levels] == [(0, 160), (160, 200), (200, 320), (320, 400)]


def test_flac_begins_anew_on_every_stream() -> None:
    audio = clock(encoding="flac")
    data = stream(frame(header(200), verbatim(SAMPLES)))
    audio.receive(data + b"\xff", measure=True)
    audio.resume()
    heard = audio.receive(data, measure=True)
    assert (heard.begin, heard.end) == (200, 400)
    assert heard.levels[0] == level(SAMPLES[:120], 200)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF" + bytes(40), "the stream does not begin with fLaC (byte 0 of the FLAC stream)."),
        (stream(rate=8000), "its rate is 8000 Hz, the request says 16000 (byte 0 of the FLAC stream)."),
    ],
)
def test_what_is_not_the_announced_flac_is_refused(data: bytes, reason: str) -> None:
    audio = clock(encoding="flac")
    for chunk in (data, b""):
        with pytest.raises(EventError) as caught:
            audio.receive(chunk, measure=False)
        assert caught.value.message == reason
    assert audio.samples == 0


@pytest.mark.parametrize("data", [b"RIFF" + bytes(40), stream(frame(header(200), verbatim(SAMPLES)), rate=8000)])
def test_unchecked_it_counts_as_nothing(data: bytes) -> None:
    audio = clock(encoding="flac", check=False)
    for _ in range(2):
        assert_heard(audio.receive(data, measure=True), 0, 0)
