"""Commands on the scenarios that an account sees."""

from __future__ import annotations

import msgspec

from mockscribe.account import Account
from mockscribe.commands.command import Arguments, Command, Context, Nothing
from mockscribe.errors import ControlError, ScriptError
from mockscribe.scenario.model import Scenario
from mockscribe.scenario.script import parse


class ScenarioSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that the account sees; `own` ones win over those that every account sees, and a reset drops them."""

    name: str
    source: str
    line: int
    own: bool
    times: int | None
    uses: int


class ScenarioName(Arguments, frozen=True, kw_only=True):
    """Which scenario."""

    name: str


class ScenarioText(Arguments, frozen=True, kw_only=True):
    """Scenarios as text: YAML or JSON, one a document; `source` is what errors call it."""

    text: str
    source: str = "<text>"


class NamedScenarioText(Arguments, frozen=True, kw_only=True):
    """One scenario as text, which must have that name."""

    name: str
    text: str
    source: str = "<text>"


def _scenarios(context: Context, _: Nothing) -> tuple[ScenarioSummary, ...]:
    account = context.account
    return (
        *(_scenario_summary(account, each, own=False) for each in account.mock.scenarios),
        *(_scenario_summary(account, each, own=True) for each in account.scenarios),
    )


def _scenario_summary(account: Account, scenario: Scenario, *, own: bool) -> ScenarioSummary:
    return ScenarioSummary(
        name=scenario.name,
        source=scenario.source,
        line=scenario.line,
        own=own,
        times=scenario.times,
        uses=account.uses.get(scenario.name, 0),
    )


def _scenario(context: Context, arguments: ScenarioName) -> ScenarioSummary:
    for each in reversed(_scenarios(context, Nothing())):
        if each.name == arguments.name:
            return each
    raise ControlError(404, f"there is no scenario {arguments.name!r}", path="name")


def _parse(text: str, source: str) -> tuple[Scenario, ...]:
    try:
        return parse(text, source)
    except ScriptError as error:
        raise script_refused(error) from None


def script_refused(error: ScriptError) -> ControlError:
    """The refusal of a text that is no scenario; `script_error` is its inverse."""
    errors = [
        {"message": each.message, "source": each.source, "line": each.line, "column": each.column, "path": each.path}
        for each in error.errors
    ]
    return ControlError(400, error.message, path=error.path, details={**errors[0], "errors": errors})


def script_error(error: ControlError) -> ScriptError | None:
    """The error of a text that a `ControlError` tells of, if it does."""
    errors = error.details.get("errors")
    return ScriptError.of([ScriptError(**each) for each in errors]) if errors else None


def _load(context: Context, arguments: ScenarioText) -> tuple[ScenarioSummary, ...]:
    account, scenarios = context.account, _parse(arguments.text, arguments.source)
    for scenario in scenarios:
        _withdraw(account, scenario.name)
    account.scenarios.extend(scenarios)
    return tuple(_scenario_summary(account, each, own=True) for each in scenarios)


def _put(context: Context, arguments: NamedScenarioText) -> ScenarioSummary:
    scenarios = _parse(arguments.text, arguments.source)
    if [each.name for each in scenarios] != [arguments.name]:
        told = ", ".join(repr(each.name) for each in scenarios)
        raise ControlError(
            400, f"the text must hold the scenario {arguments.name!r} alone, it holds {told}", path="name"
        )
    _withdraw(context.account, arguments.name)
    context.account.scenarios.extend(scenarios)
    return _scenario_summary(context.account, scenarios[0], own=True)


def _withdraw(account: Account, name: str) -> bool:
    """Forget an own scenario and its uses; whether there was one."""
    kept = [each for each in account.scenarios if each.name != name]
    found = len(kept) < len(account.scenarios)
    if found:
        account.scenarios[:] = kept
        account.uses.pop(name, None)
    return found


def _delete_all(context: Context, _: Nothing) -> Nothing:
    for scenario in tuple(context.account.scenarios):
        _withdraw(context.account, scenario.name)
    return Nothing()


def _delete(context: Context, arguments: ScenarioName) -> Nothing:
    if not _withdraw(context.account, arguments.name):
        raise ControlError(404, f"there is no scenario {arguments.name!r} of this account's own", path="name")
    return Nothing()


LIST = Command(
    name="listScenarios",
    method="GET",
    path="/scenarios",
    about="The scenarios that the account sees, in the order in which they were loaded; the last that matches wins.",
    arguments=Nothing,
    result=tuple[ScenarioSummary, ...],
    run=_scenarios,
)
LOAD = Command(
    name="loadScenarios",
    method="PUT",
    path="/scenarios",
    about="Load scenarios of the account's own. One of the same name is replaced.",
    arguments=ScenarioText,
    result=tuple[ScenarioSummary, ...],
    run=_load,
    text="text",
)
WITHDRAW_ALL = Command(
    name="deleteScenarios",
    method="DELETE",
    path="/scenarios",
    about="Forget all scenarios of the account's own.",
    arguments=Nothing,
    result=Nothing,
    run=_delete_all,
)
GET = Command(
    name="getScenario",
    method="GET",
    path="/scenarios/{name}",
    about="One scenario.",
    arguments=ScenarioName,
    result=ScenarioSummary,
    run=_scenario,
    errors=(404,),
)
PUT = Command(
    name="putScenario",
    method="PUT",
    path="/scenarios/{name}",
    about="Load one scenario of the account's own, instead of the one of that name.",
    arguments=NamedScenarioText,
    result=ScenarioSummary,
    run=_put,
    text="text",
)
WITHDRAW = Command(
    name="deleteScenario",
    method="DELETE",
    path="/scenarios/{name}",
    about="Forget one scenario of the account's own.",
    arguments=ScenarioName,
    result=Nothing,
    run=_delete,
    errors=(404,),
)
