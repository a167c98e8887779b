"""Opening the store, and the two kinds of transaction on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from rolecall.errors import ConfigError
from rolecall.store import sqlite
from rolecall.store.migration import migrate


class Store:
    """An open store; close it, or use it in a ``with`` statement."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees a single state of the store."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start; committed at the end, or not at all."""
        with self.engine.connect() as connection:
            sqlite.begin_writing(connection)
            with connection.begin():
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
        url: ``sqlite:///FILE``, relative to ``folder``, or ``sqlite:////FILE`` for an absolute path.
        folder: The configuration's.

    Raises:
        ConfigError: The URL names nothing that this release can use, or a folder that isn't there.
        StoreError: It can't be opened, isn't ours, or is of a newer release.
    """
    path = _file_of(url, folder)
    engine = sqlite.open_engine(path)
    try:
        migrate(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, path)


def _file_of(url: str, folder: Path) -> Path:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("store.url isn't a URL.", hint="write sqlite:///rolecall.db") from error
    if parsed.drivername != "sqlite" or parsed.query:
        raise ConfigError(
            f"store.url names a database that this release can't use ({parsed.drivername}).",
            hint="write sqlite:///rolecall.db",
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("store.url names no file.", hint="write sqlite:///rolecall.db")
    return folder / parsed.database
