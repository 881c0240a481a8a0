"""What keeps resources beyond this process, as an account knows it. `persistence.py` is one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from mockscribe.instant import Kept
from mockscribe.service.store import Row


class Keeper(Protocol):
    """A change is kept when the call returns, or when the block that it is `together` with is left."""

    def rows(self, account: str) -> Sequence[Row]:
        """The resources of an account."""

    def clock(self, account: str) -> Kept | None:
        """The clock of an account."""

    def keep(self, account: str, kind: str, key: str, data: bytes | None, clock: Kept) -> None:
        """A resource has changed; None: it is gone."""

    def keep_clock(self, account: str, clock: Kept) -> None:
        """Mock time has moved otherwise than by passing."""

    def forget(self, account: str) -> None:
        """The account begins anew."""

    def together(self) -> AbstractContextManager[None]:
        """All changes inside are kept when it is left, or none of them."""
