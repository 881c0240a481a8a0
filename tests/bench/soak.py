"""A soak: sessions in real time, with faults on a tenth of them, against one `mockscribe serve`.

    python -m tests.bench.soak [--sessions 1000] [--seconds 45] [--ramp 10] [--waves 2] [--generators 2]

Each session is a connection of its own on which `mockscribe.client`'s core sends signed audio events of 200 ms, as fast
as speech, from generators that are processes of their own. Every tenth session has a fault, each of `FAULTS` in turn;
how those end is not looked at, all others must end cleanly with exactly the lines of the script at their offsets. When
all are gone the server must have as many files and threads open as before the first, and no session may run any more.
The first wave leaves what a server keeps: the sessions that it remembers (`--kept-sessions`, as many as a wave has),
its journal, and the pages that its allocator holds on to. Each wave after it may add `GROWTH_MIB` at most.

Exit status 1 when any of that fails. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mockscribe.client.core import ClientStream, EventReceived, Parameters, StreamEnded, StreamFailed
from mockscribe.client.endpoint import parse_endpoint
from mockscribe.wire.sigv4 import Credentials
from tests.bench import body, servers

CHUNK_SECONDS = 0.2
AUDIO = bytes(round(CHUNK_SECONDS * 32_000))
EVERY, TAKES = 1.5, 1.0  # seconds of audio from line to line, and of one
PATIENCE = 20.0  # seconds after the last audio
GROWTH_MIB = 24  # of about 130: 1,000 sessions that leaked 24 KiB each are found
FAULTS = (
    "{wrong_message_crc: {after_events: 5}}",
    "{truncated: {after_events: 5, byte: 20, then: silence}}",
    "{reset: {after_events: 5}}",
    "{go_away: {after_events: 3}}",
    "{tcp_reset: {at_audio: 3s}}",
    "{stop_reading: {at_audio: 2s}}",
    "{random_bytes: {after_events: 4}}",
    "{bandwidth: {bytes_per_second: 100}}",
    "{never_end: {}}",
    "{withhold_window: {at_audio: 1s}}",
)


def lines(seconds: float) -> list[tuple[float, float, str]]:
    """What a session of so much audio is told: begin, end and text of each final."""
    count = int((seconds - TAKES) / EVERY) + 1
    return [(at * EVERY, at * EVERY + TAKES, f"This is line {at + 1} of the visit.") for at in range(count)]


def scenario(seconds: float) -> str:
    steps = "".join(
        f"  - {{say: {text!r}, at: {round(begin * 1000)}ms, takes: {round((end - begin) * 1000)}ms}}\n"
        for begin, end, text in lines(seconds)
    )
    plain = f"scenario: plain\nsteps:\n{steps}"
    faulty = (
        f"---\nscenario: faulty-{number}\nmatch: {{domainId: {domain(number)}}}\nsteps:\n  - fault: {fault}\n{steps}"
        for number, fault in enumerate(FAULTS)
    )
    return plain + "".join(faulty)


def domain(fault: int | None) -> str:
    return f"hai-{0 if fault is None else fault + 1:016x}"


# ---- a generator


class Session(asyncio.Protocol):
    """One session in real time; `result` is what became of it."""

    def __init__(self, port: int, fault: int | None, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.fault = fault
        self.chunks = round(seconds / CHUNK_SECONDS)
        self.sent = 0
        self.finals: list[tuple[float, float, str]] = []
        self.failure = ""
        self.ended = False
        self.result: asyncio.Future[None] = self.loop.create_future()
        parameters = Parameters(
            session_id=str(uuid.uuid4()), domain_id=domain(fault), subscription_id="sub-0123456789abcdefghijk"
        )
        endpoint = parse_endpoint(f"http://127.0.0.1:{port}")
        self.stream = ClientStream(
            endpoint, parameters, credentials=Credentials("test", "test"), region="us-east-1", now=time.time()
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.begun = self.loop.time()
        self.stream.send_configuration(body.CONFIGURATION, time.time())
        self.flush()
        self.loop.call_at(self.begun + CHUNK_SECONDS, self.speak)

    def speak(self) -> None:
        if self.result.done():
            return
        if self.sent < self.chunks:
            self.sent += 1
            if self.stream.can_send:
                self.stream.send_audio(AUDIO, time.time())
            self.loop.call_at(self.begun + (self.sent + 1) * CHUNK_SECONDS, self.speak)
        else:
            self.stream.end_session(time.time())
            self.stream.close_input(time.time())
            self.loop.call_later(PATIENCE if self.fault is None else 1.0, self.finish, "no end came")
        self.flush()

    def flush(self) -> None:
        if data := self.stream.data_to_send():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        for observed in self.stream.receive_data(data):
            match observed:
                case EventReceived(member="transcriptEvent", value=value):
                    segment = value["transcriptSegment"]
                    if not segment["isPartial"]:
                        final = (segment["audioBeginOffset"], segment["audioEndOffset"], segment["content"])
                        self.finals.append(final)
                case StreamEnded():
                    self.ended = True
                    self.finish()
                case StreamFailed(message=message):
                    self.finish(re.sub(r" at byte \d+", "", message))
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish("the connection was lost")

    def finish(self, failure: str = "") -> None:
        if not self.result.done():
            self.failure = failure
            self.result.set_result(None)
            self.stream.cancel()
            self.flush()
            self.transport.close()


async def generate(port: int, sessions: int, seconds: float, ramp: float) -> dict[str, Any]:
    """Run sessions that begin one after another within `ramp` seconds."""
    loop = asyncio.get_running_loop()
    running: list[Session] = []
    expected, begun = lines(seconds), loop.time()
    for number in range(sessions):
        await asyncio.sleep(max(0.0, begun + number * ramp / sessions - loop.time()))
        fault = number // 10 % len(FAULTS) if number % 10 == 0 else None
        _, session = await loop.create_connection(lambda fault=fault: Session(port, fault, seconds), "127.0.0.1", port)
        running.append(session)
    await asyncio.wait([session.result for session in running])
    plain = [session for session in running if session.fault is None]
    wrong = [session for session in plain if not session.ended or session.finals != expected]
    return {
        "plain": len(plain),
        "faulty": len(running) - len(plain),
        "wrong": [(session.failure or "other lines", len(session.finals)) for session in wrong][:5],
        "exact": len(plain) - len(wrong),
        "finals": sum(len(session.finals) for session in running),
        "events": sum(session.sent for session in running),
        "ends": Counter((session.failure or "a clean end")[:60] for session in running if session.fault is not None),
    }


# ---- the server, seen from outside


class Seen(servers.Server):
    """A server of this Linux, with what /proc tells beside."""

    @property
    def folder(self) -> Path:
        return Path("/proc") / str(self.process.pid)

    @property
    def files(self) -> int:
        return len(list((self.folder / "fd").iterdir()))

    @property
    def threads(self) -> int:
        return self._number("Threads")

    @property
    def mib(self) -> float:
        return (self.resident_bytes() or 0) / 2**20

    @property
    def peak_mib(self) -> float:
        return self._number("VmHWM") / 1024

    def _number(self, name: str) -> int:
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise LookupError(name)


def soak(sessions: int, seconds: float, ramp: float, waves: int, generators: int) -> bool:
    """One soak; prints its figures, and whether all held."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "soak.yaml").write_text(scenario(seconds))
        command = [
            *(sys.executable, "-m", "mockscribe", "serve", "--port", "0", "--control-port", "0"),
            *("--endpoints-file", str(folder / "endpoints.json"), "--scenario", str(folder / "soak.yaml")),
            *("--journal-bytes", "8000000", "--stalled-timeout", "5s", "--connection-timeout", "5s"),
            *("--kept-sessions", str(sessions)),
        ]
        with servers.running(command) as process:
            told = folder / "endpoints.json"
            servers.wait_until(told.exists, process, servers.OURS, 0.05)
            endpoints = json.loads(told.read_text())
            seen, port = Seen(servers.OURS, endpoints["http"], process), int(endpoints["http"].rpartition(":")[2])
            asyncio.run(generate(port, 20, 2.0, 0.5))  # what is loaded once is loaded
            _settle(seen, endpoints, None)
            files, threads = seen.files, seen.threads
            held = True
            for wave in range(waves):
                before = seen.mib
                print(f"wave {wave + 1}: {sessions} sessions of {seconds:g} s", flush=True)
                held &= _wave(seen, endpoints, files, sessions, seconds, ramp, generators)
                print(f"    files: {files} before, {seen.files} after; threads: {threads}, {seen.threads}")
                print(f"    memory: {before:.1f} MiB before, {seen.peak_mib:.1f} at most, {seen.mib:.1f} after")
                held &= seen.files <= files and seen.threads <= threads
                held &= wave == 0 or seen.mib - before <= GROWTH_MIB
            return held


def _wave(seen: Seen, endpoints: Any, files: int, sessions: int, seconds: float, ramp: float, generators: int) -> bool:
    """One wave of sessions, from processes of their own; whether each that had no fault was served exactly."""
    port = endpoints["http"].rpartition(":")[2]
    cpu, began = seen.cpu_seconds() or 0.0, time.monotonic()
    shares = [sessions // generators + (number < sessions % generators) for number in range(generators)]
    commands = [
        [sys.executable, "-m", "tests.bench.soak", "--port", port, *_flags(share, seconds, ramp)] for share in shares
    ]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    most = 0
    while any(each.poll() is None for each in running):
        most = max(most, seen.files)
        time.sleep(0.2)
    results = [json.loads(each.communicate()[0]) for each in running]
    took = time.monotonic() - began
    cpu = (seen.cpu_seconds() or 0.0) - cpu
    still = _settle(seen, endpoints, files)
    total = {key: sum(each[key] for each in results) for key in ("plain", "faulty", "exact", "finals", "events")}
    print(f"    {total['exact']} of {total['plain']} transcripts complete and exact; {total['faulty']} had a fault")
    print(f"    {total['events']} audio events, {total['finals']} finals within {took:.1f} s")
    print(f"    at most {most - files} connections at once; {still} sessions run after all have ended")
    print(f"    server: {cpu:.1f} s of CPU, {cpu / took:.2f} cores")
    for end, count in sum((Counter(each["ends"]) for each in results), Counter[str]()).most_common():
        print(f"    {count:4} × {end}")
    for each in results:
        for why, finals in each["wrong"]:
            print(f"    WRONG: {why} ({finals} finals)")
    return still == 0 and total["exact"] == total["plain"]


def _settle(seen: Seen, endpoints: Any, files: int | None) -> int:
    """Wait until the server has noticed that all are gone; how many sessions still run after `PATIENCE`."""
    until = time.monotonic() + PATIENCE
    while True:
        with urllib.request.urlopen(f"{endpoints['control']}/_mockscribe/sessions") as answer:
            found = json.load(answer)
        sessions = found["sessions"] if isinstance(found, dict) else found
        running = sum(each["running"] for each in sessions)
        if (not running and (files is None or seen.files <= files)) or time.monotonic() > until:
            return running
        time.sleep(0.2)


def _flags(sessions: int, seconds: float, ramp: float) -> list[str]:
    return ["--sessions", str(sessions), "--seconds", str(seconds), "--ramp", str(ramp)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--ramp", type=float, default=10.0)
    parser.add_argument("--waves", type=int, default=2)
    parser.add_argument("--generators", type=int, default=2)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)  # of a server: be a generator
    flags = parser.parse_args(arguments)
    if flags.port is not None:
        print(json.dumps(asyncio.run(generate(flags.port, flags.sessions, flags.seconds, flags.ramp))))
        return 0
    return 0 if soak(flags.sessions, flags.seconds, flags.ramp, flags.waves, flags.generators) else 1


if __name__ == "__main__":
    sys.exit(main())
