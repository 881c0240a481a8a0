"""HTTP/1.1 against any bytes, in any cut, whatever the server does meanwhile."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mockscribe.wire.exchange import BodyReceived, ExchangeLost, Observed, RequestEnded, RequestReceived
from mockscribe.wire.http1 import Http1Connection

PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: h2c\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"zz\r\n",
        b"\r\n",
    ]
)
INPUT = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=5)), max_size=8).map(b"".join)
DOINGS = st.sampled_from(["respond", "head", "send", "end", "reset", "consume", "drain", "tick", "eof", "go away"])
CUTS = st.lists(st.integers(1, 60), min_size=1)


def tells_stories(observed: Sequence[Observed]) -> None:
    """Exchanges come one after another; each has its body before its end, and after its loss nothing."""
    state: dict[int, str] = defaultdict(lambda: "unknown")
    for event in observed:
        match event:
            case RequestReceived(exchange=exchange, ended=ended):
                assert exchange == len(state) + 1
                state[exchange] = "ended" if ended else "open"
            case BodyReceived(exchange=exchange):
                assert state[exchange] == "open"
            case RequestEnded(exchange=exchange):
                assert state[exchange] == "open"
                state[exchange] = "ended"
            case ExchangeLost(exchange=exchange):
                assert state[exchange] in ("open", "ended")
                state[exchange] = "lost"
            case _:
                pass


def do(connection: Http1Connection, what: str, exchange: int) -> Sequence[Observed]:
    match what:
        case "respond":
            connection.send_head(exchange, 200, (("content-type", "text/plain"),))
            connection.send(exchange, b"body")
            connection.end(exchange)
        case "head":
            connection.send_head(exchange, 404, ())
        case "send":
            connection.send(exchange, b"x" * 300_000)
        case "end":
            connection.end(exchange)
        case "reset":
            connection.reset(exchange, 8)
        case "consume":
            connection.consume(exchange, 1)
        case "tick":
            return connection.tick(1.0)
        case "eof":
            return connection.receive_eof(1.0)
        case "go away":
            connection.go_away()
        case _:
            connection.data_to_send()
    return ()


@settings(max_examples=400, deadline=None)
@given(INPUT, CUTS, st.lists(st.one_of(st.just("respond"), DOINGS), max_size=12))
def test_no_bytes_make_it_raise_whatever_is_done_meanwhile(data: bytes, cuts: list[int], doings: list[str]) -> None:
    connection, observed, at, turn = Http1Connection(), list[Observed](), 0, 0
    doings = doings[::-1]
    while at < len(data) or doings:
        size = cuts[turn % len(cuts)]
        observed += connection.receive_data(data[at : at + size], 1.0)
        at, turn = at + size, turn + 1
        if doings:
            exchange = sum(isinstance(each, RequestReceived) for each in observed)
            observed += do(connection, doings.pop(), exchange)
    observed += connection.receive_eof(2.0)
    connection.data_to_send()
    observed += connection.tick(2.0)
    tells_stories(observed)


@settings(max_examples=200, deadline=None)
@given(INPUT, CUTS)
def test_any_cut_tells_the_same_until_the_first_response(data: bytes, cuts: list[int]) -> None:
    def outcome(cuts: list[int]) -> tuple[list[object], bytes]:
        connection, at, turn, body = Http1Connection(), 0, 0, b""
        told: list[object] = []
        while at < len(data):
            size = cuts[turn % len(cuts)]
            for event in connection.receive_data(data[at : at + size], 1.0):
                match event:
                    case BodyReceived(data=piece):
                        body += piece
                    case RequestReceived(exchange=exchange, head=head):
                        told.append((exchange, head))  # whether it came ended depends on the cut
                    case ExchangeLost():
                        told.append(event)
                    case _:
                        pass
            at, turn = at + size, turn + 1
        return told, body

    assert outcome(cuts) == outcome([len(data) or 1])
