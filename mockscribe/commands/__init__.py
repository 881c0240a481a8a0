"""The control commands: one table, from which HTTP routes, their OpenAPI document and both Python faces are made."""

from __future__ import annotations

from typing import Any

from mockscribe.commands import record, scenarios, sessions, state
from mockscribe.commands.command import Command, Context

__all__ = ["COMMANDS", "Command", "Context", "record", "scenarios", "sessions", "state"]

COMMANDS: tuple[Command[Any, Any], ...] = tuple(
    each for noun in (state, scenarios, sessions, record) for each in vars(noun).values() if isinstance(each, Command)
)
