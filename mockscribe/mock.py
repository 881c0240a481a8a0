"""The mock's whole state: its accounts, and what all connections share.

Pure: no IO, and `now` (real time, seconds of any steady clock) is an argument. `connection.py` and `listening.py`
change this state; whoever looks at it from outside reads it on the server's own thread.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from mockscribe.account import Account, Shared
from mockscribe.config import Config
from mockscribe.entries import Kind, Origin
from mockscribe.scenario.faults import FAULTS, keys_of
from mockscribe.scenario.model import Fault
from mockscribe.wire.limits import Limits
from mockscribe.wire.tls import Flaw

DEFAULT_ACCOUNT: Final = "000000000000"


def account_of(access_key_id: str) -> str:
    """The account of an access key: a 12-digit one is its own, any other belongs to the default account."""
    own = len(access_key_id) == 12 and access_key_id.isascii() and access_key_id.isdecimal()
    return access_key_id if own else DEFAULT_ACCOUNT


class Mock(Shared):
    """Everything that connections share.

    `now` and `wall` are the same instant on the steady clock that `now` is read from, and in seconds since the epoch.
    """

    def __init__(self, config: Config, *, now: float, wall: float, seed: int) -> None:
        super().__init__(config, now=now, wall=wall, seed=seed)
        self.ca_pem: Callable[[], bytes] = bytes
        self.control_url: str | None = None
        self.limits = Limits(
            max_concurrent_streams=config.streams_per_connection,
            max_header_list_bytes=config.header_list_bytes,
            head_seconds=config.head_timeout_seconds,
            idle_seconds=config.connection_timeout_seconds,
            stalled_seconds=config.stalled_timeout_seconds,
            reset_burst=config.reset_burst,
            reset_rate=config.reset_rate,
            control_burst=config.control_burst,
            control_rate=config.control_rate,
        )
        self._now = now
        self._accounts: dict[str, Account] = {}
        self._connections = 0
        self._requests = 0

    def account(self, access_key_id: str, now: float) -> Account:
        """The account of an access key."""
        account_id = account_of(access_key_id)
        account = self._accounts.get(account_id)
        if account is None:
            account = self._accounts[account_id] = Account(self, account_id, self._now)
        return account

    def reset(self, account_id: str, now: float) -> Account:
        """The account back to its start, and its mock time too: running streams are reset, all that it had is gone.

        Who listens to its journal goes on listening, and entries are numbered on.
        """
        before = self.account(account_id, now)
        for stream in tuple(before.live):
            stream.push((Fault(name="reset"),), now)
            self.woken.add(stream.connection)
        before.store.retire()
        if self.keeper is not None:
            self.keeper.forget(account_id)
        account = self._accounts[account_id] = Account(self, account_id, now)
        account.journal.follow(before.journal)
        return account

    @property
    def accounts(self) -> Sequence[Account]:
        """The accounts seen so far."""
        return tuple(self._accounts.values())

    def choose_flaw(self, connection: int, name: str | None, now: float) -> Flaw | None:
        """What shall be wrong with the TLS handshake of a connection that asks for `name`.

        The account of a connection is not known yet: faults of all accounts stand for it.
        """
        base = self.account(DEFAULT_ACCOUNT, now)
        standing = [(base, each) for each in self.faults]
        standing += [(account, each) for account in self.accounts for each in account.faults.values()]
        for account, each in standing:
            fault, time = each.fault, account.clock.time(now)
            flaw = FAULTS[fault.name].flaw
            if flaw is None or each.over or (each.expires is not None and time >= each.expires):
                continue
            if fault.server_name not in (None, name):
                continue
            if fault.probability < 1 and self.draw("handshake", connection).random() >= fault.probability:
                continue
            each.hit()
            about = {"fault": fault.name, "parameters": keys_of(fault), "server_name": name}
            account.record(now, Origin(account=account.id, connection=connection), Kind.FAULT_FIRED, 0, about)
            return flaw
        return None

    def next_connection(self) -> int:
        """A number for one more connection."""
        self._connections += 1
        return self._connections

    def next_request_id(self) -> str:
        """A request id; repeatable with a seed."""
        self._requests += 1
        drawn = hashlib.blake2b(f"{self.seed}:request:{self._requests}".encode(), digest_size=16).digest()
        return str(uuid.UUID(bytes=drawn, version=4))
