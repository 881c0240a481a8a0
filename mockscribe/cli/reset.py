"""`mockscribe reset`: an account of a mock that runs, back to its start."""

from __future__ import annotations

import click

from mockscribe.cli.control import control, control_options

EPILOG = """
\b
Examples:
  mockscribe reset
  mockscribe reset --account 111122223333
"""


@click.command(epilog=EPILOG)
@control_options
def reset(control_url: str | None, endpoints_file: str | None, account: str) -> int:
    """Bring an account back to its start: running streams are reset, all that it had is gone."""
    with control(control_url, endpoints_file, account) as mock:
        mock.reset()
        click.echo(f"account {mock.account} is back to its start")
    return 0
