"""Opening the store, and the two kinds of transaction on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from rolecall.errors import ConfigError
from rolecall.store.database import Database
from rolecall.store.migration import migrate
from rolecall.store.sqlite import SqliteDatabase

_HINT = "write sqlite:///rolecall.db, or postgresql://USER@HOST/DATABASE"


class Store:
    """An open store; close it, or use it in a ``with`` statement."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def engine(self) -> Engine:
        """Where connections come from."""
        return self.database.engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees a single state of the store."""
        with self.engine.connect() as connection, self.database.reading(connection):
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start; committed at the end, or not at all.

        Args:
            durable: What is committed survives a power failure too: for what was, or is about to be, written
                at a provider.
        """
        with self.engine.connect() as connection, self.database.writing(connection, durable=durable):
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, folder: Path) -> Store:
    """Open the store, making or upgrading its tables where needed; an upgrade makes a backup first.

    Args:
        url: ``sqlite:///FILE``, relative to ``folder``, or ``sqlite:////FILE`` for an absolute path; or
            ``postgresql://USER@HOST/DATABASE``, with all that libpq understands.
        folder: The configuration's.

    Raises:
        ConfigError: The URL names nothing that this release can use, or a folder that isn't there.
        StoreError: It can't be opened, isn't ours, or is of a newer release.
    """
    database = _database(url, folder)
    try:
        migrate(database)
    except BaseException:
        database.engine.dispose()
        raise
    return Store(database)


def _database(url: str, folder: Path) -> Database:
    """The URL isn't quoted in any message: it may hold a password, in a place where none belongs."""
    scheme, separator, rest = url.partition("://")
    match scheme if separator else None:
        case "sqlite":
            return SqliteDatabase(folder / _file_in(rest))
        case "postgresql" | "postgres":
            return _postgresql(url)
        case _:
            raise ConfigError("store.url names no database that this release can use.", hint=_HINT)


def _file_in(rest: str) -> str:
    file = rest.removeprefix("/")
    if file == rest and rest:
        raise ConfigError("store.url names a host, which SQLite has none of.", hint=_HINT)
    if "?" in file:
        raise ConfigError("store.url has options, which SQLite has none of here.", hint=_HINT)
    if not file or file == ":memory:":
        raise ConfigError("store.url names no file.", hint=_HINT)
    return file


def _postgresql(url: str) -> Database:
    try:
        from rolecall.store.postgresql import PostgresqlDatabase  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            f"store.url names a PostgreSQL database, but psycopg can't be imported: {error}.",
            hint="pip install 'rolecall[postgresql]'",
        ) from error
    return PostgresqlDatabase(url)
