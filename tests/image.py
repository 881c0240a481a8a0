"""The image, built and run for real: by Docker, or by the two commands that MOCKSCRIBE_IMAGE_BUILD and _RUN name.

    $MOCKSCRIBE_IMAGE_BUILD CONTEXT TAG
    $MOCKSCRIBE_IMAGE_RUN [-v HOST:CONTAINER[:ro]]… [-e NAME=VALUE]… TAG [COMMAND…]

The second runs on the host's network as the image's user; COMMAND is the whole command line, and without it the image's
ENTRYPOINT and CMD are run. A builder that does not know HEALTHCHECK's --start-interval (Docker learnt it in version 25)
gets a copy of the context without that flag.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.requirements import require
from tests.serving import PATIENCE, Lines

ROOT = Path(__file__).parents[1]
TAG = "mockscribe:test"
BUILD_SECONDS = 600  # with nothing to start from; measured: half a minute once the base image is there
START_INTERVAL = re.compile(r" --start-interval=\S+")
PROBE = 'FROM scratch\nHEALTHCHECK --start-interval=1s CMD ["x"]\n'

DOCKER = shutil.which("docker")


def commands() -> tuple[list[str], list[str]] | None:
    """What builds and what runs, from the environment; None: Docker does."""
    build, run = (os.environ.get(f"MOCKSCRIBE_IMAGE_{name}") for name in ("BUILD", "RUN"))
    return (shlex.split(build), shlex.split(run)) if build and run else None


def build() -> None:
    """Build the image as `TAG`."""
    if commands() is None:
        engine = DOCKER is not None and subprocess.run([DOCKER, "info"], capture_output=True, check=False)
        require(
            "image", bool(engine) and engine.returncode == 0, "no Docker engine, no MOCKSCRIBE_IMAGE_BUILD and _RUN"
        )
    with tempfile.TemporaryDirectory() as folder:
        probe, context = Path(folder) / "probe", Path(folder) / "context"
        probe.mkdir()
        (probe / "Dockerfile").write_text(PROBE)
        if _built(probe, f"{TAG}-probe").returncode == 0:
            context = ROOT
        else:
            context.mkdir()
            for name in (".dockerignore", "LICENSE", "README.md", "pyproject.toml"):
                shutil.copy(ROOT / name, context)
            shutil.copytree(ROOT / "mockscribe", context / "mockscribe", ignore=shutil.ignore_patterns("__pycache__"))
            text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
            (context / "Dockerfile").write_text(START_INTERVAL.sub("", text), encoding="utf-8")
        done = _built(context, TAG)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def _built(context: Path, tag: str) -> subprocess.CompletedProcess[str]:
    named = commands()
    command = [*named[0], str(context), tag] if named else ["docker", "build", "-t", tag, str(context)]
    return subprocess.run(
        command, cwd=context, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=BUILD_SECONDS,
    )  # fmt: skip


def command_line(*command: str, volumes: Sequence[str] = (), **variables: str) -> list[str]:
    """What runs `command` in the image; a volume is HOST:CONTAINER or HOST:CONTAINER:ro."""
    named = commands()
    options = [part for volume in volumes for part in ("-v", volume)]
    options += [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    if named:
        return [*named[1], *options, TAG, *command]
    entry = ["--entrypoint", command[0]] if command else []
    return ["docker", "run", "--rm", "--network", "host", "--read-only", *options, *entry, TAG, *command[1:]]


def run(*command: str, volumes: Sequence[str] = (), **variables: str) -> str:
    """The output of a command in the image."""
    done = subprocess.run(
        command_line(*command, volumes=volumes, **variables),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout


class Container:
    """The image's own command, running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.stdout, self.stderr = Lines(process.stdout), Lines(process.stderr)

    @property
    def port(self) -> int:
        return self._port("clear text")

    @property
    def control_port(self) -> int:
        return self._port("control API")

    def _port(self, text: str) -> int:
        found = re.search(r"http://\S+?:(\d+)", self.stdout.wait_for(text))
        assert found is not None
        return int(found[1])

    def terminate(self) -> None:
        """SIGTERM to the server, as an engine sends it.

        `docker run` passes it on. Another runner may just end what it runs (buildah kills it), so the server itself
        gets the signal.
        """
        os.kill(self.process.pid if commands() is None else _last_descendant(self.process.pid), signal.SIGTERM)

    def wait(self) -> int:
        """The server's exit code."""
        return self.process.wait(PATIENCE)


def _last_descendant(pid: int) -> int:
    """What a chain of processes leads to (Linux)."""
    children = {int(path.parent.name): path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()}
    parents = {int(told.rpartition(")")[2].split()[1]): child for child, told in children.items()}
    while pid in parents:
        pid = parents[pid]
    return pid


@contextlib.contextmanager
def container(*, volumes: Sequence[str] = (), **variables: str) -> Iterator[Container]:
    """The image's ENTRYPOINT and CMD on free ports, ready; ended with all that it started."""
    variables = {"MOCKSCRIBE_PORT": "0", "MOCKSCRIBE_CONTROL_PORT": "0"} | variables
    with subprocess.Popen(
        command_line(volumes=volumes, **variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        running = Container(process)
        try:
            running.stdout.wait_for("Ready.")
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def config() -> dict[str, Any]:
    """The image's configuration as its builder tells it: User, Labels, Entrypoint, Cmd, StopSignal…"""
    return _inspected()[0]


def layers() -> int:
    """How many layers the image has, those of its base included."""
    return _inspected()[1]


def _inspected() -> tuple[dict[str, Any], int]:
    """By the engine that has the image: Docker, or buildah's store where another command built it."""
    if commands() is None:
        (image,) = json.loads(subprocess.check_output(["docker", "image", "inspect", TAG]))
        return image["Config"], len(image["RootFS"]["Layers"])
    buildah = shutil.which("buildah")
    require("image", buildah is not None, "no buildah to inspect the image with")
    told = subprocess.check_output(
        ["buildah", "inspect", "--type", "image", TAG],
        env={"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot", **os.environ},
    )
    image = json.loads(told)["OCIv1"]
    return image["config"], len(image["rootfs"]["diff_ids"])
