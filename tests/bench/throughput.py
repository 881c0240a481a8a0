"""Sessions per second of one process over HTTP/2 in clear text, beside the same service on hypercorn.

    python -m tests.bench.throughput [--rounds 5] [--requests 600]

h2load (Debian: nghttp2-client) posts one body again and again: a configuration, 100 signed `binaryAudioEvent`s of 3,200
bytes, END_OF_SESSION, the empty frame: 10 s of audio in 342 kB. Each response must carry 100 transcript events; a first
request of each server is decoded frame by frame (botocore's decoder), and every round is refused unless each request
succeeded and brought as many bytes as that one. The servers take turns, so that what else the machine does hits both.

How to read it: `sessions/s` is h2load's figure, the median of the rounds; on a shared machine the CPU time of the
server for one session is steadier. The ratio is mockscribe to hypercorn (above 1: mockscribe is faster); the aim is 3.
Figures of different machines cannot be compared, ratios can. Nothing is asserted but that the answers are right.

Exit status: 0; 1 when a server answered wrongly; 2 when h2load is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.eventstream import EventStreamBuffer

from tests.bench import servers
from tests.bench.body import EVENTS, HEADERS, PATH, body

ROUND_SECONDS = 120.0  # a round takes a few seconds; a server that hangs must not hang the benchmark


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round of h2load against one server."""

    per_second: float
    cpu_milliseconds: float | None  # of the server, for one session


def header_flags() -> list[str]:
    return [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]


def probe(server: servers.Server, request: pathlib.Path) -> int:
    """Send one request, check every frame of its answer, and return how many bytes that is."""
    command = ["nghttp", "--no-dep", "--timeout=20", "-d", str(request), *header_flags(), server.url + PATH]
    answer = subprocess.run(command, capture_output=True, check=True, timeout=ROUND_SECONDS).stdout
    decoder = EventStreamBuffer()
    decoder.add_data(answer)
    kinds = [message.headers.get(":event-type", message.headers) for message in decoder]
    if kinds != ["transcriptEvent"] * EVENTS:
        sys.exit(f"{server.name} did not answer with {EVENTS} transcript events but with {len(kinds)}: {kinds[-3:]}")
    return len(answer)


def load(server: servers.Server, request: pathlib.Path, size: int, options: argparse.Namespace, count: int) -> Round:
    """`count` sessions against one server; every one of them must have brought `size` bytes."""
    command = [
        "h2load", "-n", str(count), "-c", str(options.connections), "-m", str(options.streams), "-d", str(request),
        *header_flags(), server.url + PATH,
    ]  # fmt: skip
    before = server.cpu_seconds()
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ROUND_SECONDS).stdout
    after = server.cpu_seconds()
    succeeded = int(found(r"(\d+) succeeded", told))
    answered = int(found(r"status codes: (\d+) 2xx", told))
    received = int(found(r"\((\d+)\) data", told))
    if (succeeded, answered, received) != (count, count, count * size):
        sys.exit(
            f"{server.name}: of {count} sessions {succeeded} succeeded, {answered} with 2xx, "
            f"with {received} bytes where {count * size} were due\n{told}"
        )
    spent = None if before is None or after is None else (after - before) / count * 1000
    return Round(per_second=float(found(r"([\d.]+) req/s", told)), cpu_milliseconds=spent)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"h2load's answer has no {pattern!r}:\n{text}")
    return match.group(1)


def report(rounds: dict[str, list[Round]]) -> None:
    ours, peer = rounds["mockscribe"], rounds["hypercorn"]
    print(f"{'':12}{'sessions/s':>12}{'lowest':>10}{'highest':>10}{'CPU ms a session':>20}")
    for name, each in rounds.items():
        speeds = [one.per_second for one in each]
        spent = [one.cpu_milliseconds for one in each if one.cpu_milliseconds is not None]
        cpu = f"{statistics.median(spent):.2f}" if spent else "unknown"
        print(f"{name:12}{statistics.median(speeds):12.0f}{min(speeds):10.0f}{max(speeds):10.0f}{cpu:>20}")
    print(f"ratio of medians, sessions/s: {median_speed(ours) / median_speed(peer):.2f} (aim: 3)")
    if all(one.cpu_milliseconds for one in ours + peer):
        print(f"ratio of medians, CPU time:   {median_cpu(peer) / median_cpu(ours):.2f}")


def median_speed(rounds: Sequence[Round]) -> float:
    return statistics.median(one.per_second for one in rounds)


def median_cpu(rounds: Sequence[Round]) -> float:
    return statistics.median(one.cpu_milliseconds or 0.0 for one in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each server (default 5)")
    parser.add_argument("--requests", type=int, default=600, help="sessions a round (default 600)")
    parser.add_argument("--connections", type=int, default=8, help="h2load's connections (default 8)")
    parser.add_argument("--streams", type=int, default=1, help="concurrent streams a connection (default 1)")
    options = parser.parse_args()
    if shutil.which("h2load") is None or shutil.which("nghttp") is None:
        print("h2load and nghttp are needed (Debian: apt-get install nghttp2-client)", file=sys.stderr)
        sys.exit(2)

    with contextlib.ExitStack() as stack:
        request = pathlib.Path(stack.enter_context(tempfile.NamedTemporaryFile(prefix="mockscribe-bench-")).name)
        request.write_bytes(body())
        running = [stack.enter_context(servers.mockscribe()), stack.enter_context(servers.hypercorn())]
        sizes = {server.name: probe(server, request) for server in running}
        for server in running:
            load(server, request, sizes[server.name], options, 8 * options.connections)  # warm
        rounds: dict[str, list[Round]] = {server.name: [] for server in running}
        for number in range(options.rounds):
            for server in running if number % 2 == 0 else reversed(running):
                one = load(server, request, sizes[server.name], options, options.requests)
                rounds[server.name].append(one)
                print(f"round {number + 1}: {server.name} {one.per_second:.0f} sessions/s", file=sys.stderr)
        print(
            f"{EVENTS} audio events in and {EVENTS} transcript events out a session; {options.requests} sessions a "
            f"round, {options.connections} connections, {options.streams} stream(s) each, {options.rounds} rounds"
        )
        report(rounds)


if __name__ == "__main__":
    main()
