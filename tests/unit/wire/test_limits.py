"""What a connection puts up with, in virtual time: slow heads, idle connections, stalled streams, floods."""

import math

import h11
import pytest

from mockscribe.wire.exchange import Closing, ExchangeLost, RuleBroken
from mockscribe.wire.http1 import Http1Connection
from mockscribe.wire.limits import DEFAULTS, Limits, Stopwatch
from tests.unit.wire.peer import (
    ACK,
    CANCEL,
    CONTINUATION,
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    NO_ERROR,
    PING,
    PREFACE,
    PRIORITY,
    SETTINGS,
    Peer,
    data,
    frame,
    rst_stream,
    settings,
    window_update,
)

GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n"


def later(peer: Peer, seconds: float) -> None:
    """Let time pass, and everything be done that is due."""
    until = peer.now + seconds
    while (due := peer.connection.next_deadline()) is not None and due <= until:
        assert due >= peer.now
        peer.now = due
        peer.observed += peer.connection.tick(due)
        peer.drain()
        assert peer.connection.next_deadline() != due or peer.closing, "a deadline that tick does not clear"
    peer.now = until
    peer.observed += peer.connection.tick(until)
    peer.drain()


# ---- a stopwatch


def test_a_stopwatch_counts_from_the_first_time_that_it_lasts() -> None:
    watch = Stopwatch(5.0)
    assert watch.due == math.inf
    watch.run(True, 10.0)
    watch.run(True, 12.0)
    assert watch.due == 15.0
    watch.run(False, 13.0)
    assert watch.due == math.inf


def test_a_stopwatch_without_seconds_is_never_due() -> None:
    watch = Stopwatch(0)
    watch.run(True, 10.0)
    assert watch.due == math.inf


# ---- HTTP/2: heads


def test_a_header_block_has_a_time_to_end_in() -> None:
    peer = Peer(head_seconds=10)
    block = peer.block()
    peer.send(frame(HEADERS, 0, 1, block[:5]))
    later(peer, 6)
    peer.send(frame(CONTINUATION, 0, 1, block[5:6]))  # a byte now and then buys no time
    later(peer, 3.9)
    assert peer.goaways() == []
    later(peer, 0.1)
    assert peer.broken() == [(None, "slow_head", "10.5")]
    peer.assert_ended_by("slow_head", ENHANCE_YOUR_CALM)


def test_each_header_block_has_its_own_time() -> None:
    peer = Peer(head_seconds=10)
    peer.send(frame(HEADERS, 0, 1, peer.block()))
    later(peer, 9)
    peer.send(frame(CONTINUATION, END_HEADERS, 1), frame(HEADERS, 0, 3, peer.block()))
    later(peer, 9)
    peer.send(frame(CONTINUATION, END_HEADERS, 3))
    assert peer.broken() == []
    assert peer.connection.next_deadline() is None


def test_the_first_settings_are_a_head_too() -> None:
    peer = Peer(greet=False, head_seconds=10)
    peer.send(PREFACE[:5])
    peer.send(PREFACE[5:])
    later(peer, 10)
    peer.assert_ended_by("slow_head", ENHANCE_YOUR_CALM)


# ---- HTTP/2: idle


def test_an_idle_connection_is_closed_and_that_is_no_offence() -> None:
    peer = Peer(idle_seconds=10)
    later(peer, 5)
    peer.open(1, end=True)
    later(peer, 100)  # a stream is open: whoever answers it has the time it takes
    assert peer.closing is None
    peer.respond(1, b"x")
    peer.send(frame(PING, 0, 0, bytes(8)))
    later(peer, 9.9)
    assert peer.closing is None
    peer.send(frame(PING, 0, 0, bytes(8)))  # which is no use of it
    later(peer, 0.1)
    assert peer.goaways() == [NO_ERROR]
    assert peer.closing is Closing.EOF
    assert peer.broken() == []


# ---- HTTP/2: streams that wait for their client


@pytest.mark.parametrize("by", ["stream", "connection"])
def test_a_stream_whose_window_stays_shut_is_reset_alone(by: str) -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0 if by == "stream" else 2**20}, stalled_seconds=10)
    size = 10 if by == "stream" else 65_536  # one more than the connection's window
    peer.open(1, end=True)
    peer.respond(1, bytes(size))
    later(peer, 9.9)
    assert peer.resets(1) == []
    later(peer, 0.1)
    peer.assert_reset_by(1, "stalled_stream", CANCEL)
    (lost,) = [each for each in peer.observed if isinstance(each, ExchangeLost)]
    assert (lost.exchange, lost.by_client) == (1, False)
    peer.send(settings({INITIAL_WINDOW_SIZE: 65_535}), window_update(0, 65_536))
    peer.assert_alive(3)


def test_a_client_that_reads_a_little_now_and_then_goes_on() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0}, stalled_seconds=10)
    peer.open(1, end=True)
    peer.respond(1, bytes(5))
    for _ in range(5):
        later(peer, 9)
        peer.send(window_update(1, 1))
    assert peer.ended(1)
    assert peer.broken() == []


def test_each_stalled_stream_has_its_own_time() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0}, stalled_seconds=10)
    for stream in (1, 3):
        peer.open(stream, end=True)
        peer.respond(stream, b"x")
        later(peer, 4)
    later(peer, 2)
    assert (peer.resets(1), peer.resets(3)) == ([CANCEL], [])
    later(peer, 4)
    assert peer.resets(3) == [CANCEL]


def test_a_request_that_does_not_end_after_its_response_is_reset_without_blame() -> None:
    peer = Peer(stalled_seconds=10)
    peer.open(1)
    peer.respond(1, b"no more, thanks")
    peer.send(data(1, b"but I have"))
    later(peer, 10)
    peer.assert_reset_by(1, "stalled_stream", NO_ERROR)
    assert peer.connection.next_deadline() == peer.now + DEFAULTS.idle_seconds


def test_stalls_are_resets_and_count_as_such() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0}, stalled_seconds=10, reset_burst=2, reset_rate=0.0)
    for stream in (1, 3, 5):
        peer.open(stream, end=True)
        peer.respond(stream, b"x")
    later(peer, 10)
    assert [len(peer.resets(stream)) for stream in (1, 3, 5)] == [1, 1, 1]
    assert peer.broken()[-1] == (None, "flood", "10.5")
    assert peer.goaways() == [ENHANCE_YOUR_CALM]


def test_a_limit_of_zero_is_none() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 0}, stalled_seconds=0, head_seconds=0, idle_seconds=0)
    peer.open(1, end=True)
    peer.respond(1, b"x")
    peer.send(frame(HEADERS, 0, 3, peer.block()))
    assert peer.connection.next_deadline() is None


# ---- HTTP/2: floods


@pytest.mark.parametrize(
    "flood",
    [
        frame(PING, 0, 0, bytes(8)),
        frame(SETTINGS, 0, 0),
        frame(SETTINGS, ACK, 0),
        frame(PRIORITY, 0, 1, bytes(5)),
        frame(0x77, 0, 0, b"unknown"),
        data(1),
    ],
)
def test_frames_without_an_effect_are_rationed(flood: bytes) -> None:
    peer = Peer(control_burst=10, control_rate=1.0)
    peer.open(1)
    for _ in range(30):
        peer.send(flood)
        peer.now += 1
    assert peer.broken() == []
    peer.send(flood * 20)
    assert peer.broken() == [(None, "flood", "10.5")]
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_empty_continuations_are_rationed() -> None:
    peer = Peer(control_burst=10)
    peer.send(frame(HEADERS, 0, 1, peer.block()), frame(CONTINUATION, 0, 1) * 20)
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


def test_continuations_have_an_end_however_many_are_allowed() -> None:
    peer = Peer()
    peer.send(frame(HEADERS, 0, 1, peer.block()), frame(CONTINUATION, 0, 1) * 1000)
    assert peer.goaways()
    assert peer.closing is Closing.EOF


def test_rapid_resets_are_rationed() -> None:
    """CVE-2023-44487: a stream that is reset at once costs its client nothing."""
    peer = Peer(reset_burst=5)
    peer.send(*(each for stream in range(1, 41, 2) for each in (peer.headers(stream), rst_stream(stream))))
    peer.assert_ended_by("flood", ENHANCE_YOUR_CALM)


# ---- HTTP/2: an end in order


def test_a_close_ends_every_stream_after_what_its_window_lets_out() -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: 3})
    for stream in (1, 3):
        peer.open(stream)
    peer.respond(1, b"all")
    peer.respond(3, b"too much")
    peer.connection.close()
    peer.connection.close()
    peer.drain()
    assert (peer.body(1), peer.body(3)) == (b"all", b"too")
    assert (peer.resets(1), peer.resets(3)) == ([NO_ERROR], [NO_ERROR])
    assert peer.closing is Closing.EOF


# ---- HTTP/1.1


class Exchange:
    """An HTTP/1.1 connection in virtual time."""

    def __init__(self, *received: bytes, **limits: float) -> None:
        self.connection = Http1Connection(Limits(**limits))  # type: ignore[arg-type]
        self.now = 100.0
        self.written = b""
        self.closing: Closing | None = None
        self.broken: list[tuple[str, str, int]] = []
        self.receive(*received)

    def receive(self, *received: bytes) -> None:
        for each in received:
            self._take(self.connection.receive_data(each, self.now))

    def _take(self, observed: object) -> None:
        assert isinstance(observed, list)
        self.broken += [(each.rule, each.source, each.offset) for each in observed if isinstance(each, RuleBroken)]
        output = self.connection.data_to_send()
        self.written += output.data
        self.closing = output.closing or self.closing

    def respond(self, body: bytes = b"hello") -> None:
        self.connection.send_head(1, 200, (("content-length", str(len(body))),))
        self.connection.send(1, body)
        self.connection.end(1)
        self._take([])

    def later(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.connection.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._take(list(self.connection.tick(self.now)))
        self.now = until
        self._take(list(self.connection.tick(until)))


def test_a_head_that_does_not_come_gets_408() -> None:
    exchange = Exchange(GET[:10], head_seconds=10)
    exchange.later(6)
    exchange.receive(GET[10:12])
    exchange.later(3.9)
    assert exchange.closing is None
    exchange.later(0.1)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.receive_data(exchange.written)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    assert response.status_code == 408
    assert exchange.closing is Closing.EOF
    assert exchange.broken == [("slow_head", "RFC 9110, 15.5.9", 0)]


def test_an_idle_connection_of_http_1_is_closed_without_a_word() -> None:
    exchange = Exchange(GET, idle_seconds=10)
    exchange.later(100)
    exchange.respond()
    written = exchange.written
    exchange.later(9.9)
    assert exchange.closing is None
    exchange.later(0.1)
    assert (exchange.closing, exchange.broken, exchange.written) == (Closing.EOF, [], written)


def test_a_body_that_does_not_end_after_its_response_ends_the_connection() -> None:
    exchange = Exchange(POST, b"he", stalled_seconds=10)
    exchange.respond()
    exchange.later(9.9)
    assert exchange.closing is None
    exchange.later(0.1)
    assert exchange.closing is Closing.EOF
    assert exchange.broken == [("stalled_stream", "RFC 9112, 9.5", len(POST) + 2)]


def test_a_close_of_http_1_comes_after_what_was_sent() -> None:
    exchange = Exchange(POST)
    exchange.respond()
    exchange.connection.close()
    exchange._take([])
    assert exchange.written.endswith(b"hello")
    assert exchange.closing is Closing.EOF
    exchange.connection.close()  # once
    exchange._take([])
