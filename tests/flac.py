"""FLAC made by hand: every field of RFC 9639 can be said, right or wrong; the CRCs are crcmod's.

It shares nothing with the decoder under test. A run of bits is text ("0110"), and so is everything but the finished
stream; `frame` and `stream` give bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import crcmod

crc8 = crcmod.mkCrcFun(0x107, initCrc=0, rev=False)
crc16 = crcmod.mkCrcFun(0x18005, initCrc=0, rev=False)

MARKER = b"fLaC"


def unsigned(value: int, width: int) -> str:
    assert 0 <= value < 1 << width
    return f"{value:0{width}b}" if width else ""


def signed(value: int, width: int) -> str:
    assert -(1 << width) <= 2 * value < 1 << width or value == width == 0
    return unsigned(value % (1 << width), width)


def octets(bits: str) -> bytes:
    """The bits as bytes, filled up with zeros."""
    bits += "0" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]


# ---- metadata


def metadata(kind: int, content: bytes, *, last: bool = False) -> bytes:
    return octets(unsigned(last, 1) + unsigned(kind, 7) + unsigned(len(content), 24)) + content


def streaminfo(rate: int = 16_000, channels: int = 1, depth: int = 16, *, last: bool = True) -> bytes:
    bits = unsigned(16, 16) + unsigned(65_535, 16) + "0" * 48
    bits += unsigned(rate, 20) + unsigned(channels - 1, 3) + unsigned(depth - 1, 5) + "0" * (36 + 128)
    return metadata(0, octets(bits), last=last)


def stream(*frames: bytes, rate: int = 16_000, channels: int = 1, depth: int = 16) -> bytes:
    return MARKER + streaminfo(rate, channels, depth) + b"".join(frames)


# ---- frames


def header(
    size: int,
    *,
    size_code: int = 7,
    rate_code: int = 0,
    rate_bits: str = "",
    channel_code: int = 0,
    depth_code: int = 0,
    reserved: int = 0,
    number: bytes = b"\0",
    sync: str = "1" * 13 + "000",
) -> bytes:
    """The header without its CRC; the block's size is said in 8 bits (size_code 6), 16 (7), or by the code alone."""
    bits = sync + unsigned(size_code, 4) + unsigned(rate_code, 4) + unsigned(channel_code, 4)
    bits += unsigned(depth_code, 3) + unsigned(reserved, 1) + "".join(unsigned(byte, 8) for byte in number)
    if size_code in (6, 7):
        bits += unsigned(size - 1, 8 if size_code == 6 else 16)
    return octets(bits + rate_bits)


def frame(head: bytes, *subframes: str) -> bytes:
    whole = head + bytes([crc8(head)]) + octets("".join(subframes))
    return whole + crc16(whole).to_bytes(2, "big")


# ---- subframes


def subframe(kind: int, content: str, *, wasted: int = 0, padding: int = 0) -> str:
    return unsigned(padding, 1) + unsigned(kind, 6) + ("1" + "0" * (wasted - 1) + "1" if wasted else "0") + content


def constant(value: int, depth: int = 16, *, wasted: int = 0) -> str:
    return subframe(0, signed(value, depth - wasted), wasted=wasted)


def verbatim(samples: Sequence[int], depth: int = 16, *, wasted: int = 0) -> str:
    return subframe(1, "".join(signed(sample, depth - wasted) for sample in samples), wasted=wasted)


def fixed(order: int, samples: Sequence[int], depth: int = 16, *, parameter: int = 4, **coding: int) -> str:
    """The differences of the samples are taken one by one, as RFC 9639, 9.2.5 lists them."""
    factors = ((), (1,), (2, -1), (3, -3, 1), (4, -6, 4, -1))[order]
    return _predicted(8 + order, factors, 0, "", samples, depth, parameter, coding)


def linear(
    coefficients: Sequence[int], shift: int, precision: int, samples: Sequence[int], depth: int = 16, *,
    parameter: int = 4, **coding: int,
) -> str:  # fmt: skip
    head = unsigned(precision - 1, 4) + signed(shift, 5)
    head += "".join(signed(coefficient, precision) for coefficient in coefficients)
    kind = 31 + len(coefficients)
    return _predicted(kind, coefficients, shift, head, samples, depth, parameter, coding)


def _predicted(
    kind: int, factors: Sequence[int], shift: int, head: str, samples: Sequence[int], depth: int, parameter: int,
    coding: dict[str, int],
) -> str:  # fmt: skip
    order = len(factors)
    values = []
    for at in range(order, len(samples)):
        guess = sum(factor * samples[at - 1 - back] for back, factor in enumerate(factors)) >> shift
        values.append(samples[at] - guess)
    warm_up = "".join(signed(sample, depth) for sample in samples[:order])
    return subframe(kind, warm_up + head + residual(values, order, parameter=parameter, **coding))


def residual(
    values: Sequence[int], order: int, *, parameter: int, partitions: int = 0, wide: int = 0, escape: int | None = None
) -> str:
    """`partitions` is the exponent of their number; with `escape` they hold plain numbers of so many bits."""
    bits = unsigned(wide, 2) + unsigned(partitions, 4)
    length = (len(values) + order) >> partitions
    width = 5 if wide else 4
    at = 0
    for number in range(1 << partitions):
        part = values[at : at + length - (order if number == 0 else 0)]
        at += len(part)
        if escape is None:
            bits += unsigned(parameter, width) + "".join(rice(value, parameter) for value in part)
        else:
            bits += "1" * width + unsigned(escape, 5) + "".join(signed(value, escape) for value in part)
    return bits


def rice(value: int, parameter: int) -> str:
    code = 2 * value if value >= 0 else -2 * value - 1
    return "0" * (code >> parameter) + "1" + unsigned(code & (1 << parameter) - 1, parameter)
