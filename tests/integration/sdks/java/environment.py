"""The Java client with the parts of the AWS SDK that it needs: found or built, then kept for the next run."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from mockscribe import Mockscribe
from tests.integration.sdks.programs import UnavailableError, built, perform, run_client

HERE = pathlib.Path(__file__).parent

OLDEST = 17  # `maven.compiler.release` of pom.xml
BUILD_SECONDS = 600.0

BUILD = ("mvn", "--batch-mode", "--quiet", "compile", "dependency:copy-dependencies")
LIBRARIES = ("-DincludeScope=runtime", "-DoutputDirectory=lib")

# The program lives for seconds: the second compiler would start work that it never profits from.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-cp")


@functools.cache
def java_sdk() -> Sequence[str]:
    """The command that runs the client.

    Raises: UnavailableError when there is no Java >= 17 or no Maven, or the client cannot be built.
    """
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} was not found on PATH")
    version = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=True).stdout.strip()
    found = re.search(r"\d+", version)
    if found is None or int(found.group()) < OLDEST:
        raise UnavailableError(f"there is {version}; the client needs {OLDEST} or newer")
    home = built("java-sdk", HERE, build, version)
    return (*JAVA, os.pathsep.join((f"{home}/target/classes", f"{home}/lib/*")), "client.Client")


def build(folder: pathlib.Path) -> None:
    perform([*BUILD, *LIBRARIES], BUILD_SECONDS, folder=str(folder))


def stream(command: Sequence[str], mock: Mockscribe, scheme: str, *options: str | int | float) -> list[dict[str, Any]]:
    """Run the client against `mock`, over TLS or in clear text, and return its reports."""
    url = mock.https_url if scheme == "https" else mock.http_url
    return run_client(command, url, "--ca-file", mock.ca_file, *options)
