"""The verdict, rule by rule: what it demands, and what loosens it."""

import pytest

from mockscribe.inspection.verification import Verdict, verdict
from mockscribe.scenario.script import parse
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, Wire, audio, configuration, event, silence

OTHER_ID = SESSION_ID.replace("0", "1")


def scripted(text: str, **settings: object) -> Wire:
    """A mock into which a test has loaded these."""
    wire = Wire(**settings)  # type: ignore[arg-type]
    wire.account.scenarios.extend(parse(text, "test.yaml"))
    return wire


def rules(found: Verdict) -> list[str]:
    return [each.rule for each in found.unmet]


def test_nothing_loaded_and_nothing_wrong_is_fine() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    assert verdict(wire.account).ok


def test_a_scenario_that_was_played_to_its_end_is_fine() -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 0s, takes: 100ms}]\n")
    wire.visit(silence(0.5))
    assert verdict(wire.account) == Verdict(ok=True)
    assert str(verdict(wire.account)) == "everything that was expected has happened"


def test_a_scenario_that_was_never_used_is_told_with_its_nearest_miss() -> None:
    wire = scripted("scenario: flac only\nmatch: {mediaEncoding: flac}\n")
    wire.visit(silence(0.1))
    found = verdict(wire.account, allow_unmatched=True)
    (unmet,) = found.unmet
    assert (unmet.rule, unmet.scenario) == ("scenario_unused", "flac only")
    assert unmet.nearest == (
        f"session {SESSION_ID}, attempt 1: mediaEncoding is 'pcm', the scenario wants 'flac'",
    )  # fmt: skip
    assert "'flac only' (test.yaml:1) was never used" in str(found)
    assert "stream 1.1" in str(found)


def test_scenarios_of_the_base_need_not_be_used_unless_all_are_meant() -> None:
    wire = Wire("scenario: base\nmatch: {mediaEncoding: flac}\n")
    wire.visit(silence(0.1))
    assert verdict(wire.account).ok
    assert rules(verdict(wire.account, every_scenario=True)) == ["scenario_unused", "stream_unmatched"]


@pytest.mark.parametrize(("sessions", "expected"), [(1, ["scenario_times"]), (2, [])])
def test_times_is_exactly_so_often(sessions: int, expected: list[str]) -> None:
    wire = scripted("scenario: twice\ntimes: 2\n")
    for session_id in (SESSION_ID, OTHER_ID)[:sessions]:
        wire.visit(silence(0.1), session_id=session_id)
    assert rules(verdict(wire.account)) == expected


def test_a_step_that_needs_more_audio_than_came_is_missed() -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 1h}]\n")
    wire.visit(silence(0.1))
    found = verdict(wire.account)
    assert rules(found) == ["step_missed"]
    assert found.unmet[0].session == SESSION_ID
    assert "'one': say \"Hi.\" (line 2)" in found.unmet[0].message


def test_an_optional_step_may_be_missed() -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 1h, optional: true}]\n")
    wire.visit(silence(0.1))
    assert verdict(wire.account).ok


@pytest.mark.parametrize("ending", [[EMPTY_FRAME], []], ids=["paused", "open"])
def test_a_step_that_has_not_fired_counts_in_paused_and_open_sessions_too(ending: list[bytes]) -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 1h}]\n")
    wire.send(wire.open(), configuration(), audio(silence(0.1)), *ending, end=bool(ending))
    assert rules(verdict(wire.account)) == ["step_unfired"]


def test_a_line_that_began_and_was_not_finished_is_unfired() -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 0s, takes: 10s}]\n")
    wire.send(wire.open(), configuration(), audio(silence(0.1)))
    (unmet,) = verdict(wire.account).unmet
    assert unmet.rule == "step_unfired"
    assert "began and was not finished" in unmet.message


def test_steps_behind_an_exception_count() -> None:
    wire = scripted("scenario: one\nsteps: [{raise: {validationException: no}}, {say: Hi., at: 0s}]\n")
    wire.send(wire.open(), configuration())
    assert rules(verdict(wire.account)) == ["step_unfired"]


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, ["step_missed"]), (0.5, [])])
def test_forever_needs_one_firing(seconds: float, expected: list[str]) -> None:
    wire = scripted("scenario: one\nsteps: [{send: {transcriptEvent: {}}, after: 200ms, repeat: forever}]\n")
    wire.visit(silence(seconds))
    assert rules(verdict(wire.account)) == expected


def test_repeat_needs_all_its_firings() -> None:
    wire = scripted("scenario: one\nsteps: [{send: {transcriptEvent: {}}, after: 200ms, repeat: 3}]\n")
    wire.send(wire.open(), configuration(), audio(silence(0.5)))
    (unmet,) = verdict(wire.account).unmet
    assert "fired 2 × only" in unmet.message


def test_a_violation_counts_and_can_be_allowed_by_rule() -> None:
    wire = Wire()
    wire.send(wire.open(), event("nonsense", b"{}"))
    found = verdict(wire.account)
    assert rules(found) == ["violation"]
    assert "nonsense" in found.unmet[0].message
    assert verdict(wire.account, allow_violations=True).ok
    assert verdict(wire.account, allow_violations=["event"]).ok
    assert not verdict(wire.account, allow_violations=["sequence"]).ok


def test_a_stream_that_no_scenario_matched_counts_once_something_was_loaded() -> None:
    wire = scripted("scenario: one\ntimes: 1\n")
    wire.visit(silence(0.1))
    wire.visit(silence(0.1), session_id=OTHER_ID)
    found = verdict(wire.account)
    (unmet,) = found.unmet
    assert (unmet.rule, unmet.session) == ("stream_unmatched", OTHER_ID)
    assert unmet.nearest == ("'one': its times (1) are used up",)
    assert verdict(wire.account, allow_unmatched=True).ok


def test_a_stream_that_was_refused_for_want_of_a_scenario_counts_too() -> None:
    wire = scripted("scenario: one\ntimes: 1\n", strict_scenarios=True)
    wire.visit(silence(0.1))
    assert wire.visit_refused(session_id=OTHER_ID).status == 400
    assert rules(verdict(wire.account)) == ["stream_unmatched"]


def test_what_the_scenario_of_an_earlier_attempt_left_undone_counts() -> None:
    wire = scripted(
        "scenario: first\nsteps: [{say: One., at: 1h}]\n---\nscenario: second\nmatch: {attempt: 2}\nsteps: []\n"
    )
    wire.send(wire.open(), configuration(), EMPTY_FRAME, end=True)
    wire.send(wire.open(), configuration(), END_OF_SESSION)
    (unmet,) = verdict(wire.account).unmet
    assert (unmet.rule, unmet.scenario) == ("step_unfired", "first")


def test_a_reset_account_owes_nothing() -> None:
    wire = scripted("scenario: one\nsteps: [{say: Hi., at: 1h}]\n")
    stream = wire.open()
    wire.send(stream, configuration(), event("nonsense", b"{}"))
    wire.mock.reset(wire.account.id, wire.now)
    wire.pump()
    assert verdict(wire.account).ok
