"""Durations as people write them: `250ms`, `1.5s`, `30m`, `2h`. Whole microseconds inside.

Knows nothing of where a duration stands. A bare number has no unit and is therefore no duration.
"""

from __future__ import annotations

import re
from decimal import Decimal

_PATTERN = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(us|ms|s|m|h)", re.ASCII)
_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}

PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,6})?(us|ms|s|m|h)$"
"""The same as a pattern of JSON Schema."""


def parse_duration(text: str) -> int:
    """Microseconds of a duration with its unit, rounded down.

    Raises:
        ValueError: the text is no duration; the message says how to write one.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration: write a number with a unit, such as 250ms, 1.5s, 30m or 2h")
    number, unit = match.groups()
    return int(Decimal(number) * _UNITS[unit])
