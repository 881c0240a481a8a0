"""The server on a loop of the test's own: what clients leave behind that go, and what those cost that do not read.

The requests are made by h2 and by hand; nothing here sleeps: the loop runs until the server has noticed.
"""

import asyncio
import contextlib
import datetime
import functools
import socket
import ssl
import struct
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import h2.config
import h2.connection
import pytest
import uvloop

from mockscribe.authority import Authority
from mockscribe.config import load
from mockscribe.errors import ConfigError, ScriptError
from mockscribe.mock import DEFAULT_ACCOUNT
from mockscribe.output import FolderWriter
from mockscribe.scenario.script import parse
from mockscribe.server import Server
from tests.clients import Http2Client, streaming_headers, trusting
from tests.wire import END_OF_SESSION, audio, configuration, new_session_id, request_headers, silence

LAST_CHUNK = b"\r\n0\r\n\r\n"
PATIENCE = 30


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@contextlib.asynccontextmanager
async def running(authority: Authority, scenario: str = "", **settings: object) -> AsyncIterator[Server]:
    config = load({"port": 0, "control_port": "off", "seed": 1, **settings}, {})
    server = Server(config, lambda: authority, scenarios=parse(scenario, "test.yaml") if scenario else ())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Run the loop until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)


async def nothing_is_left(server: Server) -> None:
    """The server notices that the clients are gone, and then holds nothing of them."""
    await until(lambda: not server.transports)
    assert all(account.live == set() for account in server.mock.accounts)
    assert all(session.stream is None for account in server.mock.accounts for session in account.sessions.values())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not server.mock.woken


# ---- loops that are not asyncio's


CUT_OFF_AFTER_ONE = """
scenario: cut off
steps:
  - fault: {tcp_reset: {}}
    after: 100ms
---
scenario: whole
times: 1
steps:
  - say: Hello.
    takes: 50ms
"""


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "TLS"])
def test_it_serves_on_uvloop(authority: Authority, secure: bool) -> None:
    """An application that installs uvloop gives it to its in-process mock; its transports are no asyncio.Transport."""
    faults: list[object] = []

    def visit(port: int) -> tuple[int, bool]:
        with Http2Client(port, trusting(authority.ca_file, "h2") if secure else None) as client:
            stream = client.open()
            client.send(stream, configuration(), audio(silence(0.1)), END_OF_SESSION, end=True)
            client.until(lambda: client.answers[stream].ended)
            broken = client.open(request_headers(session_id=new_session_id()))
            client.send(broken, configuration(), audio(silence(0.1)))
            client.until_closed()
            return client.answers[stream].status, client.answers[broken].ended

    async def main() -> None:
        async with running(authority, CUT_OFF_AFTER_ONE) as server:
            server.loop.set_exception_handler(lambda _, context: faults.append(context))
            assert await asyncio.to_thread(visit, server.port) == (200, False)
            await until(lambda: not server.transports)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert faults == []


# ---- clients that go


@functools.cache
def http2_request() -> bytes:
    """A whole streaming request as h2 sends it, before it has heard anything."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    client.initiate_connection()
    client.send_headers(1, request_headers())
    client.send_data(1, configuration())
    client.send_data(1, audio(silence(0.005)) + audio(silence(0.005)))
    client.send_data(1, END_OF_SESSION, end_stream=True)
    return client.data_to_send()


@functools.cache
def http1_request() -> bytes:
    """The same over HTTP/1.1, a chunk a message."""
    head = "".join(f"{name}: {value}\r\n" for name, value in [("host", "localhost"), *streaming_headers()])
    messages = (configuration(), audio(silence(0.005)), END_OF_SESSION)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in messages)
    return f"POST /medical-scribe-stream/ HTTP/1.1\r\n{head}\r\n".encode() + chunks + b"0\r\n\r\n"


REQUESTS = {"HTTP/2": http2_request, "HTTP/1.1": http1_request}


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("protocol", REQUESTS)
def test_a_client_that_leaves_at_any_byte_leaves_nothing_behind(
    authority: Authority, protocol: str, reset: bool
) -> None:
    request = REQUESTS[protocol]()
    faults: list[object] = []

    async def main() -> None:
        async with running(authority, second_stream="independent") as server:
            server.loop.set_exception_handler(lambda _, context: faults.append(context))
            for offset in range(len(request) + 1):
                client = socket.create_connection(("127.0.0.1", server.port))
                client.sendall(request[:offset])
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif offset % 2:
                    client.shutdown(socket.SHUT_WR)  # and then it closes the rest
                if offset % 16 == 0:
                    await asyncio.sleep(0)  # the server finds some still connected, some gone
                client.close()
                await asyncio.sleep(0)
            await nothing_is_left(server)
            kinds = [entry.kind.value for entry in server.mock.account(DEFAULT_ACCOUNT, 0).journal]
            assert kinds.count("request") > (0 if reset else len(request) // 2)

    asyncio.run(main())
    assert faults == []


def test_a_client_that_leaves_at_any_byte_inside_tls_leaves_nothing_behind(authority: Authority) -> None:
    request = http2_request()
    context = trusting(authority.ca_file, "h2")

    async def main() -> None:
        async with running(authority, second_stream="independent") as server:
            for offset in range(0, len(request) + 1, 13):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
                )
                writer.write(request[:offset])
                if offset % 2:
                    await reader.read(9)  # the head of the server's SETTINGS, unless that is still under way
                writer.transport.abort()
            await nothing_is_left(server)

    asyncio.run(main())


def client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_a_client_that_leaves_in_its_handshake_leaves_nothing_behind(authority: Authority) -> None:
    hello = client_hello()

    async def main() -> None:
        async with running(authority) as server:
            for offset in range(0, len(hello) + 1, 7):
                client = socket.create_connection(("127.0.0.1", server.port))
                client.sendall(hello[:offset])
                client.close()
                await asyncio.sleep(0)
            await nothing_is_left(server)

    asyncio.run(main())


# ---- clients that do not read


FLOOD = "scenario: flood\nsteps:\n  - {send: {checklistEvent: {text: %s}}, after: 1ms, repeat: forever}\n" % ("x" * 500)


def greedy_request(seconds: int) -> bytes:
    """A request that asks for half a megabyte a second of audio, of a client whose windows are as wide as they get."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    client.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = 2**31 - 1
    client.initiate_connection()
    client.increment_flow_control_window(2**31 - 1 - 65_535)
    client.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
    client.send_headers(1, request_headers(sample_rate="8000"))
    client.outbound_flow_control_window = client.streams[1].outbound_flow_control_window = 2**31 - 1
    client.max_outbound_frame_size = 16_384
    client.send_data(1, configuration())
    for _ in range(seconds):
        client.send_data(1, audio(silence(0.9, rate=8000)))
    return client.data_to_send()


@pytest.mark.parametrize("tls", [False, True], ids=["clear text", "TLS"])
def test_a_client_that_never_reads_costs_bounded_memory_and_delays_nobody(authority: Authority, tls: bool) -> None:
    """60 seconds of audio ask for 30 MB of answers; a test of memory, hence with a small journal."""
    request = greedy_request(60)
    context = trusting(authority.ca_file, "h2") if tls else None

    async def main() -> int:
        async with running(authority, FLOOD, journal_bytes=10_000) as server:
            _, writer = await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=context, server_hostname="localhost" if tls else None, limit=1
            )
            tracemalloc.start()
            try:
                writer.write(request)
                account = server.mock.account(DEFAULT_ACCOUNT, 0)
                (transport,) = server.transports.values()
                await until(lambda: transport._paused and bool(account.live))
                for _ in range(1000):  # nothing more happens, whatever the loop does
                    await asyncio.sleep(0)
                held = tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()
            assert transport._paused
            other, write = await asyncio.open_connection("127.0.0.1", server.port)
            write.write(b"GET /_mockscribe/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert (await other.read()).startswith(b"HTTP/1.1 200")
            write.close()
            writer.transport.abort()
            await nothing_is_left(server)
            return held

    held = asyncio.run(main())
    print(held, len(request))
    assert held < 3_000_000 + len(request)  # the client's own unsent bytes are in it


# ---- starts and ends


def test_a_port_that_is_taken_leaves_nothing_half_started(authority: Authority, tmp_path: Path) -> None:
    """The data folder is let go of: another server can have it."""

    async def main() -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(ConfigError, match="--port: cannot listen"),
        ):
            async with running(authority, port=taken.getsockname()[1], data=str(tmp_path)):
                pass
        async with running(authority, data=str(tmp_path)):
            pass
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_control_port_that_is_taken_closes_the_data_port_again(authority: Authority) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = Server(load({"port": 0, "control_port": taken.getsockname()[1]}, {}), lambda: authority)
            with pytest.raises(ConfigError, match="--control-port: cannot listen"):
                await server.start()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_broken_scenario_stops_the_start_before_it_listens(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("scenario: [", encoding="utf-8")

    async def main() -> None:
        server = Server(load({"port": 0, "scenario": (str(path),)}, {}), lambda: authority)
        with pytest.raises(ScriptError):
            await server.start()
        assert server.port == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        *((host, "localhost") for host in ("127.0.0.1", "0.0.0.0", "")),
        *((host, "[::1]") for host in ("::1", "::")),
        *(("10.1.2.3", "10.1.2.3"), ("fd00::7", "[fd00::7]"), ("mock.test", "mock.test")),
    ],
)
def test_the_endpoints_name_the_machine_as_clients_do(authority: Authority, host: str, name: str) -> None:
    async def main() -> dict[str, object]:
        return Server(load({"host": host}, {}), lambda: authority).endpoints()

    told = asyncio.run(main())
    assert (told["http"], told["https"]) == (f"http://{name}:0", f"https://{name}:0")
    assert told["ca"] == str(authority.ca_file)


def test_an_ipv6_address_is_listened_on(authority: Authority) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET6)) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")

    async def main() -> bytes:
        async with running(authority, host="::1") as server:
            reader, writer = await asyncio.open_connection("::1", server.port)
            writer.write(b"GET /_mockscribe/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(main()).startswith(b"HTTP/1.1 200")


def test_a_stop_waits_for_a_slow_disk_no_longer_than_its_grace(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be written is not settled, so that a next process writes it."""
    monkeypatch.setattr("mockscribe.server.LAST_WRITES_SECONDS", 0.0)
    goes_on = threading.Event()
    monkeypatch.setattr(FolderWriter, "write", lambda *_: goes_on.wait(PATIENCE))

    async def main() -> Server:
        try:
            async with running(authority, output_dir=str(tmp_path)) as server:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(http1_request())
                await reader.readuntil(LAST_CHUNK)
                writer.close()
                await server.stop(grace_seconds=0)
                return server
        finally:
            goes_on.set()

    (account,) = asyncio.run(main()).mock.accounts
    assert len(account.store.unsettled()) == 3
    assert "3 documents could not be written" in caplog.text


def test_a_stop_waits_for_a_stream_and_no_longer(authority: Authority) -> None:
    async def main() -> tuple[bytes, datetime.timedelta]:
        async with running(authority) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            request = http1_request()
            writer.write(request[:-5])  # all but the last chunk
            await reader.readuntil(b"\r\n\r\n")
            began = server.loop.time()
            stopping = asyncio.create_task(server.stop(grace_seconds=3600))
            await asyncio.sleep(0)
            assert not stopping.done()
            writer.write(request[-5:])
            answer = await reader.read()
            await stopping
            writer.close()
            return answer, datetime.timedelta(seconds=server.loop.time() - began)

    answer, took = asyncio.run(main())
    assert answer.endswith(b"0\r\n\r\n")
    assert took < datetime.timedelta(minutes=1)
