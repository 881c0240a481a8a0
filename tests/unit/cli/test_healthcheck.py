"""`mockscribe healthcheck`, against a server in the process and against what is none."""

import json
import socket
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockscribe import Mockscribe
from mockscribe.cli.healthcheck import healthcheck


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(healthcheck, arguments, standalone_mode=False, env=environment)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_it_finds_the_server_by_its_endpoints_file(tmp_path: Path) -> None:
    with Mockscribe() as mock:
        (tmp_path / "mockscribe.json").write_text(json.dumps({"http": mock.http_url}), encoding="utf-8")
        found = run(XDG_RUNTIME_DIR=str(tmp_path))
    assert found.return_value == 0
    assert json.loads(found.stdout)["status"] == "running"


def test_it_reads_the_file_that_a_flag_or_a_variable_names(tmp_path: Path) -> None:
    path = tmp_path / "somewhere.json"
    with Mockscribe() as mock:
        path.write_text(json.dumps({"http": mock.http_url}), encoding="utf-8")
        told = run("--endpoints-file", str(path)), run(MOCKSCRIBE_ENDPOINTS_FILE=str(path))
    assert [found.return_value for found in told] == [0, 0]


@pytest.mark.parametrize("scheme", ["http", "https"])  # one port: clear text does for both
def test_it_asks_where_it_is_told(scheme: str) -> None:
    with Mockscribe() as mock:
        assert run("--url", f"{scheme}://localhost:{mock.port}").return_value == 0


def test_without_the_file_it_asks_at_the_usual_port(tmp_path: Path) -> None:
    with Mockscribe() as mock:
        found = run(XDG_RUNTIME_DIR=str(tmp_path), MOCKSCRIBE_PORT=str(mock.port))
    assert found.return_value == 0


def test_a_port_that_nobody_listens_on_is_not_healthy(free_port: int) -> None:
    found = run("--url", f"http://127.0.0.1:{free_port}")
    assert found.return_value == 1
    assert found.stderr.startswith(f"mockscribe: http://127.0.0.1:{free_port} does not answer: ")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy", b"SSH-2.0-x\r\n", b""])
def test_another_kind_of_server_is_not_healthy(answer: bytes) -> None:
    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        assert run("--url", f"http://127.0.0.1:{server.getsockname()[1]}").return_value == 1
        thread.join()


def test_a_server_that_says_nothing_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = run("--timeout", "0.05", "--url", f"http://127.0.0.1:{server.getsockname()[1]}")
    assert found.return_value == 1
    assert "timed out" in found.stderr


@pytest.mark.parametrize("url", ["localhost:8080", "", "http://", "http://localhost:eighty"])
def test_what_is_no_url_is_refused(url: str) -> None:
    found = run("--url", url)
    assert str(found.exception) == f"--url: {url!r} is no http://HOST:PORT"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = run("--endpoints-file", str(tmp_path / "none.json"))
    assert str(found.exception).startswith(f"{tmp_path / 'none.json'}: does not exist: no `mockscribe serve` runs")
