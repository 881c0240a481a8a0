"""Commands on the record: the journal, waiting for it, the timeline, the verdict."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec

from mockscribe.account import Account
from mockscribe.commands.command import Arguments, Command, Context, Duration, JournalEntry, seconds
from mockscribe.entries import Entry, Kind
from mockscribe.errors import ControlError
from mockscribe.inspection import conditions, rules, sessions, timeline, verification
from mockscribe.inspection.conditions import Condition
from mockscribe.inspection.verification import Verdict

LONGEST_WAIT_SECONDS = 600.0
"""Own choice: longer than any test waits; a waiter that is forgotten goes away."""


class JournalQuery(Arguments, frozen=True, kw_only=True):
    """Which entries: those after `since`, of one kind, session (its key) and stream; `content` with the audio."""

    kind: Kind | None = None
    session: str | None = None
    stream: str | None = None
    since: Annotated[int, msgspec.Meta(ge=0)] = 0
    content: bool = False

    def takes(self, entry: Entry) -> bool:
        """Whether the entry is asked for."""
        return (
            entry.seq > self.since
            and (self.kind is None or entry.kind is self.kind)
            and (self.session is None or entry.origin.session == self.session.lower())
            and (self.stream is None or entry.origin.stream == self.stream)
        )


def _journal(context: Context, arguments: JournalQuery) -> list[JournalEntry]:
    entries = context.account.journal
    return [entry.fields(content=arguments.content) for entry in entries if arguments.takes(entry)]


class TimelineQuery(Arguments, frozen=True, kw_only=True):
    """Whose timeline: one session's, or all."""

    session: str | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, for a person to read."""

    text: str


def _timeline(context: Context, arguments: TimelineQuery) -> Timeline:
    account = context.account
    try:
        session = sessions.find(account, arguments.session) if arguments.session is not None else None
    except ControlError as error:
        raise ControlError(error.status, error.message, path="session") from None
    return Timeline(text=timeline.timeline(account, session))


class Wait(Condition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on the journal, and how long to wait for it in real time."""

    timeout: Duration = 10.0


async def _wait(context: Context, condition: Wait) -> list[JournalEntry]:
    limit = seconds(condition.timeout, "timeout", LONGEST_WAIT_SECONDS)
    found: list[dict[str, Any]] = []
    complete = asyncio.Event()

    def hear(entry: Entry) -> None:
        if len(found) < condition.count and (fields := conditions.fulfils(condition, entry)) is not None:
            found.append(fields)
        if len(found) == condition.count:
            complete.set()

    for entry in context.account.journal:
        hear(entry)
    unsubscribe = context.account.journal.subscribe(hear)
    try:
        async with asyncio.timeout(limit):
            await complete.wait()
    except TimeoutError:
        raise _not_seen(context.account, condition, found, limit) from None
    finally:
        unsubscribe()
    return found


def _not_seen(account: Account, condition: Condition, found: list[dict[str, Any]], limit: float) -> ControlError:
    counts: dict[str, int] = {}
    for entry in account.journal:
        counts[entry.kind.value] = counts.get(entry.kind.value, 0) + 1
    nearest = conditions.nearest(condition, account.journal)
    where = f" where {condition.where}" if condition.where else ""
    lines = [
        f"{condition.count} × {condition.kind.value}{where} did not come within {limit:g} s; {len(found)} did",
        "seen: " + (", ".join(f"{count} × {kind}" for kind, count in counts.items()) or "nothing"),
        *(f"nearest: {miss}" for miss in nearest),
    ]
    return ControlError(408, "\n".join(lines), details={"seen": counts, "found": found, "nearest": list(nearest)})


Rule = Annotated[
    str, msgspec.Meta(description="A rule that a client can break.", extra_json_schema={"enum": list(rules.RULES)})
]


class Verify(Arguments, frozen=True, kw_only=True):
    """How strict to be, and how long running streams may take before an unmet expectation is final."""

    every_scenario: bool = False
    allow_violations: bool | list[Rule] = False
    allow_unmatched: bool = False
    settle: Duration = 1.0


async def _verify(context: Context, arguments: Verify) -> Verdict:
    def judge() -> Verdict:
        return verification.verdict(
            context.account,
            every_scenario=arguments.every_scenario,
            allow_violations=arguments.allow_violations,
            allow_unmatched=arguments.allow_unmatched,
        )

    if not isinstance(arguments.allow_violations, bool):
        for index, name in enumerate(arguments.allow_violations):
            if (told := rules.unknown(name)) is not None:
                raise ControlError(400, told, path=f"allow_violations[{index}]")
    limit = seconds(arguments.settle, "settle", LONGEST_WAIT_SECONDS)
    verdict = judge()
    if verdict.ok or not context.account.live:
        return verdict
    over = asyncio.Event()

    def hear(entry: Entry) -> None:
        if not context.account.live:
            over.set()

    unsubscribe = context.account.journal.subscribe(hear)
    try:
        async with asyncio.timeout(limit):
            await over.wait()
    except TimeoutError:
        pass
    finally:
        unsubscribe()
    return judge()


JOURNAL = Command(
    name="getJournal",
    method="GET",
    path="/journal",
    about="All that was seen and sent, oldest first. With `Accept: text/event-stream` as server-sent events, from the "
    "first entry that is asked for and then live; each event's id is its entry's number.",
    arguments=JournalQuery,
    result=list[JournalEntry],
    run=_journal,
)
WAIT: Command[Wait, list[JournalEntry]] = Command(
    name="wait",
    method="POST",
    path="/wait",
    about="Wait until the journal has as many entries as the condition asks for, and answer with them; 408 with what "
    "was seen instead.",
    arguments=Wait,
    result=list[JournalEntry],
    run=_wait,
    errors=(408, 503),
)
VERIFY: Command[Verify, Verdict] = Command(
    name="verify",
    method="POST",
    path="/verify",
    about="Whether what the account loaded was used, every step has happened, the client kept the rules and no stream "
    "was unmatched.",
    arguments=Verify,
    result=Verdict,
    run=_verify,
    errors=(503,),
)
TIMELINE = Command(
    name="getTimeline",
    method="GET",
    path="/timeline",
    about="What happened on the account's streams, both directions, decoded, with times: for a person to read.",
    arguments=TimelineQuery,
    result=Timeline,
    run=_timeline,
    errors=(404,),
)
