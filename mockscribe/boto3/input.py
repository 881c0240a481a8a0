"""The input stream: whatever iterable the caller gave, event for event held against the model and encoded.

botocore's validator knows no iterators, and a union of events is no tagged union to it; the rest is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator, ValidationErrors

from mockscribe.client.exchange import Event, event_of


class InputStream:
    """What the caller passed as `inputStream`; nothing, until `take`. Iterating draws one event at a time."""

    def __init__(self, operation_model: Any, *, validate: bool) -> None:
        self._shape = operation_model.get_event_stream_input()
        self.name: str = operation_model.input_shape.event_stream_name
        self._validate = validate
        self._items: Iterable[Any] = ()

    def take(self, value: Any) -> None:
        """The caller's value.

        Raises:
            ParamValidationError: it is no dict and no iterable, or a dict that is no event.
        """
        if isinstance(value, dict):
            self._check(value, self.name)
            self._items = (value,)
        elif isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | memoryview):
            self._items = value
        else:
            errors = ValidationErrors()
            errors.report(self.name, "invalid type", param=value, valid_types=[str(dict), f"an iterable of {dict}"])
            raise ParamValidationError(report=errors.generate_report())

    def __iter__(self) -> Iterator[Event]:
        """The events as they travel.

        Raises:
            ParamValidationError: an item is no event; names its number.
        """
        for number, item in enumerate(self._items):
            self._check(item, f"{self.name}[{number}]")
            yield event_of({member: self._spelled(member, value) for member, value in item.items()})

    def _check(self, item: Any, name: str) -> None:
        """Hold an item against the union; with validation switched off only against what cannot be sent at all."""
        errors = ValidationErrors()
        if self._validate:
            ParamValidator()._validate(item, self._shape, errors, name)
        elif not isinstance(item, dict):
            errors.report(name, "invalid type", param=item, valid_types=[str(dict)])
        if isinstance(item, dict) and len(item) != 1:
            errors.report(name, "more than one input" if item else "empty input", members=self._shape.members)
        if errors.has_errors():
            raise ParamValidationError(report=errors.generate_report())

    def _spelled(self, member: str, value: Any) -> Any:
        """A member's content with bytes for its blobs, which botocore takes as text and as files too."""
        shape = self._shape.members.get(member)
        if shape is None or not isinstance(value, dict):
            return value
        blobs = [name for name, each in shape.members.items() if each.type_name == "blob" and name in value]
        return value | {name: _bytes(value[name]) for name in blobs}


def _bytes(blob: Any) -> bytes:
    if hasattr(blob, "read"):
        blob = blob.read()
    return blob.encode() if isinstance(blob, str) else bytes(blob)
