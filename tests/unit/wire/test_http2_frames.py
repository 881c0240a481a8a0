"""Bytes cut into frames."""

import pytest

from mockscribe.wire.http2_frames import (
    MAX_FRAME_BYTES,
    ErrorCode,
    FrameSplitter,
    RuleError,
    code_name,
    goaway_frame,
    window_increment,
)
from tests.unit.wire.peer import GOAWAY, PREFACE, frame, goaway

FRAMES = [(0, 1, 5, b"body"), (4, 0, 0, b""), (99, 255, 2**31 - 1, b"x" * 16_384)]
STREAM = PREFACE + b"".join(frame(*each) for each in FRAMES)


def split(splitter: FrameSplitter, data: bytes) -> list[tuple[int, int, int, bytes]]:
    splitter.feed(data)
    got = []
    while splitter.advance():
        got.append((splitter.kind, splitter.flags, splitter.stream_id, bytes(splitter.payload)))
    return got


@pytest.mark.parametrize("size", [1, 2, 7, 9, 10, 24, 25, 1000, 100_000])
def test_frames_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    splitter, got = FrameSplitter(), []
    for at in range(0, len(STREAM), size):
        got += split(splitter, STREAM[at : at + size])
    assert got == FRAMES
    assert splitter.offset == len(STREAM) - 9 - 16_384


def test_a_payload_is_a_view_of_what_was_read() -> None:
    splitter = FrameSplitter()
    splitter.feed(data := PREFACE + frame(0, 0, 1, b"body"))
    assert splitter.advance()
    assert splitter.payload.obj is data
    assert not splitter.advance()
    assert splitter.payload.obj is not data  # and it is let go of


def test_the_reserved_bit_is_ignored() -> None:
    assert split(FrameSplitter(), PREFACE + frame(0, 0, 2**31 + 5))[0][2] == 5


def test_a_frame_larger_than_allowed_is_refused_by_its_header() -> None:
    splitter = FrameSplitter()
    header = frame(0, 0, 1, bytes(MAX_FRAME_BYTES + 1))[:9]
    with pytest.raises(RuleError) as caught:
        split(splitter, PREFACE + frame(4, 0, 0) + header)
    assert (caught.value.rule, caught.value.code) == ("frame_size", ErrorCode.FRAME_SIZE_ERROR)
    assert splitter.offset == len(PREFACE) + 9


@pytest.mark.parametrize("data", [b"G", PREFACE[:-1] + b"x", PREFACE[:5] + b"\x00", b"\x00" * 30])
@pytest.mark.parametrize("size", [1, 100])
def test_a_wrong_preface_is_refused_at_its_first_wrong_byte(data: bytes, size: int) -> None:
    wrong = next(at for at in range(24) if data[at : at + 1] != PREFACE[at : at + 1])
    splitter = FrameSplitter()
    for at in range(0, wrong + 1 - size, size):
        assert split(splitter, data[at : at + size]) == []
    at = wrong // size * size
    with pytest.raises(RuleError) as caught:
        split(splitter, data[at : at + size])
    assert caught.value.rule == "preface"


def test_error_codes_have_names() -> None:
    assert code_name(8) == "CANCEL"
    assert code_name(0x2A) == "0x2a"


def test_a_goaway_carries_plain_words() -> None:
    assert goaway_frame(3, 11, "é" + "x" * 2000) == frame(GOAWAY, 0, 0, goaway(3, 11)[9:] + b"?" + b"x" * 1023)


def test_an_increment_has_31_bits() -> None:
    assert window_increment(memoryview(b"\x80\x00\x00\x05")) == 5
    for size in (3, 5):
        with pytest.raises(RuleError) as caught:
            window_increment(memoryview(bytes(size)))
        assert caught.value.code == ErrorCode.FRAME_SIZE_ERROR
