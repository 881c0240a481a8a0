"""What was heard, as values: samples and how loud they are. `audio.py` makes them."""

from __future__ import annotations

from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr


class Level(NamedTuple):
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


@mypyc_attr(acyclic=True)
class Heard:
    """What one event added: samples `begin` to `end` of each channel at `rate` Hz; `levels` tile it if measured."""

    __slots__ = ("begin", "channels", "end", "levels", "rate")

    def __init__(self, begin: int, end: int, rate: int, channels: int, levels: tuple[Level, ...] = ()) -> None:
        self.begin: Final = begin
        self.end: Final = end
        self.rate: Final = rate
        self.channels: Final = channels
        self.levels: Final = levels

    @property
    def begin_us(self) -> int:
        """`begin` in microseconds, rounded down."""
        return self.begin * 1_000_000 // self.rate

    @property
    def end_us(self) -> int:
        """`end` in microseconds, rounded down."""
        return self.end * 1_000_000 // self.rate
