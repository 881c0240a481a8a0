"""Sessions, streams and steps, as they are told."""

import pytest

from mockscribe.errors import ControlError
from mockscribe.inspection import sessions
from mockscribe.scenario.intents import StepStatus
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, Wire, audio, configuration, silence

SCRIPT = """
scenario: visit
match: {mediaEncoding: pcm}
steps:
  - {say: How have you been?, at: 200ms, takes: 100ms}
  - {say: Much better., after: 30s, takes: 100ms}
  - {say: Anything else?, when: {quiet: 5s}, optional: true}
"""


def test_a_session_is_told_of_while_it_runs_and_after_it() -> None:
    wire = Wire(SCRIPT)
    stream = wire.open()
    wire.send(stream, configuration(), audio(silence(0.5)))
    (session,) = wire.account.sessions.values()
    running = sessions.summary(wire.account, session)
    assert (running.status, running.running, running.scenario) == ("IN_PROGRESS", True, "visit")
    assert running.audio_seconds == 0.5
    assert running.configuration is not None
    assert running.parameters["mediaSampleRateHertz"] == 16_000
    wire.send(stream, END_OF_SESSION)
    after = sessions.summary(wire.account, session)
    assert (after.status, after.running, after.streams, after.attempts) == ("COMPLETED", False, 1, 1)


def test_an_unknown_session_is_refused_with_those_that_are_known() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    with pytest.raises(ControlError, match=SESSION_ID) as caught:
        sessions.find(wire.account, "another")
    assert caught.value.status == 404


def test_a_session_is_found_whatever_the_case_of_its_id() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    assert sessions.find(wire.account, SESSION_ID.upper()).session_id == SESSION_ID


def test_each_stream_is_told_of_with_its_part_of_the_audio() -> None:
    wire = Wire()
    first = wire.open()
    wire.send(first, configuration(), audio(silence(0.5)), EMPTY_FRAME, end=True)
    wire.advance(3)
    second = wire.open()
    wire.send(second, configuration(), audio(silence(0.25)), audio(silence(0.25)), END_OF_SESSION)
    (session,) = wire.account.sessions.values()
    one, two = sessions.streams(wire.account, session)
    assert (one.attempt, one.audio_begin, one.audio_end, one.end_of_session) == (1, 0.0, 0.5, False)
    assert (two.attempt, two.audio_begin, two.audio_end, two.end_of_session) == (2, 0.5, 1.0, True)
    assert (one.chunks.count, two.chunks.count) == (1, 2)
    assert two.began - one.began == pytest.approx(3)
    assert one.ended is not None
    assert "pause" in one.ended
    assert one.version == two.version == "2"


def test_a_running_stream_has_no_end() -> None:
    wire = Wire()
    wire.send(wire.open(), configuration())
    (session,) = wire.account.sessions.values()
    (stream,) = sessions.streams(wire.account, session)
    assert stream.ended is None


def test_a_refused_request_is_an_attempt_and_no_stream() -> None:
    wire = Wire()
    wire.visit_refused(sample_rate="1")
    wire.visit(silence(0.1))
    (session,) = wire.account.sessions.values()
    told = sessions.summary(wire.account, session)
    assert (told.attempts, told.streams) == (2, 1)
    (stream,) = sessions.streams(wire.account, session)
    assert stream.attempt == 2


def test_streams_that_are_sessions_of_their_own_are_told_apart() -> None:
    wire = Wire(second_stream="independent")
    wire.visit(silence(0.1))
    wire.visit(silence(0.2))
    told = [sessions.summary(wire.account, session) for session in wire.account.sessions.values()]
    assert [each.audio_seconds for each in told] == [0.1, 0.2]
    assert len({each.key for each in told}) == 2
    assert {each.id for each in told} == {SESSION_ID}
    assert [len(sessions.streams(wire.account, each)) for each in wire.account.sessions.values()] == [1, 1]


def test_what_became_of_each_step() -> None:
    wire = Wire(SCRIPT)
    wire.visit(silence(0.5))
    (session,) = wire.account.sessions.values()
    first, second, third = sessions.steps(session)
    assert (first.step, first.status, first.fired, first.met) == (
        'say "How have you been?"', StepStatus.FINISHED, 1, True,
    )  # fmt: skip
    assert (second.status, second.fired, second.met) == (StepStatus.MISSED, 0, False)
    assert (third.status, third.optional, third.met) == (StepStatus.MISSED, True, True)
    assert [each.line for each in (first, second, third)] == [5, 6, 7]


def test_the_steps_of_a_scenario_that_a_later_attempt_replaced_are_not_forgotten() -> None:
    wire = Wire(
        "scenario: first\nsteps: [{say: One., at: 1h}]\n---\n"
        "scenario: second\nmatch: {attempt: 2}\nsteps: [{say: Two., at: 0s, takes: 0s}]\n"
    )
    wire.send(wire.open(), configuration(), EMPTY_FRAME, end=True)
    wire.send(wire.open(), configuration(), audio(silence(0.1)), END_OF_SESSION)
    (session,) = wire.account.sessions.values()
    assert [(each.scenario, each.met) for each in sessions.steps(session)] == [("first", False), ("second", True)]


def test_an_echo_has_no_steps() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    (session,) = wire.account.sessions.values()
    assert sessions.steps(session) == ()
    assert sessions.summary(wire.account, session).scenario is None


def test_a_long_line_is_cut_where_it_is_named() -> None:
    assert sessions.shortened("so  it\n goes") == "so it goes"
    assert len(sessions.shortened("word " * 100)) == sessions.SHOWN


def test_the_account_of_another_key_has_its_own_sessions() -> None:
    wire = Wire()
    wire.visit(silence(0.1), authorization="AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/x/aws4_request")
    assert wire.account.sessions == {}
    (session,) = wire.mock.account("111122223333", wire.now).sessions.values()
    assert session.audio_us == 100_000
