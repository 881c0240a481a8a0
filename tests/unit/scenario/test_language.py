"""The JSON Schema of scenarios: valid, true to its examples, and of one mind with the parser."""

import json
from typing import Any

import jsonschema
import pytest

from mockscribe.duration import parse_duration
from mockscribe.errors import ScriptError
from mockscribe.scenario.language import (
    ARTIFACT_KEYS,
    ARTIFACTS,
    DURATION,
    MATCH_KEYS,
    NOTHING,
    SCENARIO_KEYS,
    STEP_KEYS,
    STREAM_FAULTS,
    WHEN_KEYS,
    schema,
)
from mockscribe.scenario.script import parse
from tests.unit.scenario.test_script import COMPLETE

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def taken_by_schema(value: Any) -> bool:
    return bool(VALIDATOR.is_valid(value))


def taken_by_parser(value: Any) -> bool:
    try:
        parse(json.dumps(value), "t.json")
    except ScriptError:
        return False
    return True


def test_the_schema_is_valid_and_plain_json() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def examples(part: Any) -> list[tuple[dict[str, Any], Any]]:
    """Each schema that has examples, with each of them."""
    found: list[tuple[dict[str, Any], Any]] = []
    if isinstance(part, dict):
        if isinstance(part.get("examples"), list):
            found += [({**part, "$defs": SCHEMA["$defs"]}, example) for example in part["examples"]]
        for value in part.values():
            found += examples(value)
    elif isinstance(part, list):
        for value in part:
            found += examples(value)
    return found


def test_every_example_in_it_validates() -> None:
    pairs = examples(SCHEMA)
    assert len(pairs) >= sum(map(len, (SCENARIO_KEYS, MATCH_KEYS, STEP_KEYS, ARTIFACT_KEYS)))
    for part, example in pairs:
        jsonschema.Draft202012Validator(part).validate(example)


def test_every_key_is_described_and_has_an_example_that_the_parser_takes() -> None:
    for keys, name in ((SCENARIO_KEYS, None), (MATCH_KEYS, "match")):
        for key, about in keys.items():
            assert about.about.endswith(".")
            value: dict[str, Any] = {"scenario": "s"}
            (value if name is None else value.setdefault(name, {}))[key] = about.example
            assert taken_by_parser(value), key
    for key, about in STEP_KEYS.items():
        verb = {} if key in ("say", "send", "raise", "fault", "end") else {"say": "A"}
        assert taken_by_parser({"scenario": "s", "steps": [{"say": "A"}, {**verb, key: about.example}]}), key
    for key, about in WHEN_KEYS.items():
        assert taken_by_parser({"scenario": "s", "steps": [{"say": "A", "when": {key: about.example}}]}), key
    for key, about in ARTIFACT_KEYS.items():
        assert taken_by_parser({"scenario": "s", "artifacts": {"note": {key: about.example}}}), key


GOOD_STEPS: list[dict[str, Any]] = [
    {"say": "A"},
    {"say": "A", "by": "PATIENT", "takes": "0s", "partials": "none", "at": "0ms"},
    {"say": "A", "partials": {"every": "1us"}, "after": {"time": "1s"}},
    {"say": "A", "when": "end_of_session", "repeat": "forever", "optional": True, "with": False},
    {"send": {"checklistEvent": {"anything": [1, None]}}, "when": {"bytes": 1}, "repeat": 2},
    {"raise": {"validationException": "x"}, "when": {"quiet": "1s"}},
    {"fault": {"reset": {}}},
    {"fault": {"reset": {"code": 4_294_967_295}}},
    {"fault": {"wrong_message_crc": {}}, "when": {"idle": "1s"}},
    {"fault": {"corrupt": {"byte": 0, "after_events": 1, "at_audio": "1s", "after_time": "0s", "attempt": 1}}},
    {"fault": {"tcp_reset": {"probability": 1, "frames": "all"}}},
    {"fault": {"trailers": {"fields": {"x-a": "b c"}}}},
    *({"fault": dict(kind.example)} for kind in STREAM_FAULTS.values()),
    {"end": True, "when": {"events": 1}},
]

GOOD: list[Any] = [
    {"scenario": "s"},
    {"scenario": "s", "steps": []},
    {"scenario": "s", "steps": GOOD_STEPS, "times": 3},
    {"scenario": "s", "steps": [{"say": "A"}, {"say": "B", "with": True}]},
    {"scenario": "s", "match": {}},
    {"scenario": "s", "match": {"account": "000000000000", "attempt": 1, "languageCode": "multi"}},
    {"scenario": "s", "artifacts": {"note": {}, "codes": {"content": None, "fail": "x", "skip": False, "delay": "0s"}}},
    *({"scenario": "s", "artifacts": {name: {"content": {"anything": 1}}}} for name in ARTIFACTS if name != "note"),
    *(
        {"scenario": "s", "artifacts": {name: {"content": content}}}
        for name, content in (
            ("note", {"PLAN": "Rest", "Other": ["One.", "Two."], "GOAL": []}),
            ("note", {"ClinicalDocumentation": {}, "mine": 1}),
            ("note", {}),
            ("afterVisitSummary", "Rest."),
            ("afterVisitSummary", []),
            ("codes", [{"name": "I10"}, {}]),
        )
    ),
    *({"scenario": "s", "steps": [step]} for step in GOOD_STEPS),
]

BAD_STEPS: list[Any] = [
    {},
    "say",
    {"at": "1s"},
    {"say": ""},
    {"say": 1},
    {"say": None},
    {"say": "A", "end": True},
    {"say": "A", "at": "1s", "after": "1s"},
    {"say": "A", "at": "1s", "when": "input_closed"},
    {"say": "A", "after": "1s", "when": "input_closed"},
    {"say": "A", "at": 1},
    {"say": "A", "at": "1"},
    {"say": "A", "at": "1 s"},
    {"say": "A", "at": ".5s"},
    {"say": "A", "at": "-1s"},
    {"say": "A", "at": "1.0000001s"},
    {"say": "A", "at": "1234567890123s"},
    {"say": "A", "at": "١s"},
    {"say": "A", "after": {}},
    {"say": "A", "after": {"time": "1s", "audio": "1s"}},
    {"say": "A", "after": {"audio": "1s"}},
    {"say": "A", "when": "start"},
    {"say": "A", "when": {}},
    {"say": "A", "when": {"events": 0}},
    {"say": "A", "when": {"events": 1.5}},
    {"say": "A", "when": {"events": True}},
    {"say": "A", "when": {"bytes": "1"}},
    {"say": "A", "when": {"quiet": 1}},
    {"say": "A", "when": {"idle": "1s", "quiet": "1s"}},
    {"say": "A", "when": {"noise": "1s"}},
    {"say": "A", "by": "NURSE"},
    {"say": "A", "partials": "some"},
    {"say": "A", "partials": {}},
    {"say": "A", "partials": {"every": "0s"}},
    {"say": "A", "partials": {"every": "0.0009ms"}},
    {"say": "A", "partials": {"every": "1s", "from": "1s"}},
    {"say": "A", "with": "yes"},
    {"say": "A", "with": True},
    {"say": "A", "optional": 1},
    {"say": "A", "repeat": 0},
    {"say": "A", "repeat": "always"},
    {"say": "A", "colour": "red"},
    {"end": True, "by": "PATIENT"},
    {"end": True, "takes": "1s"},
    {"send": {"checklistEvent": {}}, "partials": "none"},
    {"end": False},
    {"end": 1},
    {"send": {}},
    {"send": {"transcriptEvent": {}, "checklistEvent": {}}},
    {"send": {"internalFailureException": {}}},
    {"send": {"transcriptEvent": "A"}},
    {"raise": {}},
    {"raise": "validationException"},
    {"raise": {"validationException": ""}},
    {"raise": {"throttlingException": "x"}},
    {"fault": "reset"},
    {"fault": {}},
    {"fault": {"teapot": {}}},
    {"fault": {"reset": None}},
    {"fault": {"reset": {"code": "CALM"}}},
    {"fault": {"reset": {"code": -1}}},
    {"fault": {"reset": {"code": 2**32}}},
    {"fault": {"reset": {"code": True}}},
    {"fault": {"wrong_message_crc": {"at": 1}}},
    {"fault": {"wrong_message_crc": {"byte": 1}}},
    {"fault": {"tls_expired": {}}},
    {"fault": {"delay": {"by": 1}}},
    {"fault": {"delay": {"by": "1"}}},
    {"fault": {"reset": {"probability": 0}}},
    {"fault": {"reset": {"probability": 1.1}}},
    {"fault": {"reset": {"probability": True}}},
    {"fault": {"reset": {"frames": 0}}},
    {"fault": {"reset": {"frames": "some"}}},
    {"fault": {"reset": {"after_events": 0}}},
    {"fault": {"reset": {"at_audio": 5}}},
    {"fault": {"truncated": {"then": "sleep"}}},
    {"fault": {"http_error": {"error": "Teapot"}}},
    {"fault": {"http_error": {"status": 99}}},
    {"fault": {"trailers": {"fields": {}}}},
    {"fault": {"trailers": {"fields": {"Upper": "x"}}}},
    {"fault": {"trailers": {"fields": {"a": 1}}}},
    {"fault": {"trailers": {"fields": {"a": "\n"}}}},
    {"fault": {"plain_error": {"content_type": " text/html"}}},
    {"fault": {"go_away": {"close": "yes"}}},
    {"fault": {"error_frame": {"code": ""}}},
]

BAD: list[Any] = [
    [],
    "s",
    {},
    {"scenario": ""},
    {"scenario": 1},
    {"scenario": "s", "times": 0},
    {"scenario": "s", "times": "twice"},
    {"scenario": "s", "step": []},
    {"scenario": "s", "steps": {}},
    {"scenario": "s", "match": []},
    {"scenario": "s", "match": {"mediaEncoding": "mp3"}},
    {"scenario": "s", "match": {"mediaSampleRateHertz": "16000"}},
    {"scenario": "s", "match": {"mediaSampleRateHertz": 0}},
    {"scenario": "s", "match": {"account": "1234"}},
    {"scenario": "s", "match": {"account": 123456789012}},
    {"scenario": "s", "match": {"account": "1234567890123"}},
    {"scenario": "s", "match": {"attempt": 0}},
    {"scenario": "s", "match": {"sessionId": ""}},
    {"scenario": "s", "match": {"region": "us-east-1"}},
    {"scenario": "s", "artifacts": {"notes": {}}},
    {"scenario": "s", "artifacts": {"note": None}},
    {"scenario": "s", "artifacts": {"note": {"delay": 1}}},
    {"scenario": "s", "artifacts": {"note": {"fail": ""}}},
    {"scenario": "s", "artifacts": {"note": {"skip": "no"}}},
    {"scenario": "s", "artifacts": {"note": {"after": "1s"}}},
    *(
        {"scenario": "s", "artifacts": {name: {"content": content}}}
        for name, content in (
            ("transcript", "text"),
            ("transcript", []),
            ("note", "Rest."),
            ("note", {"PLAN": 5}),
            ("note", {"PLAN": ""}),
            ("note", {"PLAN": [["Rest."]]}),
            ("note", {"ClinicalDocumentation": []}),
            ("afterVisitSummary", ""),
            ("afterVisitSummary", [None]),
            ("codes", "I10"),
            ("codes", ["I10"]),
            ("codes", [{"nam": "I10"}]),
        )
    ),
    *({"scenario": "s", "steps": [step]} for step in BAD_STEPS),
]


@pytest.mark.parametrize("value", GOOD, ids=json.dumps)
def test_schema_and_parser_take_the_same(value: Any) -> None:
    assert taken_by_schema(value)
    assert taken_by_parser(value)


@pytest.mark.parametrize("value", BAD, ids=json.dumps)
def test_schema_and_parser_refuse_the_same(value: Any) -> None:
    assert not taken_by_schema(value)
    assert not taken_by_parser(value)


@pytest.mark.parametrize(
    "step",
    [
        {"say": "A", "when": {"quiet": "9ms"}},
        {"send": {"checklistEvent": {}}, "repeat": "forever"},
        {"say": "A", "takes": "0s", "at": "1s", "repeat": "forever"},
    ],
    ids=json.dumps,
)
def test_what_only_the_parser_refuses(step: Any) -> None:
    value = {"scenario": "s", "steps": [step]}
    assert taken_by_schema(value)
    assert not taken_by_parser(value)


def test_the_complete_one_of_the_documentation_validates() -> None:
    import yaml

    assert taken_by_schema(yaml.safe_load(COMPLETE))


@pytest.mark.parametrize(
    "text",
    [
        "0us",
        "0.9us",
        "1us",
        "0ms",
        "0.0009ms",
        "0.001ms",
        "0.01ms",
        "0.00ms",
        "000s",
        "0.000000s",
        "0.000001s",
        "0.0m",
        "0.000001m",
        "0h",
        "0.000001h",
        "10us",
        "10ms",
        "100s",
        "0.9999ms",
    ],
)
def test_the_pattern_of_nothing_is_what_rounds_to_no_microsecond(text: str) -> None:
    validator = jsonschema.Draft202012Validator({"pattern": NOTHING})
    assert validator.is_valid(text) == (parse_duration(text) == 0)
    assert jsonschema.Draft202012Validator({**DURATION, "$defs": SCHEMA["$defs"]}).is_valid(text)
