"""What is said of a command line that is none: one line, the cause and its cure."""

from __future__ import annotations

import re

import click


def told(error: click.ClickException) -> str:
    """`mockscribe COMMAND: cause; cure`. The cure is a pointer to the help where none is known."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "mockscribe" if context is None or context.parent is None else f"mockscribe {context.info_name}"
    cause, cure = _cause(error)
    return " ".join(f"{command}: {cause}; {cure or f'see `{command} --help`'}".split())


def _cause(error: click.ClickException) -> tuple[str, str]:
    """The cause, and its cure if it is known."""
    match error:
        case click.NoSuchOption(option_name=name, possibilities=near):
            return f"there is no option {name}", f"did you mean {' or '.join(near)}?" if near else ""
        case click.MissingParameter(param=click.Parameter() as parameter):
            choices = getattr(parameter.type, "choices", ())
            return f"{_name(parameter)} is missing", f"choose one of {', '.join(choices)}" if choices else ""
        case click.BadParameter(param=parameter, message=message):
            message = message.removesuffix(".")
            if (found := re.fullmatch("(.*) is not one of (.*)", message, re.DOTALL)) is not None:
                message = f"{found[1]} is no choice; choose one of {found[2].replace(chr(39), '')}"
            cause, _, cure = message.partition("; ")
            return f"{_name(parameter)}: {cause}" if parameter is not None else cause, cure
        case _:
            message = error.message.removesuffix(".")
            cause, _, cure = f"{message[:1].lower()}{message[1:]}".partition("; ")
            return cause, cure


def _name(parameter: click.Parameter) -> str:
    """As the help writes it, but for an argument of a few choices, which has no name there."""
    if isinstance(parameter, click.Argument):
        return parameter.metavar or (parameter.name or "").upper()
    return parameter.opts[0]
