"""What the log says of a client that breaks rules: one line each, nothing that the client sent, and no flood."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from mockscribe.entries import Kind, Origin
from mockscribe.inspection.rules import RULES
from mockscribe.violation_log import LINES_A_SECOND, MAX_CHARACTERS, OWN_WORDS, ViolationLog
from tests.unit.test_signatures import Signing
from tests.wire import CONFIGURATION, END_OF_SESSION, SESSION_ID, Wire, audio, configuration, event, request_headers

ORIGIN = Origin(account="000000000000", connection=3, stream="3.1", session="s-1", attempt=1)
ABOUT = {"rule": "sequence", "source": "UG-stream", "offset": 7, "message": "Audio came late."}


class Log:
    """A violation log with its lines, and the calls that it has asked for."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        caplog.set_level(logging.DEBUG, "mockscribe")
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.log = ViolationLog(logging.getLogger("mockscribe"), lambda *call: self.later.append(call))

    @property
    def lines(self) -> list[str]:
        return [record.getMessage() for record in self.caplog.records]

    def tell(self, now: float = 100.0, origin: Origin = ORIGIN, **about: Any) -> str:
        self.log.tell(origin, {**ABOUT, **about}, now)
        return self.lines[-1]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


def wired(log: Log, **settings: Any) -> Wire:
    wire = Wire(**settings)
    wire.mock.on_violation = log.log.tell
    return wire


# ---- a line


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        (ORIGIN, "stream 3.1, session s-1"),
        (Origin(account="000000000000", connection=3, stream="3.5"), "stream 3.5"),
        (Origin(account="000000000000", connection=3), "connection 3"),
    ],
)
def test_a_line_names_rule_source_place_and_cause(log: Log, origin: Origin, where: str) -> None:
    assert log.tell(origin=origin) == f"violation sequence (UG-stream) at byte 7 of {where}: Audio came late."
    assert [record.levelname for record in log.caplog.records] == ["WARNING"]


def test_each_violation_in_the_journal_is_a_line(log: Log) -> None:
    wire = wired(log)
    stream = wire.open()
    wire.send(stream, configuration(), END_OF_SESSION, audio(bytes(320)), end=True)
    wire.visit_refused(session_id="none")
    wire.connection.receive_data(b"\x00\x00\x00\x04\x00\x00\x00\x00\x01", wire.now)  # SETTINGS on a stream
    recorded = [entry.fields() for entry in wire.account.journal.select(Kind.VIOLATION)]
    assert [line.split()[1] for line in log.lines] == [each["rule"] for each in recorded]
    assert len(recorded) == 3
    assert f"session {SESSION_ID}: an audio event is not allowed after END_OF_SESSION" in log.lines[0]
    assert "stream 1.3, session none: 2 validation errors detected: Value 'none' at 'sessionId'" in log.lines[1]
    assert "of connection 1: " in log.lines[2]


def test_without_a_violation_nothing_is_said(log: Log) -> None:
    wired(log).visit(bytes(320))
    assert log.lines == []


# ---- what a client may want kept to itself

SECRET = "The knee still hurts"
BAD_CONTEXT = {"unstructuredContext": f"{SECRET}\x00", "medicalCodingContext": {"encounterReason": f"{SECRET}!"}}


@pytest.mark.parametrize(
    ("rule", "frame"),
    [
        ("configuration", configuration({**CONFIGURATION, "encounterContext": BAD_CONTEXT})),
        ("event", event(SECRET, b"{}")),
        ("event", event("sessionControlEvent", b'{"type": "%b"}' % SECRET.encode())),
        ("frame_message_crc", event("audioEvent", SECRET.encode())[:-1] + b"!"),
    ],
)
def test_no_line_quotes_a_text_of_the_client(log: Log, rule: str, frame: bytes) -> None:
    wire = wired(log)
    wire.send(wire.open(), frame)
    (line,) = log.lines
    assert line.startswith(f"violation {rule} ")
    assert "knee" not in line


def test_no_line_quotes_a_header_that_may_be_a_secret(log: Log) -> None:
    wire = wired(log)
    connection = wire.connect()
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\nauthorization: knee\x00\r\n\r\n", wire.now)
    (line,) = log.lines
    assert line == (
        "violation malformed_request (RFC 9112, 2.2) at byte 49 of connection 2: "
        "its message may quote the client, and is in the journal"
    )


def test_no_line_has_the_string_to_sign(log: Log) -> None:
    """It has the session's token in it."""
    wire = Signing()
    wire.mock.on_violation = log.log.tell
    headers = [*request_headers(), ("x-amz-security-token", "knee")]
    wire.open(headers=headers)
    (line,) = log.lines
    assert "violation signature_" in line
    assert "knee" not in line


def test_a_rule_that_nobody_has_looked_at_is_told_without_its_message(log: Log) -> None:
    assert "new_rule" not in OWN_WORDS
    assert "knee" not in log.tell(rule="new_rule", message="knee")


# ---- bounds


def test_a_line_is_one_line_and_not_longer_than_it_may_be(log: Log) -> None:
    assert log.tell(message="a\nb\x1b[1m\u2028c") == (
        "violation sequence (UG-stream) at byte 7 of stream 3.1, session s-1: a\\nb\\x1b[1m\\u2028c"
    )
    assert len(log.tell(message="x" * 100_000)) == MAX_CHARACTERS + 1


def test_a_flood_is_counted(log: Log) -> None:
    for count in range(1000):
        log.tell(now=100.0 + count / 2000)
    assert len(log.lines) == LINES_A_SECOND
    ((seconds, tell_left_out),) = log.later
    assert seconds == pytest.approx(1.0 - LINES_A_SECOND / 2000)
    tell_left_out()
    tell_left_out()  # a server that stops asks too
    left_out = f"{1000 - LINES_A_SECOND} more violations were not logged; the journal has them"
    assert log.lines[LINES_A_SECOND:] == [left_out]
    log.tell(now=101.0)
    assert len(log.lines) == LINES_A_SECOND + 2


def test_the_rules_whose_messages_may_be_told_are_rules() -> None:
    assert set(RULES) >= OWN_WORDS
