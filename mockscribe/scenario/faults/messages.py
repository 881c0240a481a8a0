"""Faults of messages: frames that no decoder should take, and events in an order that no client expects. Pure.

Lengths and headers are changed with both CRCs made good again, so that a client meets the fault itself and not a
checksum.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from zlib import crc32

from mockscribe.scenario.faults.actions import Action, Finish, Hold, Mode, Mute, ResetStream, SendBytes
from mockscribe.scenario.faults.kinds import EVERYWHERE, Event, FaultKind, Layer, Setting
from mockscribe.scenario.faults.parameters import number, text, word
from mockscribe.service.event_frames import to_frame_bytes
from mockscribe.service.events import OutputError, OutputEvent, OutputException, TranscriptSegment
from mockscribe.wire.eventstream import MAX_PAYLOAD_BYTES, encode
from mockscribe.wire.eventstream_frame import string

Outcome = Sequence[Action | Mode]

_PRELUDE = struct.Struct(">III")
_U32 = struct.Struct(">I")

FILLER = bytes(65_536).replace(b"\0", b"a")
"""What an oversized frame is made of, again and again: it takes no more memory than this."""

MOST_PAYLOAD_BYTES = 67_108_864
"""The largest frame that can be asked for; own choice: its CRC takes some 20 ms, which every other stream waits."""

AT_ONCE = ("attempt", "at_audio", "after_time", "after_events")


def _send(*pieces: bytes) -> Outcome:
    return tuple(SendBytes(data=piece) for piece in pieces if piece)


def _inverted(data: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in data)


def _framed(total: int, headers_bytes: int, rest: bytes) -> bytes:
    """A message with these lengths in its prelude, whatever `rest` (headers and payload) is; both CRCs fit."""
    lengths = struct.pack(">II", total & 0xFFFFFFFF, headers_bytes & 0xFFFFFFFF)
    body = lengths + _U32.pack(crc32(lengths)) + rest
    return body + _U32.pack(crc32(body))


def _parts(frame: bytes) -> tuple[bytes, bytes]:
    """The headers' block and the payload of a frame of ours."""
    _, headers_bytes, _ = _PRELUDE.unpack_from(frame)
    return frame[12 : 12 + headers_bytes], frame[12 + headers_bytes : -4]


def _with_block(frame: bytes, block: bytes) -> bytes:
    _, payload = _parts(frame)
    return _framed(16 + len(block) + len(payload), len(block), block + payload)


# ---- changes to a frame


def _wrong_prelude_crc(_: Setting, frame: bytes, event: Event) -> Outcome:
    head = frame[:8] + _inverted(frame[8:12])
    body = head + frame[12:-4]
    return _send(body + _U32.pack(crc32(body)))


def _wrong_message_crc(_: Setting, frame: bytes, event: Event) -> Outcome:
    return _send(frame[:-4] + _inverted(frame[-4:]))


def _wrong_total_length(setting: Setting, frame: bytes, event: Event) -> Outcome:
    total, headers_bytes, _ = _PRELUDE.unpack_from(frame)
    return _send(_framed(total + setting["by"], headers_bytes, frame[12:-4]))


def _wrong_headers_length(setting: Setting, frame: bytes, event: Event) -> Outcome:
    total, headers_bytes, _ = _PRELUDE.unpack_from(frame)
    return _send(_framed(total, headers_bytes + setting["by"], frame[12:-4]))


def _corrupt(setting: Setting, frame: bytes, event: Event) -> Outcome:
    at = (setting.chance.randrange(len(frame)) if setting.byte is None else setting.byte) % len(frame)
    return _send(frame[:at] + bytes((frame[at] ^ setting["bits"],)) + frame[at + 1 :])


def _truncated(setting: Setting, frame: bytes, event: Event) -> Outcome:
    part = frame[: len(frame) // 2 if setting.byte is None else setting.byte]
    match setting["then"]:
        case "end":
            return (*_send(part), Finish(reason="a fault ended it in mid-frame", failed=True))
        case "reset":
            return (*_send(part), ResetStream(code=0x2))
        case _:
            return (*_send(part), Mute())


def _unknown_event_type(setting: Setting, frame: bytes, event: Event) -> Outcome | None:
    if isinstance(event, OutputException | OutputError):
        return None
    headers = (string(":event-type", setting["type"]), string(":content-type", "application/json"))
    return _send(encode((*headers, string(":message-type", "event")), _parts(frame)[1]))


def _unknown_header_type(setting: Setting, frame: bytes, event: Event) -> Outcome:
    block, _ = _parts(frame)
    return _send(_with_block(frame, block + b"\x0amockscribe" + bytes((setting["type"],)) + b"\x00\x01x"))


def _missing_message_type(_: Setting, frame: bytes, event: Event) -> Outcome:
    block, name = _parts(frame)[0], b"\x0d:message-type\x07"
    at = block.index(name)
    (size,) = struct.unpack_from(">H", block, at + len(name))
    return _send(_with_block(frame, block[:at] + block[at + len(name) + 2 + size :]))


def _duplicate(setting: Setting, frame: bytes, event: Event) -> Outcome:
    return _send(*[frame] * (setting["copies"] + 1))


def _reorder(setting: Setting, frame: bytes, event: Event) -> Outcome:
    return (Hold(data=frame, events=setting["by"]),)


def segment_of(event: Event) -> tuple[str, bool] | None:
    """Segment id, and whether it is a partial, of an event that is part of a transcript."""
    if isinstance(event, TranscriptSegment):
        return event.segment_id, event.is_partial
    if isinstance(event, OutputEvent) and event.member == "transcriptEvent":
        segment = event.content.get("transcriptSegment")
        if isinstance(segment, Mapping) and "segmentId" in segment:
            return str(segment["segmentId"]), segment.get("isPartial") is True
    return None


def _late_partial(_: Setting, frame: bytes, event: Event) -> Outcome | None:
    match segment_of(event):
        case (segment, True):
            return (Hold(data=frame, segment=segment),)
        case _:
            return None


# ---- messages that no event asked for


def _exception(setting: Setting) -> Outcome:
    frame = to_frame_bytes(OutputException(member=setting["type"], message=setting["message"]))
    return (*_send(frame), Finish(reason=f"a fault sent {setting['type']}", failed=True))


def _error_frame(setting: Setting) -> Outcome:
    frame = to_frame_bytes(OutputError(code=setting["code"], message=setting["message"]))
    return (*_send(frame), Finish(reason=f"a fault sent the error {setting['code']}", failed=True))


def _oversized(setting: Setting) -> Outcome:
    begin, end = b'{"transcriptSegment":{"content":"', b'"}}'
    filling = max(0, setting["payload"] - len(begin) - len(end))
    empty = encode(
        (
            string(":event-type", "transcriptEvent"),
            string(":content-type", "application/json"),
            string(":message-type", "event"),
        ),
        b"",
    )
    block, _ = _parts(empty)
    size = len(begin) + filling + len(end)
    lengths = struct.pack(">II", 16 + len(block) + size, len(block))
    head = lengths + _U32.pack(crc32(lengths)) + block + begin
    pieces = [head, *[FILLER] * (filling // len(FILLER)), FILLER[: filling % len(FILLER)], end]
    crc = 0
    for piece in pieces:
        crc = crc32(piece, crc)
    return _send(*pieces, _U32.pack(crc))


def _random_bytes(setting: Setting) -> Outcome:
    return _send(setting.chance.randbytes(setting["bytes"]))


def _expired_signature(setting: Setting) -> Outcome:
    def moment(seconds: float) -> str:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))

    # The form of Transcribe: awslabs/amazon-transcribe-streaming-sdk#17, #19 (facts 2.4).
    signed, limit = moment(setting.wall - 301), moment(setting.wall - 300)
    message = f"Signature expired: {signed} is now earlier than {limit} ({moment(setting.wall)} - 5 min.)"
    frame = to_frame_bytes(OutputException(member="InvalidSignatureException", message=message))
    return (*_send(frame), Finish(reason="a fault sent InvalidSignatureException", failed=True))


def _idle_timeout(setting: Setting) -> Outcome:
    # Transcribe's text (facts 3; awslabs/amazon-transcribe-streaming-sdk#118, #36).
    message = "Your request timed out because no new audio was received for 15 seconds."
    frame = to_frame_bytes(OutputException(member="validationException", message=message))
    return (*_send(frame), Finish(reason="a fault sent validationException", failed=True))


MESSAGES: Mapping[str, FaultKind] = {
    "wrong_prelude_crc": FaultKind(
        layer=Layer.MESSAGE,
        about="Invert the prelude CRC of a frame; its message CRC fits.",
        example={"wrong_prelude_crc": {"after_events": 2}},
        change=_wrong_prelude_crc,
        frames=1,
    ),
    "wrong_message_crc": FaultKind(
        layer=Layer.MESSAGE,
        about="Invert the message CRC of a frame.",
        example={"wrong_message_crc": {}},
        change=_wrong_message_crc,
        frames=1,
    ),
    "wrong_total_length": FaultKind(
        layer=Layer.MESSAGE,
        about="Let a frame's prelude tell another total length; both CRCs fit.",
        example={"wrong_total_length": {"by": -4}},
        parameters={"by": number("Bytes more (or, negative, less) than it has.", least=-(2**31), default=4)},
        change=_wrong_total_length,
        frames=1,
    ),
    "wrong_headers_length": FaultKind(
        layer=Layer.MESSAGE,
        about="Let a frame's prelude tell another length of its headers; both CRCs fit.",
        example={"wrong_headers_length": {"by": 65536}},
        parameters={"by": number("Bytes more (or, negative, less) than they have.", least=-(2**31), default=4)},
        change=_wrong_headers_length,
        frames=1,
    ),
    "corrupt": FaultKind(
        layer=Layer.MESSAGE,
        about="Flip bits of one byte of a frame.",
        example={"corrupt": {"after_events": 3, "byte": 57}},
        parameters={"bits": number("Which bits, as a number.", least=1, most=255, default=255)},
        change=_corrupt,
        places=EVERYWHERE,
        frames=1,
    ),
    "truncated": FaultKind(
        layer=Layer.MESSAGE,
        about="Send a frame up to a byte (without `byte`: half of it), then no more.",
        example={"truncated": {"byte": 20, "then": "silence"}},
        parameters={
            "then": word("What follows: a clean end, silence, RST_STREAM.", ("end", "silence", "reset"), default="end")
        },
        change=_truncated,
        places=EVERYWHERE,
        frames=1,
    ),
    "unknown_event_type": FaultKind(
        layer=Layer.MESSAGE,
        about="Give an event a type that the model does not know.",
        example={"unknown_event_type": {"type": "futureEvent"}},
        parameters={"type": text("The type.", default="futureEvent")},
        change=_unknown_event_type,
        frames=1,
    ),
    "unknown_header_type": FaultKind(
        layer=Layer.MESSAGE,
        about="Give a frame one more header, of a type that the encoding does not know.",
        example={"unknown_header_type": {"type": 42}},
        parameters={"type": number("The type byte; 0 to 9 are known.", least=10, most=255, default=42)},
        change=_unknown_header_type,
        frames=1,
    ),
    "missing_message_type": FaultKind(
        layer=Layer.MESSAGE,
        about="Leave the header `:message-type` out of a frame.",
        example={"missing_message_type": {}},
        change=_missing_message_type,
        frames=1,
    ),
    "unknown_exception_type": FaultKind(
        layer=Layer.MESSAGE,
        about="End the stream with an exception of a type that the model does not know.",
        example={"unknown_exception_type": {"type": "throttlingException"}},
        parameters={
            "type": text("The type.", default="throttlingException"),
            "message": text("The message.", default="Rate exceeded"),
        },
        act=_exception,
        ends_stream=True,
        places=AT_ONCE,
    ),
    "error_frame": FaultKind(
        layer=Layer.MESSAGE,
        about="End the stream with an unmodeled error (`:message-type: error`).",
        example={"error_frame": {"code": "InternalFailure", "message": "something is wrong"}},
        parameters={
            "code": text("`:error-code`.", default="InternalFailure"),
            "message": text("`:error-message`.", default="An internal failure occurred."),
        },
        act=_error_frame,
        ends_stream=True,
        places=AT_ONCE,
    ),
    "duplicate": FaultKind(
        layer=Layer.MESSAGE,
        about="Send a frame again.",
        example={"duplicate": {"copies": 2}},
        parameters={"copies": number("How often again.", least=1, most=1000, default=1)},
        change=_duplicate,
        frames=1,
    ),
    "reorder": FaultKind(
        layer=Layer.MESSAGE,
        about="Send a frame only after those that follow it.",
        example={"reorder": {"by": 2}},
        parameters={"by": number("How many overtake it.", least=1, most=1000, default=1)},
        change=_reorder,
        frames=1,
    ),
    "late_partial": FaultKind(
        layer=Layer.MESSAGE,
        about="Send a partial only after the final of its segment.",
        example={"late_partial": {}},
        change=_late_partial,
        frames=1,
    ),
    "oversized": FaultKind(
        layer=Layer.MESSAGE,
        about="Send an event that is larger than the encoding allows.",
        example={"oversized": {"payload": 25165825}},
        parameters={
            "payload": number(
                "Bytes of its payload; 24 MiB are allowed.", most=MOST_PAYLOAD_BYTES, default=MAX_PAYLOAD_BYTES + 1
            )
        },
        act=_oversized,
    ),
    "random_bytes": FaultKind(
        layer=Layer.MESSAGE,
        about="Put random bytes, drawn from the seed, between two frames (with `byte`: into one).",
        example={"random_bytes": {"bytes": 64, "after_events": 2}},
        parameters={"bytes": number("How many bytes.", least=1, most=1_048_576, default=64)},
        act=_random_bytes,
        places=EVERYWHERE,
    ),
}

COMPLAINTS: Mapping[str, FaultKind] = {
    "expired_signature": FaultKind(
        layer=Layer.PRESET,
        about="The most common failure of long streams: a frame was read too late, InvalidSignatureException ends it.",
        example={"expired_signature": {"after_events": 5}},
        act=_expired_signature,
        ends_stream=True,
        places=AT_ONCE,
    ),
    "idle_timeout": FaultKind(
        layer=Layer.PRESET,
        about="The stream ends as if no audio had come for 15 s, whatever came.",
        example={"idle_timeout": {"at_audio": "2s"}},
        act=_idle_timeout,
        ends_stream=True,
        places=AT_ONCE,
    ),
}
