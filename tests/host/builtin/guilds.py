"""The provider of the kind ``guild``: an SQLite file that tests change, and that tells what was written."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.host.plugin_samples import install

SOURCE = Path(__file__).with_name("guild_plugin.py")
TABLES = """
CREATE TABLE person (id PRIMARY KEY, name, status);
CREATE TABLE team (id PRIMARY KEY, name, status, handed);
CREATE TABLE room (id PRIMARY KEY, name, status);
CREATE TABLE key (room, slug, PRIMARY KEY (room, slug));
CREATE TABLE held (type, object, slug, person, PRIMARY KEY (type, object, slug, person));
CREATE TABLE write (id INTEGER PRIMARY KEY, at, method, path, request_id);
CREATE TABLE switch (name PRIMARY KEY, value);
"""


def install_guilds(folder):
    install(folder, "acme-guild", SOURCE.read_text(encoding="utf-8"))


class Guild:
    """Engineers who may ask, leads who approve, a vault with two keys, and a team kept elsewhere."""

    def __init__(self, file):
        self.file = Path(file)
        with closing(sqlite3.connect(self.file)) as db, db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES)
            people = ["ann", "bob", "cyd", "dan", "eve", "fay"]
            db.executemany("INSERT INTO person VALUES (?, ?, 'active')", [(p, p.title()) for p in people])
            db.executemany(
                "INSERT INTO team VALUES (?, ?, 'active', ?)",
                [
                    ("engineers", "Engineers", 0),
                    ("leads", "Leads", 0),
                    ("oncall", "On call", 0),
                    ("offsite", "Offsite", 1),
                ],
            )
            db.execute("INSERT INTO room VALUES ('vault', 'Vault', 'active')")
            db.executemany("INSERT INTO key VALUES ('vault', ?)", [("admin",), ("reader",)])
        for person in ("ann", "bob"):
            self.give("team:engineers:member", person)
        for person in ("cyd", "dan"):
            self.give("team:leads:member", person)
        self.give("team:oncall:member", "ann")

    def toml(self, name, **keys):
        """The connector's table."""
        lines = [f"[connectors.{name}]", 'kind = "guild"', f"file = {json.dumps(str(self.file))}"]
        return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]) + "\n"

    def change(self, statement, *values):
        with closing(sqlite3.connect(self.file, timeout=30)) as db, db:
            return db.execute(statement, values).fetchall()

    def switch(self, name, value=1):
        """Turn one of the guild's oddities on; None turns it off."""
        self.change("DELETE FROM switch WHERE name = ?", name)
        if value is not None:
            self.change("INSERT INTO switch VALUES (?, ?)", name, value)

    def give(self, entitlement, person):
        """Somebody outside gives it; the provider logs nothing of it."""
        self.change("INSERT INTO held VALUES (?, ?, ?, ?)", *entitlement.split(":"), person)

    def take(self, entitlement, person):
        row = (*entitlement.split(":"), person)
        self.change("DELETE FROM held WHERE (type, object, slug, person) = (?, ?, ?, ?)", *row)

    def status(self, person, status):
        self.change("UPDATE person SET status = ? WHERE id = ?", status, person)

    def rename(self, kind, ident, name):
        self.change(f"UPDATE {kind} SET name = ? WHERE id = ?", name, ident)

    def has(self, entitlement, person):
        row = (*entitlement.split(":"), person)
        return bool(self.change("SELECT 1 FROM held WHERE (type, object, slug, person) = (?, ?, ?, ?)", *row))

    @property
    def writes(self):
        """Every write over the guild's own door, in order: method and path."""
        return self.change("SELECT method, path FROM write ORDER BY id")
