"""The resources of one account: a table a kind, one door for changes, and the time at which something changes next.

Pure and in memory. Whoever keeps it elsewhere too subscribes to the door, which hands out each change as JSON, and
gives the rows back to `load`; mock time must then go on from where it was.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import msgspec

from mockscribe.service.resources import KINDS, Feedback, Job, Resource, Token, Work

Row: TypeAlias = tuple[str, str, bytes]
"""Kind, key, and the resource as JSON."""

Watcher: TypeAlias = Callable[[str, str, bytes | None], None]
"""Is told kind and key of each change, and the resource as JSON, or None when it is gone."""

R = TypeVar("R", bound=Resource)


class Store:
    """What one account has. `chance` is what ids are drawn from: the same seed and requests give the same ids."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._tables: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self._watchers: list[Watcher] = []
        self._moments: list[float] = []
        self._unsettled: dict[tuple[str, str], Work] = {}
        self._finishing: list[tuple[float, int, str, str]] = []  # when, number, kind, key; of some that are settled too
        self._due: dict[tuple[str, str], Work] = {}  # unsettled and finished
        self._number = 0

    @staticmethod
    def load(chance: random.Random, rows: Iterable[Row]) -> Store:
        """A store with the rows that a watcher was told, in any order.

        Raises:
            msgspec.ValidationError: a row is none of this version's.
        """
        store = Store(chance)
        resources = [msgspec.json.decode(data, type=KINDS[kind]) for kind, _, data in rows]
        for resource in sorted(resources, key=lambda each: each.number):
            store._number = max(store._number, resource.number)
            store.put(resource)
        return store

    def subscribe(self, watcher: Watcher) -> None:
        """Tell `watcher` of every change from now on, before `put` and `remove` return."""
        self._watchers.append(watcher)

    def retire(self) -> None:
        """Nobody is told of changes any more: another store has taken this one's place."""
        self._watchers.clear()

    # ---- reading

    def get(self, kind: type[R], key: str) -> R | None:
        """The resource of that key, or None."""
        resource: R | None = self._tables[kind.kind].get(key)
        return resource

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """All of a kind in the order of their creation."""
        return tuple(self._tables[kind.kind].values())

    def next_change(self, time: float) -> float | None:
        """The first moment after `time` at which some resource changes on its own. `time` never goes back."""
        self._pass(time)
        return self._moments[0] if self._moments else None

    def due(self, time: float) -> tuple[Work, ...]:
        """The work that is finished at `time` and whose document nobody has put where it belongs yet.

        In the order in which it was finished. `time` never goes back.
        """
        self._pass(time)
        while self._finishing and self._finishing[0][0] <= time:
            _, _, kind, key = heapq.heappop(self._finishing)
            work = self._unsettled.get((kind, key))
            if work is not None and work.finished <= time:
                self._due[kind, key] = work
        return tuple(self._due.values())

    def unsettled(self) -> tuple[Work, ...]:
        """All work, finished or not, whose document nobody has put where it belongs yet."""
        return tuple(self._unsettled.values())

    def _pass(self, time: float) -> None:
        while self._moments and self._moments[0] <= time:
            heapq.heappop(self._moments)

    # ---- changing

    def put(self, resource: Resource) -> None:
        """Keep a resource: a new one, or in the place of the one of the same key."""
        kind, key = resource.kind, resource.key
        self._tables[kind][key] = resource
        for moment in resource.moments:
            heapq.heappush(self._moments, moment)
        if isinstance(resource, Work):
            self._settle(kind, key)
            if not resource.settled:
                self._unsettled[kind, key] = resource
                heapq.heappush(self._finishing, (resource.finished, resource.number, kind, key))
        for watcher in self._watchers:
            watcher(kind, key, msgspec.json.encode(resource))

    def remove(self, resource: Resource) -> None:
        """Forget a resource that is here."""
        kind, key = resource.kind, resource.key
        del self._tables[kind][key]
        self._settle(kind, key)
        for watcher in self._watchers:
            watcher(kind, key, None)

    def _settle(self, kind: str, key: str) -> None:
        """What was known of its work no longer holds."""
        self._unsettled.pop((kind, key), None)
        self._due.pop((kind, key), None)

    def keep(self, kind: type[Job | Feedback], limit: int, time: float) -> None:
        """Forget the oldest of a kind that is over, and its clientToken, when there are more than `limit`."""
        table = self._tables[kind.kind]
        if len(table) <= limit:
            return
        oldest = next((each for each in table.values() if each.over(time)), None)
        if oldest is None:
            return
        self.remove(oldest)
        token = self.get(Token, oldest.token) if oldest.token is not None else None
        if token is not None:
            self.remove(token)

    def next_number(self) -> int:
        """The number of one more resource."""
        self._number += 1
        return self._number

    def new_id(self, kind: type[Resource], draw: Callable[[random.Random], str], domain_id: str = "") -> str:
        """An id that no resource of that kind (in that domain) has."""
        scope = f"{domain_id}/" if domain_id else ""
        drawn = draw(self._chance)
        while f"{scope}{drawn}" in self._tables[kind.kind]:
            drawn = draw(self._chance)
        return drawn
