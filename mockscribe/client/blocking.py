"""The synchronous face of the client: a socket, TLS, and one loop that sends at a pace while it reads.

    with listen("https://localhost:8080", parameters, credentials=credentials, ca_files=[ca]) as call:
        for event in call.run(configuration, chunks, pace=1.0):
            ...

All IO and all clocks of this face are here; the protocol is `core.py`'s. No thread: between two sends the loop waits
for whichever comes first, bytes from the server or the moment of the next chunk. The consumer's own work on an event
holds the loop up; a consumer that is late makes the next chunks follow at once.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from mockscribe.client.connecting import CONNECT_TIMEOUT_SECONDS, TIMEOUT_SECONDS, connect, tls_context
from mockscribe.client.core import ClientStream, EventReceived, Parameters, ResponseStarted, StreamEnded, StreamFailed
from mockscribe.client.endpoint import parse_endpoint
from mockscribe.client.link import Link
from mockscribe.errors import ConfigError, ServerError, ServerErrorKind
from mockscribe.wire.sigv4 import Credentials

Step = tuple[float, Callable[[float], None]]
"""When something is to be sent, in seconds since the call began, and the sending, given the time of day."""


def listen(
    endpoint_url: str,
    parameters: Parameters,
    *,
    credentials: Credentials,
    region: str = "us-east-1",
    ca_files: Sequence[str | os.PathLike[str]] = (),
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Call:
    """Connect and begin StartMedicalScribeListeningSession; use the call as a context manager.

    `https` is TLS with ALPN h2, trusting `ca_files` (PEM) or else the system's store; `http` is HTTP/2 by prior
    knowledge. After `timeout_seconds` in which the call could go on only by the server's doing and not a byte moved,
    it fails.

    Raises:
        ConfigError: the URL or the CA file cannot be used.
        ServerError: nobody answers there, or not in TLS that is trusted and HTTP/2.
    """
    try:
        endpoint = parse_endpoint(endpoint_url)
    except ValueError as error:
        raise ConfigError("the endpoint URL", str(error)) from None
    context = tls_context(ca_files) if endpoint.secure else None
    connection = connect(endpoint, context, connect_timeout_seconds)
    stream = ClientStream(endpoint, parameters, credentials=credentials, region=region, now=time.time())
    return Call(connection, stream, timeout_seconds=timeout_seconds)


class Call:
    """A call that has begun; leaving its `with` block cancels what still runs of it and closes the connection."""

    def __init__(self, connection: socket.socket, stream: ClientStream, *, timeout_seconds: float) -> None:
        self._link = Link(connection)
        self._stream = stream
        self._timeout_seconds = timeout_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Tell the server, as far as it still listens, and close the connection."""
        if self._link.closed:
            return
        given_up = not self._stream.over
        self._stream.cancel()
        if not self._link.blocked:
            self._link.write(self._stream.data_to_send)  # it need not reach anyone
        self._link.close(linger=given_up)

    def run(
        self,
        configuration: Mapping[str, Any],
        chunks: Iterable[tuple[bytes | memoryview, float]],
        *,
        pace: float | None = 1.0,
        binary: bool = True,
        end_session: bool = True,
    ) -> Iterator[ResponseStarted | EventReceived]:
        """Send the configuration, then audio, then the end, and yield meanwhile what the server says.

        `chunks` are audio with its duration in seconds, drawn one at a time; each is sent when a microphone would have
        it, `pace` times as fast (None: as fast as the server takes it). `binary` chooses between binaryAudioEvent
        and audioEvent. Without `end_session` the session is left paused.

        Raises:
            ServerError: the call was refused, an exception ended the stream, or the stream broke or stalled.
        """
        steps = _steps(self._stream, configuration, chunks, pace, binary, end_session)
        begin = moved = time.monotonic()
        step = next(steps, None)
        while True:
            now = time.monotonic()
            if self._link.write(self._stream.data_to_send):  # first, for it may be what makes room for the next step
                moved = now
            if step is not None and self._stream.can_send and not self._link.blocked:
                due = begin + step[0]
                if due <= now:
                    step[1](time.time())
                    step = next(steps, None)
                    due = now
            else:  # only the server can bring the call on
                due = moved + self._timeout_seconds
                if due <= now:
                    raise ServerError(self._stalled(), kind=ServerErrorKind.TIMEOUT)
            self._link.wait(max(due - now, 0.0))
            if (data := self._link.read()) is None:
                continue
            for observed in self._stream.receive_data(data) if data else self._stream.receive_eof():
                match observed:
                    case StreamEnded():
                        return
                    case StreamFailed(message=message, shape=shape, status=status):
                        raise ServerError(message, shape=shape, status=status)
                    case _:
                        yield observed
            moved = time.monotonic()  # after the consumer, whose time is not the server's

    def _stalled(self) -> str:
        if self._link.blocked or not self._stream.can_send:
            return f"The server took no data for {self._timeout_seconds:g} s."
        return f"The server said nothing for {self._timeout_seconds:g} s after the end of the input."


def _steps(
    stream: ClientStream,
    configuration: Mapping[str, Any],
    chunks: Iterable[tuple[bytes | memoryview, float]],
    pace: float | None,
    binary: bool,
    end_session: bool,
) -> Iterator[Step]:
    """What is to be sent, in order, each with its moment."""
    yield 0.0, partial(stream.send_configuration, configuration)
    heard = 0.0
    for audio, seconds in chunks:
        heard += seconds
        yield _moment(heard, pace), partial(stream.send_audio, audio, binary=binary)

    def end(now: float) -> None:
        if end_session:
            stream.end_session(now)
        stream.close_input(now)

    yield _moment(heard, pace), end


def _moment(heard: float, pace: float | None) -> float:
    return 0.0 if pace is None else heard / pace
