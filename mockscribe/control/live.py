"""The journal as server-sent events (WHATWG HTML, 9.2): what there is, then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec

from mockscribe.commands import Context
from mockscribe.commands.record import JournalQuery
from mockscribe.entries import Entry

HEARTBEAT_SECONDS = 15.0
"""How often a quiet stream says that it is there; WHATWG HTML, 9.2.7 recommends every 15 seconds or so."""

MAX_WAITING = 10_000
"""Entries that wait for a reader; one that is slower has to come again with Last-Event-ID. Own choice."""


def resumed(query: JournalQuery, headers: Mapping[str, str]) -> JournalQuery:
    """The query, going on after the entry that a reader had last."""
    last = headers.get("last-event-id", "")
    return msgspec.structs.replace(query, since=int(last)) if last.isdecimal() else query


async def entries(context: Context, query: JournalQuery, closing: asyncio.Event) -> AsyncIterator[bytes]:
    """The entries that are asked for, until the reader leaves or the server is `closing`."""
    waiting: asyncio.Queue[Entry | None] = asyncio.Queue()

    def hear(entry: Entry) -> None:
        if waiting.qsize() < MAX_WAITING:
            waiting.put_nowait(entry)
        elif waiting.qsize() == MAX_WAITING:
            waiting.put_nowait(None)

    journal = context.account.journal
    unsubscribe = journal.subscribe(hear)
    end = asyncio.ensure_future(closing.wait())
    try:
        yield b": the journal\n\n"
        for entry in journal:
            if entry.seq <= query.since:
                continue
            if query.takes(entry):
                yield _event(entry, query.content)
            query = msgspec.structs.replace(query, since=entry.seq)
        while True:
            following = asyncio.ensure_future(waiting.get())
            done, _ = await asyncio.wait(
                (following, end), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if following not in done:
                following.cancel()
            if end in done:
                return
            if not done:
                yield b": still here\n\n"
                continue
            heard = following.result()
            if heard is None:
                return
            if query.takes(heard):
                yield _event(heard, query.content)
    finally:
        unsubscribe()
        end.cancel()


def _event(entry: Entry, content: bool) -> bytes:
    data = msgspec.json.encode(entry.fields(content=content))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, entry.kind.value.encode(), data)
