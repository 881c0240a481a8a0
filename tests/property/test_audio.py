"""Audio in any cut: the same samples, levels that tile, the same sound; hostile FLAC ends in one error, or none."""

import itertools
import struct
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.session.audio import SILENCE_PEAK, AudioClock
from mockscribe.session.flac import FlacDecoder, FlacError
from mockscribe.session.heard import Level
from tests import flac

RATE = 8_000
LEVEL = RATE // 100

samples = st.one_of(st.integers(-150, 150), st.integers(-32_768, 32_767))
channels = st.integers(1, 2).flatmap(
    lambda count: st.lists(st.lists(samples, min_size=count, max_size=count), max_size=300)
)
cuts = st.lists(st.integers(0, 2_000), max_size=12)


def pieces(data: bytes, at: Iterable[int]) -> list[bytes]:
    borders = [0, *sorted(min(each, len(data)) for each in at), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(borders)]


def hear(clock: AudioClock, chunks: Iterable[bytes]) -> list[Level]:
    """All levels, once it is sure that what was heard tiles the session and each event's levels tile the event."""
    levels = []
    at = 0
    for chunk in chunks:
        heard = clock.receive(chunk, measure=True)
        assert heard.begin == at
        for channel in range(heard.channels):
            own = [level for level in heard.levels if level.channel == channel]
            borders = [heard.begin, *(level.end for level in own)]
            assert [level.begin for level in own] == borders[:-1]
            assert borders[-1] == heard.end
            assert all(level.begin // LEVEL == (level.end - 1) // LEVEL for level in own)
        at = heard.end
        levels += heard.levels
    assert clock.samples == at
    return levels


def check(levels: list[Level], frames: list[list[int]]) -> None:
    """Each level by its definition, from the samples that went in."""
    for level in levels:
        own = [frame[level.channel] for frame in frames[level.begin : level.end]]
        sound = [level.begin + at for at, sample in enumerate(own) if abs(sample) > SILENCE_PEAK]
        assert level.peak == min(32_767, max(map(abs, own)))
        assert level.first == (sound[0] if sound else None)
        assert level.last == (sound[-1] + 1 if sound else None)
        assert level.mean_square == (sum(sample * sample for sample in own) / len(own) if sound else 0.0)


@settings(max_examples=60, deadline=None)
@given(channels, cuts)
def test_any_cut_of_pcm_is_heard_alike(frames: list[list[int]], at: list[int]) -> None:
    count = len(frames[0]) if frames else 1
    data = struct.pack(f"<{len(frames) * count}h", *itertools.chain(*frames))
    clock = AudioClock(encoding="pcm", rate=RATE, channels=count)
    check(hear(clock, pieces(data, at)), frames)
    assert clock.samples == len(frames)


@st.composite
def flac_streams(draw: st.DrawFn) -> tuple[bytes, list[list[int]]]:
    """A stream of several frames, each coded in some way, and the samples that it holds."""
    count = draw(st.integers(1, 2))
    frames: list[list[int]] = []
    data = []
    for number in range(draw(st.integers(0, 4))):
        size = draw(st.integers(4, 60))
        block = [draw(st.lists(samples, min_size=size, max_size=size)) for _ in range(count)]
        head = flac.header(size, channel_code=count - 1, number=bytes([number]))
        data.append(flac.frame(head, *(draw(subframes(channel)) for channel in block)))
        frames += map(list, zip(*block, strict=True))
    return flac.stream(*data, rate=RATE, channels=count), frames


def subframes(channel: list[int]) -> st.SearchStrategy[str]:
    coefficients = st.lists(st.integers(-4, 3), min_size=1, max_size=4)
    return st.one_of(
        st.just(flac.verbatim(channel)),
        st.integers(0, 4).map(lambda order: flac.fixed(order, channel, parameter=14)),
        st.tuples(coefficients, st.integers(0, 5)).map(lambda of: flac.linear(of[0], of[1], 3, channel, parameter=14)),
    )


@settings(max_examples=60, deadline=None)
@given(flac_streams(), cuts)
def test_any_cut_of_flac_is_heard_alike(made: tuple[bytes, list[list[int]]], at: list[int]) -> None:
    data, frames = made
    clock = AudioClock(encoding="flac", rate=RATE, channels=1)
    check(hear(clock, pieces(data, at)), frames)
    assert clock.samples == len(frames)
    counter = AudioClock(encoding="flac", rate=RATE, channels=1)
    for piece in pieces(data, at):
        counter.receive(piece, measure=False)
    assert counter.samples == clock.samples


def outcome(data: bytes, at: Iterable[int], *, wanted: bool) -> tuple[str, int] | None:
    """The error in which a stream ends; anything but a FlacError fails the test."""
    decoder = FlacDecoder(samples=wanted)
    try:
        for piece in pieces(data, at):
            decoder.feed(piece)
    except FlacError as error:
        return str(error), error.offset
    return None


@settings(max_examples=150, deadline=None)
@given(flac_streams(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4), cuts)
def test_a_mutated_stream_fails_alike_in_any_cut_or_not_at_all(
    made: tuple[bytes, list[list[int]]], changes: list[tuple[int, int]], at: list[int]
) -> None:
    data = bytearray(made[0])
    for place, byte in changes:
        data[place % len(data)] = byte
    whole = outcome(bytes(data), (), wanted=True)
    assert outcome(bytes(data), at, wanted=True) == whole
    assert outcome(bytes(data), at, wanted=False) == whole


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.text("01", max_size=2_000), st.integers(2, 60), cuts)
def test_garbage_fails_alike_in_any_cut_or_not_at_all(rest: bytes, bits: str, size: int, at: list[int]) -> None:
    for data in (
        rest,
        flac.MARKER + rest,
        flac.stream(rest),
        flac.stream(flac.frame(flac.header(size), bits), rest),  # whole by its checksums, its inside by chance
    ):
        whole = outcome(data, (), wanted=True)
        assert outcome(data, at, wanted=True) == whole
        assert outcome(data, at, wanted=False) == whole
