"""Nodes → values, errors collected with their places. Knows how values are written, not what they mean. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from mockscribe.duration import parse_duration
from mockscribe.errors import ScriptError
from mockscribe.scenario.document import Node, scalar
from mockscribe.spelling import did_you_mean

T = TypeVar("T")


class Reader:
    """Reads nodes and collects errors; what cannot be read is None, and an error tells why."""

    def __init__(self, source: str) -> None:
        self.errors: list[ScriptError] = []
        self._source = source

    def error(self, message: str, node: Node, path: str) -> None:
        """Note that something is wrong."""
        self.errors.append(ScriptError(message, source=self._source, line=node.line, column=node.column, path=path))

    def data(self, node: Node, path: str) -> Any:
        """What a script may write freely, as plain data; a key given twice is an error there too."""
        match node.kind:
            case "scalar":
                return scalar(node)
            case "list":
                return [self.data(each, f"{path}[{index}]") for index, each in enumerate(node.value)]
            case _:
                names = {key.value: None for key, _ in node.value if key.kind == "scalar"}
                fields = self.mapping(node, names, path) or {}
                return {name: self.data(value, f"{path}.{name}") for name, value in fields.items()}

    def field(
        self, fields: Mapping[str, Node], name: str, path: str, read: Callable[[Node, str], T | None]
    ) -> T | None:
        """Read a key if it is there."""
        if name not in fields:
            return None
        return read(fields[name], f"{path}.{name}" if path else name)

    def mapping(self, node: Node, keys: Mapping[str, Any], path: str) -> dict[str, Node] | None:
        """The values of a mapping by key; keys given twice or unknown are errors."""
        if node.kind != "mapping":
            self.error(f"must be a mapping with {_list(keys)}", node, path)
            return None
        fields: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if key.kind == "scalar" else None
            here = f"{path}.{name}" if path else str(name)
            if name is None:
                self.error("a key must be text", key, path)
            elif name in fields:
                self.error(f"the key `{name}` is given twice", key, here)
            elif name not in keys:
                self._unknown(key, keys, path)
            else:
                fields[name] = value
        return fields

    def keys(self, node: Node, keys: Collection[str], path: str) -> None:
        """Hold the names of a mapping that `data` has read against those that are known."""
        if node.kind != "mapping":
            self.error(f"must be a mapping with {_list(keys)}", node, path)
            return
        for key, _ in node.value:
            if key.kind == "scalar" and key.value not in keys:
                self._unknown(key, keys, path)

    def _unknown(self, key: Node, keys: Iterable[str], path: str) -> None:
        names = list(keys)
        otherwise = f"there are {_list(names)}" if names else "none is known"
        hint = did_you_mean(key.value, names, otherwise, form="`{}`")
        self.error(f"the key `{key.value}` is unknown; {hint}", key, path)

    def single(self, node: Node, names: Iterable[str], path: str, what: str) -> tuple[str, Node | None]:
        """The only pair of a mapping {NAME: …}."""
        names = tuple(names)
        fields = self.mapping(node, dict.fromkeys(names), path)
        if fields is None:
            return "", None
        if len(fields) != 1:
            if len(fields) > 1 or not node.value:
                self.error(f"must name one {what}: {_list(names)}", node, path)
            return "", None
        return next(iter(fields.items()))

    def one_of(
        self, fields: Mapping[str, Node], keys: Iterable[str], node: Node, path: str, what: str, *, needed: bool = True
    ) -> str | None:
        """Which of `keys` the step has; more than one is an error, and none if one is needed."""
        given = [name for name in fields if name in keys]
        if len(given) > 1:
            self.error(f"a step has one {what}; `{given[0]}` is there already", fields[given[1]], f"{path}.{given[1]}")
        elif not given and needed and len(fields) == len(node.value):  # else a key was misspelt, and that was told
            self.error(f"a step needs a {what}: {_list(keys)}", node, path)
        return given[0] if given else None

    def _scalar(self, node: Node, path: str, expected: str) -> Any:
        if node.kind != "scalar":
            self.error(f"must be {expected}", node, path)
            return None
        return scalar(node)

    def some_text(self, node: Node, path: str) -> str | None:
        """Text. What YAML takes for text, `yes` and `no` among it, is text; numbers want quotes."""
        value = self._scalar(node, path, "text")
        if isinstance(value, str) and value:
            return value
        if node.kind == "scalar":
            self.error(f"must be text{', in quotes' if value not in ('', None) else ' and not empty'}", node, path)
        return None

    def choice(self, choices: Iterable[str]) -> Callable[[Node, str], str | None]:
        """What reads one of these words."""
        choices = tuple(choices)

        def read(node: Node, path: str) -> str | None:
            value = self._scalar(node, path, f"one of {_list(choices)}")
            if value in choices and isinstance(value, str):
                return value
            if node.kind == "scalar":
                hint = did_you_mean(str(value), choices, cutoff=0.8)
                self.error(f"{node.value!r} is none of {_list(choices)}{hint and '; '}{hint}", node, path)
            return None

        return read

    def boolean(self, node: Node, path: str) -> bool | None:
        """`true` or `false`; `yes` and `no` are text in YAML 1.2."""
        value = self._scalar(node, path, "true or false")
        if isinstance(value, bool):
            return value
        if node.kind == "scalar":
            self.error(f"{node.value!r} is no boolean: write true or false", node, path)
        return None

    def count(self, node: Node, path: str) -> int | None:
        """A whole number from 1."""
        value = self._scalar(node, path, "a whole number from 1")
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        if node.kind == "scalar":
            self.error(f"{node.value!r} is no whole number from 1", node, path)
        return None

    def duration(self, node: Node, path: str) -> int | None:
        """A duration with its unit, in microseconds."""
        value = self._scalar(node, path, "a duration such as 250ms")
        if node.kind != "scalar":
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.error(f"{node.value} has no unit: write {node.value}ms or {node.value}s", node, path)
            return None
        try:
            return parse_duration(str(node.value))
        except ValueError as error:
            self.error(str(error), node, path)
            return None


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
