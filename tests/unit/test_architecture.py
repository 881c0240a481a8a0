"""The direction of imports, as data: what each part of the package imports is exactly what it may import."""

import ast
from pathlib import Path

import mockscribe

ROOT = Path(mockscribe.__file__).parent

# Part → the parts that it imports. A part is a package, or a module at the root; an arrow points to an earlier part.
PERMITTED = {
    "errors": set(),
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
