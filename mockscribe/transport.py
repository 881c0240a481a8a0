"""One TCP connection of the data port: it feeds the belt, drains it, re-arms one timer, and does nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Protocol, cast

from mockscribe.connection import Connection
from mockscribe.live import Waker
from mockscribe.wire.exchange import Closing


class Owner(Protocol):
    """What a transport needs of the server that it belongs to."""

    loop: asyncio.AbstractEventLoop
    transports: dict[Waker, Transport]

    def new_connection(self) -> Connection:
        """The belt for a client that has just arrived."""

    def wake(self) -> None:
        """Tick the connections that others have given work."""


class Transport:
    """One TCP connection: bytes to the belt and back.

    It is an `asyncio.Protocol` by its methods; a class that inherited from it could not be compiled to one of C.
    """

    def __init__(self, server: Owner) -> None:
        self.server = server
        self.loop = server.loop
        self.connection = server.new_connection()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods alone
        peer = transport.get_extra_info("peername")
        self.connection.peer = f"{peer[0]}:{peer[1]}" if peer else ""
        self.server.transports[self.connection] = self
        if len(self.server.transports) > self.connection.mock.config.connections:
            self.connection.refuse(self.loop.time())
        self.pump()

    def data_received(self, data: bytes) -> None:
        self.connection.receive_data(data, self.loop.time())
        self.pump()

    def eof_received(self) -> bool:
        self.connection.receive_eof(self.loop.time())
        self.pump()
        return True  # keep our half open: what is still to be said is said

    def pause_writing(self) -> None:
        self._paused = True
        self.connection.pause(self.loop.time())

    def resume_writing(self) -> None:
        self._paused = False
        self.connection.resume(self.loop.time())
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        del self.server.transports[self.connection]
        self.connection.lost(self.loop.time())
        self.server.wake()

    def tick(self) -> None:
        """The timer fired. A loop's clock may fire early: the later of due and now counts."""
        assert self._timer is not None
        now = max(self._timer.when(), self.loop.time())
        self._timer = None
        self.connection.tick(now)
        self.pump()

    def wake(self) -> None:
        """Something else than bytes or the timer gave the connection work."""
        if self._transport is not None:
            self.connection.wake(self.loop.time())
            self.drain()

    def go_away(self) -> None:
        """Take no further request and let the open ones finish."""
        self.connection.go_away()
        self.drain()

    def shut_down(self) -> None:
        """End its streams with an exception, and then the connection in order."""
        self.connection.shut_down(self.loop.time())
        self.drain()

    def abort(self) -> None:
        """End it now."""
        self.connection.abort()
        self.drain()

    def pump(self) -> None:
        """Drain the connection, and whatever else it has woken."""
        self.drain()
        self.server.wake()

    def drain(self) -> None:
        """Write what is to be written and set the timer."""
        transport, connection = self._transport, self.connection
        if transport is None:
            return
        if connection.aborted and self._paused:
            self._abort(transport, connection.data_to_send().closing)
            return
        if not self._paused:
            output = connection.data_to_send()
            if output.data:
                transport.write(output.data)
            if output.closing is Closing.EOF:
                self._write_eof(transport)
            elif output.closing is not None:
                self._abort(transport, output.closing)
                return
        if connection.reading is not transport.is_reading():
            if connection.reading:
                transport.resume_reading()
            else:
                transport.pause_reading()
        self._arm(connection.next_deadline())

    def _write_eof(self, transport: asyncio.Transport) -> None:
        if transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client is gone already, and connection_lost is on its way
                transport.write_eof()

    def _abort(self, transport: asyncio.Transport, closing: Closing | None) -> None:
        if closing is Closing.RESET:  # else the system may close in order
            linger = struct.pack("ii", 1, 0)
            with contextlib.suppress(OSError):  # the client is gone already
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()

    def _arm(self, deadline: float | None) -> None:
        timer = self._timer
        if deadline is None:
            return  # a timer that fires for nothing is cheaper than one that is cancelled and set for each event
        if timer is not None:
            if timer.when() <= deadline:
                return
            timer.cancel()
        self._timer = self.loop.call_at(deadline, self.tick)
