"""`mockscribe demo` as a newcomer meets it: a process, in a pipe and on a pseudo-terminal."""

import codecs
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
import yaml

from mockscribe.cli import demo
from mockscribe.client.recording import open_recording
from tests.requirements import require
from tests.unit.cli.screen import Screen

STEPS = yaml.safe_load(demo.SCENARIO.read_text(encoding="utf-8"))["steps"]
COMMAND = [sys.executable, "-m", "mockscribe", "demo"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine that has never run it, whose AWS variables mean something else."""
    wrong = {"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_CA_BUNDLE": "/nowhere.pem", "AWS_ACCESS_KEY_ID": "half"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOCKSCRIBE_"))}
    return kept | wrong | {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "100"}


def test_in_a_pipe_it_prints_the_visit_and_how_to_go_on(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--speed", "fast"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    finals = [line for line in lines if line.startswith("[")]
    assert [line.split("]", 1)[1].split(None, 1) for line in finals] == [[step["by"], step["say"]] for step in STEPS]
    assert re.fullmatch(r"Streaming a visit of 14 seconds to a mock at https://localhost:\d+", lines[0])
    assert lines.count("") == len(lines) - len(finals) - 4
    assert re.fullmatch(
        r"5 final and \d+ partial segments from 00:13\.9 of audio \(139 events\) in \d+\.\d s", lines[-4]
    )
    assert lines[-2].endswith("mockscribe serve")
    assert f" stream {demo.RECORDING}" in lines[-1]


def test_what_it_tells_to_run_runs(environment: dict[str, str], tmp_path: Path) -> None:
    """The very command of its last line, where no server is: it opens the recording and says so."""
    done = subprocess.run(
        [*COMMAND, "--speed", "fast"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    command = done.stdout.splitlines()[-1].split(":", 1)[1]
    free = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = subprocess.run(
        f"{command} --endpoint-url http://127.0.0.1:{port}",
        shell=True,
        env=free,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.startswith(f"mockscribe: Nothing listens on 127.0.0.1:{port}")


def read_until(terminal: int, screen: Screen, wanted: str) -> None:
    """Draw what comes, a little at a time, until a row of the screen matches `wanted`, or the other side has left."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while not any(re.search(wanted, row) for row in screen.rows):
        try:
            data = os.read(terminal, 256)
        except OSError:  # Linux's word for the end of a pseudo-terminal
            data = b""
        if not data:
            return
        screen.write(decoder.decode(data))


def test_on_a_terminal_the_transcript_grows_and_an_interrupt_leaves_it_clean(environment: dict[str, str]) -> None:
    terminal, other = pty.openpty()
    screen = Screen()
    command = [*COMMAND, "--speed", "x2"]
    with subprocess.Popen(command, env=environment, stdin=other, stdout=other, stderr=other) as process:
        os.close(other)
        try:
            read_until(terminal, screen, r"· [1-9] final, \d+ partial")
            growing = "\n".join(screen.rows)
            process.send_signal(signal.SIGINT)
            read_until(terminal, screen, "there is no such text")
        finally:
            os.close(terminal)  # nobody is left to write to
    assert process.returncode == 130
    assert f"CLINICIAN  {STEPS[0]['say']}" in growing
    assert re.search(r"▸ 00:0\d\.\d of 00:13\.9 sent · [1-9] final, \d+ partial", growing)
    assert screen.shown[1:] == [row for row in screen.shown if row.startswith("[") and " – " in row]


def test_the_scenario_speaks_when_the_recording_does(tmp_path: Path) -> None:
    """Each line's channel is heard while the line is said, and the other one is silent."""
    tool = shutil.which("flac")
    require("flac", tool is not None, "the reference decoder is not installed")
    command = [str(tool), "--silent", "--decode", "--stdout", "--force-raw-format", "--endian=little", "--sign=signed"]
    pcm = subprocess.run([*command, demo.RECORDING], capture_output=True, check=True).stdout
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    recording = open_recording(demo.RECORDING.read_bytes(), name="visit.flac")
    assert (recording.rate, recording.channels, recording.seconds) == (16_000, 2, len(samples) / 2 / 16_000)
    for step in STEPS:
        begin, takes = (int(step[name].removesuffix("ms")) * 16 for name in ("at", "takes"))
        channel = {role: number for number, role in demo.ROLES.items()}[step["by"]]
        spoken = samples[2 * begin : 2 * (begin + takes)]
        loud = [abs(sample) for sample in spoken[channel::2]]
        assert max(loud[:1600]) > 500, "silent at its beginning"
        assert max(loud[-1600:]) > 500, "silent at its end"
        assert not any(spoken[1 - channel :: 2])


@pytest.mark.parametrize(
    ("found", "argument", "program"),
    [
        ("/usr/bin/mockscribe", "whatever", "mockscribe"),
        (None, ".venv/bin/mockscribe", ".venv/bin/mockscribe"),
        (None, "/my tools/mockscribe", "'/my tools/mockscribe'"),
        (None, "/x/__main__.py", f"{sys.executable} -m mockscribe"),
    ],
)
def test_it_names_itself_as_the_shell_finds_it(
    found: str | None, argument: str, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: found)
    monkeypatch.setattr(sys, "argv", [argument])
    assert demo._program() == program
