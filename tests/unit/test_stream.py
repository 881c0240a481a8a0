"""One stream end to end in memory: what the client sends, what comes back, what is recorded."""

import json
from typing import Any

import pytest

from mockscribe.entries import Kind
from tests.wire import (
    CONFIGURATION,
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
    message,
    request_headers,
    silence,
)

HELLO = """
scenario: hello
steps:
  - say: Good morning.
    at: 400ms
    takes: 800ms
    partials: none
"""


def violations(wire: Wire) -> list[dict[str, Any]]:
    return [entry.fields() for entry in wire.account.journal.select(Kind.VIOLATION)]


def sessions(wire: Wire) -> dict[str, str]:
    return {key: session.status.value for key, session in wire.account.sessions.items()}


# ---- the visit as documented


def test_a_whole_visit() -> None:
    wire = Wire(HELLO)
    answer = wire.visit(*[silence(0.1)] * 20)
    assert answer.status == 200
    assert answer.ended
    assert answer.finals == ["Good morning."]
    (segment,) = answer.segments
    assert (segment["audioBeginOffset"], segment["audioEndOffset"]) == (0.4, 1.2)
    assert segment["isPartial"] is False
    assert "channelId" not in segment
    assert sessions(wire) == {SESSION_ID: "COMPLETED"}
    assert wire.account.sessions[SESSION_ID].audio_us == 2_000_000
    assert violations(wire) == []


def test_the_response_begins_before_the_request_ends_and_events_come_between() -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    answer = wire.answers[stream]
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["x-amzn-medscribe-session-id"] == SESSION_ID
    assert answer.headers["x-amzn-request-id"] == answer.headers["x-amzn-requestid"]
    wire.send(stream, envelope(configuration()), *[envelope(audio(silence(0.55)))] * 2)
    assert answer.finals == []
    wire.send(stream, envelope(audio(silence(0.1))))
    assert answer.finals == ["Good morning."]
    assert not answer.ended


@pytest.mark.parametrize("wrap", [envelope, bytes], ids=["signed envelope", "bare"])
@pytest.mark.parametrize("make", [audio, base64_audio], ids=["binaryAudioEvent", "audioEvent"])
def test_both_audio_events_signed_or_bare(make: Any, wrap: Any) -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    wire.send(stream, wrap(configuration()), wrap(make(silence(0.5))), wrap(END_OF_SESSION), end=True)
    assert wire.answers[stream].finals == ["Good morning."]
    assert wire.account.sessions[SESSION_ID].audio_us == 500_000


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_the_cut_of_the_bytes_changes_nothing(chunk: int) -> None:
    frames = [envelope(each) for each in (configuration(), *[audio(silence(0.2))] * 6, END_OF_SESSION)]
    answers = []
    for size in (chunk, 16_384):
        wire = Wire(HELLO)
        stream = wire.open()
        wire.send(stream, *frames, EMPTY_FRAME, chunk=size, end=True)
        answers.append(wire.answers[stream].body)
    assert answers[0] == answers[1]


def test_two_channels_name_the_speaker_and_halve_the_time() -> None:
    wire = Wire("scenario: s\nsteps:\n  - {say: Hello., by: PATIENT, partials: none, takes: 100ms}\n")
    answer = wire.visit(silence(1.0, channels=1), configuration_value=TWO_CHANNELS)
    assert answer.segments[0]["channelId"] == "ch_1"
    assert wire.account.sessions[SESSION_ID].audio_us == 500_000


# ---- pauses


def test_closing_the_input_without_end_of_session_pauses_and_a_new_stream_resumes() -> None:
    wire = Wire(HELLO)
    first = wire.open()
    wire.send(first, envelope(configuration()), envelope(audio(silence(0.2))), EMPTY_FRAME, end=True)
    assert wire.answers[first].ended
    assert wire.answers[first].segments == []
    assert sessions(wire) == {SESSION_ID: "PAUSED"}
    answer = wire.visit(*[silence(0.5)] * 3)
    assert answer.segments[0]["audioBeginOffset"] == 0.4
    assert wire.account.sessions[SESSION_ID].audio_us == 1_700_000
    assert sessions(wire) == {SESSION_ID: "COMPLETED"}


def test_a_reset_by_the_client_pauses() -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    wire.send(stream, envelope(configuration()))
    wire.reset(stream)
    assert sessions(wire) == {SESSION_ID: "PAUSED"}
    assert wire.account.live == set()
    ended = wire.account.journal.select(Kind.STREAM_ENDED)
    assert len(ended) == 1


def test_a_lost_connection_pauses_and_frees_everything() -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    wire.send(stream, envelope(configuration()), envelope(audio(silence(0.2)))[:100])
    wire.connection.lost(wire.now)
    assert sessions(wire) == {SESSION_ID: "PAUSED"}
    assert wire.account.live == set()
    assert wire.connection.idle


def test_a_client_that_vanishes_after_end_of_session_leaves_a_completed_session() -> None:
    wire = Wire("scenario: s\nsteps:\n  - {say: Later., when: end_of_session}\n  - {end: true, after: {time: 5s}}\n")
    stream = wire.open()
    wire.send(stream, envelope(configuration()), envelope(END_OF_SESSION))
    wire.connection.lost(wire.now)
    assert sessions(wire) == {SESSION_ID: "COMPLETED"}


def test_a_second_stream_replaces_the_first() -> None:
    wire = Wire(HELLO)
    first = wire.open()
    wire.send(first, envelope(configuration()))
    second = wire.open()
    assert wire.answers[first].exception == (
        "validationException",
        "This stream was ended because a new stream started with the same session ID.",
    )
    assert wire.answers[first].ended
    assert wire.answers[second].status == 200


def test_a_second_stream_can_be_rejected() -> None:
    wire = Wire(HELLO, second_stream="reject")
    first = wire.open()
    wire.send(first, envelope(configuration()))
    second = wire.open()
    assert wire.answers[second].status == 400
    assert wire.answers[first].exception is None


def test_a_second_stream_can_be_independent() -> None:
    wire = Wire(HELLO, second_stream="independent")
    answers = [wire.visit(*[silence(0.5)] * 3) for _ in range(2)]
    assert [answer.finals for answer in answers] == [["Good morning."]] * 2
    assert len(wire.account.sessions) == 2


def test_a_completed_session_takes_no_further_stream() -> None:
    wire = Wire(HELLO)
    wire.visit(*[silence(0.5)] * 3)
    again = wire.visit_refused()
    assert again.status == 400
    assert again.headers["x-amzn-errortype"] == "ValidationException"
    assert "COMPLETED" in json.loads(again.body)["message"]


def test_a_resumed_session_keeps_its_configuration() -> None:
    wire = Wire(HELLO)
    first = wire.open()
    wire.send(first, envelope(configuration()), EMPTY_FRAME, end=True)
    second = wire.open()
    wire.send(second, envelope(configuration(TWO_CHANNELS)))
    exception = wire.answers[second].exception
    assert exception is not None
    assert exception[0] == "validationException"
    assert sessions(wire) == {SESSION_ID: "PAUSED"}


# ---- what bad input gets


def bad(*frames: bytes, end: bool = False, **settings: Any) -> Wire:
    wire = Wire(HELLO, **settings)
    wire.stream = wire.open()  # type: ignore[attr-defined]
    wire.send(wire.stream, *frames, end=end)  # type: ignore[attr-defined]
    return wire


@pytest.mark.parametrize(
    ("frames", "rule", "text"),
    [
        ([audio(silence(0.1))], "sequence", "configurationEvent"),
        ([configuration(), configuration()], "sequence", "configurationEvent"),
        ([configuration(), event("unknownEvent", b"{}")], "event", "unknownEvent"),
        ([configuration(), event("audioEvent", b"{")], "event", "JSON"),
        ([configuration(), event("audioEvent", b'{"audioChunk": "*"}')], "event", "base64"),
        ([configuration(), audio(silence(0.1))[:-1] + b"\x00"], "frame_message_crc", "CRC"),
        ([configuration(), b"\x00\x00\x00\x10" + bytes(8)], "frame_prelude_crc", "CRC"),
        ([configuration(), END_OF_SESSION, audio(silence(0.1))], None, None),
        ([configuration(), audio(bytes(32_001))], "chunk_size", "Your stream is too big"),
    ],
)
def test_a_broken_rule_ends_the_stream_with_a_validation_exception(
    frames: list[bytes], rule: str | None, text: str | None
) -> None:
    wire = bad(*frames)
    answer = wire.answers[1]
    assert answer.ended
    if rule is None:  # the stream had ended by then: what came later is nobody's concern
        assert answer.exception is None
        return
    assert answer.exception is not None
    assert answer.exception[0] == "validationException"
    assert text in answer.exception[1]
    (violation,) = violations(wire)
    assert violation["rule"] == rule
    assert isinstance(violation["offset"], int)


def test_a_violation_names_the_byte() -> None:
    first = configuration()
    wire = bad(first, audio(silence(0.1))[:-1] + b"\x00")
    assert violations(wire)[0]["offset"] >= len(first)


def test_the_rest_of_the_session_can_go_on_after_a_broken_stream() -> None:
    wire = bad(configuration(), audio(silence(0.3)), audio(bytes(32_001)))
    assert sessions(wire) == {SESSION_ID: "PAUSED"}
    assert wire.visit(silence(1.0)).finals == ["Good morning."]


def test_the_status_after_an_exception_is_a_choice() -> None:
    wire = bad(configuration(), audio(bytes(32_001)), state_after_exception="FAILED")
    assert sessions(wire) == {SESSION_ID: "FAILED"}


def test_input_that_ends_inside_a_frame() -> None:
    wire = bad(configuration(), audio(silence(0.1))[:50], end=True)
    assert violations(wire)[0]["rule"] == "frame_truncated"
    assert wire.answers[1].exception is not None


def test_input_that_ends_before_the_configuration() -> None:
    wire = bad(end=True)
    assert wire.answers[1].exception is not None
    assert "configurationEvent" in wire.answers[1].exception[1]
    assert sessions(wire) == {SESSION_ID: "NEW"}


def test_a_missing_empty_frame_is_tolerated_or_fatal() -> None:
    assert bad(configuration(), end=True).answers[1].exception is None
    fatal = bad(configuration(), end=True, missing_empty_frame="fatal").answers[1].exception
    assert fatal == ("validationException", "A complete signal was sent without the preceding empty frame.")


def test_unexpected_events_can_be_ignored() -> None:
    wire = bad(configuration(), event("unknownEvent", b"{}"), unexpected_event="ignore")
    assert wire.answers[1].exception is None
    assert violations(wire)[0]["rule"] == "event"


def test_bytes_after_the_end_of_the_response_are_swallowed() -> None:
    wire = bad(configuration(), audio(bytes(32_001)))
    wire.send(1, bytes(200_000), end=True)
    assert wire.connection.idle
    assert len(violations(wire)) == 1


LATE_AUDIO = "an audio event is not allowed after END_OF_SESSION; expected the final empty frame."


@pytest.mark.parametrize("chunk", [None, 50], ids=["in one read", "in many"])
@pytest.mark.parametrize("after", ["close", "wait"])
def test_audio_after_the_end_of_the_session_is_a_violation_however_it_comes(after: str, chunk: int | None) -> None:
    wire = Wire(after_end_of_session=after)
    stream = wire.open()
    late = [audio(silence(0.1))] * 3
    wire.send(stream, configuration(), END_OF_SESSION, *late, EMPTY_FRAME, chunk=chunk, end=True)
    (violation,) = violations(wire)  # the first; what follows it is swallowed, as after any other
    assert (violation["rule"], violation["message"]) == ("sequence", LATE_AUDIO)
    assert violation["offset"] == len(configuration()) + len(END_OF_SESSION)
    assert wire.answers[stream].exception == (None if after == "close" else ("validationException", LATE_AUDIO))
    assert wire.account.sessions[SESSION_ID].audio_us == 0
    assert wire.connection.idle


@pytest.mark.parametrize("chunk", [None, 50], ids=["in one read", "in many"])
def test_each_event_after_the_end_of_the_session_is_a_violation_where_they_are_ignored(chunk: int | None) -> None:
    wire = Wire(unexpected_event="ignore")
    stream = wire.open()
    wire.send(stream, *[configuration(), END_OF_SESSION] * 2, audio(silence(0.1)), EMPTY_FRAME, chunk=chunk, end=True)
    assert [each["rule"] for each in violations(wire)] == ["sequence"] * 3
    assert wire.answers[stream].ended
    assert wire.answers[stream].exception is None


@pytest.mark.parametrize("cut", [0, 3], ids=["a frame with a wrong checksum", "half a frame"])
def test_bytes_after_the_end_of_the_session_that_are_no_frame_are_a_violation(cut: int) -> None:
    wire = Wire()
    stream = wire.open()
    frame = audio(silence(0.1))
    wire.send(stream, configuration(), END_OF_SESSION, frame[:-3] + bytes(3 - cut), end=True)
    (violation,) = violations(wire)
    assert violation["rule"] == ("frame_truncated" if cut else "frame_message_crc")
    assert wire.answers[stream].exception is None
    assert wire.connection.idle


@pytest.mark.parametrize("empty", [EMPTY_FRAME, event("sessionControlEvent", b"{}")], ids=["empty", "no type"])
@pytest.mark.parametrize("separate", [False, True], ids=["in one read", "in two"])
def test_what_may_follow_the_end_of_the_session_is_journaled(empty: bytes, separate: bool) -> None:
    wire = Wire()
    stream = wire.open()
    wire.send(stream, configuration(), END_OF_SESSION, *([] if separate else [empty]))
    assert wire.answers[stream].ended
    if separate:
        wire.send(stream, empty)
    wire.end(stream)
    assert violations(wire) == []
    events = [entry.fields()["event"] for entry in wire.account.journal.select(Kind.EVENT_RECEIVED)]
    assert events[:2] == ["configurationEvent", "sessionControlEvent"]
    assert len(events) == 3
    assert wire.connection.idle


def test_what_follows_an_end_that_the_client_could_not_foresee_is_swallowed() -> None:
    wire = Wire("scenario: s\nsteps:\n  - end: true\n")
    stream = wire.open()
    wire.send(stream, configuration(), *[audio(silence(0.1))] * 3, END_OF_SESSION, EMPTY_FRAME, end=True)
    assert violations(wire) == []


BAD_CONFIGURATION = {**CONFIGURATION, "channelDefinitions": [{"channelId": 0, "participantRole": "PATIENT"}]}


def test_a_bad_configuration_is_told_in_the_stream() -> None:
    wire = bad(configuration(BAD_CONFIGURATION))
    exception = wire.answers[1].exception
    assert exception is not None
    assert exception[0] == "validationException"
    assert "channelDefinitions" in exception[1]
    assert sessions(wire) == {SESSION_ID: "NEW"}


def test_a_bad_configuration_can_be_http_400() -> None:
    wire = Wire(HELLO, bad_configuration="http400")
    stream = wire.open()
    assert wire.answers[stream].status == 0
    wire.send(stream, configuration(BAD_CONFIGURATION))
    assert wire.answers[stream].status == 400
    assert "channelDefinitions" in json.loads(wire.answers[stream].body)["message"]


def test_the_head_can_wait_for_the_configuration() -> None:
    wire = Wire(HELLO, response_headers="after-configuration")
    stream = wire.open()
    assert wire.answers[stream].status == 0
    wire.send(stream, configuration())
    assert wire.answers[stream].status == 200


def test_every_violation_of_the_head_is_listed() -> None:
    wire = Wire(HELLO)
    stream = wire.open(
        headers=request_headers(session_id="x", sample_rate="7999", media_encoding="mp3", domain_id=None), end=False
    )
    answer = wire.answers[stream]
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    text = json.loads(answer.body)["message"]
    for member in ("sessionId", "mediaSampleRateHertz", "mediaEncoding", "domainId"):
        assert member in text
    assert text.startswith("5 validation errors detected")


@pytest.mark.parametrize("path", ["/medical-scribe-stream", "/medical-scribe-stream/", "/medical-scribe-stream/?"])
def test_the_path_as_the_sdks_write_it(path: str) -> None:
    wire = Wire(HELLO)
    assert wire.answers[wire.open(headers=request_headers(path))].status == 200


# ---- time


def test_without_audio_the_stream_times_out_and_pauses() -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    wire.send(stream, envelope(configuration()), envelope(audio(silence(0.1))))
    wire.advance(14.9)
    assert not wire.answers[stream].ended
    wire.advance(0.2)
    assert wire.answers[stream].exception == (
        "validationException",
        "Your request timed out because no new audio was received for 15 seconds.",
    )
    assert sessions(wire) == {SESSION_ID: "PAUSED"}


def test_silence_keeps_the_stream_alive() -> None:
    wire = Wire(HELLO)
    stream = wire.open()
    wire.send(stream, envelope(configuration()))
    for _ in range(10):
        wire.advance(10.0)
        wire.send(stream, envelope(audio(silence(0.1))))
    assert not wire.answers[stream].ended


def test_autojump_leaps_to_what_the_script_says_and_never_into_the_timeout() -> None:
    wire = Wire("scenario: s\nsteps:\n  - {say: Much later., after: {time: 30m}}\n", clock="autojump")
    stream = wire.open()
    wire.send(stream, envelope(configuration()), envelope(END_OF_SESSION))
    wire.advance(0.01)
    assert wire.answers[stream].finals == ["Much later."]
    assert wire.answers[stream].ended
    other = wire.open(headers=request_headers(session_id=SESSION_ID.replace("0", "1")))
    wire.advance(1.0)
    assert wire.answers[other].exception is None


def test_manual_time_moves_only_when_it_is_told() -> None:
    wire = Wire(
        "scenario: s\nsteps:\n  - {send: {transcriptEvent: {}}, after: {time: 30m}}\n",
        clock="manual",
        idle_timeout_seconds=0,
    )
    stream = wire.open()
    wire.send(stream, envelope(configuration()))
    wire.advance(10_000.0)
    assert wire.answers[stream].events == []
    wire.account.advance(1800.0, wire.now)
    wire.pump()
    assert len(wire.answers[stream].events) == 1


# ---- a client that does not read


def test_a_client_that_does_not_read_gets_its_window_and_no_more() -> None:
    wire = Wire("scenario: s\nsteps:\n  - {send: {transcriptEvent: {}}, after: 10ms, repeat: forever}\n", window=1000)
    wire.reads = False
    stream = wire.open()
    wire.send(stream, envelope(configuration()))
    for _ in range(30):
        wire.send(stream, envelope(audio(silence(1.0))))
    assert len(wire.answers[stream].body) == 1000
    assert wire.connection.next_deadline() is None or not wire.answers[stream].ended


def test_settings_of_wording() -> None:
    wire = bad(configuration(), audio(bytes(32_001)), messages={"chunk_too_big": "no"})
    assert wire.answers[1].exception == ("validationException", "no")


def test_frames_from_a_client_may_carry_unknown_headers() -> None:
    headers = {":content-type": "application/octet-stream", ":event-type": "binaryAudioEvent", ":message-type": "event"}
    wire = bad(configuration(), message({**headers, "Content-Length": "3200"}, silence(0.1)))
    assert wire.answers[1].exception is None
    assert wire.account.sessions[SESSION_ID].audio_us == 100_000
