"""Conditions on the journal, and by how little it missed them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import msgspec

from mockscribe.entries import Entry, Kind


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """`count` entries of a kind, after entry `since`, whose fields contain those of `where`.

    A mapping in `where` is contained in one that has all its keys with values that contain its own; anything else must
    be equal: `{"value": {"transcriptSegment": {"isPartial": false}}}`.
    """

    kind: Kind
    where: dict[str, Any] = {}
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    since: Annotated[int, msgspec.Meta(ge=0)] = 0


def fulfils(condition: Condition, entry: Entry) -> dict[str, Any] | None:
    """The entry as plain data without audio bytes, if it is one that the condition counts."""
    if entry.kind is not condition.kind or entry.seq <= condition.since:
        return None
    fields = entry.fields(content=False)
    return fields if next(_differences(fields, condition.where, ""), None) is None else None


def nearest(condition: Condition, entries: Iterable[Entry], count: int = 3) -> tuple[str, ...]:
    """In words, the entries of the kind that came nearest: fewest differences, then the newest."""
    misses = []
    for entry in entries:
        if entry.kind is condition.kind and entry.seq > condition.since:
            differences = list(_differences(entry.fields(content=False), condition.where, ""))
            if differences:
                misses.append((len(differences), -entry.seq, f"entry {entry.seq}: {'; '.join(differences)}"))
    return tuple(text for _, _, text in sorted(misses)[:count])


def _differences(actual: Any, wanted: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        for name, value in wanted.items():
            here = f"{path}.{name}" if path else name
            if name not in actual:
                yield f"there is no {here}"
            else:
                yield from _differences(actual[name], value, here)
    elif actual != wanted or isinstance(actual, bool) is not isinstance(wanted, bool):
        yield f"{path} is {actual!r:.200}, not {wanted!r:.200}"
