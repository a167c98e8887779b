"""Everything that is SQLite's own: the file and who may read it, transactions, bulk inserts, backups."""

import os
import re
import sqlite3
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, MetaData, Select, Table, create_engine, event, insert
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

from rolecall.errors import ConfigError, StoreError

BUSY_SECONDS = 60.0
"""How long a writer waits for another one, which may be publishing a large run."""

_PRIVATE = 0o600
_SETTINGS = (
    # A commit survives a killed process; after a power failure the last runs may have to be read again.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -16000",
)


class SqliteDatabase:
    """A database file, which is created, readable by its owner alone, where there is none.

    Raises:
        StoreError: It can't be opened, or isn't an SQLite database.
    """

    def __init__(self, path: Path) -> None:
        _create_private(path)
        self.path = path
        self.name = str(path)
        self.engine = create_engine(
            "sqlite://", creator=lambda: _connect(path), poolclass=QueuePool, max_overflow=-1
        )
        event.listen(self.engine, "begin", _begin)
        event.listen(self.engine, "handle_error", lambda context: _store_error(path, context))

    @contextmanager
    def reading(self, connection: Connection) -> Iterator[None]:
        """See ``Database``."""
        connection.execution_options(immediate=False)
        with connection.begin():
            yield

    @contextmanager
    def writing(self, connection: Connection, *, durable: bool = False) -> Iterator[None]:
        """See ``Database``."""
        connection.execution_options(immediate=True)
        if durable:
            _outside_transaction(connection, "PRAGMA synchronous = FULL")
        try:
            with connection.begin():
                yield
        finally:
            if durable:
                _outside_transaction(connection, "PRAGMA synchronous = NORMAL")

    @contextmanager
    def staging(self, tables: MetaData, run_id: int) -> Iterator[Connection]:
        """See ``Database``; a second file beside the store's, attached to the connection."""
        path = self.path.with_name(f"{self.path.name}.staging-{run_id}")
        path.unlink(missing_ok=True)
        _create_private(path, new=True)
        connection = self.engine.connect()
        connection.detach()  # so that closing it lets go of the file; its place in the pool is free at once
        try:
            _outside_transaction(connection, f"ATTACH DATABASE ? AS {tables.schema}", (str(path),))
            # It is thrown away whatever happens, so it needs neither a journal nor patience with the disk.
            _outside_transaction(connection, f"PRAGMA {tables.schema}.journal_mode = OFF")
            _outside_transaction(connection, f"PRAGMA {tables.schema}.synchronous = OFF")
            with connection.begin():
                tables.create_all(connection, checkfirst=False)
            yield connection
        finally:
            connection.close()
            path.unlink(missing_ok=True)

    def remove_leftovers(self, running: Callable[[], Collection[int]]) -> None:
        """See ``Database``; a run that begins after the files were listed has none among them."""
        ours = re.compile(re.escape(self.path.name) + r"\.staging-(\d+)")
        staged = {path: found for path in self.path.parent.iterdir() if (found := ours.fullmatch(path.name))}
        alive = running() if staged else ()
        for path, found in staged.items():
            if int(found[1]) not in alive:
                path.unlink(missing_ok=True)

    def insert_rows(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """See ``Database``."""
        connection.exec_driver_sql(_insert_statement(table), list(rows))

    def insert_first(self, connection: Connection, table: Table, rows: Select[Any]) -> None:
        """See ``Database``."""
        columns = [column.name for column in table.c]
        connection.execute(insert(table).prefix_with("OR IGNORE").from_select(columns, rows))

    def analyze(self, connection: Connection, *tables: Table) -> None:
        """Nothing: SQLite's planner takes the indices that the schema offers."""

    def back_up(self, connection: Connection, label: str, create: Callable[[Connection], None]) -> None:
        """See ``Database``; a copy of the file, beside it."""
        to = self.path.with_name(f"{self.path.name}.backup-{label}")
        _create_private(to, new=True)
        try:
            with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(to)) as target:
                source.backup(target)
        except sqlite3.Error as error:
            to.unlink(missing_ok=True)
            raise StoreError(f"The store {self.path} can't be backed up to {to}: {error}.") from error


@cache
def _insert_statement(table: Table) -> str:
    return str(insert(table).compile(dialect=dialect()))


def _create_private(path: Path, *, new: bool = False) -> None:
    """Make sure that a file is there which its owner alone may read; a ``new`` one must not be there yet."""
    if path.is_dir():
        raise StoreError(f"The store {path} is a folder, not a file.")
    try:
        file = os.open(path, os.O_CREAT | os.O_RDWR | (os.O_EXCL if new else 0), _PRIVATE)
        try:
            if stat.S_IMODE(os.fstat(file).st_mode) != _PRIVATE:
                os.fchmod(file, _PRIVATE)
        finally:
            os.close(file)
    except FileNotFoundError as error:
        raise ConfigError(
            f"store.url: the folder {path.parent} doesn't exist.", hint="make it, or change store.url"
        ) from error
    except OSError as error:
        raise StoreError(f"The store {path} can't be opened: {error.strerror}.") from error


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _described(path, error) from error
    try:
        _write_ahead(connection)
        for setting in _SETTINGS:
            connection.execute(setting)
    except sqlite3.Error as error:
        connection.close()
        raise _described(path, error) from error
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead log. Only a new file isn't so yet, and for that SQLite doesn't wait for others."""
    patience = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > patience:
                raise
            sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _outside_transaction(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> None:
    """ATTACH and some PRAGMAs aren't possible inside the transaction that a Connection would begin."""
    try:
        connection.connection.cursor().execute(statement, values)
    except sqlite3.Error as error:
        raise StoreError(f"The store can't be prepared: {error}.") from error


def _store_error(path: Path, context: ExceptionContext) -> StoreError | None:
    broken = context.original_exception
    if isinstance(context.sqlalchemy_exception, IntegrityError) or not isinstance(
        broken, sqlite3.DatabaseError
    ):
        return None
    return _described(path, broken)


def _described(path: Path, error: sqlite3.Error) -> StoreError:
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:  # without the extended part
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StoreError(
                f"The store {path} isn't a database, or is damaged: {error}.",
                hint="restore a backup, or move the file away and sync again",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"The store {path} is locked by another process; waited {BUSY_SECONDS:.0f} s.",
                hint="see which process has it open, then try again",
            )
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_IOERR if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE:
            return _full(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return StoreError(
                f"The store {path} can't be opened for writing: {error}.",
                hint="it and its folder must be writable by you",
            )
        case _:
            return StoreError(f"The store {path} failed: {error}.")


def _full(path: Path) -> StoreError:
    return StoreError(f"The disk that holds the store {path} is full.", hint="make room, then try again")
