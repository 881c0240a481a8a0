"""A connection as a whole: its greeting, its frames in and out of place, floods, ends. And h2's own client.

What h2spec does not notice when it is missing is tested here and in the files beside (`test_http2_*.py`).
"""

import struct

import h2.config
import h2.connection
import h2.events
import pytest
from hyperframe.frame import GoAwayFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from mockscribe.wire.ending import LINGER_SECONDS
from mockscribe.wire.exchange import (
    BodyReceived,
    Closing,
    ExchangeLost,
    GoAwayReceived,
    OutputDrained,
    RequestEnded,
    RequestReceived,
    RuleBroken,
)
from mockscribe.wire.http2 import UNSENT_FRAMES, Http2Connection
from mockscribe.wire.http2_input import STREAM_WINDOW
from tests.unit.wire.peer import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    NO_ERROR,
    PING,
    POST,
    PREFACE,
    PRIORITY,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    Peer,
    data,
    frame,
    goaway,
    rst_stream,
    settings,
    window_update,
)

PRIORITY_OF_1 = struct.pack(">IB", 1, 0)


# ---- the greeting


def test_our_settings_come_first_and_keep_the_defaults() -> None:
    peer = Peer(greet=False)
    peer.drain()
    (ours,) = peer.frames
    assert isinstance(ours, SettingsFrame)
    defaults = {
        SettingsFrame.HEADER_TABLE_SIZE: 4096,
        SettingsFrame.INITIAL_WINDOW_SIZE: 65_535,  # raised by WINDOW_UPDATE, for the sake of the Python SDK
        SettingsFrame.MAX_FRAME_SIZE: 16_384,
    }
    assert {key: ours.settings.get(key, value) for key, value in defaults.items()} == defaults
    assert ours.settings[SettingsFrame.MAX_CONCURRENT_STREAMS] == 100
    assert ours.settings[SettingsFrame.MAX_HEADER_LIST_SIZE] == 65_536


def test_settings_are_acknowledged() -> None:
    peer = Peer()
    peer.send(settings({INITIAL_WINDOW_SIZE: 5}))
    (answer,) = peer.frames
    assert isinstance(answer, SettingsFrame)
    assert "ACK" in answer.flags


@pytest.mark.parametrize("first", [frame(PING, 0, 0, bytes(8)), frame(SETTINGS, ACK, 0), window_update(0, 1)])
def test_the_clients_first_frame_is_settings(first: bytes) -> None:
    peer = Peer(greet=False)
    peer.send(PREFACE, first)
    peer.assert_ended_by("first_frame", PROTOCOL_ERROR)


def test_another_preface_ends_the_connection() -> None:
    peer = Peer(greet=False)
    assert peer.send(PREFACE[:10]) == []
    peer.send(b"GET / HTTP/1.1\r\n\r\n")
    peer.assert_ended_by("preface", PROTOCOL_ERROR)


def test_a_frame_that_is_too_large_ends_the_connection() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(data(1, bytes(16_385)))
    peer.assert_ended_by("frame_size", FRAME_SIZE_ERROR)


# ---- requests


def test_a_request_is_told_with_its_head() -> None:
    peer = Peer()
    (event,) = peer.send(peer.headers(1, more=[("a", "1")]))
    assert isinstance(event, RequestReceived)
    assert (event.exchange, event.ended) == (1, False)
    assert (event.head.method, event.head.authority, event.head.headers) == ("POST", "example", (("a", "1"),))


def test_trailers_end_a_request() -> None:
    peer = Peer()
    peer.open(1)
    assert peer.send(data(1, b"x"), peer.headers(1, [("a", "1")], end=True)) == [
        BodyReceived(exchange=1, data=b"x"),
        RequestEnded(exchange=1),
    ]
    peer.respond(1, b"ok")
    assert peer.ended(1)
    peer.assert_alive(3)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("answered", [False, True])
def test_trailers_that_do_not_end_the_request_cost_their_stream(split: bool, answered: bool) -> None:
    peer = Peer()
    peer.open(1)
    if answered:
        peer.respond(1, b"early")
    block = peer.block([("a", "1")])
    if split:
        peer.send(frame(HEADERS, 0, 1, block[:1]), frame(CONTINUATION, END_HEADERS, 1, block[1:]))
    else:
        peer.send(frame(HEADERS, END_HEADERS, 1, block))
    peer.assert_reset_by(1, "trailers", PROTOCOL_ERROR)
    peer.assert_alive(3)


def test_malformed_trailers_cost_their_stream() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(peer.headers(1, [(":path", "/")], end=True))
    peer.assert_reset_by(1, "malformed_request", PROTOCOL_ERROR)
    peer.assert_alive(3)


def test_a_malformed_request_costs_its_stream() -> None:
    peer = Peer()
    peer.send(peer.headers(1, more=[("Upper", "case")]))
    peer.assert_reset_by(1, "malformed_request", PROTOCOL_ERROR)
    assert [type(each) for each in peer.observed] == [RuleBroken]
    peer.assert_alive(3)


def test_a_malformed_request_with_a_body_under_way_costs_no_more() -> None:
    peer = Peer()
    peer.send(peer.headers(1, more=[("connection", "close")]), data(1, b"x"), data(1, end=True))
    peer.assert_reset_by(1, "malformed_request", PROTOCOL_ERROR)
    peer.assert_alive(3)


def test_a_broken_rule_tells_where() -> None:
    peer = Peer()
    before = len(PREFACE) + 2 * 9
    request = peer.headers(1, more=[("a", "\n")])
    (broken,) = peer.send(frame(PING, 0, 0, bytes(8)), request)
    assert isinstance(broken, RuleBroken)
    assert (broken.offset, broken.source) == (before + 17, "RFC 9113, 8.2.1")


@pytest.mark.parametrize("size", [1, 5, 9, 1000, 10**6])
def test_a_conversation_is_the_same_however_its_bytes_are_cut(size: int) -> None:
    def held(cut: int) -> tuple[list[object], bytes]:
        peer = Peer(greet=False)
        said = [
            PREFACE + settings({INITIAL_WINDOW_SIZE: 100, MAX_FRAME_SIZE: 20_000}) + frame(SETTINGS, ACK, 0),
            peer.headers(1, more=[("long", "x" * 3000)]) + data(1, b"body" * 1000),
            frame(PING, 0, 0, b"12345678") + window_update(1, 5) + frame(77, 3, 9, b"unknown") + goaway(),
            peer.headers(3, more=[("content-length", "3")]) + data(3, b"four"),
            data(1, b"more", end=True) + rst_stream(1) + window_update(0, 0),
        ]
        stream = b"".join(said)
        for at in range(0, len(stream), cut):
            peer.observed += peer.connection.receive_data(stream[at : at + cut], peer.now)
        peer.drain()
        return [bytes(each.data) if isinstance(each, BodyReceived) else each for each in peer.observed], peer.written

    assert held(size) == held(10**9)


def test_credit_is_the_only_thing_that_differs_when_every_byte_is_answered() -> None:
    peer = Peer()
    request = peer.headers(1) + data(1, b"body", end=True)
    for at in range(len(request)):
        peer.send(request[at : at + 1])
    assert [type(each) for each in peer.observed] == [RequestReceived, BodyReceived, RequestEnded]


# ---- frames of all sorts


def test_a_ping_is_answered() -> None:
    peer = Peer()
    peer.send(frame(PING, 0, 0, b"12345678"), frame(PING, ACK, 0, b"87654321"))
    (answer,) = peer.frames
    assert isinstance(answer, PingFrame)
    assert ("ACK" in answer.flags, answer.opaque_data) == (True, b"12345678")


def test_priorities_and_unknown_frames_are_ignored() -> None:
    peer = Peer()
    assert peer.send(frame(PRIORITY, 0, 3, PRIORITY_OF_1), frame(0xFA, 0xFF, 5, b"?"), frame(16, 0, 0, b"")) == []
    block = peer.block()
    (event,) = peer.send(frame(HEADERS, END_HEADERS | END_STREAM | 0x20, 3, PRIORITY_OF_1 + block))
    assert isinstance(event, RequestReceived)


@pytest.mark.parametrize(
    ("wrong", "rule", "code"),
    [
        (frame(PING, 0, 1, bytes(8)), "ping_frame", PROTOCOL_ERROR),
        (frame(PING, 0, 0, bytes(7)), "ping_frame", FRAME_SIZE_ERROR),
        (frame(SETTINGS, 0, 0, bytes(5)), "settings_frame", FRAME_SIZE_ERROR),
        (frame(SETTINGS, ACK, 0, bytes(6)), "settings_frame", FRAME_SIZE_ERROR),
        (frame(SETTINGS, 0, 1), "settings_frame", PROTOCOL_ERROR),
        (frame(PRIORITY, 0, 1, bytes(4)), "priority_frame", FRAME_SIZE_ERROR),
        (frame(PRIORITY, 0, 1, PRIORITY_OF_1), "priority_frame", PROTOCOL_ERROR),  # depends on itself
        (frame(RST_STREAM, 0, 0, bytes(4)), "rst_stream_frame", PROTOCOL_ERROR),
        (frame(RST_STREAM, 0, 1, bytes(3)), "rst_stream_frame", FRAME_SIZE_ERROR),
        (rst_stream(3), "stream_state", PROTOCOL_ERROR),
        (rst_stream(2), "stream_state", PROTOCOL_ERROR),
        (frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4)), "push_promise_frame", PROTOCOL_ERROR),
        (frame(GOAWAY, 0, 1, bytes(8)), "goaway_frame", PROTOCOL_ERROR),
        (frame(GOAWAY, 0, 0, bytes(7)), "goaway_frame", FRAME_SIZE_ERROR),
        (frame(CONTINUATION, END_HEADERS, 1), "header_block", PROTOCOL_ERROR),
        (frame(HEADERS, END_HEADERS, 0), "headers_frame", PROTOCOL_ERROR),
        (frame(HEADERS, END_HEADERS, 2), "headers_frame", PROTOCOL_ERROR),
        (frame(HEADERS, END_HEADERS, 3, b"\xff\xff\xff\xff\xff"), "header_block", COMPRESSION_ERROR),
        (frame(HEADERS, END_HEADERS, 3, b"\x80"), "header_block", COMPRESSION_ERROR),
        (frame(HEADERS, END_HEADERS | 8, 3, b"\x05"), "headers_frame", PROTOCOL_ERROR),  # padding
    ],
)
def test_a_frame_that_breaks_a_rule_of_the_connection_ends_it(wrong: bytes, rule: str, code: int) -> None:
    peer = Peer()
    peer.open(1)
    observed = peer.send(wrong, frame(PING, 0, 0, bytes(8)))
    peer.assert_ended_by(rule, code)
    broken, lost = observed
    assert isinstance(broken, RuleBroken)
    assert lost == ExchangeLost(exchange=1, reason=broken.message, code=None, by_client=False)
    (last,) = peer.of(GoAwayFrame)
    assert last.last_stream_id == 1
    assert last.additional_data.decode() == broken.message
    assert peer.of(PingFrame) == []


def test_streams_are_opened_in_rising_order() -> None:
    peer = Peer()
    peer.open(5)
    peer.send(peer.headers(3))
    peer.assert_ended_by("headers_frame", PROTOCOL_ERROR)


def test_headers_on_a_half_closed_stream_reset_it_once() -> None:
    peer = Peer()
    peer.open(1, end=True)
    peer.send(peer.headers(1))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)
    assert isinstance(peer.observed[-1], ExchangeLost)
    peer.assert_alive(3)


def test_headers_after_an_end_on_data_reset_the_stream_once() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(data(1, b"x", end=True), peer.headers(1, end=True))
    peer.assert_reset_by(1, "stream_state", STREAM_CLOSED)
    peer.assert_alive(3)


@pytest.mark.parametrize("body", [(), (data(1, b"x", end=True),)])
def test_headers_on_a_closed_stream_end_the_connection(body: tuple[bytes, ...]) -> None:
    peer = Peer()
    peer.open(1, end=not body)
    peer.send(*body)
    peer.respond(1)
    peer.open(3)
    peer.send(peer.headers(1))
    peer.assert_ended_by("stream_state", STREAM_CLOSED)


# ---- header blocks


def test_a_header_block_may_be_continued() -> None:
    peer = Peer()
    block = peer.block([*POST, ("a", "1")])
    pieces = [
        frame(HEADERS, END_STREAM, 1, block[:3]),
        frame(CONTINUATION, 0, 1),
        frame(CONTINUATION, 0, 1, block[3:5]),
    ]
    assert peer.send(*pieces) == []
    (event,) = peer.send(frame(CONTINUATION, END_HEADERS, 1, block[5:]))
    assert isinstance(event, RequestReceived)
    assert event.ended
    assert event.head.header("a") == "1"


@pytest.mark.parametrize(
    "inside",
    [
        data(1, b"x"),
        data(3, b"x"),
        window_update(0, 1),
        goaway(),
        settings(),
        frame(PING, 0, 0, bytes(8)),
        rst_stream(1),
        frame(PRIORITY, 0, 5, PRIORITY_OF_1),
        frame(0xFA, 0, 0),
        frame(HEADERS, END_HEADERS, 3),
        frame(HEADERS, END_HEADERS, 5),
        frame(CONTINUATION, END_HEADERS, 1),
    ],
)
def test_no_other_frame_may_stand_inside_a_header_block(inside: bytes) -> None:
    peer = Peer()
    peer.open(1)
    peer.send(frame(HEADERS, 0, 3, peer.block()), inside)
    peer.assert_ended_by("header_block", PROTOCOL_ERROR)


def test_a_header_block_has_a_limit() -> None:
    peer = Peer(max_header_list_bytes=1000)
    peer.open(1)
    peer.send(frame(HEADERS, 0, 3, bytes(500)), frame(CONTINUATION, 0, 3, bytes(500)))
    assert peer.closing is None
    peer.send(frame(CONTINUATION, 0, 3, b"x"))
    peer.assert_ended_by("header_list_size", ENHANCE_YOUR_CALM)


def test_a_header_list_has_a_limit_however_well_it_is_compressed() -> None:
    peer = Peer(max_header_list_bytes=2000)
    peer.open(1, more=[("a", "x" * 1000)])
    peer.send(peer.headers(3, more=[("a", "x" * 1000)] * 2))
    peer.assert_ended_by("headers_frame", ENHANCE_YOUR_CALM)


# ---- one stream too many


def test_a_stream_too_many_is_refused() -> None:
    peer = Peer(max_concurrent_streams=2)
    peer.open(1)
    peer.open(3)
    observed = peer.send(peer.headers(5, more=[("learnt", "while refused")]), data(5, b"x", end=True))
    peer.assert_reset_by(5, "max_concurrent_streams", REFUSED_STREAM)
    assert [type(each) for each in observed] == [RuleBroken]
    peer.send(data(1, end=True))
    peer.respond(1)
    (event,) = peer.send(peer.headers(7, more=[("learnt", "while refused")]))
    assert isinstance(event, RequestReceived)
    assert event.head.header("learnt") == "while refused"


def test_who_has_not_acknowledged_our_settings_breaks_no_rule() -> None:
    peer = Peer(greet=False, max_concurrent_streams=0)
    peer.send(PREFACE, settings(), peer.headers(1))
    assert peer.resets(1) == [REFUSED_STREAM]
    assert peer.observed == []


# ---- GOAWAY of the client


def test_a_clients_goaway_leaves_its_streams_open() -> None:
    peer = Peer()
    peer.open(1)
    peer.respond(1, b"before", end=False)
    assert peer.send(goaway(0, NO_ERROR)) == [GoAwayReceived(code=NO_ERROR)]
    assert peer.send(data(1, b"x", end=True))[-1] == RequestEnded(exchange=1)
    peer.respond(1, b"after")
    assert peer.body(1) == b"beforeafter"
    assert peer.ended(1)
    assert peer.closing is None


def test_a_goaway_before_the_first_request_is_no_end() -> None:
    """The JavaScript SDK sends one at once."""
    peer = Peer(greet=False)
    peer.send(PREFACE, settings(), goaway(0, NO_ERROR))
    assert peer.observed == [GoAwayReceived(code=NO_ERROR)]
    peer.frames.clear()
    peer.assert_alive(1)


def test_output_that_waits_survives_a_clients_goaway() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0})
    peer.open(1, end=True)
    peer.respond(1, b"body")
    peer.send(goaway(0, ENHANCE_YOUR_CALM) + window_update(1, 4))
    assert peer.observed[-1] == GoAwayReceived(code=ENHANCE_YOUR_CALM)
    assert peer.body(1) == b"body"


# ---- floods


@pytest.mark.parametrize(
    "flood",
    [frame(PING, 0, 0, bytes(8)), frame(PING, ACK, 0, bytes(8)), settings(), frame(SETTINGS, ACK, 0)],
    ids=["ping", "ping-ack", "settings", "settings-ack"],
)
def test_control_frames_are_an_allowance(flood: bytes) -> None:
    peer = Peer(control_burst=10, control_rate=2.0)
    peer.now += 100
    peer.send(*[flood] * 10)
    assert peer.closing is None
    peer.now += 1
    peer.send(*[flood] * 2)
    assert peer.closing is None
    peer.send(flood)
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_resets_are_an_allowance() -> None:
    peer = Peer(reset_burst=3, reset_rate=1.0)
    for stream in (1, 3, 5):
        peer.send(peer.headers(stream), rst_stream(stream))
    assert peer.closing is None
    peer.now += 1
    peer.send(peer.headers(7), rst_stream(7))
    assert peer.closing is None
    peer.send(peer.headers(9), rst_stream(9))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)
    assert [each.exchange for each in peer.observed if isinstance(each, ExchangeLost)] == [1, 3, 5, 7, 9]


def test_a_client_that_does_not_read_its_answers_is_not_read() -> None:
    peer = Peer()
    connection = peer.connection
    for _ in range(UNSENT_FRAMES - 1):
        connection.receive_data(frame(PING, 0, 0, bytes(8)), peer.now)
    assert connection.reading
    connection.receive_data(frame(PING, 0, 0, bytes(8)), peer.now)
    assert not connection.reading
    peer.drain()
    assert connection.reading


# ---- ends


def test_going_away_lets_open_streams_finish() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.go_away()
    peer.drain()
    (said,) = peer.of(GoAwayFrame)
    assert (said.last_stream_id, said.error_code, said.additional_data) == (1, NO_ERROR, b"")
    assert peer.closing is None
    peer.send(peer.headers(3))  # it may have crossed our GOAWAY
    assert peer.resets(3) == [REFUSED_STREAM]
    assert peer.broken() == []
    peer.send(data(1, b"x", end=True), frame(PING, 0, 0, bytes(8)))
    peer.respond(1, b"last")
    assert peer.body(1) == b"last"
    assert peer.ended(1)
    assert len(peer.of(PingFrame)) == 1
    assert peer.closing is Closing.EOF


def test_going_away_when_idle_closes_at_once() -> None:
    peer = Peer()
    peer.connection.go_away(ENHANCE_YOUR_CALM)
    peer.drain()
    assert peer.goaways() == [ENHANCE_YOUR_CALM]
    assert peer.closing is Closing.EOF
    peer.connection.go_away()
    peer.drain()
    assert peer.goaways() == [ENHANCE_YOUR_CALM]


def test_a_goaway_comes_after_what_was_sent() -> None:
    peer = Peer()
    peer.open(1)
    peer.connection.send_head(1, 200, ())
    peer.connection.send(1, b"body")
    peer.connection.go_away()
    peer.drain()
    assert [type(each).__name__ for each in peer.frames] == ["HeadersFrame", "DataFrame", "GoAwayFrame"]


def test_an_end_lingers_and_then_aborts() -> None:
    peer = Peer()
    peer.send(window_update(0, 0))
    connection = peer.connection
    assert connection.next_deadline() == peer.now
    connection.tick(peer.now)
    assert connection.next_deadline() == peer.now + LINGER_SECONDS
    assert connection.receive_data(peer.headers(1), peer.now) == []
    peer.now += LINGER_SECONDS
    connection.tick(peer.now)
    connection.tick(peer.now)
    peer.drain()
    assert peer.closing is Closing.ABORT
    assert connection.aborted
    assert connection.next_deadline() is None


def test_a_client_that_closes_ends_the_linger() -> None:
    peer = Peer()
    peer.send(window_update(0, 0))
    assert peer.connection.receive_eof(peer.now) == []
    peer.drain()
    assert peer.closing is Closing.ABORT


def test_a_client_that_closes_loses_its_streams() -> None:
    peer = Peer()
    peer.open(1)
    peer.open(3, end=True)
    assert peer.connection.receive_eof(peer.now) == [
        ExchangeLost(exchange=stream, reason="the client closed the connection", code=None, by_client=True)
        for stream in (1, 3)
    ]
    peer.drain()
    assert peer.closing is Closing.ABORT


def test_what_was_ready_is_still_written_to_a_client_that_closes() -> None:
    peer = Peer()
    peer.connection.receive_data(frame(PING, 0, 0, bytes(8)), peer.now)
    peer.connection.receive_eof(peer.now)
    peer.drain()
    assert len(peer.of(PingFrame)) == 1
    assert peer.closing is Closing.EOF


def test_an_abort_comes_after_what_the_windows_let_out() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 3})
    peer.open(1)
    peer.connection.send_head(1, 200, ())
    peer.connection.send(1, b"body")
    peer.connection.abort()
    peer.drain()
    assert peer.body(1) == b"bod"
    assert peer.closing is Closing.ABORT
    assert peer.connection.aborted
    assert peer.send(peer.headers(3)) == []


def test_after_the_end_there_is_no_credit() -> None:
    peer = Peer()
    peer.open(1)
    peer.send(*[data(1, bytes(16_384))] * (STREAM_WINDOW // 16_384), window_update(0, 0))
    assert peer.of(WindowUpdateFrame) == []


# ---- h2's own client


def test_h2_itself_talks_to_us() -> None:
    """Bodies of several windows both ways on several streams, by the book."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    server = Http2Connection()
    client.initiate_connection()
    bodies = {stream: bytes([stream]) * 400_000 for stream in (1, 3, 5)}
    unsent, echoed, ended = dict(bodies), dict.fromkeys(bodies, b""), set[int]()
    for stream in bodies:
        client.send_headers(stream, [*POST, ("content-length", str(len(bodies[stream])))])
    while len(ended) < len(bodies):
        for stream, rest in unsent.items():
            while rest and (room := min(client.local_flow_control_window(stream), 16_384)):
                client.send_data(stream, rest[:room], end_stream=len(rest) <= room)
                rest = unsent[stream] = rest[room:]
        for event in server.receive_data(client.data_to_send(), 0.0):
            match event:
                case RequestReceived(exchange=stream):
                    server.send_head(stream, 200, ())
                case BodyReceived(exchange=stream, data=body):
                    server.send(stream, bytes(body))
                    server.consume(stream, len(body))
                case RequestEnded(exchange=stream):
                    server.end(stream)
                case _:
                    assert isinstance(event, OutputDrained)
        for event in client.receive_data(server.data_to_send().data):
            match event:
                case h2.events.DataReceived(stream_id=stream, data=body, flow_controlled_length=length):
                    echoed[stream] += body
                    client.acknowledge_received_data(length, stream)
                case h2.events.StreamEnded(stream_id=stream):
                    ended.add(stream)
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    raise AssertionError(event)
                case _:
                    pass
    assert echoed == bodies
