"""The synchronous face of the client: a socket, TLS, and one loop that sends at a pace while it reads.

    with listen("https://localhost:8080", parameters, credentials=credentials, ca_files=[ca]) as call:
        for event in call.run(configuration, chunks, pace=1.0):
            ...

All IO and all clocks of this face are here; the protocol is `core.py`'s. No thread: between two sends the loop waits
for whichever comes first, bytes from the server or the moment of the next chunk. The consumer's own work on an event
holds the loop up; a consumer that is late makes the next chunks follow at once.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from mockscribe.client.core import ClientStream, EventReceived, Parameters, ResponseStarted, StreamEnded, StreamFailed
from mockscribe.client.endpoint import Endpoint, parse_endpoint
from mockscribe.client.http2 import HTTP_1_1
from mockscribe.errors import ConfigError, ServerError
from mockscribe.wire.sigv4 import Credentials

CONNECT_TIMEOUT_SECONDS = 10.0
"""Own choice: Java's SDK gives up on a connection after as long (facts 11a)."""

TIMEOUT_SECONDS = 60.0
"""Own choice: twice the 30 s of Java's read timeout, which is known to kill quiet streams (facts 11)."""

_READ_BYTES = 65_536

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
    context = _tls_context(ca_files) if endpoint.secure else None
    connection = _connect(endpoint, context, connect_timeout_seconds)
    stream = ClientStream(endpoint, parameters, credentials=credentials, region=region, now=time.time())
    return Call(connection, stream, timeout_seconds=timeout_seconds)


class Call:
    """A call that has begun; leaving its `with` block cancels what still runs of it and closes the connection."""

    def __init__(self, connection: socket.socket, stream: ClientStream, *, timeout_seconds: float) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._stream = stream
        self._timeout_seconds = timeout_seconds
        self._unwritten = memoryview(b"")
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Tell the server, as far as it still listens, and close the connection."""
        if self._socket.fileno() < 0:
            return
        self._stream.cancel()
        with contextlib.suppress(OSError):  # it need not reach anyone
            if not self._unwritten:
                self._socket.send(self._stream.data_to_send())
        self._selector.close()
        self._socket.close()

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
            if self._write():  # first, for it may be what makes room for the next step
                moved = now
            if step is not None and self._stream.can_send and not self._unwritten:
                due = begin + step[0]
                if due <= now:
                    step[1](time.time())
                    step = next(steps, None)
                    due = now
            else:  # only the server can bring the call on
                due = moved + self._timeout_seconds
                if due <= now:
                    raise ServerError(self._stalled())
            if (data := self._read(max(due - now, 0.0))) is None:
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
        if self._unwritten or not self._stream.can_send:
            return f"The server took no data for {self._timeout_seconds:g} s."
        return f"The server said nothing for {self._timeout_seconds:g} s after the end of the input."

    def _write(self) -> bool:
        """Write what the connection takes now; whether it took anything."""
        if not self._unwritten:
            self._unwritten = memoryview(self._stream.data_to_send())
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

    def _read(self, wait_seconds: float) -> bytes | None:
        """What arrives within that time: bytes, none at the end of the connection, or None when nothing came."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unwritten else 0)
        if wanted != self._selector.get_key(self._socket).events:
            self._selector.modify(self._socket, wanted)
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            wait_seconds = 0.0  # decrypted already, so the selector would not tell
        self._selector.select(wait_seconds)
        try:
            return self._socket.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""


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


def _tls_context(ca_files: Sequence[str | os.PathLike[str]]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca_files:
        context.load_default_certs()
    for file in ca_files:
        try:
            context.load_verify_locations(file)
        except ssl.SSLError:
            raise ConfigError(str(file), "holds no certificate in PEM") from None
        except OSError as error:
            raise ConfigError(str(file), f"cannot be read: {error.strerror}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9113, 9.2
    context.set_alpn_protocols(["h2"])
    return context


def _connect(endpoint: Endpoint, context: ssl.SSLContext | None, timeout_seconds: float) -> socket.socket:
    """A connection, after its TLS handshake if it has one.

    Raises:
        ServerError: there is none to be had; the message names the cure.
    """
    where = f"{endpoint.host}:{endpoint.port}"
    try:
        connection = socket.create_connection((endpoint.host, endpoint.port), timeout=timeout_seconds)
    except ConnectionRefusedError:
        hint = " Start a mock there with: mockscribe serve" if endpoint.local else ""
        raise ServerError(f"Nothing listens on {where}: the connection was refused.{hint}") from None
    except TimeoutError:
        raise ServerError(f"{where} did not answer within {timeout_seconds:g} s.") from None
    except OSError as error:
        raise ServerError(f"{where} cannot be reached: {error.strerror or error}.") from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return connection
    try:
        secured = context.wrap_socket(connection, server_hostname=endpoint.host)
    except (OSError, ValueError) as error:
        connection.close()
        raise ServerError(_handshake_failure(endpoint, error, timeout_seconds)) from None
    if secured.selected_alpn_protocol() == "http/1.1":
        secured.close()
        raise ServerError(HTTP_1_1)
    return secured


def _handshake_failure(endpoint: Endpoint, error: OSError | ValueError, timeout_seconds: float) -> str:
    match error:
        case ssl.SSLCertVerificationError(verify_message=reason):
            return (
                f"The certificate of {endpoint.url} is not trusted: {reason.rstrip('.')}. "
                'If that is a mockscribe, trust it with: --ca-bundle "$(mockscribe ca)"'
            )
        case ssl.SSLError() if "no application protocol" in str(error):  # Python 3.11 has no reason for it
            return HTTP_1_1
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "PACKET_LENGTH_TOO_LONG"):
            return f"{endpoint.url} does not speak TLS: for clear text write http instead of https."
        case TimeoutError():
            return f"{endpoint.url} did not finish the TLS handshake within {timeout_seconds:g} s."
        case _:
            return f"The TLS handshake with {endpoint.url} failed: {error}"
