"""The event-stream codec against a fuzzer's bytes: `Decoder`, `decode_frame` and `event_frames.from_frame`.

The first byte says how the rest is wrapped, for no fuzzer guesses a CRC: as it is; as a message with these headers and
this payload; as the message inside a signed envelope.

Runs so far: 14 minutes on one core, 491,084 executions, nothing found.
"""

import contextlib
import struct
import zlib
from collections.abc import Iterator

from mockscribe.errors import EventError, FrameError
from mockscribe.service import event_frames
from mockscribe.wire.eventstream import Decoder, encode
from mockscribe.wire.eventstream_frame import Frame

ENVELOPE = b"\x05:date\x08" + bytes(8) + b"\x10:chunk-signature\x06\x00\x20" + bytes(32)


def message(block: bytes, payload: bytes) -> bytes:
    """A message with good lengths and CRCs around whatever it is given (ES-SPEC)."""
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack(">I", zlib.crc32(body))


def wrapped(data: bytes) -> bytes:
    """The stream that the fuzzer's bytes stand for."""
    how, rest = data[:1], data[1:]
    kind = (how[0] if how else 0) % 4
    if kind == 0:
        return rest
    size = int.from_bytes(rest[:2]) % (len(rest) + 1)
    inner = message(rest[2:][:size], rest[2:][size:])
    return {1: inner, 2: message(ENVELOPE, inner), 3: inner + rest}[kind]


def decoded(stream: bytes, size: int) -> Iterator[Frame | tuple[object, int, str]]:
    """The frames in a stream that is given in chunks of this size, and the error that ends them."""
    decoder = Decoder()
    try:
        for at in range(0, len(stream), size):
            decoder.feed(stream[at : at + size])
            while (frame := decoder.next_frame()) is not None:
                yield frame
        decoder.end()
    except FrameError as error:
        yield error.kind, error.offset, error.message


def told(found: Frame | tuple[object, int, str]) -> tuple[object, ...]:
    """What can be compared."""
    if not isinstance(found, Frame):
        return found
    return found.block, found.payload, found.signed, found.offset, found.size


def check(data: bytes) -> None:
    """Frames or a FrameError, the same for every cut; each frame as it was encoded, and an event or an EventError."""
    stream = wrapped(data)
    whole = list(decoded(stream, max(1, len(stream))))
    at = 0
    for each in whole:
        if not isinstance(each, Frame):
            continue
        headers = each.headers
        assert each.offset == at
        assert encode(headers, bytes(each.payload)) == stream[at : at + each.size]
        at += each.size
        with contextlib.suppress(EventError, FrameError):
            event_frames.from_frame(each)
    for size in (1, 7, 13):
        assert list(map(told, decoded(stream, size))) == list(map(told, whole))
