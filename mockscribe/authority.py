"""The local certificate authority as a server uses it: which names get a certificate, and the context that shows it.

Clients trust `ca_file`; what a server shows is issued in memory for whatever allowed name a client asks for. Uses no
network and asks no resolver. `certificates.py` makes what is signed, `ca_files.py` keeps the CA.
"""

from __future__ import annotations

import datetime
import functools
import re
import socket
import ssl
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import assert_never

from mockscribe.ca_files import CA_FILE, default_folder, kept_ca, readable_file, temporary_file
from mockscribe.certificates import Signer, certificate_pem, is_address, make_ca, make_leaf, signer_pem
from mockscribe.errors import ConfigError
from mockscribe.wire.tls import Flaw, new_context, server_context

CACHED_CONTEXTS = 64
"""Names whose certificates are kept; clients choose names, and a context takes some 50 kB. Own choice."""

HOST_PREFIXES = ("streaming.", "runtime.")
"""What SDKs put before a custom endpoint's name (facts 1: the model's host prefixes)."""

EXPIRED_SINCE = datetime.timedelta(hours=1)
"""How long the certificate of `Flaw.EXPIRED` has been; own choice: more than clocks differ, less than a CA is old."""

WRONG_NAME = "wrong-name.invalid"
"""What the certificate of `Flaw.WRONG_NAME` is for: a name that nobody can have (RFC 6761, 6.4)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Authority:
    """The CA in `folder` (default: the user's cache folder), made there if it is missing, broken or about to expire.

    `extra_names` are further host names, or IP addresses, that certificates are issued for. When the folder cannot be
    used the CA lives as long as the process, and `unsaved_because` says why (None otherwise).

    Raises:
        ConfigError: one of the further names can be no host name and no address.
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
        self._extra_names = tuple(map(_checked, extra_names))
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._server_context: ssl.SSLContext | None = None
        self._default_context: ssl.SSLContext | None = None
        try:
            folder = folder if folder is not None else default_folder()
            self._ca = kept_ca(folder, clock())
            self.ca_file = folder / CA_FILE
        except OSError as error:
            reason = error.strerror or str(error)
            self.unsaved_because = f"{folder}: {reason}" if folder is not None else reason
            self._ca = make_ca(clock())
            self.ca_file, remove = temporary_file(self.ca_pem)
            weakref.finalize(self, remove.close)

    @property
    def ca_pem(self) -> bytes:
        """The CA's certificate, for those who must trust it."""
        return certificate_pem(self._ca.certificate)

    def server_context(self) -> ssl.SSLContext:
        """The context for every connection: it shows the certificate of the name that the client asks for."""
        if self._server_context is None:
            self._server_context = server_context(self.context)
        return self._server_context

    def context(self, name: str | None, flaw: Flaw | None = None) -> ssl.SSLContext:
        """The context with the certificate for `name` (lower case); the default one for None and foreign names.

        With a `flaw` it is made anew: one of these is wanted now and then, in a test.
        """
        base = self._base_name(name) if name is not None else None
        if flaw is not None:
            return self._flawed(_with_prefixes(base) if base is not None else self._default_names(), flaw)
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

    def _flawed(self, names: list[str], flaw: Flaw) -> ssl.SSLContext:
        now = self._clock()
        match flaw:
            case Flaw.EXPIRED:
                return _shown(make_leaf(self._ca, names, now, until=now - EXPIRED_SINCE))
            case Flaw.WRONG_NAME:
                return _shown(make_leaf(self._ca, [WRONG_NAME], now))
            case Flaw.UNKNOWN_CA:
                return _shown(make_leaf(make_ca(now), names, now))
            case Flaw.NO_ALPN:
                return _shown(make_leaf(self._ca, names, now), alpn=False)
            case Flaw.STALL:
                return _shown(make_leaf(self._ca, names, now))
            case _:
                assert_never(flaw)

    def _issue(self, names: list[str]) -> ssl.SSLContext:
        return _shown(make_leaf(self._ca, names, self._clock()))

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
        """Without SNI a client has used an address, or is too old to say: all fixed names go into one certificate."""
        names = ["127.0.0.1", "::1", "*.localhost"]
        for name in ("localhost", *_machine_names(), *self._extra_names):
            names.extend([name] if is_address(name) else _with_prefixes(name))
        return list(dict.fromkeys(names))


def _shown(leaf: Signer, *, alpn: bool = True) -> ssl.SSLContext:
    context = new_context(alpn=alpn)
    with readable_file(signer_pem(leaf)) as path:
        context.load_cert_chain(path)
    return context


def _checked(name: str) -> str:
    if not _is_host_name(name.lower()):
        raise ConfigError("--tls-name", f"{name!r} is no host name and no IP address")
    return name.lower()


def _with_prefixes(name: str) -> list[str]:
    return [name, *(prefix + name for prefix in HOST_PREFIXES)]


def _is_host_name(name: str) -> bool:
    """Whether it can be a DNS name or an address: what a client sends as SNI may be anything."""
    return is_address(name) or (len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split(".")))


@functools.cache
def _machine_names() -> frozenset[str]:
    """The machine's own names; asks no resolver, which might be slow or far away."""
    name = socket.gethostname().lower()
    return frozenset(each for each in (name, name.partition(".")[0]) if each)
