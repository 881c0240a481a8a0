"""`mockscribe verify`: whether what was loaded into a mock that runs has happened."""

from __future__ import annotations

import click
import msgspec

from mockscribe.cli.control import control, control_options
from mockscribe.errors import ConfigError, ControlError

EPILOG = """
\b
Examples:
  mockscribe load visit.yaml && ./run-the-client && mockscribe verify
  mockscribe verify --allow-violation chunk_size
  mockscribe verify --json | jq '.unmet[].message'
"""


@click.command(epilog=EPILOG)
@click.option("--allow-violation", "rules", multiple=True, metavar="RULE", help="A rule the client may break; `all`.")
@click.option("--allow-unmatched", is_flag=True, help="Let an echo answer streams though a scenario is loaded.")
@click.option("--every-scenario", is_flag=True, help="Expect those of `serve --scenario` to be used too.")
@click.option(
    "--settle", default="1s", show_default=True, metavar="DURATION", help="How long running streams may take."
)
@click.option("--json", "as_json", is_flag=True, help="The verdict as one JSON object.")
@control_options
def verify(
    rules: tuple[str, ...],
    allow_unmatched: bool,
    every_scenario: bool,
    settle: str,
    as_json: bool,
    control_url: str | None,
    endpoints_file: str | None,
    account: str,
) -> int:
    """Check that every scenario that was loaded was used, every step has happened and the client kept the rules.

    Exit 0, or 1 with what was not met and the streams' timelines.
    """
    with control(control_url, endpoints_file, account) as mock:
        try:
            verdict = mock.verdict(
                allow_violations=True if "all" in rules else rules,
                allow_unmatched=allow_unmatched,
                every_scenario=every_scenario,
                settle=settle,
            )
        except ControlError as error:
            if error.path.startswith("allow_violations"):
                raise ConfigError("--allow-violation", error.message) from None
            raise
    click.echo(msgspec.json.encode(verdict).decode() if as_json else str(verdict))
    return 0 if verdict.ok else 1
