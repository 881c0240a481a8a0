"""The AWS SDK for Java against mockscribe: what it returned and what mockscribe recorded, over TLS and without.

Its runtime is AWS's own, under an operation layer of ours: the generated client could not be had (the head of
`sdks/java/…/ConnectHealthAsyncClient.java`). It is the one SDK that retries a stream: with the same session id, and the
audio from its start. Each case runs ten sessions, every one on a new connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mockscribe import Mockscribe
from tests.integration.sdks.checks import (
    CHUNKS,
    DUPLEX,
    EXCEPTION_TEXT,
    RESET,
    SECONDS,
    VISIT,
    check_bad_configuration,
    check_bad_header,
    check_duplex_visit,
    check_echo,
    check_exception,
    check_pause,
    check_resumed,
    check_wrong_secret,
    contents,
    exception,
    recorded,
    segments,
)
from tests.integration.sdks.java import environment
from tests.integration.sdks.programs import UnavailableError
from tests.requirements import require

RUNS = 10
REQUESTS = 4  # how often the SDK tries in all


@pytest.fixture(scope="module")
def sdk() -> Sequence[str]:
    try:
        return environment.java_sdk()
    except UnavailableError as error:
        require("java-sdk", False, str(error))
        raise


@pytest.fixture(params=["https", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        yield mock


def stream(
    sdk: Sequence[str], mock: Mockscribe, scheme: str, *options: str | int | float, streams: int = RUNS
) -> list[dict[str, Any]]:
    reports = environment.stream(sdk, mock, scheme, "--runs", RUNS, *options)
    assert not any(report["timed_out"] for report in reports), reports
    assert len(reports) == streams
    return reports


def attempts(mock: Mockscribe, report: dict[str, Any]) -> list[int]:
    """Which attempts mockscribe counted for the session, of as many as the client saw."""
    counted = [request["attempt"] for request in recorded(mock, "request", report["session_id"])]
    assert report["attempts"] == len(counted)
    return counted


def failing(attempt: int) -> str:
    """What fails in this attempt, after one line."""
    return f"match: {{attempt: {attempt}}}\n{exception('internalFailureException')}"


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_a_scripted_transcript_arrives_while_the_client_is_still_sending(
    sdk: Sequence[str], visit: Mockscribe, scheme: str, event: str, channels: int
) -> None:
    for report in stream(sdk, visit, scheme, *DUPLEX, "--event", event, "--channels", channels):
        check_duplex_visit(visit, report, event, channels)
        assert attempts(visit, report) == [1]
        assert report["sdk"]["generated"] is False


def test_the_stream_is_http2_with_and_without_tls(sdk: Sequence[str], visit: Mockscribe, scheme: str) -> None:
    for report in stream(sdk, visit, scheme, "--seconds", 0.2):
        (request,) = recorded(visit, "request", report["session_id"])
        assert request["version"] == "2"
        assert f"{scheme}://{request['authority']}" in (visit.https_url, visit.http_url)  # no host prefix
    assert {entry["tls"] for entry in visit.journal if entry["kind"] == "connection_opened"} == {scheme == "https"}


def test_input_closed_without_end_of_session_pauses_the_session(
    sdk: Sequence[str], visit: Mockscribe, scheme: str
) -> None:
    for report in stream(sdk, visit, scheme, "--no-end-of-session", "--seconds", SECONDS):
        check_pause(visit, report)


def test_a_paused_session_goes_on_where_it_was(sdk: Sequence[str], visit: Mockscribe, scheme: str) -> None:
    reports = stream(sdk, visit, scheme, "--pauses", 1, "--seconds", 2.0, streams=2 * RUNS)
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        check_resumed(visit, first, second)


def test_a_tone_is_echoed(sdk: Sequence[str], scheme: str) -> None:
    with Mockscribe(clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            check_echo(mock, report)


def test_a_bad_configuration_is_raised_while_reading(sdk: Sequence[str], visit: Mockscribe, scheme: str) -> None:
    for report in stream(sdk, visit, scheme, "--output-uri", "no-bucket"):
        assert check_bad_configuration(visit, report)["class"] == "ValidationException"
        assert attempts(visit, report) == [1]


def test_a_validation_exception_is_raised_after_the_events_before_it(sdk: Sequence[str], scheme: str) -> None:
    with Mockscribe(scenarios=[exception("validationException")], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            assert check_exception(mock, report)["class"] == "ValidationException"
            assert attempts(mock, report) == [1]


def test_a_failed_stream_is_tried_again_with_the_same_session(sdk: Sequence[str], scheme: str) -> None:
    with Mockscribe(scenarios=[failing(1), f"match: {{attempt: 2}}\n{VISIT}"], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            session_id = report["session_id"]
            assert attempts(mock, report) == [1, 2]
            assert report["errors"] == []
            (handled,) = report["handled"]
            assert (handled["attempt"], handled["class"]) == (1, "InternalServerException")
            assert handled["message"] == EXCEPTION_TEXT
            said = recorded(mock, "event_sent", session_id)
            assert [event["attempt"] for event in report["events"]] == [entry["attempt"] for entry in said]
            assert contents(segments(report)) == [entry["value"]["transcriptSegment"]["content"] for entry in said]
            # The audio came again from its start, all of it, and mockscribe's script began anew.
            heard = recorded(mock, "event_received", session_id)
            second = [entry["event"] for entry in heard if entry["attempt"] == 2]
            assert second.count("binaryAudioEvent") == report["sent"]["audio"] == CHUNKS
            assert second.count("configurationEvent") == 1
            assert mock.sessions[session_id].status == "COMPLETED"


def test_a_stream_that_keeps_failing_is_given_up_after_four_requests(sdk: Sequence[str], scheme: str) -> None:
    tries = range(1, REQUESTS + 1)
    with Mockscribe(scenarios=[failing(attempt) for attempt in (*tries, REQUESTS + 1)], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            assert attempts(mock, report) == [*tries]
            (error,) = report["errors"]
            assert (error["where"], error["class"]) == ("reading", "InternalServerException")
            assert error["message"] == EXCEPTION_TEXT
            assert {handled["class"] for handled in report["handled"]} == {"InternalServerException"}
            assert [event["attempt"] for event in report["events"]] == [*tries]
            assert len(recorded(mock, "exception_sent", report["session_id"])) == REQUESTS
            assert mock.sessions[report["session_id"]].status == "PAUSED"


def test_a_reset_is_taken_for_the_end(sdk: Sequence[str], scheme: str) -> None:
    # Netty completes the body when its channel closes, whatever closed it: the future never fails, and it is a race
    # whether the handler is told (and the SDK tries again, with nobody waiting for it any more).
    with Mockscribe(scenarios=[RESET], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            assert report["status"] == 200
            assert contents(segments(report)) == ["One."]
            assert report["errors"] == []
            assert {handled["class"] for handled in report["handled"]} <= {"IOException"}
            assert len(recorded(mock, "event_sent", report["session_id"])) == 1
            assert len(recorded(mock, "fault_fired", report["session_id"])) == 1


def test_a_bad_header_is_raised_as_http_400(sdk: Sequence[str], visit: Mockscribe, scheme: str) -> None:
    for report in stream(sdk, visit, scheme, "--rate", 4000):
        assert check_bad_header(visit, report)["class"] == "ValidationException"
        assert attempts(visit, report) == [1]


def test_the_signatures_of_the_request_and_of_every_event_hold(sdk: Sequence[str], scheme: str) -> None:
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True) as mock:
        for report in stream(sdk, mock, scheme, *DUPLEX):
            check_duplex_visit(mock, report, "binaryAudioEvent", channels=1)


def test_a_wrong_secret_is_refused_with_http_403(sdk: Sequence[str], scheme: str) -> None:
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True, access_key=("test:another",)) as mock:
        for report in stream(sdk, mock, scheme):
            assert check_wrong_secret(mock, report)["class"] == "ConnectHealthException"  # not modeled
