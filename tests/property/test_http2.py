"""HTTP/2 against frames in any order and of any kind, and windows that open as they like."""

from collections import defaultdict
from collections.abc import Sequence

import hpack
from hyperframe.frame import DataFrame, HeadersFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.wire.exchange import (
    BodyReceived,
    Closing,
    ExchangeLost,
    Observed,
    OutputDrained,
    RequestEnded,
    RequestReceived,
    RuleBroken,
)
from tests.unit.wire.peer import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    POST,
    PREFACE,
    SETTINGS,
    Peer,
    data,
    frame,
    goaway,
    padded,
    rst_stream,
    window_update,
)
from tests.unit.wire.peer import settings as settings_frame

GOOD_BLOCK = hpack.Encoder().encode(POST)
LENGTH_BLOCK = b"\x0f\x0d\x013"  # content-length: 3, not to be indexed
BAD_BLOCK = b"\x00\x01A\x01b"  # a name in capitals, not to be indexed

STREAMS = st.sampled_from([1, 3, 5, 7, 9, 0, 2])
BLOCKS = st.sampled_from(
    [GOOD_BLOCK] * 4 + [GOOD_BLOCK + LENGTH_BLOCK, GOOD_BLOCK + BAD_BLOCK, LENGTH_BLOCK, b"", b"\x80"]
)
HEADER_FLAGS = st.sampled_from([END_HEADERS, END_HEADERS | END_STREAM, END_STREAM, 0])
WINDOWS = st.one_of(st.integers(0, 70_000), st.sampled_from([0, 1, 2**31 - 65_536, 2**31 - 1]))

FRAMES = st.one_of(
    st.builds(frame, st.just(HEADERS), HEADER_FLAGS, STREAMS, BLOCKS),
    st.builds(frame, st.just(CONTINUATION), HEADER_FLAGS, STREAMS, BLOCKS),
    st.builds(data, STREAMS, st.binary(max_size=5), end=st.booleans()),
    st.builds(padded, STREAMS, st.binary(max_size=5), st.integers(0, 5), end=st.booleans()),
    st.builds(frame, st.just(DATA), st.just(PADDED), STREAMS, st.binary(max_size=3)),
    st.builds(window_update, STREAMS, WINDOWS),
    st.builds(settings_frame, st.dictionaries(st.just(INITIAL_WINDOW_SIZE), WINDOWS)),
    st.builds(settings_frame, st.dictionaries(st.integers(1, 6), st.integers(0, 2**16))),
    st.just(frame(SETTINGS, ACK, 0)),
    st.just(frame(PING, 0, 0, bytes(8))),
    st.builds(rst_stream, STREAMS, st.integers(0, 20)),
    st.just(goaway()),
    st.builds(frame, st.integers(0, 12), st.integers(0, 255), STREAMS, st.binary(max_size=10)),
)


def requests(count: int) -> bytes:
    return b"".join(frame(HEADERS, END_HEADERS, 2 * number + 1, GOOD_BLOCK) for number in range(count))


def tells_stories(observed: Sequence[Observed]) -> None:
    """Each exchange begins once, has its body before its end, and after its loss nothing."""
    state: dict[int, str] = defaultdict(lambda: "unknown")
    for event in observed:
        match event:
            case RequestReceived(exchange=exchange, ended=ended):
                assert state[exchange] == "unknown"
                state[exchange] = "ended" if ended else "open"
            case BodyReceived(exchange=exchange, data=body):
                assert state[exchange] == "open"
                assert len(body)
            case RequestEnded(exchange=exchange):
                assert state[exchange] == "open"
                state[exchange] = "ended"
            case ExchangeLost(exchange=exchange):
                assert state[exchange] in ("open", "ended")
                state[exchange] = "lost"
            case OutputDrained(exchange=exchange):
                assert state[exchange] in ("open", "ended")
            case _:
                pass


# ---- what the server does meanwhile

SERVED = st.sampled_from([1, 1, 1, 3, 5, 2])
SIZES = st.integers(0, 100_000)

DOINGS = st.one_of(
    st.tuples(st.just("respond"), SERVED, SIZES),
    st.tuples(st.just("finish"), SERVED, SIZES),
    st.tuples(st.just("send"), SERVED, SIZES),
    st.tuples(st.just("end"), SERVED, st.just(0)),
    st.tuples(st.just("reset"), SERVED, st.integers(0, 13)),
    st.tuples(st.just("consume"), SERVED, st.integers(0, 10)),
    st.tuples(st.just("drain"), st.just(0), st.just(0)),
    st.tuples(st.sampled_from(["tick", "eof", "go away", "abort"]), st.just(0), st.just(0)),
)


MILD = st.one_of(  # frames that seldom end the connection
    st.builds(data, SERVED, st.binary(max_size=5), end=st.booleans()),
    st.builds(window_update, st.sampled_from([0, 1, 3]), st.integers(1, 70_000)),
    st.builds(settings_frame, st.dictionaries(st.just(INITIAL_WINDOW_SIZE), st.integers(0, 70_000))),
    st.builds(frame, st.just(HEADERS), st.sampled_from([END_HEADERS, END_HEADERS | END_STREAM]), SERVED, BLOCKS),
    st.builds(rst_stream, SERVED),
)
STEPS = st.builds(
    lambda mild, wild, late: mild + wild + late,
    st.lists(st.one_of(DOINGS, MILD), max_size=20),
    st.lists(FRAMES, max_size=3),
    st.lists(DOINGS, max_size=5),
)


def do(peer: Peer, what: str, stream: int, number: int) -> None:
    connection = peer.connection
    match what:
        case "respond":
            connection.send_head(stream, 200, (("a", "b"),))
            connection.send(stream, bytes(number))
        case "finish":
            peer.respond(stream, bytes(number // 10))
        case "send":
            connection.send(stream, bytes(number))
        case "end":
            connection.end(stream)
        case "reset":
            connection.reset(stream, number)
        case "consume":
            connection.consume(stream, number)
        case "tick":
            peer.now += 0.6
            peer.observed += connection.tick(peer.now)
        case "eof":
            peer.observed += connection.receive_eof(peer.now)
        case "go away":
            connection.go_away()
        case "abort":
            connection.abort()
        case _:
            peer.drain()


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 4), STEPS)
def test_no_run_of_frames_and_doings_makes_it_raise(opened: int, steps: list[bytes | tuple[str, int, int]]) -> None:
    peer = Peer(max_concurrent_streams=3)
    peer.observed.clear()
    peer.send(requests(opened))
    for step in steps:
        if isinstance(step, bytes):
            peer.observed += peer.connection.receive_data(step, peer.now)
        else:
            do(peer, *step)
    peer.drain()  # what came out was read by hyperframe
    due = peer.connection.next_deadline()
    if due is not None:
        peer.observed += peer.connection.tick(due)
        peer.drain()
    tells_stories(peer.observed)
    for stream in range(10):
        kinds = [each for each in peer.frames if each.stream_id == stream and type(each) in (HeadersFrame, DataFrame)]
        assert not any(isinstance(each, DataFrame) for each in kinds[:1])  # no body before its head
        assert sum("END_STREAM" in each.flags for each in kinds) <= 1
        assert not any("END_STREAM" in each.flags for each in kinds[:-1])  # and nothing after its end
    for event in peer.observed:
        if isinstance(event, RuleBroken) and event.exchange is not None:  # and the client hears of it
            over = event.rule in ("malformed_request", "content_length")  # these can come with the end of both sides
            assert peer.resets(event.exchange) or over
    if peer.goaways() and peer.closing:
        written = len(peer.frames)
        peer.send(requests(1))
        assert len(peer.frames) == written


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_make_it_raise(received: bytes, greeted: bool) -> None:
    peer = Peer(greet=greeted)
    peer.send(received)
    peer.connection.receive_eof(peer.now)
    peer.drain()
    assert peer.closing is not None


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 3),
    st.lists(FRAMES, max_size=12),
    st.lists(st.integers(1, 30), min_size=1),
    st.tuples(st.integers(0), st.integers(0, 255)),
)
def test_however_the_bytes_are_cut_the_outcome_is_the_same(
    opened: int, frames: list[bytes], cuts: list[int], damage: tuple[int, int]
) -> None:
    stream = bytearray(PREFACE + settings_frame() + requests(opened) + b"".join(frames))
    stream[damage[0] % len(stream)] ^= damage[1]

    def outcome(cuts: list[int]) -> tuple[list[object], bytes, Closing | None]:
        peer, at, turn = Peer(greet=False), 0, 0
        while at < len(stream):
            size = cuts[turn % len(cuts)]
            peer.observed += peer.connection.receive_data(bytes(stream[at : at + size]), peer.now)
            at, turn = at + size, turn + 1
        peer.drain()
        return merged(peer.observed), peer.written, peer.closing

    assert outcome(cuts) == outcome([len(stream)])


def merged(observed: Sequence[Observed]) -> list[object]:
    return [(each.exchange, bytes(each.data)) if isinstance(each, BodyReceived) else each for each in observed]


# ---- windows

OPENINGS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([0, 0, 1, 3, 5]), st.integers(1, 40_000)),
        st.tuples(st.just(-1), st.integers(0, 60_000)),  # SETTINGS_INITIAL_WINDOW_SIZE
        st.tuples(st.just(-2), st.integers(16_384, 40_000)),  # SETTINGS_MAX_FRAME_SIZE
    ),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 80_000),
    st.lists(st.lists(st.integers(0, 60_000), max_size=4), min_size=3, max_size=3),
    OPENINGS,
)
def test_never_more_than_the_window_and_everything_once_it_opens(
    initial: int, bodies: list[list[int]], openings: list[tuple[int, int]]
) -> None:
    peer = Peer({INITIAL_WINDOW_SIZE: initial})
    expected = {}
    window, windows, largest = 65_535, dict.fromkeys((1, 3, 5), initial), 16_384

    def check() -> None:
        """Hold what came against the windows as they are, and count it off."""
        nonlocal window
        for each in peer.of(DataFrame):
            size = len(each.data)
            assert size <= largest
            window -= size
            windows[each.stream_id] -= size
            assert window >= 0
            assert windows[each.stream_id] >= 0 or not size
            got[each.stream_id] += each.data
            ends[each.stream_id] += "END_STREAM" in each.flags
        for each in peer.of(HeadersFrame):
            ends[each.stream_id] += "END_STREAM" in each.flags
        peer.frames.clear()

    got: dict[int, bytes] = defaultdict(bytes)
    ends: dict[int, int] = defaultdict(int)
    for stream in windows:
        peer.open(stream, end=True)
    for stream, body in zip(windows, bodies, strict=True):
        pieces = [bytes((stream + number,)) * size for number, size in enumerate(body)]
        expected[stream] = b"".join(pieces)
        peer.respond(stream, *pieces)
        check()
    for stream, number in openings:
        match stream:
            case -1:
                for each in windows:
                    windows[each] += number - initial
                initial = number
                peer.send(settings_frame({INITIAL_WINDOW_SIZE: number}))
            case -2:
                largest = number
                peer.send(settings_frame({MAX_FRAME_SIZE: number}))
            case 0:
                window += number
                peer.send(window_update(0, number))
            case _:
                windows[stream] += number
                peer.send(window_update(stream, number))
        check()
        # whoever still waits has a reason to
        for each in windows:
            assert not peer.connection.output_size(each) or not window or windows[each] <= 0
    window += 10**6
    peer.send(window_update(0, 10**6))
    for stream in windows:
        windows[stream] += 10**6
        peer.send(window_update(stream, 10**6))
    check()
    assert {stream: got[stream] for stream in expected} == expected
    assert dict(ends) == dict.fromkeys(expected, 1)
    assert peer.broken() == []
