"""The fidelity report: what is on its page is what the code says, and a claim that does not pass is found."""

import json
from pathlib import Path

import pytest

from tests import fidelity
from tests.fidelity import (
    PAGE,
    TONGUES,
    behaviours,
    choices,
    claims,
    h2spec_cases,
    main,
    page,
    record,
    vector_files,
    wire,
)

PYTHON, GO = (next(each.module for each in TONGUES if each.name == name) for name in ("Python", "Go"))
SDK = {"name": "aws-sdk", "version": "1.2.3", "generated": True}


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record and a page of the test's own."""
    monkeypatch.setattr(fidelity, "RECORD", tmp_path / "cache" / "fidelity.json")
    monkeypatch.setattr(fidelity, "PAGE", tmp_path / "fidelity.md")
    return tmp_path


def outcome(told: str) -> fidelity.Outcomes:
    return {
        f"{PYTHON}::test_a_tone_is_echoed": {"outcome": told, "sdk": SDK},
        f"{GO}::test_a_tone_is_echoed[https]": {"outcome": "passed"},
        f"{GO}::test_a_tone_is_echoed[http]": {"outcome": "passed"},
        f"{GO}::test_a_reset_is_seen[https]": {"outcome": "passed"},
        f"{GO}::test_a_reset_is_seen[http]": {"outcome": "failed"},
        f"{fidelity.H2SPEC}::test_every_case_of_h2spec_passes[TLS]": {"outcome": "passed"},
    }


def test_the_committed_page_says_what_the_code_says_now() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert choices() in text, "run: python -m tests.fidelity"
    assert f"{vector_files()} event-stream files" in text
    assert f"h2spec: {h2spec_cases()} of {h2spec_cases()} cases" in text


def test_every_sdk_stands_on_the_committed_page() -> None:
    found = {sdk for sdk, _ in claims(PAGE.read_text(encoding="utf-8"))}
    assert found == {"", *(each.name for each in TONGUES)}


def test_a_behaviour_is_claimed_only_where_each_of_its_runs_passed() -> None:
    assert behaviours(outcome("passed")).splitlines()[2:] == ["| a tone is echoed | TLS |  |  | TLS, clear |  |"]
    assert behaviours(outcome("skipped")).splitlines()[2:] == ["| a tone is echoed |  |  |  | TLS, clear |  |"]
    assert f"{h2spec_cases()} of {h2spec_cases()} cases pass, the strict ones too, in TLS." in wire(outcome("passed"))
    assert f"0 of {h2spec_cases()} cases" in wire({})


def test_claims_are_read_back_from_the_page() -> None:
    found = claims(page(outcome("passed")))
    assert {("Python", "a tone is echoed: TLS"), ("Go", "a tone is echoed: clear")} <= found


def test_the_check_fails_for_a_claim_that_did_not_pass(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 1  # nothing is known
    record(outcome("passed"), ())
    assert main([]) == 0
    assert main(["--check"]) == 0
    record({f"{PYTHON}::test_a_tone_is_echoed": {"outcome": "failed"}}, ())
    assert main(["--check"]) == 1
    assert "claims, but did not pass: Python: a tone is echoed: TLS" in capsys.readouterr().err


def test_a_whole_module_replaces_what_was_known_of_it_and_a_part_is_added(kept: Path) -> None:
    first, second = f"{PYTHON}::test_first", f"{PYTHON}::test_second"
    record({first: {"outcome": "passed"}}, ())
    record({second: {"outcome": "passed"}}, {PYTHON})
    assert set(json.loads(fidelity.RECORD.read_text())) == {first, second}
    record({second: {"outcome": "passed"}}, ())
    assert set(json.loads(fidelity.RECORD.read_text())) == {second}
