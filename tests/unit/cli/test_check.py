"""`mockscribe check`: what is fine, and every mistake by its place."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockscribe.cli.check import check

SCENARIOS = Path(__file__).parents[3] / "fixtures" / "scenarios"


def run(*paths: Path) -> Result:
    return CliRunner().invoke(check, [str(path) for path in paths], standalone_mode=False)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_examples_are_fine() -> None:
    done = run(SCENARIOS)
    count = len([path for path in SCENARIOS.rglob("*") if path.suffix in (".yaml", ".json")])
    assert (done.return_value, done.stderr) == (0, "")
    assert done.stdout.endswith(f" in {count} files: fine\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: a", "1 scenario in 1 file: fine"),
        ("scenario: a\n---\nscenario: b", "2 scenarios in 1 file: fine"),
    ],
)
def test_it_counts(tmp_path: Path, text: str, said: str) -> None:
    assert run(write(tmp_path / "a.yaml", text)).stdout == said + "\n"


def test_every_mistake_in_every_file_is_named_by_its_place(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", "scenario: a\nsteps:\n  - say: 3\n  - shout: x\n    at: 5\n")
    second = write(tmp_path / "b.json", '{"scenario": "b",\n "scenario": "c"}')
    good = write(tmp_path / "c.yaml", "scenario: fine")
    done = run(first, second, good, tmp_path / "none.yaml")
    assert (done.return_value, done.stdout) == (2, "")
    *lines, total = done.stderr.splitlines()
    places = [line.split(": ", 1)[0] for line in lines]
    assert places[0] == f"{first}:3:10"
    assert f"{first}:4:5" in places
    assert f"{second}:2:2" in places
    assert lines[-1] == f"{tmp_path / 'none.yaml'}:1:1: there is no such file or folder"
    assert total == f"{len(lines)} errors in 3 files"


def test_the_contents_of_artifacts_are_looked_at(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "scenario: a\nartifacts:\n  note:\n    content: Rest.\n")
    told = "artifacts.note.content: must be a mapping: what each section says, or the document itself"
    assert run(file).stderr == f"{file}:4:14: {told}\n1 error in 1 file\n"


def test_one_mistake_is_one_error(tmp_path: Path) -> None:
    done = run(write(tmp_path / "a.yaml", "scenario: [x]\n"))
    assert done.stderr.splitlines()[-1] == "1 error in 1 file"


def test_a_folder_without_scenarios_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "visit.txt", "scenario: a")
    done = run(tmp_path)
    told = (
        f"{tmp_path}:1:1: there is no scenario file in this folder: *.yaml, *.yml or *.json, not hidden, at any depth"
    )
    assert (done.return_value, done.stdout, done.stderr) == (2, "", f"{told}\n1 error in 0 files\n")
