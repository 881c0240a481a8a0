"""The parameters of faults: how each is spelled, what it means, and its JSON Schema. Pure.

A fault keeps what was spelled; `parse` makes of it what the fault works with. Durations are text with a unit
everywhere, sizes are bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mockscribe.duration import PATTERN, parse_duration

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


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a fault: `schema` is its JSON Schema, `parse` makes its value or raises ValueError.

    `default` is spelled as a script spells it; None: there is none.
    """

    about: str
    schema: Mapping[str, Any]
    parse: Callable[[Any], Any]
    default: Any = None


def number(about: str, *, least: int = 0, most: int = 2**31 - 1, default: int | None = None) -> Parameter:
    """A whole number."""

    def parse(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"{value!r} is no whole number from {least} to {most}")

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(about=about, schema=schema, parse=parse, default=default)


def span(about: str, *, default: str | None = None) -> Parameter:
    """A duration; its value is whole microseconds."""

    def parse(value: Any) -> int:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no duration: write a number with a unit, such as 250ms, 1.5s, 30m or 2h")
        return parse_duration(value)

    return Parameter(about=about, schema={"type": "string", "pattern": PATTERN}, parse=parse, default=default)


def text(about: str, *, default: str | None = None, pattern: str = "") -> Parameter:
    """Some text; with `pattern` the whole of it must fit."""

    def parse(value: Any) -> str:
        if isinstance(value, str) and value and re.search(pattern, value):
            return value
        raise ValueError(f"{value!r} must be text{f' that fits {pattern}' if pattern else ', and not empty'}")

    schema = {"type": "string", "minLength": 1, **({"pattern": pattern} if pattern else {})}
    return Parameter(about=about, schema=schema, parse=parse, default=default)


def word(about: str, choices: Iterable[str], *, default: str | None = None) -> Parameter:
    """One of some words."""
    words = tuple(choices)

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError(f"{value!r} is none of {', '.join(words)}")

    return Parameter(about=about, schema={"enum": list(words)}, parse=parse, default=default)


def switch(about: str, *, default: bool = False) -> Parameter:
    """True or false."""

    def parse(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError(f"{value!r} is no boolean: write true or false")

    return Parameter(about=about, schema={"type": "boolean"}, parse=parse, default=default)


def fields(about: str, *, default: Mapping[str, str]) -> Parameter:
    """Header fields: names in lower case, values of printable ASCII."""
    name, printable = r"^[!#$%&'*+.^_`|~0-9a-z-]+$", r"^[!-~]([ -~]*[!-~])?$"

    def parse(value: Any) -> tuple[tuple[str, str], ...]:
        if isinstance(value, Mapping) and value:
            pairs = tuple(value.items())
            if all(
                re.search(name, key) and isinstance(each, str) and re.search(printable, each) for key, each in pairs
            ):
                return pairs
        raise ValueError(f"{value!r} are no header fields: names in lower case with their values as text")

    schema = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": name},
        "additionalProperties": {"type": "string", "pattern": printable},
    }
    return Parameter(about=about, schema=schema, parse=parse, default=default)


def _code(value: Any) -> int:
    if isinstance(value, str) and value in ERROR_CODES:
        return ERROR_CODES[value]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFFFFFF:
        return value
    raise ValueError(f"{value!r} is no error code: a number up to 4294967295, or one of {', '.join(ERROR_CODES)}")


def code(default: str) -> Parameter:
    """An HTTP/2 error code."""
    return Parameter(
        about="The error code, by its name in RFC 9113 section 7 or as a number.",
        schema={
            "anyOf": [
                {"type": "string", "enum": list(ERROR_CODES)},
                {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF},
            ]
        },
        parse=_code,
        default=default,
    )


def _probability(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    raise ValueError(f"{value!r} is no probability: above 0, up to 1")


def _frames(value: Any) -> Any:
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ValueError(f"{value!r} is neither a whole number from 1 nor all")


PROBABILITY = Parameter(
    about="How likely it acts, drawn from the seed each time it could; above 0, up to 1.",
    schema={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    parse=_probability,
    default=1,
)
FRAMES = Parameter(
    about="How many frames it acts on, one after the other, or all from there on.",
    schema={"anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}]},
    parse=_frames,
)
SERVER_NAME = text("Only connections that ask for this name (SNI).", pattern="^[a-z0-9_.-]+$")

POSITION: Mapping[str, Parameter] = {
    "attempt": number("Only on this request for the session id; 1 is the first, refused ones count.", least=1),
    "at_audio": span("When the session's audio clock shows this."),
    "after_time": span("So much mock time after it was armed."),
    "after_events": number("After so many more events.", least=1),
    "byte": number("When so many bytes of the next event's frame are written.", least=0),
}
