"""What a test pays for its mock: a server that is ready, a view of its own, a visit of half an hour.

    python -m tests.bench.inprocess [--rounds 7]

Four figures; the first is a ratio and gates, the others are times with an aim each:

- ready: from the first import to listening, in a fresh interpreter, beside `moto.server.ThreadedMotoServer` (the AWS
  mock that most Python tests know). Bytecode is cached for both, as an installer leaves it. The servers take turns;
  what counts is the ratio of the medians.
- a view: what one test function costs beside its own work, by `new_account`, `verdict` and `retire`.
- a visit of 30 minutes in time steps, a line each 9 s, under `clock="autojump"`: the official Python SDK from
  connecting to its last event, its imports left out. It cannot be faster than the quiet that an autojump clock waits
  for before each leap.
- 30 minutes of 16 kHz mono audio, unpaced, in binary chunks of 32,000 bytes, by the same SDK.

Exit status: 0; 1 when the ratio is missed or a visit went wrong; 2 when the SDK cannot be had.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mockscribe import Mockscribe
from tests.bench.tables import aim
from tests.integration.sdks.programs import UnavailableError, plain_environment
from tests.integration.sdks.python import environment

VISIT = pathlib.Path(__file__).with_name("sdk_visit.py")

READY_RATIO = 0.5
VIEW_SECONDS = 0.001
STEPS_SECONDS = 2.0
AUDIO_SECONDS = 5.0

VIEWS = 200

LINES = 200  # one each 9 s: 30 minutes
SCENARIO = f"""
scenario: half an hour in steps of time
steps:
  - {{say: And how did that feel?, after: {{time: 9s}}, repeat: {LINES}}}
"""

MINUTES = 30
CHUNK_BYTES = 32_000
SILENCE = """
scenario: half an hour of audio
steps:
  - {say: And how did that feel?, after: 8s, takes: 1s, repeat: forever}
"""

OURS = """
import time
begin = time.perf_counter()
from mockscribe import Mockscribe
mock = Mockscribe().start()
print(time.perf_counter() - begin)
mock.close()
"""
MOTO = """
import time
begin = time.perf_counter()
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(time.perf_counter() - begin)
server.stop()
"""


def ready(rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the first import to listening, of mockscribe and of moto."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as bytecode:
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)

        def once(program: str) -> float:
            command = [sys.executable, "-c", program]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
            return float(done.stdout.split()[-1])

        for program in (OURS, MOTO):
            once(program)  # writes the bytecode
        pairs = [(once(OURS), once(MOTO)) for _ in range(rounds)]
    return [ours for ours, _ in pairs], [moto for _, moto in pairs]


def view() -> float:
    """Median seconds that one function's view costs."""
    spent = []
    with Mockscribe() as mock:
        for number in range(VIEWS):
            begin = time.perf_counter()
            account = mock.new_account(f"test number {number}")
            assert account.verdict().ok
            account.retire("done")
            spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def visit(python: pathlib.Path, scenario: str, *options: str | pathlib.Path) -> tuple[float, int]:
    """Seconds that the SDK took, and how many events it got; the mock must agree that all went well."""
    with Mockscribe(scenarios=[scenario], clock="autojump") as mock:
        command = [python, VISIT, environment.CLIENT, mock.https_url, "--ca-file", mock.ca_file, *options]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, timeout=180,
            env=plain_environment(),
        )  # fmt: skip
        if done.returncode != 0:
            sys.exit(f"the visit failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        report, timed = map(json.loads, done.stdout.splitlines()[-2:])
        if report["errors"] or report["timed_out"]:
            sys.exit(f"the visit failed: {report['errors']}, timed out: {report['timed_out']}")
        mock.verify(every_scenario=True)
        assert mock.sessions.one().audio.bytes == report["sent"]["audio_bytes"]
        return float(timed["seconds"]), len(report["events"])


@contextmanager
def silence() -> Iterator[pathlib.Path]:
    """Half an hour of it, as a file of raw samples."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as folder:
        file = pathlib.Path(folder) / "silence.raw"
        file.write_bytes(bytes(MINUTES * 60 * 32_000))
        yield file


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=7, help="fresh interpreters for each server, and visits (default 7)"
    )
    options = parser.parse_args(arguments)
    ours, moto = (statistics.median(each) for each in ready(options.rounds))
    print(f"{'ready, imports included':32}{ours * 1000:.0f} ms; moto {moto * 1000:.0f} ms; ratio {ours / moto:.2f}")
    missed = ours / moto > READY_RATIO
    print(f"  gate: at most {READY_RATIO:g} of moto's: {'MISSED' if missed else 'kept'}", flush=True)
    cost = view()
    print(f"{'a view for one function':32}{cost * 1000:.2f} ms")
    aim(f"at most {VIEW_SECONDS * 1000:g} ms", cost <= VIEW_SECONDS)
    try:
        python = environment.python_sdk()
    except UnavailableError as error:
        print(f"the official Python SDK cannot be had: {error}", file=sys.stderr)
        return 2
    some = max(1, options.rounds // 2)

    def tell(name: str, limit: float, runs: list[tuple[float, int]]) -> None:
        seconds = statistics.median(each for each, _ in runs)
        print(f"{name:32}{seconds:.2f} s for {runs[0][1]} events")
        aim(f"at most {limit:g} s", seconds <= limit)

    steps = [visit(python, SCENARIO, "--seconds", "0.1", "--timeout", "60") for _ in range(some)]
    tell("30 minutes in time steps", STEPS_SECONDS, steps)
    with silence() as file:
        audio = ("--audio", file, "--chunk-bytes", str(CHUNK_BYTES), "--timeout", "60")
        tell("30 minutes of unpaced audio", AUDIO_SECONDS, [visit(python, SILENCE, *audio) for _ in range(some)])
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
