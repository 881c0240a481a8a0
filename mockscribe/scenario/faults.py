"""Faults: what each is called, what it takes, and what it does to an outgoing stream.

One table. A fault on a frame changes the next outgoing frame; a fault on the stream acts at once. Each entry feeds the
parser, the JSON Schema and the documentation, so a fault is added here and nowhere else. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from mockscribe.scenario.model import Fault

# RFC 9113, 7
ERROR_CODES: Mapping[str, int] = {
    "NO_ERROR": 0x0,
    "PROTOCOL_ERROR": 0x1,
    "INTERNAL_ERROR": 0x2,
    "FLOW_CONTROL_ERROR": 0x3,
    "SETTINGS_TIMEOUT": 0x4,
    "STREAM_CLOSED": 0x5,
    "FRAME_SIZE_ERROR": 0x6,
    "REFUSED_STREAM": 0x7,
    "CANCEL": 0x8,
    "COMPRESSION_ERROR": 0x9,
    "CONNECT_ERROR": 0xA,
    "ENHANCE_YOUR_CALM": 0xB,
    "INADEQUATE_SECURITY": 0xC,
    "HTTP_1_1_REQUIRED": 0xD,
}


# ---- what a fault makes of the response


class SendBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Write these bytes of the body."""

    data: bytes


class ResetStream(msgspec.Struct, frozen=True, kw_only=True):
    """End the stream with RST_STREAM; over HTTP/1.1 with a reset of the connection."""

    code: int


Action = SendBytes | ResetStream


# ---- the vocabulary


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a fault: `schema` is its JSON Schema, `parse` makes its value or raises ValueError."""

    about: str
    schema: Mapping[str, Any]
    parse: Callable[[Any], Any]
    default: Any


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the table.

    `act` is for a fault on the stream: parameters → actions, at once. `change` is for a fault on a frame: parameters
    and the encoded frame → actions. `ends_stream` says that nothing can follow.
    """

    about: str
    example: Mapping[str, Any]
    parameters: Mapping[str, Parameter] = {}
    act: Callable[[Mapping[str, Any]], Sequence[Action]] | None = None
    change: Callable[[Mapping[str, Any], bytes], Sequence[Action]] | None = None
    ends_stream: bool = False


def _error_code(value: Any) -> int:
    if isinstance(value, str) and value in ERROR_CODES:
        return ERROR_CODES[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFFFF:
        return value
    raise ValueError(f"{value!r} is no error code: a number up to 4294967295, or one of {', '.join(ERROR_CODES)}")


def _reset(parameters: Mapping[str, Any]) -> Sequence[Action]:
    return (ResetStream(code=parameters["code"]),)


def _wrong_message_crc(_: Mapping[str, Any], frame: bytes) -> Sequence[Action]:
    return (SendBytes(data=frame[:-4] + bytes(byte ^ 0xFF for byte in frame[-4:])),)


FAULTS: Mapping[str, FaultKind] = {
    "reset": FaultKind(
        about="End the stream at once with RST_STREAM (over HTTP/1.1: reset the TCP connection).",
        example={"reset": {"code": "ENHANCE_YOUR_CALM"}},
        parameters={
            "code": Parameter(
                about="The error code, by its name in RFC 9113 section 7 or as a number.",
                schema={
                    "anyOf": [
                        {"type": "string", "enum": list(ERROR_CODES)},
                        {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF},
                    ]
                },
                parse=_error_code,
                default=ERROR_CODES["CANCEL"],
            )
        },
        act=_reset,
        ends_stream=True,
    ),
    "wrong_message_crc": FaultKind(
        about="Invert the message CRC of the next outgoing frame.",
        example={"wrong_message_crc": {}},
        change=_wrong_message_crc,
    ),
}


# ---- at work


class Faults:
    """The faults of one stream that wait for a frame."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, fault: Fault) -> Sequence[Action]:
        """What the fault does at once; a fault on a frame does nothing yet."""
        kind = FAULTS[fault.name]
        if kind.act is not None:
            return kind.act(_parameters(kind, fault))
        self.armed.append(fault)
        return ()

    def apply(self, frame: bytes) -> tuple[Sequence[Action], Fault | None]:
        """What becomes of an outgoing frame, and the fault that did it."""
        if not self.armed:
            return (SendBytes(data=frame),), None
        fault = self.armed.pop(0)
        kind = FAULTS[fault.name]
        assert kind.change is not None
        return kind.change(_parameters(kind, fault), frame), fault


def _parameters(kind: FaultKind, fault: Fault) -> dict[str, Any]:
    return {name: fault.parameters.get(name, each.default) for name, each in kind.parameters.items()}
