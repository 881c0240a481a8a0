"""The blocking face: on a socket pair with time in the test's hand, and over real loopback sockets and TLS."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h2.errors
import pytest

from mockscribe.client import blocking, link
from mockscribe.client.blocking import Call, listen
from mockscribe.client.core import ClientStream, EventReceived, Parameters, ResponseStarted
from mockscribe.client.endpoint import parse_endpoint
from mockscribe.errors import ConfigError, ServerError
from mockscribe.wire.sigv4 import Credentials
from tests import far_end as far_end_module
from tests.far_end import FarEnd, exception, listening, server_context, transcript

CREDENTIALS = Credentials("test", "test")
PARAMETERS = Parameters(
    session_id="0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    domain_id="hai-0123456789abcdef",
    subscription_id="sub-0123456789abcdefghijk",
)
CONFIGURATION = {"postStreamActionSettings": {"outputS3Uri": "s3://bucket"}}
EPOCH = 1_790_000_000.0


class World:
    """A socket pair, the far end behind it, and a clock that moves only when the client would wait.

    Stands for the modules `time` and `selectors`.
    """

    def __init__(self, far_end: FarEnd) -> None:
        self.near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.far_end = far_end
        self.elapsed = 0.0
        self._selector = selectors.DefaultSelector()
        self.register, self.modify, self.get_key = (
            self._selector.register,
            self._selector.modify,
            self._selector.get_key,
        )

    def monotonic(self) -> float:
        return 50.0 + self.elapsed

    def time(self) -> float:
        return EPOCH + self.elapsed

    def select(self, timeout: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.far.fileno() >= 0 and (data := self.far.recv(65_536)):
                self.far_end.receive(data)
        if (out := self.far_end.data_to_send()) and self.far.fileno() >= 0:
            self.far.sendall(out)
        if not self._selector.select(0):
            self.elapsed += timeout

    def close(self) -> None:
        self._selector.close()

    def call(self, *, timeout_seconds: float = 60.0) -> Call:
        endpoint = parse_endpoint("http://localhost:8080")
        stream = ClientStream(endpoint, PARAMETERS, credentials=CREDENTIALS, region="us-east-1", now=self.time())
        return Call(self.near, stream, timeout_seconds=timeout_seconds)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(FarEnd(answering_audio))
    monkeypatch.setattr(blocking, "time", world)
    modules = SimpleNamespace(DefaultSelector=lambda: world, EVENT_READ=1, EVENT_WRITE=2)
    monkeypatch.setattr(link, "selectors", modules)
    monkeypatch.setattr(link, "LINGER_SECONDS", 0)  # it is no thread that could answer meanwhile
    yield world
    world.close()
    world.near.close()
    world.far.close()


def answering_audio(far_end: FarEnd) -> None:
    """200 to the head, a segment for every audio event, and the end after the empty frame."""
    if not far_end.headers or far_end.terminated:
        return
    heard: int = getattr(far_end, "heard", -1)
    if heard < 0:
        far_end.respond()
        heard = 0
    audio = [member for member in far_end.members if "udio" in member]
    for number in range(heard, len(audio)):
        far_end.say(transcript(f"chunk {number}", number, number + 1))
    far_end.heard = len(audio)  # type: ignore[attr-defined]
    if far_end.ended:
        far_end.end()


def contents(observed: list[Any]) -> list[str]:
    return [each.value["transcriptSegment"]["content"] for each in observed if isinstance(each, EventReceived)]


def tenths(count: int) -> list[tuple[bytes, float]]:
    return [(bytes([number]) * 100, 0.1) for number in range(count)]


# ---- on a clock of the test's own


@pytest.mark.parametrize(("pace", "milliseconds"), [(1.0, 100), (4.0, 25), (None, 0)])
def test_a_chunk_leaves_when_a_microphone_would_have_it(world: World, pace: float | None, milliseconds: int) -> None:
    with world.call() as call:
        observed = list(call.run(CONFIGURATION, tenths(4), pace=pace))
    assert isinstance(observed[0], ResponseStarted)
    assert contents(observed) == ["chunk 0", "chunk 1", "chunk 2", "chunk 3"]
    assert world.far_end.members == ["configurationEvent", *["binaryAudioEvent"] * 4, "sessionControlEvent", ""]
    begin = round(EPOCH * 1000)
    assert [date - begin for date in world.far_end.dates] == [
        round(each * milliseconds) for each in (0, 1, 2, 3, 4, 4, 4)
    ]


def test_events_are_yielded_while_audio_is_still_to_come(world: World) -> None:
    order: list[str] = []

    def chunks() -> Iterator[tuple[bytes, float]]:
        for chunk in tenths(3):
            order.append("drawn")
            yield chunk

    with world.call() as call:
        for observed in call.run(CONFIGURATION, chunks()):
            order += contents([observed])
    assert order == ["drawn", "drawn", "chunk 0", "drawn", "chunk 1", "chunk 2"]


def test_a_consumer_that_is_late_makes_the_next_chunks_follow_at_once(world: World) -> None:
    with world.call() as call:
        for observed in call.run(CONFIGURATION, tenths(4)):
            if contents([observed]) == ["chunk 0"]:
                world.elapsed += 0.25
    begin = round(EPOCH * 1000)
    assert [date - begin for date in world.far_end.dates[1:5]] == [100, 350, 350, 400]


def test_base64_and_a_pause_are_asked_for_by_flags(world: World) -> None:
    with world.call() as call:
        list(call.run(CONFIGURATION, tenths(1), binary=False, end_session=False))
    assert world.far_end.members == ["configurationEvent", "audioEvent", ""]


def test_a_server_that_takes_no_data_is_given_up_after_the_timeout(world: World) -> None:
    world.far_end = FarEnd(window=300)  # enough for the configuration
    with (
        world.call(timeout_seconds=7) as call,
        pytest.raises(ServerError, match=r"^The server took no data for 7 s\.$"),
    ):
        list(call.run(CONFIGURATION, tenths(1)))
    assert world.elapsed == pytest.approx(7.1)  # since the last byte moved


def test_a_server_that_never_ends_is_given_up_after_the_timeout(world: World) -> None:
    world.far_end = FarEnd()
    with world.call(timeout_seconds=7) as call, pytest.raises(ServerError, match=r"said nothing for 7 s after the end"):
        list(call.run(CONFIGURATION, tenths(2)))
    assert world.elapsed == pytest.approx(7.2)


def test_a_pause_between_chunks_is_not_the_servers_silence(world: World) -> None:
    with world.call(timeout_seconds=7) as call:
        list(call.run(CONFIGURATION, [(b"long", 100.0)]))
    assert world.elapsed == pytest.approx(100)


def test_the_consumers_own_time_is_not_the_servers_silence(world: World) -> None:
    def react(far_end: FarEnd) -> None:
        if far_end.ended and not far_end.terminated:
            far_end.respond()
            far_end.say(transcript("the last", 0, 1))

    world.far_end = FarEnd(react)
    observed = []
    with world.call(timeout_seconds=7) as call:
        for each in call.run(CONFIGURATION, tenths(1)):
            observed.append(each)
            if contents([each]):
                world.elapsed += 100  # a slow consumer; the end comes after it
                world.far_end.end()
    assert contents(observed) == ["the last"]


def exhausted(far_end: FarEnd) -> bool:
    """Whether the client has used up the window of its stream."""
    return bool(far_end.headers) and not far_end.ended and far_end.h2.remote_flow_control_window(1) == 0


def test_back_pressure_holds_the_next_chunk_back_until_the_window_opens(world: World) -> None:
    """Each time the window opens a segment was said before, so the client has to read in order to go on writing."""
    drawn: list[int] = []

    def react(far_end: FarEnd) -> None:
        if far_end.headers and not vars(far_end).setdefault("responded", False):
            far_end.responded = True  # type: ignore[attr-defined]
            far_end.respond()
        if exhausted(far_end):
            far_end.say(transcript(f"{len(far_end.events)} events", 0, 1))
            far_end.h2.increment_flow_control_window(500, 1)
        if far_end.ended and not far_end.terminated:
            far_end.end()

    def chunks() -> Iterator[tuple[bytes, float]]:
        for number in range(4):
            drawn.append(len(world.far_end.events))
            yield bytes([number]) * 5000, 0.0

    world.far_end = FarEnd(react, window=500)
    with world.call() as call:
        observed = list(call.run(CONFIGURATION, chunks(), pace=None))
    assert len(contents(observed)) > 4 * 5000 // 500
    assert world.far_end.audio == b"".join(bytes([number]) * 5000 for number in range(4))
    assert world.elapsed == 0  # it never waits for what has come already
    assert drawn == [0, 0, 1, 2]  # events received when a chunk was drawn: one chunk waits here, and no more


def test_a_window_that_opens_once_for_all_lets_the_call_go_on_at_once(world: World) -> None:
    """The server says no further word that could wake the client."""

    def react(far_end: FarEnd) -> None:
        if exhausted(far_end):
            far_end.h2.increment_flow_control_window(10_000, 1)
        if far_end.ended and not far_end.terminated:
            far_end.respond()
            far_end.end()

    world.far_end = FarEnd(react, window=300)  # the configuration and a part of the first chunk
    with world.call() as call:
        list(call.run(CONFIGURATION, [(bytes(1000), 0.1)] * 4, pace=None))
    assert len(world.far_end.audio) == 4000
    assert world.elapsed == 0


@pytest.mark.parametrize("what", ["exception", "refusal", "cut", "gone"])
def test_what_ends_a_call_is_raised(world: World, what: str) -> None:
    def react(far_end: FarEnd) -> None:
        if far_end.headers and not far_end.reset and "done" not in vars(far_end):
            far_end.done = True  # type: ignore[attr-defined]
            match what:
                case "exception":
                    far_end.respond()
                    far_end.say(exception("validationException", "Enough."), end=True)
                case "refusal":
                    far_end.respond(400, x_amzn_errortype="ValidationException")
                    far_end.say(b'{"message":"Bad id."}', end=True)
                case "cut":
                    world.far.shutdown(socket.SHUT_WR)
                    far_end.data_to_send()
                case "gone":
                    world.far.close()

    world.far_end = FarEnd(react)
    with world.call() as call, pytest.raises(ServerError) as raised:
        list(call.run(CONFIGURATION, tenths(50)))
    assert {
        "exception": ("validationException: Enough.", "validationException", 200),
        "refusal": ("ValidationException: Bad id.", "ValidationException", 400),
        "cut": ("The server closed the connection without an answer; it may not speak HTTP/2.", "", 0),
        "gone": ("The server closed the connection without an answer; it may not speak HTTP/2.", "", 0),
    }[what] == (str(raised.value), raised.value.shape, raised.value.status)
    assert world.elapsed < 5  # it did not wait for the rest of the audio


def test_a_connection_that_is_gone_already_is_told_as_what_it_is(world: World) -> None:
    world.far.close()
    with world.call() as call, pytest.raises(ServerError, match="closed the connection without an answer"):
        list(call.run(CONFIGURATION, tenths(1)))


def test_a_connection_that_takes_little_at_a_time_gets_everything(world: World) -> None:
    world.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    chunks = [(bytes([number]) * 30_000, 0.1) for number in range(5)]
    with world.call() as call:
        list(call.run(CONFIGURATION, chunks, pace=None))
    assert world.far_end.audio == b"".join(data for data, _ in chunks)


def test_leaving_early_tells_the_server(world: World) -> None:
    with world.call() as call:
        for observed in call.run(CONFIGURATION, tenths(50)):
            if contents([observed]):
                break
    world.far_end.receive(world.far.recv(65_536))
    assert world.far_end.reset == h2.errors.ErrorCodes.CANCEL
    assert world.far_end.terminated
    call.close()  # a second time is nothing


def test_an_error_of_the_consumer_ends_the_call_too(world: World) -> None:
    def chunks() -> Iterator[tuple[bytes, float]]:
        yield from tenths(1)
        raise OSError("the microphone was unplugged")

    with pytest.raises(OSError, match="unplugged"), world.call() as call:
        list(call.run(CONFIGURATION, chunks()))
    assert world.near.fileno() < 0
    world.far_end.receive(world.far.recv(65_536))
    assert world.far_end.reset == h2.errors.ErrorCodes.CANCEL


# ---- over real sockets


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return far_end_module.certificate(tmp_path_factory.mktemp("tls"))


def connect(port: int, *, scheme: str = "https", ca_file: Path | None = None, **settings: float) -> Call:
    url = f"{scheme}://127.0.0.1:{port}"
    ca_files = [ca_file] if ca_file else []
    return listen(url, PARAMETERS, credentials=CREDENTIALS, ca_files=ca_files, **settings)


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that reads something, says this and no more; yields its port."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_call_runs_to_its_end_over_a_real_connection(scheme: str, certificate: Path) -> None:
    far_end = FarEnd(answering_audio)
    context = server_context(certificate, "h2") if scheme == "https" else None
    chunks = [(bytes([number]) * 30_000, 1.0) for number in range(12)]  # more than every window at its start
    with listening(far_end, context) as port, connect(port, scheme=scheme, ca_file=certificate) as call:
        observed = list(call.run(CONFIGURATION, chunks, pace=None))
    assert far_end.headers[":authority"] == f"127.0.0.1:{port}"
    assert contents(observed) == [f"chunk {number}" for number in range(12)]
    assert far_end.audio == b"".join(data for data, _ in chunks)
    assert far_end.members[-2:] == ["sessionControlEvent", ""]
    assert far_end.reset is None
    assert far_end.terminated


def test_a_refusal_over_tls_is_raised_with_its_shape(certificate: Path) -> None:
    def react(far_end: FarEnd) -> None:
        if far_end.headers and not vars(far_end).setdefault("done", False):
            far_end.done = True  # type: ignore[attr-defined]
            far_end.respond(400, x_amzn_errortype="ValidationException")
            far_end.say(b'{"message":"Bad id."}', end=True)

    with (
        listening(FarEnd(react), server_context(certificate, "h2")) as port,
        connect(port, ca_file=certificate) as call,
        pytest.raises(ServerError, match=r"^ValidationException: Bad id\.$"),
    ):
        list(call.run(CONFIGURATION, tenths(3)))


def test_a_certificate_that_is_not_trusted_is_told_with_the_cure(certificate: Path) -> None:
    with (
        listening(FarEnd(), server_context(certificate, "h2")) as port,
        pytest.raises(ServerError, match=r"127\.0\.0\.1:\d+ is not trusted: .*--ca-bundle \"\$\(mockscribe ca\)\""),
    ):
        connect(port)


def test_a_server_that_offers_only_http_1_over_tls_is_told_so(certificate: Path) -> None:
    with (
        listening(FarEnd(), server_context(certificate, "http/1.1")) as port,
        connect(port, ca_file=certificate) as call,
    ):
        call.close()  # OpenSSL's server lets such a handshake pass without a protocol
    no_application_protocol = b"\x15\x03\x03\x00\x02\x02\x78"  # RFC 7301, 3.2; what other servers answer
    with answering(no_application_protocol) as port, pytest.raises(ServerError, match="needs HTTP/2"):
        connect(port, ca_file=certificate)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes.fromhex("000000040000000000")])
def test_a_port_without_tls_is_told_so(answer: bytes) -> None:
    with answering(answer) as port, pytest.raises(ServerError, match="does not speak TLS: for clear text write http "):
        connect(port)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x16", "use https instead of http"),
        (b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n", "answers in HTTP/1.1"),
        (b"", "without an answer"),
    ],
)
def test_a_port_that_does_not_speak_http2_in_clear_is_told_so(answer: bytes, said: str) -> None:
    with (
        answering(answer) as port,
        connect(port, scheme="http") as call,
        pytest.raises(ServerError, match=said),
    ):
        list(call.run(CONFIGURATION, tenths(1), pace=None))


def test_a_handshake_that_is_cut_is_told() -> None:
    with answering(b"") as port, pytest.raises(ServerError, match=r"The TLS handshake with .* failed: "):
        connect(port)


def test_a_server_that_never_shakes_hands_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ServerError, match=r"did not finish the TLS handshake within 0\.01 s"),
    ):
        connect(silent.getsockname()[1], connect_timeout_seconds=0.01)


def test_a_port_where_nobody_listens_is_told_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ServerError, match=rf"^Nothing listens on 127\.0\.0\.1:{port}: .* mockscribe serve$"):
        connect(port)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("timed out"), r"did not answer within 10 s"),
        (socket.gaierror(-2, "Name or service not known"), r"cannot be reached: Name or service not known\."),
    ],
)
def test_a_host_that_cannot_be_reached_is_told(error: OSError, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def create_connection(*_: object, **__: object) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(ServerError, match=said):
        connect(1)


def test_a_ca_file_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ConfigError, match=r"empty\.pem: holds no certificate in PEM"):
        connect(1, ca_file=tmp_path / "empty.pem")
    with pytest.raises(ConfigError, match=r"absent\.pem: cannot be read: No such file"):
        connect(1, ca_file=tmp_path / "absent.pem")


def test_a_url_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="the endpoint URL: 'localhost' is no endpoint"):
        listen("localhost", PARAMETERS, credentials=CREDENTIALS)
