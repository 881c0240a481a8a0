"""The AWS event-stream encoding: bytes ⇄ frames, both CRCs checked.

Specification (ES-SPEC): smithy, `docs/source-2.0/aws/amazon-eventstream.rst`. A message is

    total length u32 │ headers length u32 │ CRC32 of those 8 bytes u32 │ headers │ payload │ CRC32 of all before u32

big-endian. Knows bytes only: no service, no signatures (an envelope is a frame like any other), no IO. The CRC is
zlib's, computed by ISA-L: 8 times as fast as zlib's own on an event of 3 KB, of which there are two CRCs.
"""

from __future__ import annotations

import struct
from typing import Final

from isal.isal_zlib import crc32

from mockscribe.errors import FrameError, FrameErrorKind
from mockscribe.wire.eventstream_frame import PRELUDE_BYTES, Frame, Headers, encode_headers, has_signature

MAX_PAYLOAD_BYTES: Final = 25_165_824
"""ES-SPEC: what a server must enforce (24 MiB)."""

MAX_HEADERS_BYTES: Final = 131_072
"""ES-SPEC: what a server must enforce (128 KiB)."""

FRAMES_AT_ONCE: Final = 64
"""Own choice: 200 KB of audio events, whose payloads are used while the caches still have them."""

FRAMING_BYTES: Final = 16
"""The prelude and the closing CRC: the size of a message without headers and payload."""


# ---- decoding

_PRELUDE: Final = struct.Struct(">III")

# What every signed message of a client begins with, in the two orders that SDKs write (facts 11a). Only the date and
# the signature differ from one to the next, so these are recognised by their bytes instead of being parsed.
_DATE: Final = b"\x05:date\x08"
_SIGNATURE: Final = b"\x10:chunk-signature\x06\x00\x20"
_ENVELOPE_BYTES: Final = len(_DATE) + 8 + len(_SIGNATURE) + 32
_SIGNATURE_AT: Final = len(_DATE) + 8
_DATE_AT: Final = len(_SIGNATURE) + 32

_KNOWN_PRELUDES: Final[dict[bytes, tuple[int, int]]] = {}
_MAX_KNOWN_PRELUDES: Final = 512


class Decoder:
    """Frames out of bytes that arrive in any chunks, at amortised linear cost.

    What has arrived is joined once it is enough for a frame, and decoded `FRAMES_AT_ONCE`. `max_payload_bytes` and
    `max_headers_bytes` are the limits that ES-SPEC gives a server. After an error the decoder raises that error for
    ever.
    """

    __slots__ = (
        "_at",
        "_chunks",
        "_data",
        "_failure",
        "_headers_bytes",
        "_held_bytes",
        "_max_headers_bytes",
        "_max_payload_bytes",
        "_needed_bytes",
        "_prelude",
        "_ready",
        "_total",
        "offset",
    )

    def __init__(
        self, *, max_payload_bytes: int = MAX_PAYLOAD_BYTES, max_headers_bytes: int = MAX_HEADERS_BYTES
    ) -> None:
        self.offset = 0
        self._max_payload_bytes = max_payload_bytes
        self._max_headers_bytes = max_headers_bytes
        self._data = b""  # joined, and decoded up to _at
        self._at = 0
        self._chunks: list[bytes | memoryview] = []  # what came after it
        self._held_bytes = 0
        self._needed_bytes = PRELUDE_BYTES  # with fewer there is no use in looking
        self._ready: list[Frame] = []  # the last is the next
        self._prelude = b""  # the last that was checked, and what it says: audio events have the same again and again
        self._total = 0
        self._headers_bytes = 0
        self._failure: FrameError | None = None

    def feed(self, data: bytes | memoryview) -> None:
        """More bytes have arrived; they are kept, not copied. After an error they are dropped."""
        if self._failure is None:
            self._chunks.append(data)
            self._held_bytes += len(data)

    def next_frame(self) -> Frame | None:
        """The next frame, or None until more bytes come.

        Raises:
            FrameError: the bytes are no frame; the frames before it were returned.
        """
        if not self._ready:
            if self._failure is not None:
                raise self._failure
            while not self._ready and self._held_bytes >= self._needed_bytes:
                self._decode_some()
        return self._ready.pop() if self._ready else None

    def end(self) -> None:
        """There will be no more bytes.

        Raises:
            FrameError: they ended inside a frame.
        """
        if self._failure is not None:
            raise self._failure
        if self._held_bytes:
            message = f"The input ended inside the frame that began at byte {self.offset}."
            self._failure = FrameError(FrameErrorKind.TRUNCATED, self.offset + self._held_bytes, message)
            raise self._failure

    def _decode_some(self) -> None:
        """Decode the next whole frames of what is held, or learn how many bytes the next one needs.

        Raises:
            FrameError: there are none, and the bytes are no frame.
        """
        data, begin = self._data, self._at
        if len(data) - begin < self._needed_bytes:
            if begin < len(data):
                self._chunks.insert(0, data[begin:])
            data, begin = b"".join(self._chunks), 0
            self._chunks.clear()
        view, at, size, offset, ready = memoryview(data), begin, len(data), self.offset, self._ready
        prelude, total, headers_bytes = self._prelude, self._total, self._headers_bytes
        needed = PRELUDE_BYTES
        try:
            while size - at >= PRELUDE_BYTES and len(ready) < FRAMES_AT_ONCE:
                found = data[at : at + PRELUDE_BYTES]
                if found != prelude:
                    total, headers_bytes = _check_prelude(
                        found, offset, self._max_payload_bytes, self._max_headers_bytes
                    )
                    prelude = found
                if size - at < total:
                    needed = total
                    break
                ready.append(_decode(data, view, at, total, headers_bytes, offset, inside=False))
                at += total
                offset += total
        except FrameError as error:
            self._failure = error
            self._data = b""
            self._chunks.clear()
            if not ready:
                raise
        else:
            self._held_bytes -= at - begin
            self._needed_bytes = needed
            self._prelude, self._total, self._headers_bytes = prelude, total, headers_bytes
            whole = size - at >= needed
            self._data, self._at = (
                (data, at) if whole else (data[at:], 0)
            )  # nothing is kept alive for a part of a frame
        finally:
            self.offset = offset
            ready.reverse()


def decode_frame(data: bytes | memoryview, offset: int = 0) -> Frame:
    """The one frame that `data` is; `offset` is where it stands in its stream.

    Raises:
        FrameError: it is no frame, or less or more than one.
    """
    data = bytes(data)
    return _decode_whole(data, memoryview(data), 0, len(data), offset, inside=False)


def open_envelope(frame: Frame) -> Frame:
    """The one frame that the payload of `frame` is; whether it is signed once more, nobody asks.

    Raises:
        FrameError: it is no frame, or less or more than one.
    """
    offset = frame.offset + PRELUDE_BYTES + len(frame.block)
    return _decode_whole(frame.data, frame.view, frame.begin, frame.end - frame.begin, offset, inside=True)


def _decode_whole(data: bytes, view: memoryview, at: int, size: int, offset: int, *, inside: bool) -> Frame:
    """The one frame that the `size` bytes of `data` from `at` on are; `inside` of an envelope or not."""
    if size < PRELUDE_BYTES:
        raise FrameError(FrameErrorKind.TRUNCATED, offset + size, f"{size} bytes are less than a prelude.")
    prelude = data[at : at + PRELUDE_BYTES]
    lengths = _KNOWN_PRELUDES.get(prelude)
    if lengths is None:
        lengths = _check_prelude(prelude, offset, MAX_PAYLOAD_BYTES, MAX_HEADERS_BYTES)
        if len(_KNOWN_PRELUDES) >= _MAX_KNOWN_PRELUDES:
            _KNOWN_PRELUDES.clear()
        _KNOWN_PRELUDES[prelude] = lengths
    total, headers_bytes = lengths
    if total > size:
        raise FrameError(FrameErrorKind.TRUNCATED, offset + size, f"A message of {total} bytes ends after {size}.")
    if total < size:
        message = f"{size - total} bytes follow a message of {total} bytes."
        raise FrameError(FrameErrorKind.TOTAL_LENGTH, offset + total, message)
    return _decode(data, view, at, total, headers_bytes, offset, inside=inside)


def _check_prelude(prelude: bytes, offset: int, max_payload_bytes: int, max_headers_bytes: int) -> tuple[int, int]:
    """Total and headers length of a message: the prelude's CRC first, and only then what it vouches for."""
    total, headers_bytes, stated = _PRELUDE.unpack_from(prelude)
    found = crc32(prelude[:8])
    if found != stated:
        message = f"Prelude CRC mismatch: computed {found:08x}, the message has {stated:08x}."
        raise FrameError(FrameErrorKind.PRELUDE_CRC, offset + 8, message)
    if total < FRAMING_BYTES:
        message = f"Total length {total} is less than the {FRAMING_BYTES} bytes of an empty message."
        raise FrameError(FrameErrorKind.TOTAL_LENGTH, offset, message)
    if headers_bytes > total - FRAMING_BYTES:
        message = f"Headers length {headers_bytes} does not fit into a message of {total} bytes."
        raise FrameError(FrameErrorKind.HEADERS_LENGTH, offset + 4, message)
    if headers_bytes > max_headers_bytes:
        message = f"Headers length {headers_bytes} exceeds the limit of {max_headers_bytes} bytes."
        raise FrameError(FrameErrorKind.HEADERS_LENGTH, offset + 4, message)
    payload_bytes = total - headers_bytes - FRAMING_BYTES
    if payload_bytes > max_payload_bytes:
        message = f"Payload length {payload_bytes} exceeds the limit of {max_payload_bytes} bytes."
        raise FrameError(FrameErrorKind.PAYLOAD_LENGTH, offset, message)
    return total, headers_bytes


def _decode(
    data: bytes, view: memoryview, at: int, total: int, headers_bytes: int, offset: int, *, inside: bool
) -> Frame:
    """The frame that takes `total` bytes of `data` from `at` on, and whose prelude was checked; `view` is of `data`."""
    body_end = at + total - 4
    found, stated = crc32(view[at:body_end]), data[body_end : body_end + 4]
    if stated != found.to_bytes(4, "big"):
        text = f"Message CRC mismatch: computed {found:08x}, the message has {stated.hex()}."
        raise FrameError(FrameErrorKind.MESSAGE_CRC, offset + total - 4, text)
    headers_end = at + PRELUDE_BYTES + headers_bytes
    block = data[at + PRELUDE_BYTES : headers_end]
    signed = not inside and (_is_envelope(block) or has_signature(block, offset + PRELUDE_BYTES))
    return Frame(block, data, view, headers_end, body_end, signed, offset, total)


def _is_envelope(block: bytes) -> bool:
    """Whether a block is a date and a signature by its bytes."""
    if len(block) != _ENVELOPE_BYTES:
        return False
    if block.startswith(_DATE):
        return block[_SIGNATURE_AT : _SIGNATURE_AT + len(_SIGNATURE)] == _SIGNATURE
    return block.startswith(_SIGNATURE) and block[_DATE_AT : _DATE_AT + len(_DATE)] == _DATE


# ---- encoding


def encode(headers: Headers, payload: bytes | memoryview) -> bytes:
    """The bytes of a message; the exact inverse of decoding.

    Raises:
        ValueError: a header cannot be encoded (see `encode_headers`).
    """
    block = encode_headers(headers)
    lengths = struct.pack(">II", FRAMING_BYTES + len(block) + len(payload), len(block))
    start = lengths + crc32(lengths).to_bytes(4, "big") + block
    return b"".join((start, payload, crc32(payload, crc32(start)).to_bytes(4, "big")))
