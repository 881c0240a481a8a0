"""The local CA: made once and kept, and a certificate that real clients accept for every name that may be asked for."""

import contextlib
import datetime
import errno
import gc
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mockscribe import ca_files
from mockscribe.authority import CACHED_CONTEXTS, Authority
from mockscribe.errors import ConfigError
from tests.requirements import require

NOW = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def at(moment: datetime.datetime, folder: Path) -> Authority:
    return Authority(folder, clock=lambda: moment)


def handshake(authority: Authority, context: ssl.SSLContext, name: str | None) -> x509.Certificate:
    """The certificate that a client of the standard library gets."""
    incoming, outgoing, back, forth = (ssl.MemoryBIO() for _ in range(4))
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    server = authority.server_context().wrap_bio(back, forth, server_side=True)
    for side in (client, server, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
        back.write(outgoing.read())
        incoming.write(forth.read())
    return x509.load_der_x509_certificate(client.getpeercert(binary_form=True) or b"")


def shown(authority: Authority, name: str) -> x509.Certificate:
    """The certificate that a client accepts for `name`; it trusts nothing but the file that clients are told of."""
    return handshake(authority, ssl.create_default_context(cafile=authority.ca_file), name)


def unchecked(authority: Authority) -> x509.Certificate:
    """The certificate for a client that asks for no name and accepts anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return handshake(authority, context, None)


def names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, extension.get_values_for_type(x509.IPAddress))
    return [*extension.get_values_for_type(x509.DNSName), *addresses]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- made once, and kept


def test_the_ca_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    first, second = Authority(folder), Authority(folder)
    assert first.ca_pem == second.ca_pem == (folder / "ca.pem").read_bytes()
    assert first.ca_file == folder / "ca.pem"
    assert first.unsaved_because is None


def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "mockscribe"
    before = os.umask(0)
    try:
        Authority(folder)
    finally:
        os.umask(before)
    assert (mode(folder), mode(folder / "authority.pem"), mode(folder / "ca.pem")) == (0o700, 0o600, 0o644)
    assert {path.name for path in folder.iterdir()} == {"authority.pem", "ca.pem", "lock"}
    assert b"PRIVATE KEY" not in (folder / "ca.pem").read_bytes()


def test_a_ca_that_is_about_to_expire_is_made_anew(tmp_path: Path) -> None:
    first = at(NOW, tmp_path).ca_pem
    expires = x509.load_pem_x509_certificate(first).not_valid_after_utc
    assert at(expires - 31 * DAY, tmp_path).ca_pem == first
    renewed = at(expires - 30 * DAY, tmp_path)
    assert renewed.ca_pem != first
    assert renewed.ca_file.read_bytes() == renewed.ca_pem
    assert x509.load_pem_x509_certificate(renewed.ca_pem).not_valid_after_utc > expires + 3000 * DAY


def test_a_ca_from_the_future_is_made_anew(tmp_path: Path) -> None:
    first = at(NOW, tmp_path).ca_pem
    assert at(NOW - DAY, tmp_path).ca_pem == first  # its begin is a day back, for clients whose clocks are late
    assert at(NOW - 2 * DAY, tmp_path).ca_pem != first


def another_key(pem: bytes) -> bytes:
    return pem[: pem.index(b"-----BEGIN PRIVATE")] + private_pem(ec.generate_private_key(ec.SECP256R1()))


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*formats)


def rsa_ca(_: bytes) -> bytes:
    """A CA that is good, but none that we would make."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another tool's")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 3000 * DAY)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM) + private_pem(key)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pem: b"",
        lambda pem: b"\xff\x00 no PEM",
        lambda pem: pem[: len(pem) // 2],
        lambda pem: pem[: pem.index(b"-----BEGIN PRIVATE")],
        lambda pem: pem[pem.index(b"-----BEGIN PRIVATE") :],
        another_key,
        rsa_ca,
    ],
    ids=["empty", "garbage", "cut", "no key", "no certificate", "another's key", "another tool's"],
)
def test_a_ca_that_cannot_be_used_is_made_anew(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    first = at(NOW, tmp_path).ca_pem
    private = tmp_path / "authority.pem"
    private.write_bytes(spoil(private.read_bytes()))
    second = at(NOW, tmp_path)
    assert second.ca_pem != first
    assert second.ca_file.read_bytes() == second.ca_pem
    assert at(NOW, tmp_path).ca_pem == second.ca_pem
    unchecked(second).verify_directly_issued_by(x509.load_pem_x509_certificate(second.ca_pem))


@pytest.mark.parametrize("content", [None, b"", b"another's"])
def test_the_file_for_clients_is_mended(tmp_path: Path, content: bytes | None) -> None:
    first = Authority(tmp_path)
    if content is None:
        first.ca_file.unlink()
    else:
        first.ca_file.write_bytes(content)
    assert Authority(tmp_path).ca_pem == first.ca_pem == first.ca_file.read_bytes()


def test_processes_that_start_at_once_get_the_same_ca(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from mockscribe.authority import Authority; from cryptography import x509;"
        "print('ready', flush=True); sys.stdin.read();"
        "sys.stdout.buffer.write(Authority(pathlib.Path(sys.argv[1])).ca_pem)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "mockscribe")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()  # off they go
    made = set()
    for process in processes:
        assert process.stdout is not None
        with process:
            made.add(process.stdout.read())
        assert process.returncode == 0
    assert made == {(tmp_path / "mockscribe" / "ca.pem").read_bytes()}


# ---- where it cannot be kept


def deny(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A folder that cannot be written: the tests may run as root, whom no mode stops."""
    real = os.open

    def open_(path: str | Path, flags: int, *arguments: int, **more: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and str(path).startswith(str(folder)):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, flags, *arguments, **more)

    monkeypatch.setattr(os, "open", open_)


def test_in_a_read_only_folder_the_ca_lives_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, tmp_path / "kept")
    authority = Authority(tmp_path / "kept")
    assert authority.unsaved_because == f"{tmp_path / 'kept'}: Read-only file system"
    path = authority.ca_file
    assert path.read_bytes() == authority.ca_pem
    assert not path.is_relative_to(tmp_path / "kept")
    shown(authority, "localhost")
    del authority
    gc.collect()
    assert not path.parent.exists()


def test_a_read_only_folder_with_a_good_ca_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Authority(tmp_path)
    deny(monkeypatch, tmp_path)
    second = Authority(tmp_path)
    assert (second.ca_pem, second.unsaved_because) == (first.ca_pem, None)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    authority = Authority(tmp_path / "file" / "mockscribe")
    assert authority.unsaved_because == f"{tmp_path / 'file' / 'mockscribe'}: Not a directory"


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_without_any_folder_the_ca_can_still_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object) -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(ca_files.tempfile, "mkdtemp", nowhere)
    (tmp_path / "file").write_text("")
    authority = Authority(tmp_path / "file" / "mockscribe")
    read = subprocess.run(["cat", authority.ca_file], capture_output=True, check=True).stdout  # by another process
    assert read == authority.ca_pem


def test_the_cache_folder_is_where_the_desktop_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ca_files.ca_file() == tmp_path / "mockscribe" / "ca.pem"
    assert Authority().ca_file == ca_files.ca_file()
    for no_path in ("", "relative/is/to/be/ignored"):  # says the XDG Base Directory Specification
        monkeypatch.setenv("XDG_CACHE_HOME", no_path)
        assert ca_files.default_folder() == Path("/home/anna/.cache/mockscribe")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ca_files.default_folder() == Path("/home/anna/Library/Caches/mockscribe")


def test_a_user_without_a_home_gets_a_ca_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert Authority().unsaved_because == f"user {os.getuid()} has no home folder"


# ---- names


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), extra_names=["mock.Example.org", "10.1.2.3", "fd00::7"])


ALLOWED = ["localhost", "app.localhost", "mockscribe", "mock_1", "mock.example.org", socket.gethostname().lower()]
PREFIXES = ["", "streaming.", "runtime."]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", dict.fromkeys(ALLOWED))
def test_a_client_accepts_the_certificate_for_the_name_it_asks_for(
    authority: Authority, name: str, prefix: str
) -> None:
    assert names(shown(authority, prefix + name)) == [each + name for each in PREFIXES]


def test_a_name_may_be_in_any_case(authority: Authority) -> None:
    assert names(shown(authority, "MockScribe"))[0] == "mockscribe"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "fd00::7"])
def test_a_client_that_goes_by_address_accepts_the_certificate(authority: Authority, address: str) -> None:
    assert "localhost" in names(shown(authority, address))  # an address is never sent as SNI (RFC 6066, 3)


@pytest.mark.parametrize("name", ["example.com", "localhost.example.com", "xlocalhost.org", "streaming.example.com"])
def test_a_foreign_name_gets_the_default_certificate_and_is_no_name_of_ours(authority: Authority, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shown(authority, name)
    assert authority.context(name) is authority.context(None)


@pytest.mark.parametrize("name", ["", ".", "a..localhost", "-a.localhost", "a\0", "*", "*.localhost", "é", "a" * 64])
def test_what_can_be_no_host_name_gets_the_default_certificate(authority: Authority, name: str) -> None:
    assert authority.context(name) is authority.context(None)


def test_the_name_of_a_prefix_is_a_name(authority: Authority) -> None:
    assert names(shown(authority, "streaming"))[0] == "streaming"
    assert names(shown(authority, "streaming.runtime.localhost"))[:2] == [
        "runtime.localhost",
        "streaming.runtime.localhost",
    ]


@pytest.mark.parametrize("name", ["two words", "héllo", "*.example.org", "", "a" * 64])
def test_a_further_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--tls-name"):
        Authority(tmp_path, extra_names=[name])


def test_the_contexts_of_the_names_last_asked_for_are_kept(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    first, second = authority.context("first"), authority.context("second")
    for number in range(CACHED_CONTEXTS - 2):
        authority.context(f"name-{number}")
    assert authority.context("runtime.first") is first  # used again; `second` is the oldest now
    authority.context("one-more")
    assert authority.context("first") is first
    assert authority.context("second") is not second
    assert len(authority._contexts) == CACHED_CONTEXTS


# ---- independent judgements


def test_openssl_verifies_the_chain(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    require("openssl", openssl is not None, "no openssl on the PATH")
    authority = Authority(tmp_path)
    for name in ("streaming.localhost", "runtime.mockscribe", None):
        leaf = tmp_path / "leaf.pem"
        made = shown(authority, name) if name is not None else unchecked(authority)
        leaf.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        check = ["-verify_hostname", name] if name is not None else ["-verify_ip", "127.0.0.1"]
        command = [str(openssl), "verify", "-x509_strict", "-purpose", "sslserver", *check, "-CAfile"]
        done = subprocess.run([*command, authority.ca_file, leaf], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_certificate_outlives_neither_its_ca_nor_what_apple_allows(tmp_path: Path) -> None:
    made = at(NOW, tmp_path)
    leaf = unchecked(made)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= 398 * DAY
    ca = x509.load_pem_x509_certificate(made.ca_pem)
    late = at(ca.not_valid_after_utc - 40 * DAY, tmp_path)
    assert late.ca_pem == made.ca_pem
    assert unchecked(late).not_valid_after_utc == ca.not_valid_after_utc


def test_nothing_here_needs_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname", "getfqdn"):
        monkeypatch.setattr(socket, name, offline)
    authority = Authority(tmp_path)
    authority.context(None)
    authority.context("streaming.localhost")
