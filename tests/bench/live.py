"""Sessions that are live at the same time: how long each answer takes, and what a session costs, idle and busy.

    python -m tests.bench.live [--rounds 3] [--sessions 10 100 1000 2000] [--seconds 6] [--idle 3] [--streams 1]
                               [--servers NAME…] [--only clear]

The load generator (load/, in Go) opens the sessions, each on a connection of its own (`--streams`: several on one), and
lets them be idle; then every session sends an audio event of 3,200 bytes each 100 ms, as a microphone does, and every
answer is counted and checked, its type and both of its checksums; at last it ends them. Each run has a fresh server,
which has served 20 sessions before it is looked at.

- latency, in milliseconds: from an audio event's last byte written to its transcript event's first byte read. The
  stamp is taken before flow control and the write, so that what the client waits for there counts too. `late p99` is
  how late the generator itself was (about 1 ms: its timers), `its cores` how many it used. `echo (Go)`, which only
  finds the end of each event and answers with bytes made beforehand, is the limit: as long as it is far below the
  others, the generator was no bottleneck. `others'` are the cores that everything else on the machine used: latencies
  mean something only where that is about 0. A figure is the median of the rounds; `lowest` is the best round's p99.
- `unanswered`: answers that had not come when half the patience (30 s) was over after the last event. A server that
  leaves any, or breaks, is not asked for more sessions in that round.
- idle: resident memory a session above that of the server without sessions, and CPU time.
- busy: CPU time an event, with the client's TLS and the kernel's work for the server's side, and the memory that the
  whole run added; mockscribe's keeps a journal (by default up to 64 MiB) of what it heard.

Exit status: 0; 1 when mockscribe broke or answered wrongly; 2 when the load generator is missing.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench import servers, tools
from tests.bench.body import HEADERS, PATH, audio, configuration, ending
from tests.bench.tables import aim, median_of, number, table

INTERVAL = 0.1
WARM_SECONDS = 2.0
WARM_SESSIONS = 20
PATIENCE = 60  # seconds for each step of the generator beside its own time

SESSIONS = (10, 100, 1_000, 2_000)

P99_AIM = (2_000, 20.0)  # sessions, ms
IDLE_AIM = {False: 40.0, True: 64.0}  # KiB for one session on its own connection, in clear text and over TLS


class BrokenError(Exception):
    """A run did not come to its end."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run told. Figures that need /proc are None where that is missing."""

    p50: float  # milliseconds
    p99: float
    max: float
    late: float
    cores: float  # that the generator used
    others: float | None  # cores that neither the generator nor the server used
    unanswered: int
    opened: float  # seconds that all sessions took to open
    idle_kib: float | None  # for a session
    idle_cpu: float | None  # milliseconds for a session and second
    busy_cpu: float | None  # microseconds for an event
    grown: float | None  # MiB that the run added


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many sessions, and for how long."""

    sessions: int
    seconds: float
    idle: float = 0.0
    warm: float = WARM_SECONDS
    streams: int = 1

    @property
    def events(self) -> int:
        """What all sessions send while they are paced."""
        return round((self.warm + self.seconds) / INTERVAL) * self.sessions


class Generator:
    """The load generator as a process: one line of JSON for each step that it was told to go."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def step(self, name: str, seconds: float) -> dict[str, Any]:
        """What it tells at the end of a step. Raises: BrokenError."""
        assert self.process.stdout is not None
        watch = threading.Timer(seconds, self.process.kill)
        watch.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watch.cancel()
        told = json.loads(line or '{"error": "the generator took too long"}')
        if told.get("step") != name:
            raise BrokenError(str(told.get("error", told)))
        return dict(told)

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@contextmanager
def generator(server: servers.Server, load: Load) -> Iterator[Generator]:
    """The load generator at work on a server."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as made:
        folder = pathlib.Path(made)
        headers = [pair for pair in HEADERS.items() if not pair[0].endswith("-session-id")]
        (folder / "headers.json").write_text(json.dumps(headers))
        (folder / "opening").write_bytes(configuration())
        (folder / "event").write_bytes(audio(1))
        (folder / "closing").write_bytes(ending())
        command = [
            str(tools.load_program()), "sessions", "-url", server.url + PATH, "-files", made,
            "-sessions", str(load.sessions), "-streams", str(load.streams), "-interval", f"{INTERVAL}s",
            "-warm", f"{load.warm}s", "-measured", f"{load.seconds}s", "-patience", f"{PATIENCE}s",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield Generator(process)
        finally:
            process.kill()
            process.communicate()


def run(server: servers.Server, load: Load) -> Run:
    """One run against a server. Raises: BrokenError."""
    empty = server.resident_bytes()
    with generator(server, load) as client:
        opened = client.step("opened", 2 * PATIENCE)["seconds"]
        time.sleep(min(0.5, load.idle))  # what the last session left to do
        before, begin = server.cpu_seconds(), time.monotonic()
        time.sleep(load.idle)
        spent, held = since(before, server.cpu_seconds()), server.resident_bytes()
        idle_cpu = None if not load.idle else scaled(spent, 1000 / load.sessions / (time.monotonic() - begin))
        before, machine, begin = server.cpu_seconds(), servers.machine_cpu_seconds(), time.monotonic()
        client.go()
        told = client.step("paced", load.warm + load.seconds + 2 * PATIENCE)
        spent, full = since(before, server.cpu_seconds()), server.resident_bytes()
        all_spent = since(machine, servers.machine_cpu_seconds())
        cores = scaled(since(spent, all_spent), 1 / (time.monotonic() - begin))
        if not told["unanswered"]:
            client.go()
            answers = client.step("ended", 2 * PATIENCE)["answers"]
            if answers != load.events + load.sessions:  # one each opened the sessions
                raise BrokenError(f"{answers} answers to {load.events + load.sessions} events")
    return Run(
        p50=told["p50"], p99=told["p99"], max=told["max"], late=told["late_p99"], cores=told["cores"],
        others=since(told["cores"], cores),
        unanswered=told["unanswered"], opened=opened, idle_kib=scaled(since(empty, held), 1 / 1024 / load.sessions),
        idle_cpu=idle_cpu, busy_cpu=scaled(spent, 1_000_000 / load.events),
        grown=scaled(since(empty, full), 1 / 1024 / 1024),
    )  # fmt: skip


def since(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def fresh(name: str, tls: bool, load: Load) -> Run:
    """A run against a server of its own that is warm. Raises: BrokenError, DeadServerError."""
    with servers.start(name, tls) as server:
        run(server, Load(sessions=WARM_SESSIONS, seconds=1.0, warm=0.0))
        return run(server, load)


def measure(names: Sequence[str], tls: bool, loads: Sequence[Load], rounds: int) -> dict[tuple[str, int], list[Run]]:
    """All servers under all loads, in turns. A server that broke is asked no more in that round."""
    results: dict[tuple[str, int], list[Run]] = {}
    for number_ in range(rounds):
        beaten: set[str] = set()
        for load in loads:
            for name in names if number_ % 2 == 0 else reversed(names):
                if name in beaten:
                    continue
                told = f"round {number_ + 1}, {load.sessions} sessions{', TLS' if tls else ''}: {name}"
                try:
                    one = fresh(name, tls, load)
                except (BrokenError, servers.DeadServerError) as error:
                    print(f"  {told} BROKE: {error}", flush=True)
                    beaten.add(name)
                    results.setdefault((name, load.sessions), [])
                    continue
                print(f"{told} p99 {one.p99:.1f} ms", file=sys.stderr)
                if one.unanswered:
                    beaten.add(name)
                results.setdefault((name, load.sessions), []).append(one)
    return results


def report(results: dict[tuple[str, int], list[Run]], names: Sequence[str], tls: bool, sessions: int) -> None:
    """Two tables for a number of sessions: latency, and cost."""
    told = f"{sessions:,} sessions {'over TLS' if tls else 'in clear text'}"
    rows: list[Sequence[str]] = []
    costs: list[Sequence[str]] = []
    for name in names:
        runs = results.get((name, sessions))
        if not runs:
            rows.append((name, "broke" if runs is not None else "not asked", *[""] * 9))
            continue
        p99 = median_of(runs, lambda one: one.p99)
        ours = median_of(results.get((servers.OURS, sessions), []), lambda one: one.p99)
        rows.append((
            name, number(median_of(runs, lambda one: one.p50), 2), number(p99, 2),
            number(min(one.p99 for one in runs), 2), number(median_of(runs, lambda one: one.max), 1),
            number(p99 / ours if p99 and ours else None, 2),
            number(median_of(runs, lambda one: one.late), 2), number(median_of(runs, lambda one: one.cores), 2),
            number(median_of(runs, lambda one: one.others), 2),
            number(max(one.unanswered for one in runs)), number(median_of(runs, lambda one: one.opened), 2),
        ))  # fmt: skip
        costs.append((
            name, number(median_of(runs, lambda one: one.idle_kib), 1),
            number(median_of(runs, lambda one: one.idle_cpu), 3), number(median_of(runs, lambda one: one.busy_cpu), 1),
            number(median_of(runs, lambda one: one.grown), 1),
        ))  # fmt: skip
    columns = (
        "", "p50 ms", "p99 ms", "lowest", "max ms", "p99 : ours", "late p99 ms", "its cores", "others'", "unanswered",
        "opened in s",
    )  # fmt: skip
    table(f"latency, {told}, an event each 100 ms", columns, rows)
    columns = ("", "idle KiB a session", "idle CPU ms a session s", "busy CPU us an event", "run added MiB")
    table(f"cost, {told}", columns, costs)
    aims(results, names, tls, sessions)


def p99_of_all(runs: Sequence[Run]) -> float | None:
    """The median p99, or None when answers are missing from it."""
    return None if any(one.unanswered for one in runs) else median_of(runs, lambda one: one.p99)


def aims(results: dict[tuple[str, int], list[Run]], names: Sequence[str], tls: bool, sessions: int) -> None:
    ours = results.get((servers.OURS, sessions), [])
    p99 = p99_of_all(ours)
    theirs = [p99_of_all(results.get((name, sessions), [])) for name in servers.PEERS]
    best = min((each for each in theirs if each is not None), default=None)
    if servers.OURS not in names:
        return
    if best is not None:
        aim(f"p99 no worse than the best peer's ({best:.2f} ms)", p99 is not None and p99 <= best)
    if sessions >= P99_AIM[0]:
        aim(f"p99 under {P99_AIM[1]:g} ms", p99 is not None and p99 < P99_AIM[1])
    idle = median_of(ours, lambda one: one.idle_kib)
    if sessions >= 1_000:  # fewer share too many pages with the server itself
        aim(f"at most {IDLE_AIM[tls]:g} KiB an idle session", None if idle is None else idle <= IDLE_AIM[tls])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs for each server and number (default 3)")
    parser.add_argument("--sessions", type=int, nargs="+", default=SESSIONS, help="default 10 100 1000 2000")
    parser.add_argument("--seconds", type=float, default=6.0, help="measured, after 2 more (default 6)")
    parser.add_argument("--idle", type=float, default=3.0, help="seconds without events before (default 3)")
    parser.add_argument("--streams", type=int, default=1, help="sessions on one connection (default 1)")
    parser.add_argument("--servers", nargs="+", default=servers.LIVE, choices=servers.LIVE, help="default: all")
    parser.add_argument("--only", choices=("clear", "tls"), help="one of the two transports")
    options = parser.parse_args(arguments)
    if why := servers.missing(servers.ECHO):
        print(f"the load generator cannot be had: {why}", file=sys.stderr)
        return 2
    names = servers.present(tuple(options.servers))
    loads = [
        Load(sessions=sessions, seconds=options.seconds, idle=options.idle, streams=options.streams)
        for sessions in sorted(options.sessions)
    ]
    whole = True
    for tls in [False, True] if options.only is None else [options.only == "tls"]:
        results = measure(names, tls, loads, options.rounds)
        for load in loads:
            report(results, names, tls, load.sessions)
            whole = whole and (servers.OURS not in names or bool(results.get((servers.OURS, load.sessions))))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
