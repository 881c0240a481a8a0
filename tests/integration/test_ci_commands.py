"""`mockscribe load`, `verify` and `reset` against a mock that runs: what a CI script in any language sees."""

import json
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest

from mockscribe import Mockscribe
from mockscribe.cli import main
from mockscribe.endpoints import write_endpoints
from tests.visits import LiveVisit, visit
from tests.wire import SESSION_ID, event

VISIT = "scenario: visit\nsteps:\n  - {say: Hi., at: 200ms, takes: 100ms}\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mock() -> Iterator[Mockscribe]:
    with Mockscribe() as mock:
        yield mock


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path, mock: Mockscribe
) -> Run:
    """Runs a command as the shell would, where the endpoints file tells of `mock`: exit code, stdout, stderr."""
    endpoints = tmp_path / "endpoints.json"
    write_endpoints(endpoints, {"http": mock.http_url, "control": mock.control_url})
    monkeypatch.setenv("MOCKSCRIBE_ENDPOINTS_FILE", str(endpoints))
    monkeypatch.delenv("MOCKSCRIBE_CONTROL_URL", raising=False)

    def run(*arguments: str | pathlib.Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mockscribe", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def script(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "visit.yaml"
    file.write_text(VISIT)
    return file


def test_a_visit_as_it_should_be(run: Run, mock: Mockscribe, script: pathlib.Path) -> None:
    assert run("load", script) == (0, f"visit ({script}:1)\n", "")
    visit(mock)
    assert run("verify") == (0, "everything that was expected has happened\n", "")
    assert run("reset") == (0, "account 000000000000 is back to its start\n", "")
    assert len(mock.sessions) == 0
    assert run("verify")[0] == 0  # nothing is loaded any more


def test_what_was_not_met_is_printed_with_the_timelines(run: Run, mock: Mockscribe, script: pathlib.Path) -> None:
    run("load", script)
    visit(mock, 0.1, session_id=SESSION_ID)
    code, out, err = run("verify")
    assert (code, err) == (1, "")
    assert "1 expectation was not met" in out
    assert "'visit': say \"Hi.\" (line 3) was missed" in out
    assert f"stream 1.1, attempt 1 of session {SESSION_ID}" in out
    assert "→ sessionControlEvent END_OF_SESSION" in out


def test_the_verdict_as_json(run: Run, script: pathlib.Path) -> None:
    run("load", script)
    code, out, _ = run("verify", "--json")
    assert code == 1
    assert json.loads(out)["unmet"][0]["rule"] == "scenario_unused"


def test_what_is_forgiven_is_said(run: Run, mock: Mockscribe) -> None:
    with LiveVisit(mock) as live:
        live.send(event("nonsense", b"{}"))
        live.read_end()
    assert run("verify")[0] == 1
    assert run("verify", "--allow-violation", "sequence")[0] == 1
    assert run("verify", "--allow-violation", "sequence", "--allow-violation", "event")[0] == 0
    assert run("verify", "--allow-violation", "all")[0] == 0


def test_a_rule_that_is_none_is_answered_with_the_nearest(run: Run) -> None:
    told = "mockscribe: --allow-violation: there is no rule 'chunk-size'; did you mean chunk_size?\n"
    assert run("verify", "--allow-violation", "event", "--allow-violation", "chunk-size") == (2, "", told)


def test_a_folder_is_loaded_and_several_paths(run: Run, tmp_path: pathlib.Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "more" / name).mkdir(parents=True)
        (tmp_path / "more" / name / "one.yaml").write_text(f"scenario: {name}\n")
    code, out, _ = run("load", tmp_path / "more" / "c", tmp_path / "more")
    assert code == 0
    assert [line.partition(" ")[0] for line in out.splitlines()] == ["c", "a", "b", "c"]


def test_a_wrong_scenario_is_named_by_its_place_and_exit_code_2(
    run: Run, mock: Mockscribe, script: pathlib.Path
) -> None:
    script.write_text("scenario: x\nsteps: [{sey: a}]\n")
    code, out, err = run("load", script)
    assert (code, out) == (2, "")
    assert f"{script}:2:10: steps[0]: the key `sey` is unknown" in err
    assert run("verify")[0] == 0


def test_of_several_paths_with_one_error_none_is_loaded(run: Run, tmp_path: pathlib.Path, script: pathlib.Path) -> None:
    (tmp_path / "wrong.yaml").write_text("scenari: x\n")
    assert run("load", script, tmp_path / "wrong.yaml")[0] == 2
    assert run("verify")[0] == 0


def test_a_folder_without_scenarios_is_an_error(run: Run, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = run("load", tmp_path / "empty")
    assert (code, out) == (2, "")
    assert err.startswith(f"mockscribe: {tmp_path / 'empty'}:1:1: there is no scenario file in this folder: *.yaml, ")


def test_a_wrong_option_is_exit_code_2(run: Run) -> None:
    code, _, err = run("verify", "--settle", "soon", "--allow-unmatched", "--every-scenario")
    assert (code, "settle: 'soon' is no duration" in err) == (2, True)


def test_an_account_of_ones_own(run: Run, mock: Mockscribe, script: pathlib.Path) -> None:
    assert run("load", script, "--account", "111122223333")[0] == 0
    assert run("verify")[0] == 0
    assert run("verify", "--account", "111122223333")[0] == 1
    assert run("reset", "--account", "111122223333")[1] == "account 111122223333 is back to its start\n"
    assert run("verify", "--account", "111122223333")[0] == 0
    code, _, err = run("reset", "--account", "12")
    assert (code, err) == (2, "mockscribe: --account: '12' is no account: 12 digits\n")


def test_the_mock_is_found_by_flag_and_by_variable(
    run: Run, mock: Mockscribe, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("MOCKSCRIBE_ENDPOINTS_FILE", str(tmp_path / "none"))
    code, _, err = run("verify")
    assert code == 2
    assert "no `mockscribe serve` runs" in err
    assert run("verify", "--control-url", mock.control_url)[0] == 0
    assert run("verify", "--control-url", f"{mock.control_url}/_mockscribe/")[0] == 0
    monkeypatch.setenv("MOCKSCRIBE_CONTROL_URL", mock.control_url)
    assert run("verify")[0] == 0


def test_without_an_endpoints_file_the_usual_port_is_asked(
    run: Run, mock: Mockscribe, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.delenv("MOCKSCRIBE_ENDPOINTS_FILE")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nothing here"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("MOCKSCRIBE_CONTROL_PORT", mock.control_url.rpartition(":")[2])
    assert run("verify")[0] == 0


def test_nobody_there_is_a_wrong_address(run: Run, mock: Mockscribe) -> None:
    url = mock.control_url
    mock.close()
    code, _, err = run("verify", "--control-url", url)
    assert code == 2
    assert f"--control-url: {url} does not answer" in err
    code, _, err = run("load", __file__)
    assert code == 2


def test_the_data_port_is_no_control_port(run: Run, mock: Mockscribe) -> None:
    code, _, err = run("verify", "--control-url", mock.http_url)
    assert code == 2
    assert "control API is at" in err


def test_a_server_without_a_control_port_is_told_of(run: Run, mock: Mockscribe, tmp_path: pathlib.Path) -> None:
    endpoints = tmp_path / "off.json"
    write_endpoints(endpoints, {"http": mock.http_url, "control": None})
    code, _, err = run("verify", "--endpoints-file", endpoints)
    assert (code, "runs without a control port" in err) == (2, True)
