"""What a control command is, and the types that several share.

A command acts upon one account, on the server's own thread. Its arguments are one struct: fields that the path names
travel there; of GET and DELETE the others are the query, of PUT and POST the JSON body (or, where a field is named by
`text`, that field is the body and the others are the query). Results are typed values, so that a test gets the same
ones in the process and over HTTP.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
import typing
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from mockscribe import duration
from mockscribe.account import Account
from mockscribe.entries import Kind
from mockscribe.errors import ControlError
from mockscribe.mock import Mock
from mockscribe.spelling import did_you_mean

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R")

PREFIX = "/_mockscribe"


@dataclasses.dataclass(frozen=True)
class Context:
    """What commands act upon: an account of the mock.

    `now` reads the server's clock, `endpoints` tells its addresses.
    """

    mock: Mock
    account_id: str
    now: Callable[[], float]
    endpoints: Callable[[], Mapping[str, Any]]

    @property
    def account(self) -> Account:
        """The account as it is now: a reset makes a new one."""
        return self.mock.account(self.account_id, self.now())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Command(Generic[A, R]):
    """One control command.

    `errors` are the HTTP statuses that it may be refused with, apart from 400 and 403; `media` is the type of a result
    that is `bytes`.
    """

    name: str
    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    about: str
    arguments: type[A]
    result: Any  # the type R, which may be a union or annotated
    run: Callable[[Context, A], R | Awaitable[R]]
    errors: tuple[int, ...] = ()
    text: str | None = None
    media: str = "application/json"

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The arguments that the path names."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def other_fields(self) -> tuple[str, ...]:
        """The arguments of the query, or of the JSON body."""
        return tuple(name for name in self.arguments.__struct_fields__ if name not in (*self.path_fields, self.text))

    def decode_arguments(self, data: bytes) -> A:
        """Arguments from JSON.

        Raises:
            ControlError: 400 with the path of what is wrong.
        """
        return self.convert_arguments(decode(data), strict=True)

    def convert_arguments(self, values: Any, *, strict: bool) -> A:
        """Arguments from plain data; unless `strict`, texts may stand for numbers and booleans.

        Raises:
            ControlError: 400 with the path of what is wrong, and what would not be.
        """
        try:
            return msgspec.convert(values, type=self.arguments, strict=strict)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `")
            path = _named(place.removesuffix("`").removeprefix("$").removeprefix("."), values)
            if message.startswith("Invalid enum value"):
                given = repr(values[path]) if isinstance(values[path], str) else _json(values[path])
                choices = _choices(typing.get_type_hints(self.arguments)[path])
                message = f"{given:.100} is none of {', '.join(choices)}"
            raise ControlError(400, message, path=path) from None

    def decode_result(self, data: bytes) -> R:
        """A result from JSON."""
        result: R = msgspec.json.decode(data, type=self.result)
        return result


def decode(data: bytes) -> Any:
    """Plain data from JSON.

    Raises:
        ControlError: 400, it is none.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(400, f"the body is no JSON: {error}") from None


def unknown(name: str, known: Collection[str]) -> ControlError:
    """The refusal of an argument that is none."""
    hint = did_you_mean(name, known, f"there are {', '.join(known) or 'none'}")
    return ControlError(400, f"is unknown; {hint}", path=name)


def _named(path: str, values: Any) -> str:
    """The path with the key of a mapping that has but one, where msgspec does not tell it."""
    name, found, rest = path.partition("[...]")
    inner = values.get(name) if found else None
    return f"{name}.{next(iter(inner))}{rest}" if isinstance(inner, dict) and len(inner) == 1 else path


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _choices(hint: Any) -> list[str]:
    """The values that a type of a few values has."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [str(each.value) for each in hint]
    if typing.get_origin(hint) is Literal:
        return [_json(each) for each in typing.get_args(hint)]
    return [each for part in typing.get_args(hint) for each in _choices(part)]


# ---- types that several commands share

Duration = Annotated[
    str | float,
    msgspec.Meta(
        description="A duration with its unit (250ms, 1.5s, 30m), or seconds as a number.",
        extra_json_schema={
            "anyOf": [
                {"type": "string", "pattern": duration.PATTERN},
                {"type": "number", "minimum": 0},
            ]
        },
    ),
]

JournalEntry = Annotated[
    dict[str, Any],
    msgspec.Meta(
        title="JournalEntry",
        description="One thing that happened, with the fields of its kind beside those of every entry.",
        extra_json_schema={
            "properties": {
                "seq": {"type": "integer"},
                "at": {"type": "number", "description": "Real time, seconds since the epoch."},
                "time": {"type": "number", "description": "Mock time in seconds."},
                "account": {"type": "string"},
                "connection": {"type": "integer"},
                "stream": {"type": "string"},
                "session": {"type": "string"},
                "attempt": {"type": "integer"},
                "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
                "audio": {"type": "number", "description": "The session's audio clock in seconds."},
            },
            "required": [
                *("seq", "at", "time", "account", "connection", "stream", "session", "attempt", "kind", "audio")
            ],
        },
    ),
]


def seconds(given: str | float, path: str, most: float) -> float:
    """A duration as seconds, at most `most`.

    Raises:
        ControlError: it is none.
    """
    if isinstance(given, str):
        try:
            value = duration.parse_duration(given) / 1_000_000
        except ValueError as error:
            raise ControlError(400, str(error), path=path) from None
    else:
        value = float(given)
    if not math.isfinite(value) or not 0 <= value <= most:
        raise ControlError(400, f"{given!r} is not between 0 and {most:g} seconds", path=path)
    return value


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No arguments, or no result."""


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every command's arguments."""
