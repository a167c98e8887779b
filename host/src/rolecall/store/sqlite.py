"""Everything that is SQLite's own: the file and who may read it, transactions, bulk inserts, backups."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Select, Table, create_engine, event, insert
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

from rolecall.errors import ConfigError, StoreError

BUSY_SECONDS = 60.0
"""How long a writer waits for another one, which may be publishing a large run."""

_PRIVATE = 0o600
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # A commit survives a killed process; after a power failure the last runs may have to be read again.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -16000",
)


def open_engine(path: Path) -> Engine:
    """An engine on a database file, which is created, readable by its owner alone, where there is none.

    Raises:
        StoreError: It can't be opened, or isn't an SQLite database.
    """
    _create_private(path)
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=QueuePool, max_overflow=-1)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", lambda context: _store_error(path, context))
    return engine


@contextmanager
def attached(connection: Connection, path: Path, tables: MetaData) -> Iterator[None]:
    """Attach an empty second database with these tables, as their schema; it is removed at the end."""
    connection.detach()  # so that closing it lets go of the file; its place in the pool is free at once
    path.unlink(missing_ok=True)
    _create_private(path, new=True)
    try:
        _outside_transaction(connection, f"ATTACH DATABASE ? AS {tables.schema}", (str(path),))
        # It is thrown away whatever happens, so it needs neither a journal nor patience with the disk.
        _outside_transaction(connection, f"PRAGMA {tables.schema}.journal_mode = OFF")
        _outside_transaction(connection, f"PRAGMA {tables.schema}.synchronous = OFF")
        with connection.begin():
            tables.create_all(connection)
        yield
    finally:
        connection.close()
        path.unlink(missing_ok=True)


def begin_writing(connection: Connection) -> None:
    """From its next transaction on, the connection asks for the write lock at once."""
    connection.execution_options(immediate=True)


def insert_statement(connection: Connection, table: Table) -> str:
    """SQL for ``exec_driver_sql`` with tuples of database values, in column order: the fastest way in."""
    return str(insert(table).compile(connection.engine))


def insert_first(connection: Connection, table: Table, rows: Select[Any]) -> None:
    """Insert what a query gives, in column order; of rows with the same primary key the first."""
    columns = [column.name for column in table.c]
    connection.execute(insert(table).prefix_with("OR IGNORE").from_select(columns, rows))


def back_up(path: Path, to: Path) -> None:
    """Copy a database, while others may use it.

    Raises:
        StoreError: It can't be copied.
    """
    _create_private(to, new=True)
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        to.unlink(missing_ok=True)
        raise StoreError(f"The store {path} can't be backed up to {to}: {error}.") from error


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
        for setting in _SETTINGS:
            connection.execute(setting)
    except sqlite3.Error as error:
        connection.close()
        raise _described(path, error) from error
    return connection


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _outside_transaction(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> None:
    """ATTACH and some PRAGMAs aren't possible inside the transaction that a Connection would begin."""
    try:
        connection.connection.cursor().execute(statement, values)
    except sqlite3.Error as error:
        raise StoreError(f"The store can't be staged to: {error}.") from error


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
