"""The client's core against a server that is not ours: h2's server side and botocore's parser and signer, in memory."""

import base64
import json
import struct

import h2.errors
import h2.settings
import pytest

from mockscribe.client.core import (
    ClientStream,
    EventReceived,
    Observed,
    Parameters,
    ResponseStarted,
    StreamEnded,
    StreamFailed,
)
from mockscribe.client.endpoint import parse_endpoint
from mockscribe.errors import MockscribeError
from mockscribe.wire.sigv4 import Credentials
from tests.far_end import FarEnd, event, exception, message, transcript

NOW = 1_790_000_000.25
PARAMETERS = Parameters(
    session_id="0b8e2b7e-3a65-4f7c-9d0b-3a5f7b0c9d11",
    domain_id="hai-0123456789abcdef",
    subscription_id="sub-0123456789abcdefghijk",
)
CONFIGURATION = {"postStreamActionSettings": {"outputS3Uri": "s3://bucket"}}


def started(url: str = "https://localhost:8080", token: str | None = None) -> ClientStream:
    credentials = Credentials("test", "test", token)
    return ClientStream(parse_endpoint(url), PARAMETERS, credentials=credentials, region="us-east-1", now=NOW)


def pump(stream: ClientStream, far_end: FarEnd) -> list[Observed]:
    """Carry bytes both ways until both are silent; what the client observed."""
    observed: list[Observed] = []
    while True:
        out = stream.data_to_send()
        if out:
            far_end.receive(out)
        back = far_end.data_to_send()
        if back:
            observed += stream.receive_data(back)
        if not out and not back:
            return observed


def begun(far_end: FarEnd | None = None) -> tuple[ClientStream, FarEnd]:
    """A call whose head has arrived and was answered with 200."""
    stream, far_end = started(), far_end or FarEnd()
    pump(stream, far_end)
    far_end.respond(x_amzn_request_id="r-1")
    (response,) = pump(stream, far_end)
    assert response == ResponseStarted(status=200, headers=(("x-amzn-request-id", "r-1"),))
    return stream, far_end


# ---- out


@pytest.mark.parametrize(
    ("url", "scheme", "authority", "path"),
    [
        ("https://localhost:8080", "https", "localhost:8080", "/medical-scribe-stream/"),
        ("http://127.0.0.1:80/", "http", "127.0.0.1", "/medical-scribe-stream/"),
        ("https://[::1]/mock", "https", "[::1]", "/mock/medical-scribe-stream/"),
    ],
)
def test_the_head_is_signed_and_carries_the_parameters(url: str, scheme: str, authority: str, path: str) -> None:
    stream, far_end = started(url), FarEnd()
    pump(stream, far_end)  # the far end verifies the signature
    head = far_end.headers
    assert [head[name] for name in (":method", ":scheme", ":authority", ":path")] == ["POST", scheme, authority, path]
    assert head["content-type"] == "application/vnd.amazon.eventstream"
    assert head["x-amz-content-sha256"] == "STREAMING-AWS4-HMAC-SHA256-EVENTS"
    assert {name: value for name, value in head.items() if name.startswith("x-amzn-")} == {
        "x-amzn-medscribe-session-id": PARAMETERS.session_id,
        "x-amzn-medscribe-domain-id": PARAMETERS.domain_id,
        "x-amzn-medscribe-subscription-id": PARAMETERS.subscription_id,
        "x-amzn-medscribe-language-code": "en-US",
        "x-amzn-medscribe-sample-rate": "16000",
        "x-amzn-medscribe-media-encoding": "pcm",
    }


def test_a_session_token_travels_in_the_head() -> None:
    stream, far_end = started(token="t0ken"), FarEnd()
    pump(stream, far_end)
    assert far_end.headers["x-amz-security-token"] == "t0ken"
    assert "x-amz-security-token" in far_end.headers["authorization"]


def test_nothing_is_to_be_pushed_by_the_server() -> None:
    stream, far_end = started(), FarEnd()
    pump(stream, far_end)
    assert far_end.settings[h2.settings.SettingCodes.ENABLE_PUSH] == 0


def test_a_whole_session_arrives_signed_in_order_and_dated_as_it_was_sent() -> None:
    stream, far_end = begun()
    stream.send_configuration(CONFIGURATION, NOW)
    stream.send_audio(b"\x01\x02" * 800, NOW + 0.1)
    stream.send_audio(memoryview(b"\x03\x04" * 800), NOW + 1.2)
    stream.end_session(NOW + 1.3)
    stream.close_input(NOW + 1.3)
    pump(stream, far_end)
    assert far_end.members == ["configurationEvent", "binaryAudioEvent", "binaryAudioEvent", "sessionControlEvent", ""]
    assert [kind for _, kind, _ in far_end.events] == [
        "application/json",
        *["application/octet-stream"] * 2,
        "application/json",
        "",
    ]
    assert json.loads(far_end.events[0][2]) == CONFIGURATION
    assert far_end.audio == b"\x01\x02" * 800 + b"\x03\x04" * 800
    assert json.loads(far_end.events[3][2]) == {"type": "END_OF_SESSION"}
    assert far_end.dates == [1_790_000_000_250 + late for late in (0, 100, 1200, 1300, 1300)]
    assert far_end.ended


def test_audio_can_travel_as_base64_in_json() -> None:
    stream, far_end = begun()
    stream.send_audio(memoryview(b"\xff\xfe\xfd"), NOW, binary=False)
    pump(stream, far_end)
    ((member, kind, payload),) = far_end.events
    assert (member, kind) == ("audioEvent", "application/json")
    assert base64.b64decode(json.loads(payload)["audioChunk"]) == b"\xff\xfe\xfd"


def test_the_input_is_closed_without_ending_the_session_to_pause_it() -> None:
    stream, far_end = begun()
    stream.send_configuration(CONFIGURATION, NOW)
    stream.close_input(NOW)
    pump(stream, far_end)
    assert far_end.members == ["configurationEvent", ""]
    assert far_end.ended


def test_after_the_end_of_the_input_nothing_can_be_sent() -> None:
    stream, _ = begun()
    stream.close_input(NOW)
    with pytest.raises(MockscribeError, match="the input is closed"):
        stream.send_audio(b"late", NOW)


def test_events_can_leave_before_the_response_has_come() -> None:
    stream, far_end = started(), FarEnd()
    stream.send_configuration(CONFIGURATION, NOW)
    stream.send_audio(b"\0" * 3200, NOW)
    pump(stream, far_end)
    assert far_end.members == ["configurationEvent", "binaryAudioEvent"]


# ---- flow control


def test_with_a_shut_window_audio_waits_and_can_send_says_so() -> None:
    far_end = FarEnd(window=1000)
    stream, _ = begun(far_end)
    assert stream.can_send
    audio = bytes(range(256)) * 40
    stream.send_audio(audio, NOW)
    pump(stream, far_end)
    assert not stream.can_send
    assert far_end.events == []
    turns = 0
    while not stream.can_send:
        far_end.h2.increment_flow_control_window(1000, 1)
        pump(stream, far_end)
        turns += 1
    assert turns == (len(audio) + 16 + 67 + 16 + 93 - 1000 + 999) // 1000  # frame and envelope of ES-SPEC around it
    assert far_end.audio == audio
    assert stream.can_send


def test_the_end_of_the_input_waits_behind_what_the_window_holds_back() -> None:
    far_end = FarEnd(window=50)
    stream, _ = begun(far_end)
    stream.close_input(NOW)  # an envelope of 83 bytes
    pump(stream, far_end)
    assert not far_end.ended
    far_end.h2.increment_flow_control_window(33, 1)
    pump(stream, far_end)
    assert far_end.members == [""]
    assert far_end.ended


def test_a_server_may_say_more_than_its_own_window_because_credit_returns() -> None:
    stream, far_end = begun()
    content = "word " * 2000
    for number in range(30):  # 300 kB, where a window of HTTP/2 begins at 65,535 bytes
        far_end.say(transcript(content, number, number + 1))
        (heard,) = pump(stream, far_end)
        assert isinstance(heard, EventReceived)
        assert heard.value["transcriptSegment"]["content"] == content


# ---- in


def test_events_are_observed_as_they_come_and_the_end_is_last() -> None:
    stream, far_end = begun()
    far_end.say(transcript("Hel", 0.1, 0.4, partial=True), transcript("Hello.", 0.1, 0.5))
    first, second = pump(stream, far_end)
    assert isinstance(first, EventReceived)
    assert first.member == "transcriptEvent"
    assert first.value["transcriptSegment"]["isPartial"] is True
    assert isinstance(second, EventReceived)
    assert second.value["transcriptSegment"]["content"] == "Hello."
    assert not stream.over
    far_end.end()
    assert pump(stream, far_end) == [StreamEnded()]
    assert stream.over


def test_an_event_cut_at_every_byte_is_one_event() -> None:
    stream, far_end = begun()
    far_end.say(transcript("Hello.", 0, 1), end=True)
    data = far_end.data_to_send()
    observed = [each for at in range(len(data)) for each in stream.receive_data(data[at : at + 1])]
    assert [type(each) for each in observed] == [EventReceived, StreamEnded]


def test_events_that_nobody_has_heard_of_are_handed_on() -> None:
    stream, far_end = begun()
    far_end.say(event("checklistEvent", {"snapshotVersion": 3}))
    assert pump(stream, far_end) == [EventReceived(member="checklistEvent", value={"snapshotVersion": 3})]


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        (
            exception("validationException", "No audio."),
            StreamFailed(message="No audio.", shape="validationException", status=200),
        ),
        (
            message({":message-type": "exception", ":exception-type": "x"}, b""),
            StreamFailed(message="HTTP status 200, without a message.", shape="x", status=200),
        ),
        (
            message({":message-type": "error", ":error-code": "Boom", ":error-message": "on fire"}, b""),
            StreamFailed(message="on fire", shape="Boom", status=200),
        ),
        (
            message({":message-type": "event", ":event-type": "transcriptEvent"}, b"[]"),
            StreamFailed(message="The payload of a transcriptEvent at byte 0 is no JSON object.", status=200),
        ),
        (
            message({":event-type": "transcriptEvent"}, b"{}"),
            StreamFailed(message="The frame at byte 0 has the unknown :message-type None.", status=200),
        ),
    ],
)
def test_what_ends_a_stream_in_a_frame_is_told_with_its_shape(said: bytes, failed: StreamFailed) -> None:
    stream, far_end = begun()
    far_end.say(said, transcript("after the end", 0, 1), end=True)
    assert pump(stream, far_end) == [failed]
    assert stream.over


def test_a_damaged_frame_is_told_with_its_offset() -> None:
    stream, far_end = begun()
    good = transcript("fine", 0, 1)
    damaged = bytearray(transcript("damaged", 1, 2))
    damaged[-1] ^= 1
    far_end.say(good, bytes(damaged))
    heard, failed = pump(stream, far_end)
    assert isinstance(heard, EventReceived)
    assert isinstance(failed, StreamFailed)
    assert failed.message.startswith(f"The server's event stream is broken at byte {len(good) + len(damaged) - 4}: ")


def test_a_stream_that_ends_inside_a_frame_is_broken() -> None:
    stream, far_end = begun()
    far_end.say(transcript("cut", 0, 1)[:20], end=True)
    (failed,) = pump(stream, far_end)
    assert isinstance(failed, StreamFailed)
    assert "broken at byte 20" in failed.message


# ---- refusals


@pytest.mark.parametrize(
    ("headers", "body", "shape", "text"),
    [
        ({"x_amzn_errortype": "ValidationException"}, b'{"message":"Bad id."}', "ValidationException", "Bad id."),
        ({"x_amzn_errortype": "ns#AccessDenied:http://x/"}, b'{"Message":"No."}', "AccessDenied", "No."),
        ({}, b'{"__type":"com.amazon#ConflictException","message":"Twice."}', "ConflictException", "Twice."),
        ({}, b"<html>gone</html>\n", "", "<html>gone</html>"),
        ({}, b"", "", "HTTP status 400, without a message."),
    ],
)  # fmt: skip
def test_a_refusal_is_told_with_its_shape(headers: dict[str, str], body: bytes, shape: str, text: str) -> None:
    stream, far_end = started(), FarEnd()
    pump(stream, far_end)
    far_end.respond(400, **headers)
    far_end.say(body, end=True)
    assert pump(stream, far_end) == [StreamFailed(message=text, shape=shape, status=400)]


def test_a_refusal_that_never_ends_is_told_when_the_connection_does() -> None:
    stream, far_end = started(), FarEnd()
    pump(stream, far_end)
    far_end.respond(500)
    far_end.say(b'{"message":"half')
    assert pump(stream, far_end) == []
    assert stream.receive_eof() == [StreamFailed(message='{"message":"half', status=500)]


def test_only_so_much_of_a_refusal_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockscribe.client.core.MAX_ERROR_BYTES", 100)
    stream, far_end = started(), FarEnd()
    pump(stream, far_end)
    far_end.respond(503)
    far_end.say(b"x" * 60)
    far_end.say(b"y" * 60, end=True)
    assert pump(stream, far_end) == [StreamFailed(message="x" * 60 + "y" * 40, status=503)]


def test_a_reset_is_told_with_its_code() -> None:
    stream, far_end = begun()
    far_end.h2.reset_stream(1, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
    assert pump(stream, far_end) == [
        StreamFailed(message="The server reset the stream (ENHANCE_YOUR_CALM).", status=200)
    ]


def test_a_goaway_lets_the_call_go_on_to_its_end() -> None:
    stream, far_end = begun()
    payload = struct.pack(">II", 1, h2.errors.ErrorCodes.NO_ERROR)  # RFC 9113 6.8: streams up to 1 may finish
    assert stream.receive_data(struct.pack(">BHBBI", 0, len(payload), 7, 0, 0) + payload) == []
    stream.send_audio(b"\0\0", NOW)
    stream.end_session(NOW)
    stream.close_input(NOW)
    assert pump(stream, far_end) == []
    assert far_end.members == ["binaryAudioEvent", "sessionControlEvent", ""]
    assert far_end.ended
    far_end.say(transcript("to the end", 0, 1), end=True)
    assert [type(each) for each in pump(stream, far_end)] == [EventReceived, StreamEnded]


def test_a_goaway_that_does_not_count_the_call_ends_it() -> None:
    stream, far_end = started(), FarEnd()
    pump(stream, far_end)
    far_end.h2.close_connection(error_code=h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, last_stream_id=0)
    assert pump(stream, far_end) == [
        StreamFailed(message="The server refused the connection by GOAWAY (ENHANCE_YOUR_CALM).")
    ]


@pytest.mark.parametrize(
    "breaking",
    [
        struct.pack(">BHBBI", 0, 1, 0, 0, 3) + b"x",  # DATA on a stream that nobody opened
        struct.pack(">BHBBI", 1, 0, 0, 0, 1),  # a frame longer than SETTINGS_MAX_FRAME_SIZE
        struct.pack(">BHBBI", 0, 5, 7, 0, 0) + bytes(5),  # GOAWAY too short for its fields
    ],
)
def test_a_server_that_breaks_the_rules_of_http2_is_told_so(breaking: bytes) -> None:
    stream, _ = begun()
    (failed,) = stream.receive_data(breaking)
    assert isinstance(failed, StreamFailed)
    assert failed.message.startswith("The server broke the rules of HTTP/2: ")
    stream.cancel()
    assert stream.receive_data(breaking) == []


def test_a_connection_that_closes_too_early_is_an_error_and_never_an_end() -> None:
    stream, far_end = begun()
    far_end.say(transcript("half a visit", 0, 1))
    pump(stream, far_end)
    (failed,) = stream.receive_eof()
    assert isinstance(failed, StreamFailed)
    assert failed.message == "The server closed the connection before the stream had ended."
    assert stream.receive_eof() == []


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answers in HTTP/1.1"),
        (b"\x15\x03\x03\x00\x02\x02\x46 more", "use https instead of http"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP/2"),
    ],
)
def test_a_server_of_another_protocol_is_recognised(first: bytes, said: str) -> None:
    for cut in (len(first), 1):
        stream = started("http://localhost:8080")
        pieces = [first[at : at + cut] for at in range(0, len(first), cut)]
        observed = [each for piece in pieces for each in stream.receive_data(piece)] + stream.receive_eof()
        assert len(observed) == 1
        assert isinstance(observed[0], StreamFailed)
        assert said in observed[0].message


@pytest.mark.parametrize(("first", "said"), [(b"", "without an answer"), (b"HTTP/1", "HTTP/1.1")])
def test_a_connection_that_closes_at_once_is_told_as_what_it_is(first: bytes, said: str) -> None:
    stream = started()
    assert stream.receive_data(first) == []
    (failed,) = stream.receive_eof()
    assert isinstance(failed, StreamFailed)
    assert said in failed.message


# ---- leaving


@pytest.mark.parametrize("input_closed", [False, True])
@pytest.mark.parametrize("server_ended", [False, True])
def test_giving_up_resets_a_stream_that_is_open_and_says_goodbye(input_closed: bool, server_ended: bool) -> None:
    stream, far_end = begun()
    if input_closed:
        stream.close_input(NOW)
    if server_ended:
        far_end.end()
    pump(stream, far_end)
    stream.cancel()
    far_end.receive(stream.data_to_send())
    both_ended = input_closed and server_ended
    assert far_end.reset == (None if both_ended else h2.errors.ErrorCodes.CANCEL)
    assert far_end.terminated


def test_after_giving_up_nothing_is_observed() -> None:
    stream, far_end = begun()
    far_end.say(transcript("late", 0, 1))
    late = far_end.data_to_send()
    stream.cancel()
    assert stream.receive_data(late) == []
    assert stream.receive_eof() == []
