"""How often a client may do what costs us work and brings it nothing: a token bucket. Reads no clock."""

from __future__ import annotations


class Allowance:
    """`burst` at once, refilled at `rate` a second."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, burst: int, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._left = float(burst)
        self._at = 0.0

    def spend(self, now: float) -> bool:
        """Use one; False when none is left."""
        self._left = min(self.burst, self._left + (now - self._at) * self.rate) - 1.0
        self._at = now
        return self._left >= 0.0
