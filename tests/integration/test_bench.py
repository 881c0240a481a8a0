"""The benchmark's own parts, at the smallest size: that what it counts is there, and that it refuses what is wrong."""

import pathlib
import shutil

import pytest

from mockscribe import Mockscribe
from tests.bench import body, codec, inprocess, live, servers, soak, tables, throughput
from tests.integration.sdks.programs import UnavailableError
from tests.integration.sdks.python import environment
from tests.requirements import require


@pytest.fixture
def load_generator() -> None:
    why = servers.missing(servers.ECHO)
    require("go-sdk", why is None, why or "")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("name", [servers.OURS, servers.ECHO])
@pytest.mark.usefixtures("load_generator")
def test_every_event_of_every_live_session_is_answered(name: str, tls: bool) -> None:
    load = live.Load(sessions=6, seconds=0.3, warm=0.1, streams=2)
    with servers.start(name, tls) as server:
        one = live.run(server, load)  # refuses a wrong count
    assert one.unanswered == 0
    assert 0 < one.p50 <= one.p99 <= one.max


@pytest.mark.usefixtures("load_generator")
def test_the_generator_refuses_what_is_no_transcript() -> None:
    wrong = "scenario: it fails\nsteps:\n  - raise: {internalFailureException: the backend is on fire}\n"
    with Mockscribe(scenarios=[wrong]) as mock:
        server = servers.Server("mock", mock.http_url, None)  # type: ignore[arg-type]
        with (
            live.generator(server, live.Load(sessions=1, seconds=0.1)) as client,
            pytest.raises(live.BrokenError, match="no transcript event"),
        ):
            client.step("opened", 30)


def test_h2load_and_nghttp_find_all_events(tmp_path: pathlib.Path) -> None:
    require("h2load", bool(shutil.which("h2load") and shutil.which("nghttp")), "h2load or nghttp was not found")
    request = tmp_path / "request"
    request.write_bytes(body.body())
    with servers.mockscribe() as server:
        size = throughput.probe(server, request)
        one = throughput.load(server, request, size, "2x1", 4)
        with pytest.raises(throughput.WrongAnswerError, match="of 2 sessions"):
            throughput.load(server, request, size + 1, "1x1", 2)
    assert one.per_second > 0


def test_a_timed_visit_by_the_python_sdk_counts_its_events() -> None:
    try:
        python = environment.python_sdk()
    except UnavailableError as error:
        require("python-sdk", False, str(error))
        raise
    lines = "scenario: three lines\nsteps:\n  - {say: And how did that feel?, after: {time: 9s}, repeat: 3}\n"
    seconds, events = inprocess.visit(python, lines, "--seconds", "0.1", "--timeout", "60")
    assert events == 3
    assert seconds > 0


@pytest.mark.skipif(not pathlib.Path("/proc/self/fd").is_dir(), reason="the soak reads Linux's /proc")
def test_a_soak_of_a_few_sessions_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.soak(sessions=20, seconds=3, ramp=0.2, waves=1, generators=2)
    assert "18 of 18 transcripts complete and exact; 2 had a fault" in capsys.readouterr().out


@pytest.mark.parametrize("decoding", [codec.ours, codec.botocores])
def test_the_decoders_count_alike(decoding: codec.Decoding) -> None:
    assert codec.seconds(decoding, body.audio(50), 50) >= 0
    with pytest.raises(ArithmeticError, match="miscounted"):
        codec.seconds(decoding, body.audio(50), 51)


def test_figures_that_were_not_measured_are_no_zeros() -> None:
    assert tables.median([None, 3.0, 1.0]) == 2.0
    assert tables.median([None]) is None
    assert tables.number(None) == "-"
