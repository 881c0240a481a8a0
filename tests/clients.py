"""Clients on real sockets that are not ours: h2 for HTTP/2, h11 for HTTP/1.1, botocore's parser for what comes back.

They block, and no read waits longer than `PATIENCE`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import h2.config
import h2.connection
import h2.events
import h2.settings
import h11
from hyperframe.frame import Frame, GoAwayFrame

from tests.serving import PATIENCE
from tests.wire import Answer, request_headers

HEALTH = "/_mockscribe/health"


def trusting(ca_file: str | Path, *alpn: str) -> ssl.SSLContext:
    """A client's context that trusts the mock's CA and nothing else."""
    context = ssl.create_default_context(cafile=ca_file)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def connect(port: int, context: ssl.SSLContext | None = None, *, name: str = "localhost") -> socket.socket:
    """A connection to the port, over TLS with `context`; `name` is asked for and checked."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection if context is None else context.wrap_socket(connection, server_hostname=name)


class _Client:
    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()

    def read(self) -> bytes:
        """One read; empty, and `closed`, at the end."""
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        self.closed = self.closed or not data
        return data


class Http2Client(_Client):
    """HTTP/2 by prior knowledge, or over TLS with `context`; of streams in `stalled` it opens no window.

    A GOAWAY is kept from h2, which would end every stream; it is in `goaways`.
    """

    def __init__(self, port: int, context: ssl.SSLContext | None = None, *, window: int | None = None) -> None:
        super().__init__(connect(port, context))
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        if window is not None:
            settings = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.stalled: set[int] = set()
        self.answers: dict[int, Answer] = {}
        self.goaways: list[GoAwayFrame] = []
        self.settled = False
        self._scheme = "http" if context is None else "https"
        self._buffer = b""
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def open(self, headers: Iterable[tuple[str, str]] | None = None, *, end: bool = False) -> int:
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, list(headers or request_headers()), end_stream=end)
        self.flush()
        return stream

    def send(self, stream: int, *messages: bytes, end: bool = False) -> None:
        """Send messages; with more than the windows allow it reads until they open."""
        data = b"".join(messages)
        while data:
            self.until(lambda: self.h2.local_flow_control_window(stream) > 0)
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            self.h2.send_data(stream, data[:size])
            self.flush()
            data = data[size:]
        if end:
            self.h2.end_stream(stream)
            self.flush()

    def get(self, path: str = HEALTH) -> Answer:
        headers = [(":method", "GET"), (":scheme", self._scheme), (":authority", "localhost"), (":path", path)]
        answer = self.answers[self.open(headers, end=True)]
        self.until(lambda: answer.ended)
        return answer

    def until(self, condition: Callable[[], bool]) -> None:
        """Read until it holds."""
        while not condition():
            assert not self.closed, "the server has closed the connection"
            self.receive(self.read())

    def until_closed(self) -> None:
        while not self.closed:
            self.receive(self.read())

    def receive(self, data: bytes) -> None:
        self._buffer += data
        whole = b""
        while len(self._buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._buffer[:9]))
            if len(self._buffer) < 9 + length:
                break
            one, self._buffer = self._buffer[: 9 + length], self._buffer[9 + length :]
            if isinstance(frame, GoAwayFrame):
                frame.parse_body(memoryview(one[9:]))
                self.goaways.append(frame)
            else:
                whole += one
        for event in self.h2.receive_data(whole):
            match event:
                case h2.events.ResponseReceived(stream_id=stream, headers=headers):
                    self.answers[stream].headers = {str(name): str(value) for name, value in headers}
                case h2.events.DataReceived(stream_id=stream, data=body, flow_controlled_length=length):
                    self.answers[stream].body += body
                    if length and stream not in self.stalled:
                        self.h2.acknowledge_received_data(length, stream)
                case h2.events.StreamEnded(stream_id=stream):
                    self.answers[stream].ended = True
                case h2.events.StreamReset(stream_id=stream, error_code=code):
                    self.answers[stream].reset = int(code)
                case h2.events.SettingsAcknowledged():
                    self.settled = True
        if not self.closed:
            try:
                self.flush()
            except OSError:
                self.closed = True


class Http1Client(_Client):
    """One exchange of HTTP/1.1 on a socket, both directions at once."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__(connect(port, context))
        self.h11 = h11.Connection(h11.CLIENT)
        self.answer = Answer()

    def request(self, method: str, target: str, headers: Iterable[tuple[str, str]], *, end: bool = False) -> None:
        fields = [("host", "localhost"), *headers]
        self._send(h11.Request(method=method, target=target, headers=fields))
        if end:
            self._send(h11.EndOfMessage())

    def send(self, *messages: bytes, end: bool = False) -> None:
        for message in messages:
            self._send(h11.Data(data=message))
        if end:
            self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> None:
        self.socket.sendall(self.h11.send(event) or b"")

    def until(self, condition: Callable[[], bool]) -> None:
        """Read until it holds."""
        while not condition():
            event = self.h11.next_event()
            match event:
                case h11.Response(status_code=status, headers=headers, http_version=version):
                    self.answer.headers = {":status": str(status), "http_version": version.decode()}
                    self.answer.headers |= {name.decode(): value.decode() for name, value in headers}
                case h11.Data(data=data):
                    self.answer.body += data
                case h11.EndOfMessage():
                    self.answer.ended = True
                case _:
                    assert event is h11.NEED_DATA, event
                    self.h11.receive_data(self.read())


def streaming_headers(**overrides: str | None) -> list[tuple[str, str]]:
    """The head of a streaming call over HTTP/1.1."""
    plain = [(name, value) for name, value in request_headers(**overrides) if not name.startswith(":")]
    return [*plain, ("transfer-encoding", "chunked")]


def get(port: int, context: ssl.SSLContext | None = None, path: str = HEALTH) -> Answer:
    """One GET over HTTP/1.1."""
    with Http1Client(port, context) as client:
        client.request("GET", path, [], end=True)
        client.until(lambda: client.answer.ended)
        return client.answer
