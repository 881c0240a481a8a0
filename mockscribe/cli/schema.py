"""`mockscribe schema`: the scenario language for editors."""

from __future__ import annotations

import json

import click

EPILOG = """
\b
Example:
  mockscribe schema > mockscribe.schema.json
  and on the first line of a scenario:
  # yaml-language-server: $schema=./mockscribe.schema.json
"""


@click.command(epilog=EPILOG)
def schema() -> int:
    """Print the JSON Schema of scenarios (draft 2020-12)."""
    from mockscribe.scenario.language import schema as make

    click.echo(json.dumps(make(), indent=2))
    return 0
