"""What leaves on the streams: the client's windows, its frame size, turns, full outputs."""

from collections.abc import Sequence

import pytest
from hyperframe.frame import DataFrame, Frame, HeadersFrame

from mockscribe.wire.exchange import OUTPUT_LIMIT, Observed, OutputDrained
from mockscribe.wire.limits import DEFAULTS
from tests.unit.wire.peer import (
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PROTOCOL_ERROR,
    WINDOW_UPDATE,
    Peer,
    frame,
    rst_stream,
    settings,
    window_update,
)

LARGEST = 2**31 - 1
DEFAULT = 65_535


def sizes(peer: Peer, stream: int) -> list[int]:
    return [len(each.data) for each in peer.of(DataFrame, stream)]


def tick(peer: Peer) -> Sequence[Observed]:
    """Meet the deadline that is due."""
    assert peer.connection.next_deadline() == peer.now
    return peer.connection.tick(peer.now)


# ---- windows


def test_nothing_goes_beyond_the_default_window() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(100_000))
    assert len(peer.body(1)) == DEFAULT
    assert not peer.ended(1)
    assert peer.connection.output_size(1) == 100_000 - DEFAULT
    peer.send(window_update(1, LARGEST - DEFAULT))
    assert len(peer.body(1)) == DEFAULT  # the connection's window is shut
    peer.send(window_update(0, 10))
    assert len(peer.body(1)) == DEFAULT + 10
    peer.send(window_update(0, 100_000))
    assert len(peer.body(1)) == 100_000
    assert peer.ended(1)
    assert peer.connection.output_size(1) == 0


def test_a_window_of_one_byte_is_used() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 1})
    peer.open(1, end=True)
    peer.respond(1, b"ab", b"c")
    for got in (b"a", b"ab", b"abc"):
        assert peer.body(1) == got
        peer.send(window_update(1, 1))
    assert sizes(peer, 1) == [1, 1, 1]
    assert peer.ended(1)


def test_heads_and_empty_ends_pass_shut_windows() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0})
    peer.open(1, end=True)
    peer.open(3, end=True)
    peer.respond(1, b"waits")
    peer.respond(3, end=False)
    assert peer.statuses(3) == ["200"]
    peer.connection.end(3)
    peer.drain()
    assert (peer.body(1), peer.body(3), peer.ended(3)) == (b"", b"", True)
    assert sizes(peer, 3) == [0]


def test_the_end_stands_on_the_last_frame_with_bytes() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(20_000))
    assert sizes(peer, 1) == [16_384, 3_616]
    assert peer.ended(1)


def test_the_end_of_what_has_left_is_an_empty_frame() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, b"body", end=False)
    assert not peer.ended(1)
    peer.connection.end(1)
    peer.drain()
    assert sizes(peer, 1) == [4, 0]
    assert peer.ended(1)


def test_a_response_without_a_body_ends_with_its_head() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1)
    (head,) = peer.frames
    assert isinstance(head, HeadersFrame)
    assert "END_STREAM" in head.flags


def test_a_whole_read_is_answered_with_one_frame_for_all_that_was_sent() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, *[b"x"] * 100)
    assert sizes(peer, 1) == [100]


# ---- WINDOW_UPDATE


@pytest.mark.parametrize("payload", [b"", bytes(3), bytes(5)])
@pytest.mark.parametrize("stream", [0, 1])
def test_a_window_update_of_another_length_ends_the_connection(stream: int, payload: bytes) -> None:
    peer = Peer()
    peer.open(1)
    peer.send(frame(WINDOW_UPDATE, 0, stream, payload))
    peer.assert_ended_by("window_update_frame", FRAME_SIZE_ERROR)


def test_a_window_update_of_zero() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(window_update(1, 0))
    peer.assert_reset_by(1, "window_update_frame", PROTOCOL_ERROR)
    peer.send(window_update(0, 0))
    peer.assert_ended_by("window_update_frame", PROTOCOL_ERROR)


def test_a_window_update_beyond_the_largest_window() -> None:
    peer = Peer()
    peer.open(1)
    peer.open(3)
    peer.send(window_update(1, LARGEST - DEFAULT), window_update(0, LARGEST - DEFAULT))
    assert peer.broken() == []
    peer.send(window_update(1, 1))
    peer.assert_reset_by(1, "flow_control", FLOW_CONTROL_ERROR)
    peer.send(window_update(0, 1))
    peer.assert_ended_by("flow_control", FLOW_CONTROL_ERROR)


@pytest.mark.parametrize("stream", [1, 2, 7])
def test_a_window_update_on_a_stream_that_was_never_opened_ends_the_connection(stream: int) -> None:
    peer = Peer()
    peer.send(window_update(stream, 1))
    peer.assert_ended_by("stream_state", PROTOCOL_ERROR)


def test_a_window_update_on_a_closed_stream_is_ignored() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1)
    peer.frames.clear()
    assert peer.send(window_update(1, 1), window_update(1, 0)) == []
    assert peer.frames == []


# ---- SETTINGS


def test_settings_resize_the_windows_of_open_streams() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 10})
    peer.open(1, end=True)
    peer.respond(1, bytes(100))
    assert len(peer.body(1)) == 10
    peer.send(settings({INITIAL_WINDOW_SIZE: 25}))
    assert len(peer.body(1)) == 25
    peer.send(settings({INITIAL_WINDOW_SIZE: 5}))  # now the window is -20
    peer.send(window_update(1, 20))
    assert len(peer.body(1)) == 25
    peer.send(window_update(1, 1))
    assert len(peer.body(1)) == 26
    peer.open(3, end=True)
    peer.respond(3, bytes(100))
    assert len(peer.body(3)) == 5


def test_settings_leave_the_connections_window_alone() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(100_000))
    peer.send(settings({INITIAL_WINDOW_SIZE: 1_000_000}))
    assert len(peer.body(1)) == DEFAULT


def test_settings_that_overflow_an_open_window_end_the_connection() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(window_update(1, LARGEST - DEFAULT))
    assert peer.broken() == []
    peer.send(settings({INITIAL_WINDOW_SIZE: DEFAULT + 1}))
    peer.assert_ended_by("flow_control", FLOW_CONTROL_ERROR)


@pytest.mark.parametrize("first", [True, False])
def test_frames_are_as_large_as_the_client_allows(first: bool) -> None:
    values = {MAX_FRAME_SIZE: 30_000}
    peer = Peer(values) if first else Peer()
    peer.open(1, end=True)
    if not first:
        peer.send(settings(values))
    peer.respond(1, bytes(50_000))
    assert sizes(peer, 1) == [30_000, 20_000]


@pytest.mark.parametrize("values", [{MAX_FRAME_SIZE: 16_383}, {MAX_FRAME_SIZE: 2**24}, {INITIAL_WINDOW_SIZE: 2**31}])
def test_settings_out_of_range_end_the_connection(values: dict[int, int]) -> None:
    peer = Peer()
    peer.send(settings(values))
    peer.assert_ended_by("settings_frame", FLOW_CONTROL_ERROR if INITIAL_WINDOW_SIZE in values else PROTOCOL_ERROR)


# ---- turns


def test_streams_take_turns_of_a_frame_each() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 1_000_000})
    for stream in (1, 3):
        peer.open(stream, end=True)
    for stream in (1, 3):
        peer.connection.send_head(stream, 200, ())
        peer.connection.send(stream, bytes(30_000))
        peer.connection.end(stream)
    peer.drain()
    order = [each.stream_id for each in peer.of(DataFrame)]
    assert order == [1, 3, 1, 3]


def test_a_stalled_stream_does_not_delay_another() -> None:
    peer = Peer()
    for stream in (1, 3):
        peer.open(stream, end=True)
    peer.send(window_update(0, 1_000_000))
    peer.respond(1, bytes(200_000))
    assert len(peer.body(1)) == DEFAULT
    peer.respond(3, bytes(1000))
    assert len(peer.body(3)) == 1000
    assert peer.ended(3)


def test_when_the_connections_window_opens_all_who_waited_share_it() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 1_000_000})
    for stream in (1, 3, 5):
        peer.open(stream, end=True)
    for stream in (1, 3, 5):
        peer.respond(stream, bytes(100_000))
    before = [len(peer.body(stream)) for stream in (1, 3, 5)]
    assert sum(before) == DEFAULT
    peer.send(window_update(0, 3 * 16_384))
    after = [len(peer.body(stream)) for stream in (1, 3, 5)]
    assert [now - then for then, now in zip(before, after, strict=True)] == [16_384] * 3


def test_a_stream_that_is_reset_while_it_waits_gives_its_turn_away() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 1_000_000})
    for stream in (1, 3):
        peer.open(stream, end=True)
    for stream in (1, 3):
        peer.respond(stream, bytes(70_000))
    assert (len(peer.body(1)), len(peer.body(3))) == (DEFAULT, 0)
    peer.send(rst_stream(1))
    peer.send(window_update(0, 70_000))
    assert (len(peer.body(1)), len(peer.body(3))) == (DEFAULT, 70_000)
    assert peer.ended(3)


def test_a_stream_whose_window_opens_while_the_connections_is_shut_waits_once() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(DEFAULT + 10))
    peer.send(window_update(1, 5), window_update(1, 5))
    assert len(peer.body(1)) == DEFAULT
    peer.send(window_update(0, 100))
    assert len(peer.body(1)) == DEFAULT + 10
    assert peer.ended(1)


# ---- full outputs


def test_a_full_output_tells_when_it_has_fallen_below_half() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(OUTPUT_LIMIT + DEFAULT), end=False)
    assert peer.connection.output_size(1) == OUTPUT_LIMIT
    assert peer.connection.next_deadline() == peer.now + DEFAULTS.stalled_seconds
    half = OUTPUT_LIMIT // 2
    assert peer.send(window_update(0, half), window_update(1, half)) == []
    assert tick_is_done(peer)
    assert peer.send(window_update(0, 1), window_update(1, 1)) == []
    assert tick(peer) == [OutputDrained(exchange=1)]
    assert tick_is_done(peer)


def tick_is_done(peer: Peer) -> bool:
    """Nothing is due until the client's time is up."""
    due = peer.connection.next_deadline() or peer.now + DEFAULTS.idle_seconds
    return due >= peer.now + DEFAULTS.stalled_seconds and peer.connection.tick(peer.now) == []


def test_an_output_that_was_never_full_tells_nothing() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(OUTPUT_LIMIT - 1), end=False)
    peer.send(window_update(0, OUTPUT_LIMIT), window_update(1, OUTPUT_LIMIT))
    assert peer.connection.output_size(1) == 0
    assert tick_is_done(peer)


def test_a_drained_output_of_a_finished_stream_is_nobodys_business() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, bytes(OUTPUT_LIMIT))
    peer.send(window_update(0, OUTPUT_LIMIT), window_update(1, OUTPUT_LIMIT))
    assert peer.ended(1)
    assert tick(peer) == []
    assert tick_is_done(peer)


def test_bytes_sent_piece_by_piece_arrive_in_order() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 7})
    peer.open(1, end=True)
    pieces = [bytes([number]) * number for number in range(1, 12)]
    peer.respond(1, *pieces)
    while not peer.ended(1):
        peer.send(window_update(1, 7))
    assert peer.body(1) == b"".join(pieces)
    frames: list[Frame] = peer.of(DataFrame, 1)
    assert all(len(each.data) <= 7 for each in frames)
