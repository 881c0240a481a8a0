"""Text → scenarios, every error with its line and column. Pure: it reads text, not files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mockscribe.duration import parse_duration
from mockscribe.errors import ScriptError
from mockscribe.scenario.document import Node, plain_value, read_documents, scalar
from mockscribe.scenario.faults import FAULTS
from mockscribe.scenario.language import (
    ARTIFACT_KEYS,
    ARTIFACTS,
    EXCEPTIONS,
    MATCH_KEYS,
    OUTPUT_EVENTS,
    ROLES,
    SAY_KEYS,
    SCENARIO_KEYS,
    STEP_KEYS,
    TRIGGER_KEYS,
    VERB_KEYS,
    WHEN_KEYS,
    WHEN_WORDS,
)
from mockscribe.scenario.model import (
    AfterAudio,
    AfterTime,
    Artifact,
    AtAudio,
    End,
    EveryInterval,
    EveryWord,
    Fault,
    Match,
    NoPartials,
    OnBytes,
    OnEndOfSession,
    OnEvents,
    OnIdle,
    OnInputClosed,
    OnQuiet,
    Partials,
    Raise,
    Say,
    Scenario,
    Send,
    Step,
    Trigger,
    Verb,
)

T = TypeVar("T")


def parse(text: str, source: str) -> tuple[Scenario, ...]:
    """The scenarios in a text, one for each document; `source` is what errors call it.

    Raises:
        ScriptError: they cannot be used; `errors` has all that is wrong, the first is raised.
    """
    documents = read_documents(text, source)
    reader = _Reader(source)
    if not documents:
        reader.error("there is no scenario here", Node("scalar", "", 1, 1), "")
    scenarios = [reader.scenario(document) for document in documents]
    names: dict[str, int] = {}
    for document, scenario in zip(documents, scenarios, strict=True):
        if scenario is not None and names.setdefault(scenario.name, document.line) != document.line:
            text = f"the scenario {scenario.name!r} stands in this text already, on line {names[scenario.name]}"
            reader.error(text, document, "scenario")
    if reader.errors:
        raise ScriptError.of(sorted(reader.errors, key=lambda error: (error.line, error.column)))
    return tuple(scenario for scenario in scenarios if scenario is not None)


class _Reader:
    """Reads nodes and collects errors; what cannot be read is None, and an error tells why."""

    def __init__(self, source: str) -> None:
        self.errors: list[ScriptError] = []
        self._source = source

    def error(self, message: str, node: Node, path: str) -> None:
        """Note that something is wrong."""
        message = f"{path}: {message}" if path else message
        self.errors.append(ScriptError(message, source=self._source, line=node.line, column=node.column, path=path))

    # ---- the parts of a scenario

    def scenario(self, node: Node) -> Scenario | None:
        """One document."""
        fields = self._mapping(node, SCENARIO_KEYS, "")
        if fields is None:
            return None
        if "scenario" not in fields:
            self.error("the key `scenario` with the scenario's name is missing", node, "")
        name = self._field(fields, "scenario", "", self._some_text)
        steps = self._field(fields, "steps", "", self._steps)
        return Scenario(
            name=name or "",
            match=self._field(fields, "match", "", self._match) or Match(),
            times=self._field(fields, "times", "", self._count),
            steps=steps or (),
            artifacts=self._field(fields, "artifacts", "", self._artifacts) or {},
            source=self._source,
            line=node.line,
        )

    def _match(self, node: Node, path: str) -> Match | None:
        fields = self._mapping(node, MATCH_KEYS, path)
        if fields is None:
            return None
        account = self._field(fields, "account", path, self._some_text)
        if account is not None and not re.fullmatch("[0-9]{12}", account):
            self.error(f"{account!r} is no account: 12 digits, in quotes", fields["account"], f"{path}.account")
        attempt = self._field(fields, "attempt", path, self._count)
        parameters: dict[str, str | int] = {}
        for name, value in fields.items():
            here = f"{path}.{name}"
            if name == "mediaSampleRateHertz":
                rate = self._count(value, here)
                if rate is not None:
                    parameters[name] = rate
            elif name not in ("account", "attempt"):
                choices = MATCH_KEYS[name].schema.get("enum")
                text = self._choice(choices)(value, here) if choices else self._some_text(value, here)
                if text is not None:
                    parameters[name] = text
        return Match(parameters=parameters, account=account, attempt=attempt)

    def _artifacts(self, node: Node, path: str) -> dict[str, Artifact] | None:
        fields = self._mapping(node, dict.fromkeys(ARTIFACTS), path)
        if fields is None:
            return None
        artifacts = {}
        for name, value in fields.items():
            here = f"{path}.{name}"
            parts = self._mapping(value, ARTIFACT_KEYS, here)
            if parts is not None:
                artifacts[name] = Artifact(
                    content=plain_value(parts["content"]) if "content" in parts else None,
                    delay_us=self._field(parts, "delay", here, self._duration) or 0,
                    fail=self._field(parts, "fail", here, self._some_text),
                    skip=self._field(parts, "skip", here, self._boolean) or False,
                )
        return artifacts

    def _steps(self, node: Node, path: str) -> tuple[Step, ...] | None:
        if node.kind != "list":
            self.error("must be a list of steps", node, path)
            return None
        steps = [self._step(each, f"{path}[{index}]", index) for index, each in enumerate(node.value)]
        return tuple(step for step in steps if step is not None)

    def _step(self, node: Node, path: str, index: int) -> Step | None:
        fields = self._mapping(node, STEP_KEYS, path)
        if fields is None:
            return None
        verb_name = self._one_of(fields, VERB_KEYS, node, path, "verb")
        trigger_name = self._one_of(fields, TRIGGER_KEYS, node, path, "trigger", needed=False)
        for name in SAY_KEYS:
            if name in fields and verb_name not in ("say", None):
                self.error(f"`{name}` belongs to `say`, this step is a `{verb_name}`", fields[name], f"{path}.{name}")
        beside = self._field(fields, "with", path, self._boolean) or False
        if beside and index == 0:
            self.error("the first step has no step before it to be `with`", fields["with"], f"{path}.with")
        repeat = self._field(fields, "repeat", path, self._repeat)
        verb = self._verb(verb_name, fields, path) if verb_name is not None else None
        trigger = self._trigger(trigger_name, fields, path) if trigger_name is not None else None
        forever = "repeat" in fields and repeat == "forever"
        if forever and verb is not None and not _advances(verb, trigger):
            text = "a step that repeats forever needs a trigger that passes, or a `say` that takes time"
            self.error(text, fields["repeat"], f"{path}.repeat")
        if verb is None:
            return None
        return Step(
            verb=verb,
            trigger=trigger,
            beside=beside,
            repeat=None if forever else int(repeat or 1),
            optional=self._field(fields, "optional", path, self._boolean) or False,
            line=node.line,
        )

    # ---- verbs

    def _verb(self, name: str, fields: Mapping[str, Node], path: str) -> Verb | None:
        node, here = fields[name], f"{path}.{name}"
        match name:
            case "say":
                text = self._some_text(node, here)
                by = self._field(fields, "by", path, self._choice(ROLES))
                takes = self._field(fields, "takes", path, self._duration)
                partials = self._field(fields, "partials", path, self._partials) or EveryWord()
                return Say(text=text, by=by, takes_us=takes, partials=partials) if text is not None else None
            case "send":
                member, content = self._single(node, OUTPUT_EVENTS, here, "output event of the model")
                if content is None:
                    return None
                if content.kind != "mapping":
                    self.error("must be a mapping of the event's members", content, f"{here}.{member}")
                    return None
                return Send(member=member, content=plain_value(content))
            case "raise":
                member, content = self._single(node, EXCEPTIONS, here, "exception of the model")
                message = self._some_text(content, f"{here}.{member}") if content is not None else None
                return Raise(member=member, message=message) if message is not None else None
            case "fault":
                member, content = self._single(node, tuple(FAULTS), here, "fault")
                return self._fault(member, content, f"{here}.{member}") if content is not None else None
            case _:
                if self._boolean(node, here) is not True:
                    self.error("write `end: true`", node, here)
                    return None
                return End()

    def _fault(self, name: str, node: Node, path: str) -> Fault | None:
        kinds = FAULTS[name].parameters
        fields = self._mapping(node, kinds, path)
        if fields is None:
            return None
        parameters = {}
        for key, value in fields.items():
            try:
                parameters[key] = kinds[key].parse(plain_value(value))
            except ValueError as error:
                self.error(str(error), value, f"{path}.{key}")
        return Fault(name=name, parameters=parameters)

    def _partials(self, node: Node, path: str) -> Partials | None:
        if node.kind == "mapping":
            fields = self._mapping(node, {"every": None}, path)
            every = self._field(fields or {}, "every", path, self._duration)
            if fields is not None and every is None and "every" not in fields:
                self.error("write {every: 200ms}", node, path)
            if every == 0:
                self.error("must be longer than nothing", node, f"{path}.every")
                return None
            return EveryInterval(audio_us=every) if every is not None else None
        word = self._choice(("words", "none"))(node, path)
        return None if word is None else EveryWord() if word == "words" else NoPartials()

    # ---- triggers

    def _trigger(self, name: str, fields: Mapping[str, Node], path: str) -> Trigger | None:
        node, here = fields[name], f"{path}.{name}"
        match name:
            case "at":
                at = self._duration(node, here)
                return AtAudio(audio_us=at) if at is not None else None
            case "after":
                if node.kind != "mapping":
                    after = self._duration(node, here)
                    return AfterAudio(audio_us=after) if after is not None else None
                _, content = self._single(node, ("time",), here, "clock")
                time = self._duration(content, f"{here}.time") if content is not None else None
                return AfterTime(time_us=time) if time is not None else None
            case _:
                return self._when(node, here)

    def _when(self, node: Node, path: str) -> Trigger | None:
        if node.kind == "scalar":
            word = self._choice(WHEN_WORDS)(node, path)
            return {"end_of_session": OnEndOfSession(), "input_closed": OnInputClosed()}.get(word or "")
        name, content = self._single(node, tuple(WHEN_KEYS), path, "condition")
        if content is None:
            return None
        here = f"{path}.{name}"
        if name in ("events", "bytes"):
            count = self._count(content, here)
            if count is None:
                return None
            return OnEvents(count=count) if name == "events" else OnBytes(count=count)
        duration = self._duration(content, here)
        if duration is None:
            return None
        return OnQuiet(audio_us=duration) if name == "quiet" else OnIdle(time_us=duration)

    # ---- values

    def _field(
        self, fields: Mapping[str, Node], name: str, path: str, read: Callable[[Node, str], T | None]
    ) -> T | None:
        """Read a key if it is there."""
        if name not in fields:
            return None
        return read(fields[name], f"{path}.{name}" if path else name)

    def _mapping(self, node: Node, keys: Mapping[str, Any], path: str) -> dict[str, Node] | None:
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
                near = difflib.get_close_matches(name, list(keys), n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"there are {_list(keys)}" if keys else "none is known"
                self.error(f"the key `{name}` is unknown; {hint}", key, path)
            else:
                fields[name] = value
        return fields

    def _single(self, node: Node, names: Iterable[str], path: str, what: str) -> tuple[str, Node | None]:
        """The only pair of a mapping {NAME: …}."""
        names = tuple(names)
        fields = self._mapping(node, dict.fromkeys(names), path)
        if fields is None:
            return "", None
        if len(fields) != 1:
            if len(fields) > 1 or not node.value:
                self.error(f"must name one {what}: {_list(names)}", node, path)
            return "", None
        return next(iter(fields.items()))

    def _one_of(
        self, fields: Mapping[str, Node], keys: Iterable[str], node: Node, path: str, what: str, *, needed: bool = True
    ) -> str | None:
        """Which of `keys` the step has; more than one is an error, and none if one is needed."""
        given = [name for name in fields if name in keys]
        if len(given) > 1:
            self.error(f"a step has one {what}; `{given[0]}` is there already", fields[given[1]], f"{path}.{given[1]}")
        elif not given and needed:
            self.error(f"a step needs a {what}: {_list(keys)}", node, path)
        return given[0] if given else None

    def _scalar(self, node: Node, path: str, expected: str) -> Any:
        if node.kind != "scalar":
            self.error(f"must be {expected}", node, path)
            return None
        return scalar(node)

    def _some_text(self, node: Node, path: str) -> str | None:
        """Text. What YAML takes for text, `yes` and `no` among it, is text; numbers want quotes."""
        value = self._scalar(node, path, "text")
        if isinstance(value, str) and value:
            return value
        if node.kind == "scalar":
            self.error(f"must be text{', in quotes' if value not in ('', None) else ' and not empty'}", node, path)
        return None

    def _choice(self, choices: Iterable[str]) -> Callable[[Node, str], str | None]:
        choices = tuple(choices)

        def read(node: Node, path: str) -> str | None:
            value = self._scalar(node, path, f"one of {_list(choices)}")
            if value in choices and isinstance(value, str):
                return value
            if node.kind == "scalar":
                near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.8)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.error(f"{node.value!r} is none of {_list(choices)}{hint}", node, path)
            return None

        return read

    def _boolean(self, node: Node, path: str) -> bool | None:
        value = self._scalar(node, path, "true or false")
        if isinstance(value, bool):
            return value
        if node.kind == "scalar":
            self.error(f"{node.value!r} is no boolean: write true or false", node, path)
        return None

    def _count(self, node: Node, path: str) -> int | None:
        value = self._scalar(node, path, "a whole number from 1")
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        if node.kind == "scalar":
            self.error(f"{node.value!r} is no whole number from 1", node, path)
        return None

    def _repeat(self, node: Node, path: str) -> int | str | None:
        if node.kind == "scalar" and scalar(node) == "forever":
            return "forever"
        return self._count(node, path)

    def _duration(self, node: Node, path: str) -> int | None:
        """Microseconds."""
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


def _advances(verb: Verb, trigger: Trigger | None) -> bool:
    """Whether a step with these can repeat without end and yet let time or audio pass."""
    if isinstance(verb, Say):
        return verb.takes_us is None or verb.takes_us > 0 or _passes(trigger)
    return isinstance(verb, Raise | End) or _passes(trigger)


def _passes(trigger: Trigger | None) -> bool:
    match trigger:
        case AfterAudio(audio_us=span) | AfterTime(time_us=span) | OnQuiet(audio_us=span) | OnIdle(time_us=span):
            return span > 0
        case OnEvents() | OnBytes():
            return True
        case _:
            return False
