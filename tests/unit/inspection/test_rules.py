"""The list of rules against those that the code records, found in its sources; and what is said of a name that is none.

Wherever a rule's name comes from, it gets into the journal as the value of "rule", as an argument for a parameter
`rule` or as a field of that name. Each such expression is followed to its text; one that cannot be fails the test.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mockscribe
from mockscribe.errors import FrameErrorKind, SignatureErrorKind
from mockscribe.inspection.rules import RULES, unknown

ROOT = Path(mockscribe.__file__).parent
KINDS = {
    "frame_": [kind.value for kind in FrameErrorKind],
    "signature_": [kind.value for kind in SignatureErrorKind],
}
"""What stands behind these beginnings; the code adds the kind of the error."""


class Module:
    """The source of one module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.functions = [each for each in ast.walk(self.tree) if isinstance(each, ast.FunctionDef)]
        self.tables = {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def rules(self, positions: dict[str, int]) -> Iterator[str]:
        """The names that it records; `positions` tells which argument of a function is a rule."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if isinstance(key, ast.Constant) and key.value == "rule":
                            yield from self.names(value)
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                    if name in positions:
                        yield from self.argument(args, positions[name])
                    for keyword in keywords:
                        if keyword.arg == "rule":
                            yield from self.names(keyword.value)

    def argument(self, args: list[ast.expr], position: int) -> Iterator[str]:
        for index, arg in enumerate(args):
            if isinstance(arg, ast.Starred):
                assert index == position, ast.unparse(arg)
                return self.names(arg.value)
        return self.names(args[position])

    def names(self, value: ast.expr) -> Iterator[str]:
        """What an expression for a rule's name, or for a tuple that begins with it, can be."""
        match value:
            case ast.Constant(value=str(name)):
                yield name
            case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), ast.FormattedValue()]):
                yield from (f"{beginning}{kind}" for kind in KINDS[beginning])
            case ast.IfExp(body=one, orelse=other):
                yield from self.names(one)
                yield from self.names(other)
            case ast.Tuple(elts=[first, *_]):
                yield from self.names(first)
            case ast.Subscript(value=ast.Name(id=name)):
                yield from self.table(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, default]):
                yield from self.table(name)
                yield from self.names(default)
            case ast.Attribute(attr="rule"):
                pass  # of something made with a rule, which is found where it is made
            case ast.Name(id="rule"):
                yield from self.variable(value)
            case _:
                pytest.fail(f"{self.path}:{value.lineno}: what is {ast.unparse(value)}?")

    def table(self, name: str) -> Iterator[str]:
        table = self.tables[name]
        assert isinstance(table, ast.Dict)
        for each in table.values:
            yield from self.names(each)

    def variable(self, name: ast.Name) -> Iterator[str]:
        """What `rule` is here: a parameter, which is found at the calls, or a variable."""
        around = [each for each in self.functions if any(node is name for node in ast.walk(each))]
        if any(arg.arg == "rule" for each in around for arg in (*each.args.args, *each.args.kwonlyargs)):
            return
        found = False
        for each in around:
            for node in ast.walk(each):
                match node:
                    case ast.Assign(targets=[ast.Name(id="rule") | ast.Tuple(elts=[ast.Name(id="rule"), *_])]):
                        found = True
                        yield from self.names(node.value)
        assert found, f"{self.path}:{name.lineno}: where does it come from?"


def recorded() -> set[str]:
    """All names that the code can record."""
    modules = [Module(path) for path in sorted(ROOT.rglob("*.py")) if path.parent.name != "inspection"]
    public: dict[str, int] = {}
    private: dict[Path, dict[str, int]] = {}
    for module in modules:
        classes = {
            id(each): node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef) for each in node.body
        }
        for function in module.functions:
            parameters = [arg.arg for arg in function.args.args]
            if "rule" not in parameters:
                continue
            position, name = parameters.index("rule") - (parameters[0] == "self"), function.name
            if name == "__init__":
                name = classes[id(function)].name
            here = private.setdefault(module.path, {}) if name.startswith("_") else public
            assert here.setdefault(name, position) == position
    return {name for module in modules for name in module.rules(public | private.get(module.path, {}))}


def test_the_list_has_the_rules_that_the_code_records_and_no_other() -> None:
    found = recorded()
    assert {"chunk_size", "slow_head", "ping_frame", "frame_truncated", "event", "malformed_request"} <= found
    assert found == set(RULES)
    assert len(RULES) == len(set(RULES))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("chunk-size", "there is no rule 'chunk-size'; did you mean chunk_size?"),
        ("signature", "did you mean signature_"),
        ("slow", "did you mean slow_head"),
        ("zzz", "there are connections, slow_start, "),
        ("", "there are connections, slow_start, "),
    ],
)
def test_a_name_that_is_no_rule_is_answered_with_the_nearest(name: str, said: str) -> None:
    told = unknown(name)
    assert told is not None
    assert said in told


def test_a_rule_is_known() -> None:
    assert unknown("chunk_size") is None
