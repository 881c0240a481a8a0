"""The verdict on a test: was everything that it loaded used, did every step happen, did the client keep the rules.

The rules are those of the scenarios' contract ("Verified"); loosening them is the caller's explicit wish.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from mockscribe.account import Account
from mockscribe.entries import Kind
from mockscribe.inspection.sessions import steps
from mockscribe.inspection.timeline import timeline
from mockscribe.live import Session
from mockscribe.scenario.intents import StepStatus
from mockscribe.scenario.matching import Request, nearest

Rule = Literal["scenario_unused", "scenario_times", "step_missed", "step_unfired", "violation", "stream_unmatched"]


class Unmet(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation that was not met: the rule, what is wrong in words, and whom it concerns (empty: nobody)."""

    rule: Rule
    message: str
    scenario: str = ""
    session: str = ""
    nearest: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`ok`, or what is unmet and the timelines of the account's streams."""

    ok: bool
    unmet: tuple[Unmet, ...] = ()
    timeline: str = ""

    def __str__(self) -> str:
        if self.ok:
            return "everything that was expected has happened"
        lines = [f"{len(self.unmet)} expectation{'s were' if len(self.unmet) != 1 else ' was'} not met"]
        for each in self.unmet:
            lines.append(f"- {each.message}")
            lines += [f"    nearest: {miss}" for miss in each.nearest]
        return "\n".join([*lines, "", self.timeline])


def verdict(
    account: Account,
    *,
    every_scenario: bool = False,
    allow_violations: bool | Collection[str] = False,
    allow_unmatched: bool = False,
) -> Verdict:
    """The verdict on an account.

    `every_scenario` counts the scenarios that all accounts see as loaded by the test too; `allow_violations` are rules
    that the client may break, or True for all; `allow_unmatched` lets streams be answered by an echo.
    """
    unmet = (
        *_scenarios(account, every_scenario),
        *(each for session in account.sessions.values() for each in _steps(session)),
        *_violations(account, allow_violations),
        *(() if allow_unmatched else _unmatched(account, every_scenario)),
    )
    return Verdict(ok=not unmet, unmet=unmet, timeline=timeline(account) if unmet else "")


def _scenarios(account: Account, every_scenario: bool) -> Iterator[Unmet]:
    for scenario in account.all_scenarios() if every_scenario else account.scenarios:
        uses, where = account.uses.get(scenario.name, 0), f"{scenario.name!r} ({scenario.source}:{scenario.line})"
        if not uses:
            requests = [
                Request(parameters=session.parameters, account=account.id, attempt=attempt)
                for session in account.sessions.values()
                for attempt in range(1, max(1, account.attempts.get(session.session_id.lower(), 1)) + 1)
            ]
            misses = [
                f"session {request.parameters.get('sessionId', '')}, attempt {request.attempt}: {miss.difference}"
                for request in requests
                for miss in nearest([scenario], request, uses=account.uses, count=1)
            ]
            yield Unmet(
                rule="scenario_unused",
                message=f"scenario {where} was never used",
                scenario=scenario.name,
                nearest=tuple(misses[-3:]),
            )
        elif scenario.times is not None and uses != scenario.times:
            text = f"scenario {where} was to take {scenario.times} sessions and took {uses}"
            yield Unmet(rule="scenario_times", message=text, scenario=scenario.name)


def _steps(session: Session) -> Iterator[Unmet]:
    for step in steps(session):
        if step.met:
            continue
        missed = step.status is StepStatus.MISSED
        line = f" (line {step.line})" if step.line else ""
        state = {
            StepStatus.WAITING: "was never armed",
            StepStatus.ARMED: "waited for its trigger" if not step.fired else f"fired {step.fired} × only",
            StepStatus.SPEAKING: "began and was not finished",
        }.get(step.status, "was missed: the input that it needs did not come before END_OF_SESSION")
        yield Unmet(
            rule="step_missed" if missed else "step_unfired",
            message=f"{step.scenario!r}: {step.step}{line} {state} in session {session.session_id}",
            scenario=step.scenario,
            session=session.session_id,
        )


def _violations(account: Account, allowed: bool | Collection[str]) -> Iterator[Unmet]:
    if allowed is True:
        return
    for entry in account.journal.select(Kind.VIOLATION):
        about = entry.about
        if allowed and about["rule"] in allowed:
            continue
        text = f"the client broke the rule {about['rule']} [{about['source']}]: {about['message']}"
        yield Unmet(rule="violation", message=text, session=entry.origin.session)


def _unmatched(account: Account, every_scenario: bool) -> Iterator[Unmet]:
    loaded = account.all_scenarios() if every_scenario else account.scenarios
    if not loaded:
        return
    for session in account.sessions.values():
        if session.scenario is None and session.streams:
            request = Request(parameters=session.parameters, account=account.id, attempt=1)
            misses = nearest(account.all_scenarios(), request, uses=account.uses)
            yield Unmet(
                rule="stream_unmatched",
                message=f"no scenario matched session {session.session_id}: an echo answered it",
                session=session.session_id,
                nearest=tuple(f"{miss.scenario.name!r}: {miss.difference}" for miss in misses),
            )
    for text in account.unmatched:
        yield Unmet(rule="stream_unmatched", message=f"a stream was refused: {text}")
