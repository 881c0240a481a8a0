"""Faults of HTTP, TCP and TLS: what becomes of the stream, its connection, and a handshake. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockscribe.scenario.faults.actions import Action, Finish, Misbehave, Mode, Mute, NeverEnd, ResetStream
from mockscribe.scenario.faults.kinds import EVERYWHERE, FaultKind, Layer, Setting
from mockscribe.scenario.faults.parameters import code, fields, number, span, switch
from mockscribe.wire.misbehaviour import (
    ChangeSettings,
    CloseNow,
    CloseSlowly,
    EndWithTrailers,
    GoAway,
    HalfClose,
    IgnorePings,
    Misbehaviour,
    ResetConnection,
    SendAlert,
    StopReading,
    TinyWindow,
    WithholdWindow,
)
from mockscribe.wire.tls import Flaw

Outcome = Sequence[Action | Mode]

# RFC 9113, 6.5.2
_SETTINGS = {"max_concurrent_streams": 0x3, "initial_window": 0x4, "max_header_list": 0x6}


def _do(misbehaviour: Misbehaviour, ends: str = "") -> Outcome:
    return (Misbehave(misbehaviour=misbehaviour, ends=ends),)


def _go_away(setting: Setting) -> Outcome:
    going = GoAway(code=setting["code"], last_stream=setting["last_stream"], close=setting["close"])
    return _do(going, "a fault closed the connection with GOAWAY" if setting["close"] else "")


def _settings(setting: Setting) -> Outcome:
    changes = {number: setting[name] for name, number in _SETTINGS.items() if setting[name] is not None}
    return _do(ChangeSettings(settings=changes))


HTTP: Mapping[str, FaultKind] = {
    "end": FaultKind(
        layer=Layer.HTTP,
        about="End the response cleanly before its time.",
        example={"end": {"after_events": 3}},
        act=lambda _: (Finish(reason="a fault ended it"),),
        ends_stream=True,
        places=EVERYWHERE,
    ),
    "reset": FaultKind(
        layer=Layer.HTTP,
        about="End the stream with RST_STREAM (HTTP/1.1: reset the TCP connection).",
        example={"reset": {"code": "ENHANCE_YOUR_CALM"}},
        parameters={"code": code("CANCEL")},
        act=lambda setting: (ResetStream(code=setting["code"]),),
        ends_stream=True,
        places=EVERYWHERE,
    ),
    "go_away": FaultKind(
        layer=Layer.HTTP,
        about="Send GOAWAY; the stream goes on unless `close` (HTTP/1.1: close after the response, or now).",
        example={"go_away": {"code": "ENHANCE_YOUR_CALM", "last_stream": 0, "close": True}},
        parameters={
            "code": code("NO_ERROR"),
            "last_stream": number("The last stream that counts as taken; without it the client's newest."),
            "close": switch("Close the connection at once."),
        },
        act=_go_away,
        places=EVERYWHERE,
    ),
    "withhold_window": FaultKind(
        layer=Layer.HTTP,
        about="Grant the client no more window, so that its audio stalls (HTTP/1.1: use up no more of it).",
        example={"withhold_window": {"connection": True}},
        parameters={"connection": switch("The window of the whole connection too, hence of its other streams.")},
        act=lambda setting: _do(WithholdWindow(connection=setting["connection"])),
    ),
    "tiny_window": FaultKind(
        layer=Layer.HTTP,
        about="Lower SETTINGS_INITIAL_WINDOW_SIZE, and grant the stream no more than that at a time.",
        example={"tiny_window": {"bytes": 1024}},
        parameters={"bytes": number("How many bytes.", least=1, most=65_535, default=1024)},
        act=lambda setting: _do(TinyWindow(octets=setting["bytes"])),
        places=("attempt",),
        http1=False,
    ),
    "settings": FaultKind(
        layer=Layer.HTTP,
        about="Send a SETTINGS frame in mid-stream.",
        example={"settings": {"initial_window": 0}},
        parameters={
            "initial_window": number("SETTINGS_INITIAL_WINDOW_SIZE in bytes; it changes open streams' windows too."),
            "max_concurrent_streams": number("SETTINGS_MAX_CONCURRENT_STREAMS."),
            "max_header_list": number("SETTINGS_MAX_HEADER_LIST_SIZE in bytes."),
        },
        act=_settings,
        http1=False,
    ),
    "trailers": FaultKind(
        layer=Layer.HTTP,
        about="End the response with trailers (HTTP/1.1: after the last chunk).",
        example={"trailers": {"fields": {"x-amzn-errortype": "InternalServerException"}}},
        parameters={"fields": fields("The trailers.", default={"x-trailer": "unexpected"})},
        act=lambda setting: _do(EndWithTrailers(fields=setting["fields"]), "a fault ended it with trailers"),
        ends_stream=True,
    ),
    "silence": FaultKind(
        layer=Layer.HTTP,
        about="Send nothing more, and leave the stream open.",
        example={"silence": {"after_events": 2}},
        act=lambda _: (Mute(),),
        places=EVERYWHERE,
    ),
    "never_end": FaultKind(
        layer=Layer.HTTP,
        about="Send everything but the end of the response.",
        example={"never_end": {}},
        act=lambda _: (NeverEnd(),),
    ),
    "no_pings": FaultKind(
        layer=Layer.HTTP,
        about="Answer no PING on the connection any more.",
        example={"no_pings": {}},
        act=lambda _: _do(IgnorePings()),
        http1=False,
    ),
}

TCP: Mapping[str, FaultKind] = {
    "tcp_reset": FaultKind(
        layer=Layer.TCP,
        about="Reset the TCP connection.",
        example={"tcp_reset": {"after_time": "2s"}},
        act=lambda _: _do(ResetConnection(), "a fault reset the TCP connection"),
        ends_stream=True,
        places=EVERYWHERE,
    ),
    "tcp_close": FaultKind(
        layer=Layer.TCP,
        about="Close the TCP connection (FIN) without an end of the stream.",
        example={"tcp_close": {"after_events": 4, "byte": 20}},
        act=lambda _: _do(CloseNow(), "a fault closed the TCP connection"),
        ends_stream=True,
        places=EVERYWHERE,
    ),
    "half_close": FaultKind(
        layer=Layer.TCP,
        about="Close our half of the TCP connection (FIN), and go on reading.",
        example={"half_close": {"at_audio": "1s"}},
        act=lambda _: _do(HalfClose(), "a fault closed the mock's half of the TCP connection"),
        ends_stream=True,
        places=EVERYWHERE,
    ),
    "stop_reading": FaultKind(
        layer=Layer.TCP,
        about="Read no more from the connection, so that the client's writes back up.",
        example={"stop_reading": {"at_audio": "500ms"}},
        act=lambda _: _do(StopReading()),
    ),
    "slow_close": FaultKind(
        layer=Layer.TCP,
        about="Close the connection once its streams are over, but keep the client waiting for it.",
        example={"slow_close": {"by": "10s"}},
        parameters={"by": span("How long, in real time.", default="10s")},
        act=lambda setting: _do(CloseSlowly(seconds=setting["by"] / 1_000_000)),
    ),
}


def _handshake(about: str, name: str, flaw: Flaw) -> FaultKind:
    return FaultKind(layer=Layer.TLS, about=about, example={name: {}}, flaw=flaw, places=())


TLS: Mapping[str, FaultKind] = {
    "tls_expired": _handshake("Show a certificate that has expired.", "tls_expired", Flaw.EXPIRED),
    "tls_wrong_name": _handshake("Show a certificate for another name.", "tls_wrong_name", Flaw.WRONG_NAME),
    "tls_unknown_ca": _handshake("Show a certificate of a CA that nobody trusts.", "tls_unknown_ca", Flaw.UNKNOWN_CA),
    "tls_no_alpn": _handshake("Choose no protocol by ALPN.", "tls_no_alpn", Flaw.NO_ALPN),
    "tls_stall": _handshake("Take the ClientHello and never answer it.", "tls_stall", Flaw.STALL),
    "tls_alert": FaultKind(
        layer=Layer.TLS,
        about="Send a fatal TLS alert (bad_record_mac) in mid-stream (in clear text: reset the TCP connection).",
        example={"tls_alert": {"after_events": 2}},
        act=lambda _: _do(SendAlert(), "a fault ended the connection with a TLS alert"),
        ends_stream=True,
        places=EVERYWHERE,
    ),
}
