"""MockscribeContainer: on the image where there is a Docker engine, else with a stand-in for the engine.

The stand-in runs what the container asks for as a process: the image's own command with the container's environment,
its volumes where they are on the host. What it proves is the start command, the wait strategy and the addresses.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import testcontainers.core.container as library
from testcontainers.core.config import ConnectionMode

from mockscribe import VerificationError
from mockscribe.testcontainers import MockscribeContainer
from tests import image
from tests.clients import get, trusting
from tests.integration.test_readme import block
from tests.serving import Lines
from tests.visits import visit

VISIT = "scenario: visit\nsteps:\n  - {say: Hi., at: 200ms, takes: 100ms}\n"
DOCKERFILE = (image.ROOT / "Dockerfile").read_text(encoding="utf-8")


class Process:
    """A container, as `docker.models.containers.Container` shows one."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.command, self.environment, self.folder = command, environment, folder
        self.id = self.short_id = "stand-in"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.command], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)

    def logs(self, stdout: bool = True, stderr: bool = True) -> bytes:
        return "".join(f"{line}\n" for line in self.out.all * stdout + self.err.all * stderr).encode()

    def reload(self) -> None: ...

    @property
    def status(self) -> str:
        assert self.process is not None
        return "running" if self.process.poll() is None else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        return {"State": {"Status": self.status}}

    def remove(self, **_: Any) -> None:
        assert self.process is not None
        with self.process:
            self.process.send_signal(signal.SIGKILL)
            self.out.rest()
            self.err.rest()

    def port(self, number: int) -> int:
        """The one that is there for the container's: all were told to be free ones."""
        text = "clear text" if number == 8080 else "control API"
        found = re.search(r"http://\S+?:(\d+)", self.out.wait_for(text))
        assert found is not None
        return int(found[1])


class Engine:
    """Docker, as testcontainers' client of it shows it."""

    folder: Path

    def __init__(self, **_: Any) -> None:
        self.client = SimpleNamespace(close=lambda: None)

    def create(
        self, image: str, command: list[str] | None, environment: dict[str, str], volumes: dict[str, dict[str, str]],
        **_: Any,
    ) -> Process:  # fmt: skip
        free = {"MOCKSCRIBE_PORT": "0", "MOCKSCRIBE_CONTROL_PORT": "0"}
        assert free.keys() <= environment.keys()
        told = dict(environment)
        for host, mount in volumes.items():
            told = {name: value.replace(mount["bind"], host) for name, value in told.items()}
        entry, default = (re.search(rf"^{name} (\[.*\])$", DOCKERFILE, re.MULTILINE) for name in ("ENTRYPOINT", "CMD"))
        assert entry is not None
        assert default is not None
        words = [*json.loads(entry[1]), *(command or json.loads(default[1]))]
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)}
        self.container = Process(words, {"PATH": os.environ["PATH"], **home, **told, **free}, self.folder)
        return self.container

    def start(self, container: Process) -> None:
        container.start()

    def port(self, _: str, number: int) -> int:
        return self.container.port(number)

    def host(self) -> str:
        return "localhost"

    def get_connection_mode(self) -> ConnectionMode:
        return ConnectionMode.docker_host


@pytest.fixture
def tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The image to run."""
    docker = shutil.which("docker")
    if docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        image.build()
        return image.TAG
    monkeypatch.setattr(library, "DockerClient", Engine)
    monkeypatch.setattr(library.c, "ryuk_disabled", True)
    monkeypatch.setattr(Engine, "folder", tmp_path, raising=False)
    return "mockscribe"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "visit.yaml"
    path.write_text(VISIT, encoding="utf-8")
    return path


@pytest.fixture
def container(tag: str, scenario: Path) -> Iterator[MockscribeContainer]:
    with MockscribeContainer(tag).with_scenarios(scenario).with_env("MOCKSCRIBE_SEED", "7") as container:
        yield container


def test_started_it_answers_at_once_over_both(container: MockscribeContainer) -> None:
    with container.mock() as mock:
        for url, context in ((mock.http_url, None), (mock.https_url, trusting(mock.ca_file))):
            assert url in (container.get_endpoint_url("http"), container.get_endpoint_url())
            assert get(int(url.rpartition(":")[2]), context).status == 200


def test_its_scenarios_are_played_and_verified(container: MockscribeContainer) -> None:
    with container.mock() as mock:
        with pytest.raises(VerificationError, match="visit"):
            mock.verify(every_scenario=True)
        visit(mock)
        mock.verify(every_scenario=True)
        assert mock.sessions.one().status == "COMPLETED"


def test_the_readmes_lines_stream_and_verify(tag: str, scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scenario.parent)
    urls: list[str] = []

    def your_client(url: str, *, ca: Path) -> None:
        assert get(int(url.rpartition(":")[2]), trusting(ca)).status == 200
        urls.append(url)
        visit(names["mock"])

    program = block("<!-- testcontainers -->", "python").replace('("mockscribe")', f"({tag!r})")
    names: dict[str, Any] = {"your_client": your_client}
    exec(compile(program, "README.md", "exec"), names)
    assert len(urls) == 1


def test_an_account_of_its_own_sees_its_own_sessions(container: MockscribeContainer) -> None:
    with container.mock() as all_others, container.mock("111122223333") as mock:
        visit(mock)
        assert len(mock.sessions) == 1
        assert len(all_others.sessions) == 0


def test_what_ends_before_it_is_ready_is_told_at_once(tag: str, scenario: Path) -> None:
    scenario.write_text("scenario: visit\nsteps: [{sey: Hi.}]\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="exited"), MockscribeContainer(tag).with_scenarios(scenario):
        pass


def test_several_scenarios_and_settings_add_up(tag: str, tmp_path: Path) -> None:
    container = MockscribeContainer(tag, 9090, 9091).with_scenarios(tmp_path, tmp_path.parent).with_scenarios(__file__)
    places = container.env["MOCKSCRIBE_SCENARIO"].split(",")
    assert places == [mount["bind"] for mount in container.volumes.values()]
    assert [place.rpartition("/")[2] for place in places] == [tmp_path.name, tmp_path.parent.name, Path(__file__).name]
    assert list(container.ports) == ["9090", "9091"]
    assert (container.env["MOCKSCRIBE_PORT"], container.env["MOCKSCRIBE_CONTROL_PORT"]) == ("9090", "9091")


def test_an_engine_elsewhere_is_a_name_for_its_certificates(
    tag: str, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = MockscribeContainer(tag).with_env("MOCKSCRIBE_TLS_NAME", "mock.example")
    monkeypatch.setattr(container.get_docker_client(), "host", lambda: "172.17.0.1")
    container._configure()
    assert container.env["MOCKSCRIBE_TLS_NAME"] == "mock.example,172.17.0.1"
