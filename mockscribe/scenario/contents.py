"""What a scenario may write into an artifact: the JSON Schema of each content, and the check with its places. Pure.

`service/artifacts.py` makes the documents of it. A whole document is written as it stands, whatever is in it; so only
what is to become part of one is held against a form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockscribe.scenario.document import Node
from mockscribe.scenario.reading import Reader
from mockscribe.service.artifacts import NAMES
from mockscribe.service.medical_codes import medical_codes

CODE_KEYS = tuple(medical_codes("cough")["medicalCodes"][0])
"""The members of a code."""

WHOLE = "ClinicalDocumentation"
"""The member that makes a note's content the document itself."""

_NOTHING = {"type": "null"}
_DOCUMENT = {"type": "object"}
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_CODE = {"type": "object", "properties": {key: {} for key in CODE_KEYS}, "additionalProperties": False}

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "transcript": {"anyOf": [_NOTHING, _DOCUMENT]},
    "note": {
        "anyOf": [
            _NOTHING,
            {"type": "object", "properties": {WHOLE: _DOCUMENT}, "required": [WHOLE]},
            {"type": "object", "properties": {WHOLE: False}, "additionalProperties": _TEXTS},
        ]
    },
    "afterVisitSummary": {"anyOf": [_NOTHING, _DOCUMENT, _TEXTS]},
    "codes": {"anyOf": [_NOTHING, _DOCUMENT, {"type": "array", "items": _CODE}]},
}


def read_content(reader: Reader, artifact: str, node: Node, path: str) -> Any:
    """An artifact's content as plain data; the reader notes what is wrong with it."""
    value = reader.data(node, path)
    if value is not None:
        _CHECKS[artifact](reader, node, path)
    return value


def _transcript(reader: Reader, node: Node, path: str) -> None:
    if node.kind != "mapping":
        reader.error("must be a mapping: the document itself", node, path)


def _note(reader: Reader, node: Node, path: str) -> None:
    if node.kind != "mapping":
        reader.error("must be a mapping: what each section says, or the document itself", node, path)
        return
    sections = {key.value: value for key, value in node.value if key.kind == "scalar"}
    if WHOLE not in sections:
        for name, texts in sections.items():
            _texts(reader, texts, f"{path}.{name}")
    elif sections[WHOLE].kind != "mapping":
        reader.error("must be a mapping", sections[WHOLE], f"{path}.{WHOLE}")


def _summary(reader: Reader, node: Node, path: str) -> None:
    if node.kind != "mapping":
        _texts(reader, node, path)


def _codes(reader: Reader, node: Node, path: str) -> None:
    if node.kind == "scalar":
        reader.error("must be a list of codes, or the document itself", node, path)
    for index, each in enumerate(node.value if node.kind == "list" else ()):
        reader.keys(each, CODE_KEYS, f"{path}[{index}]")


def _texts(reader: Reader, node: Node, path: str) -> None:
    match node.kind:
        case "scalar":
            reader.some_text(node, path)
        case "list":
            for index, each in enumerate(node.value):
                reader.some_text(each, f"{path}[{index}]")
        case _:
            reader.error("must be text or a list of texts", node, path)


_CHECKS: Mapping[str, Callable[[Reader, Node, str], None]] = dict(
    zip(NAMES, (_transcript, _note, _summary, _codes), strict=True)
)
