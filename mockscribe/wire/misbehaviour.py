"""What a connection can be told to do wrong, as values: `HttpConnection.misbehave` takes them.

Each acts at once, after what was sent before it, as far as windows let that out. What has no counterpart in HTTP/1.1
does nothing there. Knows no HTTP library and no scenario.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mockscribe.wire.exchange import Headers

# ---- on one exchange


class CutData(msgspec.Struct, frozen=True, kw_only=True):
    """From now on no DATA frame of the exchange (HTTP/1.1: no chunk) has more than so many bytes."""

    octets: int


class WithholdWindow(msgspec.Struct, frozen=True, kw_only=True):
    """From now on the client gets no window for the exchange; `connection`: nor for the connection as a whole."""

    connection: bool = False


class TinyWindow(msgspec.Struct, frozen=True, kw_only=True):
    """SETTINGS_INITIAL_WINDOW_SIZE becomes so small, and from now on the exchange gets no more than that at a time."""

    octets: int


class EndWithTrailers(msgspec.Struct, frozen=True, kw_only=True):
    """End the response with trailers."""

    fields: Headers


# ---- on the connection


class GoAway(msgspec.Struct, frozen=True, kw_only=True):
    """GOAWAY; `last_stream` None: the client's newest. Then open exchanges go on, or (`close`) the connection ends.

    HTTP/1.1: the connection takes no further request, or ends.
    """

    code: int
    last_stream: int | None = None
    close: bool = False


class ChangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A SETTINGS frame, by number."""

    settings: Mapping[int, int]


class IgnorePings(msgspec.Struct, frozen=True, kw_only=True):
    """No PING is answered any more."""


class StopReading(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more is read from the socket."""


class HalfClose(msgspec.Struct, frozen=True, kw_only=True):
    """FIN (over TLS after close_notify), while reading goes on."""


class CloseSlowly(msgspec.Struct, frozen=True, kw_only=True):
    """When the connection ends, it stays open for so much longer."""

    seconds: float


class CloseNow(msgspec.Struct, frozen=True, kw_only=True):
    """End the connection in mid-stream, in order: FIN."""


class ResetConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP reset."""


class SendAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A fatal TLS alert, then FIN; in clear text a TCP reset."""


Misbehaviour = (
    CutData
    | WithholdWindow
    | TinyWindow
    | EndWithTrailers
    | GoAway
    | ChangeSettings
    | IgnorePings
    | StopReading
    | HalfClose
    | CloseSlowly
    | CloseNow
    | ResetConnection
    | SendAlert
)
