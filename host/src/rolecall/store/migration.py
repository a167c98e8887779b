"""Bringing a store to this release's schema, after a backup; no newer schema is touched."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select, table
from sqlalchemy import column as named

from rolecall.errors import StoreError
from rolecall.store.database import Database

HEAD = "0003"
"""Revision that this release's tables are of."""

SCRIPTS = Path(__file__).parent / "migrations"

_version = table("alembic_version", named("version_num"))


def migrate(database: Database, *, head: str = HEAD, scripts: Path = SCRIPTS) -> None:
    """Upgrade the store in ``database`` to revision ``head``, where it is older or empty.

    Raises:
        StoreError: It is of a newer release, or isn't Rolecall's; nothing was changed.
    """
    with database.engine.connect() as connection:
        with database.reading(connection):
            revision = _revision(connection, database.name)
        if revision == head:
            return
        upgrade, known = _alembic(scripts)
        if revision is not None and revision not in known:
            raise StoreError(
                f"The store {database.name} was written by a newer release "
                f"(schema {revision}; this one has {head}).",
                hint="upgrade rolecall",
            )
        with database.writing(connection):  # a second process that opens the store now waits
            found = _revision(connection, database.name)
            if found == head:
                return
            if found is not None:
                label = f"{found}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
                database.back_up(connection, label, lambda on: upgrade(on, found))
            upgrade(connection, head)


def _alembic(scripts: Path) -> tuple[Callable[[Connection, str], None], set[str]]:
    """A function that upgrades to a revision, and all revisions that there are."""
    # Imported here because most commands find the store up to date, and Alembic takes its time.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")

    def upgrade(connection: Connection, revision: str) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return upgrade, {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _revision(connection: Connection, name: str) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables or "grant_version" not in tables:
        raise StoreError(
            f"The store {name} is a database, but not Rolecall's.", hint="name another one in store.url"
        )
    return str(connection.execute(select(_version.c.version_num)).scalar_one())
