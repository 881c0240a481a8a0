"""Visits to a mock over real sockets: whole ones by mockscribe's own client, and one that a test drives step by step.

The second speaks HTTP/2 by the `h2` library, and what it receives is decoded by botocore's parser (`tests/wire.py`).
"""

from __future__ import annotations

import socket
import urllib.parse
import uuid
from types import TracebackType
from typing import Any, Self

import h2.config
import h2.connection
import h2.events

from mockscribe import AccountView
from mockscribe.client.blocking import listen
from mockscribe.client.core import EventReceived, Parameters
from mockscribe.wire.sigv4 import Credentials
from tests.wire import CONFIGURATION, DOMAIN_ID, SUBSCRIPTION_ID, Answer, request_headers, silence

CHUNK = silence(0.1)


def visit(view: AccountView, seconds: float = 1.0, *, session_id: str | None = None, end: bool = True) -> list[Any]:
    """Stream so much silence over TLS, unpaced, and return the events that came back."""
    parameters = Parameters(
        session_id=session_id or str(uuid.uuid4()),
        domain_id=DOMAIN_ID,
        subscription_id=SUBSCRIPTION_ID,
        sample_rate=16_000,
        media_encoding="pcm",
    )
    credentials = Credentials(view.credentials.access_key_id, view.credentials.secret_access_key)
    with listen(view.https_url, parameters, credentials=credentials, ca_files=[view.ca_file]) as call:
        chunks = [(CHUNK, 0.1)] * round(seconds * 10)
        events = list(call.run(CONFIGURATION, chunks, pace=None, end_session=end))
    return [event for event in events if isinstance(event, EventReceived)]


class LiveVisit:
    """One stream whose every step is the test's; a context manager."""

    def __init__(self, view: AccountView, *, session_id: str | None = None, timeout: float = 10.0) -> None:
        self.session_id = session_id or str(uuid.uuid4())
        address = urllib.parse.urlsplit(view.http_url)
        self.answer = Answer()
        self._socket = socket.create_connection((address.hostname, address.port), timeout=timeout)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        scope = f"Credential={view.credentials.access_key_id}/20260101/us-east-1/health-agent/aws4_request"
        headers = request_headers(session_id=self.session_id, authorization=f"AWS4-HMAC-SHA256 {scope}")
        self._h2.send_headers(1, headers)
        self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *messages: bytes, end: bool = False) -> None:
        """Send messages; each must fit the window."""
        for message in messages:
            for start in range(0, len(message), 16_384):
                self._h2.send_data(1, message[start : start + 16_384])
        if end:
            self._h2.end_stream(1)
        self._flush()

    def read_event(self) -> tuple[dict[str, Any], bytes]:
        """The next message that was not read yet."""
        read = getattr(self, "_read", 0)
        while len(self.answer.events) <= read:
            assert not self._over, "the response is over"
            self._receive()
        self._read = read + 1
        return self.answer.events[read]

    def read_end(self) -> Answer:
        """Read until the response ends or is reset."""
        while not self._over:
            self._receive()
        return self.answer

    @property
    def _over(self) -> bool:
        return self.answer.ended or self.answer.reset is not None

    def _receive(self) -> None:
        data = self._socket.recv(65_536)
        assert data, "the server closed the connection"
        for event in self._h2.receive_data(data):
            match event:
                case h2.events.ResponseReceived(headers=headers):
                    self.answer.headers = {str(name): str(value) for name, value in headers}
                case h2.events.DataReceived(data=body, flow_controlled_length=length):
                    self.answer.body += body
                    self._h2.acknowledge_received_data(length, 1)
                case h2.events.StreamEnded():
                    self.answer.ended = True
                case h2.events.StreamReset(error_code=code):
                    self.answer.reset = int(code)
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._h2.data_to_send())
