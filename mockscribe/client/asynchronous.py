"""The asyncio face of the client: the protocol is `core.py`'s, all IO and all clocks of this face are here.

    async with await listen("https://localhost:8080", parameters, credentials=credentials, ca_files=[ca]) as call:
        async for observed in call.run(events()):
            ...

One task sends while whoever iterates reads, so nothing piles up here: a consumer that stops leaves the server's words
in the server's hands. Cancelling the iteration, or leaving the block, gives the call up and tells the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from mockscribe.client.connecting import (
    CONNECT_TIMEOUT_SECONDS,
    TIMEOUT_SECONDS,
    check_protocol,
    handshake_failure,
    tls_context,
    unreachable,
)
from mockscribe.client.core import (
    ClientStream,
    EventReceived,
    Observed,
    Parameters,
    ResponseStarted,
    StreamEnded,
    StreamFailed,
)
from mockscribe.client.endpoint import Endpoint, parse_endpoint
from mockscribe.client.link import LINGER_SECONDS
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind
from mockscribe.wire.sigv4 import Credentials

TRUST = "ca_files=[…], the path that `mockscribe ca` prints"

_READ_BYTES = 65_536

_END: Any = object()

Events = Mapping[str, Any] | Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
"""Events as the model spells them, one-key dicts: one, or several that are drawn one at a time."""


async def listen(
    endpoint_url: str,
    parameters: Parameters,
    *,
    credentials: Credentials,
    region: str = "us-east-1",
    ca_files: Sequence[str | os.PathLike[str]] = (),
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Call:
    """Connect and begin StartMedicalScribeListeningSession; use the call as an asynchronous context manager.

    The arguments, and what is raised, are those of `blocking.listen`.

    Raises:
        ConfigError: the URL or the CA file cannot be used.
        ServerError: nobody answers there, or not in TLS that is trusted and HTTP/2.
    """
    try:
        endpoint = parse_endpoint(endpoint_url)
    except ValueError as error:
        raise ConfigError("the endpoint URL", str(error)) from None
    context = tls_context(ca_files) if endpoint.secure else None
    reader, writer = await _connect(endpoint, context, connect_timeout_seconds)
    stream = ClientStream(endpoint, parameters, credentials=credentials, region=region, now=time.time())
    return Call(reader, writer, stream, timeout_seconds=timeout_seconds)


class Call:
    """A call that has begun; leaving its `async with` block cancels what still runs of it and closes the connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stream: ClientStream,
        *,
        timeout_seconds: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._stream = stream
        self._timeout_seconds = timeout_seconds
        self._sending: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._drawing = False  # the input has the word, so that nobody waits for the server
        self._moved = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Tell the server, as far as it still listens, and close the connection."""
        if self._writer.is_closing():
            return
        if self._sending is not None:
            await _stop(self._sending)  # an iteration that was left without its end is not over
        given_up = not self._stream.over
        self._stream.cancel()
        self._flush()
        with contextlib.suppress(OSError):  # it need not reach anyone
            if given_up and self._writer.can_write_eof():  # TLS has an end of its own
                self._writer.write_eof()
                await self._linger()
            self._writer.close()
            await self._writer.wait_closed()

    async def _linger(self) -> None:
        """Let the server hear what was said last, which a reset of the connection would overtake (see `Link.close`)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while await self._reader.read(_READ_BYTES):
                    pass

    async def run(self, events: Events) -> AsyncIterator[ResponseStarted | EventReceived]:
        """Send the events and then the end of the input, and yield meanwhile what the server says.

        An event is a dict with one key, as the model spells it: `{"audioEvent": {"audioChunk": b"…"}}`. They are drawn
        one at a time, as soon as there is room for another. A plain iterable is drawn from on the event loop, so it
        must not block.

        Raises:
            ServerError: the call was refused, an exception ended the stream, or the stream broke or stalled.
            BaseException: what the iterable raised; close the call then.
        """
        self._moved = asyncio.get_running_loop().time()
        self._flush()
        self._sending = sending = asyncio.create_task(self._send_all(events))
        try:
            while True:
                for observed in await self._receive(sending):
                    match observed:
                        case StreamEnded():
                            return
                        case StreamFailed(message=message, shape=shape, status=status):
                            raise ServerError(message, shape=shape, status=status)
                        case _:
                            yield observed
                self._moved = asyncio.get_running_loop().time()  # after the consumer, whose time is not the server's
        finally:
            await _stop(sending)

    async def _receive(self, sending: asyncio.Task[None]) -> list[Observed]:
        """What the server says next, or nothing when it only gave room."""
        reading = asyncio.create_task(self._read())
        try:
            while not reading.done():
                waited = {reading} if sending.done() else {reading, sending}
                await asyncio.wait(waited, timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
        finally:
            await _stop(reading)
        data = reading.result()
        observed = self._stream.receive_data(data) if data else self._stream.receive_eof()
        self._flush()
        if self._stream.can_send:
            self._room.set()
        return observed

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(_READ_BYTES)
        except OSError:
            return b""

    def _patience(self) -> float:
        """How long to wait for the server."""
        if self._drawing:
            return self._timeout_seconds
        seconds = self._moved + self._timeout_seconds - asyncio.get_running_loop().time()
        if seconds > 0:
            return seconds
        what = "said nothing" if self._stream.can_send else "took no data"
        raise ServerError(f"The server {what} for {self._timeout_seconds:g} s.", kind=ServerErrorKind.TIMEOUT)

    # ---- out

    async def _send_all(self, events: Events) -> None:
        drawn = aiter(events if isinstance(events, AsyncIterable) else _asynchronous(events))
        while True:
            await self._await_room()
            self._drawing = True
            item = await anext(drawn, _END)
            self._drawing = False
            self._moved = asyncio.get_running_loop().time()
            if item is _END:
                break
            self._stream.send(item, time.time())
            self._flush()
        self._stream.close_input(time.time())
        self._flush()

    async def _await_room(self) -> None:
        """Wait until another event can leave: until the connection and the server's window take more."""
        with contextlib.suppress(OSError):  # the server closed: what it said before is still to be read
            await self._writer.drain()
        while not self._stream.can_send:
            self._room.clear()
            await self._room.wait()

    def _flush(self) -> None:
        if data := self._stream.data_to_send():
            self._writer.write(data)


async def _asynchronous(events: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> AsyncIterator[Mapping[str, Any]]:
    for event in (events,) if isinstance(events, Mapping) else events:
        yield event


async def _stop(task: asyncio.Task[Any]) -> None:
    """End a task, whatever it is at; what it raised was told already."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def _connect(
    endpoint: Endpoint, context: ssl.SSLContext | None, timeout_seconds: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, after its TLS handshake if it has one.

    Raises:
        ServerError: there is none to be had; the message names the cure.
    """
    settings: dict[str, Any] = {}
    if context is not None:
        settings = {"ssl": context, "server_hostname": endpoint.host, "ssl_shutdown_timeout": LINGER_SECONDS}
    try:
        async with asyncio.timeout(timeout_seconds):
            reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, **settings)
    except (ssl.SSLError, ConnectionAbortedError, ConnectionResetError) as error:  # there was a connection
        raise handshake_failure(endpoint, error, timeout_seconds, TRUST) from None
    except OSError as error:
        raise unreachable(endpoint, error, timeout_seconds) from None
    secured = writer.get_extra_info("ssl_object")
    try:
        check_protocol(secured.selected_alpn_protocol() if secured is not None else None)
    except ServerError:
        writer.transport.abort()
        raise
    return reader, writer
