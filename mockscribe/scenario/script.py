"""Text → scenarios, every error with its line and column. Pure: it reads text, not files."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import assert_never

from mockscribe.errors import ScriptError
from mockscribe.scenario.contents import read_content
from mockscribe.scenario.document import Node, read_documents, scalar
from mockscribe.scenario.faults import FAULTS, ends_surely, fault_of
from mockscribe.scenario.language import (
    ARTIFACT_KEYS,
    ARTIFACTS,
    EXCEPTIONS,
    MATCH_KEYS,
    OUTPUT_EVENTS,
    ROLES,
    SAY_KEYS,
    SCENARIO_KEYS,
    SHORTEST_QUIET_US,
    STANDING_KEYS,
    STEP_KEYS,
    STREAM_FAULTS,
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
    Standing,
    Step,
    Trigger,
    Verb,
)
from mockscribe.scenario.reading import Reader

MOST_AT_ONCE = 10_000
"""How often a step may repeat at one instant; own choice: some megabytes, which no client reads at once."""


def parse(text: str, source: str) -> tuple[Scenario, ...]:
    """The scenarios in a text, one for each document; `source` is what errors call it.

    Raises:
        ScriptError: they cannot be used; `errors` has all that is wrong, the first is raised.
    """
    documents = read_documents(text, source)
    reader = _ScenarioReader(source)
    if not documents:
        reader.error("there is no scenario here", Node("scalar", "", 1, 1), "")
    scenarios = [reader.scenario(document) for document in documents]
    names: dict[str, int] = {}
    for document, scenario in zip(documents, scenarios, strict=True):
        if scenario is not None and scenario.name and names.setdefault(scenario.name, document.line) != document.line:
            text = f"the scenario {scenario.name!r} stands in this text already, on line {names[scenario.name]}"
            reader.error(text, document, "scenario")
    if reader.errors:
        raise ScriptError.of(sorted(reader.errors, key=lambda error: (error.line, error.column)))
    return tuple(scenario for scenario in scenarios if scenario is not None)


def parse_standing(text: str, source: str) -> Standing:
    """A fault that stands: its name alone, or {NAME: {…}} with the keys of `STANDING_KEYS` beside it.

    Raises:
        ScriptError: it cannot be used; `errors` has all that is wrong, the first is raised.
    """
    documents = read_documents(text, source)
    reader = _ScenarioReader(source)
    standing = reader.standing(documents[0] if documents else Node("scalar", "", 1, 1))
    if reader.errors or standing is None:
        raise ScriptError.of(sorted(reader.errors, key=lambda error: (error.line, error.column)))
    return standing


class _ScenarioReader(Reader):
    """Reads documents."""

    # ---- the parts of a scenario

    def scenario(self, node: Node) -> Scenario | None:
        """One document."""
        fields = self.mapping(node, SCENARIO_KEYS, "")
        if fields is None:
            return None
        if "scenario" not in fields and len(fields) == len(node.value):
            self.error("the key `scenario` with the scenario's name is missing", node, "")
        name = self.field(fields, "scenario", "", self.some_text)
        steps = self.field(fields, "steps", "", self._steps)
        return Scenario(
            name=name or "",
            match=self.field(fields, "match", "", self._match) or Match(),
            times=self.field(fields, "times", "", self.count),
            steps=steps or (),
            artifacts=self.field(fields, "artifacts", "", self._artifacts) or {},
            source=self._source,
            line=node.line,
        )

    def standing(self, node: Node) -> Standing | None:
        """A fault that stands."""
        if node.kind == "scalar":
            name = self.choice(FAULTS)(node, "")
            return Standing(fault=Fault(name=name)) if name is not None else None
        fields = self.mapping(node, {**STANDING_KEYS, **FAULTS}, "")
        if fields is None:
            return None
        names = [name for name in fields if name in FAULTS]
        if len(names) != 1:
            self.error(f"must name one fault: {', '.join(FAULTS)}", node, "")
            return None
        fault = self._fault(names[0], fields[names[0]], names[0])
        times = self.field(fields, "times", "", self.count)
        match = self.field(fields, "match", "", self._match)
        lasts = self.field(fields, "lasts", "", self.duration)
        if match is not None and FAULTS[names[0]].flaw is not None:
            self.error("no stream is known yet at a handshake; there is `server_name`", fields["match"], "match")
        return Standing(fault=fault, times=times, match=match, lasts_us=lasts) if fault is not None else None

    def _match(self, node: Node, path: str) -> Match | None:
        fields = self.mapping(node, MATCH_KEYS, path)
        if fields is None:
            return None
        account = self.field(fields, "account", path, self.some_text)
        if account is not None and not re.fullmatch("[0-9]{12}", account):
            self.error(f"{account!r} is no account: 12 digits, in quotes", fields["account"], f"{path}.account")
        attempt = self.field(fields, "attempt", path, self.count)
        parameters: dict[str, str | int] = {}
        for name, value in fields.items():
            here = f"{path}.{name}"
            if name == "mediaSampleRateHertz":
                rate = self.count(value, here)
                if rate is not None:
                    parameters[name] = rate
            elif name not in ("account", "attempt"):
                choices = MATCH_KEYS[name].schema.get("enum")
                text = self.choice(choices)(value, here) if choices else self.some_text(value, here)
                if text is not None:
                    parameters[name] = text
        return Match(parameters=parameters, account=account, attempt=attempt)

    def _artifacts(self, node: Node, path: str) -> dict[str, Artifact] | None:
        fields = self.mapping(node, dict.fromkeys(ARTIFACTS), path)
        if fields is None:
            return None
        artifacts = {}
        for name, value in fields.items():
            here = f"{path}.{name}"
            parts = self.mapping(value, ARTIFACT_KEYS, here)
            if parts is not None:
                artifacts[name] = Artifact(
                    content=self.field(parts, "content", here, functools.partial(read_content, self, name)),
                    delay_us=self.field(parts, "delay", here, self.duration) or 0,
                    fail=self.field(parts, "fail", here, self.some_text),
                    skip=self.field(parts, "skip", here, self.boolean) or False,
                )
        return artifacts

    def _steps(self, node: Node, path: str) -> tuple[Step, ...] | None:
        if node.kind != "list":
            self.error("must be a list of steps", node, path)
            return None
        steps = [self._step(each, f"{path}[{index}]", index) for index, each in enumerate(node.value)]
        return tuple(step for step in steps if step is not None)

    def _step(self, node: Node, path: str, index: int) -> Step | None:
        fields = self.mapping(node, STEP_KEYS, path)
        if fields is None:
            return None
        verb_name = self.one_of(fields, VERB_KEYS, node, path, "verb")
        trigger_name = self.one_of(fields, TRIGGER_KEYS, node, path, "trigger", needed=False)
        for name in SAY_KEYS:
            if name in fields and verb_name not in ("say", None):
                self.error(f"`{name}` belongs to `say`, this step is a `{verb_name}`", fields[name], f"{path}.{name}")
        beside = self.field(fields, "with", path, self.boolean) or False
        if beside and index == 0:
            self.error("the first step has no step before it to be `with`", fields["with"], f"{path}.with")
        forever = "repeat" in fields and _is_forever(fields["repeat"])
        repeat = None if forever else self.field(fields, "repeat", path, self.count)
        verb = self._verb(verb_name, fields, path) if verb_name is not None else None
        trigger = self._trigger(trigger_name, fields, path) if trigger_name is not None else None
        broken = trigger is None and trigger_name is not None
        if forever and verb is not None and not broken and not _advances(verb, trigger):
            text = "a step that repeats forever needs a trigger that lets time or audio pass, or a `say`"
            self.error(text, fields["repeat"], f"{path}.repeat")
        if (repeat or 0) > MOST_AT_ONCE and verb is not None and not broken and not _advances(verb, trigger):
            text = (
                f"a step that repeats more than {MOST_AT_ONCE:,} times needs a trigger that lets time or audio pass, "
                "such as `after: 10ms`, or a `say`"
            )
            self.error(text, fields["repeat"], f"{path}.repeat")
        if verb is None:
            return None
        return Step(
            verb=verb,
            trigger=trigger,
            beside=beside,
            repeat=None if forever else repeat or 1,
            optional=self.field(fields, "optional", path, self.boolean) or False,
            line=node.line,
        )

    # ---- verbs

    def _verb(self, name: str, fields: Mapping[str, Node], path: str) -> Verb | None:
        node, here = fields[name], f"{path}.{name}"
        match name:
            case "say":
                text = self.some_text(node, here)
                by = self.field(fields, "by", path, self.choice(ROLES))
                takes = self.field(fields, "takes", path, self.duration)
                partials: Partials = self.field(fields, "partials", path, self._partials) or EveryWord()
                return Say(text=text, by=by, takes_us=takes, partials=partials) if text is not None else None
            case "send":
                member, content = self.single(node, OUTPUT_EVENTS, here, "output event of the model")
                if content is None:
                    return None
                if content.kind != "mapping":
                    self.error("must be a mapping of the event's members", content, f"{here}.{member}")
                    return None
                return Send(member=member, content=self.data(content, f"{here}.{member}"))
            case "raise":
                member, content = self.single(node, EXCEPTIONS, here, "exception of the model")
                message = self.some_text(content, f"{here}.{member}") if content is not None else None
                return Raise(member=member, message=message) if message is not None else None
            case "fault":
                member, content = self.single(node, FAULTS, here, "fault")
                if content is not None and member not in STREAM_FAULTS:
                    text = f"`{member}` comes before any stream: let it stand (--fault, POST /faults, mock.fault)"
                    self.error(text, node, here)
                    return None
                return self._fault(member, content, f"{here}.{member}") if content is not None else None
            case _:
                if self.boolean(node, here) is not True:
                    self.error("write `end: true`", node, here)
                    return None
                return End()

    def _fault(self, name: str, node: Node, path: str) -> Fault | None:
        kinds = FAULTS[name].keys
        fields = self.mapping(node, kinds, path)
        if fields is None:
            return None
        keys = {}
        for key, value in fields.items():
            keys[key] = self.data(value, f"{path}.{key}")
            try:
                kinds[key].parse(keys[key])
            except ValueError as error:
                self.error(str(error), value, f"{path}.{key}")
        return fault_of(name, keys)

    def _partials(self, node: Node, path: str) -> Partials | None:
        if node.kind == "mapping":
            fields = self.mapping(node, {"every": None}, path)
            every = self.field(fields or {}, "every", path, self.duration)
            if fields is not None and every is None and "every" not in fields:
                self.error("write {every: 200ms}", node, path)
            if every == 0:
                self.error("must be longer than nothing", node, f"{path}.every")
                return None
            return EveryInterval(audio_us=every) if every is not None else None
        word = self.choice(("words", "none"))(node, path)
        return None if word is None else EveryWord() if word == "words" else NoPartials()

    # ---- triggers

    def _trigger(self, name: str, fields: Mapping[str, Node], path: str) -> Trigger | None:
        node, here = fields[name], f"{path}.{name}"
        match name:
            case "at":
                at = self.duration(node, here)
                return AtAudio(audio_us=at) if at is not None else None
            case "after":
                if node.kind != "mapping":
                    after = self.duration(node, here)
                    return AfterAudio(audio_us=after) if after is not None else None
                _, content = self.single(node, ("time",), here, "clock")
                time = self.duration(content, f"{here}.time") if content is not None else None
                return AfterTime(time_us=time) if time is not None else None
            case _:
                return self._when(node, here)

    def _when(self, node: Node, path: str) -> Trigger | None:
        if node.kind == "scalar":
            word = self.choice(WHEN_WORDS)(node, path)
            if word is None:
                return None
            return OnEndOfSession() if word == "end_of_session" else OnInputClosed()
        name, content = self.single(node, tuple(WHEN_KEYS), path, "condition")
        if content is None:
            return None
        here = f"{path}.{name}"
        if name in ("events", "bytes"):
            count = self.count(content, here)
            if count is None:
                return None
            return OnEvents(count=count) if name == "events" else OnBytes(count=count)
        duration = self.duration(content, here)
        if duration is None:
            return None
        if name == "idle":
            return OnIdle(time_us=duration)
        if duration < SHORTEST_QUIET_US:
            self.error("must be 10ms or more: silence is measured in blocks of 10 ms", content, here)
            return None
        return OnQuiet(audio_us=duration)


def _is_forever(node: Node) -> bool:
    return node.kind == "scalar" and scalar(node) == "forever"


def _advances(verb: Verb, trigger: Trigger | None) -> bool:
    """Whether a step with these can repeat without end and yet let time or audio pass."""
    match verb:
        case Say(takes_us=takes):
            return takes is None or takes > 0 or _passes(trigger)
        case Raise() | End():
            return True  # each time on another stream
        case Fault() as fault:
            return ends_surely(fault) or _passes(trigger)
        case Send():
            return _passes(trigger)
        case _:
            assert_never(verb)


def _passes(trigger: Trigger | None) -> bool:
    match trigger:
        case AfterAudio(audio_us=span) | AfterTime(time_us=span) | OnQuiet(audio_us=span) | OnIdle(time_us=span):
            return span > 0
        case OnEvents() | OnBytes():
            return True
        case _:
            return False
