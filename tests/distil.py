"""Write mockscribe/service/model.json: the facts of the installed botocore's model, without its prose.

`python -m tests.distil` rewrites the file; one operation or shape a line, so that a new botocore gives a readable diff.
A trait that is not known here stops it: what is left out is left out on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.loaders
import msgspec

import mockscribe.service.model
from mockscribe.service.model import Member, Model, Operation, Shape

FILE = Path(mockscribe.service.model.__file__).with_name("model.json")

# Traits that are no facts for a server: prose, advice for clients, and `box` (every number of this API has it).
LEFT_OUT = {"documentation", "box", "fault", "retryable", "readonly", "idempotent"}


def installed() -> Mapping[str, Any]:
    """The model as the installed botocore has it."""
    return botocore.loaders.Loader().load_service_model("connecthealth", "service-2", "2025-01-29")


def distil(source: Mapping[str, Any]) -> Model:
    """The facts of a botocore model."""
    metadata = source["metadata"]
    return Model(
        api_version=metadata["apiVersion"],
        protocol=metadata["protocol"],
        signing_name=metadata["signingName"],
        endpoint_prefix=metadata["endpointPrefix"],
        operations={name: operation(each) for name, each in sorted(source["operations"].items())},
        shapes={name: shape(name, each) for name, each in sorted(source["shapes"].items())},
    )


def operation(source: Mapping[str, Any]) -> Operation:
    known = {"name", "http", "input", "output", "errors", "endpoint"}
    check(source, known)
    return Operation(
        name=source["name"],
        method=source["http"]["method"],
        path=source["http"]["requestUri"],
        status=source["http"]["responseCode"],
        host_prefix=source.get("endpoint", {}).get("hostPrefix", ""),
        input=source["input"]["shape"],
        output=source.get("output", {}).get("shape"),
        errors=tuple(each["shape"] for each in source.get("errors", ())),
    )


def shape(name: str, source: Mapping[str, Any]) -> Shape:
    fields: dict[str, Any] = {
        "type": source["type"],
        "members": {key: member(each) for key, each in source.get("members", {}).items()},
        "required": tuple(source.get("required", ())),
        "item": source.get("member", {}).get("shape"),
        "key": source.get("key", {}).get("shape"),
        "value": source.get("value", {}).get("shape"),
        "minimum": source.get("min"),
        "maximum": source.get("max"),
        "pattern": source.get("pattern"),
        "enum": tuple(source.get("enum", ())),
        "timestamp_format": source.get("timestampFormat"),
        "payload": source.get("payload"),
        "status": source.get("error", {}).get("httpStatusCode"),
        "exception": source.get("exception", False),
        "sensitive": source.get("sensitive", False),
        "union": source.get("union", False),
        "event": source.get("event", False),
        "event_stream": source.get("eventstream", False),
    }
    renamed = {"member", "min", "max", "timestampFormat", "error", "eventstream"}
    check(source, renamed | set(fields))
    return Shape(name=name, **fields)


def member(source: Mapping[str, Any]) -> Member:
    check(source, {"shape", "location", "locationName", "idempotencyToken", "eventpayload"})
    return Member(
        shape=source["shape"],
        location=source.get("location"),
        wire_name=source.get("locationName"),
        idempotency_token=source.get("idempotencyToken", False),
        event_payload=source.get("eventpayload", False),
    )


def check(source: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(source) - known - LEFT_OUT
    if unknown:
        raise SystemExit(f"botocore's model has traits that tests/distil.py does not know: {sorted(unknown)}")


def text(model: Model) -> str:
    """The model as the file has it."""
    lines = ["{"]
    lines += [f'"{name}": {json(getattr(model, name))},' for name in Model.__struct_fields__[:-2]]
    for name, values in (("operations", model.operations), ("shapes", model.shapes)):
        lines.append(f'"{name}": {{')
        lines += [f"{json(key)}: {json(value)}," for key, value in values.items()]
        lines[-1] = lines[-1].removesuffix(",")
        lines.append("}," if name == "operations" else "}")
    return "\n".join([*lines, "}", ""])


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    FILE.write_text(text(distil(installed())), encoding="utf-8")
