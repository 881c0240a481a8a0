"""The belt in memory: what a client speaks, what ends it, and what a fault of our own does; clients are h2 and ssl."""

import contextlib
import json
import ssl
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from mockscribe import account
from mockscribe.authority import Authority
from mockscribe.config import load
from mockscribe.connection import Connection
from mockscribe.entries import Kind
from mockscribe.mock import DEFAULT_ACCOUNT, Mock
from mockscribe.wire.exchange import Closing
from tests.clients import trusting
from tests.wire import END_OF_SESSION, START, Wire, audio, configuration, new_session_id, request_headers, silence

HEALTH = b"GET /_mockscribe/health HTTP/1.1\r\nhost: localhost\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


class Client:
    """Bytes to a connection of ours and back, over TLS with `context`."""

    def __init__(self, authority: Authority, context: ssl.SSLContext | None = None) -> None:
        self.mock = Mock(load({"seed": 1}, {}), now=START, wall=1_760_000_000.0, seed=1)
        self.warnings: list[str] = []
        self.errors: list[BaseException] = []
        self.connection = Connection(
            self.mock, START, tls_context=authority.server_context, on_warning=self.warnings.append,
            on_error=self.errors.append, peer="192.0.2.7:1",
        )  # fmt: skip
        self.closing: Closing | None = None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: ssl.SSLObject | None = None
        if context is not None:
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
            for _ in range(3):
                with contextlib.suppress(ssl.SSLWantReadError):
                    self.tls.do_handshake()
                self.exchange(self.outgoing.read())

    def exchange(self, data: bytes) -> bytes:
        if data:
            self.connection.receive_data(data, START)
        output = self.connection.data_to_send()
        self.closing = output.closing or self.closing
        if self.tls is not None:
            self.incoming.write(output.data)
        return output.data

    def send(self, data: bytes) -> bytes:
        """What is answered to some bytes, in the clear."""
        if self.tls is None:
            return self.exchange(data)
        self.tls.write(data)
        self.exchange(self.outgoing.read())
        try:
            return self.tls.read(100_000)
        except ssl.SSLWantReadError:
            return b""

    @property
    def violations(self) -> list[dict[str, object]]:
        account = self.mock.account(DEFAULT_ACCOUNT, START)
        return [entry.fields() for entry in account.journal.select(Kind.VIOLATION)]


def context(authority: Authority, *alpn: str) -> ssl.SSLContext:
    return trusting(authority.ca_file, *alpn)


# ---- what it speaks


@pytest.mark.parametrize("secure", [False, True], ids=["clear text", "TLS"])
@pytest.mark.parametrize(
    ("first", "answer"),
    [(HEALTH, b"HTTP/1.1 200 "), (PREFACE, b"\x00\x00*\x04")],
)
def test_it_is_told_by_its_first_bytes_in_any_pieces(
    authority: Authority, secure: bool, first: bytes, answer: bytes
) -> None:
    for size in (1, 3, len(first)):
        client = Client(authority, context(authority) if secure else None)
        got = b"".join(client.send(first[at : at + size]) for at in range(0, len(first), size))
        assert got.startswith(answer)
        assert client.connection.secure is secure
        assert client.violations == []


def test_alpn_h2_is_binding(authority: Authority) -> None:
    """Who has agreed on h2 and speaks HTTP/1.1 gets a GOAWAY (RFC 9113, 3.2)."""
    client = Client(authority, context(authority, "h2"))
    assert client.send(HEALTH).startswith(b"\x00\x00*\x04")  # our SETTINGS, and the GOAWAY behind
    assert [each["rule"] for each in client.violations] == ["preface"]
    assert client.closing is Closing.EOF


def test_half_a_first_line_waits(authority: Authority) -> None:
    client = Client(authority)
    assert client.send(b"GET /_mockscribe/health HTTP/1.1") == b""
    assert client.closing is None
    assert client.connection.next_deadline() == START + 30  # --head-timeout
    client.connection.receive_eof(START)
    assert client.connection.data_to_send().closing is Closing.ABORT
    assert client.violations == []  # leaving is no offence


def test_a_first_byte_of_tls_later_is_no_tls(authority: Authority) -> None:
    client = Client(authority)
    assert client.send(HEALTH).startswith(b"HTTP/1.1 200 ")
    assert client.send(b"\x16\x03\x01\x00\x05hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")


# ---- TLS that ends


def test_a_failed_handshake_is_warned_of_with_its_cure_and_ends_after_the_alert(authority: Authority) -> None:
    client = Client(authority)
    assert client.send(b"\x16\x03\x01\x00\x05hello").startswith(b"\x15\x03\x03")
    assert client.closing is Closing.EOF
    (warning,) = client.warnings
    assert warning.startswith("TLS handshake with 192.0.2.7:1 failed: unexpected message. ")
    assert "`mockscribe ca`" in warning
    assert [(each["rule"], each["offset"]) for each in client.violations] == [("tls", 10)]
    assert client.send(b"more") == b""


def test_a_client_that_does_not_trust_us_is_quoted(authority: Authority, tmp_path: Path) -> None:
    client = Client(authority)
    client.tls = context(Authority(tmp_path)).wrap_bio(client.incoming, client.outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.do_handshake()
    client.exchange(client.outgoing.read())
    with pytest.raises(ssl.SSLCertVerificationError):
        client.tls.do_handshake()
    client.exchange(client.outgoing.read())
    assert "failed: the client sent the alert 'unknown ca'" in client.warnings[0]


def test_a_client_that_leaves_in_its_handshake_is_warned_of(authority: Authority) -> None:
    client = Client(authority)
    client.send(b"\x16\x03")
    client.connection.receive_eof(START)
    assert "the client left during the TLS handshake" in client.warnings[0]


def test_a_broken_record_ends_the_streams_inside_without_a_warning(authority: Authority) -> None:
    client = Client(authority, context(authority, "h2"))
    stream = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    stream.initiate_connection()
    stream.send_headers(1, request_headers())
    stream.send_data(1, configuration())
    client.send(stream.data_to_send())
    account = client.mock.account(DEFAULT_ACCOUNT, START)
    assert len(account.live) == 1
    assert client.exchange(b"\x17\x03\x03\x00\x20" + bytes(32)).startswith(b"\x17\x03\x03")  # an alert, encrypted
    assert account.live == set()
    assert (client.closing, client.warnings) == (Closing.EOF, [])
    assert [each["rule"] for each in client.violations] == ["tls"]


def test_close_notify_ends_a_connection_that_is_idle(authority: Authority) -> None:
    client = Client(authority, context(authority, "http/1.1"))
    assert client.send(HEALTH).startswith(b"HTTP/1.1 200 ")
    assert client.tls is not None
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.exchange(client.outgoing.read())
    assert client.closing is not None


# ---- ends


def open_streams(wire: Wire) -> tuple[int, int]:
    """Two streams that are configured, of sessions of their own."""
    first, second = (wire.open(headers=request_headers(session_id=new_session_id())) for _ in range(2))
    for stream in (first, second):
        wire.send(stream, configuration())
    assert len(wire.account.live) == 2
    return first, second


def test_the_loss_of_the_transport_ends_every_stream_once() -> None:
    wire = Wire()
    open_streams(wire)
    for _ in range(2):
        wire.connection.lost(wire.now)
    kinds = [entry.kind for entry in wire.account.journal]
    assert kinds.count(Kind.STREAM_ENDED) == 2
    assert kinds.count(Kind.CONNECTION_CLOSED) == 1
    assert wire.account.live == set()
    assert wire.connection.idle
    assert wire.connection.next_deadline() is None
    wire.connection.tick(wire.now + 1000)  # a timer that was under way
    wire.connection.wake(wire.now)
    assert [entry.kind for entry in wire.account.journal] == kinds


def test_going_away_lets_streams_finish_and_then_closes() -> None:
    wire = Wire("scenario: s\nsteps:\n  - {say: Hello., at: 100ms, takes: 100ms, partials: none}\n")
    stream = wire.open()
    wire.send(stream, configuration())
    wire.connection.go_away()
    output = wire.connection.data_to_send()
    assert output.data[3] == 7  # GOAWAY: RFC 9113, 6.8; h2's client would end with it, so it does not see it
    assert output.closing is None
    assert not wire.connection.idle
    wire.send(stream, audio(silence(0.5)), END_OF_SESSION, end=True)
    assert wire.answers[stream].finals == ["Hello."]
    assert wire.connection.idle
    assert wire.closing is Closing.EOF


def test_going_away_before_anything_was_said_closes_at_once(authority: Authority) -> None:
    client = Client(authority)
    client.connection.go_away()
    assert client.connection.data_to_send().closing is Closing.ABORT


def test_an_abort_needs_no_reader() -> None:
    wire = Wire()
    open_streams(wire)
    wire.connection.abort()
    assert wire.connection.aborted
    assert wire.connection.data_to_send().closing is Closing.ABORT


# ---- faults of our own


class BoomError(Exception):
    pass


class BrokenDigest:
    def update(self, _: bytes) -> None:
        raise BoomError


def test_a_fault_in_a_stream_ends_that_stream_alone() -> None:
    wire = Wire()
    errors: list[BaseException] = []
    wire.connection._on_error = errors.append
    first, second = open_streams(wire)
    next(iter(wire.account.sessions.values())).digest = BrokenDigest()  # type: ignore[assignment]
    wire.send(first, audio(silence(0.1)))
    assert [type(error) for error in errors] == [BoomError]
    assert wire.answers[first].reset == 2  # INTERNAL_ERROR: RFC 9113, 7
    assert len(wire.account.live) == 1
    wire.send(second, audio(silence(0.1)), END_OF_SESSION, end=True)
    assert wire.answers[second].ended
    assert len(errors) == 1


def test_a_fault_before_the_stream_is_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    errors: list[BaseException] = []
    wire.connection._on_error = errors.append

    def broken(*_: object) -> None:
        raise BoomError

    with monkeypatch.context() as patch:
        patch.setattr(account, "select", broken)  # which is never compiled, so that compiled code finds this
        stream = wire.open()
    assert (wire.answers[stream].reset, len(errors)) == (2, 1)
    assert wire.visit(silence(0.1)).status == 200


# ---- what is recorded


def test_a_connection_is_opened_in_the_account_that_it_is_used_for() -> None:
    wire = Wire()
    journal = wire.account.journal
    assert journal.select(Kind.CONNECTION_OPENED) == []
    wire.open()
    wire.open()
    (entry,) = [each.fields() for each in journal.select(Kind.CONNECTION_OPENED)]
    assert (entry["version"], entry["tls"], entry["peer"]) == ("2", False, "test")


def test_a_connection_is_opened_before_its_first_request() -> None:
    wire = Wire()
    wire.open()
    kinds = [entry.kind for entry in wire.account.journal]
    assert kinds[:3] == [Kind.CONNECTION_OPENED, Kind.REQUEST, Kind.RESPONSE]
    assert kinds.count(Kind.CONNECTION_OPENED) == 1


def test_a_broken_rule_of_a_stream_is_recorded_with_it() -> None:
    wire = Wire()
    stream = wire.open(headers=[*request_headers(), ("content-length", "3")])
    wire.send(stream, b"four")
    (entry,) = [each.fields() for each in wire.account.journal.select(Kind.VIOLATION)]
    assert entry["rule"] == "content_length"
    assert entry["stream"] == f"1.{stream}"
    assert entry["session"]


# ---- what is no operation


def get(authority: Authority, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    client = Client(authority)
    client.mock.ca_pem = lambda: authority.ca_pem
    raw = client.send(f"{method} {target} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("path", ["/_mockscribe/health", "/_localstack/health", "/_mockscribe/health?x=1"])
def test_health_is_answered(authority: Authority, path: str) -> None:
    status, headers, body = get(authority, path)
    assert (status, headers["content-type"], headers["content-length"]) == (200, "application/json", str(len(body)))
    assert json.loads(body)["status"] == "running"
    assert get(authority, path, "HEAD")[1] == headers
    assert get(authority, path, "HEAD")[2] == b""


def test_the_ca_is_to_be_had(authority: Authority) -> None:
    assert get(authority, "/_mockscribe/ca.pem")[2] == authority.ca_file.read_bytes()


@pytest.mark.parametrize("path", ["/_mockscribe/reset", "/_mockscribe/", "/_mockscribe/health/x"])
def test_what_is_on_the_control_port_is_said_to_be_there(authority: Authority, path: str) -> None:
    status, headers, body = get(authority, path)
    assert (status, headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert "the control API is switched off (--control-port)" in json.loads(body)["message"]


def test_what_no_operation_answers_is_told(authority: Authority) -> None:
    status, headers, _ = get(authority, "/nothing")
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    status, headers, _ = get(authority, "/medical-scribe-stream/")
    assert (status, headers["allow"]) == (405, "POST")
