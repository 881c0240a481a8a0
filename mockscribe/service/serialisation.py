"""A value by its shape, as JSON has it: what the model knows of it, with timestamps in the model's formats.

The same walk cleans what a client sent before it is kept (unknown members, and nulls, which are as good as absent) and
writes what the service answers.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from mockscribe.service.model import service_model


def json_value(name: str, value: Any) -> Any:
    """`value`, which fits the shape `name`, with the members that the model knows and that are not null.

    A timestamp is seconds since the epoch; it becomes a number of them with milliseconds (RJ1-SPEC: epoch-seconds
    unless the model says otherwise) or ISO 8601 text.
    """
    shape = service_model().shapes[name]
    match shape.type:
        case "structure":
            members = shape.members
            return {
                key: json_value(members[key].shape, content)
                for key, content in value.items()
                if key in members and content is not None
            }
        case "list":
            return [json_value(shape.item or "", content) for content in value]
        case "timestamp" if shape.timestamp_format == "iso8601":
            moment = datetime.datetime.fromtimestamp(value, datetime.UTC)
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "timestamp":
            return round(value, 3)
        case _:
            return value


def known_input(input_shape: str, values: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """What an operation was asked, cleaned, without some of its members."""
    cleaned = json_value(input_shape, values)
    return {name: value for name, value in cleaned.items() if name not in without}
