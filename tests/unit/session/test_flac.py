"""The FLAC decoder, field by field: streams made by hand (tests/flac.py) with samples that are known beforehand."""

import random
import re
import tracemalloc
from array import array
from collections.abc import Iterable

import crcmod
import pytest

from mockscribe.session.flac import MAX_FRAME_BYTES, PIECE_BYTES, FlacDecoder, FlacError, StreamInfo
from mockscribe.session.flac_arithmetic import crc8, crc16
from tests import flac
from tests.flac import constant, fixed, frame, header, linear, metadata, octets, stream, streaminfo, subframe, verbatim

WAVE = [0, 40, 79, 110, 128, 140, 133, 120, 90, 51, 12, -30, -71, -100, -128, -139]
OTHER = [sample // 2 - 3 for sample in WAVE]


def decode(data: bytes, *, cut: int | None = None, samples: bool = True) -> list[list[int]]:
    """The samples of each channel."""
    decoder = FlacDecoder(samples=samples)
    channels: list[list[int]] = [[], []]
    step = cut or len(data)
    for at in range(0, len(data), step):
        for block in decoder.feed(data[at : at + step]):
            assert all(len(each) == block.size for each in block.samples)
            for number, each in enumerate(block.samples):
                channels[number] += each
    return channels if channels[1] else channels[:1]


def feed(decoder: FlacDecoder, data: bytes, cut: int) -> None:
    for at in range(0, len(data), cut):
        decoder.feed(data[at : at + cut])


def fails(data: bytes, message: str) -> FlacError:
    """Decoding fails alike with and without samples, whole and byte by byte; and goes on failing."""
    errors = []
    for samples in (True, False):
        for cut in (len(data), 1):
            decoder = FlacDecoder(samples=samples)
            with pytest.raises(FlacError, match=re.escape(message)) as caught:
                feed(decoder, data, cut)
            with pytest.raises(FlacError) as again:
                decoder.feed(b"more")
            assert again.value is caught.value
            errors.append(caught.value)
    assert len({(str(error), error.offset) for error in errors}) == 1
    return errors[0]


# ---- metadata


def test_streaminfo_tells_the_stream() -> None:
    decoder = FlacDecoder(samples=False)
    decoder.feed(flac.MARKER)
    assert decoder.info is None
    assert list(decoder.feed(streaminfo(44_100, 2, 24))) == []
    assert decoder.info == StreamInfo(44_100, 2, 24)


def test_other_metadata_is_passed_over() -> None:
    data = flac.MARKER + streaminfo(last=False) + metadata(4, b"vendor") + metadata(1, b"") + metadata(3, b"\xff" * 99)
    data += metadata(126, b"\0", last=True) + frame(header(3), verbatim([1, -2, 3]))
    for cut in (None, 1, 7):
        assert decode(data, cut=cut) == [[1, -2, 3]]


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"RIFF", "does not begin with fLaC", 0),
        (flac.MARKER + metadata(4, b"vendor"), "the first metadata block, and no other, must be STREAMINFO", 8),
        (flac.MARKER + streaminfo(last=False) + streaminfo(), "and no other, must be STREAMINFO", 46),
        (flac.MARKER + metadata(0, b"\0" * 33), "must be STREAMINFO", 8),
        (flac.MARKER + streaminfo(last=False) + metadata(127, b""), "forbidden type", 46),
        (
            flac.MARKER + streaminfo(channels=3),
            "3 channels of 16 bits at 16000 Hz: 1 or 2",
            42,
        ),
        (flac.MARKER + streaminfo(depth=25), "1 channels of 25 bits", 42),
        (flac.MARKER + streaminfo(depth=3), "1 channels of 3 bits", 42),
        (flac.MARKER + streaminfo(rate=0), "at 0 Hz", 42),
    ],
)
def test_metadata_that_cannot_be_is_refused(data: bytes, message: str, offset: int) -> None:
    assert fails(data, message).offset == offset


def test_a_picture_of_16_mb_costs_no_memory() -> None:
    size = (1 << 24) - 1
    head = flac.MARKER + streaminfo(last=False) + octets("1" + flac.unsigned(6, 7) + flac.unsigned(size, 24))
    data = head + bytes(size) + frame(header(2), constant(5))
    decoder = FlacDecoder(samples=True)
    tracemalloc.start()
    try:
        (block,) = decoder.feed(memoryview(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert list(block.samples[0]) == [5, 5]
    assert peak < 40 * PIECE_BYTES


# ---- frames


@pytest.mark.parametrize("cut", [None, 1, 2, 3, 17])
def test_blocks_come_when_they_are_complete(cut: int | None) -> None:
    frames = [frame(header(16), verbatim(WAVE)), frame(header(9), constant(-7)), frame(header(16), fixed(2, WAVE))]
    assert decode(stream(*frames), cut=cut) == [[*WAVE, *[-7] * 9, *WAVE]]


def test_a_block_comes_with_its_last_byte_and_not_before() -> None:
    decoder = FlacDecoder(samples=False)
    data = stream(frame(header(16), verbatim(WAVE)))
    assert list(decoder.feed(data[:-1])) == []
    assert list(decoder.feed(b"")) == []
    assert [block.size for block in decoder.feed(data[-1:])] == [16]


def test_without_samples_the_sizes_are_the_same() -> None:
    decoder = FlacDecoder(samples=False)
    frames = [
        frame(header(16), linear([1], 0, 5, WAVE)),
        frame(header(16), fixed(3, WAVE)),
        frame(header(5), constant(1)),
    ]
    blocks = decoder.feed(stream(*frames))
    assert [block.size for block in blocks] == [16, 16, 5]
    assert all(block.samples == () for block in blocks)


@pytest.mark.parametrize(
    ("code", "size"),
    [
        (1, 192),
        (2, 576),
        (3, 1152),
        (4, 2304),
        (5, 4608),
        *((code, 1 << code) for code in range(8, 16)),
        (6, 200),
        (7, 999),
    ],
)
def test_every_code_of_the_block_size(code: int, size: int) -> None:
    assert decode(stream(frame(header(size, size_code=code), constant(3)))) == [[3] * size]


@pytest.mark.parametrize(
    ("code", "bits", "rate"),
    [
        *zip(
            range(1, 12), [""] * 11,
            (88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000), strict=True,
        ),
        (12, flac.unsigned(12, 8), 12_000),
        (13, flac.unsigned(11_025, 16), 11_025),
        (14, flac.unsigned(4_410, 16), 44_100),
        (0, "", 12_345),
    ],
)  # fmt: skip
def test_every_code_of_the_sample_rate(code: int, bits: str, rate: int) -> None:
    data = stream(frame(header(4, rate_code=code, rate_bits=bits), constant(3)), rate=rate)
    assert decode(data, cut=1) == [[3] * 4]
    if code:
        wrong = stream(frame(header(4, rate_code=code, rate_bits=bits), constant(3)), rate=rate + 1)
        assert fails(wrong, "a frame's header does not fit STREAMINFO").offset == 42


@pytest.mark.parametrize(("code", "depth"), [(1, 8), (2, 12), (4, 16), (5, 20), (6, 24), (0, 11)])
def test_every_depth_is_scaled_to_16_bits(code: int, depth: int) -> None:
    extremes = [-(1 << depth - 1), (1 << depth - 1) - 1, 0, 1]
    scale = 2.0 ** (16 - depth)
    data = stream(frame(header(4, depth_code=code), verbatim(extremes, depth)), depth=depth)
    assert decode(data) == [[int(sample * scale // 1) for sample in extremes]]


def number(value: int) -> bytes:
    """A frame's or sample's number: UTF-8's scheme, drawn out to 36 bits."""
    if value < 0x80:
        return bytes([value])
    following = next(n for n in range(1, 7) if value < 1 << (6 * n + 6 - n))
    bits = "1" * (following + 1) + "0" + flac.unsigned(value, 6 * following + 6 - following)[: 6 - following]
    rest = flac.unsigned(value, 6 * following + 6 - following)[6 - following :]
    return octets(bits + "".join("10" + rest[at : at + 6] for at in range(0, len(rest), 6)))


@pytest.mark.parametrize("value", [0, 0x7F, 0x80, 0x7FF, 0xFFFF, 0x10FFFF, 0x3FFFFFF, 0x7FFFFFFF, (1 << 36) - 1])
def test_numbers_of_every_length_are_read(value: int) -> None:
    if 0x80 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF:
        assert number(value) == chr(value).encode()
    assert decode(stream(frame(header(2, number=number(value)), constant(9)))) == [[9, 9]]


@pytest.mark.parametrize(
    "value", [b"\x80", b"\xbf", b"\xff", b"\xc2\x00", b"\xe0\x80\xc0", b"\xfe" + b"\x80" * 5 + b"\0"]
)
def test_numbers_that_are_none_are_refused(value: bytes) -> None:
    data = stream(header(2, number=value) + bytes(20))
    assert fails(data, "a frame's number is not coded as it must be").offset == 42 + 4 + len(value)


@pytest.mark.parametrize(
    ("frame_bytes", "message", "channels"),
    [
        (b"\0\0", "no frame begins where one must", 1),
        (header(4, sync="1" * 13 + "010"), "no frame begins where one must", 1),
        (header(4, size_code=0) + b"\0", "the reserved block size", 1),
        (octets(flac.unsigned(0xFFF87000, 32) + "0" * 8 + "1" * 16), "the forbidden block size", 1),
        (header(4, rate_code=15) + b"\0", "the forbidden sample rate", 1),
        (frame(header(4, channel_code=1), constant(1), constant(1)), "does not fit STREAMINFO", 1),
        (frame(header(4, channel_code=8), constant(1), constant(1, 17)), "does not fit STREAMINFO", 1),
        (frame(header(4), constant(1)), "does not fit STREAMINFO", 2),
        (frame(header(4, channel_code=11), constant(1), constant(1)), "does not fit STREAMINFO", 2),
        (frame(header(4, depth_code=1), constant(1, 8)), "does not fit STREAMINFO", 1),
        (frame(header(4, depth_code=3), constant(1)), "does not fit STREAMINFO", 1),
        (frame(header(4, depth_code=7), constant(1)), "does not fit STREAMINFO", 1),
        (frame(header(4, reserved=1), constant(1)), "does not fit STREAMINFO", 1),
    ],
)
def test_frames_that_cannot_be_are_refused(frame_bytes: bytes, message: str, channels: int) -> None:
    # 16: so that none of them only waits for more.
    fails(stream(frame_bytes + bytes(16), channels=channels), message)


def test_after_a_frame_another_must_begin() -> None:
    assert fails(stream(frame(header(4), constant(1)), b"garbage"), "no frame begins").offset == 42 + 8 + 3 + 2


# ---- the checksums


@pytest.mark.parametrize("size", [0, 1, 5, 300])
def test_the_checksums_are_those_of_crcmod(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert crc8(data) == crcmod.mkCrcFun(0x107, initCrc=0, rev=False)(data)
    assert crc16(data) == crcmod.predefined.mkCrcFun("crc-16-buypass")(data)


def test_every_bit_of_a_frame_is_vouched_for() -> None:
    whole = frame(header(4), verbatim([1, 2, 3, 4]))
    for bit in range(8 * len(whole)):
        broken = (int.from_bytes(whole, "big") ^ 1 << bit).to_bytes(len(whole), "big")
        with pytest.raises(FlacError):
            FlacDecoder(samples=False).feed(stream(broken) + bytes(40))


def test_a_wrong_checksum_is_named_with_its_place() -> None:
    whole = bytearray(frame(header(4), verbatim([1, 2, 3, 4])))
    head = len(header(4))
    whole[head] ^= 1
    assert fails(stream(bytes(whole)), "the CRC-8 of a frame's header does not match").offset == 42 + head
    whole[head] ^= 1
    whole[-1] ^= 1
    assert fails(stream(bytes(whole)), "the CRC-16 of a frame does not match").offset == 42 + len(whole) - 2


# ---- subframes

LOUD = [32_767, -32_768, 32_767, -32_768, 0, 0, 1, -1]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("samples", [WAVE, LOUD, [5] * 8])
def test_fixed_predictors(order: int, samples: list[int], cut: int | None) -> None:
    assert decode(stream(frame(header(len(samples)), fixed(order, samples, parameter=6))), cut=cut) == [samples]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(
    ("coefficients", "shift", "precision"),
    [([1], 0, 2), ([2, -1], 0, 3), ([-3], 1, 3), ([1900, -1000, 55], 10, 12), ([16_383], 14, 15), ([7, -8] * 4, 3, 4)],
)
def test_linear_predictors(coefficients: list[int], shift: int, precision: int, cut: int | None) -> None:
    data = stream(frame(header(16), linear(coefficients, shift, precision, WAVE, parameter=7)))
    assert decode(data, cut=cut) == [WAVE]


def test_the_longest_linear_predictor() -> None:
    samples = [random.Random(1).randrange(-900, 900) for _ in range(40)]
    assert decode(stream(frame(header(40), linear([1, -1] * 16, 2, 2, samples, parameter=9)))) == [samples]


@pytest.mark.parametrize("wide", [0, 1])
@pytest.mark.parametrize("parameter", [0, 1, 5, 14])
def test_rice_codes(parameter: int, wide: int) -> None:
    assert decode(stream(frame(header(16), fixed(0, WAVE, parameter=parameter, wide=wide))), cut=3) == [WAVE]


def test_the_widest_rice_parameter() -> None:
    samples = [(1 << 23) - 1, -(1 << 23), 5, -6]
    data = stream(frame(header(4), fixed(0, samples, 24, parameter=30, wide=1)), depth=24)
    assert decode(data, cut=1) == [[sample >> 8 for sample in samples]]


@pytest.mark.parametrize("wide", [0, 1])
@pytest.mark.parametrize("partitions", [0, 1, 2, 3])
def test_partitions(partitions: int, wide: int) -> None:
    data = stream(frame(header(16), fixed(1, WAVE, partitions=partitions, wide=wide)))
    assert decode(data) == [WAVE]
    data = stream(frame(header(16), fixed(1, WAVE, partitions=partitions, wide=wide, escape=9)))
    assert decode(data, cut=1) == [WAVE]


def test_an_escape_of_no_bits_is_all_zeros() -> None:
    assert decode(stream(frame(header(5), fixed(1, [77] * 5, escape=0)))) == [[77] * 5]


@pytest.mark.parametrize("wasted", [1, 3, 15])
def test_wasted_bits(wasted: int) -> None:
    data = stream(frame(header(6), constant(-1, wasted=wasted)), frame(header(2), verbatim([0, -1], wasted=wasted)))
    assert decode(data) == [[-1 << wasted] * 6 + [0, -1 << wasted]]
    assert decode(data, samples=False) == [[]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (subframe(0, "0" * 16, padding=1), "a subframe does not begin with a zero bit"),
        (subframe(2, ""), "a subframe has a reserved type"),
        (subframe(7, ""), "a subframe has a reserved type"),
        (subframe(13, ""), "a subframe has a reserved type"),
        (subframe(31, ""), "a subframe has a reserved type"),
        (subframe(0, "", wasted=16), "a subframe wastes all its bits"),
        ("0000000" + "1" + "0" * 4000, "a subframe wastes all its bits"),
        (subframe(12, "0" * 64), "a predictor's order exceeds its block"),
        (subframe(34, "0" * 64), "a predictor's order exceeds its block"),
        (subframe(32, "0" * 16 + "1111" + "00000"), "a linear predictor has a forbidden precision or shift"),
        (subframe(32, "0" * 16 + "0000" + "10000"), "a linear predictor has a forbidden precision or shift"),
        (subframe(8, "10"), "a residual has a reserved coding"),
        (subframe(8, "11"), "a residual has a reserved coding"),
        (subframe(8, "00" + "0010"), "a residual's partitions do not fit its block"),
        (subframe(10, "0" * 32 + "00" + "0001"), "a residual's partitions do not fit its block"),
    ],
)
def test_subframes_that_cannot_be_are_refused(content: str, message: str) -> None:
    fails(stream(frame(header(2), content + "0" * 64)), message)


# ---- two channels


def side(left: Iterable[int], right: Iterable[int]) -> list[int]:
    return [one - other for one, other in zip(left, right, strict=True)]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        (1, verbatim(WAVE), verbatim(OTHER)),
        (8, verbatim(WAVE), verbatim(side(WAVE, OTHER), 17)),
        (9, verbatim(side(WAVE, OTHER), 17), verbatim(OTHER)),
        (10, verbatim([(a + b) >> 1 for a, b in zip(WAVE, OTHER, strict=True)]), fixed(1, side(WAVE, OTHER), 17)),
    ],
)
def test_two_channels_however_they_are_coded(code: int, first: str, second: str, cut: int | None) -> None:
    data = stream(frame(header(16, channel_code=code), first, second), channels=2)
    assert decode(data, cut=cut) == [WAVE, OTHER]


def test_the_side_of_opposite_extremes_takes_17_bits() -> None:
    left, right = [32_767, -32_768], [-32_768, 32_767]
    middle = [(a + b) >> 1 for a, b in zip(left, right, strict=True)]
    data = stream(frame(header(2, channel_code=10), verbatim(middle), verbatim(side(left, right), 17)), channels=2)
    assert decode(data) == [left, right]


# ---- what a broken or hostile stream may not do


def test_samples_out_of_range_are_clipped() -> None:
    loud = subframe(9, flac.signed(32_767, 16) + flac.residual([5, -70_000], 1, parameter=10))
    assert decode(stream(frame(header(3), loud))) == [[32_767, 32_767, -32_768]]


def test_a_predictor_that_blows_up_stays_small() -> None:
    # Unchecked, each of these samples is 14 bits longer than the one before it: 200 MB at the end.
    zeros = flac.residual([0] * 15_999, 1, parameter=0)
    predictor = flac.unsigned(14, 4) + flac.signed(0, 5) + flac.signed(16_383, 15)
    peaks = []
    for first, clipped in ((1, 32_767), (-1, -32_768)):
        data = stream(frame(header(16_000), subframe(32, flac.signed(first, 16) + predictor + zeros)))
        tracemalloc.start()
        try:
            (block,) = FlacDecoder(samples=True).feed(data)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        samples = block.samples[0]
        assert list(samples[:2]) == [first, 16_383 * first]
        assert set(samples[2:]) == {clipped}
    assert max(peaks) < 32 << 20


def test_a_frame_without_end_is_refused() -> None:
    decoder = FlacDecoder(samples=True)
    head = header(65_535)
    decoder.feed(stream(head + bytes([flac.crc8(head)]) + octets(subframe(8, "00" + "0000" + "0000") + "0" * 4)))
    with pytest.raises(FlacError, match="a frame is larger than FLAC allows") as caught:
        feed(decoder, bytes(MAX_FRAME_BYTES), 32_000)
    assert caught.value.offset == 42


def test_the_largest_honest_frame_is_not() -> None:
    loud = [(1 << 23) - 1, -(1 << 23)] * 32_767 + [0]
    whole = frame(header(65_535, channel_code=8), verbatim(loud, 24), verbatim(loud, 25))
    decoder = FlacDecoder(samples=False)
    data = stream(whole, channels=2, depth=24)
    feed(decoder, data[:-1], 32_000)
    assert [block.size for block in decoder.feed(data[-1:])] == [65_535]


def test_more_than_a_minute_at_once_is_refused() -> None:
    minute = [frame(header(48_000), constant(0))] * 20
    decoder = FlacDecoder(samples=False)
    assert sum(block.size for block in decoder.feed(stream(*minute))) == 960_000
    assert sum(block.size for block in decoder.feed(b"".join(minute))) == 960_000
    with pytest.raises(FlacError, match="more than 60 s of audio came at once"):
        decoder.feed(b"".join([*minute, frame(header(1), constant(0))]))


def test_samples_are_16_bit_arrays() -> None:
    (block,) = FlacDecoder(samples=True).feed(stream(frame(header(2), constant(3))))
    assert block.samples == (array("h", [3, 3]),)
