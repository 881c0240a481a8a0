"""What a player is told beside an event: when it came. Pure."""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Moment:
    """Where the session's audio clock and the account's mock time stand."""

    __slots__ = ("audio_us", "time_us")

    def __init__(self, audio_us: int, time_us: int) -> None:
        self.audio_us: Final = audio_us
        self.time_us: Final = time_us
