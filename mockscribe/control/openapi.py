"""The OpenAPI document of the control API, made from the table of commands and their types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from mockscribe import __version__
from mockscribe.commands import Command
from mockscribe.commands.command import PREFIX
from mockscribe.control.answers import JSON, Refusal

REFERENCE = "#/components/schemas/{name}"

ACCOUNT = {
    "name": "account",
    "in": "query",
    "description": "The account, 12 digits; default: the one of every access key that is not 12 digits.",
    "schema": {"type": "string", "pattern": "^[0-9]{12}$"},
}

REFUSED = {
    400: "What was sent does not fit.",
    403: "It comes from another site's page, or names a host that is not this machine.",
    404: "There is no such thing.",
    408: "It did not happen in time.",
    409: "It cannot be done as things are.",
    503: "The mock was closed meanwhile.",
}

TEXTS = ("application/yaml", JSON, "text/plain")


def document(commands: Iterable[Command[Any, Any]]) -> dict[str, Any]:
    """The document, as plain data."""
    commands = tuple(commands)
    types = [each.arguments for each in commands] + [each.result for each in commands if each.result is not bytes]
    schemas, components = msgspec.json.schema_components((*types, Refusal), ref_template=REFERENCE)
    results = iter(schemas[len(commands) :])
    paths: dict[str, dict[str, Any]] = {}
    for command in commands:
        schema = {"type": "string", "format": "binary"} if command.result is bytes else next(results)
        operation = _operation(command, components[command.arguments.__name__], schema)
        paths.setdefault(PREFIX + command.path, {})[command.method.lower()] = operation
    text = msgspec.json.encode((paths, components)).decode()
    used = {name: each for name, each in components.items() if f'"{REFERENCE.format(name=name)}"' in text}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mockscribe control API", "version": __version__},
        "paths": paths,
        "components": {"schemas": used},
    }


def _operation(command: Command[Any, Any], arguments: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    in_path = command.path_fields
    required = set(arguments.get("required", ()))
    rest = {name: schema for name, schema in arguments["properties"].items() if name not in in_path}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": arguments["properties"][name]} for name in in_path
    ]
    operation: dict[str, Any] = {"operationId": command.name, "summary": command.about, "parameters": parameters}
    if command.text is not None:
        schema = rest.pop(command.text)
        operation["requestBody"] = {"required": True, "content": {media: {"schema": schema} for media in TEXTS}}
    elif command.method in ("PUT", "POST"):
        names = [name for name in rest if name in required]
        schema = {**arguments, "properties": rest, "required": names}
        operation["requestBody"] = {"required": bool(names), "content": {JSON: {"schema": schema}}}
        rest = {}
    parameters += [
        {"name": name, "in": "query", "required": name in required, "schema": schema} for name, schema in rest.items()
    ]
    parameters.append(ACCOUNT)
    content = {command.media: {"schema": result}}
    if command.name == "getJournal":
        content["text/event-stream"] = {"schema": {"type": "string"}}
    refusals = {
        str(status): {
            "description": REFUSED[status],
            "content": {JSON: {"schema": {"$ref": REFERENCE.format(name="Refusal")}}},
        }
        for status in sorted({400, 403, *command.errors})
    }
    operation["responses"] = {"200": {"description": "Done.", "content": content}, **refusals}
    return operation
