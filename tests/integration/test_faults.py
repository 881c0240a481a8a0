"""Every fault reaches a real peer: asserted from clients that are not ours.

h2, h11 and plain sockets, curl, openssl, the `ssl` module, and the official Python SDK for those that its users meet.
What comes back is judged by botocore's parser, `struct` and `zlib`.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import h2.events
import h2.exceptions
import h2.settings
import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, PingFrame, SettingsFrame, WindowUpdateFrame

from mockscribe import AccountView, ConfigError, Fault, Mockscribe, Position
from mockscribe.scenario.faults import FAULTS
from mockscribe.scenario.faults.before import ERRORS
from tests.clients import Http1Client, Http2Client, connect, streaming_headers, trusting
from tests.integration.sdks.programs import UnavailableError
from tests.integration.sdks.python import environment
from tests.requirements import require
from tests.serving import PATIENCE
from tests.wire import EMPTY_FRAME, END_OF_SESSION, Answer, audio, configuration, envelope, request_headers, silence

LINES = ["One.", "Two.", "Three.", "Four.", "Five."]
SCRIPT = "scenario: lines\nsteps:\n" + "".join(f"  - {{say: {line}, takes: 100ms, partials: none}}\n" for line in LINES)
TRUNCATED = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mockscribe]:
    with Mockscribe(scenarios=[SCRIPT], ca_folder=tmp_path_factory.getbasetemp() / "ca", seed=1) as mock:
        yield mock


@pytest.fixture
def mock(server: Mockscribe) -> Iterator[AccountView]:
    view = server.new_account()
    yield view
    view.reset()


@pytest.fixture
def tls(server: Mockscribe) -> ssl.SSLContext:
    return trusting(server.ca_file, "h2")


# ---- a client


class Client(Http2Client):
    """An h2 client that keeps every frame that it gets, and stops where the stream does."""

    def __init__(self, mock: AccountView, context: ssl.SSLContext | None = None, **options: Any) -> None:
        self.frames: list[Frame] = []
        self.trailers: dict[str, str] = {}
        self.mock = mock
        self.session_id = str(uuid.uuid4())
        super().__init__(int(mock.http_url.rpartition(":")[2]), context, **options)

    def receive(self, data: bytes) -> None:
        held = self._buffer + data
        while len(held) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(held[:9]))
            if len(held) < 9 + length:
                break
            frame.parse_body(memoryview(held[9 : 9 + length]))
            self.frames.append(frame)
            held = held[9 + length :]
        super().receive(data)

    def start(self) -> int:
        headers = request_headers(session_id=self.session_id, authorization=credential(self.mock))
        return self.open(headers)

    def say(self, stream: int, seconds: float = 0.1, *, end: bool = False) -> None:
        """Configuration, audio in events of 100 ms, and (`end`) the end of the session."""
        sent = [configuration(), *[audio(silence(0.1)) for _ in range(round(seconds * 10))]]
        ends = [END_OF_SESSION] if end else []
        self.send(stream, *map(envelope, [*sent, *ends]), *([EMPTY_FRAME] if end else []), end=end)

    def of(self, kind: type[Frame], stream: int | None = None) -> list[Any]:
        return [each for each in self.frames if type(each) is kind and stream in (None, each.stream_id)]

    def over(self, stream: int) -> bool:
        answer = self.answers[stream]
        return answer.ended or answer.reset is not None or self.closed

    def until_over(self, stream: int) -> Answer:
        self.until(lambda: self.answers[stream].ended or self.answers[stream].reset is not None)
        return self.answers[stream]


def credential(mock: AccountView) -> str:
    return f"AWS4-HMAC-SHA256 Credential={mock.credentials.access_key_id}/20260101/us-east-1/health-agent/aws4_request"


def visit(mock: AccountView, seconds: float = 0.6, context: ssl.SSLContext | None = None) -> Answer:
    """A whole visit; returns when its stream is over."""
    with Client(mock, context) as client:
        stream = client.start()
        with contextlib.suppress(h2.exceptions.ProtocolError):  # the stream may be over already
            client.say(stream, seconds, end=True)
        return client.until_over(stream)


def texts(body: bytes) -> list[str]:
    """What the segments say, by botocore's parser, which checks both CRCs."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [
        json.loads(message.payload)["transcriptSegment"]["content"]
        for message in buffer
        if message.headers.get(":event-type") == "transcriptEvent"
    ]


def fired(mock: AccountView) -> list[str]:
    return [entry["fault"] for entry in mock.journal if entry["kind"] == "fault_fired"]


def spans(body: bytes) -> list[bytes]:
    """The frames of a body whose lengths hold."""
    found = []
    while body:
        size = int.from_bytes(body[:4], "big")
        found.append(body[:size])
        body = body[size:]
    return found


def crc_fits(frame: bytes) -> tuple[bool, bool]:
    prelude = zlib.crc32(frame[:8]) == struct.unpack(">I", frame[8:12])[0]
    return prelude, zlib.crc32(frame[:-4]) == struct.unpack(">I", frame[-4:])[0]


# ---- before the stream


@pytest.mark.parametrize("error", ERRORS)
def test_an_http_error_instead_of_a_stream(mock: AccountView, error: str) -> None:
    mock.fault("http_error", error=error, times=1)
    answer = visit(mock)
    assert answer.status == ERRORS[error][0]
    assert answer.headers["x-amzn-errortype"] == error
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["message"] == ERRORS[error][1]
    assert fired(mock) == ["http_error"]
    assert texts(visit(mock).body) == LINES  # `times: 1`


def curl(mock: AccountView, body: bytes) -> tuple[bytes, bytes]:
    """Head and body of the answer to one HTTP/1.1 request."""
    require("curl", shutil.which("curl") is not None, "no curl on the PATH")
    headers = [f"-H{name}: {value}" for name, value in streaming_headers(authorization=credential(mock))]
    url = f"{mock.http_url.replace('localhost', '127.0.0.1')}/medical-scribe-stream/"
    command = ["curl", "-sS", "-i", "--max-time", "20", "--noproxy", "*", "--data-binary", "@-", *headers, url]
    done = subprocess.run(command, input=body, capture_output=True, check=True, timeout=PATIENCE)
    head, _, answer = done.stdout.partition(b"\r\n\r\n")
    if b"100 Continue" in head:
        head, _, answer = answer.partition(b"\r\n\r\n")
    return head, answer


def test_curl_sees_an_error_that_is_not_json(mock: AccountView) -> None:
    mock.fault("plain_error", status=503, body="<html>no</html>")
    head, body = curl(mock, b"x")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"text/html" in head
    assert body == b"<html>no</html>"
    assert fired(mock) == ["plain_error"]


def test_headers_that_are_late_wait_for_mock_time(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("late_headers", by="8s")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("event_sent", count=5)
        client.get()  # another stream on the same connection is answered meanwhile
        assert client.answers[stream].headers == {}
        mock.clock.advance("8s")
        answer = client.until_over(stream)
    assert (answer.status, texts(answer.body)) == (200, LINES)


def test_no_answer_at_all(mock: AccountView) -> None:
    mock.fault("no_answer")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("stream_ended")
        client.get()
        assert (client.answers[stream].headers, client.answers[stream].body) == ({}, b"")


# ---- messages


def second(body: bytes) -> bytes:
    return spans(body)[1]


def check_prelude(body: bytes) -> None:
    assert [crc_fits(frame) for frame in spans(body)] == [(True, True), (False, True), *[(True, True)] * 3]
    with pytest.raises(ChecksumMismatch):
        texts(body)


def check_message_crc(body: bytes) -> None:
    assert [crc_fits(frame) for frame in spans(body)] == [(True, True), (True, False), *[(True, True)] * 3]
    with pytest.raises(ChecksumMismatch):
        texts(body)


def check_total_length(body: bytes) -> None:
    first, rest = spans(body)[0], body[len(spans(body)[0]) :]
    (told,) = struct.unpack(">I", rest[:4])
    assert crc_fits(first) == (True, True)
    assert zlib.crc32(rest[:8]) == struct.unpack(">I", rest[8:12])[0]
    assert crc_fits(rest[: told - 4]) == (True, True)  # where the frame really ends


def check_headers_length(body: bytes) -> None:
    first, wrong = spans(body)[:2]
    assert crc_fits(wrong) == (True, True)
    assert struct.unpack(">I", wrong[4:8])[0] - struct.unpack(">I", first[4:8])[0] == 4


def check_corrupt(body: bytes) -> None:
    good, bad = spans(body)[0], spans(body)[1]
    assert bad[57] == good[57] ^ 0xFF  # within the headers, which are the same
    assert crc_fits(bad) == (True, False)


def check_truncated(body: bytes) -> None:
    assert len(body) == len(spans(body)[0]) + TRUNCATED
    assert texts(body) == ["One."]


def check_event_type(body: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    assert [message.headers[":event-type"] for message in buffer] == [
        "transcriptEvent",
        "futureEvent",
        *["transcriptEvent"] * 3,
    ]


def check_header_type(body: bytes) -> None:
    assert crc_fits(second(body)) == (True, True)
    with pytest.raises(KeyError, match="42"):
        texts(body)


def check_no_message_type(body: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    assert [":message-type" in message.headers for message in buffer] == [True, False, True, True, True]


def ends_with(kind: str, name: str, value: str) -> Callable[[bytes], None]:
    def check(body: bytes) -> None:
        buffer = EventStreamBuffer()
        buffer.add_data(body)
        *said, last = buffer
        assert len(said) == 1
        assert (last.headers[":message-type"], last.headers[name]) == (kind, value)

    return check


def says(*expected: str) -> Callable[[bytes], None]:
    return lambda body: _same(texts(body), list(expected))


def _same(found: list[str], expected: list[str]) -> None:
    assert found == expected


def check_oversized(body: bytes) -> None:
    large = second(body)
    assert len(large) > 25_165_825
    assert crc_fits(large) == (True, True)
    (total, headers_bytes) = struct.unpack(">II", large[:8])
    assert total - headers_bytes - 16 == 25_165_825
    assert texts(b"".join(each for each in spans(body) if len(each) < 1000)) == LINES


def check_random(body: bytes) -> None:
    first = spans(body)[0]
    junk = body[len(first) : len(first) + 64]
    assert texts(first + body[len(first) + 64 :]) == LINES
    assert len(set(junk)) > 32


MESSAGES: list[tuple[str, dict[str, Any], Callable[[bytes], None]]] = [
    ("wrong_prelude_crc", {}, check_prelude),
    ("wrong_message_crc", {}, check_message_crc),
    ("wrong_total_length", {"by": 4}, check_total_length),
    ("wrong_headers_length", {"by": 4}, check_headers_length),
    ("corrupt", {"byte": 57}, check_corrupt),
    ("truncated", {"byte": TRUNCATED}, check_truncated),
    ("truncated", {"byte": TRUNCATED, "then": "reset"}, check_truncated),
    ("unknown_event_type", {}, check_event_type),
    ("unknown_header_type", {}, check_header_type),
    ("missing_message_type", {}, check_no_message_type),
    ("unknown_exception_type", {}, ends_with("exception", ":exception-type", "throttlingException")),
    ("error_frame", {}, ends_with("error", ":error-code", "InternalFailure")),
    ("expired_signature", {}, ends_with("exception", ":exception-type", "InvalidSignatureException")),
    ("idle_timeout", {}, ends_with("exception", ":exception-type", "validationException")),
    ("duplicate", {}, says("One.", "Two.", "Two.", "Three.", "Four.", "Five.")),
    ("reorder", {"by": 2}, says("One.", "Three.", "Four.", "Two.", "Five.")),
    ("random_bytes", {}, check_random),
    ("end", {}, says("One.")),
]


@pytest.mark.parametrize(("name", "keys", "check"), MESSAGES, ids=[f"{name} {keys}" for name, keys, _ in MESSAGES])
def test_what_comes_after_the_first_event(
    mock: AccountView, name: str, keys: dict[str, Any], check: Callable[[bytes], None]
) -> None:
    mock.fault(name, after_events=1, **keys)
    check(visit(mock).body)
    assert fired(mock) == [name]


def test_curl_gets_a_frame_that_is_too_large(mock: AccountView) -> None:
    mock.fault("oversized", after_events=1)
    events = [configuration(), *[audio(silence(0.1)) for _ in range(6)], END_OF_SESSION]
    _, body = curl(mock, b"".join(map(envelope, events)) + EMPTY_FRAME)
    check_oversized(body)
    assert fired(mock) == ["oversized"]


def test_a_partial_after_its_final(mock: AccountView) -> None:
    mock.script("scenario: partials\nsteps: [{say: One two., takes: 200ms}]\n")
    mock.fault("late_partial")
    buffer = EventStreamBuffer()
    buffer.add_data(visit(mock).body)
    found = [json.loads(message.payload)["transcriptSegment"]["isPartial"] for message in buffer]
    assert found == [True, False, True]  # the second word, the final, and then the first word


def test_a_truncated_frame_and_then_silence(mock: AccountView) -> None:
    mock.fault("truncated", after_events=1, byte=TRUNCATED, then="silence")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("stream_ended")
        client.get()
        check_truncated(client.answers[stream].body)
        assert not client.over(stream)


def test_each_as_a_step_and_as_a_call_on_a_running_stream_too(mock: AccountView) -> None:
    mock.script(SCRIPT.replace("steps:\n", "steps:\n  - fault: {duplicate: {after_events: 1}}\n", 1))
    assert texts(visit(mock).body) == ["One.", "Two.", "Two.", "Three.", "Four.", "Five."]
    mock.script(SCRIPT)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.1)
        client.until(lambda: len(spans(client.answers[stream].body)) == 1)
        mock.sessions[client.session_id].push(fault=Fault(name="duplicate", at=Position(after_events=1)))
        client.send(stream, *map(envelope, [audio(silence(0.5)), END_OF_SESSION]), EMPTY_FRAME, end=True)
        body = client.until_over(stream).body
    assert texts(body) == ["One.", "Two.", "Three.", "Three.", "Four.", "Five."]
    assert fired(mock) == ["duplicate", "duplicate"]


def test_where_audio_and_mock_time_are(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("reset", at_audio="250ms")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.2)
        client.until(lambda: len(spans(client.answers[stream].body)) == 2)
        client.send(stream, envelope(audio(silence(0.049))))
        client.get()
        assert not client.over(stream)
        client.send(stream, envelope(audio(silence(0.001))))
        assert client.until_over(stream).reset == 8
    mock.clear_faults()
    mock.fault(Fault(name="reset", at=Position(after_time="5s")))
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.2)
        client.until(lambda: len(spans(client.answers[stream].body)) == 2)
        mock.clock.advance("4.9s")
        client.get()
        assert not client.over(stream)
        mock.clock.advance("100ms")
        assert client.until_over(stream).reset == 8


def test_chance_is_of_the_seed(server: Mockscribe) -> None:
    def sizes(seed: int) -> list[int]:
        with Mockscribe(scenarios=[SCRIPT], seed=seed) as mock:
            mock.fault("reset", probability=0.4, frames="all")
            found = []
            for number in range(12):
                with Client(mock) as client:
                    client.session_id = str(uuid.UUID(int=number, version=4))
                    stream = client.start()
                    with contextlib.suppress(h2.exceptions.ProtocolError):
                        client.say(stream, 0.6, end=True)
                    found.append(len(spans(client.until_over(stream).body)))
            return found

    first = sizes(7)
    assert first == sizes(7)
    assert len(set(first)) > 2


# ---- delivery


def test_one_byte_in_a_data_frame(mock: AccountView) -> None:
    mock.fault("pieces", bytes=1)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        answer = client.until_over(stream)
        assert texts(answer.body) == LINES
        assert {len(frame.data) for frame in client.of(DataFrame, stream)} <= {0, 1}


def test_many_events_in_a_data_frame(mock: AccountView) -> None:
    mock.fault("together", events=4)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.1)
        for _ in range(5):  # each in a read of its own, so that the server would write each by itself
            client.send(stream, envelope(audio(silence(0.1))))
            client.get()
        client.send(stream, envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        client.until_over(stream)
        assert [texts(frame.data) for frame in client.of(DataFrame, stream) if frame.data] == [LINES[:4], LINES[4:]]


def test_events_are_late_in_mock_time(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("delay", by="2s")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("event_sent", count=5)
        mock.clock.advance("1.9s")
        client.get()
        assert client.answers[stream].body == b""
        mock.clock.advance("100ms")
        assert texts(client.until_over(stream).body) == LINES


def test_jitter_leaps_on_an_autojump_clock(mock: AccountView) -> None:
    mock.clock.mode = "autojump"
    mock.fault("delay", by="10m", jitter="5m")
    assert texts(visit(mock).body) == LINES
    assert mock.clock.time > 600


def test_a_bandwidth_in_mock_time(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("bandwidth", bytes_per_second=100)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("event_sent", count=5)
        answer = client.answers[stream]
        for octets in (100, 200, 300):
            mock.clock.advance("1s")
            client.get()  # is answered after what is written before it
            assert len(answer.body) == octets
        mock.clock.advance("1m")
        assert texts(client.until_over(stream).body) == LINES


# ---- HTTP/2


@pytest.mark.parametrize(
    ("code", "received"),
    [("NO_ERROR", 0), ("CANCEL", 8), ("INTERNAL_ERROR", 2), ("ENHANCE_YOUR_CALM", 11), (4_000_000_000, 4_000_000_000)],
)
def test_rst_stream_with_any_code(mock: AccountView, code: str | int, received: int) -> None:
    mock.fault("reset", code=code, after_events=2)
    answer = visit(mock)
    assert (texts(answer.body), answer.reset) == (LINES[:2], received)


def test_a_reset_at_a_byte_of_a_frame(mock: AccountView) -> None:
    mock.fault("reset", after_events=1, byte=TRUNCATED)
    answer = visit(mock)
    check_truncated(answer.body)
    assert answer.reset == 8


def test_goaway_and_the_stream_goes_on(mock: AccountView) -> None:
    mock.fault("go_away", code="ENHANCE_YOUR_CALM", last_stream=0, after_events=2)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        assert texts(client.until_over(stream).body) == LINES
        (goaway,) = client.of(GoAwayFrame)
        assert (goaway.error_code, goaway.last_stream_id) == (11, 0)
        client.until_closed()


def test_goaway_and_the_connection_ends(mock: AccountView) -> None:
    mock.fault("go_away", code=2, close=True, after_events=2)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.3)
        client.until_closed()
        (goaway,) = client.of(GoAwayFrame)
        assert (goaway.error_code, goaway.last_stream_id) == (2, stream)
        assert texts(client.answers[stream].body) == LINES[:2]
        assert not client.answers[stream].ended


def test_a_window_that_is_withheld(mock: AccountView) -> None:
    mock.fault("withhold_window")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.1)
        client.until(lambda: bool(client.answers[stream].body))
        sent = 0
        while (room := client.h2.local_flow_control_window(stream)) > 0:
            part = envelope(audio(silence(0.1)))[:room]
            client.h2.send_data(stream, part)
            client.flush()
            sent += len(part)
        client.get()
        assert 0 < sent < 65_535
        assert client.of(WindowUpdateFrame, stream) == []
        assert client.of(WindowUpdateFrame, 0), "the connection's own is granted: other streams go on"


def test_the_window_of_the_connection_is_withheld(mock: AccountView) -> None:
    mock.fault("withhold_window", connection=True)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6)
        client.get()
        assert client.of(WindowUpdateFrame) == []


def test_a_tiny_window(mock: AccountView) -> None:
    mock.fault("tiny_window", bytes=1000)
    with Client(mock) as client:
        stream = client.start()
        client.until(lambda: client.h2.local_flow_control_window(stream) == 1000)
        client.say(stream, 0.6, end=True)  # in portions, as the window opens
        assert texts(client.until_over(stream).body) == LINES
        assert {each.window_increment for each in client.of(WindowUpdateFrame, stream)} == {1000}


def test_settings_change_in_mid_stream(mock: AccountView) -> None:
    mock.fault("settings", initial_window=0, max_concurrent_streams=1, max_header_list=100, after_events=1)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        assert texts(client.until_over(stream).body) == LINES
        values = client.of(SettingsFrame)[-1].settings
        assert values == {3: 1, 4: 0, 6: 100}
        assert client.h2.remote_settings.initial_window_size == 0


def test_trailers(mock: AccountView) -> None:
    mock.fault("trailers", fields={"x-amzn-errortype": "InternalServerException"}, after_events=2)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.3)
        trailers: list[tuple[str, str]] = []
        while not trailers:
            for event in client.h2.receive_data(client.read()):
                if isinstance(event, h2.events.TrailersReceived):
                    trailers = [(str(name), str(value)) for name, value in event.headers]
                elif isinstance(event, h2.events.DataReceived):
                    client.answers[stream].body += event.data
        assert trailers == [("x-amzn-errortype", "InternalServerException")]
        assert texts(client.answers[stream].body) == LINES[:2]


@pytest.mark.parametrize(("name", "said"), [("never_end", LINES), ("silence", LINES[:2])])
def test_a_stream_that_never_ends(mock: AccountView, name: str, said: list[str]) -> None:
    mock.fault(name, after_events=2)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        mock.wait_for("stream_ended")
        client.get()
        assert texts(client.answers[stream].body) == said
        assert not client.over(stream)
    assert mock.sessions.one().status == "COMPLETED"


def test_pings_that_are_not_answered(mock: AccountView) -> None:
    with Client(mock) as client:
        client.h2.ping(b"answered")
        client.flush()
        client.until(lambda: any(frame.opaque_data == b"answered" for frame in client.of(PingFrame)))
        mock.fault("no_pings", after_events=1)
        stream = client.start()
        client.say(stream, 0.1)
        client.until(lambda: bool(client.answers[stream].body))
        client.h2.ping(b"ignored!")
        client.flush()
        client.get()
        assert [frame.opaque_data for frame in client.of(PingFrame)] == [b"answered"]


# ---- HTTP/1.1


@contextlib.contextmanager
def http1(mock: AccountView, seconds: float = 0.6, *, end: bool = True) -> Iterator[Http1Client]:
    with Http1Client(int(mock.http_url.rpartition(":")[2])) as client:
        headers = streaming_headers(session_id=str(uuid.uuid4()), authorization=credential(mock))
        client.request("POST", "/medical-scribe-stream/", headers)
        events = [configuration(), *[audio(silence(0.1)) for _ in range(round(seconds * 10))]]
        client.send(b"".join(map(envelope, events)))  # at once: a reset in between would be told to the next `send`
        if end:
            client.send(envelope(END_OF_SESSION), EMPTY_FRAME, end=True)
        yield client


def everything(connection: socket.socket) -> bytes:
    """All bytes until the connection ends in order; a reset raises."""
    data = b""
    while part := connection.recv(65_536):
        data += part
    return data


@pytest.mark.parametrize("name", ["reset", "tcp_reset", "tls_alert"])
def test_http_1_is_reset(mock: AccountView, name: str) -> None:
    mock.fault(name, after_events=2)
    with http1(mock, end=False) as client, pytest.raises(ConnectionResetError):
        everything(client.socket)


@pytest.mark.parametrize("name", ["tcp_close", "half_close", "go_away"])
def test_http_1_ends_without_its_last_chunk(mock: AccountView, name: str) -> None:
    mock.fault(name, after_events=2, **({"close": True} if name == "go_away" else {}))
    with http1(mock, end=False) as client:
        data = everything(client.socket)
        assert b"Two." in data
        assert not data.endswith(b"0\r\n\r\n")


def test_http_1_in_pieces(mock: AccountView) -> None:
    mock.fault("pieces", bytes=3)
    with http1(mock) as client:
        _, _, body = raw_until(client, b"0\r\n\r\n").partition(b"\r\n\r\n")
        sizes = set()
        while body != b"0\r\n\r\n":
            size, _, rest = body.partition(b"\r\n")
            sizes.add(int(size, 16))
            body = rest[int(size, 16) + 2 :]
        assert sizes <= {1, 2, 3}


def raw_until(client: Http1Client, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += client.socket.recv(65_536)
    return data


def test_http_1_trailers(mock: AccountView) -> None:
    mock.fault("trailers", fields={"x-why": "because"}, after_events=2)
    with http1(mock, end=False) as client:
        assert b"Two." in raw_until(client, b"\r\n0\r\nx-why: because\r\n\r\n")


def test_http_1_says_when_a_fault_has_no_counterpart(mock: AccountView) -> None:
    mock.fault("no_pings")
    with http1(mock) as client:
        client.until(lambda: client.answer.ended)
        assert texts(client.answer.body) == LINES
    (entry,) = [entry for entry in mock.journal if entry["kind"] == "fault_fired"]
    assert entry["note"] == "HTTP/1.1 has no such thing"


# ---- TCP


def test_a_tcp_reset(mock: AccountView) -> None:
    mock.fault("tcp_reset", after_events=2)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.3)
        with pytest.raises(ConnectionResetError):
            everything(client.socket)


@pytest.mark.parametrize("secure", [False, True], ids=["clear text", "TLS"])
def test_a_half_close_and_reading_goes_on(mock: AccountView, tls: ssl.SSLContext, secure: bool) -> None:
    mock.fault("half_close", after_events=2)
    with Client(mock, tls if secure else None) as client:
        stream = client.start()
        client.say(stream, 0.3)
        client.until_closed()
        assert texts(client.answers[stream].body) == LINES[:2]
        assert not client.answers[stream].ended
        for _ in range(20):  # far longer than a closed socket would let us
            client.socket.sendall(bytes.fromhex("000008060000000000") + bytes(8))
    mock.wait_for("connection_closed")


def test_reading_stops(mock: AccountView) -> None:
    mock.fault("stop_reading", after_events=1)
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.2)
        client.until(lambda: bool(client.answers[stream].body))
        client.socket.setblocking(False)
        ping = (bytes.fromhex("000008060000000000") + bytes(8)) * 4096
        with pytest.raises(BlockingIOError):
            client.socket.sendall(ping * 1000)


def test_a_slow_close(mock: AccountView) -> None:
    mock.fault("slow_close", by="400ms")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.6, end=True)
        assert texts(client.until_over(stream).body) == LINES
        client.until(lambda: bool(client.goaways))
        client.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):  # nothing, not even the end
            client.socket.recv(1)
        client.socket.settimeout(PATIENCE)
        client.until_closed()


# ---- TLS


VERDICTS = [
    ("tls_expired", "certificate has expired"),
    ("tls_wrong_name", "Hostname mismatch"),
    ("tls_unknown_ca", "unable to get local issuer certificate"),
]


@pytest.mark.parametrize(("name", "verdict"), VERDICTS)
def test_a_certificate_that_the_ssl_module_refuses(
    server: Mockscribe, mock: AccountView, tls: ssl.SSLContext, name: str, verdict: str
) -> None:
    fault = mock.fault(name, server_name="refused.localhost", times=1)
    connect(server.port, tls, name="other.localhost").close()
    with pytest.raises(ssl.SSLCertVerificationError, match=verdict):
        connect(server.port, tls, name="refused.localhost")
    connect(server.port, tls, name="refused.localhost").close()
    (told,) = mock.faults
    assert (told.id, told.fired) == (fault.id, 1)
    assert fired(mock) == [name]
    assert [entry for entry in mock.journal if entry["kind"] == "violation"] == []


def openssl(server: Mockscribe, *flags: str) -> str:
    found = shutil.which("openssl")
    require("openssl", found is not None, "no openssl on the PATH")
    command = [str(found), "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", str(server.ca_file)]
    done = subprocess.run([*command, *flags], input=b"", capture_output=True, check=False, timeout=PATIENCE)
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("tls_expired", "10 (certificate has expired)"),
        ("tls_wrong_name", "62 (hostname mismatch)"),
        ("tls_unknown_ca", "21 (unable to verify the first certificate)"),
    ],
)
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_says_what_is_wrong(
    server: Mockscribe, mock: AccountView, version: str, name: str, verdict: str
) -> None:
    mock.fault(name, server_name="openssl.localhost")
    told = openssl(server, version, "-servername", "openssl.localhost", "-verify_hostname", "openssl.localhost")
    assert f"Verify return code: {verdict}" in told


def test_no_protocol_is_chosen(server: Mockscribe, mock: AccountView) -> None:
    mock.fault("tls_no_alpn", server_name="alpn.localhost", times=1)
    flags = ("-alpn", "h2,http/1.1", "-servername", "alpn.localhost")
    assert "No ALPN negotiated" in openssl(server, *flags)
    assert "ALPN protocol: h2" in openssl(server, *flags)


def test_a_handshake_that_stalls(server: Mockscribe, mock: AccountView, tls: ssl.SSLContext) -> None:
    mock.fault("tls_stall", server_name="stall.localhost")
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as raw_socket:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = tls.wrap_bio(incoming, outgoing, server_hostname="stall.localhost")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        raw_socket.sendall(outgoing.read())
        mock.wait_for("fault_fired")
        raw_socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw_socket.recv(1)
    connect(server.port, tls).close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_in_mid_stream(
    server: Mockscribe, mock: AccountView, tls: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    tls.minimum_version = tls.maximum_version = version
    mock.fault("tls_alert", after_events=2)
    with Client(mock, tls) as client:
        stream = client.start()
        client.say(stream, 0.3)
        client.until(lambda: len(spans(client.answers[stream].body)) == 2)
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            everything(client.socket)
        assert texts(client.answers[stream].body) == LINES[:2]
    mock.wait_for("connection_closed")
    assert [entry for entry in mock.journal if entry["kind"] == "violation"] == []


def test_a_fault_by_a_flag_stands_for_everybody(tmp_path: pathlib.Path) -> None:
    faults = ["{tls_expired: {server_name: flag.localhost}, times: 1}", "http_error: {attempt: 1}"]
    with Mockscribe(scenarios=[SCRIPT], fault=faults) as mock:
        context = trusting(mock.ca_file, "h2")
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(mock.port, context, name="flag.localhost")
        for view in (mock, mock.new_account()):
            assert visit(view).status == 500
        assert fired(mock) == ["tls_expired", "http_error"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("tls_expird", "--fault: 'tls_expird' is none of http_error, "),
        ("{reset: {cod: CANCEL}}", "--fault: reset: the key `cod` is unknown; did you mean `code`?"),
    ],
)
def test_a_flag_that_is_no_fault_stops_the_start(fault: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught, Mockscribe(fault=[fault]):
        pass
    assert str(caught.value).startswith(message)


# ---- presets, scope and expiry


def test_it_fails_and_works_on_attempt_2(mock: AccountView) -> None:
    mock.fault("fails_then_works", error="ThrottlingException")
    with Client(mock) as client:
        first = client.start()
        assert client.until_over(first).status == 429
        again = client.start()
        client.say(again, 0.6, end=True)
        assert texts(client.until_over(again).body) == LINES


def test_a_clean_close_in_mid_visit_looks_like_success(mock: AccountView) -> None:
    mock.fault("clean_close", events=3, times=1)
    answer = visit(mock)
    assert (answer.status, answer.ended, texts(answer.body)) == (200, True, LINES[:3])
    assert texts(visit(mock).body) == LINES


def test_a_flaky_network_breaks_now_and_then() -> None:
    ends = set()
    with Mockscribe(scenarios=[SCRIPT], seed=1, clock="autojump") as mock:
        mock.fault("flaky_network", percent=20)
        for number in range(10):
            ends.add(flaky_visit(mock, number))
    assert ends == {True, False}


def flaky_visit(mock: AccountView, number: int) -> bool:
    """Whether it came to a good end."""
    with Client(mock) as client:
        client.session_id = str(uuid.UUID(int=number, version=4))
        stream = client.start()
        with contextlib.suppress(h2.exceptions.ProtocolError, OSError):
            client.say(stream, 0.6, end=True)
        while not client.over(stream):
            client.receive(client.read())
        sizes = {len(frame.data) for frame in client.of(DataFrame, stream)}
        assert max(sizes, default=0) <= 100
        return client.answers[stream].ended


def test_a_fault_for_matching_streams_and_for_a_while(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("http_error", match={"mediaEncoding": "flac"})
    mock.fault("plain_error", lasts="5m")
    assert visit(mock).status == 503
    mock.clock.advance("5m")
    assert visit(mock).status == 200


def test_a_fault_on_one_stream_leaves_its_neighbour_alone(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    mock.fault("delay", by="1h", times=1)
    with Client(mock) as client:
        slow = client.start()
        client.say(slow, 0.6, end=True)
        mock.wait_for("event_sent", count=5)
        client.session_id = str(uuid.uuid4())
        quick = client.start()
        client.say(quick, 0.6, end=True)
        assert texts(client.until_over(quick).body) == LINES
        assert client.answers[slow].body == b""


def test_what_is_kept_for_a_late_client_is_bounded(mock: AccountView) -> None:
    mock.clock.mode = "manual"
    event = f"{{send: {{checklistEvent: {{checklistId: {'x' * 1000}}}}}, repeat: forever, when: {{events: 1}}}}"
    mock.script(f"scenario: flood\nsteps:\n  - {event}\n")
    mock.fault("delay", by="1h")
    with Client(mock) as client:
        stream = client.start()
        client.say(stream, 0.1)
        held = 0
        for _ in range(2000):
            if client.h2.local_flow_control_window(stream) < 200:
                break
            client.send(stream, envelope(audio(bytes(2))))
            held += 1
        client.get()
    events = [entry for entry in mock.journal if entry["kind"] == "event_sent"]
    assert 0 < len(events) * 1000 < 300_000
    assert held >= len(events)


def test_no_fault_is_left_without_a_proof() -> None:
    """Every name of the vocabulary stands in this file, as a name and not in passing."""
    text = pathlib.Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in text and f"{{{name}:" not in text] == []


# ---- the official Python SDK


@pytest.fixture(scope="module")
def sdk() -> pathlib.Path:
    try:
        return environment.python_sdk()
    except UnavailableError as error:
        require("python-sdk", False, str(error))
        raise


def official(sdk: pathlib.Path, mock: AccountView, *options: str | int | float) -> dict[str, Any]:
    credentials = ("--access-key", mock.credentials.access_key_id, "--ca-file", mock.ca_file)
    (report,) = environment.stream(sdk, mock.https_url, *credentials, "--seconds", 0.6, *options)
    return report


@pytest.mark.parametrize(
    ("name", "keys", "where", "error", "said"),
    [
        ("http_error", {"error": "ThrottlingException"}, "responding", "ThrottlingException", 0),
        ("wrong_message_crc", {"after_events": 1}, "reading", "ChecksumMismatch", 1),
        ("error_frame", {"after_events": 1}, "reading", "UnmodeledEventError", 1),
        ("idle_timeout", {"after_events": 1}, "reading", "ValidationException", 1),
        ("truncated", {"after_events": 1}, "reading", "InvalidEventBytes", 1),
    ],
)
def test_the_python_sdk_reports_it(
    sdk: pathlib.Path, mock: AccountView, name: str, keys: dict[str, Any], where: str, error: str, said: int
) -> None:
    mock.fault(name, **keys)
    report = official(sdk, mock)
    assert not report["timed_out"]
    errors = [each for each in report["errors"] if each["where"] == where]
    assert errors, report["errors"]
    assert error in errors[0]["class"]
    assert len(report["events"]) == said
    assert fired(mock) == [name]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("clean_close", {"events": 2}),
        ("reset", {"code": "INTERNAL_ERROR", "after_events": 2}),
        ("tcp_reset", {"after_events": 2}),
    ],
)
def test_the_python_sdk_takes_every_end_for_a_clean_one(
    sdk: pathlib.Path, mock: AccountView, name: str, keys: dict[str, Any]
) -> None:
    """aws-sdk-connecthealth 0.12.0 on awscrt 0.32.2: whoever counts on an exception here loses the rest of a visit."""
    mock.fault(name, **keys)
    report = official(sdk, mock)
    assert [each for each in report["errors"] if each["where"] == "reading"] == []
    assert len(report["events"]) == 2
    assert not report["timed_out"]
