"""The timeline: both directions, decoded, with times."""

from mockscribe.inspection.timeline import MAX_LINES, timeline
from tests.wire import (
    EMPTY_FRAME,
    END_OF_SESSION,
    SESSION_ID,
    TWO_CHANNELS,
    Wire,
    audio,
    base64_audio,
    configuration,
    envelope,
    event,
    silence,
)

SCRIPT = """
scenario: visit
steps:
  - {say: How are you?, by: PATIENT, at: 200ms, takes: 100ms, partials: none}
  - {send: {checklistEvent: {snapshotVersion: 1}}, after: {time: 2s}}
  - {fault: {wrong_message_crc: {}}, after: {time: 1s}}
  - {raise: {internalFailureException: it burns}, after: {time: 1s}}
  - {say: Never., at: 1h}
"""


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_whole_stream_in_words() -> None:
    wire = Wire(SCRIPT)
    stream = wire.open()
    wire.send(stream, envelope(configuration(TWO_CHANNELS)))
    wire.send(stream, *[audio(silence(0.1, channels=2))] * 2, audio(silence(0.2, channels=2)))
    wire.advance(10)
    assert lines(timeline(wire.account)) == [
        f"stream 1.1, attempt 1 of session {SESSION_ID}",
        "0.000 → POST /medical-scribe-stream/ HTTP/2 from connection 1",
        "0.000 ← HTTP 200",
        "0.000 → configurationEvent",
        "0.000 · session NEW → IN_PROGRESS",
        "0.000 → 3 × binaryAudioEvent of 6,400 to 12,800 bytes: 0.400 s of audio, up to 0.400 s",
        "0.000 ← final ch_1, 0.200–0.300 s: How are you?",
        "2.000 ← checklistEvent {'snapshotVersion': 1}",
        "4.000 ← exception internalFailureException: it burns",
        "4.000 ← fault wrong_message_crc()",
        "4.000 · session IN_PROGRESS → PAUSED",
        "4.000 · ended: internalFailureException was sent",
        f"session {SESSION_ID}: PAUSED, 0.4 s of audio, scenario 'visit' (test.yaml:2)",
        'step 1, line 4: say "How are you?": finished, fired 1 ×',
        "step 2, line 5: send checklistEvent: finished, fired 1 ×",
        "step 3, line 6: fault wrong_message_crc: finished, fired 1 ×",
        "step 4, line 7: raise internalFailureException: finished, fired 1 ×",
        '! step 5, line 8: say "Never.": armed, fired 0 ×',
    ]


def test_the_ends_of_an_input() -> None:
    wire = Wire()
    stream = wire.open()
    wire.send(stream, configuration(), base64_audio(silence(0.1)), EMPTY_FRAME, end=True)
    stream = wire.open()
    wire.send(stream, configuration(), END_OF_SESSION)
    told = lines(timeline(wire.account))
    assert "0.000 → configurationEvent, unsigned" in told
    assert "0.000 → 1 × audioEvent of 3,200 bytes: 0.100 s of audio, up to 0.100 s" in told
    assert "0.000 → the empty frame that ends the input" in told
    assert "0.000 → sessionControlEvent END_OF_SESSION" in told
    assert told[-1] == f"session {SESSION_ID}: COMPLETED, 0.1 s of audio, no scenario"


def test_a_violation_names_its_rule_and_its_source() -> None:
    wire = Wire()
    wire.send(wire.open(), event("nonsense", b"{}"))
    assert any(
        "VIOLATION event at byte 0: There is no event type 'nonsense'" in line for line in lines(timeline(wire.account))
    )
    assert "[UG-stream]" in timeline(wire.account)


def test_a_refused_request_is_told_of_too() -> None:
    wire = Wire()
    wire.visit_refused(sample_rate="1")
    assert "← HTTP 400 ValidationException" in timeline(wire.account)


def test_one_sessions_timeline_leaves_the_others_out() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    other = SESSION_ID.replace("0", "1")
    wire.visit(silence(0.1), session_id=other)
    text = timeline(wire.account, wire.account.sessions[other])
    assert other in text
    assert SESSION_ID not in text


def test_streams_that_are_sessions_of_their_own_are_told_apart() -> None:
    wire = Wire(second_stream="independent")
    wire.visit(silence(0.1))
    wire.visit(silence(0.2))
    second = timeline(wire.account, list(wire.account.sessions.values())[1])
    assert second.count("POST /medical-scribe-stream/") == 1
    assert "up to 0.200 s" in second


def test_a_rule_of_the_connection_is_told_for_all_of_it() -> None:
    wire = Wire()
    wire.visit(silence(0.1))
    wire.connection.receive_data(b"\x00\x00\x01\x06\x00\x00\x00\x00\x00\x00", wire.now)  # a PING of one byte
    told = timeline(wire.account)
    assert "connection 1\n" in told
    assert told.count("VIOLATION") == 1


def test_of_a_long_stream_the_middle_is_left_out() -> None:
    wire = Wire("scenario: long\nsteps: [{send: {transcriptEvent: {}}, after: 10ms, repeat: 1000}]\n")
    wire.visit(*[silence(1)] * 11)
    told = timeline(wire.account).splitlines()
    assert len(told) < MAX_LINES + 10
    assert any("more lines)" in line for line in told)
    assert told[-4].endswith("the session is complete")
    assert told[-3].endswith("the empty frame that ends the input")


def test_nothing_is_told_as_nothing() -> None:
    assert timeline(Wire().account) == "nothing has reached the mock"
