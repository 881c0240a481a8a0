"""`mockscribe demo`: a mock in this process, and a visit streamed to it: the first thing a newcomer runs."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import uuid
from pathlib import Path

import click

from mockscribe.cli.stream import CHUNK_MS, DOMAIN_ID, SUBSCRIPTION_ID, Speed, configuration, speakers, summary
from mockscribe.cli.transcript import TranscriptView, follow
from mockscribe.client.blocking import listen
from mockscribe.client.core import Parameters
from mockscribe.client.recording import open_recording
from mockscribe.inprocess import Mockscribe
from mockscribe.wire.sigv4 import Credentials

EPILOG = """
\b
Examples:
  mockscribe demo
  mockscribe demo --speed x4

On a terminal partials are rewritten in place; in a pipe only finals are printed. Nothing leaves this machine.
"""

FOLDER = Path(__file__).parents[1] / "demo_data"
RECORDING = FOLDER / "visit.flac"
SCENARIO = FOLDER / "visit.yaml"

ROLES = {0: "CLINICIAN", 1: "PATIENT"}
"""Who speaks on which channel of the recording, as fixtures/demo.py wrote it."""


@click.command(epilog=EPILOG)
@click.option(
    "--speed", type=Speed(), metavar="real|fast|xN", default="real", show_default=True,
    help="Stream as it was spoken, as fast as the mock takes it, or N times as fast.",
)  # fmt: skip
def demo(speed: float | None) -> int:
    """Stream a bundled visit to a mock and watch its transcript grow.

    The mock runs in this process and says what the bundled scenario says; the built-in client streams to it over TLS
    and HTTP/2, at the speed of speech.
    """
    recording = open_recording(RECORDING.read_bytes(), name=RECORDING.name)
    parameters = Parameters(
        session_id=str(uuid.uuid4()),
        domain_id=DOMAIN_ID,
        subscription_id=SUBSCRIPTION_ID,
        sample_rate=recording.rate,
        media_encoding=recording.encoding,
    )
    with (
        Mockscribe(scenarios=[SCENARIO]) as mock,
        TranscriptView(speakers(ROLES), total_seconds=recording.seconds) as view,
        listen(
            mock.https_url,
            parameters,
            credentials=Credentials(mock.credentials.access_key_id, mock.credentials.secret_access_key),
            ca_files=[mock.ca_file],
        ) as call,
    ):
        view.line(f"Streaming a visit of {recording.seconds:.0f} seconds to a mock at {mock.https_url}")
        view.line()
        measured = follow(call, view, configuration(ROLES), recording.chunks(CHUNK_MS), pace=speed)
    view.line()
    view.line(summary(measured))
    view.line()
    program = _program()
    view.line(f"Start a server of your own:  {program} serve")
    view.line(f"and stream to it:            {program} stream {shlex.quote(_short(RECORDING))}")
    return 0


def _program() -> str:
    """This program as the shell at hand finds it."""
    if shutil.which("mockscribe"):
        return "mockscribe"
    if Path(sys.argv[0]).name == "mockscribe":
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m mockscribe"


def _short(path: Path) -> str:
    """The path, from the current folder where that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
