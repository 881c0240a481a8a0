"""model.json is what the installed botocore says, all of it and nothing else."""

from typing import Any

import pytest

from mockscribe.service.model import Shape, service_model
from tests import distil


def test_the_file_is_what_the_installed_botocore_distils_to() -> None:
    assert distil.FILE.read_text(encoding="utf-8") == distil.text(distil.distil(distil.installed())), (
        "botocore's model has changed: python -m tests.distil, and read the difference"
    )


def test_what_is_read_is_what_was_distilled() -> None:
    assert service_model() == distil.distil(distil.installed())


def test_the_file_holds_no_prose() -> None:
    source = distil.installed()
    prose = [source.get("documentation", "")]
    prose += [each.get("documentation", "") for each in source["operations"].values()]
    for shape in source["shapes"].values():
        prose.append(shape.get("documentation", ""))
        prose += [member.get("documentation", "") for member in shape.get("members", {}).values()]
    prose = [text for text in prose if text]
    assert len(prose) > 200
    text = distil.FILE.read_text(encoding="utf-8")
    assert not [each for each in prose if each in text]
    assert "<p>" not in text


def test_every_shape_that_is_named_is_there() -> None:
    model = service_model()
    named = set()
    for operation in model.operations.values():
        named |= {operation.input, *operation.errors} | ({operation.output} - {None})
    for shape in model.shapes.values():
        named |= {member.shape for member in shape.members.values()}
        named |= {shape.item, shape.key, shape.value} - {None}
        assert set(shape.required) <= set(shape.members)
        assert shape.payload is None or shape.payload in shape.members
    assert named == set(model.shapes)


def test_the_api_is_the_one_that_is_mocked() -> None:
    model = service_model()
    assert (model.api_version, model.protocol, model.signing_name) == ("2025-01-29", "rest-json", "health-agent")
    assert len(model.operations) == 23


def test_errors_have_their_statuses() -> None:
    found = {name: shape.status for name, shape in service_model().shapes.items() if shape.exception}
    assert found == {
        "AccessDeniedException": 401,
        "ConflictException": 409,
        "InternalServerException": 500,
        "ResourceNotFoundException": 404,
        "ServiceQuotaExceededException": 402,
        "ThrottlingException": 429,
        "ValidationException": 400,
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"operations": {"X": {"name": "X", "http": {}, "input": {}, "auth": "none"}}},
        {"shapes": {"X": {"type": "string", "exclusiveMinimum": 1}}},
        {"shapes": {"X": {"type": "structure", "members": {"a": {"shape": "X", "hostLabel": True}}}}},
    ],
)
def test_a_trait_that_is_not_known_stops_the_distilling(changed: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="does not know"):
        distil.distil({**distil.installed(), **changed})


def test_what_a_shape_does_not_say_is_not_written() -> None:
    assert distil.json(Shape(name="X", type="string")) == '{"name":"X","type":"string"}'
