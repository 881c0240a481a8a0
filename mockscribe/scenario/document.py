"""YAML or JSON text → nodes that know where they stand.

YAML 1.2's core schema, so that `yes` and `no` are text; PyYAML only splits the text into events. Its composer is not
used: it recurses (in C, without a limit), and a scenario may come from anybody. Knows nothing of scenarios.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mockscribe.errors import ScriptError

MAX_DEPTH = 64
"""How deep a document may be nested; own choice, a scenario needs about eight."""

MAX_NODES = 200_000
"""How many nodes aliases may make of a text; own choice, against a "billion laughs"."""


class Node(msgspec.Struct, gc=False):
    """A place in a document. `value` is text of a scalar, a list of nodes, or a list of pairs; `line` counts from 1."""

    kind: str  # "scalar", "list" or "mapping"
    value: Any
    line: int
    column: int
    plain: bool = False


# YAML 1.2, 5.1: c-printable; a byte order mark may stand first (5.2) and nowhere else
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING_OR_TAB = re.compile(r'"(?:[^"\\]|\\.)*"?|\t')


def read_documents(text: str, source: str) -> list[Node]:
    """The documents in a text; an empty one is left out.

    Raises:
        ScriptError: the text is neither YAML nor JSON.
    """
    import yaml

    text = text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"neither YAML nor JSON: it contains the character U+{ord(found[0]):04X}"
        raise ScriptError(message, source=source, line=line, column=column)
    # libyaml is fast, but refuses the escaped surrogate pairs in which JSON writes characters beyond U+FFFF
    loader = yaml.BaseLoader if _SURROGATE.search(text) else getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    if text.lstrip().startswith(("{", "[")):  # JSON may have tabs between its tokens, YAML may not
        text = _STRING_OR_TAB.sub(lambda found: " " if found[0] == "\t" else found[0], text)
    try:
        return _Composer(source).documents(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        assert mark is not None  # scanner and parser always tell where
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise ScriptError(
            f"neither YAML nor JSON: {problem}", source=source, line=mark.line + 1, column=mark.column + 1
        ) from None


class _Composer:
    def __init__(self, source: str) -> None:
        self._source = source
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def documents(self, events: Iterator[Any]) -> list[Node]:
        """Build the nodes with a stack of our own."""
        import yaml

        documents: list[Node] = []
        stack: list[tuple[Node, str | None, list[Node]]] = []
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    node = self._node(event, "scalar", self._text(event))
                    node.plain = not event.style and event.tag is None  # `! 42` is text
                    self._define(event.anchor, node)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                    if len(stack) >= MAX_DEPTH:
                        raise self._error(event, f"nested more than {MAX_DEPTH} levels deep")
                    if event.anchor:
                        self._anchors[event.anchor] = None  # open: an alias to it would be a loop
                    stack.append((self._node(event, kind, []), event.anchor, []))
                    continue
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    node, anchor, parts = stack.pop()
                    node.value = parts if node.kind == "list" else list(zip(parts[::2], parts[1::2], strict=True))
                    self._define(anchor, node)
                case yaml.AliasEvent():
                    found = self._anchors.get(str(event.anchor))
                    if found is None:
                        raise self._error(event, f"the alias *{event.anchor} names nothing that stands before it")
                    size, depth = _extent(found, MAX_NODES)
                    self._nodes += size
                    if self._nodes > MAX_NODES:
                        raise self._error(event, f"aliases make more than {MAX_NODES} values of this text")
                    if len(stack) + depth > MAX_DEPTH:
                        raise self._error(event, f"nested more than {MAX_DEPTH} levels deep")
                    node = found
                case yaml.DocumentStartEvent():
                    self._anchors.clear()
                    continue
                case _:
                    continue
            if stack:
                stack[-1][2].append(node)
            elif not (node.kind == "scalar" and node.plain and node.value == ""):
                documents.append(node)
        return documents

    def _node(self, event: Any, kind: str, value: Any) -> Node:
        if event.tag is not None and event.tag != "!":
            raise self._error(event, f"the tag {event.tag} has no meaning here")
        mark = event.start_mark
        return Node(kind, value, mark.line + 1, mark.column + 1)

    def _text(self, event: Any) -> str:
        """The scalar's text; JSON's escaped surrogate pairs are joined."""
        try:
            return str(event.value.encode("utf-16", "surrogatepass").decode("utf-16"))
        except UnicodeDecodeError:
            raise self._error(event, "half of a surrogate pair is no character") from None

    def _define(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self._anchors[anchor] = node

    def _error(self, event: Any, message: str) -> ScriptError:
        mark = event.start_mark
        return ScriptError(message, source=self._source, line=mark.line + 1, column=mark.column + 1)


def _extent(node: Node, limit: int) -> tuple[int, int]:
    """How many nodes a node is, counted up to `limit`, and how many levels of lists and mappings."""
    count, deepest, rest = 0, 0, [(node, 0)]
    while rest and count <= limit:
        count += 1
        top, depth = rest.pop()
        deepest = max(deepest, depth + (top.kind != "scalar"))
        if top.kind == "list":
            rest += [(each, depth + 1) for each in top.value]
        elif top.kind == "mapping":
            rest += [(each, depth + 1) for pair in top.value for each in pair]
    return count, deepest


# YAML 1.2, 10.3.2: the core schema
_NULL = re.compile(r"|~|null|Null|NULL", re.ASCII)
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE", re.ASCII)
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)


def scalar(node: Node) -> str | int | float | bool | None:
    """The value of a scalar node by the core schema."""
    text: str = node.value
    if not node.plain:
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text):
        number = int(text, 0 if text[:2] in ("0o", "0x") else 10)
        return number if -(2**63) <= number < 2**64 else float(number)  # beyond that JSON's readers want a float
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
