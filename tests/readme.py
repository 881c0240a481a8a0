"""The generated parts of the README: snippets that are tested elsewhere, and tables of what the code knows.

`python -m tests.readme` writes them anew between their markers; a test fails when they differ.

    <!-- begin: NAME -->
    …
    <!-- end -->
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mockscribe.cli import COMMANDS
from mockscribe.commands import COMMANDS as CONTROL
from mockscribe.scenario import language
from mockscribe.scenario.faults import FAULTS, Layer, Parameter
from mockscribe.scenario.language import Key

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SDKS = ROOT / "tests" / "integration" / "sdks"

_SECTION = re.compile(r"(<!-- begin: ([a-z0-9 -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generate(text: str) -> str:
    """The README with its generated parts anew."""

    def section(match: re.Match[str]) -> str:
        return f"{match[1]}{SECTIONS[match[2]]()}\n{match[3]}"

    return _SECTION.sub(section, text)


def code(path: Path, tongue: str = "python") -> Callable[[], str]:
    return lambda: f"```{tongue}\n{path.read_text(encoding='utf-8').rstrip()}\n```"


# ---- tables


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)])


def commands() -> str:
    return table(("command", "does"), [(f"`mockscribe {name}`", about) for name, about in COMMANDS.items()])


def control() -> str:
    rows = [(f"`{each.method} {each.path}`", each.about) for each in CONTROL]
    return table(("call", "does"), rows)


def scenario() -> str:
    parts = (
        ("", language.SCENARIO_KEYS),
        ("`match`", language.MATCH_KEYS),
        ("a step's verb", language.VERB_KEYS),
        ("with `say`", language.SAY_KEYS),
        ("a step's trigger", language.TRIGGER_KEYS),
        ("`when`", language.WHEN_KEYS),
        ("a step's options", language.OPTION_KEYS),
        ("an artifact", language.ARTIFACT_KEYS),
    )
    rows = [(where, f"`{name}`", key.about, f"`{example(key)}`") for where, keys in parts for name, key in keys.items()]
    return table(("in", "key", "means", "example"), rows)


def faults() -> str:
    rows = [
        (kind.layer.value, f"`{name}`", kind.about, parameters(kind.parameters), f"`{flow(kind.example)}`")
        for layer in Layer
        for name, kind in FAULTS.items()
        if kind.layer is layer
    ]
    return table(("of", "fault", "does", "takes", "example"), rows)


def parameters(given: Mapping[str, Parameter]) -> str:
    return "; ".join(
        f"`{name}`: {each.about.removesuffix('.')}" + ("" if each.default is None else f" (`{flow(each.default)}`)")
        for name, each in given.items()
    )


def example(key: Key) -> str:
    return flow(key.example)


def flow(value: Any) -> str:
    """A value as YAML's flow style writes it."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{name}: {flow(each)}" for name, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


SECTIONS: dict[str, Callable[[], str]] = {
    "python sdk": code(SDKS / "python" / "snippet.py"),
    "application": code(SDKS / "python" / "application.py"),
    "boto3": code(SDKS / "python" / "boto3_streaming.py"),
    "commands": commands,
    "control api": control,
    "faults": faults,
    "scenario reference": scenario,
}


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    after = generate(before)
    README.write_text(after, encoding="utf-8")
    print(f"{README.name}: {'as it was' if after == before else 'written anew'}", file=sys.stderr)
