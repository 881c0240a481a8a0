"""The configurationEvent: each documented content limit, at the limit and beyond it (UG-ctx, UG-tpl, UG-ts, MODEL)."""

import copy
import datetime
from typing import Any

import pytest

from mockscribe.service.configuration import MAX_CONTEXT_BYTES, MAX_INSTRUCTIONS_BYTES, message, violations
from tests.examples import example

TODAY = datetime.date(2026, 3, 5)
NOTE = ("postStreamActionSettings", "clinicalNoteGenerationSettings", "noteTemplateSettings")
CONTEXT = "encounterContext.unstructuredContext"
INSTRUCTIONS = ".".join((*NOTE, "customTemplate", "templateInstructions"))
CODING = "encounterContext.medicalCodingContext"

MINIMAL: dict[str, Any] = {
    "postStreamActionSettings": {
        "outputS3Uri": "s3://bucket",
        "clinicalNoteGenerationSettings": {
            "noteTemplateSettings": {"managedTemplate": {"templateType": "HISTORY_AND_PHYSICAL"}}
        },
    }
}


def changed(path: str, value: object) -> dict[str, Any]:
    configuration = copy.deepcopy(MINIMAL)
    at = configuration
    *parents, last = path.split(".")
    for name in parents:
        at = at.setdefault(name, {})
    at[last] = value
    return configuration


def check(path: str, value: object) -> list[str]:
    return violations(changed(path, value), TODAY)


def custom(*instructions: str, header: str = "PLAN", base: str = "DAP") -> dict[str, Any]:
    sections = [{"sectionHeader": header, "sectionInstruction": text} for text in instructions]
    return changed(".".join(NOTE), {"customTemplate": {"templateType": base, "templateInstructions": sections}})


def coding(today: datetime.date = TODAY, *, enabled: object = True, **context: object) -> list[str]:
    configuration = changed(CODING, context)
    if enabled is not None:
        configuration["postStreamActionSettings"]["medicalCodeGenerationSettings"] = {"enabled": enabled}
    return violations(configuration, today)


def about(path: str, text: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {text}"


def test_the_least_and_the_most_are_fine() -> None:
    assert violations(MINIMAL, TODAY) == []
    whole = example("MedicalScribeConfigurationEvent")
    whole["channelDefinitions"][1]["channelId"] = 1
    assert violations(whole, TODAY) == []


def test_null_is_as_good_as_absent() -> None:
    nothing = {
        "channelDefinitions": None,
        "encounterContext": {"unstructuredContext": None, "medicalCodingContext": None},
    }
    assert violations({**MINIMAL, **nothing}, TODAY) == []


def test_the_post_stream_settings_are_required() -> None:
    assert violations({}, TODAY) == [
        "Value null at 'postStreamActionSettings' failed to satisfy constraint: Member must not be null"
    ]
    assert len(violations({"postStreamActionSettings": {}}, TODAY)) == 2


# ---- channelDefinitions


def definitions(*channels: tuple[object, str]) -> list[str]:
    value = [{"channelId": channel, "participantRole": role} for channel, role in channels]
    return check("channelDefinitions", value)


@pytest.mark.parametrize("roles", [("CLINICIAN", "PATIENT"), ("PATIENT", "CLINICIAN"), ("PATIENT", "PATIENT")])
def test_two_channels_of_their_own_are_fine(roles: tuple[str, str]) -> None:
    assert definitions((0, roles[0]), (1, roles[1])) == []
    assert definitions((1, roles[0]), (0, roles[1])) == []


def test_there_are_exactly_two_channels() -> None:
    assert definitions((0, "PATIENT")) == [
        about("channelDefinitions", "Member must have length greater than or equal to 2")
    ]
    assert about("channelDefinitions", "Member must have length less than or equal to 2") in definitions(
        (0, "PATIENT"), (1, "CLINICIAN"), (0, "CLINICIAN")
    )
    assert definitions() == [about("channelDefinitions", "Member must have length greater than or equal to 2")]


@pytest.mark.parametrize("channel", [0, 1])
def test_the_channels_ids_are_distinct(channel: int) -> None:
    assert definitions((channel, "PATIENT"), (channel, "CLINICIAN")) == [
        about("channelDefinitions", "Each member must have a channelId of its own")
    ]


def test_channels_are_0_and_1_and_roles_two() -> None:
    assert len(definitions((0, "PATIENT"), (2, "CLINICIAN"))) == 1
    assert len(definitions((-1, "PATIENT"), (0, "CLINICIAN"))) == 1
    assert len(definitions((0, "NURSE"), (1, "CLINICIAN"))) == 1
    assert len(definitions(("0", "PATIENT"), (1, "CLINICIAN"))) == 1


@pytest.mark.parametrize("value", ["x", {}, [1, 1], [None, None], [{}, {}]])
def test_channels_of_another_form_are_told_once(value: object) -> None:
    found = check("channelDefinitions", value)
    assert found
    assert not any("of its own" in each for each in found)


# ---- unstructuredContext


def test_context_takes_20480_bytes_of_utf8() -> None:
    assert MAX_CONTEXT_BYTES == 20_480
    too_long = [about(CONTEXT, "Member must have at most 20480 bytes in UTF-8")]
    assert check(CONTEXT, "x" * 20_480) == []
    assert check(CONTEXT, "x" * 20_481) == too_long
    assert check(CONTEXT, "ä" * 10_240) == []
    assert check(CONTEXT, "ä" * 10_240 + "x") == too_long
    assert check(CONTEXT, "𠀀" * 5_120) == []
    assert check(CONTEXT, "𠀀" * 5_121) == too_long


def test_context_takes_every_documented_character() -> None:
    documented = """* _ - # [ ] ( ) . , : ; ! ? ' " ` < > ~ / | + = & % @ \\ { } ^"""
    assert check(CONTEXT, documented) == []
    for character in documented:
        assert check(CONTEXT, character) == []
    assert check(CONTEXT, "Ägypten Ωμέγα русский 中文 العربية ½ Ⅷ ٣\t\r\n") == []


@pytest.mark.parametrize(
    "character", ["–", "—", "°", "€", "$", "“", "’", "•", "\u00a0", "\u200b", "\0", "😀", "\u0301"]
)
def test_one_character_that_is_not_documented_refuses_all(character: str) -> None:
    (found,) = check(CONTEXT, f"Temperature 39 {character} since Monday.")
    assert found.startswith(about(CONTEXT, "Member must satisfy regular expression pattern: "))
    assert character not in found


def test_context_is_not_empty() -> None:
    assert len(check(CONTEXT, "")) == 1


# ---- templates

MANAGED = ["HISTORY_AND_PHYSICAL", "GIRPP", "DAP", "SIRP", "BIRP", "BEHAVIORAL_SOAP", "PHYSICAL_SOAP"]


@pytest.mark.parametrize("name", MANAGED)
def test_managed_templates(name: str) -> None:
    assert check(".".join((*NOTE, "managedTemplate", "templateType")), name) == []


@pytest.mark.parametrize("name", ["SOAP", "history_and_physical", ""])
def test_other_managed_templates_are_refused(name: str) -> None:
    assert len(check(".".join((*NOTE, "managedTemplate", "templateType")), name)) == 1


@pytest.mark.parametrize("name", MANAGED)
def test_a_custom_template_has_any_base_but_physical_soap(name: str) -> None:
    found = violations(custom("Short.", base=name), TODAY)
    if name == "PHYSICAL_SOAP":
        (text,) = found
        assert "customTemplate.templateType" in text
        assert "Member must satisfy enum value set: [HISTORY_AND_PHYSICAL, GIRPP," in text
    else:
        assert found == []


def test_a_template_is_managed_or_custom() -> None:
    both = {**MINIMAL["postStreamActionSettings"]["clinicalNoteGenerationSettings"]["noteTemplateSettings"]}
    both["customTemplate"] = example("CustomTemplate")
    assert check(".".join(NOTE), both) == [
        about(".".join(NOTE), "Exactly one of [managedTemplate, customTemplate] must be set")
    ]
    assert check(".".join(NOTE), {}) == check(".".join(NOTE), both)


def test_a_template_has_1_to_20_instructions() -> None:
    assert violations(custom(), TODAY) == [about(INSTRUCTIONS, "Member must have length greater than or equal to 1")]
    assert violations(custom(*["x"] * 20), TODAY) == []
    assert violations(custom(*["x"] * 21), TODAY) == [
        about(INSTRUCTIONS, "Member must have length less than or equal to 20")
    ]


def test_instructions_take_15360_bytes_of_utf8_together() -> None:
    assert MAX_INSTRUCTIONS_BYTES == 15_360
    too_long = [about(INSTRUCTIONS, "The sectionInstructions must have at most 15360 bytes in UTF-8 together")]
    assert violations(custom("x" * 15_360), TODAY) == []
    assert violations(custom("x" * 15_361), TODAY) == too_long
    assert violations(custom("x" * 15_000, "ä" * 180), TODAY) == []
    assert violations(custom("x" * 15_000, "ä" * 180, "x"), TODAY) == too_long


@pytest.mark.parametrize("character", ["–", "°", "€", "$"])
def test_instructions_have_the_characters_of_the_context(character: str) -> None:
    (found,) = violations(custom("Fine.", f"Not {character}"), TODAY)
    assert f"'{INSTRUCTIONS}.2.member.sectionInstruction'" in found


@pytest.mark.parametrize(
    ("header", "fine"),
    [
        ("CHIEF_COMPLAINT", True),
        ("plan2", True),
        ("_", True),
        ("", False),
        ("A B", False),
        ("A-B", False),
        ("Ä", False),
    ],
)
def test_a_section_header_is_letters_digits_and_underscores(header: str, fine: bool) -> None:
    assert (violations(custom("x", header=header), TODAY) == []) is fine


@pytest.mark.parametrize("value", ["x", {}, [1], [{"sectionInstruction": 1, "sectionHeader": 2}], [None]])
def test_instructions_of_another_form_are_told_by_the_shape(value: object) -> None:
    found = check(f"{INSTRUCTIONS}", value)
    assert found
    assert not any("together" in each for each in found)


# ---- medical coding


def test_medical_coding_context_needs_code_generation() -> None:
    refused = about(
        CODING, "Member is allowed only when postStreamActionSettings.medicalCodeGenerationSettings.enabled is true"
    )
    assert coding(sex="FEMALE") == []
    assert coding(sex="FEMALE", enabled=False) == [refused]
    assert coding(sex="FEMALE", enabled=None) == [refused]
    assert coding(enabled=False) == [refused]
    assert refused in coding(enabled="true")


def test_code_generation_needs_no_context() -> None:
    assert check("postStreamActionSettings.medicalCodeGenerationSettings", {"enabled": True}) == []


def test_the_encounter_is_at_most_a_day_after_today() -> None:
    assert coding(encounterDate="2026-03-05") == []
    assert coding(encounterDate="2026-03-06") == []
    assert coding(encounterDate="1999-01-01") == []
    assert coding(encounterDate="2026-03-07") == [
        about(f"{CODING}.encounterDate", "Member must not be more than one day after the current date in UTC")
    ]
    assert coding(datetime.date(2025, 12, 31), encounterDate="2026-01-01") == []


def test_nobody_is_born_after_today() -> None:
    assert coding(dateOfBirth="2026-03-05") == []
    assert coding(dateOfBirth="2026-03-06") == [
        about(f"{CODING}.dateOfBirth", "Member must not be after the current date in UTC")
    ]


@pytest.mark.parametrize("name", ["dateOfBirth", "encounterDate"])
def test_dates_are_of_the_calendar(name: str) -> None:
    assert coding(**{name: "2024-02-29"}) == []
    for day in ("2023-02-29", "2020-04-31", "0000-01-01"):
        assert coding(**{name: day}) == [about(f"{CODING}.{name}", "Member must be a date of the calendar")]
    for text in ("2020-13-01", "2020-1-01", "20200101", "01.01.2020", "2020-01-01T00:00:00Z", ""):
        (found,) = coding(**{name: text})
        assert "Member must satisfy regular expression pattern" in found
    assert len(coding(**{name: 20200101})) == 1


def test_the_reason_is_plain_and_at_most_256_long() -> None:
    path = f"{CODING}.encounterReason"
    assert coding(encounterReason="Follow-up, knee. 2") == []
    assert coding(encounterReason="x" * 256) == []
    assert coding(encounterReason="x" * 257) == [about(path, "Member must have length less than or equal to 256")]
    assert coding(encounterReason="   ") == [about(path, "Member must not contain only spaces")]
    for text in ("", "What?", "Ärger", "a\nb"):
        (found,) = coding(encounterReason=text)
        assert "Member must satisfy regular expression pattern: [a-zA-Z0-9 .,-]+" in found


@pytest.mark.parametrize("value", ["x", 1, []])
def test_a_coding_context_of_another_form_is_told_once(value: object) -> None:
    assert check(CODING, value) == [about(CODING, "Member must be a structure")]


# ---- outputS3Uri


@pytest.mark.parametrize(
    ("uri", "fine"),
    [
        ("s3://bucket", True),
        ("s3://bucket/", True),
        ("s3://my.bucket-1/a/b c/", True),
        ("s3://abc", True),
        ("s3://ab", False),
        ("s3://Bucket", False),
        ("s3://-bucket", False),
        ("s3://bucket-", False),
        ("s3://" + "b" * 63, True),
        ("s3://" + "b" * 64, False),
        ("S3://bucket", False),
        ("https://bucket.s3.amazonaws.com/", False),
        ("bucket", False),
        ("", False),
        ("s3://bucket/" + "k" * 1012, True),
        ("s3://bucket/" + "k" * 1013, False),
    ],
)
def test_output_goes_to_s3(uri: str, fine: bool) -> None:
    assert (check("postStreamActionSettings.outputS3Uri", uri) == []) is fine


def test_everything_is_told_in_one_message() -> None:
    configuration = custom("x" * 15_361, header="A B")
    configuration["channelDefinitions"] = [{"channelId": 0, "participantRole": "PATIENT"}] * 2
    configuration["encounterContext"] = {"unstructuredContext": "€" * 7_000}
    found = violations(configuration, TODAY)
    assert len(found) == 5
    assert message(found).startswith("5 validation errors detected: Value at 'postStreamActionSettings.")


@pytest.mark.parametrize("value", [None, "x", 1, []])
def test_settings_of_another_form_are_told_by_the_shape(value: object) -> None:
    assert len(violations({"postStreamActionSettings": value, "encounterContext": value or None}, TODAY)) in (1, 2)
