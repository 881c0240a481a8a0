"""Any text gives scenarios or a ScriptError that points into it; schema and parser are of one mind."""

import json
from typing import Any

import jsonschema
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockscribe.errors import ScriptError
from mockscribe.scenario.faults import FAULTS
from mockscribe.scenario.language import (
    ARTIFACT_KEYS,
    ARTIFACTS,
    EXCEPTIONS,
    MATCH_KEYS,
    ROLES,
    SCENARIO_KEYS,
    STEP_KEYS,
    WHEN_KEYS,
    WHEN_WORDS,
    schema,
)
from mockscribe.scenario.script import parse

WORDS = [
    *(*SCENARIO_KEYS, *STEP_KEYS, *MATCH_KEYS, *ARTIFACT_KEYS, *WHEN_KEYS),
    *(*ARTIFACTS, *WHEN_WORDS, *FAULTS, *EXCEPTIONS, *ROLES),
    *("checklistEvent", "time", "every", "words", "none", "forever", "code", "CANCEL", "pcm"),
]
SCALARS: list[Any] = [
    *WORDS,
    "",
    "1s",
    "0ms",
    "250ms",
    "yes",
    "true",
    True,
    False,
    None,
    0,
    1,
    3,
    -1,
    1.5,
    "000000000000",
]
VALIDATOR = jsonschema.Draft202012Validator(schema())

texts = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [*WORDS, ": ", "- ", "\n", "\n  ", "{", "}", "[", "]", ", ", "'", '"', "&a ", "*a ", "? ", "|\n", "---\n"]
    )
    | st.text(max_size=2),
    max_size=30,
).map("".join)

values = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=8,
)
GOOD: dict[str, Any] = {
    "scenario": "s",
    "times": 2,
    "match": {"mediaEncoding": "pcm", "account": "000000000000", "attempt": 1},
    "steps": [
        {"say": "A", "by": "PATIENT", "takes": "1s", "partials": {"every": "1s"}, "at": "1s", "optional": True},
        {"send": {"checklistEvent": {"a": 1}}, "with": True, "after": {"time": "1s"}, "repeat": 2},
        {"raise": {"validationException": "x"}, "when": {"bytes": 1}},
        {"fault": {"reset": {"code": "CANCEL"}}, "when": "input_closed"},
        {"end": True, "after": "1s"},
    ],
    "artifacts": {"note": {"content": None, "delay": "1s", "fail": "x", "skip": False}},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += places(inner, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, deadline=None)
@given(texts)
@example("a: &a [*a]")
@example("\ud800")
@example('"' + "\\" * 50)
@example("? [x]\n: y")
def test_any_text_gives_scenarios_or_an_error_with_its_place(text: str) -> None:
    try:
        assert parse(text, "t")
    except ScriptError as error:
        for each in error.errors:
            assert each.source == "t"
            assert 1 <= each.line <= text.count("\n") + text.count("\r") + text.count("\x85") + 2
            assert each.column >= 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(GOOD)), values)
def test_a_document_changed_in_one_place_is_taken_by_both_or_by_none(path: tuple[Any, ...], new: Any) -> None:
    value = replaced(GOOD, path, new)
    try:
        parse(json.dumps(value), "t")
        taken = True
    except ScriptError as error:
        taken = False
        only_parser = ("repeats forever", "must be 10ms or more")
        if all(any(text in each.message for text in only_parser) for each in error.errors):
            return
    assert VALIDATOR.is_valid(value) == taken
