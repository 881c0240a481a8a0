"""What a client may send: windows, credit, padding, content-length, DATA where none may be."""

import pytest

from mockscribe.wire.exchange import BodyReceived, ExchangeLost, RequestEnded
from mockscribe.wire.http2_input import CONNECTION_WINDOW, STREAM_WINDOW
from tests.unit.wire.peer import (
    CANCEL,
    DATA,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    PADDED,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    Peer,
    data,
    frame,
    padded,
    rst_stream,
)

FULL = 16_384
WHOLE_WINDOW = [bytes(FULL)] * (STREAM_WINDOW // FULL)


def body(peer: Peer, stream: int) -> bytes:
    return b"".join(each.data for each in peer.observed if isinstance(each, BodyReceived) and each.exchange == stream)


# ---- bodies


def test_a_body_arrives_in_order_with_its_end() -> None:
    peer = Peer()
    peer.open(1)
    peer.open(3)
    observed = peer.send(data(1, b"a"), data(3, b"b"), data(1, b"c", end=True))
    assert observed == [
        BodyReceived(exchange=1, data=b"a"),
        BodyReceived(exchange=3, data=b"b"),
        BodyReceived(exchange=1, data=b"c"),
        RequestEnded(exchange=1),
    ]


def test_a_body_is_not_copied() -> None:
    peer = Peer()
    peer.open(1)
    (event,) = peer.connection.receive_data(read := data(1, b"body"), peer.now)
    assert isinstance(event, BodyReceived)
    assert isinstance(event.data, memoryview)
    assert event.data.obj is read


def test_an_empty_end_ends_the_request() -> None:
    peer = Peer()
    peer.open(1)
    assert peer.send(data(1, end=True)) == [RequestEnded(exchange=1)]


def test_h2_hears_of_an_end_on_data() -> None:
    """HEADERS after END_STREAM are no trailers then, and both ends together close the stream."""
    peer = Peer()
    peer.open(1)
    peer.send(data(1, b"x", end=True), peer.headers(1))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)
    peer.open(3)
    peer.send(data(3, b"x", end=True))
    peer.respond(3)
    peer.frames.clear()
    peer.send(rst_stream(3))  # nothing is left that could be lost
    assert not any(isinstance(each, ExchangeLost) and each.exchange == 3 for each in peer.observed)
    peer.assert_alive(5)


# ---- padding


def test_padding_is_no_body_and_counts_for_windows() -> None:
    peer = Peer()
    peer.open(1)
    observed = peer.send(padded(1, b"body", 10), padded(1, b"", 0), padded(1, b"", 255))
    assert observed == [BodyReceived(exchange=1, data=b"body")]
    for _ in range(STREAM_WINDOW // 2 // 256):
        peer.send(padded(1, b"", 255))
    assert peer.credit(1) >= STREAM_WINDOW // 2  # padding is used up on receipt


def test_padding_on_the_last_frame() -> None:
    peer = Peer()
    peer.open(1)
    assert peer.send(padded(1, b"body", 1, end=True)) == [
        BodyReceived(exchange=1, data=b"body"),
        RequestEnded(exchange=1),
    ]


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x05body", b"\xff" + bytes(254)])
def test_more_padding_than_payload_ends_the_connection(payload: bytes) -> None:
    peer = Peer()
    peer.open(1)
    peer.send(frame(DATA, PADDED, 1, payload))
    peer.assert_ended_by("padding", PROTOCOL_ERROR)


# ---- windows


def test_each_stream_is_raised_to_its_window_and_the_connection_once() -> None:
    peer = Peer()
    peer.send(peer.headers(1))
    assert (peer.credit(0), peer.credit(1)) == (CONNECTION_WINDOW - 65_535, STREAM_WINDOW - 65_535)
    peer.send(peer.headers(3))
    assert (peer.credit(0), peer.credit(3)) == (CONNECTION_WINDOW - 65_535, STREAM_WINDOW - 65_535)


def test_a_request_that_came_ended_is_granted_nothing() -> None:
    peer = Peer()
    peer.send(peer.headers(1, end=True))
    assert peer.frames == []


def test_a_stream_takes_its_whole_window_and_not_a_byte_more() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW))
    assert len(body(peer, 1)) == STREAM_WINDOW
    assert peer.broken() == []
    peer.send(data(1, b"x"))
    peer.assert_reset_by(1, "flow_control", FLOW_CONTROL_ERROR)
    assert peer.observed[-1] == ExchangeLost(
        exchange=1, reason="DATA beyond the stream's window", code=FLOW_CONTROL_ERROR, by_client=False
    )
    peer.assert_alive(3)


def test_a_connection_takes_its_whole_window_and_not_a_byte_more() -> None:
    """Credit counts from when it is written: what comes before that must fit."""
    peer = Peer()
    peer.open(1)
    peer.open(3)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW))
    peer.send(*(data(3, each) for each in WHOLE_WINDOW))
    assert peer.broken() == []
    peer.open(5)
    peer.open(7)
    peer.send(*(data(5, each) for each in WHOLE_WINDOW), data(7, b"x"))
    peer.assert_ended_by("flow_control", FLOW_CONTROL_ERROR)
    assert len(body(peer, 5)) == STREAM_WINDOW


def test_before_the_first_body_the_connection_has_the_default_window() -> None:
    peer = Peer(max_concurrent_streams=0)
    peer.send(peer.headers(1))
    frames = [data(1, bytes(FULL))] * 3 + [data(1, bytes(FULL - 1))]
    peer.send(*frames)
    assert peer.credit(0) == 65_535
    peer.send(*frames, data(1, b"x"))
    peer.assert_ended_by("flow_control", FLOW_CONTROL_ERROR)
    assert peer.credit(0) == 65_535


def test_the_connections_credit_returns_used_or_not() -> None:
    """A stream that nobody reads never holds up another."""
    peer = Peer()
    peer.open(1)
    peer.open(3)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW))
    peer.send(*(data(3, each) for each in WHOLE_WINDOW))
    assert peer.broken() == []
    assert (peer.credit(1), peer.credit(3)) == (0, 0)
    assert peer.credit(0) >= 2 * STREAM_WINDOW - CONNECTION_WINDOW


def test_a_streams_credit_returns_by_halves_as_it_is_used() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW))
    peer.connection.consume(1, STREAM_WINDOW // 2 - 1)
    peer.drain()
    assert peer.credit(1) == 0
    peer.connection.consume(1, 1)
    peer.drain()
    assert peer.credit(1) == STREAM_WINDOW // 2
    peer.send(*(data(1, each) for each in WHOLE_WINDOW[: len(WHOLE_WINDOW) // 2]))
    assert peer.broken() == []
    peer.send(data(1, b"x"))
    peer.assert_reset_by(1, "flow_control", FLOW_CONTROL_ERROR)


def test_there_is_no_credit_for_what_has_ended() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW), data(1, end=True))
    peer.frames.clear()
    peer.connection.consume(1, STREAM_WINDOW)
    peer.connection.consume(99, STREAM_WINDOW)
    peer.drain()
    assert peer.frames == []


# ---- content-length


@pytest.mark.parametrize("length", ["0", "3", "4"])
@pytest.mark.parametrize("pieces", [(b"hello",), (b"hel", b"lo"), (b"h", b"e", b"l", b"l", b"o")])
def test_a_body_longer_than_its_content_length_is_refused_as_soon_as_seen(length: str, pieces: tuple[bytes]) -> None:
    peer = Peer()
    peer.open(1, more=[("content-length", length)])
    for each in pieces:
        peer.send(data(1, each))
        if peer.broken():
            break
    peer.assert_reset_by(1, "content_length", PROTOCOL_ERROR)
    assert len(body(peer, 1)) <= int(length)
    peer.assert_alive(3)


@pytest.mark.parametrize("end", ["data", "empty data", "trailers"])
def test_a_body_shorter_than_its_content_length_is_refused_at_its_end(end: str) -> None:
    peer = Peer()
    peer.open(1, more=[("content-length", "5")])
    assert peer.send(data(1, b"he")) == [BodyReceived(exchange=1, data=b"he")]
    match end:
        case "data":
            peer.send(data(1, b"ll", end=True))
        case "empty data":
            peer.send(data(1, end=True))
        case _:
            peer.send(peer.headers(1, [("a", "b")], end=True))
    peer.assert_reset_by(1, "content_length", PROTOCOL_ERROR)


def test_a_request_without_a_body_may_not_promise_one() -> None:
    peer = Peer()
    peer.send(peer.headers(1, end=True, more=[("content-length", "5")]))
    peer.assert_reset_by(1, "content_length", PROTOCOL_ERROR)
    assert [type(each).__name__ for each in peer.observed] == ["RuleBroken"]  # nobody had heard of the request
    peer.send(peer.headers(3, end=True, more=[("content-length", "0")]))
    assert len(peer.broken()) == 1


@pytest.mark.parametrize("end", ["data", "trailers"])
def test_a_body_as_long_as_its_content_length_is_taken(end: str) -> None:
    peer = Peer()
    peer.open(1, more=[("content-length", "5")])
    peer.send(padded(1, b"hello", 9))
    peer.send(data(1, end=True) if end == "data" else peer.headers(1, [("a", "b")], end=True))
    assert peer.observed[-1] == RequestEnded(exchange=1)
    assert peer.broken() == []


# ---- DATA where none may be


@pytest.mark.parametrize("stream", [0, 2, 1, 5])
def test_data_on_a_stream_that_was_never_opened_ends_the_connection(stream: int) -> None:
    peer = Peer()
    peer.send(data(stream, b"x"))
    peer.assert_ended_by("stream_state", PROTOCOL_ERROR)


def test_data_after_the_end_resets_the_stream() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(data(1, b"x", end=True), data(1, b"y"))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)
    assert body(peer, 1) == b"x"
    assert isinstance(peer.observed[-1], ExchangeLost)


def test_data_on_a_closed_stream_is_answered_with_a_reset() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1)
    peer.send(data(1, b"x"))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)
    peer.assert_alive(3)


def test_data_after_the_clients_own_reset_is_answered_with_a_reset() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(rst_stream(1), data(1, b"x"))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)


def test_what_was_under_way_on_a_stream_that_we_reset_is_ignored_but_counted() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.reset(1, CANCEL)
    peer.send(*(data(1, each) for each in WHOLE_WINDOW), data(1, end=True))
    assert peer.resets(1) == [CANCEL]
    assert peer.broken() == []
    assert peer.credit(0) >= CONNECTION_WINDOW // 2
    peer.assert_alive(3)


# ---- floods


def test_empty_data_frames_are_an_allowance() -> None:
    peer = Peer(control_burst=5, control_rate=1.0)
    peer.open(1)
    peer.now += 10
    for _ in range(5):
        assert peer.send(data(1)) == []
    assert peer.closing is None
    peer.now += 1
    assert peer.send(data(1)) == []
    peer.send(data(1))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_data_on_streams_that_were_reset_is_an_allowance() -> None:
    peer = Peer(control_burst=5)
    peer.open(1)
    peer.connection.reset(1, CANCEL)
    peer.now += 10
    for _ in range(5):
        peer.send(data(1, b"x"))
    assert peer.closing is None
    peer.send(data(1, b"x"))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_frames_that_break_a_stream_are_an_allowance() -> None:
    peer = Peer(reset_burst=3)
    for stream in (1, 3, 5):
        peer.send(peer.headers(stream, end=True, more=[("content-length", "1")]))
        assert peer.closing is None
    peer.send(peer.headers(7, end=True, more=[("content-length", "1")]))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_headers_of_no_known_length_are_left_to_h2() -> None:
    """A content-length that is no number ends the connection: h2's rule (see the module)."""
    peer = Peer()
    peer.send(peer.headers(1, more=[("content-length", "five")]))
    peer.assert_ended_by("headers_frame", PROTOCOL_ERROR)
