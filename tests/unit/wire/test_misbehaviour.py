"""What a connection does wrong on purpose, seen by a client that reads every frame."""

import itertools

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, HeadersFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from mockscribe.wire.ending import Ending
from mockscribe.wire.exchange import Closing
from mockscribe.wire.http1 import Http1Connection
from mockscribe.wire.misbehaviour import (
    ChangeSettings,
    CloseNow,
    CloseSlowly,
    CutData,
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
from tests.unit.wire.peer import PING, Peer, data, frame, settings

HEAD = (("x-test", "1"),)


def begun(**options: int) -> Peer:
    """A client whose request on stream 1 has its response's head."""
    peer = Peer(**options)
    peer.open(1)
    peer.connection.send_head(1, 200, HEAD)
    peer.drain()
    peer.frames.clear()
    return peer


def misbehave(peer: Peer, misbehaviour: Misbehaviour, exchange: int = 1) -> None:
    peer.connection.misbehave(exchange, misbehaviour)
    peer.drain()


# ---- one exchange over HTTP/2


def test_data_is_cut() -> None:
    peer = begun()
    misbehave(peer, CutData(octets=3))
    peer.connection.send(1, b"0123456789")
    peer.drain()
    assert [bytes(each.data) for each in peer.of(DataFrame, 1)] == [b"012", b"345", b"678", b"9"]


def test_what_was_sent_before_a_cut_is_whole() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.send_head(1, 200, HEAD)
    peer.connection.send(1, b"0123456789")
    misbehave(peer, CutData(octets=3))
    peer.connection.send(1, b"abcd")
    peer.drain()
    assert [bytes(each.data) for each in peer.of(DataFrame, 1)] == [b"0123456789", b"abc", b"d"]


def uploaded(peer: Peer, chunks: int) -> None:
    for _ in range(chunks):
        peer.send(data(1, bytes(16_384)))
        peer.connection.consume(1, 16_384)
        peer.drain()


def test_a_stream_s_window_is_withheld_and_the_connection_s_is_not() -> None:
    peer = begun()
    misbehave(peer, WithholdWindow())
    uploaded(peer, 40)
    assert peer.of(WindowUpdateFrame, 1) == []
    assert peer.of(WindowUpdateFrame, 0) != []


def test_both_windows_are_withheld() -> None:
    peer = begun()
    misbehave(peer, WithholdWindow(connection=True))
    uploaded(peer, 40)
    assert peer.of(WindowUpdateFrame) == []


def test_a_window_is_tiny() -> None:
    peer = begun()
    misbehave(peer, TinyWindow(octets=10))
    (changed,) = peer.of(SettingsFrame)
    assert changed.settings == {SettingsFrame.INITIAL_WINDOW_SIZE: 10}
    peer.frames.clear()
    peer.send(data(1, bytes(10)))
    peer.connection.consume(1, 10)
    peer.drain()
    assert [each.window_increment for each in peer.of(WindowUpdateFrame, 1)] == [10]


def test_a_response_ends_with_trailers() -> None:
    peer = begun()
    peer.connection.send(1, b"body")
    misbehave(peer, EndWithTrailers(fields=(("x-trailer", "1"),)))
    assert [type(each) for each in peer.frames] == [DataFrame, HeadersFrame]
    assert "END_STREAM" not in peer.frames[0].flags
    assert "END_STREAM" in peer.frames[1].flags
    misbehave(peer, EndWithTrailers(fields=(("x-trailer", "2"),)))
    assert len(peer.frames) == 2


def test_an_exchange_that_is_over_cannot_misbehave() -> None:
    peer = begun()
    misbehave(peer, CutData(octets=1), exchange=3)
    assert peer.frames == []


# ---- the connection over HTTP/2


def test_goaway_with_another_last_stream_lets_open_streams_go_on() -> None:
    peer = begun()
    misbehave(peer, GoAway(code=11, last_stream=0))
    (frame_,) = peer.of(GoAwayFrame)
    assert (frame_.error_code, frame_.last_stream_id) == (11, 0)
    peer.connection.send(1, b"still here")
    peer.connection.end(1)
    peer.drain()
    assert [bytes(each.data) for each in peer.of(DataFrame, 1)] == [b"still here"]


def test_goaway_can_end_the_connection() -> None:
    peer = begun()
    misbehave(peer, GoAway(code=2, close=True))
    assert len(peer.of(GoAwayFrame)) == 1
    assert peer.closing is Closing.EOF
    misbehave(peer, IgnorePings())  # it is over: nothing happens
    assert peer.send(frame(PING, 0, 0, bytes(8))) == []


def test_settings_change() -> None:
    peer = begun()
    misbehave(peer, ChangeSettings(settings={3: 1, 6: 4096}))
    (changed,) = peer.of(SettingsFrame)
    assert changed.settings == {3: 1, 6: 4096}


def test_pings_are_not_answered() -> None:
    peer = begun()
    peer.send(frame(PING, 0, 0, b"12345678"))
    assert len(peer.of(PingFrame)) == 1
    misbehave(peer, IgnorePings())
    peer.frames.clear()
    peer.send(frame(PING, 0, 0, b"12345678"), settings())
    assert peer.of(PingFrame) == []
    assert len(peer.of(SettingsFrame)) == 1  # everything else is


def test_reading_stops() -> None:
    peer = begun()
    assert peer.connection.reading
    misbehave(peer, StopReading())
    assert not peer.connection.reading


def test_our_half_closes_while_reading_goes_on() -> None:
    peer = begun()
    misbehave(peer, HalfClose())
    assert peer.closing is Closing.EOF
    assert not peer.connection.aborted
    peer.connection.send(1, b"never said")
    assert peer.send(data(1, b"heard")) != []
    assert peer.of(DataFrame) == []


def test_the_end_takes_its_time() -> None:
    peer = begun()
    misbehave(peer, CloseSlowly(seconds=3.0))
    peer.connection.end(1)
    peer.send(data(1, b"", end=True))
    assert peer.closing is None
    for peer.now in (100.0, 102.9, 103.0):
        peer.connection.tick(peer.now)
        peer.drain()
        assert (peer.closing is Closing.EOF) is (peer.now == 103.0)


@pytest.mark.parametrize(
    ("misbehaviour", "closing"),
    [(CloseNow(), Closing.EOF), (ResetConnection(), Closing.RESET), (SendAlert(), Closing.ALERT)],
)
def test_the_connection_ends_at_once(misbehaviour: Misbehaviour, closing: Closing) -> None:
    peer = begun()
    peer.connection.send(1, b"before")
    misbehave(peer, misbehaviour)
    assert peer.closing is closing
    assert [bytes(each.data) for each in peer.of(DataFrame, 1)] == [b"before"]


# ---- HTTP/1.1

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def http1() -> Http1Connection:
    connection = Http1Connection()
    connection.receive_data(REQUEST, 0.0)
    connection.send_head(1, 200, HEAD)
    connection.data_to_send()
    return connection


def test_chunks_are_cut() -> None:
    connection = http1()
    connection.misbehave(1, CutData(octets=4))
    connection.send(1, b"0123456789")
    assert connection.data_to_send().data == b"4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n"


def test_a_chunked_body_ends_with_trailers() -> None:
    connection = http1()
    connection.misbehave(1, EndWithTrailers(fields=(("x-trailer", "1"),)))
    assert connection.data_to_send().data.lower() == b"0\r\nx-trailer: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("misbehaviour", "closing"),
    [
        (GoAway(code=0, close=True), Closing.EOF),
        (CloseNow(), Closing.EOF),
        (ResetConnection(), Closing.RESET),
        (SendAlert(), Closing.ALERT),
        (HalfClose(), Closing.EOF),
        (GoAway(code=0), None),
        (TinyWindow(octets=1), None),
        (ChangeSettings(settings={}), None),
        (IgnorePings(), None),
    ],
)
def test_how_a_connection_of_http_1_ends(misbehaviour: Misbehaviour, closing: Closing | None) -> None:
    connection = http1()
    connection.misbehave(1, misbehaviour)
    assert connection.data_to_send().closing is closing


def test_reading_of_http_1_stops() -> None:
    connection = http1()
    connection.misbehave(1, StopReading())
    assert not connection.reading


def test_what_was_used_up_of_a_body_of_http_1_frees_nothing() -> None:
    connection = http1()
    connection.misbehave(1, WithholdWindow())
    for _ in range(70):
        connection.receive_data(b"4000\r\n" + bytes(0x4000) + b"\r\n", 0.0)
        connection.consume(1, 0x4000)
    assert not connection.reading


def test_the_end_of_http_1_takes_its_time() -> None:
    connection = http1()
    connection.misbehave(1, CloseSlowly(seconds=2.0))
    connection.receive_data(b"0\r\n\r\n", 0.0)
    connection.end(1)
    assert connection.data_to_send().closing is None
    for now in (0.0, 2.0):
        connection.tick(now)
    assert connection.data_to_send().closing is Closing.EOF


def test_another_exchange_of_http_1_cannot_misbehave() -> None:
    connection = http1()
    connection.misbehave(2, ResetConnection())
    assert connection.data_to_send().closing is None


# ---- endings


def test_a_delay_is_counted_once_and_lingering_comes_after_it() -> None:
    ending = Ending()
    ending.delay_seconds = 2.0
    assert ending.deadline(10.0) is None
    ending.begin(Closing.EOF)
    assert ending.deadline(10.0) == 10.0
    ending.tick(10.0)
    assert (ending.deadline(10.0), ending.announce()) == (12.0, None)
    ending.tick(11.0)
    ending.tick(12.0)
    assert ending.announce() is Closing.EOF
    ending.tick(12.0)
    assert ending.deadline(12.0) == 13.0
    ending.tick(13.0)
    assert ending.announce() is Closing.ABORT


def test_nothing_overrides_an_abort_or_a_reset() -> None:
    for first, second in itertools.permutations((Closing.ABORT, Closing.RESET)):
        ending = Ending()
        ending.begin(first)
        ending.begin(second)
        assert ending.announce() is first
        assert ending.aborted
