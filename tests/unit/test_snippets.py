"""The snippets of `mockscribe env` are the code that the tests' clients are built from."""

import pytest

from mockscribe.cli.env import SDKS
from tests.snippets import SNIPPETS, SOURCES, snippet


@pytest.mark.parametrize("sdk", SOURCES)
def test_the_packages_snippet_is_the_tested_code(sdk: str) -> None:
    text = snippet(sdk)
    assert "connect" in text
    assert (SNIPPETS / f"{sdk}.txt").read_text(encoding="utf-8") == text, "run: python -m tests.snippets"


def test_what_has_no_source_here_says_that_it_is_not_tested() -> None:
    assert {path.stem for path in SNIPPETS.glob("*.txt")} == set(SDKS)
    assert {sdk for sdk, told in SDKS.items() if not told.tested} == set(SDKS) - set(SOURCES)
