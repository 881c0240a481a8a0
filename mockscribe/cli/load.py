"""`mockscribe load`: scenarios for a mock that runs."""

from __future__ import annotations

import click

from mockscribe.cli.control import control, control_options
from mockscribe.scenario_files import read_scenarios

EPILOG = """
\b
Examples:
  mockscribe load visit.yaml
  mockscribe load scenarios/ --control-url http://mock:8081
  mockscribe load visit.yaml --account 111122223333
"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@control_options
def load(paths: tuple[str, ...], control_url: str | None, endpoints_file: str | None, account: str) -> int:
    """Load scenario files and folders into a mock that runs; one of the same name is replaced.

    Exit 0, or 2 when a scenario or the mock's address is wrong.
    """
    for path in paths:
        read_scenarios(path)  # all of them are fine, or none is loaded
    with control(control_url, endpoints_file, account) as mock:
        loaded = [each for path in paths for each in mock.script(path)]
    for each in loaded:
        click.echo(f"{each.name} ({each.source}:{each.line})")
    return 0
