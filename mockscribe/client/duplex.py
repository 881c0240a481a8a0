"""The synchronous face of an exchange both ways at once: the input is drawn from an iterable in a thread of its own.

    duplex = Duplex(connection, exchange, events, timeout_seconds=60.0)
    for observed in duplex.observe():
        ...

Who iterates reads the connection, so nothing piles up here: a consumer that stops leaves the server's words in the
server's hands, and the input, which goes on until the server's window is full, waits then as well. The input is drawn
from lazily: an event is asked for when there is room for it, signed and sent at once.

One lock guards everything but the iterable and the waiting; only the iterating thread waits on the socket, the other
one wakes it by a byte.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator

from mockscribe.client.exchange import Event, SignedExchange
from mockscribe.client.http2 import Ended, Lost, Observed
from mockscribe.client.link import Link
from mockscribe.errors import ServerError, ServerErrorKind


class Duplex:
    """A call that has begun; after its end, or `close`, the connection is closed."""

    def __init__(
        self,
        connection: socket.socket,
        exchange: SignedExchange,
        events: Iterable[Event],
        *,
        timeout_seconds: float | None,
    ) -> None:
        """Take the connection over.

        After `timeout_seconds` in which the call could go on only by the server's doing and not a byte moved, it
        fails; None: never.
        """
        self._exchange = exchange
        self._events = events
        self._timeout_seconds = timeout_seconds
        self._waking, self._wake = socket.socketpair()
        self._waking.setblocking(False)
        self._link = Link(connection, self._wake)
        self._changed = threading.Condition()
        self._closed = False  # nothing more is to be drawn or said
        self._observing = False  # a thread is on the socket, and closes it when it leaves
        self._drawing = False  # the input has the word, so that nobody waits for the server
        self._given_up = False  # before the server had ended it
        self._error: BaseException | None = None
        self._moved = time.monotonic()
        self._thread = threading.Thread(target=self._send_all, name="mockscribe-input", daemon=True)

    def close(self) -> None:
        """Give up what still runs of the call; it may be called from any thread, and twice."""
        with self._changed:
            self._end()
            if not self._observing:
                self._release()

    def observe(self) -> Iterator[Observed]:
        """What the server says, up to its end; the call begins with it, and is given up when nobody wants to hear more.

        Raises:
            ServerError: the exchange was lost, or the server kept silent for too long.
            BaseException: what the input raised; the call was given up then.
        """
        self._thread.start()
        try:
            while (seen := self._next()) is not None:
                for observed in seen:
                    if isinstance(observed, Lost):
                        raise ServerError(observed.message)
                    if isinstance(observed, Ended):
                        self.close()
                    yield observed
                self._moved = time.monotonic()  # after the consumer, whose time is not the server's
        finally:
            self.close()

    def _next(self) -> list[Observed] | None:
        """What the server says next, at least one thing; None after `close`."""
        while True:
            with self._changed:
                if self._error is not None:
                    raise self._error
                if self._closed:
                    self._release()
                    return None
                data = self._link.read()
                seen = self._receive(data) if data is not None else []
                if self._link.write(self._exchange.data_to_send) or data is not None:
                    self._moved = time.monotonic()
                self._changed.notify_all()  # a window may have opened
                if seen:
                    return seen
                seconds = self._patience() if data is None else 0.0
                self._observing = True
            try:
                self._link.wait(seconds)
            finally:
                self._observing = False

    def _receive(self, data: bytes) -> list[Observed]:
        return list(self._exchange.receive_data(data) if data else self._exchange.receive_eof())

    def _patience(self) -> float | None:
        """How long to wait for the server."""
        if self._timeout_seconds is None or self._drawing:
            return self._timeout_seconds
        seconds = self._moved + self._timeout_seconds - time.monotonic()
        if seconds > 0:
            return seconds
        took = self._exchange.can_send and not self._link.blocked
        what = "said nothing" if took else "took no data"
        raise ServerError(f"The server {what} for {self._timeout_seconds:g} s.", kind=ServerErrorKind.TIMEOUT)

    # ---- in the input's thread

    def _send_all(self) -> None:
        try:
            events = iter(self._events)
            while self._await_room():
                event = next(events, None)
                with self._changed:
                    self._drawing = False
                    if self._closed:
                        return
                    self._moved = time.monotonic()
                    if event is None:
                        self._exchange.close_input(time.time())
                    else:
                        self._exchange.send(event, time.time())
                    self._link.write(self._exchange.data_to_send)
                    if self._link.blocked:
                        self._wake_up()  # to wait until there is room for the rest
                if event is None:
                    return
        except BaseException as error:  # the caller's own, which it is to see
            with self._changed:
                if not self._closed:
                    self._error = error
                    self._end()

    def _await_room(self) -> bool:
        """Wait until another event can leave; False when none is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._exchange.can_send and not self._link.blocked))
            self._drawing = not self._closed
            return self._drawing

    # ---- the end, under the lock

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._given_up = not self._exchange.over
        self._exchange.cancel()
        if not self._link.blocked:
            self._link.write(self._exchange.data_to_send)  # it need not reach anyone
        self._changed.notify_all()
        self._wake_up()

    def _wake_up(self) -> None:
        if self._observing:
            with contextlib.suppress(BlockingIOError):  # a byte is on its way already
                self._waking.send(b"\0")

    def _release(self) -> None:
        if not self._link.closed:
            self._link.close(linger=self._given_up)
            self._waking.close()
            self._wake.close()
