"""How long things take to be there: `serve`, a mock in process, and what they import.

    python -m tests.bench.startup [--rounds 7]

- serve: from the start of the process to `Ready.` on its output; of the peers, to the first connection that they take.
  Each with its own import of everything; bytecode is cached before, as an installer leaves it.
- in process: `Mockscribe().start()`, in a fresh interpreter whose imports are done, and again in the same one.
- imports: in a fresh interpreter, its own start left out.

The rounds take turns; a figure is the median.

Exit status: 0; 1 when mockscribe did not start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import servers
from tests.bench.tables import aim, median, number, table

SERVE_AIM = 0.4  # seconds
IN_PROCESS_AIM = 0.05

IMPORTS = {
    "mockscribe's public name": "from mockscribe import Mockscribe",
    "the pytest plugin": "import mockscribe.pytest_plugin",
    "the command line": "import mockscribe.cli",
    "boto3": "import boto3",
    "hypercorn and the app": "import hypercorn, tests.bench.peers.asgi_app",
    "uvicorn and the app": "import uvicorn, tests.bench.peers.asgi_app",
}

TIMED = "import time; begin = time.perf_counter(); {}; print(time.perf_counter() - begin)"

IN_PROCESS = """
import time
from mockscribe import Mockscribe
import mockscribe.inprocess
for _ in range(2):
    begin = time.perf_counter()
    mock = Mockscribe().start()
    print(time.perf_counter() - begin)
    mock.close()
"""


@contextmanager
def cached_bytecode() -> Iterator[None]:
    """A folder of its own for bytecode: whether the checkout can be written to does not matter."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as folder:
        before = {name: os.environ.pop(name, None) for name in ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")}
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            yield
        finally:
            del os.environ["PYTHONPYCACHEPREFIX"]
            os.environ.update({name: value for name, value in before.items() if value is not None})


def works(program: str) -> bool:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, cwd=servers.ROOT)
    return done.returncode == 0


def printed(program: str) -> list[float]:
    """The numbers that a program prints in a fresh interpreter."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=servers.ROOT)
    return [float(line) for line in done.stdout.split()]


def serve_seconds(name: str) -> float:
    """From the start of the process to `Ready.`, or to the first connection of a peer. Raises: DeadServerError."""
    if name != servers.OURS:
        with servers.start(name, pause=0.001) as server:
            return server.ready_seconds
    command = [sys.executable, "-m", "mockscribe", "serve", "--port", "0", "--control-port", "0"]
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as folder:
        begin = time.perf_counter()
        with servers.running([*command, "--endpoints-file", f"{folder}/endpoints.json"], subprocess.PIPE) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip() == b"Ready.":
                    return time.perf_counter() - begin
            raise servers.DeadServerError(f"mockscribe ended before it was ready (status {process.wait()})")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="fresh processes for each figure (default 7)")
    options = parser.parse_args(arguments)
    names = servers.present((servers.OURS, *servers.PEERS))
    imports = {name: statement for name, statement in IMPORTS.items() if works(statement)}
    serving: dict[str, list[float]] = {name: [] for name in names}
    importing: dict[str, list[float]] = {name: [] for name in imports}
    first, again, bare = [], [], []
    with cached_bytecode():
        for number_ in range(1 + options.rounds):  # the first round writes the bytecode
            for name in names:
                serving[name].append(serve_seconds(name))
            for name, statement in imports.items():
                importing[name] += printed(TIMED.format(statement))
            one, two = printed(IN_PROCESS)
            first.append(one)
            again.append(two)
            begin = time.perf_counter()
            printed("")
            bare.append(time.perf_counter() - begin)
            if number_ == 0:
                for each in (*serving.values(), *importing.values(), first, again, bare):
                    each.clear()

    def row(name: str, seconds: list[float]) -> tuple[str, str, str, str]:
        milliseconds = [one * 1000 for one in seconds]
        return name, number(median(milliseconds)), number(min(milliseconds)), number(max(milliseconds))

    columns = ("", "ms", "lowest", "highest")
    told = "serve: from the start of the process until it is ready"
    table(told, columns, [row(name, each) for name, each in serving.items()])
    ready = median(serving[servers.OURS])
    aim(f"under {SERVE_AIM:g} s", None if ready is None else ready < SERVE_AIM)
    table("in process: Mockscribe().start()", columns, [row("first, imports done", first), row("again", again)])
    started = median(first)
    aim(f"under {IN_PROCESS_AIM * 1000:g} ms", None if started is None else started < IN_PROCESS_AIM)
    rows = [row("a bare interpreter", bare), *(row(name, each) for name, each in importing.items())]
    table("imports", columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
