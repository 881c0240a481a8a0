"""The response under faults, through a whole mock in memory: what is kept back, what is told, and what is let go of."""

from typing import Any

import pytest

from mockscribe.entries import Kind
from mockscribe.live import StandingFault
from mockscribe.scenario.faults import Faults
from mockscribe.scenario.model import Fault, Match, Position
from tests.wire import EMPTY_FRAME, END_OF_SESSION, SESSION_ID, Wire, audio, configuration, envelope, silence

LINES = """
scenario: lines
steps:
  - {say: One., takes: 100ms, partials: none}
  - {say: Two., takes: 100ms, partials: none}
  - {say: Three., takes: 100ms, partials: none}
"""


def standing(name: str, *, times: int | None = None, at: Position | None = None, **parameters: Any) -> StandingFault:
    return StandingFault(1, Fault(name=name, parameters=parameters, at=at or Position()), times)


def wire_with(*faults: StandingFault, scenario: str = LINES, **settings: Any) -> Wire:
    wire = Wire(scenario, **settings)
    wire.account.faults = dict(enumerate(faults))
    return wire


def begun(wire: Wire, seconds: float = 0.3) -> int:
    stream = wire.open()
    wire.send(stream, envelope(configuration()), *[envelope(audio(silence(0.1))) for _ in range(round(seconds * 10))])
    return stream


def fired(wire: Wire) -> list[str]:
    return [entry.about["fault"] for entry in wire.account.journal.select(Kind.FAULT_FIRED)]


def status(wire: Wire) -> str:
    return wire.account.sessions[SESSION_ID].status.value


# ---- the hot path


def test_without_an_armed_fault_nobody_asks_about_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError("nothing is armed")

    wire = wire_with()
    stream = wire.open()
    for name in ("apply", "release", "arm"):
        monkeypatch.setattr(Faults, name, unexpected)
    for name in ("due_us", "due_audio_us"):
        monkeypatch.setattr(Faults, name, property(unexpected))
    wire.send(stream, envelope(configuration()), *[envelope(audio(silence(0.1)))] * 4, envelope(END_OF_SESSION))
    assert wire.answers[stream].finals == ["One.", "Two.", "Three."]
    assert wire.answers[stream].ended


# ---- what is kept back


def test_an_end_that_is_kept_back_ends_the_session_when_it_leaves() -> None:
    wire = wire_with(standing("delay", by="2s"))
    stream = begun(wire)
    wire.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
    answer = wire.answers[stream]
    assert (answer.status, answer.body, answer.ended, status(wire)) == (200, b"", False, "COMPLETED")
    assert wire.account.sessions[SESSION_ID].stream is not None
    wire.advance(1.999)
    assert answer.body == b""
    wire.advance(0.001)
    assert (answer.finals, answer.ended) == (["One.", "Two.", "Three."], True)
    assert wire.account.sessions[SESSION_ID].stream is None
    (ended,) = wire.account.journal.select(Kind.STREAM_ENDED)
    assert ended.about["reason"] == "the session is complete"


def test_nothing_more_is_said_or_heard_once_the_end_is_kept_back() -> None:
    wire = wire_with(
        standing("delay", by="2s"), scenario=LINES + "  - {raise: {validationException: enough}, after: 100ms}\n"
    )
    stream = begun(wire, 0.4)
    wire.send(stream, *[envelope(audio(silence(0.1)))] * 5, envelope(b"") * 2)
    wire.account.sessions[SESSION_ID].stream.push((Fault(name="reset"),), wire.now)  # type: ignore[union-attr]
    wire.advance(60.0)  # and no idle timeout comes on top
    answer = wire.answers[stream]
    assert answer.finals == ["One.", "Two.", "Three."]
    assert answer.exception == ("validationException", "enough")
    assert (answer.ended, answer.reset) == (True, None)
    assert wire.account.sessions[SESSION_ID].audio_us == 400_000
    assert wire.account.journal.select(Kind.VIOLATION) == []


def test_a_client_that_goes_leaves_nothing_behind() -> None:
    wire = wire_with(standing("delay", by="2s"))
    stream = begun(wire)
    wire.reset(stream)
    assert wire.connection.next_deadline() is None
    assert wire.account.live == set()
    assert status(wire) == "PAUSED"


def test_a_second_stream_takes_over_while_the_first_is_kept_back() -> None:
    wire = wire_with(standing("delay", by="2s", times=1))
    first = begun(wire, 0.1)
    wire.account.faults.clear()
    second = begun(wire, 0.2)
    assert wire.answers[second].finals == ["Two.", "Three."]
    wire.advance(2.0)
    assert wire.answers[first].finals == ["One."]
    assert wire.answers[first].exception is not None
    assert wire.account.sessions[SESSION_ID].stream is not None


def test_a_late_event_is_what_an_autojump_clock_leaps_to() -> None:
    wire = wire_with(standing("delay", by="1h"), clock="autojump")
    stream = begun(wire)
    wire.advance(5.0)
    assert wire.answers[stream].finals == ["One.", "Two.", "Three."]
    assert wire.account.clock.time(wire.now) > 3600


def test_what_is_kept_back_counts_as_output_and_holds_up_the_input() -> None:
    text = "x" * 1000
    step = f"{{say: {text}, takes: 0s, partials: none, when: {{events: 1}}, repeat: forever}}"
    flood = f"scenario: flood\nsteps: [{step}]"
    wire = wire_with(standing("delay", by="10s"), scenario=flood)
    stream = wire.open()
    wire.send(stream, envelope(configuration()), *[envelope(audio(bytes(2)))] * 1000)
    sent = len(wire.account.journal.select(Kind.EVENT_SENT))
    assert 200 < sent < 260  # 256 KiB
    for _ in range(10):
        wire.advance(10.0)
    assert len(wire.answers[stream].finals) == 1000


def test_an_oversized_frame_leaves_as_the_client_reads() -> None:
    wire = wire_with(standing("oversized", payload=1_000_000, at=Position(after_events=1)))
    wire.reads = False
    stream = begun(wire)
    assert 0 < len(wire.answers[stream].body) <= 65_535
    wire.reads = True
    wire.client.increment_flow_control_window(10_000_000)
    wire.client.increment_flow_control_window(10_000_000, stream)
    wire.pump()
    for _ in range(10):  # each time a window's worth
        wire.connection.tick(wire.now)
        wire.pump()
    assert [len(payload) > 999_999 for _, payload in wire.answers[stream].events] == [False, True, False, False]


# ---- what is told


def test_a_fault_is_journalled_as_it_is_spelled_and_only_when_it_acts() -> None:
    wire = wire_with(standing("truncated", then="reset", at=Position(after_events=2, byte=20)))
    begun(wire, 0.2)
    assert fired(wire) == []
    stream = wire.account.sessions[SESSION_ID].stream
    assert stream is not None
    begun(wire, 0.1)
    wire = wire_with(standing("truncated", then="reset", at=Position(after_events=2, byte=20)))
    begun(wire, 0.3)
    (entry,) = wire.account.journal.select(Kind.FAULT_FIRED)
    assert entry.about == {
        "fault": "truncated",
        "parameters": {"then": "reset", "after_events": 2, "byte": 20},
    }
    assert entry.origin.session == SESSION_ID


def test_a_fault_before_the_stream_says_so_when_it_is_too_late() -> None:
    wire = wire_with()
    begun(wire)
    wire.account.sessions[SESSION_ID].stream.push((Fault(name="http_error"),), wire.now)  # type: ignore[union-attr]
    (entry,) = wire.account.journal.select(Kind.FAULT_FIRED)
    assert entry.about["note"] == "the response has begun"


def test_what_is_not_sent_is_not_recorded_as_sent() -> None:
    wire = wire_with(standing("silence", at=Position(after_events=1)))
    stream = begun(wire)
    assert len(wire.account.journal.select(Kind.EVENT_SENT)) == 1
    wire.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
    assert not wire.answers[stream].ended
    assert status(wire) == "COMPLETED"
    assert wire.account.sessions[SESSION_ID].stream is None
    assert wire.connection.idle  # nothing more can happen here


def test_an_answer_instead_of_a_stream_is_recorded_as_the_response() -> None:
    wire = wire_with(standing("http_error", error="ServiceQuotaExceededException", times=1))
    stream = wire.open()
    answer = wire.answers[stream]
    assert (answer.status, answer.ended) == (402, True)
    assert answer.headers["x-amzn-request-id"] == answer.headers["x-amzn-requestid"]
    assert int(answer.headers["content-length"]) == len(answer.body)
    (response,) = wire.account.journal.select(Kind.RESPONSE)
    assert response.about["error"] == "ServiceQuotaExceededException"
    assert wire.visit(*[silence(0.1)] * 3).finals == ["One.", "Two.", "Three."]


def test_headers_that_are_late_are_recorded_when_they_leave() -> None:
    wire = wire_with(standing("late_headers", by="3s"))
    stream = wire.open()
    assert wire.account.journal.select(Kind.RESPONSE) == []
    wire.advance(3.0)
    assert wire.answers[stream].status == 200
    assert len(wire.account.journal.select(Kind.RESPONSE)) == 1


# ---- where


@pytest.mark.parametrize(("milliseconds", "said"), [(249, 2), (250, 2), (350, 3)])
def test_a_fault_at_an_instant_of_audio(milliseconds: int, said: int) -> None:
    wire = wire_with(standing("reset", at=Position(at_audio="250ms")))
    stream = begun(wire, 0.2)
    rest = silence((milliseconds - 200) / 1000)
    wire.send(stream, envelope(audio(rest)))
    assert (wire.answers[stream].reset is not None) == (milliseconds >= 250)
    assert len(wire.answers[stream].finals) == said


def test_a_fault_at_an_instant_of_audio_may_be_pushed_into_a_running_stream() -> None:
    wire = wire_with()
    stream = begun(wire, 0.1)
    fault = Fault(name="reset", at=Position(at_audio="200ms", after_time="1s"))
    wire.account.sessions[SESSION_ID].stream.push((fault,), wire.now)  # type: ignore[union-attr]
    wire.send(stream, envelope(audio(silence(0.1))))
    wire.advance(0.999)
    assert wire.answers[stream].reset is None
    wire.advance(0.001)
    assert wire.answers[stream].reset == 8


def test_a_fault_stands_for_matching_streams_for_a_while() -> None:
    wire = wire_with(
        StandingFault(1, Fault(name="http_error"), match=Match(parameters={"mediaEncoding": "flac"})),
        StandingFault(2, Fault(name="plain_error"), expires=10.0),
        StandingFault(3, Fault(name="tls_stall")),
    )
    assert wire.visit_refused(media_encoding="flac").status == 500
    assert wire.visit_refused().status == 503
    wire.advance(10.0)
    assert wire.visit_refused().status == 200


def test_chance_is_of_seed_account_session_and_attempt() -> None:
    wire = wire_with(standing("random_bytes", bytes=64))
    stream = begun(wire)
    chance = wire.mock.draw("000000000000", SESSION_ID, 1, "faults")
    assert chance.randbytes(64) in wire.answers[stream].body


def test_the_limit_of_audio_holds_where_a_fault_waits_beyond_it() -> None:
    wire = wire_with(standing("reset", at=Position(at_audio="10s")), max_session_audio_seconds=0.25)
    stream = begun(wire, 0.3)
    assert wire.answers[stream].exception is not None
