"""The JavaScript client with the parts of the AWS SDK that it needs: found or installed, then kept for the next run."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess
from typing import Any

from mockscribe import Mockscribe
from tests.integration.sdks.programs import UnavailableError, built, perform, run_client

HERE = pathlib.Path(__file__).parent

OLDEST = 20  # the `engines` of package.json
INSTALL_SECONDS = 300.0

# No lock file: it would name the registry it was made with.
NPM_INSTALL = ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


@functools.cache
def javascript_sdk() -> pathlib.Path:
    """The client's program, beside its installed packages.

    Raises: UnavailableError when there is no Node >= 20 or no npm, or the packages cannot be installed.
    """
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} was not found on PATH")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        raise UnavailableError(f"node is {version}; the SDK needs {OLDEST} or newer")
    return built("javascript-sdk", HERE, install, version) / "client.mjs"


def install(folder: pathlib.Path) -> None:
    perform(NPM_INSTALL, INSTALL_SECONDS, folder=str(folder))


def stream(program: pathlib.Path, mock: Mockscribe, scheme: str, *options: str | int | float) -> list[dict[str, Any]]:
    """Run the client against `mock`, over TLS or in clear text, and return its reports."""
    url = mock.https_url if scheme == "https" else mock.http_url
    return run_client(["node", program], url, *options, environment={"NODE_EXTRA_CA_CERTS": str(mock.ca_file)})
