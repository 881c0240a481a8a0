"""The control API on a port of its own, served by uvicorn on the loop that runs the data plane.

uvicorn must take none of the process's signals, write no log of its own, and stop when it is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator

import uvicorn

from mockscribe.commands import Context
from mockscribe.control.app import application


class _Server(uvicorn.Server):
    """uvicorn without signals; it serves until `stopping`."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.stopping = stopping
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        await self.stopping.wait()
        self.force_exit = True  # who still waits for something learns it from the closed connection


class ControlPlane:
    """The control API's listener; see `application` for what it is given."""

    def __init__(self, context: Callable[[str], Context], wake: Callable[[], None], names: Iterable[str]) -> None:
        self._stopping = asyncio.Event()
        app = application(context, wake, names, self._stopping)
        config = uvicorn.Config(
            app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False, date_header=False,
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = _Server(config, self._stopping)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        family, *_, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        # The protocol is named because asyncio sends at once (TCP_NODELAY) only where it is.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
        self._serving = asyncio.create_task(self._server.serve([listener]))
        await self._server.listening.wait()
        number: int = listener.getsockname()[1]
        return number

    async def stop(self) -> None:
        """End every connection, and listen no more."""
        self._stopping.set()
        if self._serving is not None:
            await self._serving
