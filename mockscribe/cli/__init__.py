"""The command line: one file a command, each loaded when it is asked for.

A command's answer goes to stdout, all else to stderr. Exit codes: 0 fine, 1 the answer is no, 2 the input or the
configuration is wrong, 130 interrupted.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ExtensionFileLoader
from typing import Any

import click

from mockscribe import __version__
from mockscribe.errors import ConfigError, ControlError, MockscribeError, ScriptError
from mockscribe.spelling import did_you_mean

COMMANDS = {
    "demo": "Stream a bundled visit to a mock and watch its transcript grow.",
    "serve": "Run the mock until a signal.",
    "stream": "Stream an audio file to any endpoint and print the transcript.",
    "check": "Check scenarios and name every error by line and column.",
    "decode": "Show the frames in event-stream bytes.",
    "schema": "Print the scenarios' JSON Schema.",
    "ca": "Print the path of the local CA, or export it.",
    "env": "Print the lines that point an SDK here.",
    "load": "Load scenarios into a mock that runs.",
    "verify": "Exit 0 when all that was loaded has happened, else 1 with what has not.",
    "reset": "Bring an account of a mock that runs back to its start.",
    "healthcheck": "Exit 0 when the server is ready.",
}


class Commands(click.Group):
    """Commands that are imported on first use: `mockscribe --help` must not pay for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"mockscribe.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            hint = did_you_mean(name, COMMANDS, "`mockscribe --help` lists them")
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if error.ctx is None and ctx.invoked_subcommand is not None:  # click's parser does not tell whose it is
                command = self.get_command(ctx, ctx.invoked_subcommand)
                assert command is not None
                error.ctx = click.Context(command, ctx, ctx.invoked_subcommand)
            raise


def is_compiled() -> bool:
    """Whether what every event passes through is machine code, as in released wheels, or the sources beside it."""
    spec = importlib.util.find_spec("mockscribe.connection")
    return spec is not None and isinstance(spec.loader, ExtensionFileLoader)


def _tell_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"mockscribe {__version__} (compiled: {'yes' if is_compiled() else 'no'})")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_tell_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """A local mock of Amazon Connect Health's ambient documentation (health-agent).

    \b
    See it work:        mockscribe demo
    Run it:             mockscribe serve --scenario visit.yaml
    Complete commands:  eval "$(_MOCKSCRIBE_COMPLETE=bash_source mockscribe)"   (or zsh_source, fish_source)
    """


def main() -> None:
    """The console script."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        from mockscribe.cli.usage import told

        click.echo(told(error), err=True)
        sys.exit(2)
    except (ConfigError, ControlError, ScriptError) as error:
        click.echo(f"mockscribe: {error}", err=True)
        sys.exit(2)
    except MockscribeError as error:
        click.echo(f"mockscribe: {error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
