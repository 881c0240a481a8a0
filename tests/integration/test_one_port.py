"""One port for everything, as clients see it that are not ours: curl, httpx, h2 and bare sockets."""

import json
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hyperframe.frame import GoAwayFrame

from mockscribe import Mockscribe
from tests.clients import HEALTH, Http1Client, Http2Client, connect, get, request_headers, trusting
from tests.requirements import require
from tests.wire import EMPTY_FRAME, END_OF_SESSION, audio, configuration, envelope, new_session_id, silence

CHATTY = """
scenario: chatty
match: {languageCode: multi}
steps:
  - send: {checklistEvent: {text: more of the same}}
    after: 1ms
    repeat: forever
---
scenario: short
match: {languageCode: en-US}
steps:
  - {say: Hello., at: 100ms, takes: 100ms, partials: none}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca")


@pytest.fixture
def mock(folder: Path) -> Iterator[Mockscribe]:
    with Mockscribe(ca_folder=folder, scenarios=[CHATTY], tls_name=("mock.test",)) as mock:
        yield mock


# ---- whole clients


@pytest.fixture(scope="module")
def curl() -> str:
    found = shutil.which("curl")
    require("curl", found is not None, "no curl on the PATH")
    return str(found)


@pytest.mark.parametrize(
    ("scheme", "flags", "version"),
    [
        ("http", ["--http1.1"], "1.1"),
        ("http", ["--http1.0"], "1.1"),
        ("http", ["--http2"], "1.1"),  # Upgrade: h2c is not taken up
        ("http", ["--http2-prior-knowledge"], "2"),
        ("https", ["--http1.1"], "1.1"),
        ("https", ["--http2"], "2"),
        ("https", ["--no-alpn", "--http1.1"], "1.1"),
        ("https", ["--tls-max", "1.2", "--http2"], "2"),
    ],
)
def test_curl_is_answered_in_every_protocol(
    curl: str, mock: Mockscribe, scheme: str, flags: list[str], version: str
) -> None:
    done = subprocess.run(
        [
            *(curl, "--silent", "--show-error", "--cacert", str(mock.ca_file), *flags),
            *("--write-out", "\n%{http_code} %{http_version}", f"{scheme}://localhost:{mock.port}{HEALTH}"),
        ],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.stderr == ""
    body, _, told = done.stdout.rpartition("\n")
    assert json.loads(body)["status"] == "running"
    assert told == f"200 {version}"


@pytest.mark.parametrize("name", ["streaming.localhost", "mock.test", "runtime.mock.test", "container", "127.0.0.1"])
def test_curl_accepts_the_certificate_by_name(curl: str, mock: Mockscribe, name: str) -> None:
    done = subprocess.run(
        [
            *(curl, "--silent", "--show-error", "--cacert", str(mock.ca_file)),
            *("--resolve", f"{name}:{mock.port}:127.0.0.1", f"https://{name}:{mock.port}/_mockscribe/ca.pem"),
        ],
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.stderr == b""
    assert done.stdout == mock.ca_file.read_bytes()


@pytest.mark.parametrize(
    ("scheme", "http1", "http2", "version"),
    [
        ("http", True, False, "HTTP/1.1"),
        ("http", False, True, "HTTP/2"),
        ("https", True, False, "HTTP/1.1"),
        ("https", True, True, "HTTP/2"),
    ],
)
def test_httpx_is_answered(mock: Mockscribe, scheme: str, http1: bool, http2: bool, version: str) -> None:
    url = mock.http_url if scheme == "http" else mock.https_url
    context = ssl.create_default_context(cafile=mock.ca_file)
    with httpx.Client(http1=http1, http2=http2, verify=context, trust_env=False) as client:
        for _ in range(2):  # the second on the same connection
            answer = client.get(f"{url}/_localstack/health")
            assert (answer.status_code, answer.http_version) == (200, version)
            assert answer.json()["services"] == {"health-agent": "running"}
        assert client.head(f"{url}{HEALTH}").content == b""


# ---- protocols inside TLS


@pytest.mark.parametrize("alpn", [("h2", "http/1.1"), ("h2",), ()], ids=["both", "h2", "no ALPN"])
def test_http_2_inside_tls_is_told_by_alpn_or_by_its_preface(mock: Mockscribe, alpn: tuple[str, ...]) -> None:
    with Http2Client(mock.port, trusting(mock.ca_file, *alpn)) as client:
        assert client.get().status == 200


@pytest.mark.parametrize("alpn", [("http/1.1",), (), ("spdy/3",)], ids=["http/1.1", "no ALPN", "another"])
def test_http_1_inside_tls_is_told_by_alpn_or_by_its_first_line(mock: Mockscribe, alpn: tuple[str, ...]) -> None:
    assert get(mock.port, trusting(mock.ca_file, *alpn)).status == 200


def test_what_comes_byte_by_byte_is_told_apart_all_the_same(mock: Mockscribe) -> None:
    request = f"GET {HEALTH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()
    for context in (None, trusting(mock.ca_file)):
        with connect(mock.port, context) as client:
            for at in range(len(request)):
                client.sendall(request[at : at + 1])
            assert client.recv(100).startswith(b"HTTP/1.1 200")
    with Http2Client(mock.port) as late:
        assert late.get().status == 200
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")  # and empty SETTINGS
    with connect(mock.port) as client:
        for at in range(len(preface)):
            client.sendall(preface[at : at + 1])
        assert client.recv(9)[3] == 4  # SETTINGS: RFC 9113, 6.5


def test_an_upgrade_to_h2c_is_answered_in_http_1(mock: Mockscribe) -> None:
    with Http1Client(mock.port) as client:
        upgrade = [
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
        ]
        client.request("GET", HEALTH, upgrade, end=True)
        client.until(lambda: client.answer.ended)
        assert (client.answer.status, client.answer.headers["http_version"]) == (200, "1.1")


def test_connections_of_all_kinds_at_once_are_served(mock: Mockscribe) -> None:
    clients = [Http2Client(mock.port), Http2Client(mock.port, trusting(mock.ca_file, "h2"))]
    try:
        streams = [client.open(request_headers(session_id=new_session_id())) for client in clients]
        assert get(mock.port).status == get(mock.port, trusting(mock.ca_file)).status == 200
        for client, stream in zip(clients, streams, strict=True):
            client.send(stream, *map(envelope, (configuration(), audio(silence(0.5)))))
        for client, stream in zip(clients, streams, strict=True):
            answer = client.answers[stream]
            client.until(lambda answer=answer: bool(answer.finals))
            assert not answer.ended
    finally:
        for client in clients:
            client.socket.close()


# ---- streams beside each other


def test_a_stalled_stream_delays_no_other_and_gets_no_more_than_its_window(mock: Mockscribe) -> None:
    window = 1000
    with Http2Client(mock.port, window=window) as client:
        stalled = client.open(request_headers(session_id=new_session_id(), language_code="multi"))
        client.stalled.add(stalled)
        client.send(stalled, *map(envelope, (configuration(), *[audio(silence(0.5))] * 20)))
        client.until(lambda: len(client.answers[stalled].body) == window)
        other = client.open(request_headers(session_id=new_session_id()))
        answer = client.answers[other]
        client.send(other, *map(envelope, (configuration(), audio(silence(0.5)))))
        client.until(lambda: bool(answer.finals))
        client.send(other, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        client.until(lambda: answer.ended)
        assert client.get().status == 200
        assert len(client.answers[stalled].body) == window
        client.stalled.clear()  # and now it reads
        client.h2.increment_flow_control_window(1_000_000, stalled)
        client.h2.increment_flow_control_window(1_000_000)
        client.send(stalled, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        client.until(lambda: client.answers[stalled].ended)
        assert len(client.answers[stalled].events) == 10_000  # one each millisecond of ten seconds of audio


def test_a_clients_early_goaway_leaves_its_open_stream_running(mock: Mockscribe) -> None:
    """What the JavaScript SDK does as soon as the response headers are there (facts 11a)."""
    with Http2Client(mock.port) as client:
        stream = client.open()
        answer = client.answers[stream]
        client.send(stream, envelope(configuration()))
        client.until(lambda: answer.status == 200)
        client.socket.sendall(GoAwayFrame(0, last_stream_id=0, error_code=0).serialize())
        client.send(stream, envelope(audio(silence(0.5))))
        client.until(lambda: bool(answer.finals))
        client.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        client.until(lambda: answer.ended)
        assert answer.finals == ["Hello."]
    assert mock.sessions.one().status == "COMPLETED"
    assert [entry for entry in mock.journal if entry["kind"] == "violation"] == []


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_a_client_that_is_cut_off_ends_its_stream(mock: Mockscribe, tls: bool) -> None:
    with Http2Client(mock.port, trusting(mock.ca_file, "h2") if tls else None) as client:
        stream = client.open()
        client.send(stream, envelope(configuration()))
        client.until(lambda: client.answers[stream].status == 200)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by a reset
    (ended,) = mock.wait_for("stream_ended")
    assert mock.sessions.one().status == "PAUSED"
    assert ended["session"] == mock.sessions.one().id
