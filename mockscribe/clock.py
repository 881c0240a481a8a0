"""Mock time: what one account's scripts and sessions live in, as a function of real time.

`now` is real time, seconds; `time` is mock time, seconds since the mock's start. Nothing here asks what time it is.
"""

from __future__ import annotations


class Clock:
    """One account's mock time.

    `mode` is `real`, `xN` (N times as fast), `manual` (only `advance` moves it) or `autojump` (real, and it leaps);
    `leaped` are the seconds of all leaps.

    A leap is no time in which the client could have done anything, so timeouts of the client's making are measured on
    `waited`: mock time without the leaps.
    """

    __slots__ = ("_now", "_time", "factor", "leaped", "mode")

    def __init__(self, mode: str = "real", now: float = 0.0, time: float = 0.0) -> None:
        """It is mock time `time` at real time `now`."""
        self._now = now
        self._time = time
        self.leaped = 0.0
        self.mode = mode
        self.factor = _factor(mode)

    def set_mode(self, mode: str, now: float) -> None:
        """Go on in another mode from the time that it is."""
        self._time = self.time(now)
        self._now = now
        self.mode = mode
        self.factor = _factor(mode)

    def time(self, now: float) -> float:
        """Mock time at real time `now`; never goes back."""
        passed = now - self._now
        return self._time + passed * self.factor if passed > 0 else self._time

    def waited(self, now: float) -> float:
        """Mock time at `now` less all leaps."""
        return self.time(now) - self.leaped

    def real(self, time: float) -> float | None:
        """The real time at which it will be `time` if nothing leaps or advances; None: never."""
        if time <= self._time:
            return self._now
        return self._now + (time - self._time) / self.factor if self.factor else None

    def real_waited(self, waited: float) -> float | None:
        """The real time at which so much will have been waited; None: never."""
        return self.real(waited + self.leaped)

    def advance(self, seconds: float, now: float) -> None:
        """Let `seconds` of mock time pass at once."""
        self._time = self.time(now) + seconds
        self._now = now

    def leap(self, time: float, now: float) -> None:
        """Leap forward to `time`; nothing was waited."""
        seconds = time - self.time(now)
        if seconds > 0:
            self.advance(seconds, now)
            self.leaped += seconds


def _factor(mode: str) -> float:
    match mode:
        case "real" | "autojump":
            return 1.0
        case "manual":
            return 0.0
        case _:
            return float(mode.removeprefix("x"))
