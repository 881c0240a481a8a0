"""The fidelity report: what real SDKs, testers and vectors have shown of mockscribe, and where it had to choose.

`python -m tests.fidelity` writes `tests/fidelity.md` from the outcomes that the last runs of the tests left behind
(`tests/conftest.py`); with `--check` it only fails when the page claims what did not pass. A behaviour is the name of a
test that the SDKs share.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import typing
from collections.abc import Collection, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mockscribe.config import SERVICE, TYPES, Config, flag
from tests.readme import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "tests" / "fidelity.md"
RECORD = ROOT / ".pytest_cache" / "fidelity.json"
FRAMES = ROOT / "fixtures" / "frames"

INTEGRATION = "tests/integration"
VECTORS = "tests/vectors/test_frames.py"
H2SPEC = f"{INTEGRATION}/test_h2spec.py"
BOTO3 = (f"{INTEGRATION}/test_boto3.py", f"{INTEGRATION}/test_boto3_streaming.py")


class Tongue(NamedTuple):
    """A language and how its SDK was driven."""

    name: str
    module: str
    generated: bool


TONGUES = tuple(
    Tongue(name, f"{INTEGRATION}/test_{name.lower()}_sdk.py", generated)
    for name, generated in (("Python", True), ("Rust", True), ("Java", False), ("Go", False), ("JavaScript", False))
)

SOURCES = {
    "MODEL": "botocore's model of the service, `connecthealth/2025-01-29`",
    "UG-…": "the service's user guide, by page",
    "HS-model, HealthScribe": "the model and guide of AWS HealthScribe streaming, its predecessor",
    "Transcribe": "recorded traffic, guide and issues of Amazon Transcribe streaming",
    "SAMPLE, SAMPLE2, HS-demo": "AWS's sample applications",
}

Outcomes = dict[str, dict[str, Any]]


# ---- what was recorded


def is_recorded(nodeid: str) -> bool:
    """Whether the report is about this test."""
    module = nodeid.partition("::")[0]
    return module in (VECTORS, H2SPEC, *BOTO3, *(each.module for each in TONGUES))


def record(outcomes: Outcomes, partly: Collection[str]) -> None:
    """Keep outcomes; those of modules that were run only `partly` are added to what is known of them."""
    modules = {nodeid.partition("::")[0] for nodeid in outcomes} - set(partly)
    known = {nodeid: told for nodeid, told in recorded().items() if nodeid.partition("::")[0] not in modules}
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(known | outcomes, indent=1), encoding="utf-8")


def recorded() -> Outcomes:
    """By the tests' ids."""
    if not RECORD.exists():
        return {}
    found: Outcomes = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def of(outcomes: Outcomes, *modules: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The outcomes of modules, by the tests' names and then their parameters."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for nodeid, told in sorted(outcomes.items()):
        module, _, test = nodeid.partition("::")
        if module in modules:
            name, _, parameters = test.partition("[")
            found.setdefault(name, {})[parameters.rstrip("]")] = told
    return found


def passed(told: Iterable[dict[str, Any]]) -> bool:
    return {each["outcome"] for each in told} == {"passed"}


# ---- the page


def behaviour(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def behaviours(outcomes: Outcomes) -> str:
    """Which SDK passes what: a row a behaviour that has passed, those that most SDKs share first."""
    cells: dict[str, dict[str, str]] = {}
    for tongue in TONGUES:
        for test, runs in of(outcomes, tongue.module).items():
            if passed(runs.values()) and "readme" not in test:
                clear = any(re.search(r"(^|-)http(-|$)", parameters) for parameters in runs)
                cells.setdefault(behaviour(test), {})[tongue.name] = "TLS, clear" if clear else "TLS"
    order = sorted(cells, key=lambda each: (-len(cells[each]), each))
    names = [tongue.name for tongue in TONGUES]
    return table(("behaviour", *names), [(each, *(cells[each].get(name, "") for name in names)) for each in order])


def sdks(outcomes: Outcomes) -> str:
    rows = []
    for tongue in TONGUES:
        seen = {
            (told["sdk"]["name"], told["sdk"]["version"], told["sdk"]["generated"])
            for runs in of(outcomes, tongue.module).values()
            for told in runs.values()
            if "sdk" in told
        }
        for name, version, generated in sorted(seen):
            assert generated is tongue.generated
            rows.append((tongue.name, f"{name} {version}", GENERATED if generated else RUNTIME))
    rows.append(
        ("Python", f"boto3 {metadata.version('boto3')}", "the official client: all operations but the streaming one")
    )
    return table(("language", "SDK", "what ran"), rows)


GENERATED = "the official generated client, unmodified"
RUNTIME = "the official runtime (HTTP/2, signatures, event streams) under a thin layer in the generated client's place"


def boto3(outcomes: Outcomes) -> str:
    tests = of(outcomes, *BOTO3)
    return "\n".join(
        f"- {behaviour(test)}" for test, runs in tests.items() if passed(runs.values()) and "readme" not in test
    )


def wire(outcomes: Outcomes) -> str:
    vectors = {name: runs for name, runs in of(outcomes, VECTORS).items() if passed(runs.values())}
    checks = sum(map(len, vectors.values()))
    spec = of(outcomes, H2SPEC).get("test_every_case_of_h2spec_passes", {})
    ways = " and ".join(sorted(way for way, told in spec.items() if passed([told])))
    cases = h2spec_cases()
    return "\n".join(
        (
            f"- {vector_files()} event-stream files in `fixtures/frames`, {checks} checks of them pass; "
            "crcmod and botocore are the oracles.",
            f"- h2spec: {cases if ways else 0} of {cases} cases pass, the strict ones too, in {ways or 'none'}.",
        )
    )


def vector_files() -> int:
    return len(list(FRAMES.glob("*.bin")))


def h2spec_cases() -> int:
    found = re.search(r"^CASES = (\d+)$", (ROOT / H2SPEC).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def choices() -> str:
    """Each setting for what nobody outside AWS can look up, from the configuration itself."""
    rows = []
    for field in dataclasses.fields(Config):
        source: str = field.metadata["source"]
        if field.metadata["group"] == SERVICE or "not public" in source or re.search(r"\brow \d", source):
            rows.append(
                (f"`{flag(field.name)}`", field.metadata["about"], default(field), values(field), rests_on(source))
            )
    return table(("switch", "what it decides", "default", "or", "the default rests on"), rows)


def default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if value is dataclasses.MISSING:
        return "built-in texts"
    if field.name.endswith("_seconds"):
        return f"{value:g}s"
    return str(value).lower() if isinstance(value, bool) else str(value)


def values(field: dataclasses.Field[Any]) -> str:
    type_ = TYPES[field.name]
    if typing.get_origin(type_) is Literal:
        return ", ".join(each for each in typing.get_args(type_) if each != field.default)
    if type_ is bool:
        return str(not field.default).lower()
    return "a duration" if field.name.endswith("_seconds") else "a number" if type_ is int else "other texts"


def rests_on(source: str) -> str:
    """Without the numbers of rows in our notes."""
    return re.sub(r"\s*\(rows? [\d, ]+\)|facts \d+ row \d+: |\s*\(facts \d+\)", "", source)


def page(outcomes: Outcomes) -> str:
    """All of it."""
    legend = table(("source", "is"), list(SOURCES.items()))
    return f"""# What mockscribe has been shown to do

Written by `python -m tests.fidelity` from a run of the tests; `.ci/run` fails when it claims what did not pass.

## SDKs

{sdks(outcomes)}

A client is judged by what it sent, what mockscribe recorded and what it gave back, event by event, and never by its
exit code.

{behaviours(outcomes)}

TLS is HTTP/2 by ALPN. In clear text Go, Java and JavaScript speak HTTP/2 by prior knowledge, Rust HTTP/1.1 in both
directions at once. Python cannot stream in clear text: it sends nothing and reports success, so mockscribe answers 400.

boto3, and the streaming call that `mockscribe.boto3` gives it:

{boto3(outcomes)}

## Wire

{wire(outcomes)}

## Where the service's behaviour is not public

Nobody outside AWS can look these up; mockscribe chose, and each choice is a switch of `mockscribe serve`.

{choices()}

One has no switch yet: with `languageCode` `multi` the output has the same fields as with `en-US`.

{legend}
"""


# ---- the check


def claims(text: str) -> set[tuple[str, str]]:
    """What a page says that passes: an SDK and a behaviour each, and the lines about boto3 and the wire."""
    found: set[tuple[str, str]] = set()
    names: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "behaviour":
            names = cells[1:]
        elif names and line.startswith("|"):
            for name, cell in zip(names, cells[1:], strict=True):
                found.update((name, f"{cells[0]}: {how}") for how in cell.split(", ") if how.strip("-"))
        else:
            names = []
        if line.startswith("- "):
            found.add(("", line[2:]))
    return found


def main(arguments: list[str]) -> int:
    outcomes = recorded()
    if not outcomes:
        print("no run of the tests has been recorded", file=sys.stderr)
        return 1
    text = page(outcomes)
    if arguments == ["--check"]:
        missing = claims(PAGE.read_text(encoding="utf-8")) - claims(text)
        for sdk, claim in sorted(missing):
            print(f"{PAGE.name} claims, but did not pass: {f'{sdk}: ' if sdk else ''}{claim}", file=sys.stderr)
        return 1 if missing else 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
