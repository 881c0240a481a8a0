"""The servers under measurement: each a process of its own on a free loopback port, and what the kernel tells of it.

A lineup is a list of names; `start` runs one of them, in clear text or over TLS. Every server gets what its users would
give it: one process, a backlog for the crowd that the benchmark opens, no access log. What a server cannot do without
(`missing`) is named, and the server left out.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.util
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bench import tools
from tests.bench.body import EVENTS, PATH, SEGMENT, answer
from tests.integration.sdks.programs import UnavailableError

ROOT = pathlib.Path(__file__).parents[2]
START_SECONDS = 20.0  # a cold import on a busy machine; a server that takes longer does not start at all
BACKLOG = "4096"  # connections that wait to be accepted: twice the largest crowd

SCENARIO = f"""
scenario: a transcript event for each 100 ms of audio
steps:
  - send: {json.dumps({"transcriptEvent": SEGMENT})}
    after: 100ms
    repeat: forever
"""

OURS = "mockscribe"
PEERS = ("hypercorn", "uvicorn", "granian", "node")
BOTOCORE = "hypercorn, botocore"  # which decodes by botocore instead of by mockscribe's codec
ECHO = "echo (Go)"  # finds the end of each audio event and writes bytes made beforehand: the limit of a live session
STATIC = "nghttpd"  # a file of 100 transcript events for each request: the limit of the loopback
APP = "tests.bench.peers.asgi_app:app"
HYPERCORNS = {"hypercorn": APP, BOTOCORE: "tests.bench.peers.asgi_botocore:app"}
LIVE = (OURS, *PEERS, ECHO)  # those that answer while the request is open
ALL = (OURS, BOTOCORE, *PEERS, ECHO, STATIC)


class DeadServerError(Exception):
    """A server did not start, or is gone."""


class Server:
    """A running server: its name, URL and process, with the processes that it started itself, and when it was there."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[bytes], ready_seconds: float = 0.0) -> None:
        self.name = name
        self.url = url
        self.process = process
        self.ready_seconds = ready_seconds

    def cpu_seconds(self) -> float | None:
        """User and system time used so far, or None where /proc is missing."""
        total = 0
        for pid in family(self.process.pid):
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                return None
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int | None:
        """What it holds in memory now, or None where /proc is missing."""
        total = 0
        for pid in family(self.process.pid):
            try:
                total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                return None
        return total * os.sysconf("SC_PAGE_SIZE")


def machine_cpu_seconds() -> float | None:
    """CPU time that everything on the machine has used so far, or None where /proc is missing."""
    try:
        user, nice, system, _, _, irq, soft, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    except OSError:
        return None
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """A process and those it started: granian serves from a worker."""
    yield pid
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from family(int(child))


def missing(name: str) -> str | None:
    """Why a server cannot take part here, or None."""
    try:
        match name:
            case "uvicorn" if importlib.util.find_spec("zttp") is None:
                return "its HTTP/2 needs zttp (pip install -e '.[bench]')"
            case _ if name in HYPERCORNS and importlib.util.find_spec("hypercorn") is None:
                return "no hypercorn (pip install -e '.[test,bench]')"
            case "granian" if importlib.util.find_spec(name) is None:
                return f"no {name} (pip install -e '.[test,bench]')"
            case "node":
                tools.node_peer()
            case "echo (Go)":
                tools.load_program()
            case "nghttpd" if shutil.which(name) is None:
                return "no nghttpd (Debian: apt-get install nghttp2-server)"
    except UnavailableError as error:
        return str(error)
    return None


def present(names: tuple[str, ...]) -> list[str]:
    """Those of the servers that can take part; the others are named with what they lack."""
    found = []
    for name in names:
        if why := missing(name):
            print(f"{name} is left out: {why}", flush=True)
        else:
            found.append(name)
    return found


@contextlib.contextmanager
def start(name: str, tls: bool = False, pause: float = 0.05) -> Iterator[Server]:
    """One of the lineup, looked for each `pause` seconds. Raises: DeadServerError."""
    if name == OURS:
        with mockscribe(tls=tls) as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as made:
        folder, port = pathlib.Path(made), free_port()
        make_files(folder)
        command, begin = command_of(name, port, folder, tls), time.perf_counter()
        with running(command) as process:
            wait_until(lambda: listens(port), process, name, pause)
            url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
            yield Server(name, url, process, time.perf_counter() - begin)


def command_of(name: str, port: int, folder: pathlib.Path, tls: bool) -> list[str]:
    """The command line that serves on `port`; `folder` has what `make_files` puts there.

    uvicorn and granian take uvloop by themselves; hypercorn stays on asyncio, where it measured no slower.
    """
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    here, python = "127.0.0.1", sys.executable
    match name:
        case _ if name in HYPERCORNS:
            secure = ["--certfile", cert, "--keyfile", key] if tls else []
            quiet = ["--workers", "0", "--log-level", "warning", "--backlog", BACKLOG]
            return [python, "-m", "hypercorn", HYPERCORNS[name], "--bind", f"{here}:{port}", *quiet, *secure]
        case "uvicorn":
            secure = ["--ssl-certfile", cert, "--ssl-keyfile", key] if tls else []
            quiet = ["--no-access-log", "--log-level", "warning", "--backlog", BACKLOG]
            h2 = ["--http", "zttp", "--http2"]
            return [python, "-m", "uvicorn", APP, "--host", here, "--port", str(port), *h2, *quiet, *secure]
        case "granian":
            secure = ["--ssl-certificate", cert, "--ssl-keyfile", key] if tls else []
            quiet = ["--no-access-log", "--log-level", "warning", "--backlog", BACKLOG]
            h2 = ["--interface", "asgi", "--http", "2"]
            return [python, "-m", "granian", APP, "--host", here, "--port", str(port), *h2, *quiet, *secure]
        case "node":
            secure = [cert, key] if tls else []
            return ["node", str(tools.node_peer()), str(port), str(folder / "segment.json"), *secure]
        case "echo (Go)":
            secure = ["-tls"] if tls else []
            return [str(tools.load_program()), "echo", "-port", str(port), "-files", str(folder), *secure]
        case "nghttpd":
            wide = ["--window-bits=30", "--connection-window-bits=30", "--address", here, "--htdocs", str(folder)]
            return [name, *wide, str(port), key, cert] if tls else [name, "--no-tls", *wide, str(port)]
        case _:
            raise ValueError(name)


@contextlib.contextmanager
def mockscribe(*flags: str, tls: bool = False) -> Iterator[Server]:
    """`mockscribe serve` with the scenario that answers each 100 ms."""
    with tempfile.TemporaryDirectory(prefix="mockscribe-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "scenario.yaml").write_text(SCENARIO)
        endpoints = folder / "endpoints.json"
        command = [
            sys.executable, "-m", "mockscribe", "serve", "--port", "0",
            "--endpoints-file", str(endpoints), "--scenario", str(folder / "scenario.yaml"), "--log-level", "warning",
            "--second-stream", "independent", "--idle-timeout", "120s", *flags,
        ]  # fmt: skip
        with running(command) as process:
            wait_until(endpoints.exists, process, OURS, 0.05)
            yield Server(OURS, json.loads(endpoints.read_text())["https" if tls else "http"], process)


def make_files(folder: pathlib.Path) -> None:
    """What the peers read: a certificate, the segment that they answer with, and that answer as finished bytes."""
    for name, content in certificate().items():
        (folder / name).write_bytes(content)
    (folder / "segment.json").write_text(json.dumps(SEGMENT))
    (folder / "answer").write_bytes(answer())
    (folder / PATH.strip("/")).mkdir()
    (folder / PATH.strip("/") / "index.html").write_bytes(answer() * EVENTS)


@functools.cache
def certificate() -> dict[str, bytes]:
    """A certificate for 127.0.0.1 that nobody trusts, of the kind that mockscribe issues (P-256)."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mockscribe bench")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return {"cert.pem": signed.public_bytes(pem), "key.pem": private}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(command: list[str], output: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSCRIBE_")}
    environment["MOCKSCRIBE_CONTROL_PORT"] = "off"  # nothing but the data port takes part
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(
                process.pid, signal.SIGKILL
            )  # a worker that outlived its parent: granian's, ended while it starts


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, pause: float) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise DeadServerError(f"{name} did not start (status {process.poll()})")
        time.sleep(pause)
