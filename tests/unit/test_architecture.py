"""The direction of imports, as data: what each part of the package imports is exactly what it may import."""

import ast
import tomllib
from pathlib import Path

import mockscribe

ROOT = Path(mockscribe.__file__).parent

# Part → the parts that it imports. A part is a package, or a module at the root; an arrow points to an earlier part.
PERMITTED: dict[str, set[str]] = {
    "certificates": set(),
    "clock": set(),
    "duration": set(),
    "errors": set(),
    "instant": set(),
    "mockscribe": set(),
    "spelling": set(),
    "truststores": set(),
    "underway": set(),
    "ca_files": {"certificates"},
    "config": {"duration", "errors", "spelling"},
    "endpoints": {"errors"},
    "output": {"errors"},
    "session": {"errors"},
    "wire": {"errors"},
    "authority": {"ca_files", "certificates", "errors", "wire"},
    "client": {"errors", "wire"},
    "service": {"config", "errors", "wire"},
    "boto3": {"client", "errors", "wire"},
    "caller": {"service", "wire"},
    "entries": {"instant", "service"},
    "journal": {"entries", "instant"},
    "keeper": {"instant", "service"},
    "persistence": {"errors", "instant", "service"},
    "scenario": {"duration", "errors", "service", "session", "spelling", "wire"},
    "signatures": {"config", "errors", "service", "wire"},
    "violation_log": {"entries"},
    "live": {"scenario", "service", "session"},
    "scenario_files": {"errors", "scenario"},
    "speakers": {"config", "live", "scenario", "session"},
    "account": {
        "clock",
        "config",
        "entries",
        "instant",
        "journal",
        "keeper",
        "live",
        "scenario",
        "service",
        "session",
        "signatures",
        "speakers",
    },
    "inspection": {"account", "entries", "errors", "live", "scenario", "service", "session", "spelling"},
    "mock": {"account", "config", "entries", "scenario", "wire"},
    "response": {"account", "entries", "errors", "instant", "live", "scenario", "service", "wire"},
    "commands": {
        "account",
        "config",
        "duration",
        "entries",
        "errors",
        "inspection",
        "live",
        "mock",
        "mockscribe",
        "scenario",
        "service",
        "spelling",
    },
    "routes": {"errors", "mock", "mockscribe", "service", "wire"},
    "stream": {
        "account",
        "entries",
        "errors",
        "instant",
        "live",
        "response",
        "scenario",
        "service",
        "session",
        "signatures",
        "underway",
        "wire",
    },
    "unary": {"account", "caller", "entries", "errors", "live", "mock", "service", "signatures", "underway", "wire"},
    "control": {"commands", "entries", "errors", "mock", "mockscribe"},
    "listening": {
        "account",
        "caller",
        "entries",
        "errors",
        "live",
        "mock",
        "response",
        "scenario",
        "service",
        "signatures",
        "speakers",
        "stream",
        "wire",
    },
    "session_view": {"commands", "entries", "errors", "inspection", "scenario"},
    "account_view": {
        "commands",
        "entries",
        "errors",
        "inspection",
        "mock",
        "scenario",
        "scenario_files",
        "session_view",
    },
    "connection": {
        "account",
        "caller",
        "entries",
        "listening",
        "mock",
        "routes",
        "service",
        "unary",
        "underway",
        "wire",
    },
    "remote": {"account_view", "commands", "errors", "mock"},
    "transport": {"connection", "live", "wire"},
    "server": {
        "account",
        "authority",
        "commands",
        "config",
        "connection",
        "control",
        "errors",
        "live",
        "mock",
        "output",
        "persistence",
        "scenario",
        "scenario_files",
        "service",
        "transport",
        "violation_log",
    },
    "inprocess": {
        "account_view",
        "authority",
        "commands",
        "config",
        "errors",
        "scenario",
        "scenario_files",
        "server",
        "spelling",
    },
    "cli": {
        "authority",
        "ca_files",
        "client",
        "config",
        "duration",
        "endpoints",
        "errors",
        "inprocess",
        "mockscribe",
        "remote",
        "scenario",
        "scenario_files",
        "server",
        "spelling",
        "truststores",
        "wire",
    },
    "pytest_plugin": {"account_view", "errors", "inprocess", "remote"},
    "testcontainers": {"config", "remote"},
    "__main__": {"cli"},
}


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else "mockscribe"


def imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        names = path.relative_to(ROOT).with_suffix("").parts
        here = found.setdefault("mockscribe" if names == ("__init__",) else names[0], set())
        if names == ("__init__",):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mockscribe":
                modules = [node.module] if "." in node.module else [f"mockscribe.{each.name}" for each in node.names]
                here.update(
                    part(module)
                    if (ROOT / module.split(".")[1]).exists() or (ROOT / f"{module.split('.')[1]}.py").exists()
                    else "mockscribe"
                    for module in modules
                )
            elif isinstance(node, ast.Import):
                here.update(part(each.name) for each in node.names if each.name.split(".")[0] == "mockscribe")
        here.discard(names[0])
    return found


def test_imports_are_exactly_those_permitted() -> None:
    assert imports() == PERMITTED


def test_permissions_have_no_cycle() -> None:
    order: list[str] = []
    while len(order) < len(PERMITTED):
        ready = [name for name, needs in PERMITTED.items() if name not in order and needs <= set(order)]
        assert ready, f"a cycle among {sorted(set(PERMITTED) - set(order))}"
        order += ready


def test_no_class_of_a_compiled_module_has_keywords() -> None:
    """mypyc drops them without a word: a Struct would lose its renaming, and be neither frozen nor hidden from gc."""
    build = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    found = [
        f"{module}: {node.name}"
        for module in build["targets"]["wheel"]["hooks"]["mypyc"]["include"]
        for node in ast.walk(ast.parse((ROOT.parent / module).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.keywords
    ]
    assert found == []
