"""What a client may send, by h2: header blocks, settings and the states of its streams, reduced to what is asked of it.

The only importer of h2. It knows requests, their trailers and resets, and of responses only that a stream is over; see
`http2.py` for what is kept from it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

import h2.events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hpack import HPACKError

from mockscribe.wire import http2_frames as frames
from mockscribe.wire.http2_frames import PREFACE, ErrorCode, connection_error

Field = tuple[bytes, bytes]

_RULES = {  # what h2 checks: the rule's name and clause by type of frame
    frames.HEADERS: ("headers_frame", "6.2"),
    frames.PRIORITY: ("priority_frame", "6.3"),
    frames.RST_STREAM: ("rst_stream_frame", "6.4"),
    frames.SETTINGS: ("settings_frame", "6.5"),
    frames.PUSH_PROMISE: ("push_promise_frame", "6.6"),
    frames.PING: ("ping_frame", "6.7"),
    frames.CONTINUATION: ("headers_frame", "6.10"),
}


class Part(enum.Enum):
    """What a header block is."""

    REQUEST = enum.auto()
    TRAILERS = enum.auto()
    NEITHER = enum.auto()  # the stream had ended


class Block(NamedTuple):
    """A complete header block; `ended` when END_STREAM came with it."""

    part: Part
    fields: Sequence[Field]
    ended: bool


class _Values(list[int]):
    """What a setting is and will be, once it is acknowledged; called like the deque that h2 has here."""

    __slots__ = ()

    def popleft(self) -> int:
        return self.pop(0)


class _SmallSettings(Settings):
    """h2's in 2 KiB instead of 6: an idle connection has two, and h2 keeps a deque of 760 bytes for each setting."""

    def __init__(self, client: bool, initial_values: dict[SettingCodes, int] | None = None) -> None:
        super().__init__(client, initial_values)
        self._settings = {code: _Values(values) for code, values in self._settings.items()}  # type: ignore[misc]

    def __setitem__(self, key: SettingCodes | int, value: int) -> None:
        known = key in self._settings
        super().__setitem__(key, value)
        if not known:
            self._settings[key] = _Values(self._settings[key])  # type: ignore[assignment]


class H2States:
    """The states of one connection's streams; what h2 writes (acknowledgements) is appended to `out`."""

    def __init__(self, out: list[bytes | memoryview], max_concurrent_streams: int, max_header_list_bytes: int) -> None:
        self._out = out
        self._h2 = H2Connection(
            H2Configuration(
                client_side=False,
                validate_inbound_headers=False,  # http2_fields.py does, at the price of one stream
            )
        )
        settings = {
            SettingCodes.MAX_CONCURRENT_STREAMS: max_concurrent_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: max_header_list_bytes,
        }
        self._h2.remote_settings = _SmallSettings(client=True)
        self._h2.local_settings = Settings(client=False, initial_values=settings)
        self._h2.decoder.max_header_list_size = max_header_list_bytes
        self._h2.initiate_connection()
        self._take()
        # h2 would end the connection over one stream too many; we refuse that stream
        settings[SettingCodes.MAX_CONCURRENT_STREAMS] = frames.MAX_WINDOW
        self._h2.local_settings = _SmallSettings(client=False, initial_values=settings)
        self._h2.receive_data(PREFACE)

    def receive_headers(self, kind: int, flags: int, stream_id: int, payload: memoryview) -> Block | None:
        """A HEADERS or CONTINUATION frame, and the block that it completes.

        Raises:
            RuleError: of the connection.
        """
        events = self._receive(kind, flags, stream_id, payload)
        self._h2.clear_outbound_data_buffer()  # its RST_STREAM: whether there is to be one, is for the caller to say
        if not flags & frames.END_HEADERS:
            return None
        match events:
            case [h2.events.RequestReceived(headers=fields, stream_ended=ended), *_]:
                return Block(Part.REQUEST, fields, ended is not None)
            case [h2.events.TrailersReceived(headers=fields), *_]:
                return Block(Part.TRAILERS, fields, ended=True)
            case _:
                return Block(Part.NEITHER, (), ended=True)

    def receive(self, kind: int, flags: int, stream_id: int, payload: memoryview) -> None:
        """Any other frame of the client.

        Raises:
            RuleError: of the connection.
        """
        self._receive(kind, flags, stream_id, payload)
        self._take()

    def _receive(self, kind: int, flags: int, stream_id: int, payload: memoryview) -> Sequence[h2.events.Event]:
        try:
            return self._h2.receive_data(frames.frame(kind, flags, stream_id, payload))
        except ProtocolError as error:
            self._h2.clear_outbound_data_buffer()  # its GOAWAY; ours says more
            if type(error) is ProtocolError and isinstance(error.__cause__, HPACKError):  # else the list is too long
                message = "A header block that HPACK cannot decode"
                raise connection_error("header_block", "4.3", message, ErrorCode.COMPRESSION_ERROR) from None
            rule, clause = _RULES[kind]
            raise connection_error(rule, clause, str(error) or type(error).__name__, error.error_code) from None

    def client_settings(self) -> tuple[int, int]:
        """SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_MAX_FRAME_SIZE."""
        return self._h2.remote_settings.initial_window_size, self._h2.max_outbound_frame_size

    def close(self, stream_id: int) -> None:
        """The stream is over: both sides have ended it, or we reset it."""
        if not self._h2.streams[stream_id].closed:
            self._h2.reset_stream(stream_id)
            self._h2.clear_outbound_data_buffer()

    def _take(self) -> None:
        if data := self._h2.data_to_send():
            self._out.append(data)
