"""What leaves a response when: delays, bandwidth, events sent together, frames that are held back.

Knows actions and mock time (whole microseconds) and nothing of which fault asked for them. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from mockscribe.scenario.faults.actions import Action, Bandwidth, Delay, Finish, Hold, SendBytes, SendHead, Together

SLICES_PER_SECOND = 20
"""How often bytes leave under a bandwidth; own choice: smooth for a person who watches."""

LARGE = 8
"""Actions at once from which on they wait for room: what fewer of them hold is no more than a frame has."""


class _Waiting:
    """An action that leaves at `due_us`; with `rate` its bytes leave from then on, so many in a second."""

    __slots__ = ("action", "due_us", "rate", "sent")

    def __init__(self, due_us: int, action: Action, rate: int) -> None:
        self.due_us = due_us
        self.action = action
        self.rate = rate
        self.sent = 0

    def ready(self, time_us: int, size: int) -> int:
        """How many of the action's bytes may have left by then."""
        return min(size, (time_us - self.due_us) * self.rate // 1_000_000) if self.rate else size

    def next_us(self, size: int) -> int:
        """When the next bytes are due."""
        if not self.rate:
            return self.due_us
        some = min(size, self.sent + max(1, self.rate // SLICES_PER_SECOND))
        return self.due_us - (-some * 1_000_000 // self.rate)


class Delivery:
    """The way of actions to the client. `octets` wait on it; nothing leaves out of order."""

    def __init__(self) -> None:
        self.octets = 0
        self.rate = 0
        self.events = 0  # that leave together; 0: each at once
        self._waiting: deque[_Waiting] = deque()
        self._together: list[bytes] = []
        self._held: list[Hold] = []
        self._free_us = 0  # when the last that waits has left
        self._head_us = 0
        self._blocked = False

    @property
    def plain(self) -> bool:
        """Whether everything passes at once, as it is."""
        return not (self.rate or self.events or self._waiting or self._held or self._head_us)

    @property
    def due_us(self) -> int | None:
        """When something is due; None when nothing is, or when it waits for room."""
        if not self._waiting or self._blocked:
            return None
        first = self._waiting[0]
        size = len(first.action.data) if isinstance(first.action, SendBytes) else 0
        return first.next_us(size)

    # ---- how it goes on

    def set(self, mode: Bandwidth | Together) -> None:
        """Deliver otherwise from now on."""
        if isinstance(mode, Bandwidth):
            self.rate = mode.octets_per_second
        else:
            self.events = mode.events

    def delay_head(self, by_us: int) -> None:
        """Let the head be so late."""
        self._head_us += by_us

    # ---- what comes

    def frame(self, actions: Iterable[Action], late: Iterable[Delay | Hold], final: str, time_us: int) -> None:
        """What became of one event's frame; `final` is the segment whose final it is, or empty."""
        time_us += sum(each.by_us for each in late if isinstance(each, Delay))
        for action in actions:
            self._put_event(action, time_us)
        held, self._held = self._held, []
        for each in held:
            each = each if each.segment else Hold(data=each.data, events=each.events - 1)
            if each.segment == final if each.segment else not each.events:
                self._put_event(SendBytes(data=each.data), time_us)
            else:
                self._held.append(each)
        self._held += [each for each in late if isinstance(each, Hold)]
        if self.events and len(self._together) >= self.events:
            self._leave_together(time_us)

    def _put_event(self, action: Action, time_us: int) -> None:
        if self.events and isinstance(action, SendBytes):
            self._together.append(action.data)
        else:
            self.put(action, time_us)

    def _let_go(self, time_us: int) -> None:
        """Nothing more will come: what is held back goes as well."""
        self._together += [each.data for each in self._held]
        self._held.clear()
        self._leave_together(time_us)

    def put(self, action: Action, time_us: int) -> None:
        """Let an action be next, no sooner than at `time_us`."""
        if isinstance(action, SendHead):
            time_us += self._head_us
            self._head_us = 0
        elif isinstance(action, Finish):
            self._let_go(time_us)
        due_us = max(time_us, self._free_us)
        octets = len(action.data) if isinstance(action, SendBytes) else 0
        rate = self.rate if octets else 0
        self._waiting.append(_Waiting(due_us, action, rate))
        self.octets += octets
        self._free_us = due_us - (-octets * 1_000_000 // rate if rate else 0)

    def _leave_together(self, time_us: int) -> None:
        if self._together:
            self.put(SendBytes(data=b"".join(self._together)), time_us)
            self._together.clear()

    # ---- what leaves

    def release(self, time_us: int, room: int) -> list[Action]:
        """What is due by `time_us`, as far as there is room for bytes."""
        released: list[Action] = []
        self._blocked = False
        while self._waiting:
            first = self._waiting[0]
            if first.due_us > time_us:
                break
            if isinstance(first.action, SendBytes):
                data = first.action.data
                if room <= 0:
                    self._blocked = True
                    break
                ready = first.ready(time_us, len(data))
                if ready > first.sent:
                    piece = data if ready - first.sent == len(data) else data[first.sent : ready]
                    released.append(SendBytes(data=piece))
                    room -= len(piece)
                    self.octets -= len(piece)
                    first.sent = ready
                if ready < len(data):
                    break
            else:
                released.append(first.action)
            self._waiting.popleft()
        return released

    def clear(self) -> None:
        """The client has gone."""
        self._waiting.clear()
        self._together.clear()
        self._held.clear()
        self.octets = 0
