"""What was heard, as values: samples and how loud they are. `audio.py` makes them."""

from __future__ import annotations

import msgspec


class Level(msgspec.Struct, frozen=True, gc=False):
    """How loud one channel was from sample `begin` to sample `end` (at most 10 ms).

    `peak` is 0 to 32,767; `mean_square` the mean of the squared samples, 0.0 where nothing is sound; `first` and `last`
    the position of the first sample that is sound and one past the last, None in silence.
    """

    begin: int
    end: int
    channel: int
    peak: int
    mean_square: float
    first: int | None
    last: int | None


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What one event added: samples `begin` to `end` of each channel at `rate` Hz; `levels` tile it if measured."""

    begin: int
    end: int
    rate: int
    channels: int
    levels: tuple[Level, ...] = ()

    @property
    def begin_us(self) -> int:
        """`begin` in microseconds, rounded down."""
        return self.begin * 1_000_000 // self.rate

    @property
    def end_us(self) -> int:
        """`end` in microseconds, rounded down."""
        return self.end * 1_000_000 // self.rate
