"""`mockscribe serve` as a process, for tests: its lines as they come, its endpoints, and its end.

Nothing here waits for time to pass: every wait is for a line or for the end, and fails if it does not come.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

PATIENCE = 30
"""Seconds after which what has not come never will; no test should ever wait so long."""


class Lines:
    """The lines of a pipe, read by a thread of their own so that the writer never waits."""

    def __init__(self, pipe: IO[str]) -> None:
        self.all: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            with self._changed:
                self.all.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text: str, *, after: int = 0) -> str:
        """The first line with `text` in it, after so many lines."""

        def found() -> str | None:
            return next((line for line in self.all[after:] if text in line), None)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None or self._ended, PATIENCE)
            line = found()
            assert line is not None, f"no line says {text!r}: {self.all}"
            return line

    def rest(self) -> list[str]:
        """All lines, once the writer is gone."""
        self._thread.join(PATIENCE)
        return self.all


class Served:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.folder = folder
        self.endpoints_file = folder / "endpoints.json"
        self.stdout, self.stderr = Lines(process.stdout), Lines(process.stderr)

    @property
    def endpoints(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.endpoints_file.read_text(encoding="utf-8"))
        return read

    @property
    def port(self) -> int:
        return int(self.endpoints["http"].rpartition(":")[2])

    @property
    def ca_file(self) -> str:
        return str(self.endpoints["ca"])

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code."""
        code = self.process.wait(PATIENCE)
        self.stdout.rest()
        self.stderr.rest()
        return code


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """A user's whose files are all in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOCKSCRIBE_"))}
    return kept | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)} | variables


def command(folder: Path, *arguments: str | Path) -> list[str]:
    return [
        *(sys.executable, "-W", "error", "-m", "mockscribe", "serve", "--port", "0", "--control-port", "off"),
        *("--endpoints-file", str(folder / "endpoints.json"), *map(str, arguments)),
    ]


@contextlib.contextmanager
def serving(folder: Path, *arguments: str | Path, **variables: str) -> Iterator[Served]:
    """A server that is ready; what is still running in the end is killed."""
    with subprocess.Popen(
        command(folder, *arguments), env=environment(folder, **variables), cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        served = Served(process, folder)
        try:
            served.stdout.wait_for("Ready.")
            yield served
        finally:
            process.kill()
            served.wait()


def refused(folder: Path, *arguments: str | Path, **variables: str) -> str:
    """The one line on stderr with which a server that cannot start ends."""
    done = subprocess.run(
        command(folder, *arguments), env=environment(folder, **variables), cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done
    assert not (folder / "endpoints.json").exists()
    (line,) = done.stderr.splitlines()
    return line
