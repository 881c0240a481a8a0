"""How an HTTP connection ends: its last bytes, a half-close, a while for the client to read them, an abort.

Closing a socket while bytes of the client are unread makes the kernel answer with a reset that may overtake our last
words (RFC 9112, 9.6). So the end lingers: half-close, discard what arrives, abort when the client has closed too or
time is up. Knows no protocol and reads no clock.
"""

from __future__ import annotations

from mockscribe.wire.exchange import Closing

LINGER_SECONDS = 1.0
"""How long a client may take to read our last bytes; own choice: a thousand times a loopback round trip."""


class Ending:
    """The end of one connection; not begun at birth."""

    __slots__ = ("_aborts_at", "_announced", "_closing")

    def __init__(self) -> None:
        self._closing: Closing | None = None
        self._announced: Closing | None = None
        self._aborts_at: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the connection takes no more bytes."""
        return self._closing is not None

    @property
    def aborted(self) -> bool:
        """Whether the connection is to be reset, read or not."""
        return self._closing is Closing.ABORT

    def begin(self, closing: Closing) -> None:
        """End the connection; an abort overrides a half-close, nothing overrides an abort."""
        if self._closing is not Closing.ABORT:
            self._closing = closing

    def receive_eof(self) -> None:
        """The client has closed its half as well: there is nothing to linger for."""
        self.begin(Closing.ABORT)

    def announce(self) -> Closing | None:
        """What the next output ends in; each way of closing is told once."""
        if self._closing is self._announced:
            return None
        self._announced = self._closing
        return self._closing

    def tick(self, now: float) -> None:
        """The clock reached a deadline. Lingering is counted from the first tick after its begin."""
        if self._closing is not Closing.EOF:
            return
        if self._aborts_at is None:
            self._aborts_at = now + LINGER_SECONDS
        elif now >= self._aborts_at:
            self._closing = Closing.ABORT

    def deadline(self, now: float) -> float | None:
        """When `tick` is due, given the last time that was told; None when never."""
        if self._closing is not Closing.EOF:
            return None
        return now if self._aborts_at is None else self._aborts_at
