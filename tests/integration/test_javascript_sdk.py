"""The AWS SDK for JavaScript against mockscribe: what it returned and what mockscribe recorded, over TLS and without.

Its runtime is AWS's own, under an operation layer of ours: the generated client could not be had (the top of
`sdks/javascript/connecthealth.mjs`). It closes its HTTP/2 session with GOAWAY as soon as the response begins and goes
on sending, so every case here is a test of that too. Each case runs ten sessions, every one on a new connection.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from mockscribe import Mockscribe
from tests.integration.sdks.checks import (
    DUPLEX,
    RESET,
    SECONDS,
    VISIT,
    check_bad_configuration,
    check_bad_header,
    check_duplex_visit,
    check_echo,
    check_exception,
    check_pause,
    check_reset,
    check_resumed,
    check_wrong_secret,
    exception,
    recorded,
)
from tests.integration.sdks.javascript import environment
from tests.integration.sdks.programs import UnavailableError
from tests.requirements import require

RUNS = 10


@pytest.fixture(scope="module")
def sdk() -> pathlib.Path:
    try:
        return environment.javascript_sdk()
    except UnavailableError as error:
        require("javascript-sdk", False, str(error))
        raise


@pytest.fixture(params=["https", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        yield mock


def stream(
    sdk: pathlib.Path, mock: Mockscribe, scheme: str, *options: str | int | float, streams: int = RUNS
) -> list[dict[str, Any]]:
    reports = environment.stream(sdk, mock, scheme, "--runs", RUNS, *options)
    assert not any(report["timed_out"] for report in reports), reports
    assert len(reports) == streams
    return reports


def check_one_request(mock: Mockscribe, report: dict[str, Any]) -> None:
    """The SDK does not retry a stream, whatever became of it."""
    assert len(recorded(mock, "request", report["session_id"])) == 1


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_a_scripted_transcript_arrives_while_the_client_is_still_sending(
    sdk: pathlib.Path, visit: Mockscribe, scheme: str, event: str, channels: int
) -> None:
    for report in stream(sdk, visit, scheme, *DUPLEX, "--event", event, "--channels", channels):
        check_duplex_visit(visit, report, event, channels)
        assert report["sdk"]["generated"] is False


def test_the_stream_is_http2_with_and_without_tls(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    for report in stream(sdk, visit, scheme, "--seconds", 0.2):
        (request,) = recorded(visit, "request", report["session_id"])
        assert request["version"] == "2"
        assert f"{scheme}://{request['authority']}" in (visit.https_url, visit.http_url)  # no host prefix
    assert {entry["tls"] for entry in visit.journal if entry["kind"] == "connection_opened"} == {scheme == "https"}


def test_input_closed_without_end_of_session_pauses_the_session(
    sdk: pathlib.Path, visit: Mockscribe, scheme: str
) -> None:
    for report in stream(sdk, visit, scheme, "--no-end-of-session", "--seconds", SECONDS):
        check_pause(visit, report)


def test_a_paused_session_goes_on_where_it_was(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    reports = stream(sdk, visit, scheme, "--pauses", 1, "--seconds", 2.0, streams=2 * RUNS)
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        check_resumed(visit, first, second)


def test_a_tone_is_echoed(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            check_echo(mock, report)


def test_a_bad_configuration_is_raised_by_the_call(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    # It awaits the first event before it hands the stream out, so an exception that comes first is thrown by `send`.
    for report in stream(sdk, visit, scheme, "--output-uri", "no-bucket"):
        assert check_bad_configuration(visit, report, where="responding")["class"] == "ValidationException"
        check_one_request(visit, report)


@pytest.mark.parametrize(
    ("member", "modeled"),
    [("validationException", "ValidationException"), ("internalFailureException", "InternalServerException")],
)
def test_a_scripted_exception_is_raised_after_the_events_before_it(
    sdk: pathlib.Path, scheme: str, member: str, modeled: str
) -> None:
    with Mockscribe(scenarios=[exception(member)], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            assert check_exception(mock, report)["class"] == modeled
            check_one_request(mock, report)


def test_a_reset_is_an_error_after_the_events_before_it(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(scenarios=[RESET], clock="real") as mock:
        for report in stream(sdk, mock, scheme, "--seconds", SECONDS):
            assert "NGHTTP2_INTERNAL_ERROR" in check_reset(mock, report)["message"]
            check_one_request(mock, report)


def test_a_bad_header_is_raised_as_http_400(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    for report in stream(sdk, visit, scheme, "--rate", 4000):
        assert check_bad_header(visit, report)["class"] == "ValidationException"
        assert report["headers"]["x-amzn-errortype"] == "ValidationException"
        check_one_request(visit, report)


def test_the_signatures_of_the_request_and_of_every_event_hold(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True) as mock:
        for report in stream(sdk, mock, scheme, *DUPLEX):
            check_duplex_visit(mock, report, "binaryAudioEvent", channels=1)


def test_a_wrong_secret_is_refused_with_http_403(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(scenarios=[VISIT], clock="real", verify_signatures=True, access_key=("test:another",)) as mock:
        for report in stream(sdk, mock, scheme):
            assert check_wrong_secret(mock, report)["class"] == "ConnectHealthServiceException"  # not modeled
