"""How long the belt waits for a client, and what a client may make it hold; time is virtual, nobody sleeps."""

import contextlib
import ssl
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from mockscribe.authority import Authority
from mockscribe.config import Config, load
from mockscribe.connection import Connection
from mockscribe.entries import Kind
from mockscribe.live import StandingFault
from mockscribe.mock import DEFAULT_ACCOUNT, Mock
from mockscribe.scenario.model import Fault
from mockscribe.service.events import OutputEvent
from mockscribe.wire.exchange import OUTPUT_LIMIT, Closing
from mockscribe.wire.http2_input import STREAM_WINDOW
from mockscribe.wire.limits import DEFAULTS
from tests.clients import trusting
from tests.wire import (
    END_OF_SESSION,
    START,
    Wire,
    audio,
    configuration,
    new_session_id,
    request_headers,
    silence,
)

HEALTH = b"GET /_mockscribe/health HTTP/1.1\r\nhost: a\r\n\r\n"
POST = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/domain")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


class Belt:
    """A connection whose client may be as silent as it likes."""

    def __init__(self, authority: Authority, **settings: Any) -> None:
        self.now = START
        self.mock = Mock(load({"seed": 1, **settings}, {}), now=START, wall=1_760_000_000.0, seed=1)
        self.warnings: list[str] = []
        self.connection = Connection(
            self.mock, START, tls_context=authority.server_context, on_warning=self.warnings.append, on_error=_fail
        )
        self.closing: Closing | None = None

    def send(self, data: bytes) -> bytes:
        self.connection.receive_data(data, self.now)
        return self.drain()

    def drain(self) -> bytes:
        output = self.connection.data_to_send()
        self.closing = output.closing or self.closing
        return output.data

    def later(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.connection.next_deadline()) is not None and due <= until:
            assert due > self.now or self.closing, "a deadline that tick does not clear"
            self.now = max(due, self.now)
            self.connection.tick(self.now)
            self.drain()
        self.now = until

    @property
    def violations(self) -> list[tuple[str, str, int]]:
        account = self.mock.account(DEFAULT_ACCOUNT, START)
        found = [entry.fields() for entry in account.journal.select(Kind.VIOLATION)]
        return [(each["rule"], each["source"], each["offset"]) for each in found]


def _fail(error: BaseException) -> None:
    raise error


def test_the_limits_of_a_connection_are_the_settings_defaults() -> None:
    """Stated once in the settings, with their sources, and once for the layer that knows no settings."""
    assert Mock(Config(), now=0.0, wall=0.0, seed=1).limits == DEFAULTS


def test_it_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    assert Config().host == "127.0.0.1"


# ---- the beginning


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1", b"PRI * HTT", b"\r\n"])
def test_a_client_has_a_time_to_say_what_it_speaks(authority: Authority, first: bytes) -> None:
    belt = Belt(authority, head_timeout_seconds=10)
    if first:
        belt.send(first)
    belt.later(9.9)
    assert (belt.closing, belt.violations) == (None, [])
    belt.later(0.1)
    assert belt.closing is Closing.EOF
    assert belt.violations == [("slow_start", "--head-timeout", len(first))]
    belt.later(1.0)
    assert belt.closing is Closing.ABORT
    assert belt.connection.next_deadline() is None


def test_a_handshake_without_a_request_counts_as_well(authority: Authority) -> None:
    belt = Belt(authority, head_timeout_seconds=10)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(authority.ca_file).wrap_bio(incoming, outgoing, server_hostname="localhost")
    for _ in range(3):
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        if data := outgoing.read():
            incoming.write(belt.send(data))
    assert client.version() == "TLSv1.3"
    belt.later(10)
    assert belt.closing is Closing.EOF
    assert [rule for rule, *_ in belt.violations] == ["slow_start"]


def test_a_stalled_handshake_of_ours_is_no_fault_of_the_client(authority: Authority) -> None:
    belt = Belt(authority, head_timeout_seconds=10)
    belt.mock.faults = (StandingFault(1, Fault(name="tls_stall")),)
    outgoing = ssl.MemoryBIO()
    client = trusting(authority.ca_file).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    assert belt.send(outgoing.read()) == b""
    belt.later(1000)
    assert (belt.closing, belt.violations) == (None, [])


def test_after_its_first_request_a_client_may_wait_as_long_as_an_idle_connection_lives(authority: Authority) -> None:
    belt = Belt(authority, head_timeout_seconds=10, connection_timeout_seconds=100)
    assert belt.send(HEALTH).startswith(b"HTTP/1.1 200")
    belt.later(99.9)
    assert belt.closing is None
    belt.later(0.1)
    assert (belt.closing, belt.violations) == (Closing.EOF, [])


def test_a_connection_too_many_is_reset(authority: Authority) -> None:
    belt = Belt(authority, connections=7)
    belt.connection.refuse(START)
    assert belt.send(HEALTH) == b""
    assert belt.closing is Closing.RESET
    assert belt.violations == [("connections", "--connections", 0)]


# ---- a client that reads nothing


def test_a_transport_that_stays_full_is_given_up_with_its_streams() -> None:
    wire = Wire(stalled_timeout_seconds=10)
    stream = wire.open()
    wire.send(stream, configuration())
    wire.connection.pause(wire.now)
    wire.advance(6)
    wire.connection.resume(wire.now)
    wire.connection.pause(wire.now)
    wire.send(stream, audio(silence(0.1)))  # it still sends
    wire.advance(9.9)
    assert wire.closing is None
    wire.advance(0.1)
    assert wire.closing is Closing.ABORT
    assert wire.account.live == set()
    (entry,) = [each.fields() for each in wire.account.journal.select(Kind.VIOLATION)]
    assert (entry["rule"], entry["source"]) == ("unread_output", "--stalled-timeout")
    (ended,) = [each.fields() for each in wire.account.journal.select(Kind.STREAM_ENDED)]
    assert ended["reason"] == "The client has read nothing for 10 seconds"


def test_a_push_into_a_stream_that_was_quiet_for_long_has_its_own_time() -> None:
    """The stream is stalled from the push on, not from when the connection last had something to do."""
    wire = Wire(stalled_timeout_seconds=60, idle_timeout_seconds=0, window=0)
    stream = wire.open()
    wire.send(stream, configuration())
    wire.advance(1000)
    (live,) = wire.account.live
    live.push((OutputEvent(member="checklistEvent", content={}),), wire.now)
    wire.mock.woken.add(wire.connection)
    wire.pump()
    wire.advance(59)
    assert wire.answers[stream].reset is None
    wire.advance(1)
    assert wire.answers[stream].reset == 8


# ---- bodies


def test_a_body_that_does_not_come_gets_408_and_its_stream_is_reset_later() -> None:
    wire = Wire(body_timeout_seconds=10, stalled_timeout_seconds=20)
    stream = wire.open(headers=POST)
    wire.send(stream, b'{"na')
    wire.advance(9.9)
    assert wire.answers[stream].status == 0
    wire.advance(0.1)
    assert wire.answers[stream].status == 408
    assert wire.answers[stream].headers["x-amzn-errortype"] == "RequestTimeoutException"
    wire.send(stream, b'me": 1}')
    wire.advance(20)
    assert wire.answers[stream].reset == 0
    found = [each.fields() for each in wire.account.journal.select(Kind.VIOLATION)]
    assert found[0]["offset"] == 4
    assert [each["rule"] for each in found] == ["slow_body", "stalled_stream"]
    assert wire.connection.idle


def test_a_body_in_time_is_answered_and_time_forgets_it() -> None:
    wire = Wire(body_timeout_seconds=10)
    stream = wire.open(headers=POST)
    wire.send(stream, b'{"name": "Clinic"}', end=True)
    assert wire.answers[stream].status == 201
    wire.advance(100)
    assert wire.account.journal.select(Kind.VIOLATION) == []


def test_a_body_may_take_for_ever_if_it_is_told_so() -> None:
    wire = Wire(body_timeout_seconds=0, idle_timeout_seconds=0)
    stream = wire.open(headers=POST)
    wire.advance(100_000)
    assert wire.answers[stream].status == 0
    assert wire.connection.next_deadline() is None


def test_a_stream_has_the_idle_timeout_of_the_service_and_no_other() -> None:
    wire = Wire(body_timeout_seconds=1, head_timeout_seconds=1, connection_timeout_seconds=1, idle_timeout_seconds=15)
    stream = wire.open()
    wire.send(stream, configuration())
    for _ in range(10):
        wire.advance(14)
        wire.send(stream, audio(silence(0.1)))
    wire.advance(15)
    assert wire.answers[stream].exception is not None
    assert wire.account.journal.select(Kind.VIOLATION) == []


def test_an_event_larger_than_allowed_ends_its_stream_when_its_prelude_says_so() -> None:
    wire = Wire(event_bytes=1000)
    stream = wire.open()
    wire.send(stream, configuration(), audio(silence(1.0))[:12])
    assert wire.answers[stream].exception is not None
    (entry,) = [each.fields() for each in wire.account.journal.select(Kind.VIOLATION)]
    assert (entry["rule"], entry["offset"]) == ("frame_payload_length", len(configuration()))


def test_a_head_larger_than_allowed_is_refused() -> None:
    wire = Wire(header_list_bytes=2000)
    wire.connection.data_to_send()
    with contextlib.suppress(Exception):  # h2's client objects to what it is told
        wire.open(headers=[*request_headers(), ("x-long", "y" * 3000)])
    (entry,) = [each.fields() for each in wire.account.journal.select(Kind.VIOLATION)]
    assert (entry["rule"], entry["source"]) == ("header_list_size", "RFC 9113, 10.5.1")


# ---- memory

BLOCKED = 32
HELD = BLOCKED * (STREAM_WINDOW + OUTPUT_LIMIT + 128 * 1024)
"""What so many blocked streams may cost: of each what its window lets in, what it may have to say, and what the script
says to one audio event."""


def test_blocked_streams_hold_no_more_than_their_windows() -> None:
    """Each asks for 60 MB of answers, reads none of them, and sends all that it may."""
    flood = "scenario: flood\nsteps:\n  - {send: {checklistEvent: {text: %s}}, after: 1ms, repeat: forever}\n" % (
        "x" * 500
    )
    wire = Wire(flood, window=0, journal_bytes=10_000)
    streams = [wire.open(headers=request_headers(session_id=new_session_id())) for _ in range(BLOCKED)]
    chunk = audio(silence(0.1)) * 10
    tracemalloc.start()
    try:
        for stream in streams:
            wire.send(stream, configuration(), chunk)
        wire.advance(2.0)
        for stream in streams:
            while (room := min(16_384, wire.client.local_flow_control_window(stream))) > 0:
                wire.client.send_data(stream, chunk[:room])
                wire.pump()
        wire.advance(5.0)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(wire.account.live) == BLOCKED
    assert held < HELD
    assert held > BLOCKED * OUTPUT_LIMIT  # so that it was a test at all


# ---- the end


def test_a_shutdown_ends_streams_with_an_exception_and_requests_with_an_answer() -> None:
    wire = Wire()
    stream, unary = wire.open(), wire.open(headers=POST)
    wire.send(stream, configuration(), audio(silence(0.1)))
    done = wire.visit(silence(0.1), session_id=new_session_id())
    assert done.ended
    wire.connection.shut_down(wire.now)
    wire.pump()
    assert wire.answers[stream].exception == ("internalFailureException", "The server is shutting down.")
    assert (wire.answers[stream].ended, wire.answers[stream].reset) == (True, 0)
    assert wire.answers[unary].status == 500
    assert wire.closing is Closing.EOF
    assert wire.connection.idle
    kinds = [entry.kind for entry in wire.account.journal]
    assert kinds.count(Kind.EXCEPTION_SENT) == 1
    assert kinds.count(Kind.STREAM_ENDED) == 2


def test_a_shutdown_says_nothing_more_on_a_stream_that_is_over() -> None:
    wire = Wire()
    stream = wire.open()
    wire.send(stream, configuration(), audio(silence(0.1)), END_OF_SESSION)
    assert wire.answers[stream].ended
    wire.connection.shut_down(wire.now)
    wire.pump()
    assert wire.answers[stream].exception is None
    assert wire.account.journal.select(Kind.EXCEPTION_SENT) == []


def test_the_words_of_a_shutdown_can_be_replaced(tmp_path: Path) -> None:
    wire = Wire(messages={"shut_down": "Bye."})
    stream = wire.open()
    wire.send(stream, configuration())
    wire.connection.shut_down(wire.now)
    wire.pump()
    assert wire.answers[stream].exception == ("internalFailureException", "Bye.")
