"""The README's generated parts are what the code and the tested snippets say now."""

from tests.readme import README, SECTIONS, generate


def test_the_generated_parts_are_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert generate(text) == text, "run: python -m tests.readme"


def test_every_section_stands_in_it() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in SECTIONS if f"<!-- begin: {name} -->" not in text] == []
