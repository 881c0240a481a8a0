"""The arithmetic of a FLAC frame: residuals → samples, two channels out of their sum and difference, the CRCs.

Specification: RFC 9639. Knows numbers; no bits, no stream and no frame's layout (`flac.py` has those).
"""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise
from operator import mul

_BLOWN_UP = 1 << 40
"""Above what honest samples reach while they are predicted. Only a broken predictor's are larger, and they would go on
growing by some 20 bits a sample; own choice."""


def integrate(samples: list[int], residual: list[int]) -> None:
    """Append what a fixed predictor and the residual give: as many running sums as the order, the warm-up's length."""
    lasts = []
    row = samples
    while row:
        lasts.append(row[-1])
        row = [after - before for before, after in pairwise(row)]
    for last in reversed(lasts):
        residual = list(accumulate(residual, initial=last))[1:]
    samples += residual


def predict(samples: list[int], residual: list[int], coefficients: list[int], shift: int) -> None:
    """Append to `samples` what the linear predictor and the residual give (RFC 9639, 9.2.6)."""
    order, backwards = len(coefficients), coefficients[::-1]
    for at in range(0, len(residual), 64):
        for value in residual[at : at + 64]:
            samples.append(value + (sum(map(mul, backwards, samples[-order:])) >> shift))
        tail = samples[-order:]
        if max(tail) > _BLOWN_UP or min(tail) < -_BLOWN_UP:
            samples[-order:] = [max(-_BLOWN_UP, min(_BLOWN_UP, sample)) for sample in tail]


def undo_decorrelation(channel_code: int, channels: list[list[int]]) -> list[list[int]]:
    """Undo the decorrelation of the two channels (RFC 9639, 4.2)."""
    if channel_code < 8:
        return channels
    first, second = channels
    if channel_code == 8:  # left, side
        return [first, [left - side for left, side in zip(first, second, strict=True)]]
    if channel_code == 9:  # side, right
        return [[side + right for side, right in zip(first, second, strict=True)], second]
    middle = [2 * mid + (side & 1) for mid, side in zip(first, second, strict=True)]
    return [
        [(mid + side) >> 1 for mid, side in zip(middle, second, strict=True)],
        [(mid - side) >> 1 for mid, side in zip(middle, second, strict=True)],
    ]


def sixteen_bits(channels: list[list[int]], depth: int) -> tuple[array[int], ...]:
    """The samples scaled to 16 bits; what a broken stream pushes out of range is clipped."""
    scaled = []
    for samples in channels:
        if depth > 16:
            samples = [sample >> (depth - 16) for sample in samples]
        elif depth < 16:
            samples = [sample << (16 - depth) for sample in samples]
        try:
            scaled.append(array("h", samples))
        except OverflowError:
            scaled.append(array("h", [max(-32_768, min(32_767, sample)) for sample in samples]))
    return tuple(scaled)


def _table(polynomial: int, width: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (width - 1) else 0)
        table.append(value)
    return tuple(table)


# Polynomials: RFC 9639, 9.1.8 and 9.3; with their leading bit, which takes the one that is shifted out.
_CRC8 = _table(0x107, 8)
_CRC16 = _table(0x18005, 16)


def crc8(data: bytes | bytearray) -> int:
    """The checksum of a frame's header."""
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def crc16(data: bytes | bytearray) -> int:
    """The checksum of a whole frame."""
    value = 0
    for byte in data:
        value = (value << 8 & 0xFF00) ^ _CRC16[(value >> 8) ^ byte]
    return value
