"""TLS as openssl's own client sees it: protocols, versions, names, and what it says when something is wrong."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockscribe import Mockscribe
from tests.clients import HEALTH
from tests.requirements import require

REQUEST = f"GET {HEALTH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mockscribe]:
    with Mockscribe(ca_folder=tmp_path_factory.mktemp("ca")) as mock:
        yield mock


def s_client(mock: Mockscribe, *flags: str, text: bytes = REQUEST) -> subprocess.CompletedProcess[bytes]:
    found = shutil.which("openssl")
    require("openssl", found is not None, "no openssl on the PATH")
    command = [str(found), "s_client", "-connect", f"127.0.0.1:{mock.port}", "-CAfile", str(mock.ca_file), "-ign_eof"]
    return subprocess.run([*command, *flags], input=text, capture_output=True, check=False, timeout=30)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["-alpn", "http/1.1"], "ALPN protocol: http/1.1"),
        (["-alpn", "h3,http/1.1"], "ALPN protocol: http/1.1"),
        ([], "No ALPN negotiated"),
    ],
)
def test_http_1_is_answered(mock: Mockscribe, version: str, offered: list[str], chosen: str) -> None:
    done = s_client(mock, version, *offered, "-servername", "streaming.localhost", "-verify_hostname", "localhost")
    output = done.stdout.decode()
    assert done.returncode == 0
    assert chosen in output
    assert "Verify return code: 0 (ok)" in output
    body = next(line for line in output.splitlines() if line.startswith("{"))
    assert json.loads(body[: body.index("}}") + 2])["status"] == "running"


def test_h2_is_chosen_where_it_is_offered(mock: Mockscribe) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    too_large = b"\xff" * 9  # the head of a frame of 16 MiB, which ends the connection
    done = s_client(mock, "-alpn", "http/1.1,h2", text=preface + too_large)
    assert b"ALPN protocol: h2" in done.stdout
    assert bytes.fromhex("00000006") in done.stdout  # FRAME_SIZE_ERROR, in its GOAWAY


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_versions_before_http_2_allows_are_refused(mock: Mockscribe, version: str) -> None:
    done = s_client(mock, version, "-cipher", "ALL:@SECLEVEL=0")
    assert done.returncode != 0
    assert b"alert protocol version" in done.stderr or b"no protocols available" in done.stderr


@pytest.mark.parametrize(
    ("flags", "verdict"),
    [
        (["-servername", "localhost", "-verify_hostname", "runtime.localhost"], "0 (ok)"),
        (["-servername", "container", "-verify_hostname", "streaming.container"], "0 (ok)"),
        (["-noservername", "-verify_ip", "127.0.0.1"], "0 (ok)"),
        (["-noservername", "-verify_hostname", "streaming.localhost"], "0 (ok)"),
        (["-servername", "example.com", "-verify_hostname", "example.com"], "62 (hostname mismatch)"),
    ],
)
def test_the_certificate_is_for_the_name_asked_for(mock: Mockscribe, flags: list[str], verdict: str) -> None:
    assert f"Verify return code: {verdict}" in s_client(mock, *flags).stdout.decode()


def test_a_session_is_resumed(mock: Mockscribe, tmp_path: Path) -> None:
    ticket = str(tmp_path / "ticket.pem")
    assert b"New, TLSv1.2" in s_client(mock, "-tls1_2", "-sess_out", ticket).stdout
    assert b"Reused, TLSv1.2" in s_client(mock, "-tls1_2", "-sess_in", ticket).stdout
