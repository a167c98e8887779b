"""Everything that is PostgreSQL's own: connections, transactions, bulk inserts, backups, errors."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, MetaData, Select, Table, create_engine, event
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.pool import QueuePool

from rolecall.errors import ConfigError, StoreError

LOCK_SECONDS = 60.0
"""How long a writer waits for another one, which may be publishing a large run."""

CONNECT_SECONDS = 10
"""How long a server may take to answer, unless ``connect_timeout`` in the URL says otherwise."""

_WRITE_LOCK = 0x526F6C65_63616C6C
"""Key of the advisory lock, which is the database's own: "Rolecall"."""

_SETTINGS = (
    # Rows are streamed by cursors, and all of them are read.
    "SET cursor_tuple_fraction = 1",
    # What is asked for again and again is in memory: following an index beats reading whole tables.
    "SET random_page_cost = 1.1",
    # Compiling a query takes longer than any of ours.
    "SET jit = off",
)
_STAGING_SETTINGS = (
    "SET temp_buffers = '64MB'",
    "SET work_mem = '64MB'",
    # Else a staging table would hide a table of the store that has the same name.
    "SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', false)",
)
_HINTS = {
    "password": "see the user and the password in store.url, or in ~/.pgpass",
    "no pg_hba.conf entry": "the server's pg_hba.conf must let this user in from here",
    "does not exist": "create it, or correct store.url",
    "permission denied": "the role in store.url needs that right; it is simplest to let it own the database",
}


class PostgresqlDatabase:
    """A database of a PostgreSQL server.

    Args:
        url: ``postgresql://…``, as libpq understands it.

    Raises:
        ConfigError: It isn't such a URL. The message quotes none of it: it may hold a password.
    """

    def __init__(self, url: str) -> None:
        arguments = _arguments_in(url)
        self.name = _shown(arguments)
        self.engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: _connect(self.name, arguments),
            poolclass=QueuePool,
            max_overflow=-1,
            execution_options={"preserve_rowcount": True},  # how many rows an INSERT … SELECT inserted
            pool_pre_ping=True,  # a run lasts longer than many a firewall remembers a silent connection
        )
        event.listen(self.engine, "handle_error", lambda context: _store_error(self.name, context))

    @contextmanager
    def reading(self, connection: Connection) -> Iterator[None]:
        """See ``Database``."""
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield

    @contextmanager
    def writing(self, connection: Connection, *, durable: bool = False) -> Iterator[None]:
        """See ``Database``; each statement sees what was there when it got the lock."""
        connection.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=False)
        with connection.begin():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_SECONDS * 1000:.0f}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
            if durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            yield

    @contextmanager
    def staging(self, tables: MetaData, run_id: int) -> Iterator[Connection]:
        """See ``Database``; temporary tables, which the server drops when their connection ends."""
        with self.engine.connect() as connection:
            connection.execution_options(
                isolation_level="READ COMMITTED", schema_translate_map={tables.schema: "pg_temp"}
            )
            try:
                with connection.begin():
                    for setting in _STAGING_SETTINGS:
                        connection.exec_driver_sql(setting)
                    tables.create_all(connection, checkfirst=False)
                yield connection
            finally:
                connection.invalidate()  # closed, not kept for others: its tables and settings go with it

    def remove_leftovers(self, running: Callable[[], Collection[int]]) -> None:
        """Nothing: a killed process' connection ends with it, and with that its tables."""

    def insert_rows(self, connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """See ``Database``; by COPY."""
        copying = sql.SQL("COPY {} FROM STDIN").format(_identifier(connection, table))
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        try:
            with driver.cursor() as cursor, cursor.copy(copying) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise _described(self.name, error) or error from error

    def insert_first(self, connection: Connection, table: Table, rows: Select[Any]) -> None:
        """See ``Database``."""
        columns = [column.name for column in table.c]
        connection.execute(insert(table).from_select(columns, rows).on_conflict_do_nothing())

    def analyze(self, connection: Connection, *tables: Table) -> None:
        """See ``Database``; nobody else does it for temporary tables, and for others only after a while."""
        for table in tables:
            statement = sql.SQL("ANALYZE {}").format(_identifier(connection, table))
            connection.exec_driver_sql(statement.as_string())

    def back_up(self, connection: Connection, label: str, create: Callable[[Connection], None]) -> None:
        """See ``Database``; a schema of the same database, which the older release can use as its store."""
        schema = f"backup_{label.replace('-', '_').lower()}"
        kept = connection.exec_driver_sql("SELECT current_schema(), current_setting('search_path')").one()
        source, path = kept
        old = MetaData()
        old.reflect(connection)
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        _set_search_path(connection, schema)
        create(connection)
        _set_search_path(connection, path)
        for table in old.sorted_tables:
            if table.name != "alembic_version":  # which says already of what revision the copy is
                _copy_table(connection, table, source, schema)


def _copy_table(connection: Connection, table: Table, source: str, to: str) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.c)
    copying = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        sql.Identifier(to, table.name), columns, columns, sql.Identifier(source, table.name)
    )
    connection.exec_driver_sql(copying.as_string())
    for column in table.c:
        owned = "SELECT pg_get_serial_sequence(%s, %s)"
        named = [sql.Identifier(schema, table.name).as_string() for schema in (source, to)]
        counting, copied = (
            connection.exec_driver_sql(owned, (name, column.name)).scalar_one() for name in named
        )
        if counting is not None and copied is not None:  # numbers aren't given twice in the copy either
            connection.exec_driver_sql(
                f"SELECT setval('{copied}', last_value, is_called) FROM {counting}"  # noqa: S608 - the server quoted them
            )


def _set_search_path(connection: Connection, path: str) -> None:
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (path,))


def _identifier(connection: Connection, table: Table) -> sql.Identifier:
    """The table's name, with its schema as the connection translates it."""
    translated = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translated.get(table.schema, table.schema)
    return sql.Identifier(table.name) if schema is None else sql.Identifier(schema, table.name)


def _arguments_in(url: str) -> dict[str, Any]:
    try:
        arguments = {key: value for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        arguments = {}  # its message quotes what it couldn't read
    # libpq takes the first "@" and the first "/" for the end of something, wherever they were meant.
    misread = url.count("@") > 1 or any("@" in str(arguments.get(key, "")) for key in ("host", "dbname"))
    if not arguments or misread or not re.fullmatch(r"[0-9,]*", str(arguments.get("port", ""))):
        raise ConfigError(
            "store.url can't be read as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
            hint="in a user's name and a password write @ as %40, / as %2F, : as %3A and % as %25",
        )
    return {"connect_timeout": CONNECT_SECONDS, "application_name": "rolecall", **arguments}


def _shown(arguments: Mapping[str, Any]) -> str:
    user, host, port = (arguments.get(key) for key in ("user", "host", "port"))
    where = f"{user}@" if user else ""
    where += str(host or "") + (f":{port}" if port else "")
    return f"postgresql://{where}/{arguments.get('dbname', '')}"


def _connect(name: str, arguments: Mapping[str, Any]) -> psycopg.Connection[Any]:
    try:
        connection = psycopg.connect(**{**arguments, "client_encoding": "utf8"})
    except psycopg.Error as error:
        reason = _one_line(error)
        hint = next((hint for part, hint in _HINTS.items() if part in reason), "is the server running?")
        raise StoreError(f"The store {name} can't be opened: {reason}.", hint=hint) from error
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise StoreError(
            f"The store {name} can't hold every text: the database's encoding is {encoding}.",
            hint="create it with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )
    connection.autocommit = True
    for setting in _SETTINGS:
        connection.execute(setting)
    connection.autocommit = False
    return connection


def _store_error(name: str, context: ExceptionContext) -> StoreError | None:
    broken = context.original_exception
    if context.is_pre_ping or not isinstance(broken, psycopg.Error):
        return None
    return _described(name, broken)


def _described(name: str, error: psycopg.Error) -> StoreError | None:
    """What went wrong with the server or the database; None for what only a bug of ours explains."""
    match error:
        case psycopg.errors.LockNotAvailable():
            return StoreError(
                f"The store {name} is locked by another process; waited {LOCK_SECONDS:.0f} s.",
                hint="see which process writes to it, then try again",
            )
        case psycopg.errors.DiskFull():
            return StoreError(
                f"The disk that holds the store {name} is full.",
                hint="make room on the server, then try again",
            )
        case psycopg.errors.InsufficientPrivilege():
            return StoreError(
                f"The store {name} can't be used: {_one_line(error)}.", hint=_HINTS["permission denied"]
            )
        case psycopg.errors.ReadOnlySqlTransaction():
            return StoreError(
                f"The store {name} can't be written: {_one_line(error)}.",
                hint="store.url must name the primary server, not a standby",
            )
        case psycopg.OperationalError():
            return StoreError(
                f"The store {name} failed: {_one_line(error)}.", hint="see the server's log, then try again"
            )
        case _:
            return None


def _one_line(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error).partition("\tIs the server running")[0]
    return " ".join(said.removeprefix("connection failed: ").split()).rstrip(".")
