"""All benchmarks, in one run on one machine.

    python -m tests.bench [--rounds 3] [--quick] [--parts codec startup …]

Runs, one after the other: codec, startup, in process, throughput, live sessions, linearity; each is a module that can
be run alone and tells in its docstring what its figures mean. Within a part the servers take turns. What a machine
lacks is named and left out. It needs the extras `test` and `bench`, and beside them nghttp2's client and server, Go and
Node (Debian: nghttp2-client, nghttp2-server, golang, nodejs, npm). A whole run takes about an hour, `--quick` a
tenth of that: fewer rounds, shorter ones, fewer sessions. Nothing else should run on the machine meanwhile.

What is measured is the checkout, compiled or not, as the first line says. The Python peers use its codec, so that this
is compiled for them, too.

Only gates decide the exit status: linear cost and the ratios of `inprocess`; and that every answer was right. Aims are
printed with whether they were reached.

Exit status: 0; 1 when a gate was missed or a server answered wrongly; 2 when a part could not run.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable

from mockscribe.cli import is_compiled
from tests.bench import codec, inprocess, linearity, live, startup, throughput

Main = Callable[[list[str]], int]

PARTS: dict[str, tuple[Main, list[str]]] = {
    "codec": (codec.main, []),
    "startup": (startup.main, []),
    "inprocess": (inprocess.main, []),
    "throughput": (throughput.main, ["--requests", "150", "--levels", "8x1"]),
    "live": (live.main, ["--sessions", "10", "300", "--seconds", "2", "--idle", "1"]),
    "linearity": (linearity.main, ["--sessions", "100", "300"]),
}
"""Each part, and the options that make it quick."""

ROUNDLESS = {"linearity"}


def machine() -> str:
    load = "/".join(f"{one:.2f}" for one in os.getloadavg())
    told = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{told}, mockscribe compiled: {'yes' if is_compiled() else 'no'}, load {load}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="rounds of each part (default 3; 1 when quick)")
    parser.add_argument("--quick", action="store_true", help="a first impression in some minutes")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS), help="default: all")
    options = parser.parse_args(arguments)
    rounds = options.rounds or (1 if options.quick else 3)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # two for each session, in servers that inherit it
    print(machine())
    statuses = []
    for part in options.parts:
        run, quick = PARTS[part]
        print(f"\n==== {part} ====", flush=True)
        begin = time.monotonic()
        statuses.append(run(
            [*([] if part in ROUNDLESS else ["--rounds", str(rounds)]), *(quick if options.quick else [])]
        ))  # fmt: skip
        print(f"\n{part}: exit status {statuses[-1]}, {time.monotonic() - begin:.0f} s", flush=True)
    print(f"\n{machine()}")
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
