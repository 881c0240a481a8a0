"""Nodes as values: what is read, and what is said about the rest."""

from collections.abc import Callable
from typing import Any

import pytest

from mockscribe.scenario.document import Node, read_documents
from mockscribe.scenario.reading import Reader


def node(text: str) -> Node:
    (document,) = read_documents(text, "t")
    return document


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (Reader.some_text, "No", "No"),
        (Reader.some_text, "'42'", "42"),
        (Reader.some_text, "' '", " "),
        (Reader.boolean, "true", True),
        (Reader.boolean, "False", False),
        (Reader.count, "3", 3),
        (Reader.duration, "250ms", 250_000),
        (Reader.duration, "'1.5s'", 1_500_000),
        (Reader.duration, "0s", 0),
        (Reader.data, "{a: [1, {b: null}], yes: no}", {"a": [1, {"b": None}], "yes": "no"}),
    ],
)
def test_values(read: Callable[[Reader, Node, str], Any], text: str, value: Any) -> None:
    reader = Reader("t")
    assert read(reader, node(text), "x") == value
    assert reader.errors == []


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (Reader.some_text, "42", "must be text, in quotes"),
        (Reader.some_text, "true", "must be text, in quotes"),
        (Reader.some_text, "~", "must be text and not empty"),
        (Reader.some_text, "''", "must be text and not empty"),
        (Reader.some_text, "[a]", "must be text"),
        (Reader.boolean, "yes", "'yes' is no boolean: write true or false"),
        (Reader.boolean, "No", "'No' is no boolean: write true or false"),
        (Reader.boolean, "1", "'1' is no boolean: write true or false"),
        (Reader.boolean, "{}", "must be true or false"),
        (Reader.count, "0", "'0' is no whole number from 1"),
        (Reader.count, "-1", "'-1' is no whole number from 1"),
        (Reader.count, "1.0", "'1.0' is no whole number from 1"),
        (Reader.count, "true", "'true' is no whole number from 1"),
        (Reader.count, "[1]", "must be a whole number from 1"),
        (Reader.duration, "5", "5 has no unit: write 5ms or 5s"),
        (Reader.duration, "0.5", "0.5 has no unit: write 0.5ms or 0.5s"),
        (Reader.duration, "soon", "'soon' is no duration: write a number with a unit, such as 250ms, 1.5s, 30m or 2h"),
        (Reader.duration, "true", "'true' is no duration: write a number with a unit, such as 250ms, 1.5s, 30m or 2h"),
        (Reader.duration, "[1s]", "must be a duration such as 250ms"),
        (Reader.data, "{a: 1, a: 2}", "a: the key `a` is given twice"),
        (Reader.data, "{[a]: 1}", "a key must be text"),
    ],
)
def test_what_is_no_such_value(read: Callable[[Reader, Node, str], Any], text: str, message: str) -> None:
    reader = Reader("t")
    read(reader, node(text), "")
    assert [error.placed for error in reader.errors] == [message]
    error = reader.errors[0]
    assert (error.source, error.line) == ("t", 1)


def test_a_key_given_twice_deep_in_free_content_has_its_place() -> None:
    reader = Reader("t")
    assert reader.data(node("a:\n  - b: 1\n    b: 2\n"), "send") == {"a": [{"b": 1}]}
    (error,) = reader.errors
    assert (error.line, error.column, error.path) == (3, 5, "send.a[0].b")
    assert error.placed == "send.a[0].b: the key `b` is given twice"


def test_a_choice_among_words() -> None:
    reader = Reader("t")
    read = reader.choice(("CLINICIAN", "PATIENT"))
    assert read(node("PATIENT"), "by") == "PATIENT"
    assert read(node("PATENT"), "by") is None
    assert read(node("nurse"), "by") is None
    assert read(node("[PATIENT]"), "by") is None
    assert reader.choice(("true", "1"))(node("true"), "x") is None
    assert [error.placed for error in reader.errors] == [
        "by: 'PATENT' is none of CLINICIAN, PATIENT; did you mean PATIENT?",
        "by: 'nurse' is none of CLINICIAN, PATIENT",
        "by: must be one of CLINICIAN, PATIENT",
        "x: 'true' is none of true, 1",
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("{at: 1}", []),
        ("{}", []),
        ("[at]", ["must be a mapping with at, after"]),
        ("{att: 1}", ["the key `att` is unknown; did you mean `at`?"]),
        ("{colour: 1}", ["the key `colour` is unknown; there are at, after"]),
        ("{at: 1, at: 1}", ["at: the key `at` is given twice"]),
        ("{{at: 1}: 1}", ["a key must be text"]),
    ],
)
def test_the_keys_of_a_mapping(text: str, messages: list[str]) -> None:
    reader = Reader("t")
    reader.mapping(node(text), {"at": None, "after": None}, "")
    assert [error.placed for error in reader.errors] == messages


def test_a_mapping_that_takes_no_keys() -> None:
    reader = Reader("t")
    assert reader.mapping(node("{a: 1}"), {}, "x") == {}
    assert [error.placed for error in reader.errors] == ["x: the key `a` is unknown; none is known"]


@pytest.mark.parametrize(
    ("text", "found", "messages"),
    [
        ("{bytes: 3}", "bytes", []),
        ("bytes", "", ["must be a mapping with events, bytes"]),
        ("{}", "", ["must name one count: events, bytes"]),
        ("{events: 1, bytes: 2}", "", ["must name one count: events, bytes"]),
        ("{byte: 3}", "", ["the key `byte` is unknown; did you mean `bytes`?"]),
    ],
)
def test_a_mapping_of_one_pair(text: str, found: str, messages: list[str]) -> None:
    reader = Reader("t")
    assert reader.single(node(text), ("events", "bytes"), "", "count")[0] == found
    assert [error.placed for error in reader.errors] == messages


def test_one_of_several_keys() -> None:
    reader = Reader("t")
    whole = node("{say: A, end: true, at: 1s}")
    fields = reader.mapping(whole, dict.fromkeys(("say", "end", "at")), "") or {}
    assert reader.one_of(fields, ("say", "end"), whole, "s", "verb") == "say"
    assert reader.one_of(fields, ("at",), whole, "s", "trigger", needed=False) == "at"
    assert reader.one_of(fields, ("when",), whole, "s", "trigger", needed=False) is None
    assert reader.one_of(fields, ("when",), whole, "s", "trigger") is None
    assert [error.placed for error in reader.errors] == [
        "s.end: a step has one verb; `say` is there already",
        "s: a step needs a trigger: when",
    ]


def test_a_misspelt_key_is_not_said_to_be_missing_as_well() -> None:
    reader = Reader("t")
    whole = node("{saay: A}")
    fields = reader.mapping(whole, {"say": None}, "s") or {}
    assert reader.one_of(fields, ("say",), whole, "s", "verb") is None
    assert [error.placed for error in reader.errors] == ["s: the key `saay` is unknown; did you mean `say`?"]


def test_a_key_that_is_not_there_is_not_read() -> None:
    reader = Reader("t")
    assert reader.field({}, "at", "", reader.duration) is None
    assert reader.field({"at": node("1s")}, "at", "steps[0]", reader.duration) == 1_000_000
    reader.field({"at": node("1")}, "at", "steps[0]", reader.duration)
    assert reader.errors[0].path == "steps[0].at"
