"""`mockscribe check`: scenarios, checked without a server."""

from __future__ import annotations

import click

from mockscribe.errors import ScriptError
from mockscribe.scenario_files import find_files, read_scenarios

EPILOG = """
\b
Examples:
  mockscribe check visit.yaml
  mockscribe check scenarios/ more.json
"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def check(paths: tuple[str, ...]) -> int:
    """Check scenario files and folders.

    Exit 0, or 2 with every error as file:line:column: message.
    """
    files = scenarios = 0
    errors: list[ScriptError] = []
    for path in paths:
        try:
            for file in find_files(path):
                files += 1
                try:
                    scenarios += len(read_scenarios(file))
                except ScriptError as error:
                    errors += error.errors
        except ScriptError as error:
            errors += error.errors
    for each in errors:
        click.echo(str(each), err=True)
    if errors:
        click.echo(f"{_counted(len(errors), 'error')} in {_counted(files, 'file')}", err=True)
        return 2
    click.echo(f"{_counted(scenarios, 'scenario')} in {_counted(files, 'file')}: fine")
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
