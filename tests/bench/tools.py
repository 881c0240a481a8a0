"""What the benchmark compiles or installs for itself, in the cache folder of the tests, once for each state of it."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess

from tests.integration.sdks.javascript.environment import install
from tests.integration.sdks.programs import UnavailableError, built, perform

HERE = pathlib.Path(__file__).parent
BUILD_SECONDS = 300.0


@functools.cache
def load_program() -> pathlib.Path:
    """The load generator, and its echo server. Raises: UnavailableError."""
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("no go on PATH")
    version = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout

    def build(folder: pathlib.Path) -> None:
        perform([go, "build", "-o", "load", "."], BUILD_SECONDS, folder=str(folder))

    return built("bench-load", HERE / "load", build, version) / "load"


@functools.cache
def node_peer() -> pathlib.Path:
    """The peer on Node, beside its installed packages. Raises: UnavailableError."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} was not found on PATH")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return built("bench-node", HERE / "peers" / "node", install, version) / "server.mjs"
