"""The codec against every value, every cut and every kind of damage that Hypothesis can think of."""

import struct
import zlib
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockscribe.errors import FrameError
from mockscribe.wire.eventstream import Decoder, decode_frame, encode
from mockscribe.wire.eventstream_frame import Frame, Header, Headers, HeaderType
from tests.fuzz.codec import told

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


VALUES = st.one_of(
    st.just((HeaderType.TRUE, True)),
    st.just((HeaderType.FALSE, False)),
    st.tuples(st.just(HeaderType.BYTE), integers(8)),
    st.tuples(st.just(HeaderType.SHORT), integers(16)),
    st.tuples(st.just(HeaderType.INT), integers(32)),
    st.tuples(st.just(HeaderType.LONG), integers(64)),
    st.tuples(st.just(HeaderType.BYTES), st.binary(max_size=40)),
    st.tuples(st.just(HeaderType.STRING), TEXT),
    st.tuples(st.just(HeaderType.TIMESTAMP), integers(64)),
    st.tuples(st.just(HeaderType.UUID), st.uuids()),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=6).map(
    lambda values: tuple(Header(name, type_, value) for name, (type_, value) in values.items())
)
MESSAGES = st.tuples(HEADERS, st.binary(max_size=100))
STREAMS = st.lists(MESSAGES, max_size=5)
CUTS = st.lists(st.integers(1, 40), min_size=1)


def crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def run(data: bytes, cuts: list[int]) -> tuple[list[Frame], FrameError | None]:
    """The frames in `data`, given in chunks of these sizes, over and over, and the error that ended them."""
    decoder, got, at, turn = Decoder(), list[Frame](), 0, 0
    error = None
    while at < len(data) and error is None:
        size = cuts[turn % len(cuts)]
        decoder.feed(data[at : at + size])
        error = read(decoder, got)
        at, turn = at + size, turn + 1
    if error is None:
        error = failure(decoder.end)
    if error is not None:
        decoder.feed(encode((), b"good"))
        assert failure(decoder.next_frame) is failure(decoder.end) is error
    return got, error


def read(decoder: Decoder, got: list[Frame]) -> FrameError | None:
    """Take what the decoder has; returns its error."""
    try:
        while (frame := decoder.next_frame()) is not None:
            got.append(frame)
    except FrameError as error:
        return error
    return None


def failure(call: Callable[[], object]) -> FrameError | None:
    try:
        call()
    except FrameError as error:
        return error
    return None


@settings(deadline=None)
@given(MESSAGES)
def test_decoding_is_the_inverse_of_encoding(message: tuple[Headers, bytes]) -> None:
    headers, payload = message
    data = encode(headers, payload)
    frame = decode_frame(data)
    assert frame.headers == headers
    assert [(type(each.value), each.type) for each in frame.headers] == [(type(h.value), h.type) for h in headers]
    assert frame.payload == payload
    assert encode(frame.headers, frame.payload) == data


@settings(deadline=None)
@given(STREAMS, CUTS)
def test_any_cut_gives_the_same_frames(stream: list[tuple[Headers, bytes]], cuts: list[int]) -> None:
    data = b"".join(encode(*message) for message in stream)
    got, error = run(data, cuts)
    assert error is None
    assert [(frame.headers, bytes(frame.payload)) for frame in got] == stream
    assert sum(frame.size for frame in got) == len(data)


@settings(deadline=None)
@given(STREAMS, st.binary(max_size=60), CUTS)
def test_any_bytes_give_frames_or_an_error_the_same_for_every_cut(
    stream: list[tuple[Headers, bytes]], rest: bytes, cuts: list[int]
) -> None:
    data = b"".join(encode(*message) for message in stream) + rest
    whole, error = run(data, [len(data) or 1])
    cut, same = run(data, cuts)
    assert [told(frame) for frame in cut] == [told(frame) for frame in whole]
    assert len(whole) >= len(stream)
    if error is None or same is None:
        assert error is same
    else:
        assert (error.kind, error.offset, error.message) == (same.kind, same.offset, same.message)
        assert 0 <= error.offset <= len(data)


@settings(max_examples=400, deadline=None)
@given(MESSAGES, st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
@example(((), b""), [(0, 0)], False)
def test_damage_behind_repaired_checksums_is_a_frame_or_an_error(
    message: tuple[Headers, bytes], damage: list[tuple[int, int]], lengths_too: bool
) -> None:
    """A checksum stops a fuzzer at the door: here the inside is damaged and both checksums are made good again."""
    data = bytearray(encode(*message))
    body = len(data) - 16
    for at, value in damage:
        if body:
            data[12 + at % body] = value
    if lengths_too:
        at, value = damage[0]
        data[at % 8] = value
    data[8:12] = crc(bytes(data[:8]))
    data[-4:] = crc(bytes(data[:-4]))
    frames, _ = run(bytes(data), [7])
    for frame in frames:
        assert encode(frame.headers, frame.payload) == data[frame.offset : frame.offset + frame.size]


PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"\x01a", b"\x01b", b"\x02\xc3\xa9", b"\x00\x03abc", b"\x00\x00"]),
    st.integers(0, 10).map(lambda number: bytes((number,))),
    st.just(bytes(16)),
)
BLOCKS = st.one_of(st.binary(max_size=80), st.lists(PIECES, max_size=12).map(b"".join))


@settings(max_examples=400, deadline=None)
@given(BLOCKS, st.binary(max_size=10))
def test_any_block_of_headers_is_read_or_refused(block: bytes, payload: bytes) -> None:
    """What is read is written back byte for byte: nothing was made up, nothing overlooked."""
    lengths = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = lengths + crc(lengths) + block + payload
    data = body + crc(body)
    got, error = run(data, [len(data)])
    if error is None:
        (frame,) = got
        assert encode(frame.headers, frame.payload) == data
    else:
        assert 12 <= error.offset <= 12 + len(block)
