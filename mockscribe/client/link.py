"""A socket that never blocks, with or without TLS: what is still unwritten, and one wait for whichever side is ready.

What both synchronous faces share. It decides nothing: an error of the connection reads as its end, since what the
server said before is still to be heard.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from collections.abc import Callable

_READ_BYTES = 65_536

LINGER_SECONDS = 0.3
"""How long a server may take to close its side when a call is given up; own choice, a round trip around the world."""

_LINGER_READS = (
    64  # own choice, 4 MiB: what is on its way is less than a window, and a server that goes on is no reason
)


class Link:
    """A connection after its handshakes; `wake` is a second socket whose bytes end a wait."""

    def __init__(self, connection: socket.socket, wake: socket.socket | None = None) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._wake = wake
        self._unwritten = memoryview(b"")
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        if wake is not None:
            wake.setblocking(False)
            self._selector.register(wake, selectors.EVENT_READ)

    @property
    def closed(self) -> bool:
        return self._socket.fileno() < 0

    @property
    def blocked(self) -> bool:
        """Whether bytes wait for the connection to take them."""
        return bool(self._unwritten)

    def write(self, drain: Callable[[], bytes]) -> bool:
        """Write what the connection takes now, drawn from `drain` when nothing is left; whether it took anything."""
        if not self._unwritten:
            self._unwritten = memoryview(drain())
        if not self._unwritten:
            return False
        try:
            written = self._socket.send(self._unwritten)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._unwritten = memoryview(b"")  # the server closed: what it said before is still to be read
            return False
        self._unwritten = self._unwritten[written:]
        return written > 0

    def read(self) -> bytes | None:
        """What has arrived: bytes, none at the end of the connection, or None when there is nothing."""
        try:
            return self._socket.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""

    def wait(self, seconds: float | None) -> None:
        """Wait until there is something to read, room for what is unwritten, or a byte to wake up by."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unwritten else 0)
        if wanted != self._selector.get_key(self._socket).events:
            self._selector.modify(self._socket, wanted)
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            seconds = 0.0  # decrypted already, so the selector would not tell
        self._selector.select(seconds)
        if self._wake is not None:
            with contextlib.suppress(BlockingIOError):
                self._wake.recv(_READ_BYTES)

    def close(self, *, linger: bool = False) -> None:
        """Close the connection; with `linger` after the server has had a moment to hear what was said last.

        TCP resets a connection that is closed while the other side still sends, and a reset overtakes our last words.
        """
        if linger and not self._unwritten:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(LINGER_SECONDS)
                for _ in range(_LINGER_READS):
                    if not self._socket.recv(_READ_BYTES):
                        break
        self._selector.close()
        self._socket.close()
