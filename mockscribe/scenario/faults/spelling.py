"""Faults as scripts, the control API and Python spell them: {NAME: {KEY: VALUE}}, all keys in one mapping. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mockscribe.scenario.faults.vocabulary import FAULTS
from mockscribe.scenario.model import Fault, Position

_PLACES = frozenset(field.name for field in msgspec.structs.fields(Position))
_REST = frozenset({"probability", "frames", "server_name"})


def fault_of(name: str, keys: Mapping[str, Any]) -> Fault:
    """The fault that is spelled so; the keys were checked."""
    return Fault(
        name=name,
        parameters={key: value for key, value in keys.items() if key not in _PLACES | _REST},
        at=Position(**{key: value for key, value in keys.items() if key in _PLACES}),
        **{key: value for key, value in keys.items() if key in _REST},
    )


def keys_of(fault: Fault) -> dict[str, Any]:
    """The keys that spell a fault; the inverse of `fault_of`."""
    places = {name: value for name in _PLACES if (value := getattr(fault.at, name)) is not None}
    rest = {
        name: value
        for name in ("probability", "frames", "server_name")
        if (value := getattr(fault, name)) not in (None, 1.0) or (name == "frames" and value is not None)
    }
    return {**fault.parameters, **dict(sorted(places.items())), **rest}


def ends_surely(fault: Fault, attempt: int | None = None) -> bool:
    """Whether nothing can follow the fault (on that attempt): it ends the stream, at once and whatever chance says."""
    here = fault.at in (Position(), Position(attempt=attempt))
    return FAULTS[fault.name].ends_stream and fault.probability == 1 and fault.frames is None and here
