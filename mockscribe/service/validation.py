"""A value against its shape: every violation, in AWS's words.

The wording is that of AWS services, as their messages are quoted in public (boto/boto3#2601, Cognito's and DynamoDB's
validation errors): `Value 'x' at 'a.1.member.b' failed to satisfy constraint: …`, without the value when it is
sensitive. What AWS says of a value of the wrong type is not public for this service; that text is ours. This module
knows shapes; no HTTP, no operation, and no rule that the model does not state.
"""

from __future__ import annotations

import binascii
import functools
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mockscribe.service.model import Shape, service_model

MAX_SHOWN_CHARACTERS = 256
"""Own choice: how much of a wrong value a message repeats, so that a message stays small whatever the client sends."""


def violations(shape: Shape, value: object, path: str = "") -> list[str]:
    """What is wrong with `value`, as JSON decodes it, in the order of the model; empty when nothing is.

    `path` is where the value stands. Members that the model does not know are ignored, null is as good as absent, and
    an event stream is no value. A blob is bytes, or base64 text.
    """
    found: list[str] = []
    _check(shape, value, path, found, hidden=False)
    return found


def message(found: Sequence[str]) -> str:
    """The message of one ValidationException that lists them all."""
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def failure(path: str, constraint: str, value: object = None, *, hidden: bool = True) -> str:
    """One violation; `hidden` leaves the value out."""
    if not hidden and isinstance(value, str | int | float):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        shown = text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
        return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


def _check(shape: Shape, value: object, path: str, found: list[str], *, hidden: bool) -> None:
    """Append what is wrong with a value to `found`."""
    hidden = hidden or shape.sensitive
    match shape.type:
        case "structure" if isinstance(value, Mapping):
            _check_members(shape, value, path, found, hidden=hidden)
        case "list" if isinstance(value, Sequence) and not isinstance(value, str):
            _check_items(shape, value, path, found, hidden=hidden)
        case "map" if isinstance(value, Mapping):
            found += _map(shape, value, path)
        case "structure" | "list" | "map":
            # What stands where members belong is not repeated: theirs may be the sensitive shapes.
            found.append(failure(path, f"Member must be a {shape.type}"))
        case _:
            for constraint in _constraints(shape, value):
                found.append(failure(path, constraint, value, hidden=hidden))


def _check_members(shape: Shape, value: Mapping[str, object], path: str, found: list[str], *, hidden: bool) -> None:
    shapes = service_model().shapes
    present = 0
    for name, member in shape.members.items():
        content = value.get(name)
        if content is not None:
            content_shape = shapes[member.shape]
            if not content_shape.event_stream:
                present += 1
                _check(content_shape, content, f"{path}.{name}" if path else name, found, hidden=hidden)
        elif name in shape.required and not shapes[member.shape].event_stream:
            found.append(_absent(f"{path}.{name}" if path else name))
    if shape.union and present != 1:
        found.append(failure(path, f"Exactly one of [{', '.join(shape.members)}] must be set"))


def _check_items(shape: Shape, value: Sequence[object], path: str, found: list[str], *, hidden: bool) -> None:
    item = service_model().shapes[shape.item or ""]
    found += (failure(path, constraint) for constraint in _bounds(shape, len(value), "length"))
    # Items beyond the maximum are not looked at: they are all one violation, and a list may have millions.
    for number, content in enumerate(value[: shape.maximum], 1):
        where = f"{path}.{number}.member"
        if content is None:
            found.append(_absent(where))
        else:
            _check(item, content, where, found, hidden=hidden)


def _absent(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _map(shape: Shape, value: Mapping[str, object], path: str) -> Iterator[str]:
    shapes = service_model().shapes
    for side, contents, name in (("keys", value.keys(), shape.key), ("value", value.values(), shape.value)):
        for content in contents:
            constraints = list(_constraints(shapes[name or ""], content))
            if constraints:
                yield failure(path, f"Map {side} must satisfy constraint: [{', '.join(constraints)}]")
                break


def _constraints(shape: Shape, value: object) -> Iterator[str]:
    """The constraints of its shape that a value without members breaks."""
    match shape.type, value:
        case "string", str():
            yield from _bounds(shape, len(value), "length")
            if shape.pattern is not None and compiled(shape.pattern).fullmatch(value) is None:
                yield f"Member must satisfy regular expression pattern: {shape.pattern}"
            if shape.enum and value not in shape.enum:
                yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        case "integer" | "long", int() if not isinstance(value, bool):
            yield from _bounds(shape, value, "value")
        case "blob", bytes() | memoryview():
            yield from _bounds(shape, len(value), "length")
        case "blob", str():
            try:
                decoded = binascii.a2b_base64(value, strict_mode=True)
            except ValueError:
                yield "Member must be base64 text"
            else:
                yield from _bounds(shape, len(decoded), "length")
        case ("boolean", bool()) | ("timestamp", str()):
            pass
        case "double" | "timestamp", int() | float() if not isinstance(value, bool):
            pass
        case _:
            article = "an" if shape.type == "integer" else "a"
            yield f"Member must be {article} {shape.type}"


def _bounds(shape: Shape, number: int, what: str) -> Iterator[str]:
    if shape.maximum is not None and number > shape.maximum:
        yield f"Member must have {what} less than or equal to {shape.maximum}"
    if shape.minimum is not None and number < shape.minimum:
        yield f"Member must have {what} greater than or equal to {shape.minimum}"


# ---- the model's patterns

_LETTERS_AND_NUMBERS = r"\p{L}\p{N}"
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.", re.DOTALL)


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model as Python's; it is meant for `fullmatch`.

    The model writes java.util.regex (`\\p{L}` is no ECMAScript without its u flag), where `\\s` and `\\d` are ASCII
    and a dot stops at every line terminator. `\\p{L}\\p{N}` becomes `\\w`, which on Unicode text is exactly those and
    the underscore; the one class of the model that has them has the underscore too. A test compares it with Unicode's
    categories, code point by code point.
    """
    # What `.*` matches, `[\s\S]*` beside it matches as well; with both, text of nothing but spaces takes cubic time.
    text = pattern.replace(r".*[\s\S]*", r"[\s\S]*").replace(r"[\s\S]*.*", r"[\s\S]*")
    unicode = _LETTERS_AND_NUMBERS in text
    if unicode:
        text = text.replace(_LETTERS_AND_NUMBERS, r"\w").replace(r"\s", r" \t\n\x0b\f\r")
    text = _TOKEN.sub(lambda token: r"[^\n\r\x85\u2028\u2029]" if token[0] == "." else token[0], text)
    return re.compile(text, 0 if unicode else re.ASCII)
