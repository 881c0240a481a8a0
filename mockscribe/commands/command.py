"""What a control command is, and the types that several share.

A command acts upon one account, on the server's own thread. Its arguments are one struct: fields that the path names
travel there; of GET and DELETE the others are the query, of PUT and POST the JSON body (or, where a field is named by
`text`, that field is the body and the others are the query). Results are typed values, so that a test gets the same
ones in the process and over HTTP.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from mockscribe import duration
from mockscribe.account import Account
from mockscribe.errors import ControlError
from mockscribe.journal import Kind
from mockscribe.mock import Mock

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

    def decode_arguments(self, data: bytes) -> A:
        """Arguments from JSON.

        Raises:
            ControlError: 400 with the path of what is wrong.
        """
        try:
            return msgspec.json.decode(data, type=self.arguments)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(error) from None

    def decode_result(self, data: bytes) -> R:
        """A result from JSON."""
        result: R = msgspec.json.decode(data, type=self.result)
        return result


def invalid(error: Exception) -> ControlError:
    """The refusal of what does not fit a command's arguments."""
    message, _, place = str(error).partition(" - at `")
    return ControlError(400, message, path=place.removesuffix("`").removeprefix("$").removeprefix("."))


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
