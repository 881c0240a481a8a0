"""The endpoints file: its place, its writing in one piece, and what is read from it."""

import os
import tempfile
from pathlib import Path

import pytest

from mockscribe.endpoints import endpoints_file, read_endpoints, remove_endpoints, write_endpoints
from mockscribe.errors import ConfigError

ENDPOINTS = {"http": "http://localhost:1", "https": "https://localhost:1", "control": None, "ca": "/ca.pem", "pid": 7}


def test_it_is_in_the_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert endpoints_file(None) == tmp_path / "mockscribe.json"
    assert endpoints_file("here.json") == Path("here.json")


@pytest.mark.parametrize("runtime", ["", "/there/is/no/such/folder"])
def test_without_one_it_is_in_the_temporary_folder_by_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert endpoints_file(None) == tmp_path / f"mockscribe-{os.getuid()}.json"


def test_where_nothing_can_be_written_it_still_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert endpoints_file(None) == Path(f"/tmp/mockscribe-{os.getuid()}.json")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_endpoints(tmp_path / "a.json", ENDPOINTS)
    assert read_endpoints(tmp_path / "a.json") == ENDPOINTS


def test_a_reader_never_finds_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_endpoints(path, ENDPOINTS)
    seen: list[dict[str, object]] = []
    replace = os.replace

    def look_and_replace(source: str, target: Path) -> None:
        seen.append(read_endpoints(target))  # everything is written, and the old one is still there
        assert read_endpoints(Path(source))["pid"] == 8
        replace(source, target)

    monkeypatch.setattr(os, "replace", look_and_replace)
    write_endpoints(path, {**ENDPOINTS, "pid": 8})
    assert seen == [ENDPOINTS]
    assert read_endpoints(path)["pid"] == 8
    assert os.listdir(tmp_path) == ["a.json"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_endpoints(tmp_path / "folder", ENDPOINTS)
    assert os.listdir(tmp_path) == ["folder"]
    with pytest.raises(FileNotFoundError):
        write_endpoints(tmp_path / "none" / "a.json", ENDPOINTS)


def test_a_server_removes_its_own_file_only(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    remove_endpoints(path, 7)
    write_endpoints(path, ENDPOINTS)
    remove_endpoints(path, 8)
    assert path.exists()
    remove_endpoints(path, 7)
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"https": "x"}', "\x00"])
def test_another_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"^{path}: is no endpoints file"):
        read_endpoints(path)


def test_a_missing_file_is_told_with_its_cause(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no `mockscribe serve` runs"):
        read_endpoints(tmp_path / "a.json")
