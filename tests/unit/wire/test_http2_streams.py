"""The life of a stream, from its head to its reset."""

import hpack
import pytest
from hyperframe.frame import RstStreamFrame

from mockscribe.wire.exchange import ExchangeLost, RequestEnded, RequestReceived
from mockscribe.wire.http2_streams import REMEMBERED_RESETS
from tests.unit.wire.peer import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    HEADER_TABLE_SIZE,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    NO_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    Peer,
    data,
    frame,
    rst_stream,
    settings,
    window_update,
)

EXPECT = [("expect", "100-continue")]


# ---- 100 Continue


def test_a_waiting_client_is_told_to_continue() -> None:
    peer = Peer()
    peer.send(peer.headers(1, more=EXPECT))
    peer.send(data(1, b"x", end=True))
    peer.respond(1, b"ok")
    assert peer.statuses(1) == ["100", "200"]


@pytest.mark.parametrize("instead", ["response", "body", "reset", "end"])
def test_a_client_that_no_longer_waits_is_not(instead: str) -> None:
    peer = Peer()
    peer.connection.receive_data(peer.headers(1, more=EXPECT), peer.now)
    match instead:
        case "response":
            peer.connection.send_head(1, 417, ())
        case "body":
            peer.connection.receive_data(data(1, b"x"), peer.now)
        case "reset":
            peer.connection.receive_data(rst_stream(1), peer.now)
        case _:
            pass
    peer.drain()
    assert peer.statuses(1) == {"response": ["417"], "end": ["100"]}.get(instead, [])


def test_other_expectations_and_requests_without_a_body_are_not_answered() -> None:
    peer = Peer()
    peer.send(peer.headers(1, more=[("expect", "a miracle")]))
    peer.send(peer.headers(3, more=EXPECT, end=True))
    assert peer.statuses(1) == peer.statuses(3) == []


# ---- responses


def test_a_head_carries_its_fields() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.connection.send_head(1, 404, (("a", "1"), ("b", "café")))
    peer.drain()
    (head,) = peer.frames
    assert peer._decoder.decode(head.data, raw=True) == [
        (b":status", b"404"),
        (b"a", b"1"),
        (b"b", "café".encode("latin-1")),
    ]


def test_calls_that_come_too_late_do_nothing() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1, b"body")
    peer.frames.clear()
    for stream in (1, 3):  # over, and never opened
        peer.respond(stream, b"more")
        peer.connection.reset(stream, CANCEL)
        peer.connection.consume(stream, 5)
        assert peer.connection.output_size(stream) == 0
    peer.drain()
    assert peer.frames == []


def test_what_is_sent_after_the_end_of_a_response_is_dropped() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 2})
    peer.open(1)
    peer.respond(1, b"body")
    peer.respond(1, b"more")
    peer.send(window_update(1, 100))
    assert peer.body(1) == b"body"
    assert peer.ended(1)
    peer.respond(1, b"and more")  # the request goes on, the response has ended
    assert peer.body(1) == b"body"
    assert peer.statuses(1) == ["200"]
    assert peer.send(data(1, b"x", end=True))[-1] == RequestEnded(exchange=1)


def test_a_body_without_a_head_is_dropped() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.send(1, b"body")
    peer.connection.end(1)
    peer.drain()
    assert peer.frames == []
    peer.respond(1, b"proper")
    assert (peer.statuses(1), peer.body(1)) == (["200"], b"proper")


def test_an_empty_send_sends_nothing() -> None:
    peer = Peer()
    peer.open(1)
    peer.respond(1, b"", end=False)
    assert peer.body(1) == b""
    assert len(peer.frames) == 1


# ---- resets by us


def test_a_reset_comes_after_what_was_sent() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.send_head(1, 200, ())
    peer.connection.send(1, bytes(20_000))
    peer.connection.reset(1, CANCEL)
    peer.connection.reset(1, NO_ERROR)
    peer.drain()
    assert len(peer.body(1)) == 20_000
    assert peer.resets(1) == [CANCEL]
    assert isinstance(peer.frames[-1], RstStreamFrame)
    assert peer.observed == peer.observed[:1]  # who resets need not be told


def test_a_reset_does_not_wait_for_windows() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 5})
    peer.open(1)
    peer.connection.send_head(1, 200, ())
    peer.connection.send(1, b"0123456789")
    peer.connection.end(1)
    peer.connection.reset(1, CANCEL)
    peer.drain()
    assert peer.body(1) == b"01234"
    assert peer.resets(1) == [CANCEL]
    peer.send(window_update(1, 100))
    assert peer.body(1) == b"01234"


def test_a_reset_before_the_head_is_a_reset_alone() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.connection.reset(1, REFUSED_STREAM)
    peer.drain()
    assert len(peer.frames) == 1
    assert peer.resets(1) == [REFUSED_STREAM]


@pytest.mark.parametrize("body", [(), (b"body",)])
@pytest.mark.parametrize("drained", [False, True])
def test_a_response_that_has_ended_comes_whole_before_the_reset(body: tuple[bytes, ...], drained: bool) -> None:
    """RFC 9113, 8.1: the way to stop a client that still sends."""
    peer = Peer()
    peer.open(1)
    peer.respond(1, *body, end=False) if drained else peer.connection.send_head(1, 200, ())
    if not drained:
        for each in body:
            peer.connection.send(1, each)
    peer.connection.end(1)
    peer.connection.reset(1, NO_ERROR)
    peer.drain()
    assert peer.resets(1) == [NO_ERROR]
    before = [each for each in peer.frames if not isinstance(each, RstStreamFrame)]
    assert "END_STREAM" in before[-1].flags
    assert peer.body(1) == b"".join(body)


def test_a_finished_stream_is_not_reset() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.connection.send_head(1, 200, ())
    peer.connection.end(1)
    peer.connection.reset(1, CANCEL)
    peer.drain()
    assert peer.ended(1)
    assert peer.resets(1) == []


def test_resets_are_remembered_as_long_as_promised() -> None:
    peer = Peer(control_burst=10**6)
    last = 2 * REMEMBERED_RESETS + 1
    for stream in range(1, last + 1, 2):
        peer.send(peer.headers(stream))
        peer.connection.reset(stream, CANCEL)
    peer.drain()
    peer.frames.clear()
    peer.send(data(3, b"x"), data(last, b"x"))
    assert peer.frames == []
    peer.send(data(1, b"x"))
    assert peer.resets(1) == [STREAM_CLOSED]


def test_trailers_under_way_on_a_stream_that_we_reset_keep_hpack_in_step() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.reset(1, CANCEL)
    peer.drain()
    observed = peer.send(peer.headers(1, [("learnt", "in trailers")], end=True))
    assert observed == []
    (event,) = peer.send(peer.headers(3, more=[("learnt", "in trailers")]))
    assert isinstance(event, RequestReceived)
    assert event.head.header("learnt") == "in trailers"


def test_header_blocks_on_streams_that_we_reset_are_an_allowance() -> None:
    peer = Peer(control_burst=5, control_rate=1.0)
    peer.open(1)
    peer.connection.reset(1, CANCEL)
    peer.now += 10
    for _ in range(5):
        assert peer.send(peer.headers(1, end=True)) == []
    assert peer.resets(1) == [CANCEL]
    peer.send(peer.headers(1, end=True))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


# ---- heads


def test_a_long_head_goes_on_in_continuation_frames() -> None:
    peer = Peer({MAX_FRAME_SIZE: 20_000})
    peer.open(1)
    peer.connection.send_head(1, 200, (("long", "x" * 50_000),))
    peer.drain()
    assert [len(each.data) for each in peer.frames[:-1]] == [20_000, 20_000]
    assert [sorted(each.flags) for each in peer.frames] == [[], [], ["END_HEADERS"]]
    block = b"".join(each.data for each in peer.frames)
    assert hpack.Decoder(100_000).decode(block) == [(":status", "200"), ("long", "x" * 50_000)]


def test_a_client_may_lower_its_table_at_any_time() -> None:
    peer = Peer({HEADER_TABLE_SIZE: 200})
    decoder = hpack.Decoder()
    for stream, size in ((1, 200), (3, 100), (5, 0), (7, 4096)):
        decoder.max_allowed_table_size = size  # hpack holds the next block to it (RFC 9113, 4.3.1)
        peer.send(settings({HEADER_TABLE_SIZE: size}))
        for each in (stream * 10 + 1, stream * 10 + 3):
            peer.open(each, end=True)
            peer.connection.send_head(each, 200, (("same", "value"),))
            peer.connection.end(each)
            peer.drain()
            (head,) = peer.frames
            assert decoder.decode(head.data) == [(":status", "200"), ("same", "value")]
            assert decoder.header_table_size == 0


# ---- resets by the client


@pytest.mark.parametrize(("code", "name"), [(CANCEL, "CANCEL"), (0x99, "0x99")])
def test_a_client_may_reset_its_stream(code: int, name: str) -> None:
    peer = Peer()
    peer.open(1)
    peer.respond(1, b"x", end=False)
    peer.frames.clear()
    assert peer.send(rst_stream(1, code)) == [
        ExchangeLost(exchange=1, reason=f"the client reset the stream with {name}", code=code, by_client=True)
    ]
    peer.respond(1, b"nobody listens")
    assert peer.frames == []
    peer.assert_alive(3)


def test_a_reset_on_a_closed_stream_is_ignored() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.respond(1)
    peer.frames.clear()
    assert peer.send(rst_stream(1), rst_stream(1)) == []
    assert peer.frames == []
    assert peer.closing is None


def test_a_window_that_opens_for_a_stream_without_output_changes_nothing() -> None:
    peer = Peer()
    peer.open(1)
    assert peer.send(window_update(1, 5), frame(99, 0, 1)) == []
    assert peer.frames == []
