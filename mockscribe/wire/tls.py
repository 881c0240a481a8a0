"""Bytes ⇄ bytes through TLS, over memory: a layer of a connection, not of its transport (RFC 8446).

Knows no sockets, no certificates and no HTTP beyond the two names of ALPN (RFC 7301). The contexts come from outside,
one for each name that a client asks for.
"""

from __future__ import annotations

import contextlib
import enum
import ssl
from collections.abc import Callable

ALPN_PROTOCOLS = ["h2", "http/1.1"]

RECORD_BYTES = 16_384
"""The most plaintext of one TLS record (RFC 8446, 5.1), hence of one read."""


_NO_RECORD = bytes.fromhex("1703030020") + bytes(32)
"""Application data that was encrypted with no key of the connection; OpenSSL's alert for it is bad_record_mac."""


class Flaw(enum.Enum):
    """What can be wrong with a handshake on purpose."""

    EXPIRED = "expired"  # the certificate has expired
    WRONG_NAME = "wrong_name"  # … is for another name
    UNKNOWN_CA = "unknown_ca"  # … was issued by a CA that nobody trusts
    NO_ALPN = "no_alpn"  # no protocol is chosen
    STALL = "stall"  # nothing is answered


ChooseFlaw = Callable[[str | None], Flaw | None]


class _Session(ssl.SSLObject):
    requested_name: str | None = None
    flaw: Flaw | None = None
    choose_flaw: ChooseFlaw | None = None


class _Context(ssl.SSLContext):
    sslobject_class = _Session


def new_context(*, alpn: bool = True) -> ssl.SSLContext:
    """A server's context without a certificate; every context that SNI swaps in must be made here too, for its ALPN."""
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9113, 9.2
    context.options |= ssl.OP_NO_RENEGOTIATION  # RFC 9113, 9.2.1; and `write` never has to wait for bytes
    if alpn:
        context.set_alpn_protocols(ALPN_PROTOCOLS)
    return context


def server_context(issue: Callable[[str | None, Flaw | None], ssl.SSLContext]) -> ssl.SSLContext:
    """The context that a `TlsLayer` starts with: `issue(None, None)`, which swaps in another for a client's SNI.

    That is `issue(name, flaw)`: `name` is in lower case, or None without SNI; `flaw` is what shall be wrong with it.
    `issue` must not raise, and must bound what it keeps: clients choose the names.
    """
    context = issue(None, None)

    def choose(session: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        assert isinstance(session, _Session)
        session.requested_name = name.lower() if name else None
        if session.choose_flaw is not None:
            session.flaw = session.choose_flaw(session.requested_name)
        if name or session.flaw is not None:
            session.context = issue(session.requested_name, session.flaw)

    context.sni_callback = choose
    return context


class TlsLayer:
    """The server's side of one TLS connection; it never raises for what a client does.

    After `failure` is set, `data_to_send` still holds the alert that tells the client. `eof` says that the client has
    closed its half (close_notify); answering it still works. `choose_flaw` tells, once the name that the client asks
    for is known, what shall be wrong with the handshake.
    """

    def __init__(self, context: ssl.SSLContext, choose_flaw: ChooseFlaw | None = None) -> None:
        self.handshake_complete = False
        self.failure: str | None = None
        self.eof = False
        self._closed = False
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        assert isinstance(session, _Session)
        session.choose_flaw = choose_flaw
        self._ssl = session

    @property
    def alpn(self) -> str | None:
        """The protocol that ALPN has chosen."""
        return self._ssl.selected_alpn_protocol()

    @property
    def server_name(self) -> str | None:
        """The name that the client asked for, in lower case."""
        return self._ssl.requested_name

    @property
    def flaw(self) -> Flaw | None:
        """What is wrong with the handshake on purpose."""
        return self._ssl.flaw

    def receive_data(self, cipher: bytes) -> bytes:
        """Bytes arrived; returns the plaintext that they complete, which may have come before a failure."""
        if self.failure is not None or self.eof or self._ssl.flaw is Flaw.STALL:
            return b""
        self._incoming.write(cipher)
        plain: list[bytes] = []
        try:
            if not self.handshake_complete:
                self._ssl.do_handshake()
                self.handshake_complete = True
            while data := self._ssl.read(RECORD_BYTES):
                plain.append(data)
                if not (self._incoming.pending or self._ssl.pending()):  # so nothing is left but to want more
                    break
            else:
                self.eof = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.eof = True
        except ssl.SSLError as error:
            self.failure = _cause(error)
        return b"".join(plain)

    def send(self, plain: bytes) -> None:
        """Encrypt bytes for the client; dropped before the handshake, after a failure and after `close`."""
        if not self.handshake_complete or self.failure is not None or self._closed:
            return
        view = memoryview(plain)
        try:
            while view:
                view = view[self._ssl.write(view) :]
        except ssl.SSLError as error:
            self.failure = _cause(error)

    def close(self) -> None:
        """Tell the client that no more will come (close_notify)."""
        if self.handshake_complete and self.failure is None and not self._closed:
            self._closed = True
            with contextlib.suppress(ssl.SSLError):  # the client's own close_notify is not waited for
                self._ssl.unwrap()

    def alert(self) -> None:
        """Send a fatal alert. OpenSSL has no call for that, but answers what is no record of the client with one."""
        if self.handshake_complete and not self._closed:
            self.receive_data(_NO_RECORD)

    def data_to_send(self) -> bytes:
        """Drain the bytes to write."""
        data = self._outgoing.read()
        return data if self._ssl.flaw is not Flaw.STALL else b""


def _cause(error: ssl.SSLError) -> str:
    """What OpenSSL says, in words: "the client sent the alert 'unknown ca'", or "wrong version number"."""
    reason = error.reason or str(error)
    version, alert, name = reason.partition("_ALERT_")
    if alert and version.startswith(("TLS", "SSL")):
        return f"the client sent the alert '{name.replace('_', ' ').lower()}'"
    return reason.replace("_", " ").lower()
