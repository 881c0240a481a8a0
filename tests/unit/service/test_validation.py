"""Values against shapes: the wording, every kind of violation, and botocore's own verdict where it has one."""

import base64
import re
import sys
import unicodedata
from typing import Any

import botocore.model
import pytest
from botocore.validate import ParamValidator

from mockscribe.service.model import Shape, service_model
from mockscribe.service.validation import MAX_SHOWN_CHARACTERS, compiled, failure, message, violations
from tests import distil
from tests.examples import TEXTS, UUID, example, input_shapes

BOTOCORE = botocore.model.ServiceModel(distil.installed(), "connecthealth")
SHAPES = service_model().shapes


def check(name: str, value: object) -> list[str]:
    return violations(SHAPES[name], value, "a")


# ---- against botocore


@pytest.mark.parametrize("name", input_shapes())
def test_what_is_valid_is_valid_to_botocore_too(name: str) -> None:
    value = example(name)
    assert check(name, value) == []
    assert not ParamValidator().validate(value, BOTOCORE.shape_for(name)).has_errors()


WRONG: list[Any] = ["", "x", 0, -1, 7.5, True, [], ["x"], {}, {"a": "b"}, [[]], [{}]]


@pytest.mark.parametrize("name", input_shapes())
def test_what_botocore_refuses_is_refused(name: str) -> None:
    # botocore looks at types, required members, unions and minima; and it takes True for a number, which JSON does not.
    # It also refuses unknown members, which a service ignores, and what a blob is in JSON it knows by its serialiser.
    for value in WRONG:
        theirs = ParamValidator().validate(value, BOTOCORE.shape_for(name))
        report = theirs.generate_report()
        if theirs.has_errors() and "Unknown parameter" not in report:
            assert check(name, value), f"{value!r}: {report}"


@pytest.mark.parametrize("name", [name for name in input_shapes() if SHAPES[name].type == "structure"])
def test_required_members_are_those_of_botocore(name: str) -> None:
    whole = example(name)
    for member in whole:
        without = {key: value for key, value in whole.items() if key != member}
        refused = ParamValidator().validate(without, BOTOCORE.shape_for(name)).has_errors()
        assert bool(check(name, without)) is refused
        assert check(name, {**without, member: None}) == check(name, without)


def filled(name: str, length: int) -> object:
    """A value of exactly that length, which may break the pattern."""
    shape = SHAPES[name]
    if shape.type == "list":
        return [example(shape.item or "")] * length
    if shape.type == "string":
        text = str(example(name))
        return text[:length] + text[-1] * (length - len(text))
    return length


BOUNDED = [name for name in input_shapes() if {"min", "max"} & set(BOTOCORE.shape_for(name).metadata)]


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_are_those_of_botocore(name: str) -> None:
    metadata = BOTOCORE.shape_for(name).metadata
    what = "value" if SHAPES[name].type == "integer" else "length"
    least, most = f"{what} greater than or equal to", f"{what} less than or equal to"
    if (low := metadata.get("min")) is not None:
        assert not any(least in each for each in check(name, filled(name, low)))
        if low:
            below = filled(name, low - 1)
            assert any(f"{least} {low}" in each for each in check(name, below))
            assert ParamValidator().validate(below, BOTOCORE.shape_for(name)).has_errors()
    if (high := metadata.get("max")) is not None:
        assert not any(most in each for each in check(name, filled(name, high)))
        assert any(f"{most} {high}" in each for each in check(name, filled(name, high + 1)))


@pytest.mark.parametrize("name", [name for name in input_shapes() if "enum" in BOTOCORE.shape_for(name).metadata])
def test_enumerations_are_those_of_botocore(name: str) -> None:
    values = BOTOCORE.shape_for(name).metadata["enum"]
    assert not any(check(name, value) for value in values)
    for wrong in (values[0].swapcase(), f"{values[0]} ", "", values[0] + values[-1]):
        (found,) = check(name, wrong)
        assert found.endswith(f"Member must satisfy enum value set: [{', '.join(values)}]")


# ---- patterns

PATTERNS = sorted({SHAPES[name].pattern or "" for name in SHAPES} - {""})


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_pattern_takes_the_whole_text(name: str) -> None:
    text, pattern = TEXTS[name], SHAPES[name].pattern
    assert pattern is not None
    assert compiled(pattern).fullmatch(text)
    if "\\s" not in pattern:
        assert not compiled(pattern).fullmatch(f"{text}\n")
        assert not compiled(pattern).fullmatch(f"\n{text}")


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if "\\p" not in pattern and "." not in pattern])
def test_plain_patterns_are_left_alone(pattern: str) -> None:
    assert compiled(pattern) == re.compile(pattern, re.ASCII)


def test_letters_and_numbers_are_unicodes_code_point_by_code_point() -> None:
    pattern = SHAPES["SensitiveMarkdownString"].pattern
    assert pattern is not None
    allowed = set(" \t\n\x0b\f\r*_-#[]().,:;!?'\"`<>~/|+=&%@\\{}^")
    matches = compiled(pattern).fullmatch
    wrong = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if bool(matches(chr(code))) is not (unicodedata.category(chr(code))[0] in "LN" or chr(code) in allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_dot_stops_at_every_line_terminator_of_java(end: str) -> None:
    assert check("S3Uri", f"s3://bucket/a{end}b")
    assert check("SessionId", f"{end}{UUID[1:]}")
    assert not check("S3Uri", "s3://bucket/a\x0bb")


def test_a_dot_in_brackets_or_escaped_is_a_dot() -> None:
    assert compiled(r"[.]\.[\].]").fullmatch("..]")
    assert not compiled(r"[.]\.[\].]").fullmatch("a..")
    assert compiled("a.").fullmatch("a\x0b")


@pytest.mark.parametrize("name", ["NonEmptyString", "SensitiveNonEmptyString"])
def test_text_that_must_not_be_empty_may_have_any_lines(name: str) -> None:
    assert not check(name, "\n\n x \r\n y \n")
    assert check(name, " \n\t\r ")
    assert check(name, " " * 1_000_000)  # in the model's own spelling of the pattern this takes cubic time


def test_digits_are_ascii() -> None:
    assert check("SensitiveIsoDateString", "١٩٨٠-02-29")
    assert check("KmsKeyArn", "arn:aws:kms:us-east-1:１２３４５６７８９０１２:key/0f")


# ---- the wording


def test_a_violation_reads_as_aws_writes_it() -> None:
    assert check("DomainId", "dom-x") == [
        "Value 'dom-x' at 'a' failed to satisfy constraint: Member must have length greater than or equal to 20"
    ]
    assert check("MedicalScribeMediaSampleRateHertz", 7999) == [
        "Value '7999' at 'a' failed to satisfy constraint: Member must have value greater than or equal to 8000"
    ]
    assert check("MedicalScribeMediaEncoding", "ogg-opus") == [
        "Value 'ogg-opus' at 'a' failed to satisfy constraint: Member must satisfy enum value set: [pcm, flac]"
    ]
    assert check("SubscriptionId", "sub_0123456789abcdefghijK") == [
        "Value 'sub_0123456789abcdefghijK' at 'a' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: sub-[a-zA-Z0-9]{21}"
    ]
    assert violations(SHAPES["CreateSubscriptionInput"], {}) == [
        "Value null at 'domainId' failed to satisfy constraint: Member must not be null"
    ]


def test_all_violations_are_listed_in_the_models_order() -> None:
    found = violations(
        SHAPES["StartMedicalScribeListeningSessionInput"],
        {"mediaSampleRateHertz": 1, "sessionId": UUID, "languageCode": "de"},
    )
    assert [re.search(r"at '(\w+)'", each)[1] for each in found] == [  # type: ignore[index]
        "domainId",
        "subscriptionId",
        "languageCode",
        "mediaSampleRateHertz",
        "mediaEncoding",
    ]
    assert message(found).startswith("5 validation errors detected: Value null at 'domainId'")
    assert message(found[:1]) == f"1 validation error detected: {found[0]}"


def test_what_is_sensitive_is_not_repeated() -> None:
    secret = "Mrs. Miller €"
    (found,) = check("EncounterContext", {"unstructuredContext": secret})
    assert found.startswith("Value at 'a.unstructuredContext' failed to satisfy constraint: Member must satisfy")
    (found,) = check("MedicalCodingContext", {"sex": secret})
    assert secret not in found
    assert failure("a", "No", secret) == "Value at 'a' failed to satisfy constraint: No"


def test_inside_of_what_is_sensitive_nothing_is_repeated() -> None:
    sensitive = Shape(name="X", type="structure", members=SHAPES["CreateDomainInput"].members, sensitive=True)
    (found,) = violations(sensitive, {"name": "Miller" * 20})
    assert "Miller" not in found


@pytest.mark.parametrize("name", ["EncounterContext", "TemplateInstructions", "TagMap"])
def test_text_in_the_place_of_members_is_not_repeated(name: str) -> None:
    assert check(name, "Mrs. Miller") == [
        f"Value at 'a' failed to satisfy constraint: Member must be a {SHAPES[name].type}"
    ]


def test_a_long_value_is_cut() -> None:
    (found,) = check("DomainName", "é" * 1_000_000)
    assert f"Value '{'é' * MAX_SHOWN_CHARACTERS}…' at" in found
    assert "'é…" not in check("DomainName", "é" * 65)[0]


def test_lists_count_from_one_and_say_member() -> None:
    found = check("S3Sources", [{"uri": "s3://bucket"}, {}, None, {"uri": "http://x"}])
    assert found == [
        "Value null at 'a.2.member.uri' failed to satisfy constraint: Member must not be null",
        "Value null at 'a.3.member' failed to satisfy constraint: Member must not be null",
        "Value 'http://x' at 'a.4.member.uri' failed to satisfy constraint: Member must satisfy regular expression "
        f"pattern: {SHAPES['S3Uri'].pattern}",
    ]


def test_items_beyond_the_maximum_are_one_violation() -> None:
    assert check("S3Sources", [{}] * 1_000)[:1] == [
        "Value at 'a' failed to satisfy constraint: Member must have length less than or equal to 10"
    ]
    assert len(check("S3Sources", [{}] * 1_000)) == 1 + 10


def test_maps_tell_of_keys_and_of_values_once() -> None:
    tags = {"": "x", "k" * 129: "y", "key": "v" * 257, "other": 3}
    assert check("TagMap", tags) == [
        "Value at 'a' failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length greater than or equal to 1]",
        "Value at 'a' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 256]",
    ]
    assert check("TagMap", {"key": "value"}) == []


@pytest.mark.parametrize("value", [{}, {"managedTemplate": None}, {"managedTemplate": {}, "customTemplate": {}}])
def test_of_a_union_exactly_one_member_is_set(value: dict[str, Any]) -> None:
    assert check("NoteTemplateSettings", value)[-1] == (
        "Value at 'a' failed to satisfy constraint: Exactly one of [managedTemplate, customTemplate] must be set"
    )


def test_unknown_members_and_the_event_stream_are_passed_over() -> None:
    whole = example("StartMedicalScribeListeningSessionInput")
    assert violations(SHAPES["StartMedicalScribeListeningSessionInput"], {**whole, "inputStream": 3, "more": 4}) == []


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("String", ["", "x"], [1, True, [], {}, b"x"]),
        ("ListDomainsInputMaxResultsInteger", [1, 100], ["1", 1.0, True, None, [1]]),
        ("Long", [0, 1 << 40], ["1", 1.5, False]),
        ("Boolean", [True, False], ["true", 1, 0]),
        ("AudioOffset", [0, 1.5], ["1", True, []]),
        ("Timestamp", [0, 1.5, "2026-01-01T00:00:00Z"], [True, [], {}]),
        ("AudioChunk", ["", "AAE=", b"", b"\0", memoryview(b"\0")], ["AAE", "AA E=", "é", "=", 1, True]),
        ("EncounterContext", [{}], ["x", 1, []]),
        ("S3Sources", [[], ()], ["x", {}, 1]),
        ("TagMap", [{}], ["x", [], 1]),
    ],
)
def test_types(name: str, right: list[object], wrong: list[object]) -> None:
    assert [value for value in right if check(name, value)] == []
    assert [value for value in wrong if not check(name, value)] == []
    kind = SHAPES[name].type
    article = "an" if kind == "integer" else "a"
    assert check(name, object()) == [f"Value at 'a' failed to satisfy constraint: Member must be {article} {kind}"]


def test_a_blobs_length_is_that_of_its_bytes() -> None:
    blob = Shape(name="X", type="blob", minimum=1, maximum=3)
    for value, fine in ((b"", False), (b"abc", True), (b"abcd", False)):
        assert (not violations(blob, value)) is fine
        assert (not violations(blob, base64.b64encode(value).decode())) is fine
