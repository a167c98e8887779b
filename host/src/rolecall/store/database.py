"""What the store needs of a database: SQLite and PostgreSQL each have a module with a class like this."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, MetaData, Select, Table


class Database(Protocol):
    """One store's database. Every method raises StoreError, in one line, when the database fails.

    Attributes:
        engine: Where connections come from.
        name: What to call it in messages: the file's path, or the URL without its password.
    """

    engine: Engine
    name: str

    def reading(self, connection: Connection) -> AbstractContextManager[None]:
        """One transaction that sees a single state of the store."""

    def writing(self, connection: Connection, *, durable: bool = False) -> AbstractContextManager[None]:
        """One transaction that holds the write lock from its start; committed at the end, or not at all.

        ``durable``: what is committed survives a power failure.
        """

    def staging(self, tables: MetaData, run_id: int) -> AbstractContextManager[Connection]:
        """A connection of its own with these tables, empty, in the schema they name; gone at the end."""

    def remove_leftovers(self, running: Callable[[], Collection[int]]) -> None:
        """Remove what was staged by runs that aren't among those ``running``: their process was killed."""

    def insert_rows(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert tuples of database values, one for each column in order: the fastest way in."""

    def insert_first(self, connection: Connection, table: Table, rows: Select[Any]) -> None:
        """Insert what a query gives, in column order; of rows with the same primary key the first."""

    def analyze(self, connection: Connection, *tables: Table) -> None:
        """Tell the query planner what these tables hold, after much of it has changed."""

    def back_up(self, connection: Connection, label: str, create: Callable[[Connection], None]) -> None:
        """Copy the store, in a write transaction on ``connection``; ``label`` is part of the copy's name.

        Args:
            connection: The one that will change the store.
            label: Lower-case letters, digits and ``-``.
            create: Makes the store's tables, empty, where new tables go on the connection.
        """
