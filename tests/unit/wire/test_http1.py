"""HTTP/1.1 against bytes written by hand; responses are read by h11 as a client."""

from collections.abc import Sequence
from typing import Any

import h11
import pytest

from mockscribe.wire.ending import LINGER_SECONDS
from mockscribe.wire.exchange import (
    OUTPUT_LIMIT,
    BodyReceived,
    Closing,
    ExchangeLost,
    Observed,
    OutputDrained,
    RequestEnded,
    RequestReceived,
    RuleBroken,
)
from mockscribe.wire.http1 import FIRST_LINE_LIMIT, INPUT_LIMIT, Http1Connection, looks_like_http1
from mockscribe.wire.limits import DEFAULTS, Limits

GET = b"GET /path?query HTTP/1.1\r\nHost: example\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Server:
    """A connection, with what it observed and what it wrote."""

    def __init__(self, *, secure: bool = False, **options: Any) -> None:
        self.connection = Http1Connection(Limits(**options), secure=secure)
        self.now = 100.0
        self.observed: list[Observed] = []
        self.written = b""
        self.closing: Closing | None = None

    def receive(self, data: bytes) -> Sequence[Observed]:
        """Bytes arrive; due deadlines are met, and output is written. Returns what was observed."""
        return self.settle(self.connection.receive_data(data, self.now))

    def receive_eof(self) -> Sequence[Observed]:
        return self.settle(self.connection.receive_eof(self.now))

    def settle(self, observed: Sequence[Observed] = ()) -> Sequence[Observed]:
        new = list(observed)
        while True:
            output = self.connection.data_to_send()
            self.written += output.data
            self.closing = output.closing or self.closing
            due = self.connection.next_deadline()
            if due is None or due > self.now:
                break
            new += self.connection.tick(self.now)
        self.observed += new
        return new

    def respond(self, exchange: int, *body: bytes, status: int = 200, **headers: str) -> None:
        fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.connection.send_head(exchange, status, fields)
        for data in body:
            self.connection.send(exchange, data)
        self.connection.end(exchange)
        self.settle()

    def responses(self, *methods: str, eof: bool = False) -> list[tuple[int, bytes]]:
        """Status and body of each response, as h11 reads them for requests of these methods."""
        data, found = self.written, []
        for method in methods:
            client = h11.Connection(h11.CLIENT)
            client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
            client.send(h11.EndOfMessage())
            client.receive_data(data)
            if eof:
                client.receive_data(b"")
            status, body = 0, b""
            while not isinstance(event := client.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    assert isinstance(event, h11.InformationalResponse)
            found.append((status, body))
            data = client.trailing_data[0]
        assert data == b""
        return found


def bodies(observed: Sequence[Observed]) -> bytes:
    return b"".join(event.data for event in observed if isinstance(event, BodyReceived))


def kinds(observed: Sequence[Observed]) -> list[str]:
    return [type(event).__name__ for event in observed]


# ---- which protocol


@pytest.mark.parametrize(
    ("first", "answer"),
    [
        (b"", None),
        (b"GET / HT", None),
        (b"GET / HTTP/1.1\r\n", True),
        (b"\r\n\r\nGET / HTTP/1.0\n", True),
        (b"PRI * HTTP/2.0\r\n", False),
        (b"garbage\n", False),
        (b"x" * (FIRST_LINE_LIMIT - 1), None),
        (b"x" * FIRST_LINE_LIMIT, False),
        (b"GET /" + b"x" * FIRST_LINE_LIMIT, False),
    ],
)
def test_the_first_line_tells_the_version(first: bytes, answer: bool | None) -> None:
    assert looks_like_http1(first) is answer


# ---- requests


def test_a_request_without_a_body_comes_ended() -> None:
    server = Server()
    (event,) = server.receive(GET)
    assert isinstance(event, RequestReceived)
    assert event.ended
    head = event.head
    assert (head.method, head.target, head.scheme, head.authority) == ("GET", "/path?query", "http", "example")
    assert (head.version, head.headers) == ("1.1", (("host", "example"),))
    server.respond(event.exchange, b"body", content_length="4")
    assert server.responses("GET") == [(200, b"body")]
    assert server.closing is None
    assert server.connection.next_deadline() == server.now + DEFAULTS.idle_seconds


def test_over_tls_the_scheme_is_https() -> None:
    (event,) = Server(secure=True).receive(GET)
    assert isinstance(event, RequestReceived)
    assert event.head.scheme == "https"


@pytest.mark.parametrize(
    ("target", "seen", "authority"),
    [
        (b"http://other:8080/path?q", "/path?q", "other:8080"),
        (b"https://other", "/", "other"),
        (b"*", "*", "example"),
    ],
)
def test_the_absolute_form_overrides_host(target: bytes, seen: str, authority: str) -> None:
    (event,) = Server().receive(b"OPTIONS %b HTTP/1.1\r\nHost: example\r\n\r\n" % target)
    assert isinstance(event, RequestReceived)
    assert (event.head.target, event.head.authority) == (seen, authority)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "request_",
    [
        POST + chunk(b"hello") + chunk(b"world") + LAST_CHUNK,
        b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 10\r\n\r\nhelloworld",
    ],
    ids=["chunked", "content-length"],
)
def test_a_body_arrives_however_it_is_cut(request_: bytes, size: int) -> None:
    server = Server()
    for at in range(0, len(request_), size):
        server.receive(request_[at : at + size])
    assert bodies(server.observed) == b"helloworld"
    assert isinstance(server.observed[0], RequestReceived)
    assert not server.observed[0].ended
    assert isinstance(server.observed[-1], RequestEnded)
    server.respond(1, b"ok", content_length="2")
    assert server.responses("POST") == [(200, b"ok")]


def test_a_request_with_a_content_length_of_zero_comes_ended() -> None:
    (event,) = Server().receive(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 0\r\n\r\n")
    assert isinstance(event, RequestReceived)
    assert event.ended


def test_an_upgrade_to_h2c_is_not_taken_up() -> None:
    server = Server()
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    server.receive(GET[:-2] + upgrade)
    server.respond(1, b"ok", content_length="2")
    assert server.responses("GET") == [(200, b"ok")]
    server.receive(GET)
    assert kinds(server.observed) == ["RequestReceived", "RequestReceived"]


def test_connect_can_be_refused() -> None:
    server = Server()
    server.receive(b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n")
    server.respond(1, status=404, content_length="0")
    assert server.written.startswith(b"HTTP/1.1 404")
    server.receive(GET)
    assert kinds(server.observed) == ["RequestReceived", "RequestReceived"]


# ---- duplex


def test_a_response_may_begin_before_its_request_ends() -> None:
    server = Server()
    server.receive(POST + chunk(b"one"))
    server.connection.send_head(1, 200, ())
    server.connection.send(1, b"first")
    server.settle()
    assert b"first" in server.written
    server.receive(chunk(b"two") + LAST_CHUNK)
    assert bodies(server.observed) == b"onetwo"
    server.connection.send(1, b"second")
    server.connection.end(1)
    server.settle()
    assert server.responses("POST") == [(200, b"firstsecond")]


def test_a_response_may_end_before_its_request_does() -> None:
    server = Server()
    server.receive(POST + chunk(b"one"))
    server.respond(1, b"done")
    assert server.closing is None
    assert kinds(server.receive(chunk(b"two"))) == ["BodyReceived"]
    assert kinds(server.receive(LAST_CHUNK)) == ["RequestEnded"]
    server.receive(GET)
    server.respond(2, b"next")
    assert server.responses("POST", "GET") == [(200, b"done"), (200, b"next")]


def test_a_response_that_closes_loses_the_rest_of_its_request() -> None:
    server = Server()
    server.receive(POST)
    server.respond(1, b"done", connection="close")
    (lost,) = [event for event in server.receive(chunk(b"late")) or server.observed if isinstance(event, ExchangeLost)]
    assert not lost.by_client
    assert server.closing is Closing.EOF


# ---- one after another


def test_a_pipelined_request_waits_for_its_turn() -> None:
    server = Server()
    assert kinds(server.receive(GET + GET)) == ["RequestReceived"]
    server.respond(1, b"one")
    assert [event.exchange for event in server.observed if isinstance(event, RequestReceived)] == [1, 2]
    server.respond(2, b"two")
    assert server.responses("GET", "GET") == [(200, b"one"), (200, b"two")]


def test_a_flood_of_pipelined_requests_stops_reading() -> None:
    server = Server()
    server.receive(GET)
    assert server.connection.reading
    server.receive(GET * (INPUT_LIMIT // len(GET) + 1))
    assert not server.connection.reading
    server.respond(1, b"one")
    server.respond(2, b"two")
    assert server.connection.reading


def test_reading_stops_while_a_body_is_not_used() -> None:
    server = Server()
    server.receive(POST + chunk(bytes(INPUT_LIMIT)))
    assert not server.connection.reading
    server.connection.consume(7, INPUT_LIMIT)
    assert not server.connection.reading
    server.connection.consume(1, 1)
    assert server.connection.reading


def test_after_connection_close_the_connection_ends() -> None:
    server = Server()
    server.receive(GET[:-2] + b"Connection: close\r\n\r\n" + GET)
    server.respond(1, b"bye")
    assert server.closing is Closing.EOF
    assert len([event for event in server.observed if isinstance(event, RequestReceived)]) == 1
    assert server.receive(GET) == []


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("fields", [b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                                    b"transfer-encoding: Chunked\r\ncontent-length: 2\r\n\r\n"])  # fmt: skip
def test_a_request_of_two_lengths_is_the_last_of_its_connection(fields: bytes, size: int) -> None:
    """RFC 9112, 6.1: one of them may be for somebody else, who would take what follows for another request."""
    server = Server()
    head = b"POST / HTTP/1.1\r\nHost: example\r\n" + fields
    data = head + chunk(b"ab") + LAST_CHUNK + GET
    for at in range(0, len(data), size):
        server.receive(data[at : at + size])
    assert bodies(server.observed) == b"ab"
    (broken,) = [event for event in server.observed if isinstance(event, RuleBroken)]
    assert (broken.rule, broken.source, broken.exchange) == ("two_lengths", "RFC 9112, 6.1", 1)
    server.respond(1, b"told")
    assert server.responses("POST") == [(200, b"told")]
    assert b"\r\nconnection: close\r\n" in server.written.lower()
    assert server.closing is Closing.EOF
    assert kinds(server.observed).count("RequestReceived") == 1


def test_http_1_0_ends_by_the_end_of_the_connection() -> None:
    server = Server()
    server.receive(b"GET / HTTP/1.0\r\n\r\n")
    head = server.observed[0]
    assert isinstance(head, RequestReceived)
    assert (head.head.version, head.head.authority) == ("1.0", "")
    server.respond(1, b"body")
    assert server.responses("GET", eof=True) == [(200, b"body")]
    assert b"chunked" not in server.written
    assert server.closing is Closing.EOF


def test_the_answer_to_head_has_no_body() -> None:
    server = Server()
    server.receive(b"HEAD / HTTP/1.1\r\nHost: example\r\n\r\n")
    server.respond(1, b"body", content_length="4")
    assert server.written.endswith(b"content-length: 4\r\n\r\n")
    server.receive(GET)
    server.respond(2, b"next")
    assert server.responses("HEAD", "GET") == [(200, b""), (200, b"next")]


# ---- 100 Continue


def test_a_waiting_client_is_told_to_continue() -> None:
    server = Server()
    server.receive(POST[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert server.written.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    server.receive(chunk(b"x") + LAST_CHUNK)
    server.respond(1, b"ok")
    assert server.written.count(b"100 Continue") == 1
    assert server.responses("POST") == [(200, b"ok")]


def test_a_response_replaces_the_100() -> None:
    server = Server()
    server.connection.receive_data(POST[:-2] + b"Expect: 100-continue\r\n\r\n", server.now)
    server.respond(1, b"no", status=403)
    assert b"100" not in server.written
    assert server.written.startswith(b"HTTP/1.1 403")


# ---- broken rules


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"G\xe9T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_bad_request_is_answered_and_the_connection_ends(data: bytes, status: int, size: int) -> None:
    server = Server()
    for at in range(0, len(data), size):
        server.receive(data[at : at + size])
    (broken,) = server.observed
    assert isinstance(broken, RuleBroken)
    assert broken.exchange is None
    assert broken.rule == ("head_size" if status == 431 else "malformed_request")
    assert server.responses("GET") == [(status, broken.message.encode() + b"\n")]
    assert server.closing is Closing.EOF


@pytest.mark.parametrize("line", [b"authorization: AWS4 secret\x00", b"authori zation: secret"])
def test_a_bad_line_is_not_repeated(line: bytes) -> None:
    """It may be that of Authorization, and what is said of it is journaled."""
    server = Server()
    server.receive(b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n")
    (broken,) = server.observed
    assert isinstance(broken, RuleBroken)
    assert broken.message == "illegal header line"
    assert b"secret" not in server.written


def test_the_limit_of_a_head_can_be_set() -> None:
    server = Server(max_header_list_bytes=100)
    server.receive(GET[:-2] + b"A: " + b"x" * 100)
    assert server.written.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_a_bad_body_ends_its_exchange(method: str, size: int) -> None:
    server = Server()
    data = POST.replace(b"POST", method.encode()) + b"zz\r\n"
    for at in range(0, len(data), size):
        server.receive(data[at : at + size])
    assert kinds(server.observed) == ["RequestReceived", "RuleBroken", "ExchangeLost"]
    received, broken, lost = server.observed
    assert isinstance(received, RequestReceived)
    assert isinstance(broken, RuleBroken)
    assert isinstance(lost, ExchangeLost)
    assert received.exchange == broken.exchange == lost.exchange == 1
    assert (lost.by_client, lost.reason) == (False, broken.message)
    assert [status for status, _ in server.responses(method)] == [400]
    assert server.closing is Closing.EOF


def test_a_bad_body_cuts_a_response_short() -> None:
    server = Server()
    server.receive(POST)
    server.connection.send_head(1, 200, ())
    server.connection.send(1, b"begun")
    server.settle()
    written = server.written
    server.receive(b"zz\r\n")
    server.connection.send(1, b"nobody listens")
    server.connection.end(1)
    server.settle()
    assert server.written == written
    assert server.closing is Closing.EOF


def test_the_offset_of_a_broken_rule_is_where_h11_stopped() -> None:
    server = Server()
    server.receive(GET)
    server.respond(1)
    server.receive(b"garbage\r\n\r\nmore")
    broken = server.observed[-1]
    assert isinstance(broken, RuleBroken)
    assert len(GET) <= broken.offset <= len(GET) + len(b"garbage\r\n\r\n")


def test_a_bad_request_after_a_head_is_answered() -> None:
    server = Server()
    server.receive(b"HEAD / HTTP/1.1\r\nHost: example\r\n\r\nbad\r\n\r\n")
    server.respond(1, content_length="4")
    assert [status for status, _ in server.responses("HEAD", "GET")] == [200, 400]


# ---- ends


def test_a_client_that_half_closed_gets_its_response() -> None:
    server = Server()
    server.receive(GET)
    assert server.receive_eof() == []
    server.respond(1, b"still here")
    assert server.responses("GET") == [(200, b"still here")]
    assert server.closing is Closing.EOF
    assert server.connection.receive_data(GET, server.now) == []


def test_pipelined_requests_of_a_half_closed_client_are_all_answered() -> None:
    server = Server()
    server.receive(GET + GET)
    server.receive_eof()
    server.respond(1, b"one")
    server.respond(2, b"two")
    assert server.responses("GET", "GET") == [(200, b"one"), (200, b"two")]
    assert server.closing is Closing.EOF


def test_a_client_that_leaves_in_mid_request_loses_it() -> None:
    server = Server()
    server.receive(POST)
    (lost,) = server.receive_eof()
    assert isinstance(lost, ExchangeLost)
    assert lost.by_client
    assert server.written == b""
    assert server.closing is Closing.ABORT
    assert server.connection.aborted


@pytest.mark.parametrize("begun", [b"", b"GET /"])
def test_a_client_that_leaves_between_requests_is_let_go(begun: bytes) -> None:
    server = Server()
    server.receive(begun)
    assert server.receive_eof() == []
    assert server.closing is Closing.ABORT


def test_an_end_lingers_until_the_client_closes() -> None:
    server = Server()
    server.receive(b"bad\r\n\r\n")
    assert server.closing is Closing.EOF
    assert not server.connection.aborted
    assert server.connection.next_deadline() == server.now + LINGER_SECONDS
    assert server.receive(b"late") == []
    server.receive_eof()
    assert server.closing is Closing.ABORT


def test_an_end_lingers_no_longer_than_its_time() -> None:
    server = Server()
    server.receive(b"bad\r\n\r\n")
    server.now += LINGER_SECONDS
    server.settle()
    assert server.closing is Closing.ABORT


def test_going_away_lets_the_response_finish() -> None:
    server = Server()
    server.receive(POST)
    server.connection.go_away()
    server.settle()
    assert server.closing is None
    server.respond(1, b"last", content_length="4")
    assert b"connection: close\r\n" in server.written
    assert server.closing is Closing.EOF


def test_going_away_after_the_head_ends_with_the_response() -> None:
    server = Server()
    server.receive(GET + GET)
    server.connection.send_head(1, 200, ())
    server.connection.go_away()
    server.connection.end(1)
    server.settle()
    assert server.closing is Closing.EOF
    assert len([event for event in server.observed if isinstance(event, RequestReceived)]) == 1


def test_going_away_lets_a_request_finish_whose_response_has() -> None:
    server = Server()
    server.receive(POST)
    server.respond(1, b"early")
    server.connection.go_away()
    server.settle()
    assert server.closing is None
    assert kinds(server.receive(LAST_CHUNK)) == ["RequestEnded"]
    assert server.closing is Closing.EOF


def test_going_away_when_idle_ends_at_once() -> None:
    server = Server()
    server.connection.go_away()
    server.connection.go_away()
    server.settle()
    assert server.closing is Closing.EOF


def test_a_reset_aborts_after_what_was_sent() -> None:
    server = Server()
    server.receive(GET)
    server.connection.reset(2, 8)
    assert not server.connection.aborted
    server.connection.send_head(1, 200, ())
    server.connection.send(1, b"half")
    server.connection.reset(1, 8)
    server.settle()
    assert server.written.endswith(chunk(b"half"))
    assert server.closing is Closing.RESET
    server.connection.reset(1, 8)
    server.respond(1, b"late")
    assert server.receive(GET) == []


def test_calls_that_come_too_late_or_out_of_turn_do_nothing() -> None:
    server = Server()
    server.connection.send_head(1, 200, ())
    server.receive(GET)
    server.connection.send(1, b"before its head")
    server.connection.end(1)
    server.connection.send_head(2, 200, ())
    server.settle()
    assert server.written == b""
    server.connection.send_head(1, 200, ())
    server.connection.send_head(1, 500, ())
    server.connection.send(1, b"")
    server.connection.end(1)
    server.connection.end(1)
    server.settle()
    assert server.responses("GET") == [(200, b"")]


# ---- output


def test_a_full_output_tells_when_it_was_written() -> None:
    server = Server()
    server.receive(GET)
    server.connection.send_head(1, 200, ())
    server.connection.send(1, bytes(OUTPUT_LIMIT))
    assert server.connection.output_size(1) >= OUTPUT_LIMIT
    assert server.connection.output_size(2) == 0
    assert server.settle() == [OutputDrained(exchange=1)]
    assert server.connection.output_size(1) == 0
    assert server.connection.next_deadline() is None


def test_a_drained_output_of_a_finished_exchange_is_nobodys_business() -> None:
    server = Server()
    server.receive(GET)
    server.connection.send_head(1, 200, ())
    server.connection.send(1, bytes(OUTPUT_LIMIT))
    server.connection.end(1)
    assert server.settle() == []
    assert server.connection.output_size(1) == 0


def test_an_abort_ends_an_exchange_in_its_midst() -> None:
    server = Server()
    server.receive(POST)
    server.connection.abort()
    server.settle()
    assert server.closing is Closing.ABORT
    assert server.connection.aborted
    assert server.receive(chunk(b"late")) == []
