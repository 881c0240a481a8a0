"""The Go client, built into the user's cache folder, once for each state of its sources."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess

from tests.integration.sdks.programs import UnavailableError, built, perform

HERE = pathlib.Path(__file__).parent
BUILD_SECONDS = 300.0  # measured: half a minute on two cores with nothing to start from


@functools.cache
def go_sdk() -> pathlib.Path:
    """The client's program.

    Raises: UnavailableError when there is no go, or the modules cannot be had or compiled.
    """
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("no go on PATH")
    version = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout

    def build(folder: pathlib.Path) -> None:
        perform([go, "build", "-o", "client", "."], BUILD_SECONDS, folder=str(folder))

    return built("go-sdk", HERE, build, version) / "client"
