"""Every scenario of fixtures/scenarios against its expected transcript, in virtual time.

What the client does stands in NAME.txt between what it gets (`visit.py` tells how); the mock is a whole one, from bytes
to bytes.
"""

from pathlib import Path

import jsonschema
import pytest
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from mockscribe.scenario.language import schema
from mockscribe.scenario.model import Send
from mockscribe.scenario_files import read_scenarios
from tests.scenarios.visit import FOLDER, Visit, scenarios

SCENARIOS = scenarios()


def name(path: Path) -> str:
    return path.stem


def test_there_are_enough_and_each_has_its_transcript() -> None:
    assert len(SCENARIOS) >= 12
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SCENARIOS}


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_the_transcript_is_as_expected(path: Path) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert "\n< " in expected
    assert Visit(path.read_text(encoding="utf-8")).play(expected) == expected


@pytest.mark.parametrize("packet", [61, 997])
@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_the_cut_of_packets_changes_nothing(path: Path, packet: int) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert Visit(path.read_text(encoding="utf-8"), packet=packet).play(expected) == expected


# where events are counted, or a stream ends midway: then how much had come depends on how much an event brings
TELL_EVENTS = {"counting-input", "ended-early", "reset-midway", "second-attempt", "validation-failure-midway"}


@pytest.mark.parametrize("event_ms", [7, 350])
@pytest.mark.parametrize("path", [path for path in SCENARIOS if path.stem not in TELL_EVENTS], ids=name)
def test_nor_does_the_cut_of_the_audio_into_events(path: Path, event_ms: int) -> None:
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert Visit(path.read_text(encoding="utf-8"), event_ms=event_ms).play(expected) == expected


class _Core(yaml.SafeLoader):
    """PyYAML's loader less what YAML 1.2 did away with: yes, no, on and off are text."""


_Core.yaml_implicit_resolvers = {
    letter: [each for each in resolvers if letter in "tTfF" or not each[0].endswith((":bool", ":timestamp"))]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_the_json_schema_takes_it(path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for document in yaml.load_all(path.read_text(encoding="utf-8").replace("\t", " "), Loader=_Core):
        validator.validate(document)


@pytest.mark.parametrize("path", SCENARIOS, ids=name)
def test_what_is_sent_verbatim_is_an_event_of_the_model(path: Path) -> None:
    model = ServiceModel(Loader().load_service_model("connecthealth", "service-2"))
    union = model.shape_for("MedicalScribeOutputStream").members
    for scenario in read_scenarios(path):
        for step in scenario.steps:
            if isinstance(step.verb, Send):
                shape = union[step.verb.member]
                assert not ParamValidator().validate(step.verb.content, shape).has_errors()
