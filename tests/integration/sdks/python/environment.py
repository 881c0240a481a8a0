"""An environment of its own for the official Python SDK: found or made, then kept for the next run.

The SDK needs Python >= 3.12 and much that mockscribe does not, so its client runs as a subprocess in a virtual
environment in the user's cache folder, named for what is installed in it.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.integration.sdks.programs import UnavailableError, cache_folder, perform, run_client

HERE = pathlib.Path(__file__).parent
CLIENT = HERE / "client.py"
SNIPPET = HERE / "snippet.py"
APPLICATION = HERE / "application.py"
REQUIREMENTS = HERE / "requirements.txt"

OLDEST = (3, 12)  # `requires-python` of aws-sdk-connecthealth
INSTALL_SECONDS = 300.0  # pip waits for a network that is not there; give up sooner than a CI job does


@functools.cache
def python_sdk() -> pathlib.Path:
    """The interpreter that has the SDK installed.

    Raises: UnavailableError when there is no Python >= 3.12, or the packages cannot be installed.
    """
    python = newest_python()
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + str(python).encode()).hexdigest()[:16]
    home = cache_folder() / f"python-sdk-{key}"
    installed = home / "bin" / "python"
    if not installed.exists():
        install(python, home)
    return installed


def newest_python() -> pathlib.Path:
    """The first interpreter that is new enough, those that the SDK is tested with first."""
    for candidate in candidates():
        version = (
            "import sys, os; print(os.path.realpath(sys.executable)) if sys.version_info[:2] >= %r else sys.exit(1)"
        )
        probe = subprocess.run([candidate, "-c", version % (OLDEST,)], capture_output=True, text=True, check=False)
        if probe.returncode == 0:
            return pathlib.Path(probe.stdout.strip())
    raise UnavailableError("no Python 3.12 or newer was found (tried this one, PATH and pyenv's versions)")


def candidates() -> Iterator[str]:
    yield sys.executable
    for minor in (12, 13, 14):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    root = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for minor in (12, 13, 14):
        for version in sorted(root.glob(f"versions/3.{minor}.*/bin/python3")):
            yield str(version)


def install(python: pathlib.Path, home: pathlib.Path) -> None:
    """Make the environment aside and move it into place in one step: two test runs may be at it at once."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.") as aside:
        made = pathlib.Path(aside) / "environment"
        perform([str(python), "-m", "venv", str(made)], INSTALL_SECONDS)
        pip = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        perform([*pip, "--requirement", str(REQUIREMENTS)], INSTALL_SECONDS)
        try:
            made.rename(home)
        except OSError:
            if not home.exists():
                raise


def stream(python: pathlib.Path, endpoint_url: str, *options: str | int | float | pathlib.Path) -> list[dict[str, Any]]:
    """Run `client.py` and return its reports, in the order of runs and their streams."""
    return run_client([python, CLIENT], endpoint_url, *options)
