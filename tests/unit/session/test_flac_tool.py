"""The FLAC decoder against the reference encoder, `flac`: samples that it was given, exactly, at all its settings."""

import math
import random
import shutil
import subprocess
from array import array
from collections.abc import Callable, Sequence

import pytest

from mockscribe.session.flac import FlacDecoder, StreamInfo
from tests.requirements import require

FLAC = shutil.which("flac")
RATE = 16_000
SIZE = 3_001  # no multiple of anything


@pytest.fixture(autouse=True)
def _encoder() -> None:
    require("flac", FLAC is not None, "the flac command is not on the PATH")


def tone(depth: int) -> list[int]:
    top = (1 << depth - 1) - 1
    return [round(top * math.sin(at * 0.17)) for at in range(SIZE)]


def noise(depth: int) -> list[int]:
    draw = random.Random(depth)
    return [draw.randrange(-(1 << depth - 1), 1 << depth - 1) for _ in range(SIZE)]


def hum(depth: int) -> list[int]:
    """Two tones and a little noise, swelling: what linear prediction is for."""
    draw = random.Random(depth)
    top = (1 << depth - 1) * 0.3
    return [
        round(top * at / SIZE * (math.sin(at * 0.03) + math.sin(at * 0.4)) + draw.gauss(0, top / 500))
        for at in range(SIZE)
    ]


def silence(depth: int) -> list[int]:
    return [0] * SIZE


def coarse(depth: int) -> list[int]:
    """Three bits of every sample are wasted."""
    return [sample >> 3 << 3 for sample in hum(depth)]


def square(depth: int) -> list[int]:
    return [(1 << depth - 1) - 1 if at // 50 % 2 else -(1 << depth - 1) for at in range(SIZE)]


def encoded(channels: Sequence[Sequence[int]], depth: int, *options: str) -> bytes:
    assert FLAC is not None
    raw = b"".join(
        sample.to_bytes((depth + 7) // 8, "little", signed=True)
        for samples in zip(*channels, strict=True)
        for sample in samples
    )
    command = [FLAC, "--silent", "--stdout", "--force-raw-format", "--endian=little", "--sign=signed"]
    command += [f"--channels={len(channels)}", f"--bps={depth}", f"--sample-rate={RATE}", *options, "-"]
    return subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def check(channels: Sequence[Sequence[int]], depth: int, *options: str) -> None:
    data = encoded(channels, depth, *options)
    expected = tuple(array("h", [sample << 16 >> depth for sample in samples]) for samples in channels)
    for cut in (len(data), 997):
        decoder = FlacDecoder(samples=True)
        counter = FlacDecoder(samples=False)
        found = tuple(array("h") for _ in channels)
        counted = 0
        for at in range(0, len(data), cut):
            counted += sum(block.size for block in counter.feed(data[at : at + cut]))
            for block in decoder.feed(data[at : at + cut]):
                for one, samples in zip(found, block.samples, strict=True):
                    one.extend(samples)
        assert decoder.info == counter.info == StreamInfo(RATE, len(channels), depth)
        assert found == expected
        assert counted == SIZE


@pytest.mark.parametrize("level", range(9))
@pytest.mark.parametrize("depth", [8, 16, 24])
def test_every_level_and_depth(level: int, depth: int) -> None:
    check([hum(depth)], depth, f"-{level}")
    check([hum(depth), [sample // 2 for sample in hum(depth)]], depth, f"-{level}")


@pytest.mark.parametrize("signal", [tone, noise, silence, coarse, square])
@pytest.mark.parametrize("depth", [8, 16, 24])
def test_every_signal(signal: Callable[[int], list[int]], depth: int) -> None:
    check([signal(depth)], depth)
    check([signal(depth), hum(depth)], depth, "-8")


@pytest.mark.parametrize(
    "options",
    [
        ("--blocksize=16", "--lax"),
        ("--blocksize=192",),
        ("--blocksize=4096",),
        ("--blocksize=65535", "--lax"),
        ("--max-lpc-order=32", "--lax", "--blocksize=4608"),
        ("--max-lpc-order=0",),
        ("--qlp-coeff-precision=15",),
        ("--qlp-coeff-precision-search", "--exhaustive-model-search", "-8"),
        ("--rice-partition-order=0,0",),
        ("--rice-partition-order=8,15", "--lax"),
        ("--mid-side",),
        ("--adaptive-mid-side",),
        ("--no-mid-side",),
        ("--padding=200000",),
        ("--tag=TITLE=visit", "--no-padding"),
    ],
    ids=" ".join,
)
def test_every_option(options: tuple[str, ...]) -> None:
    left = hum(16)
    check([left], 16, *options)
    check([left, [sample // 3 + 5 for sample in left]], 16, *options)
