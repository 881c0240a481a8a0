"""Where the local CA is kept: two files in the user's cache folder, or none where there is no such place.

`authority.pem` holds key and certificate in one file, so that they always belong together; `ca.pem` is the certificate
alone, for clients.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mockscribe.certificates import Signer, certificate_pem, make_ca, read_ca, signer_pem

CA_FILE = "ca.pem"
KEY_FILE = "authority.pem"


def default_folder() -> Path:
    """The user's cache folder: $XDG_CACHE_HOME/mockscribe, ~/.cache/mockscribe, or ~/Library/Caches/mockscribe.

    Raises:
        FileNotFoundError: this user has no home.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if sys.platform != "darwin" and os.path.isabs(cache):
        return Path(cache) / "mockscribe"
    try:
        home = Path.home()
    except RuntimeError:
        raise FileNotFoundError(f"user {os.getuid()} has no home folder") from None
    return home.joinpath(*(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "mockscribe")


def ca_file() -> Path:
    """Where the CA's certificate is kept for clients; it may not have been made yet."""
    return default_folder() / CA_FILE


def kept_ca(folder: Path, now: datetime.datetime) -> Signer:
    """The CA of the folder, made there if it is missing, broken or about to expire.

    A folder that cannot be written serves as long as the CA in it can be used. The lock is for two processes that start
    at once: both get the same CA.

    Raises:
        OSError: the folder cannot be used.
    """
    private, public = folder / KEY_FILE, folder / CA_FILE
    kept = _read(private, now)
    if kept is not None and _is(public, certificate_pem(kept.certificate)):
        return kept
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        kept = _read(private, now)
        if kept is None:
            kept = make_ca(now)
            _write_atomically(private, signer_pem(kept), mode=0o600)
        certificate = certificate_pem(kept.certificate)
        if not _is(public, certificate):
            _write_atomically(public, certificate, mode=0o644)
    return kept


def temporary_file(data: bytes) -> tuple[Path, contextlib.ExitStack]:
    """A file for clients to read, and what removes it; on a machine without a writable folder, one in memory."""
    remove = contextlib.ExitStack()
    try:
        folder = remove.enter_context(tempfile.TemporaryDirectory(prefix="mockscribe-", ignore_cleanup_errors=True))
        path = Path(folder) / CA_FILE
        path.write_bytes(data)
    except OSError:
        handle = _memory_file(data)
        remove.callback(os.close, handle)
        path = Path(f"/proc/{os.getpid()}/fd/{handle}")
    return path, remove


@contextlib.contextmanager
def readable_file(data: bytes) -> Iterator[str]:
    """A path at which `data` can be read, for `load_cert_chain`, which wants a file.

    In memory where that is possible, so that a private key touches no disk and a read-only file system is enough.
    """
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


def _read(path: Path, now: datetime.datetime) -> Signer | None:
    try:
        return read_ca(path.read_bytes(), now)
    except FileNotFoundError:
        return None


def _is(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


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


def _memory_file(data: bytes) -> int:
    """A handle of a file in memory (Linux)."""
    handle = os.memfd_create("mockscribe")
    with open(handle, "wb", closefd=False) as file:
        file.write(data)
    return handle
