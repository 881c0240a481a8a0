"""TLS over memory against clients of the standard library, joined by their bytes."""

import datetime
import functools
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mockscribe.wire.tls import RECORD_BYTES, Flaw, TlsLayer, _cause, new_context, server_context

Certificate = tuple[bytes, bytes]


@functools.cache
def certificate(name: str) -> Certificate:
    """A self-signed certificate for a name and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    start = datetime.datetime(2020, 1, 1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=365 * 100))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM), private


class Issuer:
    """Issues contexts, and remembers for which names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str | None] = []
        self.flaws: list[Flaw | None] = []

    def __call__(self, name: str | None, flaw: Flaw | None = None) -> ssl.SSLContext:
        self.names.append(name)
        self.flaws.append(flaw)
        public, private = certificate(name or "localhost")
        path = self.folder / f"{name or 'localhost'}.pem"
        path.write_bytes(public + private)
        context = new_context(alpn=flaw is not Flaw.NO_ALPN)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def client_context(name: str = "localhost", *, alpn: tuple[str, ...] = ("h2", "http/1.1")) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=certificate(name)[0].decode())
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class Pair:
    """A client and our layer, joined in memory."""

    def __init__(
        self,
        issuer: Issuer,
        context: ssl.SSLContext | None = None,
        *,
        name: str | None = "localhost",
        choose_flaw: Callable[[str | None], Flaw | None] | None = None,
    ) -> None:
        self.layer = TlsLayer(server_context(issuer), choose_flaw)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = (context or client_context()).wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.received = b""
        self.shaken = False

    def pump(self) -> None:
        """Carry bytes both ways until there are none."""
        while True:
            if not self.shaken:
                try:
                    self.client.do_handshake()
                    self.shaken = True
                except ssl.SSLWantReadError:
                    pass
            up = self.outgoing.read()
            if up:
                self.received += self.layer.receive_data(up)
            down = self.layer.data_to_send()
            if down:
                self.incoming.write(down)
            if not up and not down:
                return

    def read(self) -> bytes:
        got = b""
        try:
            while data := self.client.read(65_536):
                got += data
        except ssl.SSLWantReadError:
            pass
        return got


# ---- handshakes


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bytes_pass_both_ways(issuer: Issuer, version: ssl.TLSVersion) -> None:
    context = client_context()
    context.minimum_version = context.maximum_version = version
    pair = Pair(issuer, context)
    assert not pair.layer.handshake_complete
    pair.pump()
    assert pair.layer.handshake_complete
    assert pair.client.version() == version.name.replace("_", ".")
    pair.client.write(b"up")
    pair.layer.send(b"down")
    pair.pump()
    assert pair.received == b"up"
    assert pair.read() == b"down"
    assert pair.layer.failure is None


def test_the_handshake_and_the_data_may_come_byte_by_byte(issuer: Issuer) -> None:
    pair = Pair(issuer)
    layer, whole = pair.layer, pair.layer.receive_data

    def bytewise(cipher: bytes) -> bytes:
        return b"".join(whole(cipher[at : at + 1]) for at in range(len(cipher)))

    layer.receive_data = bytewise  # type: ignore[method-assign]
    pair.pump()
    pair.client.write(b"x" * 20_000)
    pair.pump()
    assert pair.received == b"x" * 20_000


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("h2", "http/1.1"), "h2"),
        (("http/1.1", "h2"), "h2"),
        (("http/1.1",), "http/1.1"),
        ((), None),
        (("spdy/3",), None),
    ],
)
@pytest.mark.parametrize("name", ["localhost", "streaming.example"])
def test_alpn_is_chosen_in_every_context(
    issuer: Issuer, offered: tuple[str, ...], chosen: str | None, name: str
) -> None:
    pair = Pair(issuer, client_context(name, alpn=offered), name=name)
    pair.pump()
    assert pair.layer.alpn == chosen
    assert pair.client.selected_alpn_protocol() == chosen


def test_a_certificate_is_issued_for_the_name_asked_for(issuer: Issuer) -> None:
    pair = Pair(issuer, client_context("runtime.example"), name="Runtime.EXAMPLE")
    pair.pump()
    assert pair.shaken  # the client has checked the name
    assert pair.layer.server_name == "runtime.example"
    assert issuer.names == [None, "runtime.example"]


def test_without_a_name_the_first_certificate_serves(issuer: Issuer) -> None:
    pair = Pair(issuer, name="127.0.0.1")
    pair.pump()
    assert pair.shaken
    assert pair.layer.server_name is None
    assert issuer.names == [None]


def test_a_client_without_our_versions_is_told_why_not(issuer: Issuer) -> None:
    context = client_context()
    pair = Pair(issuer, context)
    layer = pair.layer
    hello = bytes.fromhex("160301002f0100002b0301") + bytes(32) + bytes.fromhex("000004002f00ff0100")  # TLS 1.0
    assert layer.receive_data(hello) == b""
    assert layer.failure == "unsupported protocol"
    assert layer.data_to_send().startswith(b"\x15\x03")


def test_a_client_that_does_not_trust_us_is_quoted(issuer: Issuer) -> None:
    context = ssl.create_default_context(cadata=certificate("another")[0].decode())
    pair = Pair(issuer, context)
    with pytest.raises(ssl.SSLCertVerificationError):
        pair.pump()
    pair.layer.receive_data(pair.outgoing.read())
    assert pair.layer.failure == "the client sent the alert 'unknown ca'"


def test_clear_text_is_no_handshake(issuer: Issuer) -> None:
    layer = TlsLayer(server_context(issuer))
    assert layer.receive_data(b"GET / HTTP/1.1\r\n\r\n") == b""
    assert layer.failure == "http request"
    assert not layer.handshake_complete
    assert layer.alpn is None
    assert layer.receive_data(b"more") == b""


# ---- data


def test_more_than_a_record_is_read_at_once(issuer: Issuer) -> None:
    pair = Pair(issuer)
    pair.pump()
    data = bytes(range(256)) * 400
    assert len(data) > 6 * RECORD_BYTES
    pair.client.write(data)
    got = pair.layer.receive_data(pair.outgoing.read())
    assert got == data
    pair.layer.send(data)
    pair.pump()
    assert pair.read() == data


def test_what_came_before_garbage_is_not_lost(issuer: Issuer) -> None:
    pair = Pair(issuer)
    pair.pump()
    pair.client.write(b"last words")
    garbage = b"\x17\x03\x03\x00\x20" + bytes(32)
    assert pair.layer.receive_data(pair.outgoing.read() + garbage) == b"last words"
    assert pair.layer.failure == "decryption failed or bad record mac"
    pair.incoming.write(pair.layer.data_to_send())
    with pytest.raises(ssl.SSLError, match="alert bad record mac"):
        pair.client.read(1)
    pair.layer.send(b"nobody listens")
    pair.layer.close()
    assert pair.layer.data_to_send() == b""


def test_nothing_is_sent_before_the_handshake_and_after_the_end(issuer: Issuer) -> None:
    pair = Pair(issuer)
    pair.layer.send(b"too early")
    pair.layer.close()
    assert pair.layer.data_to_send() == b""
    pair.pump()
    assert pair.shaken
    pair.layer.close()
    assert pair.layer.data_to_send()
    pair.layer.send(b"too late")
    pair.layer.close()
    assert pair.layer.data_to_send() == b""
    assert pair.layer.failure is None


# ---- ends


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_has_closed_can_still_be_answered(issuer: Issuer, version: ssl.TLSVersion) -> None:
    context = client_context()
    context.minimum_version = context.maximum_version = version
    pair = Pair(issuer, context)
    pair.pump()
    pair.client.write(b"question")
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.unwrap()
    assert pair.layer.receive_data(pair.outgoing.read()) == b"question"
    assert pair.layer.eof
    assert pair.layer.failure is None
    pair.layer.send(b"answer")
    answer = pair.layer.data_to_send()
    assert answer.startswith(b"\x17\x03\x03")
    assert pair.layer.receive_data(b"ignored") == b""


def test_both_sides_may_close(issuer: Issuer) -> None:
    pair = Pair(issuer)
    pair.pump()
    pair.layer.close()
    pair.incoming.write(pair.layer.data_to_send())
    assert pair.client.read(1) == b""
    pair.client.unwrap()
    assert not pair.layer.eof
    assert pair.layer.receive_data(pair.outgoing.read()) == b""
    assert pair.layer.eof
    assert pair.layer.failure is None


def test_a_failure_while_sending_is_kept(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL refuses to write after its own shutdown; nothing that a client does is known to bring it there."""
    pair = Pair(issuer)
    pair.pump()
    with pytest.raises(ssl.SSLWantReadError):
        pair.layer._ssl.unwrap()
    pair.layer.send(b"x")
    assert pair.layer.failure == "protocol is shutdown"


def test_an_error_without_a_reason_speaks_for_itself() -> None:
    error = ssl.SSLError(1, "something else")
    error.reason = None  # type: ignore[assignment]
    assert _cause(error) == "something else"
    error.reason = "NO_ALERT_AT_ALL"
    assert _cause(error) == "no alert at all"


# ---- wrong on purpose


def test_a_flaw_is_chosen_by_the_name_and_asked_of_the_issuer(issuer: Issuer) -> None:
    asked: list[str | None] = []

    def choose(name: str | None) -> Flaw | None:
        asked.append(name)
        return Flaw.NO_ALPN if name == "localhost" else None

    pair = Pair(issuer, name="localhost", choose_flaw=choose)
    pair.pump()
    assert pair.shaken
    assert pair.client.selected_alpn_protocol() is None
    assert pair.layer.flaw is Flaw.NO_ALPN
    assert asked == ["localhost"]
    assert issuer.flaws == [None, Flaw.NO_ALPN]


def test_a_flaw_reaches_a_client_that_asks_for_no_name(issuer: Issuer) -> None:
    context = client_context()
    context.check_hostname = False
    pair = Pair(issuer, context, name=None, choose_flaw=lambda _: Flaw.NO_ALPN)
    pair.pump()
    assert pair.shaken
    assert issuer.names == [None, None]
    assert pair.client.selected_alpn_protocol() is None


def test_without_a_flaw_and_without_a_name_nothing_is_swapped_in(issuer: Issuer) -> None:
    context = client_context()
    context.check_hostname = False
    pair = Pair(issuer, context, name=None, choose_flaw=lambda _: None)
    pair.pump()
    assert pair.shaken
    assert issuer.names == [None]


def test_a_handshake_that_stalls_answers_nothing(issuer: Issuer) -> None:
    pair = Pair(issuer, choose_flaw=lambda _: Flaw.STALL)
    pair.pump()
    assert not pair.shaken
    assert pair.layer.flaw is Flaw.STALL
    assert pair.layer.receive_data(b"anything") == b""
    assert pair.layer.data_to_send() == b""
    assert pair.layer.failure is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_reaches_the_client_after_what_was_sent(issuer: Issuer, version: ssl.TLSVersion) -> None:
    context = client_context()
    context.minimum_version = context.maximum_version = version
    pair = Pair(issuer, context)
    pair.pump()
    pair.layer.send(b"last")
    pair.layer.alert()
    pair.pump()
    assert pair.client.read(4) == b"last"
    with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
        pair.client.read(1)
    assert pair.layer.failure is not None


def test_no_alert_before_the_handshake_or_after_the_end(issuer: Issuer) -> None:
    pair = Pair(issuer)
    pair.layer.alert()
    assert pair.layer.data_to_send() == b""
    pair.pump()
    pair.layer.close()
    pair.pump()
    pair.layer.alert()
    assert pair.layer.data_to_send() == b""
