"""The official Python SDK, unmodified, against mockscribe over TLS: what it returned and what mockscribe recorded.

The SDK reports success for a stream in which nothing was said, so everything is asserted by counts, on both sides. Each
case runs thirty sessions, every one on a new connection, so that a race shows: a stream that stalled before SETTINGS
came hung this SDK in a third of runs.
"""

from __future__ import annotations

import pathlib
import subprocess
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from mockscribe import Mockscribe
from tests.integration.sdks.checks import (
    DUPLEX,
    LINES,
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
    check_resumed,
    check_segments,
    contents,
    exception,
    finals,
    raised_by_the_service,
    recorded,
    segments,
)
from tests.integration.sdks.programs import UnavailableError, plain_environment
from tests.integration.sdks.python import environment
from tests.requirements import require

RUNS = 30
ROOT = pathlib.Path(__file__).parents[2]
RECORDINGS = ROOT / "fixtures" / "recordings"


@pytest.fixture(scope="module")
def sdk() -> pathlib.Path:
    try:
        return environment.python_sdk()
    except UnavailableError as error:
        require("python-sdk", False, str(error))
        raise


@pytest.fixture
def visit() -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        yield mock


def stream(sdk: pathlib.Path, mock: Mockscribe, *options: str | int | float | pathlib.Path) -> list[dict[str, Any]]:
    reports = environment.stream(sdk, mock.https_url, "--ca-file", mock.ca_file, *options)
    assert not any(report["timed_out"] for report in reports), reports
    return reports


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("event", ["audioEvent", "binaryAudioEvent"])
def test_a_scripted_transcript_arrives_while_the_client_is_still_sending(
    sdk: pathlib.Path, visit: Mockscribe, event: str, channels: int
) -> None:
    reports = stream(sdk, visit, *DUPLEX, "--event", event, "--channels", channels, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_duplex_visit(visit, report, event, channels)


def test_the_response_carries_the_settings_and_request_ids(sdk: pathlib.Path, visit: Mockscribe) -> None:
    (report,) = stream(sdk, visit, "--seconds", 0.2)
    output, headers = report["output"], report["headers"]
    assert report["sdk"] == {"name": "aws-sdk-connecthealth", "version": "0.12.0", "generated": True}
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-request-id"] == headers["x-amzn-requestid"]
    assert output.pop("response_metadata") == {"request_id": headers["x-amzn-requestid"]}
    assert output == {
        "session_id": report["session_id"],
        "domain_id": "hai-" + "0" * 16,
        "subscription_id": "sub-" + "0" * 21,
        "request_id": headers["x-amzn-request-id"],
        "language_code": "en-US",
        "media_sample_rate_hertz": 16000,
        "media_encoding": "pcm",
    }


def test_input_closed_without_end_of_session_pauses_the_session(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--no-end-of-session", "--seconds", SECONDS, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        check_pause(visit, report)


def test_a_paused_session_goes_on_where_it_was(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--pauses", 1, "--seconds", 2.0, "--runs", RUNS)
    assert len(reports) == 2 * RUNS
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        check_resumed(visit, first, second)


def test_streams_at_once_are_told_apart(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--parallel", "--share-client", "--seconds", SECONDS, "--runs", 8)
    assert len({report["session_id"] for report in reports}) == len(reports) == 8
    for report in reports:
        check_both_sides(visit, report)
        assert contents(finals(report)) == LINES


def test_a_tone_is_echoed(sdk: pathlib.Path) -> None:
    with Mockscribe(clock="real") as mock:
        reports = stream(sdk, mock, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            check_echo(mock, report)


def test_the_clients_own_words_are_echoed(sdk: pathlib.Path) -> None:
    lines = ["Patient reports less pain.", "Sleeps well."]
    with Mockscribe(clock="real", echo="context") as mock:
        reports = stream(sdk, mock, "--encounter-context", "\n".join(lines), "--seconds", 6, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            check_both_sides(mock, report)
            check_segments(segments(report))
            assert contents(finals(report)) == lines


def test_a_bad_configuration_is_raised_while_reading(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--output-uri", "no-bucket", "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert check_bad_configuration(visit, report)["class"] == "ValidationException"


@pytest.mark.parametrize(
    ("member", "modeled"),
    [("validationException", "ValidationException"), ("internalFailureException", "InternalServerException")],
)
def test_a_scripted_exception_is_raised_after_the_events_before_it(
    sdk: pathlib.Path, member: str, modeled: str
) -> None:
    with Mockscribe(scenarios=[exception(member)], clock="real") as mock:
        reports = stream(sdk, mock, "--seconds", SECONDS, "--runs", RUNS)
        assert len(reports) == RUNS
        for report in reports:
            assert check_exception(mock, report)["class"] == modeled


def test_a_reset_is_taken_for_the_end(sdk: pathlib.Path) -> None:
    """RST_STREAM(INTERNAL_ERROR) raises nothing: an application that wants to know has to look for its last line.

    Nobody tells the sender either, and each run waits two seconds for it: a few are enough.
    """
    with Mockscribe(scenarios=[RESET], clock="real") as mock:
        reports = stream(
            sdk, mock, "--seconds", SECONDS, "--runs", 5
        )  # each waits two seconds for a sender that nobody tells
        assert len(reports) == 5
        for report in reports:
            assert report["status"] == 200
            assert contents(segments(report)) == ["One."]
            assert raised_by_the_service(report) == []
            (fired,) = recorded(mock, "fault_fired", report["session_id"])
            assert fired["fault"] == "reset"
            assert mock.sessions[report["session_id"]].status == "PAUSED"


def test_a_bad_header_is_raised_as_http_400(sdk: pathlib.Path, visit: Mockscribe) -> None:
    reports = stream(sdk, visit, "--rate", 4000, "--runs", RUNS)
    assert len(reports) == RUNS
    for report in reports:
        assert report["headers"]["x-amzn-errortype"] == "ValidationException"
        assert report["output"] is None
        error = check_bad_header(visit, report)
        assert (error["where"], error["class"]) == ("responding", "ValidationException")


def flac_recordings() -> list[pathlib.Path]:
    return sorted(RECORDINGS.glob("*.flac"))


@pytest.mark.parametrize("recording", flac_recordings(), ids=lambda path: path.stem)
def test_flac_is_heard_for_as_long_as_it_is(sdk: pathlib.Path, recording: pathlib.Path) -> None:
    with wave.open(str(recording.with_suffix(".wav"))) as twin:
        channels, rate, seconds = twin.getnchannels(), twin.getframerate(), twin.getnframes() / twin.getframerate()
    with Mockscribe(scenarios=[VISIT], clock="real") as mock:
        reports = stream(
            sdk, mock, "--audio", recording, "--encoding", "flac", "--rate", rate, "--channels", channels,
            "--chunk-bytes", 2048, "--runs", RUNS,
        )  # fmt: skip
        assert len(reports) == RUNS
        for report in reports:
            check_both_sides(mock, report)
            assert mock.sessions[report["session_id"]].audio.seconds == pytest.approx(seconds, abs=1e-6)


def test_another_key_has_an_account_of_its_own(sdk: pathlib.Path, visit: Mockscribe) -> None:
    (report,) = stream(sdk, visit, "--access-key", "111122223333", "--seconds", SECONDS)
    assert contents(finals(report)) == LINES  # the base layer is every account's
    assert report["session_id"] not in {session.id for session in visit.sessions}


def run_as_in_the_readme(
    sdk: pathlib.Path, mock: Mockscribe, program: pathlib.Path, folder: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    source = program.read_text(encoding="utf-8")
    source = source.replace("http://localhost:8080", mock.http_url).replace("https://localhost:8080", mock.https_url)
    assert source.count("8080") == 0
    return subprocess.run(
        [str(sdk), "-c", source], capture_output=True, text=True, check=False, timeout=60, cwd=folder,
        env=plain_environment(),
    )  # fmt: skip


def test_the_readme_snippet_runs_as_it_stands(sdk: pathlib.Path, visit: Mockscribe, tmp_path: pathlib.Path) -> None:
    done = run_as_in_the_readme(sdk, visit, environment.SNIPPET, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line.split("✓")[1].strip() for line in done.stdout.splitlines() if "✓" in line] == LINES
    assert sum("…" in line for line in done.stdout.splitlines()) >= 2


def test_the_readme_application_goes_from_a_domain_to_the_finished_note(
    sdk: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with Mockscribe(scenarios=[VISIT], clock="real", output_dir=str(tmp_path / "out")) as mock:
        done = run_as_in_the_readme(sdk, mock, environment.APPLICATION, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["DATA", f"  {LINES[1]}", "ASSESSMENT", f"  {LINES[0]}", "PLAN", f"  {LINES[0]}"]
