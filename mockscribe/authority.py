"""The local certificate authority: made once, offline, kept in the user's cache folder; certificates by name.

Clients trust `ca_file`; what a server shows is issued in memory for whatever allowed name a client asks for. Reads the
clock and the file system; knows nothing of connections. `cryptography` is imported on first use only, for it is slow to
import.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import functools
import ipaddress
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mockscribe.wire.tls import new_context, server_context

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CA_LIFETIME = datetime.timedelta(days=3650)
"""Own choice: longer than a development machine lives."""

CA_RESERVE = datetime.timedelta(days=30)
"""A CA with less time left is made anew, so that none expires under a test run; own choice."""

LEAF_LIFETIME = datetime.timedelta(days=397)
"""What browsers and Apple's platforms accept at most (CA/Browser Forum Baseline Requirements 6.3.2: 398 days)."""

CLOCK_SKEW = datetime.timedelta(days=1)
"""How far a client's clock may be behind ours; own choice: virtual machines wake up late."""

CA_FILE = "ca.pem"

CACHED_CONTEXTS = 64
"""Names whose certificates are kept; clients choose names, and a context takes some 50 kB. Own choice."""

HOST_PREFIXES = ("streaming.", "runtime.")
"""What SDKs put before a custom endpoint's name (facts 1: the model's host prefixes)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def default_folder() -> Path:
    """The user's cache folder: $XDG_CACHE_HOME/mockscribe, ~/.cache/mockscribe, or ~/Library/Caches/mockscribe."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mockscribe"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "mockscribe"


def ca_file() -> Path:
    """Where the CA's certificate is kept for clients; it may not have been made yet."""
    return default_folder() / CA_FILE


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Authority:
    """The CA in `folder` (default: `default_folder()`), made there if it is missing, broken or about to expire.

    `extra_names` are further host names, or IP addresses, that certificates are issued for. When the folder cannot be
    used the CA lives as long as the process, and `unsaved_because` says why (None otherwise).
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        extra_names: Iterable[str] = (),
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self.unsaved_because: str | None = None
        self._clock = clock
        self._extra_names = tuple(name.lower() for name in extra_names)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._server_context: ssl.SSLContext | None = None
        self._default_context: ssl.SSLContext | None = None
        folder = folder if folder is not None else default_folder()
        try:
            self._key, self._ca, self.ca_file = _kept_ca(folder, clock())
        except OSError as error:
            self.unsaved_because = f"{folder}: {error.strerror or error}"
            self._key, self._ca = _make_ca(clock())
            self.ca_file = self._temporary_ca_file()

    @property
    def ca_pem(self) -> bytes:
        """The CA's certificate, for those who must trust it."""
        return _certificate_pem(self._ca)

    def server_context(self) -> ssl.SSLContext:
        """The context for every connection: it shows the certificate of the name that the client asks for."""
        if self._server_context is None:
            self._server_context = server_context(self.context)
        return self._server_context

    def context(self, name: str | None) -> ssl.SSLContext:
        """The context with the certificate for `name` (lower case); the default one for None and foreign names."""
        base = self._base_name(name) if name is not None else None
        if base is None:
            if self._default_context is None:
                self._default_context = self._issue(self._default_names())
            return self._default_context
        context = self._contexts.pop(base, None)
        if context is None:
            context = self._issue(_with_prefixes(base))
        self._contexts[base] = context  # the most recently used comes last
        if len(self._contexts) > CACHED_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        return context

    # ---- names

    def _base_name(self, name: str) -> str | None:
        """The name without an SDK's prefix, if a certificate may be issued for it."""
        candidates = [name, *(name.removeprefix(prefix) for prefix in HOST_PREFIXES if name.startswith(prefix))]
        for base in reversed(candidates):
            if _is_host_name(base) and self._is_allowed(base):
                return base
        return None

    def _is_allowed(self, name: str) -> bool:
        return "." not in name or name.endswith(".localhost") or name in self._extra_names or name in _machine_names()

    def _default_names(self) -> list[str]:
        """Without SNI a client has used an address, or is too old to say: everything fixed goes into one certificate."""
        names = ["127.0.0.1", "::1", "*.localhost"]
        for name in ("localhost", *_machine_names(), *self._extra_names):
            names.extend(_with_prefixes(name) if _is_host_name(name) and not _is_address(name) else [name])
        return list(dict.fromkeys(names))

    # ---- certificates

    def _issue(self, names: list[str]) -> ssl.SSLContext:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID

        key = ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = [
            x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name) for name in names
        ]
        now = self._clock()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("mockscribe"))
            .issuer_name(self._ca.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now - CLOCK_SKEW, self._ca.not_valid_before_utc))
            .not_valid_after(min(now + LEAF_LIFETIME, self._ca.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        context = new_context()
        with _readable_file(_private_pem(key, certificate)) as path:
            context.load_cert_chain(path)
        return context

    def _temporary_ca_file(self) -> Path:
        """A file for the life of this object; on a machine without a writable folder, one in memory."""
        try:
            folder = tempfile.mkdtemp(prefix="mockscribe-")
            path = Path(folder) / "ca.pem"
            path.write_bytes(self.ca_pem)
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        except OSError:
            handle = _memory_file(self.ca_pem)
            path = Path(f"/proc/{os.getpid()}/fd/{handle}")
            weakref.finalize(self, os.close, handle)
        return path


# ---- the CA and its files


def _kept_ca(folder: Path, now: datetime.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, Path]:
    """The CA of the folder. The lock is for two processes that start at once: both get the same one.

    `authority.pem` holds key and certificate in one file, so that they always belong together; `ca.pem` is the
    certificate alone, for clients.
    """
    private, public = folder / "authority.pem", folder / CA_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        kept = _read_ca(private, now)
        if kept is None:
            kept = _make_ca(now)
            _write_atomically(private, _private_pem(*kept), mode=0o600)
        certificate = _certificate_pem(kept[1])
        if not public.exists() or public.read_bytes() != certificate:
            _write_atomically(public, certificate, mode=0o644)
    return *kept, public


def _read_ca(path: Path, now: datetime.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    """The CA in a file, if it can be used for a while longer."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        key, certificate = load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
        usable = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - CA_RESERVE
        matches = certificate.public_key() == key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return (key, certificate) if usable and matches and isinstance(key, ec.EllipticCurvePrivateKey) else None


def _make_ca(now: datetime.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"mockscribe local CA ({socket.gethostname()[:32]})")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """Key and certificate in one file."""
    from cryptography.hazmat.primitives import serialization

    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _certificate_pem(certificate) + private


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone in the folder; the lock goes with the process that holds it."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_atomically(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file in one piece: a reader finds the old one or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def _readable_file(data: bytes) -> Iterator[str]:
    """A path at which `data` can be read, for `load_cert_chain`, which wants a file: in memory where that is possible, so
    that a private key touches no disk and a read-only file system is enough."""
    if hasattr(os, "memfd_create"):
        handle = _memory_file(data)
        try:
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    else:  # macOS
        with tempfile.NamedTemporaryFile(prefix="mockscribe-") as file:
            file.write(data)
            file.flush()
            yield file.name


def _memory_file(data: bytes) -> int:
    """A handle of a file in memory (Linux)."""
    handle = os.memfd_create("mockscribe")
    with open(handle, "wb", closefd=False) as file:
        file.write(data)
    return handle


# ---- names


def _with_prefixes(name: str) -> list[str]:
    return [name, *(prefix + name for prefix in HOST_PREFIXES)]


def _is_host_name(name: str) -> bool:
    """Whether it can be a DNS name or an address: what a client sends as SNI may be anything."""
    return _is_address(name) or (len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split(".")))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@functools.cache
def _machine_names() -> frozenset[str]:
    """The machine's own names; asks no resolver, which might be slow or far away."""
    name = socket.gethostname().lower()
    return frozenset(each for each in (name, name.partition(".")[0]) if each)
