"""A session's life over several streams, and who may begin one: what streams and GetMedicalScribeListeningSession say.

Rows are those of facts.md 14; each choice there is one field of Config, flipped here.
"""

import json
from typing import Any

import pytest

from tests.wire import (
    CONFIGURATION,
    DOMAIN_ID,
    EMPTY_FRAME,
    END_OF_SESSION,
    SESSION_ID,
    SUBSCRIPTION_ID,
    TWO_CHANNELS,
    Answer,
    Wire,
    audio,
    configuration,
    envelope,
    new_session_id,
    request_headers,
    silence,
)

LINES = """
scenario: two lines
steps:
  - {say: How are you?, by: CLINICIAN, at: 400ms, takes: 400ms, partials: none}
  - {say: Well., by: PATIENT, at: 1400ms, takes: 400ms, partials: none}
"""
FRAMES = (envelope(configuration()), envelope(audio(silence(1.0))))
END = (envelope(END_OF_SESSION), EMPTY_FRAME)


def request(wire: Wire, method: str, path: str, value: Any = None) -> tuple[Answer, Any]:
    """One request of another operation; the answer, and its body as JSON."""
    head = [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path)]
    stream = wire.open(headers=head, end=value is None)
    if value is not None:
        wire.send(stream, json.dumps(value).encode(), end=True)
    answer = wire.answers[stream]
    assert answer.ended
    return answer, json.loads(answer.body)


def details(wire: Wire, session_id: str = SESSION_ID) -> dict[str, Any]:
    path = f"/medical-scribe-stream/domain/{DOMAIN_ID}/subscription/{SUBSCRIPTION_ID}/session/{session_id}"
    answer, found = request(wire, "GET", path)
    assert answer.status in (200, 404)
    return found.get("medicalScribeListeningSessionDetails", {})


def status(wire: Wire, session_id: str = SESSION_ID) -> str | None:
    """streamStatus; None: 404."""
    return details(wire, session_id).get("streamStatus")


def stream(wire: Wire, *frames: bytes, end: bool = False, **headers: str) -> Answer:
    """A stream with these frames; open unless `end`."""
    number = wire.open(headers=request_headers(**headers))
    wire.send(number, *frames, end=end)
    return wire.answers[number]


def pause(wire: Wire) -> Answer:
    """A stream of a second of audio that leaves its session PAUSED."""
    return stream(wire, *FRAMES, EMPTY_FRAME, end=True)


def refusal(answer: Answer) -> tuple[int, str, str]:
    """Status, error type and message of an HTTP error."""
    assert answer.headers["x-amzn-requestid"] == answer.headers["x-amzn-request-id"]
    return answer.status, answer.headers["x-amzn-errortype"], json.loads(answer.body)["message"]


# ---- one session


def test_a_session_is_in_progress_then_paused_then_in_progress_again_then_completed() -> None:
    wire = Wire(LINES)
    first = wire.open()
    seen = [status(wire)]
    wire.send(first, *FRAMES)
    seen.append(status(wire))
    wire.send(first, EMPTY_FRAME, end=True)
    seen.append(status(wire))
    second = wire.open()
    seen.append(status(wire))
    wire.send(second, *FRAMES)
    seen.append(status(wire))
    wire.send(second, *END, end=True)
    seen.append(status(wire))
    assert seen == [None, "IN_PROGRESS", "PAUSED", "PAUSED", "IN_PROGRESS", "COMPLETED"]
    assert wire.answers[first].finals == ["How are you?"]
    (final,) = wire.answers[second].segments
    assert (final["audioBeginOffset"], final["audioEndOffset"]) == (
        1.4,
        1.8,
    )  # of the session


def test_its_times_are_those_of_its_first_configuration_and_of_its_end() -> None:
    wire = Wire(clock="manual")
    wire.account.advance(10, wire.now)
    answer = wire.open()
    wire.account.advance(10, wire.now)
    wire.send(answer, *FRAMES)
    created = details(wire)["streamCreationTime"]
    assert created == 1_760_000_020
    wire.account.advance(10, wire.now)
    wire.send(answer, EMPTY_FRAME, end=True)
    wire.account.advance(10, wire.now)
    stream(wire, *FRAMES, *END, end=True)
    wire.account.advance(10, wire.now)
    assert (details(wire)["streamCreationTime"], details(wire)["streamEndTime"]) == (created, created + 20)


def test_each_segment_has_an_id_of_its_own_over_all_streams() -> None:
    for form in ("uuid", "counter"):
        wire = Wire(segment_ids=form, second_stream="replace")
        ids = [
            segment["segmentId"]
            for _ in range(3)
            for segment in stream(
                wire, *FRAMES, envelope(audio(b"\x00\x40\x00\xc0" * 4000)), EMPTY_FRAME, end=True
            ).segments
            if not segment["isPartial"]
        ]
        assert len(set(ids)) == len(ids) == 3


def test_before_the_configuration_it_is_unknown_or_in_progress() -> None:  # row 19
    wire = Wire(session_before_configuration="in-progress")
    number = wire.open()
    wire.advance(2)
    found = details(wire)
    assert (found["streamStatus"], found["streamCreationTime"]) == ("IN_PROGRESS", 1_760_000_000)
    wire.send(number, *FRAMES)
    assert details(wire)["streamCreationTime"] == 1_760_000_002
    wire.send(number, EMPTY_FRAME, end=True)
    assert status(wire) == "PAUSED"


@pytest.mark.parametrize("how", ["reset", "end", "refused"])
def test_a_session_without_a_configuration_was_never_there(how: str) -> None:
    wire = Wire(session_before_configuration="in-progress")
    number = wire.open()
    assert status(wire) == "IN_PROGRESS"
    match how:
        case "reset":
            wire.reset(number)
        case "end":
            wire.end(number)
        case _:
            wire.send(number, envelope(configuration({"postStreamActionSettings": {}})))
    assert status(wire) is None
    assert pause(wire).status == 200
    assert status(wire) == "PAUSED"


# ---- the end


def test_a_client_that_vanishes_after_end_of_session_gets_its_artifacts() -> None:
    wire = Wire(after_end_of_session="wait", clock="manual")
    number = wire.open()
    wire.send(number, *FRAMES, envelope(END_OF_SESSION))
    wire.reset(number)
    assert status(wire) == "COMPLETED"
    wire.account.advance(60, wire.now)
    notes = details(wire)["postStreamActionResult"]["clinicalNoteGenerationResult"]
    assert {each["status"] for each in notes.values()} == {"COMPLETED"}


def test_a_connection_that_is_lost_after_end_of_session_is_no_different() -> None:
    wire = Wire(after_end_of_session="wait", clock="manual")
    wire.send(wire.open(), *FRAMES, envelope(END_OF_SESSION))
    wire.connection.lost(wire.now)
    again = Wire(mock=wire.mock)
    assert status(again) == "COMPLETED"
    assert "postStreamActionResult" in details(again)


def test_a_connection_that_is_lost_before_it_leaves_the_session_paused() -> None:
    wire = Wire()
    wire.send(wire.open(), *FRAMES)
    wire.connection.lost(wire.now)
    assert status(Wire(mock=wire.mock)) == "PAUSED"


def test_an_exception_leaves_it_paused_or_failed() -> None:  # row 38
    for setting in ("PAUSED", "FAILED"):
        wire = Wire("scenario: s\nsteps:\n  - raise: {internalFailureException: x}\n", state_after_exception=setting)
        assert stream(wire, *FRAMES).exception == ("internalFailureException", "x")
        assert status(wire) == setting


# ---- the windows


def test_a_session_takes_so_much_audio_over_all_its_streams_and_then_has_failed() -> None:  # row 7
    wire = Wire(max_session_audio_seconds=2.5)
    pause(wire)
    answer = stream(wire, *FRAMES)
    assert answer.exception is None
    number = max(wire.answers)
    wire.send(number, envelope(audio(silence(0.5))))
    assert answer.exception is None  # exactly the limit
    wire.send(number, envelope(audio(silence(0.001))))
    kind, text = answer.exception or ("", "")
    assert (kind, "2.5" in text, answer.ended) == ("validationException", True, True)
    assert status(wire) == "FAILED"
    assert details(wire).get("postStreamActionResult") is None
    assert refusal(pause(wire))[:2] == (400, "ValidationException")


def test_without_a_limit_it_takes_any_amount() -> None:
    wire = Wire(max_session_audio_seconds=0)
    assert stream(wire, envelope(configuration()), *[envelope(audio(silence(1.0)))] * 5).exception is None


def test_a_pause_that_is_too_long_ends_in_failure_without_artifacts() -> None:  # rows 7 and 8
    wire = Wire(resume_window_seconds=100)
    pause(wire)
    wire.advance(99)
    assert status(wire) == "PAUSED"
    pause(wire)  # which does not begin the window anew: it counts from the session's creation
    wire.advance(1)
    assert status(wire) == "FAILED"
    code, kind, text = refusal(pause(wire))
    assert (code, kind, "FAILED" in text) == (400, "ValidationException", True)
    assert details(wire).get("postStreamActionResult") is None


def test_the_window_does_not_end_a_running_stream() -> None:
    wire = Wire(resume_window_seconds=10, idle_timeout_seconds=0)
    number = wire.open()
    wire.send(number, *FRAMES)
    wire.advance(60)
    assert status(wire) == "IN_PROGRESS"
    wire.send(number, *END, end=True)
    assert status(wire) == "COMPLETED"


def test_without_a_window_a_session_can_be_resumed_for_ever() -> None:
    wire = Wire(resume_window_seconds=0)
    pause(wire)
    wire.advance(1_000_000)
    assert (pause(wire).status, status(wire)) == (200, "PAUSED")


# ---- a second stream (row 9)


def test_a_second_stream_replaces_the_first() -> None:
    wire = Wire(LINES)
    first = stream(wire, *FRAMES)
    second = stream(wire, *FRAMES, *END, end=True)
    kind, text = first.exception or ("", "")
    assert (kind, "same session" in text, first.ended) == ("validationException", True, True)
    assert second.finals == ["Well."]
    assert status(wire) == "COMPLETED"


def test_a_second_stream_is_refused_and_the_first_goes_on() -> None:
    wire = Wire(LINES, second_stream="reject")
    number = wire.open()
    wire.send(number, *FRAMES)
    code, kind, text = refusal(wire.visit_refused())
    assert (code, kind, "session" in text) == (400, "ValidationException", True)
    wire.send(number, envelope(audio(silence(1.0))), *END, end=True)
    assert wire.answers[number].finals == ["How are you?", "Well."]
    assert status(wire) == "COMPLETED"
    assert wire.answers[number].exception is None


def test_each_stream_is_a_session_of_its_own() -> None:
    wire = Wire(LINES, second_stream="independent")
    answers = [stream(wire, *FRAMES) for _ in range(3)]
    for number in wire.answers:
        wire.send(number, envelope(audio(silence(1.0))), *END, end=True)
    assert [answer.finals for answer in answers] == [["How are you?", "Well."]] * 3
    assert [session.status.value for session in wire.account.sessions.values()] == ["COMPLETED"] * 3


# ---- resuming


def test_resuming_with_another_configuration_is_refused_or_leaves_the_first_one() -> None:  # row 10
    for setting in ("refuse", "accept"):
        wire = Wire(changed_resume=setting)
        pause(wire)
        answer = stream(wire, envelope(configuration(TWO_CHANNELS)))
        refused = setting == "refuse"
        assert (answer.exception is not None) is refused
        assert status(wire) == ("PAUSED" if refused else "IN_PROGRESS")
        assert "channelDefinitions" not in details(wire)


def test_resuming_with_other_parameters_is_refused_or_leaves_the_first_ones() -> None:  # row 10
    for setting in ("refuse", "accept"):
        wire = Wire(changed_resume=setting)
        pause(wire)
        answer = stream(wire, *FRAMES, sample_rate="8000")
        assert (answer.exception is not None) is (setting == "refuse")
        assert answer.headers["x-amzn-medscribe-sample-rate"] == "16000"
        assert details(wire)["mediaSampleRateHertz"] == 16000


def test_a_session_whose_configuration_was_never_accepted_can_begin_with_other_parameters() -> None:
    wire = Wire()
    wire.end(wire.open())
    assert stream(wire, *FRAMES, sample_rate="8000").exception is None
    assert details(wire)["mediaSampleRateHertz"] == 8000


@pytest.mark.parametrize("setting", ["http400", "exception"])
def test_a_stream_after_the_end_is_refused_before_it_or_in_it(setting: str) -> None:  # row 11
    wire = Wire(resume_after_end=setting)
    wire.visit(silence(0.1))
    answer = pause(wire)
    if setting == "http400":
        code, kind, text = refusal(answer)
        assert (code, kind) == (400, "ValidationException")
    else:
        kind, text = answer.exception or ("", "")
        assert (answer.status, kind, answer.ended) == (200, "validationException", True)
    assert "COMPLETED" in text
    assert status(wire) == "COMPLETED"


def test_a_stream_after_the_end_does_not_cost_a_running_one_its_artifacts() -> None:
    wire = Wire(resume_after_end="exception", after_end_of_session="wait", clock="manual")
    number = wire.open()
    wire.send(number, *FRAMES, envelope(END_OF_SESSION))
    assert (pause(wire).exception or ("",))[0] == "validationException"
    wire.send(number, EMPTY_FRAME, end=True)
    wire.account.advance(60, wire.now)
    notes = details(wire)["postStreamActionResult"]["clinicalNoteGenerationResult"]
    assert {each["status"] for each in notes.values()} == {"COMPLETED"}


# ---- resources


def test_ids_that_were_not_created_are_taken_as_existing_or_are_not() -> None:
    assert pause(Wire()).status == 200
    wire = Wire(strict_resources=True)
    code, kind, text = refusal(wire.visit_refused())
    assert (code, kind, DOMAIN_ID in text) == (404, "ResourceNotFoundException", True)
    _, domain = request(wire, "POST", "/domain", {"name": "Clinic"})
    _, subscription = request(wire, "POST", f"/domains/{domain['domainId']}/subscriptions", {})
    ids = {"domain-id": domain["domainId"], "subscription-id": subscription["subscriptionId"]}
    assert stream(wire, *FRAMES, **ids).status == 200
    code, kind, text = refusal(wire.visit_refused(**{"domain-id": domain["domainId"]}))
    assert (code, kind, SUBSCRIPTION_ID in text) == (404, "ResourceNotFoundException", True)


@pytest.mark.parametrize(
    ("setting", "error"),
    [("not-found", (404, "ResourceNotFoundException")), ("access-denied", (401, "AccessDeniedException"))],
)
def test_an_inactive_subscription_takes_no_new_session_and_those_that_run_go_on(
    setting: str, error: tuple[int, str]
) -> None:  # row 23
    wire = Wire(inactive_resource=setting)
    _, domain = request(wire, "POST", "/domain", {"name": "Clinic"})
    path = f"/domains/{domain['domainId']}/subscriptions"
    _, subscription = request(wire, "POST", path, {})
    ids = {"domain-id": domain["domainId"], "subscription-id": subscription["subscriptionId"]}
    number = wire.open(headers=request_headers(**ids))
    wire.send(number, *FRAMES)
    answer, _ = request(wire, "POST", f"{path}/{subscription['subscriptionId']}/deactivate", {})
    assert answer.status == 200
    assert refusal(wire.visit_refused(**ids, **{"session-id": new_session_id()}))[:2] == error
    wire.send(number, EMPTY_FRAME, end=True)
    assert stream(wire, *FRAMES, *END, end=True, **ids).exception is None
    answer, _ = request(wire, "POST", f"{path}/{subscription['subscriptionId']}/activate", {})
    assert stream(wire, *FRAMES, **ids, **{"session-id": new_session_id()}).status == 200


def test_a_domain_that_is_deleted_takes_no_session_and_those_that_run_finish() -> None:  # rows 23 and 36
    wire = Wire(clock="manual", domain_deletion_seconds=5)
    _, domain = request(wire, "POST", "/domain", {"name": "Clinic"})
    ids = {"domain-id": domain["domainId"]}
    number = wire.open(headers=request_headers(**ids))
    wire.send(number, *FRAMES)
    _, deleted = request(wire, "DELETE", f"/domain/{domain['domainId']}")
    assert deleted["status"] == "DELETING"
    assert refusal(wire.visit_refused(**ids, **{"session-id": new_session_id()}))[0] == 404
    wire.account.advance(5, wire.now)
    assert request(wire, "GET", f"/domain/{domain['domainId']}")[0].status == 404
    wire.send(number, *END, end=True)
    assert wire.answers[number].exception is None


@pytest.mark.parametrize("setting", ["never", "at-start"])
def test_the_output_is_looked_at_when_it_is_written_or_at_the_start(setting: str) -> None:  # row 24
    wire = Wire(output_check=setting, clock="manual")
    settings = {**CONFIGURATION["postStreamActionSettings"], "outputS3Uri": "s3://mockscribe-fail"}
    answer = wire.visit(silence(0.1), configuration_value={"postStreamActionSettings": settings})
    if setting == "at-start":
        kind, text = answer.exception or ("", "")
        assert (kind, "mockscribe-fail" in text) == ("validationException", True)
        assert status(wire) is None
    else:
        wire.account.advance(60, wire.now)
        note = details(wire)["postStreamActionResult"]["clinicalNoteGenerationResult"]["noteResult"]
        assert (note["status"], "mockscribe-fail" in note["failureReason"]) == ("FAILED", True)


def test_results_before_the_end_are_absent_or_pending() -> None:  # row 20
    for setting in ("omit", "pending"):
        wire = Wire(results_before_end=setting)
        wire.send(wire.open(), *FRAMES)
        assert ("postStreamActionResult" in details(wire)) is (setting == "pending")


# ---- quotas (row 30)


def test_ten_sessions_may_be_live_at_once() -> None:
    for setting, error in (
        ("quota", (402, "ServiceQuotaExceededException")),
        ("throttling", (429, "ThrottlingException")),
    ):
        wire = Wire(enforce_quotas=True, session_quota_error=setting)
        numbers = {}
        for _ in range(10):
            session_id = new_session_id()
            numbers[session_id] = wire.open(headers=request_headers(session_id=session_id))
            wire.send(numbers[session_id], *FRAMES)
            wire.advance(1)  # two may begin a second
        assert refusal(wire.visit_refused())[:2] == error
        session_id, _ = numbers.popitem()
        wire.advance(1)
        again = stream(wire, *FRAMES, session_id=session_id)  # replaces its first stream: no eleventh session
        assert (again.status, again.exception) == (200, None)
        wire.advance(1)
        other = max(wire.answers)
        wire.send(other, *END, end=True)
        assert pause(wire).status == 200


def test_without_quotas_any_number_may_be_live() -> None:
    wire = Wire()
    assert {stream(wire, *FRAMES, session_id=new_session_id()).status for _ in range(12)} == {200}


def test_two_sessions_may_begin_in_a_second_of_mock_time() -> None:
    wire = Wire(enforce_quotas=True, clock="manual")
    answers = [wire.visit_refused(session_id=new_session_id()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert refusal(answers[-1])[1] == "ThrottlingException"
    wire.account.advance(1, wire.now)
    assert wire.visit_refused(session_id=new_session_id()).status == 200


def test_get_has_a_rate_of_ten_a_second() -> None:
    wire = Wire(enforce_quotas=True, clock="manual")
    pause(wire)
    path = f"/medical-scribe-stream/domain/{DOMAIN_ID}/subscription/{SUBSCRIPTION_ID}/session/{SESSION_ID}"
    assert [request(wire, "GET", path)[0].status for _ in range(11)] == [200] * 10 + [429]
