"""Which scenario answers a stream, and by how little the others missed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mockscribe.scenario.model import Match, Scenario


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What scenarios are matched against: request parameters by member name, the account, and the attempt (from 1)."""

    parameters: Mapping[str, str | int]
    account: str
    attempt: int


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that did not match: its first difference in words, and how many of its conditions held."""

    scenario: Scenario
    difference: str
    held: int


def select(
    scenarios: Sequence[Scenario], request: Request, *, uses: Mapping[str, int], current: Scenario | None
) -> Scenario | None:
    """The scenario that takes the stream, or None: then `current`, the session's own, goes on, if there is one.

    The last that matches wins. A session keeps its scenario over resumed streams, unless one matches that names this
    attempt. One whose `times` are used up (`uses` counts sessions by name) is passed over.
    """
    for scenario in reversed(scenarios):
        if current is not None and scenario.match.attempt is None:
            continue
        if scenario.times is not None and uses.get(scenario.name, 0) >= scenario.times:
            continue
        if next(_differences(scenario, request), None) is None:
            return scenario
    return None


def nearest(scenarios: Sequence[Scenario], request: Request, *, uses: Mapping[str, int], count: int = 3) -> list[Miss]:
    """The `count` scenarios that came nearest: fewest differences, then most that held, then the last loaded."""
    misses = []
    for scenario in reversed(scenarios):
        differences = list(_differences(scenario, request))
        used = scenario.times is not None and uses.get(scenario.name, 0) >= scenario.times
        if used:
            differences.append(f"its times ({scenario.times}) are used up")
        if not differences:
            continue  # it does match
        held = _conditions(scenario) + (scenario.times is not None) - len(differences)
        misses.append((len(differences), Miss(scenario=scenario, difference=differences[0], held=held)))
    misses.sort(key=lambda pair: (pair[0], -pair[1].held))
    return [miss for _, miss in misses[:count]]


def fits(match: Match, request: Request) -> bool:
    """Whether all conditions hold."""
    return next(_misfits(match, request), None) is None


def _conditions(scenario: Scenario) -> int:
    match = scenario.match
    return len(match.parameters) + (match.account is not None) + (match.attempt is not None)


def _differences(scenario: Scenario, request: Request) -> Iterator[str]:
    return _misfits(scenario.match, request)


def _misfits(match: Match, request: Request) -> Iterator[str]:
    for name, wanted in match.parameters.items():
        given = request.parameters.get(name)
        same = str(given).lower() == str(wanted).lower() if name == "sessionId" else given == wanted
        if not same:
            yield f"{name} is {given!r}, the scenario wants {wanted!r}"
    if match.account is not None and match.account != request.account:
        yield f"the account is {request.account}, the scenario wants {match.account}"
    if match.attempt is not None and match.attempt != request.attempt:
        yield f"this is attempt {request.attempt}, the scenario wants attempt {match.attempt}"
