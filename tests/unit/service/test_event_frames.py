"""Events: each of the client's in every form that SDKs send, and the service's own as botocore reads them."""

import base64
import itertools
import json
import random
from collections.abc import Iterable
from typing import Any, Literal

import botocore.eventstream
import botocore.model
import botocore.parsers
import pytest

from mockscribe.errors import EventError, FrameError, FrameErrorKind
from mockscribe.service.event_frames import from_frame, invalid_signature, to_frame_bytes
from mockscribe.service.events import (
    AudioReceived,
    ConfigurationReceived,
    InputCompleted,
    OutputError,
    OutputEvent,
    OutputException,
    SessionControlReceived,
    TranscriptSegment,
)
from mockscribe.wire.eventstream import Decoder, decode_frame, encode
from mockscribe.wire.eventstream_frame import Frame, Header, HeaderType, string
from tests import distil

BOTOCORE = botocore.model.ServiceModel(distil.installed(), "connecthealth")
AUDIO = bytes(range(256)) * 3 + b"\xff"
CONFIGURATION = {"postStreamActionSettings": {"outputS3Uri": "s3://bucket", "unknown": [1, None, 2.5]}}

DATE = Header(":date", HeaderType.TIMESTAMP, 1_767_225_600_123)
SIGNATURE = Header(":chunk-signature", HeaderType.BYTES, bytes(range(32)))

# facts 11a: the order in which each SDK writes the headers of an event.
ORDERS = {
    "Rust": (":message-type", ":event-type", ":content-type"),
    "JavaScript and Go": (":event-type", ":message-type", ":content-type"),
    "Java": (":content-type", ":event-type", ":message-type", "Content-Length"),
    "Python": (":message-type", ":event-type", ":content-type"),
    "none, all backwards": (":content-type", "x", ":message-type", ":event-type"),
}
ENVELOPES = {
    "bare": None,
    "date first": (DATE, SIGNATURE),
    "signature first": (SIGNATURE, DATE),
    "more than both": (DATE, SIGNATURE, string("x", "y")),
    "without a date": (SIGNATURE,),
}

EVENTS = {
    "configurationEvent": (
        json.dumps(CONFIGURATION).encode(),
        ConfigurationReceived(configuration=CONFIGURATION),
    ),
    "audioEvent": (
        json.dumps({"audioChunk": base64.b64encode(AUDIO).decode()}).encode(),
        AudioReceived(audio=AUDIO, encoded_octets=len(base64.b64encode(AUDIO)), binary=False),
    ),
    "binaryAudioEvent": (AUDIO, AudioReceived(audio=AUDIO, encoded_octets=len(AUDIO), binary=True)),
    "sessionControlEvent": (b'{"type":"END_OF_SESSION"}', SessionControlReceived(type="END_OF_SESSION")),
}


def inner(event_type: str, payload: bytes, order: Iterable[str] = ORDERS["Python"]) -> bytes:
    values = {
        ":message-type": "event",
        ":event-type": event_type,
        ":content-type": "application/octet-stream" if event_type == "binaryAudioEvent" else "application/json",
        "Content-Length": str(len(payload)),
        "x": "y",
    }
    return encode(tuple(string(name, values[name]) for name in order), payload)


def received(data: bytes) -> Frame:
    """As the data plane does: by a decoder, out of a stream that has other frames before this one."""
    decoder = Decoder()
    decoder.feed(encode((string("a", "b"),), b"before"))
    decoder.feed(data)
    assert decoder.next_frame() is not None
    frame = decoder.next_frame()
    assert frame is not None
    return frame


def read(payload: bytes, event_type: str = "audioEvent") -> Any:
    return from_frame(decode_frame(inner(event_type, payload)))


# ---- what clients send


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("event_type", EVENTS)
def test_every_event_in_every_form(
    event_type: str, order: tuple[str, ...], envelope: tuple[Header, ...] | None
) -> None:
    payload, expected = EVENTS[event_type]
    data = inner(event_type, payload, order)
    assert from_frame(received(data if envelope is None else encode(envelope, data))) == expected


def test_any_number_of_different_headers_is_told_apart() -> None:
    for number in range(600):
        for event_type in ("binaryAudioEvent", "sessionControlEvent"):
            content, expected = EVENTS[event_type]
            headers = (string(":event-type", event_type), string(":message-type", "event"), string("x", str(number)))
            assert from_frame(received(encode(headers, content))) == expected


def test_binary_audio_outlives_the_buffer_that_it_came_in() -> None:
    data = bytearray(inner("binaryAudioEvent", AUDIO))
    event = from_frame(decode_frame(memoryview(data)))
    assert isinstance(event, AudioReceived)
    data[-5] ^= 0xFF  # the last byte of the audio
    assert event.audio == AUDIO


@pytest.mark.parametrize("size", range(9))
def test_the_encoded_size_is_that_of_the_base64(size: int) -> None:
    text = base64.b64encode(bytes(size)).decode()
    event = read(json.dumps({"audioChunk": text}).encode())
    assert event == AudioReceived(audio=bytes(size), encoded_octets=len(text), binary=False)


def test_members_that_the_model_does_not_have_are_passed_over() -> None:
    assert read(b'{"more": {"a": [1]}, "audioChunk": "AAE="}').audio == b"\x00\x01"
    assert read(b'{"more": 1, "type": "END_OF_SESSION"}', "sessionControlEvent").type == "END_OF_SESSION"


@pytest.mark.parametrize("payload", [b"{}", b'{"type": null}'])
def test_the_type_of_a_control_event_is_optional(payload: bytes) -> None:
    assert read(payload, "sessionControlEvent") == SessionControlReceived(type=None)


@pytest.mark.parametrize("envelope", [(DATE, SIGNATURE), (SIGNATURE, DATE), (SIGNATURE,)])
def test_the_signed_empty_frame_completes_the_input(envelope: tuple[Header, ...]) -> None:
    assert from_frame(received(encode(envelope, b""))) == InputCompleted()
    assert from_frame(received(encode(envelope, encode((), b"")))) == InputCompleted()
    assert from_frame(received(encode((), b""))) == InputCompleted()
    assert len(encode((DATE, SIGNATURE), b"")) == 83  # RS-SIG, PYSDK, REC


# ---- what they should not


def refused(data: bytes, reason: str) -> None:
    for form in (data, encode((DATE, SIGNATURE), data)):
        with pytest.raises(EventError) as caught:
            from_frame(received(form))
        assert caught.value.message.startswith(reason)
        assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("headers", "payload", "reason"),
    [
        ((string(":event-type", "audioEvent"),), b"{}", "The frame has no :message-type header."),
        ((), b"{}", "The frame has no :message-type header."),
        ((string("x", "y"),), b"", "The frame has no :message-type header."),
        ((string(":message-type", "event"),), b"{}", "The frame has no :event-type header."),
        (
            (string(":message-type", "exception"), string(":exception-type", "x")),
            b"{}",
            "A client sends events only, and this frame's :message-type is 'exception'.",
        ),
        (
            (Header(":message-type", HeaderType.INT, 3), string(":event-type", "audioEvent")),
            b"{}",
            "A client sends events only, and this frame's :message-type is 3.",
        ),
        (
            (string(":message-type", "event"), string(":event-type", "AudioEvent")),
            b"",
            "There is no event type 'AudioEvent'; a client sends configurationEvent, audioEvent, ",
        ),
        (
            (string(":message-type", "event"), Header(":event-type", HeaderType.TRUE, True)),
            b"",
            "There is no event type True; a client sends",
        ),
        (
            (string(":message-type", "event"), string(":event-type", "x" * 60_000)),
            b"",
            "There is no event type 'xxx",
        ),
        ((string(":message-type", "x" * 60_000),), b"", "A client sends events only, and this frame's"),
    ],
)
def test_frames_that_are_no_event_of_a_client(headers: tuple[Header, ...], payload: bytes, reason: str) -> None:
    refused(encode(headers, payload), reason)


@pytest.mark.parametrize(
    ("event_type", "payload", "reason"),
    [
        (
            "audioEvent",
            b"{}",
            "The payload of audioEvent does not fit the model: Object missing required field `audioChunk`",
        ),
        ("audioEvent", b"[]", "The payload of audioEvent does not fit the model: Expected `object`, got `array`"),
        (
            "audioEvent",
            b'{"audioChunk": null}',
            "The payload of audioEvent does not fit the model: Expected `bytes`, got",
        ),
        ("audioEvent", b'{"audioChunk": 7}', "The payload of audioEvent does not fit the model: "),
        ("audioEvent", b'{"audioChunk": "AAE"}', "The payload of audioEvent does not fit the model: Invalid base64"),
        ("audioEvent", b'{"audioChunk": "A!E="}', "The payload of audioEvent does not fit the model: Invalid base64"),
        ("configurationEvent", b"", "The payload of configurationEvent is not JSON: "),
        ("configurationEvent", b"{", "The payload of configurationEvent is not JSON: "),
        ("configurationEvent", b"[]", "The payload of configurationEvent does not fit the model: "),
        ("configurationEvent", b'{"a": "\xff"}', "The payload of configurationEvent is not JSON: "),
        ("configurationEvent", b'{"a": "\\udc00"}', "The payload of configurationEvent is not JSON: "),
        ("configurationEvent", b'{"a":' * 100_000, "The payload of configurationEvent is not JSON: "),
        ("configurationEvent", b'{"a": 1} x', "The payload of configurationEvent is not JSON: "),
        ("sessionControlEvent", b"", "The payload of sessionControlEvent is not JSON: "),
        (
            "sessionControlEvent",
            b'{"type": "PAUSE"}',
            "The payload of sessionControlEvent does not fit the model: Invalid",
        ),
        (
            "sessionControlEvent",
            json.dumps({"type": "x" * 60_000}).encode(),
            "The payload of sessionControlEvent does not fit the model: Invalid enum value 'xxx",
        ),
    ],
)
def test_payloads_that_do_not_fit(event_type: str, payload: bytes, reason: str) -> None:
    refused(inner(event_type, payload), reason)


def test_raw_audio_in_an_audio_event_is_told_where_it_belongs() -> None:
    refused(inner("audioEvent", random.Random(1).randbytes(320)), "The payload of audioEvent is not JSON: ")
    with pytest.raises(EventError, match=r"; raw audio goes into a binaryAudioEvent\.$"):
        read(b"\x01\x02\x03\x04")


@pytest.mark.parametrize(
    ("cut", "kind"),
    [(1, FrameErrorKind.TRUNCATED), (0, None), (-1, FrameErrorKind.TOTAL_LENGTH)],
)
def test_an_envelope_holds_one_whole_frame(cut: int, kind: FrameErrorKind | None) -> None:
    data = inner("binaryAudioEvent", AUDIO)
    data = data[: len(data) - cut] if cut >= 0 else data + b"\0"
    frame = received(encode((DATE, SIGNATURE), data))
    if kind is None:
        from_frame(frame)
        return
    with pytest.raises(FrameError) as caught:
        from_frame(frame)
    assert caught.value.kind is kind


def test_a_fault_inside_of_an_envelope_has_its_place_in_the_stream() -> None:
    data = bytearray(inner("binaryAudioEvent", AUDIO))
    data[8] ^= 1  # the prelude's CRC
    before = encode((string("a", "b"),), b"before")
    for envelope in ((DATE, SIGNATURE), (SIGNATURE, DATE, string("x", "y"))):
        whole = encode(envelope, bytes(data))
        with pytest.raises(FrameError) as caught:
            from_frame(received(whole))
        assert caught.value.kind is FrameErrorKind.PRELUDE_CRC
        assert caught.value.offset == len(before) + whole.index(bytes(data)) + 8


def test_an_envelope_in_an_envelope_is_no_event() -> None:
    twice = encode((DATE, SIGNATURE), inner("binaryAudioEvent", AUDIO))
    with pytest.raises(EventError, match="no :message-type"):
        from_frame(received(encode((DATE, SIGNATURE), twice)))


def test_the_headers_of_a_frame_inside_are_limited_as_those_outside() -> None:
    headers = tuple(string(f"h{number}", "x" * 60_000) for number in range(3))
    with pytest.raises(FrameError) as caught:
        from_frame(received(encode((DATE, SIGNATURE), encode(headers, b""))))
    assert caught.value.kind is FrameErrorKind.HEADERS_LENGTH


# ---- what the service says, read by botocore


def events(*frames: bytes) -> list[Any]:
    """What botocore makes of a response body: parsed events, up to an exception that it raises."""

    class Body:
        def stream(self) -> Any:
            return iter(frames)

        def close(self) -> None:
            pass

    operation = BOTOCORE.operation_model("StartMedicalScribeListeningSession")
    parser = botocore.parsers.create_parser("rest-json")
    response = {"status_code": 200, "headers": {}, "body": Body(), "context": {"operation_name": operation.name}}
    found: list[Any] = []
    try:
        found.extend(parser.parse(response, operation.output_shape)["responseStream"])
    except botocore.exceptions.EventStreamError as error:
        found.append(error)
    return found


def headers_of(data: bytes) -> dict[str, Any]:
    buffer = botocore.eventstream.EventStreamBuffer()
    buffer.add_data(data)
    (message,) = buffer
    return dict(message.headers)


SEGMENT = TranscriptSegment(
    segment_id="s-1",
    begin_us=1_234_500,
    end_us=2_000_499,
    is_partial=True,
    content="How “are” you – 中?",
    channel_id="ch_0",
)


def test_botocore_reads_a_segment() -> None:
    assert events(to_frame_bytes(SEGMENT)) == [
        {
            "transcriptEvent": {
                "transcriptSegment": {
                    "segmentId": "s-1",
                    "audioBeginOffset": 1.235,
                    "audioEndOffset": 2.0,
                    "isPartial": True,
                    "channelId": "ch_0",
                    "content": "How “are” you – 中?",
                }
            }
        }
    ]


def payload(data: bytes) -> bytes:
    return bytes(decode_frame(data).payload)


def test_offsets_are_seconds_to_the_millisecond_or_milliseconds() -> None:
    for us, seconds, milliseconds in (
        (0, "0.0", "0"),
        (499, "0.0", "0"),
        (500, "0.001", "1"),
        (7_200_000_000, "7200.0", "7200000"),
    ):
        segment = TranscriptSegment(segment_id="x", begin_us=us, end_us=us, is_partial=False, content="")
        assert f'"audioBeginOffset":{seconds},"audioEndOffset":{seconds},' in payload(to_frame_bytes(segment)).decode()
        text = payload(to_frame_bytes(segment, milliseconds=True)).decode()
        assert f'"audioBeginOffset":{milliseconds},"audioEndOffset":{milliseconds},' in text


def test_a_segment_is_compact_json_in_the_models_order() -> None:
    segment = TranscriptSegment(
        segment_id="x", begin_us=0, end_us=1_500_000, is_partial=False, content="Hi.", channel_id="ch_1"
    )
    assert payload(to_frame_bytes(segment)) == (
        b'{"transcriptSegment":{"segmentId":"x","audioBeginOffset":0.0,"audioEndOffset":1.5,"isPartial":false,'
        b'"channelId":"ch_1","content":"Hi."}}'
    )
    members = list(BOTOCORE.shape_for("MedicalScribeTranscriptSegment").members)
    assert list(json.loads(payload(to_frame_bytes(segment)))["transcriptSegment"]) == members


def test_without_a_channel_there_is_none() -> None:
    segment = TranscriptSegment(segment_id="x", begin_us=0, end_us=0, is_partial=False, content="Hi.")
    assert b"channelId" not in payload(to_frame_bytes(segment))


def test_headers_stand_in_the_order_of_recorded_traffic() -> None:
    for event, names in (
        (SEGMENT, [":event-type", ":content-type", ":message-type"]),
        (OutputEvent(member="checklistEvent", content={}), [":event-type", ":content-type", ":message-type"]),
        (
            OutputException(member="validationException", message="No."),
            [":exception-type", ":content-type", ":message-type"],
        ),
        (OutputError(code="x", message="y"), [":error-code", ":error-message", ":message-type"]),
    ):
        assert list(headers_of(to_frame_bytes(event))) == names


def test_botocore_reads_any_other_event_of_the_model() -> None:
    checklist = {
        "snapshotVersion": 3,
        "checklists": [{"checklistId": "c", "items": [{"itemKey": "k", "status": "DISCUSSED"}]}],
    }
    assert events(
        to_frame_bytes(OutputEvent(member="checklistEvent", content=checklist)),
        to_frame_bytes(OutputEvent(member="transcriptEvent", content={})),
    ) == [{"checklistEvent": checklist}, {"transcriptEvent": {}}]


@pytest.mark.parametrize("member", ["validationException", "internalFailureException"])
def test_botocore_raises_exceptions_by_their_member(member: str) -> None:
    before, error = events(
        to_frame_bytes(SEGMENT), to_frame_bytes(OutputException(member=member, message="No – “no”."))
    )
    assert "transcriptEvent" in before
    assert error.response["Error"] == {"Code": member, "Message": "No – “no”."}


def test_botocore_raises_an_unmodeled_error() -> None:
    (error,) = events(to_frame_bytes(OutputError(code="InternalFailure", message="Out – of luck.")))
    assert error.response["Error"] == {"Code": "InternalFailure", "Message": "Out – of luck."}


@pytest.mark.parametrize(
    ("framing", "header", "code"),
    [
        ("exception", {":exception-type": "InvalidSignatureException"}, ""),  # botocore: a type that it does not know
        ("error", {":error-code": "InvalidSignatureException"}, "InvalidSignatureException"),
        ("validationException", {":exception-type": "validationException"}, "validationException"),
    ],
)
def test_a_bad_signature_ends_the_stream_in_the_framing_asked_for(
    framing: Literal["exception", "error", "validationException"], header: dict[str, str], code: str
) -> None:
    data = to_frame_bytes(invalid_signature("Signature expired.", framing))
    assert header.items() <= headers_of(data).items()
    (error,) = events(data)
    assert error.response["Error"]["Code"] == code


def test_any_text_of_an_exception_can_be_framed() -> None:
    for character in itertools.chain('\0\x1f"\\\u2028', "😀"):
        assert json.loads(payload(to_frame_bytes(OutputException(member="x", message=character)))) == {
            "message": character
        }
