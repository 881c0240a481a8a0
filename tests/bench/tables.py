"""Numbers as people read them: medians over rounds, and tables in plain text."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def median(values: Iterable[float | None]) -> float | None:
    """The median of what was measured, or None when nothing was."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def median_of(rounds: Sequence[T], figure: Callable[[T], float | None]) -> float | None:
    return median(figure(each) for each in rounds)


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    print(f"\n{title}")
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print(f"  {'   '.join(cells)}".rstrip())


def aim(told: str, reached: bool | None) -> None:
    """Print whether an aim was reached; None: it was not measured."""
    print(f"  aim: {told}: {'not measured' if reached is None else 'reached' if reached else 'MISSED'}", flush=True)
