"""The workflows: that the recipe's steps work against a mock, and that ours run what the README tells."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockscribe import __version__
from mockscribe.config import Config, load, variable
from tests.requirements import require
from tests.serving import PATIENCE, Served, environment, serving

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
RECIPE = yaml.safe_load((ROOT / "fixtures" / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["test"]
SERVICE = RECIPE["services"]["mockscribe"]
DEMO = ROOT / "mockscribe" / "demo_data"
LAST = "Everything that was expected has happened"


class Runner:
    """A runner's way with `run` steps: bash -eo pipefail, the job's variables, and a file for those of later steps."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder, self.served = folder, served
        self.variables = folder / "GITHUB_ENV"
        self.variables.write_text("")
        (folder / "bin").mkdir()
        command = folder / "bin" / "mockscribe"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mockscribe "$@"\n')
        command.chmod(0o755)

    def run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        told = dict(line.split("=", 1) for line in self.variables.read_text().splitlines())
        job = {name: self._here(value) for name, value in RECIPE["env"].items()}
        given = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "RUNNER_TEMP": str(self.folder),
            "GITHUB_ENV": str(self.variables),
            variable("control_port"): self.served.endpoints["control"].rpartition(":")[2],  # 8081 there
        }  # fmt: skip
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self._here(step["run"])],
            env=environment(self.folder / "home") | given | job | told, cwd=self.folder / "repository",
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def _here(self, text: str) -> str:
        return text.replace("localhost:8080", f"localhost:{self.served.port}")


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """After the checkout, with the service started before it."""
    require("curl", shutil.which("curl") is not None, "no curl on the PATH")
    for folder in ("scenarios", "recordings"):
        (tmp_path / "repository" / folder).mkdir(parents=True)
    shutil.copy(DEMO / "visit.yaml", tmp_path / "repository" / "scenarios")
    shutil.copy(DEMO / "visit.flac", tmp_path / "repository" / "recordings")
    (tmp_path / "home").mkdir()
    with serving(tmp_path, "--control-port", "0", **SERVICE["env"]) as served:
        yield Runner(tmp_path, served)


def steps(*left_out: str) -> list[dict[str, Any]]:
    """Those with commands; `pipx install mockscribe` is what the runner here has already done."""
    found = [step for step in RECIPE["steps"] if "run" in step and not step["run"].startswith("pipx ")]
    assert {step["name"] for step in found} >= {LAST, *left_out}
    return [step for step in found if step["name"] not in left_out]


def test_the_recipes_steps_pass_in_their_order(runner: Runner) -> None:
    for step in steps():
        done = runner.run(step)
        assert done.returncode == 0, f"{step['name']}: {done.stdout}{done.stderr}"


def test_its_verdict_fails_when_the_tests_did_not_do_their_part(runner: Runner) -> None:
    *before, last = steps("Run the tests")
    assert [runner.run(step).returncode for step in before] == [0] * len(before)
    done = runner.run(last)
    assert done.returncode == 1
    assert "was not met" in done.stdout


def test_the_recipes_service_takes_no_arguments_and_its_settings_are_ours() -> None:
    assert set(SERVICE) <= {"image", "ports", "env", "options", "volumes"}  # what GitHub gives a service
    assert load({}, SERVICE["env"]).strict_scenarios is True
    assert SERVICE["ports"] == [f"{port}:{port}" for port in (Config.port, Config.control_port)]
    assert next(step for step in RECIPE["steps"] if step.get("name") == LAST)["if"] == "always()"


# ---- our own


def commands(workflow: str) -> list[str]:
    jobs = yaml.safe_load((WORKFLOWS / f"{workflow}.yml").read_text(encoding="utf-8"))["jobs"]
    return [step["run"].strip() for job in jobs.values() for step in job["steps"] if "run" in step]


def test_the_check_runs_what_the_readme_tells() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- test command -->\n```console\n(.*?)\n```", readme, re.DOTALL)
    assert found is not None
    told = [found[1], *re.findall(r"^\| [^|]+ \| `([^`]+)` \|$", readme, re.MULTILINE)]
    ours = commands("check")
    assert told[0] in ours
    assert {".venv/bin/ruff check && .venv/bin/ruff format --check", ".venv/bin/mypy"} <= {*ours} & {*told}


def test_the_release_refuses_a_tag_of_another_version(tmp_path: Path) -> None:
    (check,) = (command for command in commands("release") if "GITHUB_REF_NAME" in command)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / f"mockscribe-{__version__}-py3-none-any.whl").touch()
    for tag, code in ((f"v{__version__}", 0), ("v99.0", 1)):
        told = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag, "GITHUB_OUTPUT": str(tmp_path / "output")}
        assert subprocess.run(["bash", "-eo", "pipefail", "-c", check], env=told, cwd=tmp_path).returncode == code
    assert (tmp_path / "output").read_text() == f"version={__version__}\n"
