"""YAML and JSON as nodes: what text means, where it stands, and what is refused."""

import json
from typing import Any

import pytest
import yaml

from mockscribe.errors import ScriptError
from mockscribe.scenario.document import MAX_DEPTH, Node, read_documents, scalar


def plain(node: Node) -> Any:
    match node.kind:
        case "scalar":
            return scalar(node)
        case "list":
            return [plain(each) for each in node.value]
        case _:
            return {plain(key): plain(value) for key, value in node.value}


def read(text: str) -> Any:
    (document,) = read_documents(text, "t.yaml")
    return plain(document)


def refused(text: str) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        read_documents(text, "t.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("''", ""),
        ("'true'", "true"),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-01-29", "2026-01-29"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ("-9223372036854775809", float(-(2**63) - 1)),
        ("'42'", "42"),
        ("! 42", "42"),
        ("[1, [two, 3.0]]", [1, ["two", 3.0]]),
        ("{a: 1, b: {c: [d]}}", {"a": 1, "b": {"c": ["d"]}}),
        ("- 1\n- 2\n- 3", [1, 2, 3]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">\n  one\n  line\n", "one line\n"),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("%YAML 1.2\n---\nno", "no"),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, -2.5, True, None, "text"], "b": {}},
        [],
        {"emoji": "😀 Ω", "escapes": '\\ " / \b\f\n\r\t'},
        {"digits": "42", "yes": "no", "empty": ""},
        {"nested": [[[{"deep": [0]}]]]},
    ],
)
@pytest.mark.parametrize("options", [{}, {"ensure_ascii": False}, {"indent": "\t"}, {"separators": (",", ":")}])
def test_json_is_read_as_json_means_it(value: Any, options: Any) -> None:
    assert read(json.dumps(value, **options)) == value


@pytest.mark.parametrize("fast", [True, False])
def test_without_libyaml_too(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert read('{"a":\t["x\\ty", "😀"],\n\t"b": "\\ud83d\\ude00"}') == {"a": ["x\ty", "😀"], "b": "😀"}
    assert read("a: [1, two]\nb: |\n  text\n") == {"a": [1, "two"], "b": "text\n"}


def test_tabs_in_quotes_stay() -> None:
    assert read("{a: \"x\ty\",\tb: 'z'}") == {"a": "x\ty", "b": "z"}


def test_nodes_know_their_places() -> None:
    (document,) = read_documents("# first\na: 1\nb:\n  - x\n  -   {c: d}\n", "t")
    assert (document.line, document.column) == (2, 1)
    (_, one), (key, items) = document.value
    assert (one.line, one.column) == (2, 4)
    assert (key.line, key.column) == (3, 1)
    assert [(each.line, each.column) for each in items.value] == [(4, 5), (5, 7)]


def test_several_documents_and_empty_ones() -> None:
    documents = read_documents("---\n# nothing\n---\na: 1\n...\n---\nb: &x 2\n---\n", "t")
    assert [plain(each) for each in documents] == [{"a": 1}, {"b": 2}]
    assert [each.line for each in documents] == [4, 7]
    assert read_documents("", "t") == read_documents("# only this\n", "t") == []


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: [1, 2\n", 2, 1, "flow sequence"),
        ("a: b: c", 1, 5, "mapping values are not allowed"),
        ("a:\n\tb: 2", 2, 1, "cannot start any token"),
        ('a: "open', 1, 9, "unexpected end of stream"),
        ("a: 1\n  b: é\x01", 2, 7, "U+0001"),
        ("\x00", 1, 1, "U+0000"),
        ("a:\n - \ud800", 2, 4, "U+D800"),
        ("a: x\ufeff", 1, 5, "U+FEFF"),
        ("a: !!str 1", 1, 4, "the tag tag:yaml.org,2002:str has no meaning here"),
        ("a: !!python/object:os.system x", 1, 4, "has no meaning here"),
        ("a: *b", 1, 4, "the alias *b names nothing that stands before it"),
        ("a: &x [*x]", 1, 8, "the alias *x names nothing that stands before it"),
        ("a: &x 1\n---\nb: *x", 3, 4, "the alias *x names nothing that stands before it"),
        ('{"a": "\\ud83d"}', 1, 7, "half of a surrogate pair"),
        ("%YAML 3.0\n---\na: 1", 1, 1, "YAML"),
    ],
)
def test_what_is_neither_yaml_nor_json(text: str, line: int, column: int, message: str) -> None:
    error = refused(text)
    assert message in error.message
    assert (error.source, error.line, error.column) == ("t.yaml", line, column)


def test_nesting_has_an_end() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    error = refused("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert error.message == "nested more than 64 levels deep"
    assert (error.line, error.column) == (1, MAX_DEPTH + 1)
    assert "64 levels" in refused("{a: " * 100_000).message


def test_aliases_do_not_deepen_the_nesting_without_end() -> None:
    lines = ["- &a0 " + "[" * 40 + "]" * 40]
    lines += [f"- &a{n} " + "[" * 40 + f"*a{n - 1}" + "]" * 40 for n in range(1, 50)]
    error = refused("\n".join(lines))
    assert error.message == "nested more than 64 levels deep"
    assert (error.line, error.column) == (2, 47)
    assert len(read("- &x {k: [1]}\n- {j: *x}")) == 2


def test_aliases_do_not_multiply_without_end() -> None:
    lines = ["- &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    error = refused("\n".join(lines))
    assert error.message == "aliases make more than 200000 values of this text"
    assert error.line == 6
