"""mockscribe: a local, wire-compatible mock of Amazon Connect Health's ambient documentation.

The public names load on first use (PEP 562), so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockscribe.account_view import AccountView as AccountView
    from mockscribe.errors import ConfigError as ConfigError
    from mockscribe.errors import ControlError as ControlError
    from mockscribe.errors import MockscribeError as MockscribeError
    from mockscribe.errors import ScriptError as ScriptError
    from mockscribe.errors import VerificationError as VerificationError
    from mockscribe.inprocess import Mockscribe as Mockscribe
    from mockscribe.remote import RemoteMock as RemoteMock
    from mockscribe.scenario.model import Fault as Fault
    from mockscribe.scenario.model import Position as Position

__version__ = "0.1.0"

_HOMES = {
    "AccountView": "mockscribe.account_view",
    "ConfigError": "mockscribe.errors",
    "ControlError": "mockscribe.errors",
    "Fault": "mockscribe.scenario.model",
    "Mockscribe": "mockscribe.inprocess",
    "MockscribeError": "mockscribe.errors",
    "Position": "mockscribe.scenario.model",
    "RemoteMock": "mockscribe.remote",
    "ScriptError": "mockscribe.errors",
    "VerificationError": "mockscribe.errors",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
