"""What one HTTP connection puts up with: sizes, numbers, rates, and how long a client may take.

The defaults are those of `Config`, which says where each comes from. Knows no protocol and reads no clock.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits of a connection; a time of 0 is no limit.

    `max_concurrent_streams`: one more is refused. `max_header_list_bytes`: of a request's head, or of trailers.
    `head_seconds`: from the first byte of a head to its last. `idle_seconds`: a connection without an exchange.
    `stalled_seconds`: an exchange whose response is complete or waits for the client's window, and on which the client
    does nothing. `reset_burst`, `reset_rate`: streams that a client may reset or have reset, at once and a second.
    `control_burst`, `control_rate`: likewise for PING, SETTINGS, PRIORITY, CONTINUATION and unknown frames, and for
    DATA without an effect.
    """

    max_concurrent_streams: int = 100
    max_header_list_bytes: int = 65_536
    head_seconds: float = 30.0
    idle_seconds: float = 300.0
    stalled_seconds: float = 60.0
    reset_burst: int = 1000
    reset_rate: float = 33.0
    control_burst: int = 10_000
    control_rate: float = 1000.0


DEFAULTS: Final = Limits()


class Stopwatch:
    """How long something has lasted. `due` is when that is too long: infinite while it does not last."""

    __slots__ = ("due", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.due = math.inf

    def run(self, lasts: bool, now: float) -> None:
        """Whether it lasts at `now`; it is counted from the first time that it does."""
        if not lasts:
            self.due = math.inf
        elif self.due == math.inf and self.seconds:
            self.due = now + self.seconds
