"""What the control API answers with: JSON, and refusals in one form."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from mockscribe.errors import ControlError

JSON = "application/json"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not done: in words, and the place in what was sent (empty for the whole).

    Some refusals tell more: a scenario's `source`, `line`, `column` and all its `errors`; what a wait has `seen` and
    `found`.
    """

    message: str
    path: str


def answer(value: Any) -> Response:
    """A result as JSON."""
    return Response(msgspec.json.encode(value), media_type=JSON)


def refusal(error: ControlError) -> Response:
    """A refusal as JSON."""
    told = {**error.details, "message": error.message, "path": error.path}
    return Response(msgspec.json.encode(told), status_code=error.status, media_type=JSON)
