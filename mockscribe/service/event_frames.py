"""Frames ⇄ the typed events of StartMedicalScribeListeningSession, the signed envelope unwrapped.

Knows the event-stream header conventions (ES-SPEC); knows no state, no order of events and no clock. It checks no
signature either: an envelope is taken off as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar, assert_never

import msgspec

from mockscribe.errors import EventError
from mockscribe.service.events import (
    AudioPayload,
    AudioReceived,
    ConfigurationReceived,
    InputCompleted,
    InputEvent,
    OutputError,
    OutputEvent,
    OutputException,
    SessionControlReceived,
    TranscriptSegment,
)
from mockscribe.wire.eventstream import encode, open_envelope
from mockscribe.wire.eventstream_frame import Frame, Headers, string

# ---- frames → events

T = TypeVar("T")

_INPUT_EVENTS: Final = ("configurationEvent", "audioEvent", "binaryAudioEvent", "sessionControlEvent")

# A client's headers are the same bytes in each event of a type, so that one look tells which it is.
_EVENT_TYPES: Final[dict[bytes, object]] = {}
_MAX_BLOCKS: Final = 512
_MAX_BLOCK_BYTES: Final = 256

_COMPLETED: Final = InputCompleted()


def from_frame(frame: Frame) -> InputEvent:
    """The event in a frame, which may be a signed envelope around the event's own frame or that frame itself.

    Raises:
        EventError: the frame is no event of the operation, or its payload does not fit the model.
        FrameError: what the envelope holds is no frame; the offset is the absolute one.
    """
    if frame.signed:
        if frame.begin == frame.end:
            return _COMPLETED
        frame = open_envelope(frame)
    event_type = _EVENT_TYPES.get(frame.block)
    if event_type is None:
        event_type = frame.value(":event-type")
        message_type = frame.value(":message-type")
        if message_type != "event":
            return _no_event(frame, message_type)
        if event_type in _INPUT_EVENTS and len(frame.block) <= _MAX_BLOCK_BYTES:
            if len(_EVENT_TYPES) >= _MAX_BLOCKS:
                _EVENT_TYPES.clear()
            _EVENT_TYPES[frame.block] = event_type
    # `:content-type` is not looked at: nothing public says that the service does, and the model leaves no choice.
    if event_type == "binaryAudioEvent":
        audio = frame.payload
        return AudioReceived(audio=audio, encoded_octets=len(audio), binary=True)
    match event_type:
        case "audioEvent":
            audio = _decode("audioEvent", _AUDIO_EVENT.decode, frame.payload).audio_chunk
            return AudioReceived(audio=audio, encoded_octets=(len(audio) + 2) // 3 * 4, binary=False)
        case "configurationEvent":
            configuration: dict[str, Any] = _decode("configurationEvent", _OBJECT.decode, frame.payload)
            return ConfigurationReceived(configuration=configuration)
        case "sessionControlEvent":
            return _decode("sessionControlEvent", _session_control, frame.payload)
        case None:
            raise EventError("The frame has no :event-type header.")
        case _:
            raise EventError(
                f"There is no event type {event_type!r:.100}; a client sends configurationEvent, audioEvent, "
                "binaryAudioEvent and sessionControlEvent."
            )


def _no_event(frame: Frame, message_type: object) -> InputCompleted:
    if not frame.headers and frame.begin == frame.end:
        # Own choice: a client that signs nothing ends its stream by the empty message itself.
        return _COMPLETED
    if message_type is None:
        raise EventError("The frame has no :message-type header.")
    raise EventError(f"A client sends events only, and this frame's :message-type is {message_type!r:.100}.")


_AUDIO_EVENT: Final = msgspec.json.Decoder(AudioPayload)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_CONTROL_TYPE: Final[Any] = Literal["END_OF_SESSION"] | None


def _session_control(payload: bytes) -> SessionControlReceived:
    return SessionControlReceived(type=msgspec.convert(_OBJECT.decode(payload).get("type"), _CONTROL_TYPE))


def _decode(event_type: str, decode: Callable[[bytes], T], payload: bytes) -> T:
    try:
        return decode(payload)
    except msgspec.ValidationError as error:
        # The limit: msgspec repeats what it was given, and a client may give megabytes.
        raise EventError(f"The payload of {event_type} does not fit the model: {error!s:.200}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # An audioEvent of Transcribe has raw bytes here, so that this is what a client ported from there meets.
        hint = "; raw audio goes into a binaryAudioEvent" if event_type == "audioEvent" else ""
        raise EventError(f"The payload of {event_type} is not JSON: {error}{hint}.") from None


# ---- events → frames

_JSON_TYPE: Final = string(":content-type", "application/json")
_EVENT: Final = string(":message-type", "event")
_EXCEPTION: Final = string(":message-type", "exception")
_ERROR: Final = string(":message-type", "error")
_TRANSCRIPT_EVENT: Final[Headers] = (string(":event-type", "transcriptEvent"), _JSON_TYPE, _EVENT)


_encode_json = msgspec.json.Encoder().encode


def to_frame_bytes(
    event: TranscriptSegment | OutputEvent | OutputException | OutputError, *, milliseconds: bool = False
) -> bytes:
    """The encoded frame of what the service says; server frames are not signed.

    Offsets of a segment are seconds rounded to three decimals, or whole `milliseconds`. Header order and compact JSON
    are those of Transcribe's recorded traffic (REC); an absent channel is left out (HealthScribe).
    """
    match event:
        case TranscriptSegment():
            return encode(_TRANSCRIPT_EVENT, _transcript_event(event, milliseconds))
        case OutputEvent(member=member, content=content):
            return encode((string(":event-type", member), _JSON_TYPE, _EVENT), _encode_json(content))
        case OutputException(member=member, message=message):
            payload = _encode_json({"message": message})
            return encode((string(":exception-type", member), _JSON_TYPE, _EXCEPTION), payload)
        case OutputError(code=code, message=message):
            return encode((string(":error-code", code), string(":error-message", message), _ERROR), b"")
        case _:
            assert_never(event)


def _transcript_event(segment: TranscriptSegment, milliseconds: bool) -> bytes:
    content: dict[str, object] = {
        "segmentId": segment.segment_id,
        "audioBeginOffset": _offset(segment.begin_us, milliseconds),
        "audioEndOffset": _offset(segment.end_us, milliseconds),
        "isPartial": segment.is_partial,
    }
    if segment.channel_id is not None:
        content["channelId"] = segment.channel_id
    content["content"] = segment.content
    return _encode_json({"transcriptSegment": content})


def _offset(us: int, milliseconds: bool) -> int | float:
    offset = (us + 500) // 1000
    return offset if milliseconds else offset / 1000


def invalid_signature(
    message: str, framing: Literal["exception", "error", "validationException"]
) -> OutputException | OutputError:
    """What ends a stream whose event signatures do not hold.

    InvalidSignatureException is documented (UG-stream) yet no member of the output union, and how it is framed is not
    public: an exception of that type, an unmodeled error (safer for the official Python SDK, which raises KeyError on
    an exception type that it does not know), or the validationException that every client knows.
    """
    match framing:
        case "exception":
            return OutputException(member="InvalidSignatureException", message=message)
        case "error":
            return OutputError(code="InvalidSignatureException", message=message)
        case "validationException":
            return OutputException(member="validationException", message=message)
        case _:
            assert_never(framing)
