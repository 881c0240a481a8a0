"""Keeps what a run of the tests has shown, for `python -m tests.fidelity`: outcomes, and which SDKs were at work.

A module that was run as a whole replaces what is known of it; single tests are added to it. And lets the programs that
tests start hear of SIGINT, however the tests themselves were started.
"""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.fidelity import is_recorded, record

_outcomes: dict[str, dict[str, Any]] = {}
_deselected: list[str] = []


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a script's shell does that to what it runs with `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which programs inherit as the default


def pytest_deselected(items: list[pytest.Item]) -> None:
    _deselected.extend(item.nodeid.partition("::")[0] for item in items)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if not is_recorded(report.nodeid):
        return
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.nodeid] = {"outcome": report.outcome}
    if report.when == "teardown" and report.nodeid in _outcomes:
        _outcomes[report.nodeid] |= {name: value for name, value in report.user_properties if name == "sdk"}


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _outcomes and not hasattr(session.config, "workerinput"):
        partly = {argument.partition("::")[0] for argument in session.config.args if "::" in argument}
        record(_outcomes, partly.union(_deselected))
