"""`mockscribe serve`: the mock as a process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import signal
import sys
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from mockscribe.config import SERVICE, TYPES, Config, flag, load, unknown_variables
from mockscribe.errors import ConfigError

if TYPE_CHECKING:
    from mockscribe.server import Server

log = logging.getLogger("mockscribe")

OTHER_FILES = 100
"""Files that are no connection of the data port; own choice."""

EXAMPLES = """
\b
Examples:
  mockscribe serve
  mockscribe serve --scenario visit.yaml --clock autojump --seed 7
  mockscribe serve --port 0 --endpoints-file /tmp/mock.json
  MOCKSCRIBE_ECHO=context mockscribe serve

Each flag is also a variable (MOCKSCRIBE_PORT, repeatables comma-separated) and a key of the --config file.
"""


def _options(command: click.Command) -> click.Command:
    """One option for each field of Config."""
    for field in dataclasses.fields(Config):
        if field.name != "messages":
            command.params.append(_option(field))
    return command


def _option(field: dataclasses.Field[Any]) -> click.Option:
    type_ = TYPES[field.name]
    about = field.metadata["about"]
    extra: dict[str, Any] = {"default": None, "help": about, "metavar": field.metadata["metavar"] or None}
    if type_ == tuple[str, ...]:
        extra.update(multiple=True)
    elif type_ is bool:
        return click.Option([f"{flag(field.name)}/--no-{flag(field.name)[2:]}", field.name], default=None, help=about)
    elif typing.get_origin(type_) is Literal:
        extra.update(type=click.Choice(typing.get_args(type_)))
    elif field.name.endswith("_seconds"):
        extra.update(metavar="DURATION")
    elif type_ in (int, float):
        extra.update(metavar=extra["metavar"] or "N")
    default = field.default
    if default not in (None, (), False) and default is not dataclasses.MISSING:
        shown = ",".join(default) if isinstance(default, tuple) else default
        if isinstance(default, float):
            shown = f"{default:g}{'s' if field.name.endswith('_seconds') else ''}"
        extra["help"] = f"{about} [default: {shown}]"
    return click.Option([flag(field.name), field.name], **extra)


class Grouped(click.Command):
    """A command whose many options are shown in the groups of `Config`."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups = {field.name: field.metadata["group"] for field in dataclasses.fields(Config)}
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(groups.get(parameter.name or "", "Other"), []).append(record)
        for title in sorted(sections, key=lambda title: (title == SERVICE, title == "Other")):
            with formatter.section(title):
                formatter.write_dl(sections[title])


@_options
@click.command(cls=Grouped, epilog=EXAMPLES)
@click.option("--config", "config_file", metavar="FILE", help="YAML or JSON with settings by their flags' names.")
def serve(config_file: str | None, **flags: Any) -> int:
    """Run the mock until a signal.

    Prints a line for each listener, the line that lets a client trust the certificate, and `Ready.` last. SIGTERM and
    SIGINT let running streams finish, and write what sessions and jobs leave; a second one ends them. Both are a proper
    end, so the exit code is 0.
    """
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    config = load(given, os.environ, config_file)
    _log(config)
    for unknown in unknown_variables(os.environ):
        log.warning("%s", unknown)
    return asyncio.run(_serve(config))


async def _serve(config: Config) -> int:
    from mockscribe.authority import Authority
    from mockscribe.endpoints import endpoints_file, remove_endpoints, write_endpoints
    from mockscribe.server import Server

    _raise_file_limit(config.connections)
    authority = Authority(extra_names=config.tls_name)
    if authority.unsaved_because is not None:
        log.warning("the CA cannot be kept, and lives as long as this process: %s", authority.unsaved_because)
    server = Server(config, lambda: authority)
    signals = Signals(server.loop)
    await server.start()
    path = endpoints_file(config.endpoints_file)
    told = server.endpoints()
    try:
        write_endpoints(path, told)
    except OSError as error:
        if config.endpoints_file is not None:
            await server.stop()
            raise ConfigError("--endpoints-file", f"{path} cannot be written: {error.strerror}") from None
        log.warning("the endpoints file %s cannot be written: %s", path, error.strerror)
    try:
        click.echo(f"mockscribe listens on {told['https']} (TLS: HTTP/2, HTTP/1.1)")
        click.echo(f"mockscribe listens on {told['http']} (clear text: HTTP/2 by prior knowledge, HTTP/1.1)")
        if told["control"] is not None:
            click.echo(f"control API at {told['control']}/_mockscribe/ (openapi.json tells it all)")
        click.echo(f"trust its certificate: export SSL_CERT_FILE={authority.ca_file}")
        click.echo("Ready.")
        sys.stdout.flush()
        await signals.stop.wait()
        await _stop(server, config.grace_seconds, signals.stop_at_once)
    finally:
        remove_endpoints(path, os.getpid())
    return 0


async def _stop(server: Server, grace_seconds: float, at_once: asyncio.Event) -> None:
    """Stop gracefully, until it must be `at_once`."""
    stopping, hurry = asyncio.ensure_future(server.stop(grace_seconds)), asyncio.ensure_future(at_once.wait())
    await asyncio.wait((stopping, hurry), return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        hurry.cancel()
        return stopping.result()
    stopping.cancel()
    await asyncio.wait((stopping,))
    return await server.stop()


def _raise_file_limit(connections: int) -> None:
    """Let the process have a file for each connection, as far as it may: the usual limit is 1,024."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        with contextlib.suppress(OSError, ValueError):  # macOS has limits that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Signals:
    """SIGINT and SIGTERM from now on: the first asks to stop, a second one to do so at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stop, self.stop_at_once = asyncio.Event(), asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._came)

    def _came(self) -> None:
        (self.stop_at_once if self.stop.is_set() else self.stop).set()


def _log(config: Config) -> None:
    handler = logging.StreamHandler()
    formats: dict[str, Callable[[], logging.Formatter]] = {
        "text": lambda: logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"),
        "json": JsonFormatter,
    }
    handler.setFormatter(formats[config.log_format]())
    log.addHandler(handler)
    log.setLevel(config.log_level.upper())
    log.propagate = False


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, message, and the fault's traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        import json

        fields = {"time": record.created, "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)
