"""Whole sessions per second of one process over HTTP/2, in clear text and over TLS, of mockscribe and its peers.

    python -m tests.bench.throughput [--rounds 5] [--requests 600] [--levels 1x1 8x1 32x4] [--servers NAME…]
                                     [--only tls]

h2load (Debian: nghttp2-client) posts one body again and again: a configuration, 100 signed `binaryAudioEvent`s of 3,200
bytes, END_OF_SESSION, the empty frame: 10 s of audio in 342 kB. Each response must carry 100 transcript events; a first
request of each server is decoded frame by frame (botocore's decoder), and every round is refused unless each request
succeeded and brought as many bytes as that one. The servers take turns, so that what else the machine does hits both.

A level is connections x streams on each. `sessions/s` is h2load's figure, the median of the rounds; on a shared machine
the CPU time of the server for one session is steadier. A ratio is mockscribe to that server (above 1: mockscribe is
faster). Two rows are limits, not peers: `echo (Go)` looks only for the end of each event and answers with bytes made
beforehand, `nghttpd` reads the request away and sends a file. `others' cores` is what everything else on the machine
used meanwhile. Figures of different machines cannot be compared, ratios can. Nothing is asserted but that the answers
are right.

Exit status: 0; 1 when a server answered wrongly; 2 when h2load is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from botocore.eventstream import EventStreamBuffer

from tests.bench import servers
from tests.bench.body import EVENTS, HEADERS, PATH, body
from tests.bench.tables import aim, median_of, number, table

ROUND_SECONDS = 120.0  # a round takes a few seconds; a server that hangs must not hang the benchmark

LEVELS = ("1x1", "8x1", "32x4")
AIMS = {"hypercorn": 4.0, servers.BOTOCORE: 4.0, "node": 1.2}
"""How many times the sessions of a peer mockscribe shall serve."""


class WrongAnswerError(Exception):
    """A server did not answer as it must."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round of h2load against one server."""

    per_second: float
    cpu_milliseconds: float | None  # of the server, for one session
    others: float | None = None  # cores that neither h2load nor the server used


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
        told = f"did not answer with {EVENTS} transcript events but with {len(kinds)}: {kinds[-3:]}"
        raise WrongAnswerError(f"{server.name} {told}")
    return len(answer)


def load(server: servers.Server, request: pathlib.Path, size: int, level: str, count: int) -> Round:
    """`count` sessions against one server; every one of them must have brought `size` bytes."""
    connections, streams = level.split("x")
    command = [
        "h2load", "-n", str(count), "-c", connections, "-m", streams, "-d", str(request),
        *header_flags(), server.url + PATH,
    ]  # fmt: skip
    before, machine, begin = server.cpu_seconds(), servers.machine_cpu_seconds(), time.monotonic()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ROUND_SECONDS).stdout
    after, all_after = server.cpu_seconds(), servers.machine_cpu_seconds()
    seconds, used = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    own = used.ru_utime + used.ru_stime - children.ru_utime - children.ru_stime
    succeeded = int(found(r"(\d+) succeeded", told))
    answered = int(found(r"status codes: (\d+) 2xx", told))
    received = int(found(r"\((\d+)\) data", told))
    if (succeeded, answered, received) != (count, count, count * size):
        raise WrongAnswerError(
            f"{server.name}: of {count} sessions {succeeded} succeeded, {answered} with 2xx, "
            f"with {received} bytes where {count * size} were due"
        )
    spent = None if before is None or after is None else (after - before) / count * 1000
    others = None
    if before is not None and after is not None and machine is not None and all_after is not None:
        others = (all_after - machine - (after - before) - own) / seconds
    return Round(per_second=float(found(r"([\d.]+) req/s", told)), cpu_milliseconds=spent, others=others)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise WrongAnswerError(f"h2load's answer has no {pattern!r}:\n{text}")
    return match.group(1)


def measure(names: list[str], levels: list[str], tls: bool, rounds: int, requests: int) -> bool:
    """All servers at all levels, in turns; prints a table a level. Whether every answer was right."""
    results: dict[tuple[str, str], list[Round]] = {}
    wrong: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        request = pathlib.Path(stack.enter_context(tempfile.NamedTemporaryFile(prefix="mockscribe-bench-")).name)
        request.write_bytes(body())
        running, sizes = [], {}
        for name in names:
            try:
                server = stack.enter_context(servers.start(name, tls))
                sizes[name] = probe(server, request)
                for level in levels:
                    load(server, request, sizes[name], level, 8 * int(level.split("x")[0]))  # warm
                running.append(server)
            except (servers.DeadServerError, WrongAnswerError, subprocess.SubprocessError) as error:
                wrong[name] = str(error)
        for number_ in range(rounds):
            for level in levels:
                for server in running if number_ % 2 == 0 else reversed(running):
                    if server.name in wrong:
                        continue
                    try:
                        one = load(server, request, sizes[server.name], level, requests)
                    except (WrongAnswerError, subprocess.SubprocessError) as error:
                        wrong[server.name] = f"at {level}: {error}"
                        continue
                    results.setdefault((level, server.name), []).append(one)
                    told = f"round {number_ + 1}, {level}{', TLS' if tls else ''}: {server.name}"
                    print(f"{told} {one.per_second:.0f} sessions/s", file=sys.stderr)
    for level in levels:
        report(level, tls, {name: results[level, name] for name in names if (level, name) in results})
    for name, why in wrong.items():
        print(f"  WRONG: {name}: {why}", flush=True)
    return not wrong


def report(level: str, tls: bool, rounds: dict[str, list[Round]]) -> None:
    def speed(name: str) -> float | None:
        return median_of(rounds.get(name, []), lambda one: one.per_second)

    def cpu(name: str) -> float | None:
        return median_of(rounds.get(name, []), lambda one: one.cpu_milliseconds)

    def ratio(ours: float | None, theirs: float | None) -> float | None:
        return ours / theirs if ours and theirs else None

    columns = ("", "sessions/s", "lowest", "highest", "ratio", "CPU ms a session", "CPU ratio", "others' cores")
    rows = []
    for name, each in rounds.items():
        speeds = [one.per_second for one in each]
        faster, cheaper = ratio(speed(servers.OURS), speed(name)), ratio(cpu(name), cpu(servers.OURS))
        rows.append((
            name, number(speed(name)), number(min(speeds)), number(max(speeds)), number(faster, 2),
            number(cpu(name), 2), number(cheaper, 2), number(median_of(each, lambda one: one.others), 2),
        ))  # fmt: skip
    told = f"throughput {'over TLS' if tls else 'in clear text'}, {level} ({EVENTS} events in and out a session)"
    table(told, columns, rows)
    for peer, times in AIMS.items():
        if peer in rounds:
            reached = ratio(speed(servers.OURS), speed(peer))
            aim(f"{times:g} times {peer}", None if reached is None else reached >= times)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each server (default 5)")
    parser.add_argument("--requests", type=int, default=600, help="sessions a round (default 600)")
    parser.add_argument("--levels", nargs="+", default=LEVELS, help="connections x streams (default 1x1 8x1 32x4)")
    parser.add_argument("--servers", nargs="+", default=servers.ALL, choices=servers.ALL, help="default: all")
    parser.add_argument("--only", choices=("clear", "tls"), help="one of the two transports")
    options = parser.parse_args(arguments)
    if shutil.which("h2load") is None or shutil.which("nghttp") is None:
        print("h2load and nghttp are needed (Debian: apt-get install nghttp2-client)", file=sys.stderr)
        return 2
    names = servers.present(tuple(options.servers))
    transports = [False, True] if options.only is None else [options.only == "tls"]
    right = [measure(names, list(options.levels), tls, options.rounds, options.requests) for tls in transports]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
