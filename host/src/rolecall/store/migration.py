"""Bringing a store to this release's schema, after a backup; no newer schema is touched."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, table
from sqlalchemy import column as named

from rolecall.errors import StoreError
from rolecall.store import sqlite

HEAD = "0001"
"""Revision that this release's tables are of."""

SCRIPTS = Path(__file__).parent / "migrations"

_version = table("alembic_version", named("version_num"))


def migrate(engine: Engine, path: Path, *, head: str = HEAD, scripts: Path = SCRIPTS) -> None:
    """Upgrade the database in ``path`` to revision ``head``, where it is older or empty.

    Raises:
        StoreError: It is of a newer release, or isn't Rolecall's; nothing was changed.
    """
    with engine.connect() as connection:
        revision = _revision(connection, path)
    if revision == head:
        return
    # Imported here because most commands find the store up to date, and Alembic takes its time.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None:
        if revision not in known:
            raise StoreError(
                f"The store {path} was written by a newer release (schema {revision}; this one has {head}).",
                hint="upgrade rolecall",
            )
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        sqlite.back_up(path, path.with_name(f"{path.name}.backup-{revision}-{stamp}"))
    with engine.connect() as connection:
        sqlite.begin_writing(connection)
        with connection.begin():  # a second process that opens the store now waits, and finds it done
            config.attributes["connection"] = connection
            command.upgrade(config, head)


def _revision(connection: Connection, path: Path) -> str | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables or "grant_version" not in tables:
        raise StoreError(
            f"The store {path} is a database, but not Rolecall's.", hint="name another file in store.url"
        )
    return str(connection.execute(select(_version.c.version_num)).scalar_one())
