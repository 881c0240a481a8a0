"""Scenarios on disk: files and folders, read again when they change. The only reader of scenario files."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mockscribe.errors import ScriptError
from mockscribe.scenario.model import Scenario
from mockscribe.scenario.script import parse

log = logging.getLogger("mockscribe")

SUFFIXES = (".yaml", ".yml", ".json")
EMPTY = "there is no scenario file in this folder: *.yaml, *.yml or *.json, not hidden, at any depth"


def is_text(scenario: str | os.PathLike[str]) -> bool:
    """Whether a value is a scenario's text, no path: it has a line break, or begins as JSON or a scenario does."""
    if not isinstance(scenario, str):
        return False
    return "\n" in scenario or scenario.lstrip().startswith(("{", "[", "scenario:"))


def find_files(path: str | os.PathLike[str]) -> list[Path]:
    """A file as it is; a folder's scenario files, in the order of their names.

    Raises:
        ScriptError: there is no such file or folder, it cannot be looked at, or there is none in it.
    """
    files = files_in(path)
    if not files:
        raise ScriptError(EMPTY, source=os.fspath(path), line=1, column=1)
    return files


def files_in(path: str | os.PathLike[str]) -> list[Path]:
    """`find_files` of a folder that may be empty."""
    root = Path(path)
    if not os.fspath(path):
        raise ScriptError("there is no scenario here: neither a text nor a path", source="<text>", line=1, column=1)
    try:
        if root.is_dir():
            return sorted(each for each in root.rglob("*") if _is_scenario(each, root) and each.is_file())
        if root.exists():
            return [root]
    except OSError as error:
        raise ScriptError(f"cannot be read: {error.strerror}", source=os.fspath(path), line=1, column=1) from None
    raise ScriptError("there is no such file or folder", source=os.fspath(path), line=1, column=1)


def _is_scenario(file: Path, root: Path) -> bool:
    """By its name; what is hidden is somebody else's."""
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.suffix.lower() in SUFFIXES and not hidden


def read_scenarios(path: str | os.PathLike[str]) -> tuple[Scenario, ...]:
    """The scenarios of a file or folder.

    Raises:
        ScriptError: they cannot be read or used.
    """
    return _read(find_files(path))


def _read(files: Iterable[Path]) -> tuple[Scenario, ...]:
    return tuple(scenario for file in files for scenario in parse(read_text(file), str(file)))


def read_text(file: Path) -> str:
    """The text of a scenario file.

    Raises:
        ScriptError: it cannot be read.
    """
    try:
        data = file.read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise ScriptError(f"cannot be read: {error.strerror}", source=str(file), line=1, column=1) from None
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ScriptError("is not UTF-8", source=str(file), line=line, column=column) from None


class ScenarioFiles:
    """The scenarios of some files and folders, and whether they have changed since they were read."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(paths)
        self._seen: Sequence[object] = ()

    def load(self) -> tuple[Scenario, ...]:
        """Read everything. A folder may be filled later: that one is empty is a warning.

        Raises:
            ScriptError: something cannot be used.
        """
        self._seen = self._stamp()
        scenarios: list[Scenario] = []
        for path in self._paths:
            files = files_in(path)
            if not files:
                log.warning("%s: %s; it is read again when one comes", path, EMPTY)
            scenarios += _read(files)
        return tuple(scenarios)

    def refresh(self) -> tuple[Scenario, ...] | None:
        """Everything anew if something changed, else None. An error is raised once for each change.

        Raises:
            ScriptError: what changed cannot be used.
        """
        return self.load() if self._stamp() != self._seen else None

    def _stamp(self) -> Sequence[object]:
        """What a change of any file changes."""
        stamps: list[object] = []
        for path in self._paths:
            try:
                for file in files_in(path):
                    stat = file.stat()
                    stamps.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
            except (OSError, ScriptError):
                stamps.append((path, "missing"))
        return stamps
