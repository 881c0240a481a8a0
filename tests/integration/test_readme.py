"""What the README says holds: its first command where nothing of ours is, its scenario, its test, its commands."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import yaml

from mockscribe import Mockscribe
from mockscribe.cli import COMMANDS
from mockscribe.cli.demo import SCENARIO
from mockscribe.config import Config
from mockscribe.service.seeding import DomainSeed, parse
from tests.clients import Http2Client, request_headers, trusting
from tests.requirements import require
from tests.wire import (
    DOMAIN_ID,
    EMPTY_FRAME,
    END_OF_SESSION,
    SUBSCRIPTION_ID,
    TWO_CHANNELS,
    Answer,
    audio,
    configuration,
    envelope,
    silence,
)

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(after: str, language: str) -> str:
    """The first block of a language after a line of the README."""
    _, found, rest = README.partition(f"\n{after}\n")
    assert found, f"the README has no line {after!r}"
    match = re.search(rf"^```{language}\n(.*?)^```$", rest, re.DOTALL | re.MULTILINE)
    assert match is not None
    return match[1]


# ---- the first command


def clean_copy(folder: pathlib.Path) -> pathlib.Path:
    """The tracked files, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no clone of the repository")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def check_pypi(folder: pathlib.Path) -> None:
    """The test needs what pip gets from PyPI, or from wherever it is told to."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--retries", "1", "-d", str(folder), "h11"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    require("pypi", tried.returncode == 0, f"pip cannot get anything: {tried.stderr.strip()[-200:]}")


def test_the_first_command_shows_the_demo_and_names_serve(tmp_path: pathlib.Path) -> None:
    check_pypi(tmp_path / "pip")
    clone = clean_copy(tmp_path / "clone")
    home = tmp_path / "home"
    home.mkdir()
    python = pathlib.Path(sys.base_prefix) / "bin"
    environ = os.environ.items()
    kept = {name: value for name, value in environ if name.startswith("PIP_") or name.lower().endswith("_proxy")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block("<!-- install command -->", "console")],
        cwd=clone,
        env={**kept, "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    finals = [line.split("]", 1)[1].split(None, 1)[1] for line in done.stdout.splitlines() if line.startswith("[")]
    assert finals == [step["say"] for step in yaml.safe_load(SCENARIO.read_text(encoding="utf-8"))["steps"]]
    assert re.search(r"^.*: +\.venv/bin/mockscribe serve$", done.stdout, re.MULTILINE), done.stdout
    assert block("as it grows, and ends with the line that starts a server of your own:", "console") in (
        ".venv/bin/mockscribe serve\n"
    )


# ---- the scenario, and the test with it


@pytest.fixture
def visit_yaml(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The README's scenario, saved as it tells."""
    monkeypatch.chdir(tmp_path)
    start = "A scenario is a YAML file. Save this as `visit.yaml` and start `mockscribe serve --scenario visit.yaml`:"
    path = tmp_path / "visit.yaml"
    path.write_text(block(start, "yaml"), encoding="utf-8")
    return path


def test_the_scenario_passes_check(visit_yaml: pathlib.Path) -> None:
    command = [sys.executable, "-m", "mockscribe", "check", "visit.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 scenario in 1 file: fine\n")


def test_the_test_passes_with_a_client_that_streams_two_seconds(visit_yaml: pathlib.Path) -> None:
    answers: list[Answer] = []

    def your_client(url: str, *, ca: pathlib.Path) -> None:
        with Http2Client(int(url.rpartition(":")[2]), trusting(ca, "h2")) as client:
            stream = client.open(request_headers())
            answers.append(client.answers[stream])
            chunks = [audio(silence(0.05, channels=2))] * 40
            messages = (configuration(TWO_CHANNELS), *chunks, END_OF_SESSION)
            client.send(stream, *map(envelope, messages), EMPTY_FRAME, end=True)
            client.until(lambda: client.answers[stream].ended)

    program = textwrap.dedent(block("## In a test", "python"))
    names: dict[str, Any] = {"your_client": your_client}
    exec(compile(program, "README.md", "exec"), names)
    (answer,) = answers
    assert answer.finals == ["How have you been since the surgery?"]  # two seconds are too few for the second line
    assert answer.exception == ("internalFailureException", "the backend is on fire")


# ---- resources from the start

INIT = "subscription may be its id alone. Save this as `init.yaml` and start `mockscribe serve --init init.yaml`:"


def test_what_the_init_file_names_is_there(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "init.yaml"
    path.write_text(block(INIT, "yaml"), encoding="utf-8")
    with Mockscribe(init=str(path), strict_resources=True) as mock, Http2Client(mock.port) as client:

        def status(subscription_id: str) -> int:
            stream = client.open(request_headers(subscription_id=subscription_id))
            client.until(lambda: client.answers[stream].status != 0)
            return client.answers[stream].status

        assert status(SUBSCRIPTION_ID) == 200
        assert status("sub-abcdefghijk0123456789") == 404  # it is there, and inactive
    (domain,) = yaml.safe_load(path.read_text(encoding="utf-8"))["domains"]
    assert set(domain) == set(DomainSeed.__struct_fields__)


def test_the_example_in_the_help_of_init_is_one() -> None:
    example = re.search(r"\{domains: .*\}", Config.__dataclass_fields__["init"].metadata["about"])
    assert example is not None
    seeds = parse("--help", yaml.safe_load(example[0]))
    assert [(seed.id, seed.subscriptions) for seed in seeds.domains] == [(DOMAIN_ID, (SUBSCRIPTION_ID,))]


# ---- the commands


def test_every_command_of_the_table_is_one_and_every_one_is_there() -> None:
    table = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    listed = [name for cell in cells for name in re.findall(r"`mockscribe ([a-z0-9]+)", cell)]
    assert sorted(listed) == sorted(COMMANDS)


def test_what_it_tells_to_type_is_understood() -> None:
    """Each `mockscribe …` that the README shows: the command and its flags are there."""
    shown = re.findall(r"(?:^|[`/ ])mockscribe ([a-z]+)((?: --[a-z-]+)*)", README, re.MULTILINE)
    flags: dict[str, set[str]] = {}
    for command, options in shown:
        if command in COMMANDS:
            flags.setdefault(command, set()).update(options.split())
    assert {"demo", "serve", "stream", "check", "schema", "ca"} <= set(flags)
    for command, wanted in flags.items():
        help_ = subprocess.run(
            [sys.executable, "-m", "mockscribe", command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert {flag for flag in wanted if flag not in help_} == set(), command


def test_the_jobs_of_contributors_are_there() -> None:
    """Each `python -m tests.…` of the README has the help that tells how to use it, or checks and writes files."""
    modules = set(re.findall(r"\.venv/bin/python -m (tests\.[a-z.]+)", README))
    assert modules >= {"tests.bench", "tests.bench.soak", "tests.fuzz", "tests.fidelity"}
    for module in sorted(modules):
        source = importlib.util.find_spec(f"{module}.__main__" if module in ("tests.bench", "tests.fuzz") else module)
        assert source is not None, module
        if "argparse" in pathlib.Path(str(source.origin)).read_text(encoding="utf-8"):
            done = subprocess.run(
                [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stdout[:6]) == (0, "usage:"), done.stderr
