"""One request, alone on an HTTP/2 connection of its own: bytes ⇄ head, body and end, in both directions at once.

Knows HTTP/2 (RFC 9113, by way of h2) and nothing of event streams, signatures or the service; no IO and no clock.
h2 4.4.1 ends a connection on a received GOAWAY, where RFC 9113 6.8 lets the streams that are open finish (a server
that shuts down gracefully sends one); those frames are therefore taken out before h2 sees them.
"""

from __future__ import annotations

import contextlib
import struct
from collections import deque
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import msgspec

from mockscribe.wire.http2_frames import FRAME_HEADER, GOAWAY, MAX_FRAME_BYTES, SETTINGS, ErrorCode, code_name

Headers = tuple[tuple[str, str], ...]

HTTP_1_1 = (
    "The server answers in HTTP/1.1, and this call needs HTTP/2. Use an endpoint that offers it: over https by ALPN "
    "(a proxy in between may take it away), over http by prior knowledge."
)
_GOAWAY_PAYLOAD = struct.Struct(">LL")
_KIND_AT = 3  # the frame's type, after its length


class HeadReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The response's status and headers (lower-case names, pseudo-header fields left out)."""

    status: int
    headers: Headers


class BodyReceived(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the response's body."""

    data: bytes


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The response is complete."""


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange is over without its end; `message` says why, for a person."""

    message: str


Observed = HeadReceived | BodyReceived | Ended | Lost


class Http2Exchange:
    """A request that has begun and its response.

    After `Ended` or `Lost` nothing more is observed, and what is still sent goes nowhere.
    """

    def __init__(self, headers: Headers) -> None:
        """`headers` begin with the four pseudo-header fields of a request."""
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        # Set before the preface is made, so that it goes out in the first SETTINGS: nothing is to be pushed to us.
        self._h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.ENABLE_PUSH: 0}
        )
        self._h2.initiate_connection()
        self._stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(self._stream, headers)
        self._unsent: deque[memoryview] = deque()
        self._ending = False  # our half ends after what is unsent
        self._half_closed = False  # our half has ended
        self._held = bytearray()
        self._begun = False  # the server has said something that can be HTTP/2
        self.over = False

    # ---- out

    def send(self, data: bytes) -> None:
        """Body bytes; they leave when the server's windows let them."""
        if not self.over:
            self._unsent.append(memoryview(data))

    def end(self) -> None:
        """End the request after what was sent."""
        self._ending = True

    @property
    def blocked(self) -> bool:
        """Whether body bytes wait for the server to open its window."""
        return bool(self._unsent)

    def cancel(self) -> None:
        """Say that the connection is done with: reset the stream if either half is open, and GOAWAY."""
        self._unsent.clear()
        self.over = True
        with contextlib.suppress(h2.exceptions.ProtocolError):  # both halves have ended, or the server reset it
            self._h2.reset_stream(self._stream, ErrorCode.CANCEL)
        with contextlib.suppress(h2.exceptions.ProtocolError):  # the server broke the rules
            self._h2.close_connection()

    def data_to_send(self) -> bytes:
        """Drain what is to be written."""
        if not self.over:
            self._fill_window()
        return self._h2.data_to_send()

    def _fill_window(self) -> None:
        while self._unsent:
            room = min(self._h2.local_flow_control_window(self._stream), self._h2.max_outbound_frame_size)
            if room <= 0:
                return
            data = self._unsent.popleft()
            if len(data) > room:
                self._unsent.appendleft(data[room:])
                data = data[:room]
            self._h2.send_data(self._stream, bytes(data))
        if self._ending and not self._half_closed:
            self._half_closed = True
            self._h2.end_stream(self._stream)

    # ---- in

    def receive_data(self, data: bytes) -> Iterator[Observed]:
        """Bytes arrived."""
        if self.over:
            return
        self._held += data
        if not self._begun:
            if len(self._held) < FRAME_HEADER.size:
                return
            self._begun = True
            if (message := _not_http2(self._held)) is not None:
                yield self._lose(message)
                return
        try:
            for frames, goaway in self._split():
                for event in self._h2.receive_data(frames):
                    observed = self._observe(event)
                    if observed is not None:
                        yield observed
                if goaway is not None and not self.over:
                    last_stream, code = goaway
                    if last_stream < self._stream:
                        yield self._lose(f"The server refused the connection by GOAWAY ({code_name(code)}).")
        except h2.exceptions.ProtocolError as error:
            yield self._lose(f"The server broke the rules of HTTP/2: {error}")

    def receive_eof(self) -> Iterator[Observed]:
        """The server closed the connection."""
        if self.over:
            return
        if not self._begun and (message := _not_http2(self._held)) is not None:
            yield self._lose(message)
        elif not self._begun:
            yield self._lose("The server closed the connection without an answer; it may not speak HTTP/2.")
        else:
            yield self._lose("The server closed the connection before the stream had ended.")

    def _split(self) -> Iterator[tuple[bytes, tuple[int, int] | None]]:
        """Whole frames for h2, in runs that end where a GOAWAY was taken out; that one's last stream and code."""
        held, begin, at = self._held, 0, 0
        while len(held) - at >= FRAME_HEADER.size:
            high, low, kind, _, _ = FRAME_HEADER.unpack_from(held, at)
            length = high << 8 | low
            if length > MAX_FRAME_BYTES:  # h2 would wait for all of it before it names the fault
                yield bytes(held[begin:at]), None
                raise h2.exceptions.FrameTooLargeError(f"a frame of {length} bytes")
            end = at + FRAME_HEADER.size + length
            if end > len(held):
                break
            if kind == GOAWAY and length >= _GOAWAY_PAYLOAD.size:
                last_stream, code = _GOAWAY_PAYLOAD.unpack_from(held, at + FRAME_HEADER.size)
                yield bytes(held[begin:at]), (last_stream & 0x7FFF_FFFF, code)
                begin = end
            at = end
        frames = bytes(held[begin:at])
        del held[:at]
        yield frames, None

    def _observe(self, event: h2.events.Event) -> Observed | None:
        match event:
            case _ if self.over:
                return None
            case h2.events.ResponseReceived(headers=headers):
                fields = [(str(name), str(value)) for name, value in headers]
                status = next(value for name, value in fields if name == ":status")
                kept = tuple((name, value) for name, value in fields if not name.startswith(":"))
                return HeadReceived(status=int(status), headers=kept)
            case h2.events.DataReceived(data=data, flow_controlled_length=length):
                self._h2.acknowledge_received_data(length, self._stream)
                return BodyReceived(data=data) if data else None
            case h2.events.StreamEnded():
                self.over = True
                return Ended()
            case h2.events.StreamReset(error_code=code):
                return self._lose(f"The server reset the stream ({code_name(int(code))}).")
            case _:
                return None

    def _lose(self, message: str) -> Lost:
        self.over = True
        self._unsent.clear()
        return Lost(message=message)


def _not_http2(first: bytes | bytearray) -> str | None:
    """What is wrong with a server's first bytes, if they cannot be the frame of HTTP/2 that they have to be."""
    if first.startswith((b"HTTP/", b"<")):  # HTTP/1.1, or a page without a head, as some answer what they cannot parse
        return HTTP_1_1
    if first.startswith((b"\x15\x03", b"\x16\x03")):  # a TLS alert or handshake record (RFC 8446, 5.1)
        return "The server speaks TLS on this port: use https instead of http in the endpoint URL."
    if len(first) > _KIND_AT and first[_KIND_AT] not in (SETTINGS, GOAWAY):  # RFC 9113, 3.4: SETTINGS comes first
        return "What answers on this port does not speak HTTP/2."
    return None
