"""Scenarios on disk: which files, in which order, what cannot be read, and when they have changed."""

import os
from pathlib import Path

import pytest

from mockscribe.errors import ScriptError
from mockscribe.scenario_files import ScenarioFiles, find_files, read_scenarios


def write(path: Path, name: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"scenario: {name}\n", encoding="utf-8")
    return path


def names(files: ScenarioFiles) -> list[str] | None:
    found = files.refresh()
    return None if found is None else [each.name for each in found]


def refused(path: Path | str) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        read_scenarios(path)
    return caught.value


def test_a_folder_gives_its_scenario_files_at_any_depth_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "deep/er/d.YAML"):
        write(tmp_path / name, name)
    for name in ("notes.md", "a.yaml.bak", ".b.yml.swp"):
        write(tmp_path / name, "not one")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "broken.yaml").symlink_to(tmp_path / "nowhere")
    assert [each.name for each in find_files(tmp_path)] == ["a.yaml", "b.yml", "c.json", "d.YAML"]
    assert [each.name for each in read_scenarios(tmp_path)] == ["a.yaml", "b.yml", "c.json", "deep/er/d.YAML"]
    assert read_scenarios(tmp_path)[0].source == str(tmp_path / "a.yaml")


def test_a_file_that_is_named_may_have_any_suffix(tmp_path: Path) -> None:
    assert [each.name for each in read_scenarios(write(tmp_path / "visit.txt", "a"))] == ["a"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfscenario: a\r\nsteps:\r\n  - say: Hello\r\n")
    assert read_scenarios(path)[0].steps[0].line == 3


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    error = refused(tmp_path / "none.yaml")
    assert str(error) == f"{tmp_path / 'none.yaml'}:1:1: there is no such file or folder"


def test_a_path_that_no_system_takes_says_so() -> None:
    error = refused("x" * 5000)
    assert error.message == "cannot be read: File name too long"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.yaml", "a")

    def deny(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", deny)  # root may read everything
    assert refused(path).message == "cannot be read: Permission denied"


def test_what_is_no_utf_8_is_told_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("scenario: a\nsteps:\n  - say: Größe ".encode() + b"\xff\n")
    error = refused(path)
    assert (error.message, error.line, error.column) == ("is not UTF-8", 3, 16)


def test_an_error_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "visits" / "a.yaml"
    path.parent.mkdir()
    path.write_text("scenario: a\nsteps: 3\n", encoding="utf-8")
    assert str(refused(tmp_path)) == f"{path}:2:8: steps: must be a list of steps"


# ---- changes


def test_files_are_loaded_in_the_order_given(tmp_path: Path) -> None:
    files = ScenarioFiles([str(write(tmp_path / "z.yaml", "z")), str(write(tmp_path / "d" / "a.yaml", "a").parent)])
    assert [each.name for each in files.load()] == ["z", "a"]
    assert files.refresh() is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = ScenarioFiles([str(path)])
    files.load()
    write(path, "another")
    assert names(files) == ["another"]
    assert names(files) is None


def test_a_change_of_the_time_alone_is_a_change(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = ScenarioFiles([str(path)])
    files.load()
    os.utime(path, ns=(1, 1))
    assert names(files) == ["a"]


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_a_change(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    os.utime(path, ns=(1, 1))
    files = ScenarioFiles([str(path)])
    files.load()
    other = write(tmp_path / "b.tmp", "b")
    os.utime(other, ns=(1, 1))
    other.replace(path)  # what an editor does that saves in one piece
    assert names(files) == ["b"]


def test_a_folder_without_scenarios_says_so(tmp_path: Path) -> None:
    write(tmp_path / ".hidden.yaml", "a")
    assert "there is no scenario file in this folder: *.yaml, *.yml or *.json" in refused(tmp_path).message


def test_a_folder_notices_what_comes_and_goes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = ScenarioFiles([str(tmp_path)])
    assert files.load() == ()
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == (
        "WARNING",
        f"{tmp_path}: there is no scenario file in this folder: *.yaml, *.yml or *.json, not hidden, at any depth; "
        "it is read again when one comes",
    )
    path = write(tmp_path / "deep" / "a.yaml", "a")
    assert names(files) == ["a"]
    path.unlink()
    assert names(files) == []


def test_a_mistake_is_told_once_for_each_change(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = ScenarioFiles([str(path)])
    files.load()
    path.write_text("scenario: [", encoding="utf-8")
    with pytest.raises(ScriptError):
        files.refresh()
    assert files.refresh() is None
    write(path, "mended")
    assert names(files) == ["mended"]


def test_a_file_that_is_gone_is_told_once_and_welcome_back(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = ScenarioFiles([str(path)])
    files.load()
    path.unlink()
    with pytest.raises(ScriptError, match="no such file"):
        files.refresh()
    assert files.refresh() is None
    write(path, "back")
    assert names(files) == ["back"]


def test_a_file_that_goes_while_it_is_looked_at_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = ScenarioFiles([str(tmp_path)])
    files.load()
    monkeypatch.setattr("mockscribe.scenario_files.files_in", lambda _: [tmp_path / "gone.yaml"])
    with pytest.raises(ScriptError, match=r"gone\.yaml:1:1: cannot be read: No such file or directory"):
        files.refresh()
    monkeypatch.undo()
    assert path.exists()
    assert names(files) == ["a"]
