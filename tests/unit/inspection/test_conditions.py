"""Conditions on the journal: what they count, and what came nearest."""

from typing import Any

import pytest

from mockscribe.entries import Kind, Origin
from mockscribe.inspection.conditions import Condition, fulfils, nearest
from mockscribe.instant import Instant
from mockscribe.journal import Journal

ORIGIN = Origin(account="000000000000", connection=1, stream="1.1", session="s", attempt=1)


def journal(*abouts: dict[str, Any]) -> Journal:
    made = Journal(1_000_000)
    for about in abouts:
        made.append(Instant(0.0, 10.0, 1.0, 1.0, 1_000_000), ORIGIN, Kind.EVENT_SENT, 0, about)
    return made


def counted(condition: Condition, made: Journal) -> list[int]:
    return [entry.seq for entry in made if fulfils(condition, entry) is not None]


def test_the_kind_must_be_the_same() -> None:
    made = journal({"event": "x"})
    assert counted(Condition(kind=Kind.EVENT_SENT), made) == [1]
    assert counted(Condition(kind=Kind.EVENT_RECEIVED), made) == []


def test_entries_up_to_since_do_not_count() -> None:
    assert counted(Condition(kind=Kind.EVENT_SENT, since=1), journal({}, {}, {})) == [2, 3]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [1, 2]),
        ({"session": "s"}, [1, 2]),
        ({"session": "t"}, []),
        ({"value": {"segment": {"final": True}}}, [2]),
        ({"value": {"segment": {"text": "a"}}}, [1]),
        ({"value": {"segment": {"text": "a", "final": True}}}, []),
        ({"value": {"segment": {"nothing": None}}}, []),
        ({"value": 3}, []),
        ({"value": {"list": [1, 2]}}, [1]),
        ({"value": {"list": [1]}}, []),
    ],
)
def test_a_mapping_is_contained_and_all_else_equal(where: dict[str, Any], expected: list[int]) -> None:
    made = journal(
        {"value": {"segment": {"text": "a", "final": False}, "list": [1, 2]}},
        {"value": {"segment": {"text": "b", "final": True}, "list": []}},
    )
    assert counted(Condition(kind=Kind.EVENT_SENT, where=where), made) == expected


def test_true_is_not_one() -> None:
    made = journal({"count": 1}, {"count": True})
    assert counted(Condition(kind=Kind.EVENT_SENT, where={"count": 1}), made) == [1]
    assert counted(Condition(kind=Kind.EVENT_SENT, where={"count": True}), made) == [2]


def test_the_nearest_misses_name_their_differences_fewest_first() -> None:
    made = journal({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 2})
    told = nearest(Condition(kind=Kind.EVENT_SENT, where={"a": 1, "b": 2, "c": 0}), made, count=2)
    assert told == ("entry 3: a is 2, not 1; there is no c", "entry 1: b is 1, not 2; there is no c")


def test_what_fulfils_it_is_no_miss() -> None:
    assert nearest(Condition(kind=Kind.EVENT_SENT), journal({})) == ()
