"""`mockscribe schema`: what it prints is a JSON Schema, as jsonschema judges (`test_language.py` holds its content)."""

import json

import jsonschema
from click.testing import CliRunner

from mockscribe.cli.schema import schema


def test_it_prints_a_schema_of_scenarios() -> None:
    done = CliRunner().invoke(schema, standalone_mode=False)
    assert done.return_value == 0
    printed = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    validator = jsonschema.Draft202012Validator(printed)
    validator.validate({"scenario": "a", "steps": [{"say": "Hello", "at": "400ms"}]})
    assert not validator.is_valid({"scenario": "a", "steps": [{"say": "Hello", "at": 400}]})
    assert not validator.is_valid({"scenario": "a", "steps": [{"shout": "x"}]})
