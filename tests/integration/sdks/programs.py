"""How the tests of all SDKs build and run their clients: a cache folder, build steps, and output lines as reports."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

CLIENT_SECONDS = 180.0  # above the clients' own deadline, so that their report of what hung is what one reads


SEEN: list[dict[str, Any]] = []
"""The SDKs that have reported, name and version each; for the fidelity report."""


class UnavailableError(Exception):
    """A client cannot be had on this machine; the message says why."""


def cache_folder() -> pathlib.Path:
    if sys.platform == "darwin":
        return pathlib.Path("~/Library/Caches/mockscribe-tests").expanduser()
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mockscribe-tests"


def built(name: str, sources: pathlib.Path, build: Callable[[pathlib.Path], None], *tools: str) -> pathlib.Path:
    """A copy of `sources` that `build` has been at, in the cache folder: found, or made and kept for the next run.

    It is known by the sources and the versions of the `tools`, and made aside and moved into place in one step: two
    test runs may be at it at once. Raises: UnavailableError, and what `build` raises.
    """
    digest = hashlib.sha256("\0".join(tools).encode())
    for file in sorted(file for file in sources.rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")):
        digest.update(f"{file.relative_to(sources)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    home = cache_folder() / f"{name}-{digest.hexdigest()[:16]}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.") as aside:
        made = pathlib.Path(aside) / "made"
        shutil.copytree(sources, made, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        build(made)
        try:
            made.rename(home)
        except OSError:
            if not home.exists():
                raise
    return home


def perform(
    command: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None, folder: str | None = None
) -> None:
    """Run a step of an installation. Raises: UnavailableError when it fails or takes longer than `seconds`."""
    told = " ".join(command[:4])
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, env=environment, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{told} took more than {seconds:g} s") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise UnavailableError(f"{told} failed: {lines[-1]}")


def run_client(
    command: Sequence[str | pathlib.Path],
    endpoint_url: str,
    *options: str | int | float | pathlib.Path,
    environment: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Run a client and return its reports, in the order of runs and their streams."""
    done = subprocess.run(
        [*map(str, command), endpoint_url, *map(str, options)],
        capture_output=True, text=True, check=False, timeout=CLIENT_SECONDS,
        env={**plain_environment(), **(environment or {})},
    )  # fmt: skip
    told = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert done.returncode == 0, f"the client ended with {done.returncode}:\n{told}"
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    SEEN.extend(report["sdk"] for report in reports)
    return sorted(reports, key=lambda report: (report["run"], report["stream"]))


def plain_environment() -> Mapping[str, str]:
    """The environment without what could point the SDK elsewhere: nobody's profile takes part in a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SSL_CERT_", "PYTHON"))}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
