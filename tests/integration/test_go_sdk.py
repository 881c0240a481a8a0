"""The AWS SDK for Go against mockscribe: what it returned and what mockscribe recorded.

The official SDK runtime (HTTP/2, signatures, event streams, JSON and errors are AWS's own) under a thin layer in place
of the generated client, which no module proxy had. Over TLS and in clear text it speaks HTTP/2 and refuses anything
less. Every case runs ten sessions, each on a connection of its own.
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
    check_both_sides,
    check_duplex_visit,
    check_echo,
    check_exception,
    check_pause,
    check_reset,
    check_resumed,
    exception,
    raised_by_the_service,
    recorded,
)
from tests.integration.sdks.go import environment
from tests.integration.sdks.programs import UnavailableError, run_client
from tests.requirements import require

RUNS = 10


@pytest.fixture(scope="module")
def sdk() -> pathlib.Path:
    try:
        return environment.go_sdk()
    except UnavailableError as error:
        require("go-sdk", False, str(error))
        raise


@pytest.fixture(params=["https", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        yield mock


def stream(sdk: pathlib.Path, mock: Mockscribe, scheme: str, *options: str | int | float) -> list[dict[str, Any]]:
    if scheme == "https":
        reports = run_client([sdk], mock.https_url, "--ca-file", mock.ca_file, *options)
    else:
        reports = run_client([sdk], mock.http_url, *options)
    assert not any(report["timed_out"] for report in reports), reports
    return reports


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_a_scripted_transcript_arrives_while_the_client_is_still_sending(
    sdk: pathlib.Path, visit: Mockscribe, scheme: str, event: str, channels: int
) -> None:
    reports = stream(sdk, visit, scheme, *DUPLEX, "--event", event, "--channels", channels, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_duplex_visit(visit, report, event, channels)
        (request,) = recorded(visit, "request", report["session_id"])
        assert request["version"] == "2"


def test_the_response_carries_the_settings_and_request_ids(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    (report,) = stream(sdk, visit, scheme, "--seconds", 0.2)
    assert report["sdk"] == {"name": "github.com/aws/aws-sdk-go-v2", "version": "1.48.0", "generated": False}
    assert report["headers"]["content-type"] == "application/vnd.amazon.eventstream"
    assert report["output"] == {
        "session_id": report["session_id"],
        "domain_id": "hai-" + "0" * 16,
        "subscription_id": "sub-" + "0" * 21,
        "request_id": report["headers"]["x-amzn-request-id"],
        "language_code": "en-US",
        "media_sample_rate_hertz": 16000,
        "media_encoding": "pcm",
    }


def test_input_closed_without_end_of_session_pauses_the_session(
    sdk: pathlib.Path, visit: Mockscribe, scheme: str
) -> None:
    reports = stream(sdk, visit, scheme, "--no-end-of-session", "--seconds", SECONDS, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_pause(visit, report)


def test_a_paused_session_goes_on_where_it_was(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    reports = stream(sdk, visit, scheme, "--pauses", 1, "--seconds", 2.0, "--runs", RUNS)
    assert len(reports) == 2 * RUNS
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        check_resumed(visit, first, second)


def test_a_tone_is_echoed(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(clock="real") as mock:
        reports = stream(sdk, mock, scheme, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            check_echo(mock, report)


def test_a_bad_configuration_is_raised_while_reading(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    reports = stream(sdk, visit, scheme, "--output-uri", "no-bucket", "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert check_bad_configuration(visit, report)["class"] == "ValidationException"


@pytest.mark.parametrize(
    ("member", "modeled"),
    [("validationException", "ValidationException"), ("internalFailureException", "InternalServerException")],
)
def test_a_scripted_exception_is_raised_after_the_events_before_it(
    sdk: pathlib.Path, scheme: str, member: str, modeled: str
) -> None:
    with Mockscribe(scenarios=[exception(member)], clock="real") as mock:
        reports = stream(sdk, mock, scheme, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            assert check_exception(mock, report)["class"] == modeled
            assert len(recorded(mock, "request", report["session_id"])) == 1  # it is not tried again


def test_a_bad_header_is_raised_as_http_400(sdk: pathlib.Path, visit: Mockscribe, scheme: str) -> None:
    reports = stream(sdk, visit, scheme, "--rate", 4000, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert check_bad_header(visit, report)["class"] == "ValidationException"


def test_a_reset_is_an_error_after_the_events_before_it(sdk: pathlib.Path, scheme: str) -> None:
    with Mockscribe(scenarios=[RESET], clock="real") as mock:
        reports = stream(sdk, mock, scheme, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            error = check_reset(mock, report)
            assert "INTERNAL_ERROR" in error["message"]
            assert mock.sessions[report["session_id"]].status == "PAUSED"


def test_the_ca_is_trusted_by_an_environment_variable(sdk: pathlib.Path, visit: Mockscribe) -> None:
    options = (visit.https_url, "--seconds", SECONDS)
    (report,) = run_client([sdk], *options, environment={"SSL_CERT_FILE": str(visit.ca_file)})
    check_both_sides(visit, report)
    (refused,) = run_client([sdk], *options)
    (error,) = raised_by_the_service(refused)
    assert error["where"] == "responding"
    assert "certificate signed by unknown authority" in error["message"]
    assert recorded(visit, "request", refused["session_id"]) == []
