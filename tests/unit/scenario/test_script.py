"""Text → scenarios: the whole language, and every mistake with its place."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mockscribe.errors import ScriptError
from mockscribe.scenario.language import ARTIFACTS, OUTPUT_EVENTS
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
    Position,
    Raise,
    Say,
    Scenario,
    Send,
    Standing,
    Step,
)
from mockscribe.scenario.script import parse, parse_standing

COMPLETE = """\
scenario: follow-up visit
match: {mediaEncoding: pcm}             # request parameters, account, attempt; all must hold
steps:
  - say: How have you been since the surgery?
    by: CLINICIAN                       # → channelId, by the client's channelDefinitions
    at: 400ms                           # when 0.4 s of audio have arrived
  - say: Much better, thank you.
    by: PATIENT
    after: 600ms                        # of audio, since the step before was finished
    partials: {every: 200ms}
  - raise: {internalFailureException: the backend is on fire}
    when: end_of_session
artifacts:
  note: {content: {CHIEF_COMPLAINT: [Follow-up after surgery]}, delay: 2s}
"""


def one(text: str) -> Scenario:
    (scenario,) = parse(text, "t.yaml")
    return scenario


def step(text: str) -> Step:
    (found,) = one(f"scenario: s\nsteps:\n  - {{{text}}}\n").steps
    return found


def errors(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ScriptError) as caught:
        parse(text, "t.yaml")
    assert caught.value is caught.value.errors[0]
    return [(error.line, error.column, error.placed) for error in caught.value.errors]


def test_a_small_one_complete() -> None:
    assert one(COMPLETE) == Scenario(
        name="follow-up visit",
        match=Match(parameters={"mediaEncoding": "pcm"}),
        steps=(
            Step(
                verb=Say(text="How have you been since the surgery?", by="CLINICIAN"),
                trigger=AtAudio(audio_us=400_000),
                line=4,
            ),
            Step(
                verb=Say(text="Much better, thank you.", by="PATIENT", partials=EveryInterval(audio_us=200_000)),
                trigger=AfterAudio(audio_us=600_000),
                line=7,
            ),
            Step(
                verb=Raise(member="internalFailureException", message="the backend is on fire"),
                trigger=OnEndOfSession(),
                line=11,
            ),
        ),
        artifacts={"note": Artifact(content={"CHIEF_COMPLAINT": ["Follow-up after surgery"]}, delay_us=2_000_000)},
        source="t.yaml",
    )


def test_json_is_the_same_language() -> None:
    value = {
        "scenario": "s",
        "times": 2,
        "match": {"account": "012345678901", "attempt": 2, "mediaSampleRateHertz": 16_000, "languageCode": "en-US"},
        "steps": [{"say": "No", "takes": "2s", "optional": True}, {"end": True, "with": True}],
    }
    scenario = one(json.dumps(value, indent="\t"))
    assert scenario.times == 2
    assert scenario.match == Match(
        parameters={"mediaSampleRateHertz": 16_000, "languageCode": "en-US"}, account="012345678901", attempt=2
    )
    first, second = scenario.steps
    assert (first.verb, first.optional) == (Say(text="No", takes_us=2_000_000), True)
    assert (second.verb, second.beside) == (End(), True)


def test_yes_and_no_are_text_where_text_is_expected() -> None:
    assert step("say: No").verb == Say(text="No")
    assert step("say: yes").verb == Say(text="yes")
    assert one("scenario: off").name == "off"


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("say: A, partials: words", Say(text="A", partials=EveryWord())),
        ("say: A, partials: none", Say(text="A", partials=NoPartials())),
        ("say: A, takes: 0s", Say(text="A", takes_us=0)),
        ("send: {transcriptEvent: {}}", Send(member="transcriptEvent", content={})),
        (
            "send: {checklistEvent: {snapshotVersion: 3, items: [{done: true, note: null}]}}",
            Send(member="checklistEvent", content={"snapshotVersion": 3, "items": [{"done": True, "note": None}]}),
        ),
        ("raise: {validationException: bad}", Raise(member="validationException", message="bad")),
        ("fault: {reset: {}}", Fault(name="reset")),
        ("fault: {reset: {code: ENHANCE_YOUR_CALM}}", Fault(name="reset", parameters={"code": "ENHANCE_YOUR_CALM"})),
        ("fault: {reset: {code: 0x10}}", Fault(name="reset", parameters={"code": 16})),
        ("fault: {wrong_message_crc: {}}", Fault(name="wrong_message_crc")),
        (
            "fault: {corrupt: {bits: 1, after_events: 3, byte: 57, attempt: 2, probability: 0.5, frames: all}}",
            Fault(
                name="corrupt",
                parameters={"bits": 1},
                at=Position(after_events=3, byte=57, attempt=2),
                probability=0.5,
                frames="all",
            ),
        ),
        (
            "fault: {tcp_reset: {after_time: 2s, at_audio: 1s}}",
            Fault(name="tcp_reset", at=Position(after_time="2s", at_audio="1s")),
        ),
        ("end: true", End()),
    ],
)
def test_verbs(text: str, verb: Any) -> None:
    assert step(text).verb == verb


@pytest.mark.parametrize("member", OUTPUT_EVENTS)
def test_any_output_event_of_the_model_can_be_sent(member: str) -> None:
    assert step(f"send: {{{member}: {{a: 1}}}}").verb == Send(member=member, content={"a": 1})


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("at: 1.5s", AtAudio(audio_us=1_500_000)),
        ("at: 0s", AtAudio(audio_us=0)),
        ("after: 30m", AfterAudio(audio_us=1_800_000_000)),
        ("after: {time: 2h}", AfterTime(time_us=7_200_000_000)),
        ("when: end_of_session", OnEndOfSession()),
        ("when: input_closed", OnInputClosed()),
        ("when: {events: 3}", OnEvents(count=3)),
        ("when: {bytes: 100}", OnBytes(count=100)),
        ("when: {quiet: 10ms}", OnQuiet(audio_us=10_000)),
        ("when: {idle: 1us}", OnIdle(time_us=1)),
        ("optional: false", None),
    ],
)
def test_triggers(text: str, trigger: Any) -> None:
    assert step(f"say: A, {text}").trigger == trigger


@pytest.mark.parametrize(
    ("text", "repeat"),
    [
        ("say: A", 1),
        ("say: A, repeat: 3", 3),
        ("say: A, repeat: forever", None),
        ("say: A, repeat: 10001", 10_001),
        ("send: {checklistEvent: {}}, repeat: 10000", 10_000),
        ("send: {checklistEvent: {}}, after: 10ms, repeat: 10001", 10_001),
        ("say: A, takes: 0s, after: 1s, repeat: forever", None),
        ("end: true, repeat: forever", None),
        ("raise: {validationException: x}, repeat: forever", None),
        ("fault: {reset: {}}, repeat: forever", None),
        ("fault: {wrong_message_crc: {}}, after: 1s, repeat: forever", None),
        ("send: {checklistEvent: {}}, after: {time: 1s}, repeat: forever", None),
        ("send: {checklistEvent: {}}, when: {quiet: 1s}, repeat: forever", None),
        ("send: {checklistEvent: {}}, when: {idle: 1s}, repeat: forever", None),
        ("send: {checklistEvent: {}}, when: {events: 1}, repeat: forever", None),
        ("send: {checklistEvent: {}}, when: {bytes: 1}, repeat: forever", None),
    ],
)
def test_repeat(text: str, repeat: int | None) -> None:
    assert step(text).repeat == repeat


def test_artifacts() -> None:
    artifacts: Mapping[str, Artifact] = one(
        "scenario: s\nartifacts:\n  transcript: {skip: true}\n  note: {fail: busy}\n  codes: {delay: 1m}\n"
        "  afterVisitSummary: {content: [Rest., Drink.]}\n"
    ).artifacts
    assert artifacts == {
        "transcript": Artifact(skip=True),
        "note": Artifact(fail="busy"),
        "codes": Artifact(delay_us=60_000_000),
        "afterVisitSummary": Artifact(content=["Rest.", "Drink."]),
    }


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("transcript", "{anything: [1, null, {a: true}]}", {"anything": [1, None, {"a": True}]}),
        (
            "note",
            "{PLAN: Rest, My own: [One., Two.], GOAL: []}",
            {"PLAN": "Rest", "My own": ["One.", "Two."], "GOAL": []},
        ),
        ("note", "{ClinicalDocumentation: {}, Mine: 1}", {"ClinicalDocumentation": {}, "Mine": 1}),
        ("afterVisitSummary", "Rest.", "Rest."),
        ("afterVisitSummary", "{anything: 1}", {"anything": 1}),
        ("codes", "{anything: 1}", {"anything": 1}),
        ("codes", "[{name: I10, system: ICD10, evidence: []}]", [{"name": "I10", "system": "ICD10", "evidence": []}]),
        *((name, "null", None) for name in ARTIFACTS),
    ],
)
def test_the_contents_of_artifacts(name: str, content: str, read: Any) -> None:
    text = f"scenario: s\nartifacts: {{{name}: {{content: {content}}}}}\n"
    assert one(text).artifacts == {name: Artifact(content=read)}


def test_one_scenario_a_document() -> None:
    scenarios = parse("scenario: a\n---\n# nothing\n---\nscenario: b\ntimes: 1\n", "t.yaml")
    assert [(each.name, each.line, each.times) for each in scenarios] == [("a", 1, None), ("b", 5, 1)]


def test_a_step_may_be_written_once_and_used_again() -> None:
    scenario = one("scenario: s\nsteps:\n  - &greet {say: Hello}\n  - *greet\n")
    assert scenario.steps[0].verb == scenario.steps[1].verb


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, 1, "there is no scenario here")]),
        ("# nothing", [(1, 1, "there is no scenario here")]),
        ("[a]", [(1, 1, "must be a mapping with scenario, match, times, steps, artifacts")]),
        ("hello", [(1, 1, "must be a mapping with scenario, match, times, steps, artifacts")]),
        ("{}", [(1, 1, "the key `scenario` with the scenario's name is missing")]),
        ("scenaro: a", [(1, 1, "the key `scenaro` is unknown; did you mean `scenario`?")]),
        ("scenario: 42", [(1, 11, "scenario: must be text, in quotes")]),
        ("scenario: a\nscenario: b", [(2, 1, "scenario: the key `scenario` is given twice")]),
        ("scenario: a\ntimes: 0", [(2, 8, "times: '0' is no whole number from 1")]),
        ("scenario: a\nsteps: {say: A}", [(2, 8, "steps: must be a list of steps")]),
        (
            "scenario: a\n---\nscenario: a",
            [(3, 1, "scenario: the scenario 'a' stands in this text already, on line 1")],
        ),
        (
            "scenario: 1\n---\nscenario: 2",
            [(1, 11, "scenario: must be text, in quotes"), (3, 11, "scenario: must be text, in quotes")],
        ),
        ("scenario: a\n---\n[b]", [(3, 1, "must be a mapping with scenario, match, times, steps, artifacts")]),
    ],
)
def test_mistakes_in_a_document(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert errors(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("[1]", 8, "match: must be a mapping with sessionId, domainId, subscriptionId, languageCode, "),
        ("{mediaEncodin: pcm}", 9, "match: the key `mediaEncodin` is unknown; did you mean `mediaEncoding`?"),
        ("{mediaEncoding: mp3}", 24, "match.mediaEncoding: 'mp3' is none of pcm, flac"),
        ("{mediaSampleRateHertz: fast}", 31, "match.mediaSampleRateHertz: 'fast' is no whole number from 1"),
        ("{account: 123456789012}", 18, "match.account: must be text, in quotes"),
        ("{account: '1234'}", 18, "match.account: '1234' is no account: 12 digits, in quotes"),
        ("{attempt: first}", 18, "match.attempt: 'first' is no whole number from 1"),
        ("{sessionId: 7}", 20, "match.sessionId: must be text, in quotes"),
    ],
)
def test_mistakes_in_a_match(text: str, column: int, message: str) -> None:
    ((line, found, said),) = errors(f"scenario: a\nmatch: {text}\n")
    assert (line, found) == (2, column)
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("no step", 5, "must be a mapping with say, send, raise, fault, end, by, "),
        ("{}", 5, "a step needs a verb: say, send, raise, fault, end"),
        ("{say: A, end: true}", 19, ".end: a step has one verb; `say` is there already"),
        ("{say: A, at: 1s, after: 1s}", 29, ".after: a step has one trigger; `at` is there already"),
        ("{end: true, by: PATIENT}", 21, ".by: `by` belongs to `say`, this step is a `end`"),
        ("{say: A, by: NURSE}", 18, ".by: 'NURSE' is none of CLINICIAN, PATIENT"),
        ("{say: 42}", 11, ".say: must be text, in quotes"),
        ("{say: [A]}", 11, ".say: must be text"),
        ("{say: A, takes: 2}", 21, ".takes: 2 has no unit: write 2ms or 2s"),
        ("{say: A, partials: some}", 24, ".partials: 'some' is none of words, none"),
        ("{say: A, partials: [words]}", 24, ".partials: must be one of words, none"),
        ("{say: A, partials: {}}", 24, ".partials: write {every: 200ms}"),
        ("{say: A, partials: {every: 0ms}}", 24, ".partials.every: must be longer than nothing"),
        ("{say: A, partials: {every: 0.9us}}", 24, ".partials.every: must be longer than nothing"),
        ("{say: A, partials: {every: 5}}", 32, ".partials.every: 5 has no unit: write 5ms or 5s"),
        ("{send: {transcript: {}}}", 13, ".send: the key `transcript` is unknown; did you mean `transcriptEvent`?"),
        ("{send: {validationException: {}}}", 13, ".send: the key `validationException` is unknown; "),
        ("{send: transcriptEvent}", 12, ".send: must be a mapping with "),
        ("{send: {transcriptEvent: text}}", 30, ".send.transcriptEvent: must be a mapping of the event's members"),
        ("{send: {transcriptEvent: {a: 1, a: 2}}}", 37, ".send.transcriptEvent.a: the key `a` is given twice"),
        ("{raise: {throttlingException: x}}", 14, ".raise: the key `throttlingException` is unknown; "),
        ("{raise: {validationException: 3}}", 35, ".raise.validationException: must be text, in quotes"),
        ("{fault: {teapot: {}}}", 14, ".fault: the key `teapot` is unknown; there are http_error, plain_error, "),
        ("{fault: {reset: }}", 21, ".fault.reset: must be a mapping with code"),
        ("{fault: {tls_expired: {}}}", 13, ".fault: `tls_expired` comes before any stream: let it stand (--fault, "),
        ("{fault: {reset: {probability: 0}}}", 35, ".fault.reset.probability: 0 is no probability: above 0, up to 1"),
        ("{fault: {reset: {after_time: 3}}}", 34, ".fault.reset.after_time: 3 is no duration: write a number with a "),
        ("{fault: {delay: {by: soon}}}", 26, ".fault.delay.by: 'soon' is no duration"),
        ("{fault: {reset: {code: CALM}}}", 28, ".fault.reset.code: 'CALM' is no error code: a number up to "),
        ("{fault: {reset: {code: [1]}}}", 28, ".fault.reset.code: [1] is no error code"),
        (
            "{fault: {wrong_message_crc: {at: 3}}}",
            34,
            ".fault.wrong_message_crc: the key `at` is unknown; there are attempt, at_audio, after_time, after_events, "
            "probability, frames",
        ),
        ("{end: false}", 11, ".end: write `end: true`"),
        ("{say: A, at: soon}", 18, ".at: 'soon' is no duration"),
        ("{say: A, after: 5}", 21, ".after: 5 has no unit"),
        ("{say: A, after: {audio: 5s}}", 22, ".after: the key `audio` is unknown; there are time"),
        ("{say: A, after: {time: 5}}", 28, ".after.time: 5 has no unit"),
        ("{say: A, when: later}", 20, ".when: 'later' is none of end_of_session, input_closed"),
        (
            "{say: A, when: end-of-session}",
            20,
            ".when: 'end-of-session' is none of end_of_session, input_closed; did you",
        ),
        ("{say: A, when: {event: 1}}", 21, ".when: the key `event` is unknown; did you mean `events`?"),
        ("{say: A, when: {events: 0}}", 29, ".when.events: '0' is no whole number from 1"),
        ("{say: A, when: {idle: 1}}", 27, ".when.idle: 1 has no unit"),
        (
            "{say: A, when: {quiet: 9ms}}",
            28,
            ".when.quiet: must be 10ms or more: silence is measured in blocks of 10 ms",
        ),
        ("{say: A, with: true}", 20, ".with: the first step has no step before it to be `with`"),
        ("{say: A, with: yes}", 20, ".with: 'yes' is no boolean: write true or false"),
        ("{say: A, optional: no}", 24, ".optional: 'no' is no boolean: write true or false"),
        ("{say: A, repeat: 0}", 22, ".repeat: '0' is no whole number from 1"),
        ("{say: A, repeat: always}", 22, ".repeat: 'always' is no whole number from 1"),
        ("{say: A, repeat: []}", 22, ".repeat: must be a whole number from 1"),
        ("{say: A, repeat: forever, at: x}", 35, ".at: 'x' is no duration"),
        ("{end: true, repeat: forever, at: x}", 38, ".at: 'x' is no duration"),
        ("{send: {checklistEvent: {}}, repeat: forever, at: x}", 55, ".at: 'x' is no duration"),
        ("{say: A, takes: 0s, repeat: forever}", 33, ".repeat: a step that repeats forever needs a trigger that lets "),
        ("{send: {checklistEvent: {}}, at: 1s, repeat: forever}", 50, ".repeat: a step that repeats forever needs"),
        ("{send: {checklistEvent: {}}, after: 0s, repeat: forever}", 53, ".repeat: a step that repeats forever needs"),
        ("{fault: {wrong_message_crc: {}}, repeat: forever}", 46, ".repeat: a step that repeats forever needs"),
        ("{fault: {reset: {probability: 0.5}}, repeat: forever}", 50, ".repeat: a step that repeats forever needs"),
        (
            "{send: {checklistEvent: {}}, at: 1s, repeat: 10001}",
            50,
            ".repeat: a step that repeats more than 10,000 times needs a trigger that lets time or audio pass, such as "
            "`after: 10ms`, or a `say`",
        ),
    ],
)
def test_mistakes_in_a_step(text: str, column: int, message: str) -> None:
    ((line, found, said),) = errors(f"scenario: a\nsteps:\n  - {text}\n")
    assert said.startswith(f"steps[0]{'' if message.startswith('.') else ': '}{message}")
    assert (line, found) == (3, column)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[note]", "artifacts: must be a mapping with transcript, note, afterVisitSummary, codes"),
        ("{notes: {}}", "artifacts: the key `notes` is unknown; did you mean `note`?"),
        ("{note: soon}", "artifacts.note: must be a mapping with content, delay, fail, skip"),
        ("{note: {delay: 2}}", "artifacts.note.delay: 2 has no unit: write 2ms or 2s"),
        ("{note: {fail: ''}}", "artifacts.note.fail: must be text and not empty"),
        ("{note: {skip: no}}", "artifacts.note.skip: 'no' is no boolean: write true or false"),
        ("{note: {content: {a: One., a: Two.}}}", "artifacts.note.content.a: the key `a` is given twice"),
    ],
)
def test_mistakes_in_artifacts(text: str, message: str) -> None:
    assert [said for _, _, said in errors(f"scenario: a\nartifacts: {text}\n")] == [message]


@pytest.mark.parametrize(
    ("name", "content", "column", "message"),
    [
        ("transcript", "text", 0, ": must be a mapping: the document itself"),
        ("transcript", "[{a: 1}]", 0, ": must be a mapping: the document itself"),
        ("note", "Rest.", 0, ": must be a mapping: what each section says, or the document itself"),
        ("note", "[Rest.]", 0, ": must be a mapping: what each section says, or the document itself"),
        ("note", "{PLAN: 5}", 7, ".PLAN: must be text, in quotes"),
        ("note", "{PLAN: }", 7, ".PLAN: must be text and not empty"),
        ("note", "{PLAN: {a: b}}", 7, ".PLAN: must be text or a list of texts"),
        ("note", "{PLAN: [One., [Two.]]}", 14, ".PLAN[1]: must be text"),
        ("note", "{PLAN: [true]}", 8, ".PLAN[0]: must be text, in quotes"),
        ("note", "{ClinicalDocumentation: []}", 24, ".ClinicalDocumentation: must be a mapping"),
        ("afterVisitSummary", "7", 0, ": must be text, in quotes"),
        ("afterVisitSummary", "[1]", 1, "[0]: must be text, in quotes"),
        ("codes", "I10", 0, ": must be a list of codes, or the document itself"),
        ("codes", "[I10]", 1, "[0]: must be a mapping with sequence, system, version, name, "),
        ("codes", "[{name: I10}, {nam: I10}]", 15, "[1]: the key `nam` is unknown; did you mean `name`?"),
        ("codes", "[{name: I10, name: I11}]", 13, "[0].name: the key `name` is given twice"),
        ("codes", "[{[a]: b}]", 2, "[0]: a key must be text"),
        ("note", "{[a]: b}", 1, ": a key must be text"),
        ("transcript", "{a: {b: 1, b: 2}}", 11, ".a.b: the key `b` is given twice"),
    ],
)
def test_mistakes_in_the_contents_of_artifacts(name: str, content: str, column: int, message: str) -> None:
    before = f"artifacts: {{{name}: {{content: "
    ((line, found, said),) = errors(f"scenario: a\n{before}{content}}}}}\n")
    assert (line, found) == (2, len(before) + column + 1)
    assert said.startswith(f"artifacts.{name}.content{message}")


def test_all_mistakes_are_told_in_the_order_of_their_places() -> None:
    text = "scenario: a\nsteps:\n  - {say: A, at: 1}\n  - {sya: B}\nmatch: {attempt: 0}\n---\nsteps: 3\n"
    assert [(line, column) for line, column, _ in errors(text)] == [(3, 18), (4, 6), (5, 18), (7, 1), (7, 8)]


def test_an_error_says_everything() -> None:
    with pytest.raises(ScriptError) as caught:
        parse("scenario: a\nsteps:\n  - say: A\n    at: 5\n", "visits/one.yaml")
    error = caught.value
    assert str(error) == "visits/one.yaml:4:9: steps[0].at: 5 has no unit: write 5ms or 5s"
    assert error.path == "steps[0].at"


# ---- faults that stand


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("tls_expired", Standing(fault=Fault(name="tls_expired"))),
        ("reset: {code: CANCEL}", Standing(fault=Fault(name="reset", parameters={"code": "CANCEL"}))),
        (
            "{reset: {after_events: 3}, times: 1, match: {attempt: 2}, lasts: 5m}",
            Standing(
                fault=Fault(name="reset", at=Position(after_events=3)),
                times=1,
                match=Match(attempt=2),
                lasts_us=300_000_000,
            ),
        ),
        (
            '{"tls_stall": {"server_name": "a.localhost", "probability": 0.5}, "times": 2}',
            Standing(fault=Fault(name="tls_stall", server_name="a.localhost", probability=0.5), times=2),
        ),
    ],
)
def test_a_fault_that_stands(text: str, standing: Standing) -> None:
    assert parse_standing(text, "--fault") == standing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is none of http_error, "),
        ("tls_expird", "'tls_expird' is none of http_error, "),
        ("[reset]", "must be a mapping with times, match, lasts, http_error, "),
        ("{}", "must name one fault: http_error, "),
        ("{reset: {}, delay: {}}", "must name one fault: http_error, "),
        ("{reset: {}, time: 1}", "the key `time` is unknown; did you mean `times`?"),
        ("{reset: {}, times: 0}", "times: '0' is no whole number from 1"),
        ("{reset: {}, match: {attempt: 0}}", "match.attempt: '0' is no whole number from 1"),
        ("{reset: {}, lasts: 5}", "lasts: 5 has no unit"),
        ("{reset: {cod: 1}}", "reset: the key `cod` is unknown; did you mean `code`?"),
        ("{reset: 1}", "reset: must be a mapping with code, "),
        (
            "{tls_expired: {}, match: {attempt: 2}}",
            "match: no stream is known yet at a handshake; there is `server_name`",
        ),
        ("{tls_expired: {server_name: A}}", "tls_expired.server_name: 'A' must be text that fits "),
    ],
)
def test_mistakes_in_a_fault_that_stands(text: str, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_standing(text, "--fault")
    assert caught.value.placed.startswith(message)
