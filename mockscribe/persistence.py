"""Accounts on disk: every change of a resource is in an SQLite file before its request is answered (`--data DIR`).

One row a resource, as the store hands it out; one row an account for its mock time. Each change, or all changes of one
request, are a transaction in WAL mode: what SQLite has taken survives a kill of this process at any moment (sqlite.org,
"Write-Ahead Logging"). Against a power cut it is as good as the operating system's cache (synchronous = OFF).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mockscribe.errors import ConfigError
from mockscribe.instant import Kept
from mockscribe.service.store import Row

FILE = "mockscribe.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (account TEXT, kind TEXT, key TEXT, data BLOB, PRIMARY KEY (account, kind, key));
CREATE TABLE IF NOT EXISTS clock (account TEXT PRIMARY KEY, time REAL, wall REAL, began REAL);
PRAGMA user_version = 1;
"""


class Persistence:
    """The data folder of one server; a second server on the same folder is refused.

    Raises:
        ConfigError: the folder cannot be used.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with self.explained():
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(Path(folder) / FILE, isolation_level=None, timeout=0.5)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def _open(self) -> None:
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, 1):
            raise ConfigError("--data", f"{self.folder} was written by another version of mockscribe")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN IMMEDIATE")  # takes the lock now, not at the first change
        self._database.execute("COMMIT")

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Say in one line why the folder cannot be used, whatever reading it raises.

        Raises:
            ConfigError: the block has raised.
        """
        folder = self.folder
        try:
            yield
        except sqlite3.OperationalError as error:
            locked = "is locked" in str(error)
            message = f"{folder} is in use by another mockscribe" if locked else f"{folder} cannot be used: {error}"
            raise ConfigError("--data", message) from None
        except sqlite3.DatabaseError as error:
            raise ConfigError("--data", f"{folder}/{FILE} is no database of mockscribe: {error}") from None
        except OSError as error:
            raise ConfigError("--data", f"{folder} cannot be made: {error.strerror}") from None
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError("--data", f"{folder} holds what this version does not know: {error}") from None

    def accounts(self) -> tuple[str, ...]:
        """The accounts that are kept."""
        rows = self._database.execute("SELECT account FROM clock UNION SELECT account FROM resource ORDER BY 1")
        return tuple(account for (account,) in rows)

    def rows(self, account: str) -> list[Row]:
        """The resources of an account."""
        query = "SELECT kind, key, CAST(data AS BLOB) FROM resource WHERE account = ?"
        return list(self._database.execute(query, (account,)))

    def clock(self, account: str) -> Kept | None:
        """What was last written of an account's clock."""
        row = self._database.execute("SELECT time, wall, began FROM clock WHERE account = ?", (account,)).fetchone()
        return Kept(*row) if row is not None else None

    def keep(self, account: str, kind: str, key: str, data: bytes | None, clock: Kept) -> None:
        """A resource has changed; None: it is gone."""
        with self.together():
            if data is None:
                delete = "DELETE FROM resource WHERE account = ? AND kind = ? AND key = ?"
                self._database.execute(delete, (account, kind, key))
            else:
                replace = "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)"
                self._database.execute(replace, (account, kind, key, data))
            self._keep_clock(account, clock)

    def keep_clock(self, account: str, clock: Kept) -> None:
        """Mock time has moved otherwise than by passing."""
        with self.together():
            self._keep_clock(account, clock)

    def forget(self, account: str) -> None:
        """The account begins anew."""
        with self.together():
            self._database.execute("DELETE FROM resource WHERE account = ?", (account,))
            self._database.execute("DELETE FROM clock WHERE account = ?", (account,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _keep_clock(self, account: str, clock: Kept) -> None:
        values = (account, clock.time, clock.wall, clock.began)
        self._database.execute("INSERT OR REPLACE INTO clock VALUES (?, ?, ?, ?)", values)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """All changes inside are kept when it is left, or none of them; it may be entered within itself."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
