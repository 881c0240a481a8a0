"""Moments as values: one of all clocks, and what survives of a clock. `clock.py` makes them."""

from __future__ import annotations

import msgspec


class Instant(msgspec.Struct, frozen=True, gc=False):
    """One moment by every clock, made once for all that happens in it.

    `now` is real time of a steady clock, `at` the same in seconds since the epoch; `time` is mock time, `waited` mock
    time less all leaps; all in seconds. `time_us` is `time` in whole microseconds.
    """

    now: float
    at: float
    time: float
    waited: float
    time_us: int


class Kept(msgspec.Struct, frozen=True):
    """What survives of a clock: mock time `time` at `wall` (epoch seconds), and the epoch second at its beginning."""

    time: float
    wall: float
    began: float
