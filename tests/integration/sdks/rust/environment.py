"""The Rust client, built with the official SDK into the user's cache folder, once for each state of its sources."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import subprocess

from tests.integration.sdks.programs import UnavailableError, built, cache_folder, perform

HERE = pathlib.Path(__file__).parent
BUILD_SECONDS = 900.0  # measured: 2 minutes on two cores with nothing to start from


@functools.cache
def rust_sdk() -> pathlib.Path:
    """The client's program.

    Raises: UnavailableError when there is no cargo, or the crates cannot be had or compiled.
    """
    cargo = shutil.which("cargo")
    if cargo is None:
        raise UnavailableError("no cargo on PATH")
    version = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False).stdout

    def build(folder: pathlib.Path) -> None:
        # The target folder is shared by all states of the sources, so that a change compiles the client alone.
        # `install` picks the newest versions that Cargo.toml allows, and leaves no lock file behind.
        target = cache_folder() / "rust-target"
        perform(
            [cargo, "install", "--debug", "--quiet", "--path", str(folder), "--root", str(folder)],
            BUILD_SECONDS, environment={**os.environ, "CARGO_TARGET_DIR": str(target)},
        )  # fmt: skip

    return built("rust-sdk", HERE, build, version) / "bin" / "client"
