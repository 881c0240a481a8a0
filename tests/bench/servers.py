"""The servers under measurement: each a process of its own on a free loopback port, and what the kernel tells of it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from tests.bench.body import SEGMENT

ROOT = pathlib.Path(__file__).parents[2]
START_SECONDS = 20.0  # a cold import on a busy machine; a server that takes longer does not start at all

SCENARIO = f"""
scenario: a transcript event for each 100 ms of audio
steps:
  - send: {json.dumps({"transcriptEvent": SEGMENT})}
    after: 100ms
    repeat: forever
"""


class Server:
    """A running server: its name, URL and process."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.url = url
        self.process = process

    def cpu_seconds(self) -> float | None:
        """User and system time used so far, or None where /proc is missing."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int | None:
        """What it holds in memory now, or None where /proc is missing."""
        try:
            pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def mockscribe(*flags: str) -> Iterator[Server]:
    """`mockscribe serve` with the scenario that answers each 100 ms."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "scenario.yaml").write_text(SCENARIO)
        endpoints = folder / "endpoints.json"
        command = [
            sys.executable, "-m", "mockscribe", "serve", "--port", "0",
            "--endpoints-file", str(endpoints), "--scenario", str(folder / "scenario.yaml"), "--log-level", "warning",
            "--second-stream", "independent", *flags,
        ]  # fmt: skip
        with running(command) as process:
            wait_until(endpoints.exists, process, "mockscribe")
            yield Server("mockscribe", json.loads(endpoints.read_text())["http"], process)


@contextlib.contextmanager
def hypercorn() -> Iterator[Server]:
    """The peer: `peers/hypercorn_app.py` on hypercorn, in one process (`--workers 0`)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "hypercorn", "tests.bench.peers.hypercorn_app:app",
        "--bind", f"127.0.0.1:{port}", "--workers", "0", "--log-level", "warning",
    ]  # fmt: skip

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with running(command) as process:
        wait_until(listens, process, "hypercorn")
        yield Server("hypercorn", f"http://127.0.0.1:{port}", process)


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSCRIBE_")}
    environment["MOCKSCRIBE_CONTROL_PORT"] = "off"  # nothing but the data port takes part
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{name} did not start (status {process.poll()})")
        time.sleep(0.05)
