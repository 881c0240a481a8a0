"""The codec's edges that no file of fixtures/frames can show: limits, caches, copies, what cannot be encoded."""

import struct
import tracemalloc
import uuid
import zlib

import pytest

from mockscribe.errors import FrameError, FrameErrorKind
from mockscribe.wire import eventstream, eventstream_frame
from mockscribe.wire.eventstream import MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, Decoder, decode_frame, encode
from mockscribe.wire.eventstream_frame import Frame, Header, HeaderType, encode_headers, string

EVENT = encode((string(":event-type", "binaryAudioEvent"),), b"x" * 100)


def message(block: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + block + payload
    return body + struct.pack(">I", zlib.crc32(body))


def frames(decoder: Decoder) -> list[Frame]:
    return list(iter(decoder.next_frame, None))


# ---- frames


def test_a_frame_tells_a_header_by_its_name() -> None:
    frame = decode_frame(encode((string("a", "1"), Header("b", HeaderType.BYTE, 2)), b""))
    assert frame.value("b") == 2
    assert frame.value("c") is None


# ---- decoding


def test_offsets_and_sizes_add_up_along_a_stream() -> None:
    decoder = Decoder()
    decoder.feed(EVENT + EVENT[:50])
    decoder.feed(EVENT[50:] + EVENT)
    got = frames(decoder)
    assert [(frame.offset, frame.size) for frame in got] == [(n * len(EVENT), len(EVENT)) for n in range(3)]
    assert decoder.offset == 3 * len(EVENT)
    decoder.end()


def test_a_frame_outlives_the_buffer_that_it_came_in() -> None:
    decoder, buffer = Decoder(), bytearray(EVENT)
    decoder.feed(memoryview(buffer))
    (frame,) = frames(decoder)
    buffer[:] = bytes(len(buffer))
    assert frame.payload == b"x" * 100
    assert frame.headers == (string(":event-type", "binaryAudioEvent"),)


def test_chunks_may_be_memoryviews_and_empty() -> None:
    decoder = Decoder()
    decoder.feed(b"")
    assert decoder.next_frame() is None
    decoder.feed(memoryview(EVENT)[:5])
    decoder.feed(memoryview(b""))
    decoder.feed(memoryview(EVENT)[5:])
    assert [frame.payload for frame in frames(decoder)] == [b"x" * 100]


def test_a_failed_decoder_stays_failed_and_keeps_nothing() -> None:
    decoder = Decoder()
    decoder.feed(EVENT + EVENT[:-1] + b"\x00")
    assert decoder.next_frame() is not None
    with pytest.raises(FrameError) as first:
        decoder.next_frame()
    tracemalloc.start()
    for _ in range(1000):
        decoder.feed(bytes(1000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
    with pytest.raises(FrameError) as second:
        decoder.next_frame()
    with pytest.raises(FrameError) as third:
        decoder.end()
    assert first.value is second.value is third.value


def test_an_end_inside_a_frame_is_final() -> None:
    decoder = Decoder()
    decoder.feed(EVENT[:20])
    assert decoder.next_frame() is None
    with pytest.raises(FrameError) as first:
        decoder.end()
    assert (first.value.kind, first.value.offset) == (FrameErrorKind.TRUNCATED, 20)
    with pytest.raises(FrameError) as second:
        decoder.next_frame()
    assert second.value is first.value


@pytest.mark.parametrize("chunk", [1, 20, 1000])
def test_the_limits_are_inclusive_and_can_be_lowered(chunk: int) -> None:
    block = encode_headers((string("a", "b" * 10),))
    good = message(block, b"x" * 8)
    for limits, kind in (
        ({"max_headers_bytes": len(block), "max_payload_bytes": 8}, None),
        ({"max_headers_bytes": len(block) - 1}, FrameErrorKind.HEADERS_LENGTH),
        ({"max_payload_bytes": 7}, FrameErrorKind.PAYLOAD_LENGTH),
    ):
        decoder, got, failure = Decoder(**limits), list[Frame](), None
        for at in range(0, len(good), chunk):
            decoder.feed(good[at : at + chunk])
            try:
                got += frames(decoder)
            except FrameError as error:
                failure = error.kind
        assert failure is kind
        assert len(got) == (kind is None)


def test_the_largest_message_of_the_specification_is_decoded() -> None:
    longest = string("a", "b" * 65_535)
    other = string("c", "d" * (MAX_HEADERS_BYTES - 65_540 - 5))
    data = encode((longest, other), bytes(MAX_PAYLOAD_BYTES))
    frame = decode_frame(data)
    assert frame.headers == (longest, other)
    assert len(frame.payload) == MAX_PAYLOAD_BYTES


@pytest.mark.parametrize(
    ("data", "kind", "offset"),
    [
        (EVENT[:11], FrameErrorKind.TRUNCATED, 111),
        (EVENT[:-1], FrameErrorKind.TRUNCATED, 100 + len(EVENT) - 1),
        (EVENT + b"x", FrameErrorKind.TOTAL_LENGTH, 100 + len(EVENT)),
    ],
)
def test_a_single_frame_takes_its_bytes_exactly(data: bytes, kind: FrameErrorKind, offset: int) -> None:
    with pytest.raises(FrameError) as caught:
        decode_frame(data, 100)
    assert (caught.value.kind, caught.value.offset) == (kind, offset)


@pytest.mark.parametrize("swap", [False, True])
def test_a_block_as_long_as_an_envelopes_may_be_another(swap: bool) -> None:
    """An envelope's headers are recognised by their bytes; what only looks like them is parsed."""
    date = b"\x05:date\x08" + struct.pack(">q", 5)
    signature = b"\x10:chunk-signature\x06\x00\x20" + bytes(32)
    near = date + signature.replace(b"signature", b"signaturf")
    if swap:
        near = signature + date.replace(b"date", b"datf")
    assert [header.name for header in decode_frame(message(near, b"")).headers] == (
        [":chunk-signature", ":datf"] if swap else [":date", ":chunk-signaturf"]
    )
    other = encode_headers((string("x", "y" * (len(near) - 5)),))
    assert len(other) == len(near)
    assert decode_frame(message(other, b"")).headers[0].name == "x"


def test_decoding_does_not_copy_the_rest_of_a_chunk() -> None:
    """What made other decoders quadratic: for each frame they copied all that was behind it."""

    def peak_of(count: int) -> int:
        decoder = Decoder()
        decoder.feed(large * count)
        tracemalloc.start()
        while decoder.next_frame() is not None:
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    large = message(b"", bytes(10_000))  # so that a frame's own value weighs little against its bytes
    peak_of(1)
    assert peak_of(500) < 500 * len(large) * 1.1


# ---- what is remembered of headers


def test_remembered_headers_are_bounded_and_stay_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream_frame, "_MAX_KNOWN_BLOCKS", 3)
    monkeypatch.setattr(eventstream_frame, "_KNOWN_BLOCKS", {})
    monkeypatch.setattr(eventstream_frame, "_ENCODED_BLOCKS", {})
    for round_ in range(2):
        for number in range(10):
            headers = (string("name", str(number)),)
            assert decode_frame(encode(headers, b"")).headers == headers, round_
    assert len(eventstream_frame._KNOWN_BLOCKS) <= 3
    assert len(eventstream_frame._ENCODED_BLOCKS) <= 3


def test_few_preludes_are_remembered() -> None:
    for size in range(2 * eventstream._MAX_KNOWN_PRELUDES):
        assert len(decode_frame(message(b"", bytes(size))).payload) == size
    assert 0 < len(eventstream._KNOWN_PRELUDES) <= eventstream._MAX_KNOWN_PRELUDES


def test_long_and_untexted_headers_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream_frame, "_KNOWN_BLOCKS", {})
    monkeypatch.setattr(eventstream_frame, "_ENCODED_BLOCKS", {})
    for headers in ((string("name", "x" * 300),), (Header("n", HeaderType.LONG, 1),)):
        assert decode_frame(encode(headers, b"")).headers == headers
    assert not eventstream_frame._KNOWN_BLOCKS
    assert not eventstream_frame._ENCODED_BLOCKS


# ---- encoding


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (string("", "x"), "takes 0 bytes: 1 to 255"),
        (string("ä" * 128, "x"), "takes 256 bytes: 1 to 255"),
        (string("a", "x" * 65_536), "takes 65536 bytes: at most 65,535"),
        (Header("a", HeaderType.BYTES, bytes(65_536)), "takes 65536 bytes"),
        (Header("a", HeaderType.BYTE, 128), "128 is out of range for 'a' of type BYTE"),
        (Header("a", HeaderType.TIMESTAMP, 2**63), "out of range"),
        (Header("a", HeaderType.INT, True), "True is no value of type INT"),
        (Header("a", HeaderType.TRUE, False), "False is no value of type TRUE"),
        (Header("a", HeaderType.FALSE, 0), "0 is no value of type FALSE"),
        (Header("a", HeaderType.STRING, b"x"), "no value of type STRING"),
        (Header("a", HeaderType.BYTES, "x"), "no value of type BYTES"),
        (Header("a", HeaderType.UUID, "x"), "no value of type UUID"),
        (Header("a", HeaderType.STRING, 1), "no value of type STRING"),
        (Header("a", HeaderType.STRING, uuid.UUID(int=1)), "no value of type STRING"),
    ],
)
def test_what_does_not_fit_its_type_cannot_be_encoded(header: Header, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode((header,), b"")


def test_text_that_is_no_unicode_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode((string("a", "\ud800"),), b"")


def test_a_payload_may_be_a_view() -> None:
    assert encode((), memoryview(b"payload")) == encode((), b"payload") == message(b"", b"payload")
