"""How an HTTP connection ends: its last bytes, a half-close, a while for the client to read them, an abort.

Closing a socket while bytes of the client are unread makes the kernel answer with a reset that may overtake our last
words (RFC 9112, 9.6). So the end lingers: half-close, discard what arrives, abort when the client has closed too or
time is up. Knows no protocol and reads no clock.
"""

from __future__ import annotations

from typing import Final

from mockscribe.wire.exchange import Closing

LINGER_SECONDS: Final = 1.0
"""How long a client may take to read our last bytes; own choice: a thousand times a loopback round trip."""


class Ending:
    """The end of one connection; not begun at birth.

    `delay_seconds`: for so long an end in order is not announced, though it has begun. `half_closing` closes our half
    with the next output, without an end; `half_closed` once that was announced: nothing can be written any more.
    """

    __slots__ = (
        "_aborts_at",
        "_announced",
        "_announces_at",
        "_closing",
        "delay_seconds",
        "half_closed",
        "half_closing",
    )

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.half_closing = False
        self.half_closed = False
        self._closing: Closing | None = None
        self._announced: Closing | None = None
        self._announces_at: float | None = None
        self._aborts_at: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the connection takes no more bytes."""
        return self._closing is not None

    @property
    def aborted(self) -> bool:
        """Whether the connection is to be closed at once, read or not."""
        return self._closing is not None and self._closing in (Closing.ABORT, Closing.RESET)

    def begin(self, closing: Closing) -> None:
        """End the connection; an abort or a reset overrides a half-close, nothing overrides those."""
        if not self.aborted:
            self._closing = closing

    def receive_eof(self) -> None:
        """The client has closed its half as well: there is nothing to linger for."""
        self.begin(Closing.ABORT)

    def announce(self) -> Closing | None:
        """What the next output ends in; each way of closing is told once."""
        if self.half_closing and not self.half_closed and self._closing is None:
            self.half_closed = True
            self._announced = Closing.EOF
            return Closing.EOF
        if self._closing is self._announced or (self.delay_seconds and not self.aborted):
            return None
        self._announced = self._closing
        return self._closing

    def tick(self, now: float) -> None:
        """The clock reached a deadline. Delay and lingering are counted from the first tick after their begin."""
        if self._closing is None or self.aborted:
            return
        if self.delay_seconds:
            if self._announces_at is None:
                self._announces_at = now + self.delay_seconds
            elif now >= self._announces_at:
                self.delay_seconds = 0.0
        elif self._aborts_at is None:
            self._aborts_at = now + LINGER_SECONDS
        elif now >= self._aborts_at:
            self._closing = Closing.ABORT

    def deadline(self, now: float) -> float | None:
        """When `tick` is due, given the last time that was told; None when never."""
        if self._closing is None or self.aborted:
            return None
        due = self._announces_at if self.delay_seconds else self._aborts_at
        return now if due is None else due
