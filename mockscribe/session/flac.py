"""An incremental FLAC decoder: bytes in any cut → the blocks of samples that they complete.

Specification: RFC 9639. All of its subframes, both Rice codings, stereo decorrelation, wasted bits; both CRCs checked.
No library with wheels for every platform that we support decodes a stream as it arrives, so this is ours. Bits are
held as text ("0110…"): `str.find` walks a Rice code's unary part and `int(…, 2)` reads the rest at the speed of C.

Pure. A stream of one or two channels of 4 to 24 bits; more is refused.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence

import msgspec

from mockscribe.session import flac_arithmetic as arithmetic

MAX_CHANNELS = 2
"""The service takes one or two channels (MODEL channelDefinitions)."""

MAX_FRAME_BYTES = 65_535 * MAX_CHANNELS * 5 + 1024
"""No honest frame is larger: RFC 9639 has at most 65,535 samples a block, each coded in at most 33 bits and a code's
overhead."""

MAX_SECONDS_AT_ONCE = 60
"""Audio that one feed may complete; own choice, far above the second that UG-stream recommends for a message. Without a
limit a few bytes of constant subframes could claim hours."""

PIECE_BYTES = 65_536
"""How much is held as text at once, which takes eight times the room; own choice, twice UG-stream's largest chunk."""

_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_DEPTHS = (0, 8, 12, -1, 16, 20, 24, 32)


class FlacError(Exception):
    """The bytes are no FLAC stream; `offset` is the byte at which that showed."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Block(msgspec.Struct, frozen=True, gc=False):
    """One frame's worth: `size` samples of each channel, and the samples as 16-bit arrays if they were wanted."""

    size: int
    samples: tuple[array[int], ...]


class StreamInfo(msgspec.Struct, frozen=True, gc=False):
    """What STREAMINFO says of the stream."""

    rate: int
    channels: int
    depth: int


_Need = Generator[None, None, int]


class FlacDecoder:
    """Feed bytes, get blocks, with their samples if `samples`. `info` is there once STREAMINFO has come."""

    def __init__(self, *, samples: bool) -> None:
        self.info: StreamInfo | None = None
        self._want = samples
        self._bits = ""
        self._pos = 0
        self._bits_at = 0  # where _bits begins in the stream, in bits
        self._raw = bytearray()  # the bytes of the element that is being read, for its CRC
        self._raw_at = 0  # where they begin in the stream
        self._blocks: list[Block] = []
        self._samples = 0
        self._failure: FlacError | None = None
        self._machine = self._run()

    def feed(self, data: bytes) -> Sequence[Block]:
        """The blocks that `data` completes.

        Raises:
            FlacError: the bytes are no FLAC, or hold too much at once; every later call raises it again.
        """
        if self._failure is not None:
            raise self._failure
        self._blocks, self._samples = [], 0
        try:
            for at in range(0, len(data), PIECE_BYTES):
                self._advance(data[at : at + PIECE_BYTES])
        except FlacError as error:
            self._failure = error
            self._bits = ""
            self._raw.clear()
            raise
        return self._blocks

    def _advance(self, piece: bytes) -> None:
        self._raw += piece
        self._bits_at += self._pos
        self._bits = self._bits[self._pos :] + f"{int.from_bytes(piece, 'big'):0{8 * len(piece)}b}"
        self._pos = 0
        next(self._machine)
        if len(self._raw) > MAX_FRAME_BYTES:
            raise FlacError("a frame is larger than FLAC allows", self._raw_at)

    # ---- the machine: it yields when it needs more bytes

    def _run(self) -> Generator[None, None, None]:
        yield from self._metadata()
        while True:
            yield from self._frame()

    def _read(self, count: int) -> _Need:
        while len(self._bits) - self._pos < count:
            yield
        begin = self._pos
        self._pos = begin + count
        return int(self._bits[begin : begin + count], 2) if count else 0

    def _read_signed(self, numbers: int, width: int) -> Generator[None, None, list[int]]:
        """Some numbers of `width` bits in two's complement; without a width they are zeros."""
        values: list[int] = []
        half = (1 << width) >> 1
        while len(values) < numbers:
            value = yield from self._read(width)
            values.append((value ^ half) - half)
        return values

    def _skip(self, octets: int) -> Generator[None, None, None]:
        """Let whole bytes pass; a picture may have 16 MB of them."""
        left = 8 * octets
        while left:
            step = min(left, len(self._bits) - self._pos)
            self._pos += step
            left -= step
            self._forget()
            if left:
                yield

    @property
    def _offset(self) -> int:
        """The stream's byte at which the machine stands."""
        return (self._bits_at + self._pos) // 8

    def _forget(self) -> None:
        """Let go of the bytes before this one: an element ends here."""
        del self._raw[: self._offset - self._raw_at]
        self._raw_at = self._offset

    def _metadata(self) -> Generator[None, None, None]:
        """The marker and the metadata blocks (RFC 9639, 8)."""
        marker = yield from self._read(32)
        if marker != 0x664C6143:
            raise FlacError("the stream does not begin with fLaC", 0)
        last = 0
        while not last:
            self._forget()
            last = yield from self._read(1)
            kind = yield from self._read(7)
            length = yield from self._read(24)
            if (kind == 0) is not (self.info is None) or (kind == 0 and length != 34):
                raise FlacError("the first metadata block, and no other, must be STREAMINFO", self._offset)
            if kind == 127:
                raise FlacError("a metadata block has the forbidden type", self._offset)
            if kind:
                yield from self._skip(length)
            else:
                yield from self._read(80)
                rate = yield from self._read(20)
                channels = (yield from self._read(3)) + 1
                depth = (yield from self._read(5)) + 1
                yield from self._read(36 + 128)
                if channels > MAX_CHANNELS or not rate or not 4 <= depth <= 24:
                    text = f"{channels} channels of {depth} bits at {rate} Hz: 1 or 2 channels of 4 to 24 bits are read"
                    raise FlacError(text, self._offset)
                self.info = StreamInfo(rate, channels, depth)

    def _frame(self) -> Generator[None, None, None]:
        """One frame (RFC 9639, 9)."""
        info = self.info
        assert info is not None
        self._forget()
        at = self._offset
        sync = yield from self._read(15)
        if sync != 0x7FFC:
            raise FlacError("no frame begins where one must", at)
        yield from self._read(1)
        size_code = yield from self._read(4)
        rate_code = yield from self._read(4)
        channel_code = yield from self._read(4)
        depth_code = yield from self._read(3)
        reserved = yield from self._read(1)
        yield from self._coded_number()
        size = yield from self._block_size(size_code)
        rate = yield from self._rate(rate_code, info.rate)
        channels = channel_code + 1 if channel_code < 8 else 2
        depth = _DEPTHS[depth_code] or info.depth
        stated = yield from self._read(8)
        if reserved or channel_code > 10 or (rate, channels, depth) != (info.rate, info.channels, info.depth):
            raise FlacError("a frame's header does not fit STREAMINFO", at)
        if stated != arithmetic.crc8(self._raw[: self._offset - 1 - at]):
            raise FlacError("the CRC-8 of a frame's header does not match", self._offset - 1)
        side = {8: 1, 9: 0, 10: 1}.get(channel_code)
        decoded: list[list[int]] = []
        while len(decoded) < channels:
            decoded.append((yield from self._subframe(size, depth + (len(decoded) == side))))
        yield from self._read(-self._pos_in_byte() % 8)
        stated = yield from self._read(16)
        if stated != arithmetic.crc16(self._raw[: self._offset - 2 - at]):
            raise FlacError("the CRC-16 of a frame does not match", self._offset - 2)
        self._samples += size
        if self._samples > MAX_SECONDS_AT_ONCE * info.rate:
            raise FlacError(f"more than {MAX_SECONDS_AT_ONCE} s of audio came at once", at)
        samples: tuple[array[int], ...] = ()
        if self._want:
            samples = arithmetic.sixteen_bits(arithmetic.undo_decorrelation(channel_code, decoded), depth)
        self._blocks.append(Block(size, samples))

    def _pos_in_byte(self) -> int:
        return (self._bits_at + self._pos) % 8

    def _coded_number(self) -> Generator[None, None, None]:
        """The frame's or sample's number (RFC 9639, 9.1.5); it is not needed, so only its form is checked."""
        first = yield from self._read(8)
        following = 0 if first < 0x80 else 7 - (first ^ 0xFF).bit_length()
        if 0x80 <= first < 0xC0 or first == 0xFF:
            raise FlacError("a frame's number is not coded as it must be", self._offset)
        for _ in range(following):
            if (yield from self._read(8)) >> 6 != 0b10:
                raise FlacError("a frame's number is not coded as it must be", self._offset)

    def _block_size(self, code: int) -> _Need:
        if code == 0:
            raise FlacError("a frame has the reserved block size", self._offset)
        if code == 1:
            return 192
        if code <= 5:
            return 144 << code
        if code <= 7:
            size: int = (yield from self._read(8 if code == 6 else 16)) + 1
            if size > 65_535:
                raise FlacError("a frame has the forbidden block size", self._offset)
            return size
        return 1 << code

    def _rate(self, code: int, default: int) -> _Need:
        if code < 12:
            return _RATES[code] or default
        if code == 15:
            raise FlacError("a frame has the forbidden sample rate", self._offset)
        value: int = yield from self._read(8 if code == 12 else 16)
        return value * {12: 1000, 13: 1, 14: 10}[code]

    # ---- subframes (RFC 9639, 9.2)

    def _subframe(self, size: int, depth: int) -> Generator[None, None, list[int]]:
        padding = yield from self._read(1)
        kind = yield from self._read(6)
        wasted = yield from self._read(1)
        if padding:
            raise FlacError("a subframe does not begin with a zero bit", self._offset)
        if wasted:
            while wasted < depth and not (yield from self._read(1)):
                wasted += 1
        depth -= wasted
        if depth < 1:
            raise FlacError("a subframe wastes all its bits", self._offset)
        if kind == 0:
            samples = (yield from self._read_signed(1, depth)) * size
        elif kind == 1:
            samples = yield from self._read_signed(size, depth)
        elif 8 <= kind <= 12:
            samples = yield from self._fixed(kind - 8, size, depth)
        elif kind >= 32:
            samples = yield from self._lpc(kind - 31, size, depth)
        else:
            raise FlacError("a subframe has a reserved type", self._offset)
        return [sample << wasted for sample in samples] if wasted and self._want else samples

    def _fixed(self, order: int, size: int, depth: int) -> Generator[None, None, list[int]]:
        samples = yield from self._warm_up(order, size, depth)
        residual = yield from self._residual(order, size)
        if self._want:
            arithmetic.integrate(samples, residual)
        return samples

    def _lpc(self, order: int, size: int, depth: int) -> Generator[None, None, list[int]]:
        samples = yield from self._warm_up(order, size, depth)
        precision = (yield from self._read(4)) + 1
        (shift,) = yield from self._read_signed(1, 5)
        if precision == 16 or shift < 0:
            raise FlacError("a linear predictor has a forbidden precision or shift", self._offset)
        coefficients = yield from self._read_signed(order, precision)
        residual = yield from self._residual(order, size)
        if self._want:
            arithmetic.predict(samples, residual, coefficients, shift)
        return samples

    def _warm_up(self, order: int, size: int, depth: int) -> Generator[None, None, list[int]]:
        if order > size:
            raise FlacError("a predictor's order exceeds its block", self._offset)
        return (yield from self._read_signed(order, depth))

    def _residual(self, order: int, size: int) -> Generator[None, None, list[int]]:
        """The coded residual (RFC 9639, 9.2.7); empty when no samples are wanted."""
        coding = yield from self._read(2)
        if coding > 1:
            raise FlacError("a residual has a reserved coding", self._offset)
        partitions = 1 << (yield from self._read(4))
        length = size // partitions
        if size % partitions or length < order:
            raise FlacError("a residual's partitions do not fit its block", self._offset)
        width = 5 if coding else 4
        residual: list[int] = []
        for partition in range(partitions):
            count = length - order if partition == 0 else length
            parameter = yield from self._read(width)
            if parameter == (1 << width) - 1:
                bits = yield from self._read(5)
                residual += yield from self._read_signed(count, bits)
            else:
                yield from self._rice(residual, count, parameter)
        return residual

    def _rice(self, residual: list[int], count: int, parameter: int) -> Generator[None, None, None]:
        """`count` Rice codes: the one loop that costs, so it reads the bits itself."""
        want, append = self._want, residual.append
        bits, pos = self._bits, self._pos
        while count:
            one = bits.find("1", pos)
            end = one + 1 + parameter
            if one < 0 or end > len(bits):
                self._pos = pos
                yield
                bits, pos = self._bits, self._pos
                continue
            if want:
                low = int(bits[one + 1 : end], 2) if parameter else 0
                code = (one - pos) << parameter | low
                append((code >> 1) ^ -(code & 1))
            pos = end
            count -= 1
        self._pos = pos
