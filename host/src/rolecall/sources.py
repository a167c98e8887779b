"""Identity sources: who is synced before whom, and what a run is told about the source that it reads."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from rolecall.durations import duration_text
from rolecall.models import Finding, Severity
from rolecall.store.engine import Store
from rolecall.store.matching import unmatched
from rolecall.store.source import PublishedSource, published_source


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """A connector's identity source, as configured.

    Attributes:
        connector: The source's name.
        match: What people have in common on both sides.
        max_age: From which age on the source's last run is stale.
    """

    connector: str
    match: Literal["id", "login", "email"] = "id"
    max_age: timedelta = timedelta(hours=24)


def in_order(names: Iterable[str], sources: Mapping[str, str]) -> list[str]:
    """The names, each after its identity source where that is named too, otherwise as they were given.

    Args:
        names: Connectors.
        sources: Connector → its identity source; free of circles.
    """
    given = list(names)
    ordered: dict[str, None] = {}

    def place(name: str) -> None:
        if (source := sources.get(name)) is not None:
            place(source)
        if name in given:
            ordered[name] = None

    for name in given:
        place(name)
    return list(ordered)


def stale_sources(
    store: Store, names: Iterable[str], settings: Mapping[str, SourceSetting], now: datetime
) -> list[str]:
    """Identity sources of these connectors, and theirs in turn, that are missing or stale at ``now``.

    Args:
        store: Where the sources' runs are.
        names: Connectors.
        settings: Connector → its identity source, of those that are to sync a stale one first.
        now: The present time.
    """
    stale: dict[str, None] = {}
    for name in names:
        while (setting := settings.get(name)) is not None:
            source = published_source(store, setting.connector)
            if source is None or now - source.finished_at > setting.max_age:
                stale[setting.connector] = None
            name = setting.connector  # noqa: PLW2901 - up the chain
    return list(stale)


def source_findings(
    setting: SourceSetting, source: PublishedSource | None, now: datetime, failed: Collection[str]
) -> list[Finding]:
    """What is wrong with the source that a run is about to read.

    Args:
        setting: The source, as configured.
        source: Its newest published run, or None.
        now: The present time.
        failed: Connectors whose sync was tried by the same command, and failed.
    """
    name = setting.connector
    if source is None:
        return [
            _finding("source_missing", name, f"The identity source {name} has no published run to read from.")
        ]
    age = duration_text(now - source.finished_at)
    if name in failed:
        said = (
            f"The identity source {name} could not be synced; its run {source.run_id} of {age} ago was read."
        )
        return [_finding("source_failed", name, said)]
    if now - source.finished_at > setting.max_age:
        said = (
            f"The identity source {name} was last synced {age} ago (run {source.run_id}), "
            f"more than {duration_text(setting.max_age)}."
        )
        return [_finding("source_stale", name, said)]
    return []


def unmatched_findings(
    connection: Connection, connector: str, setting: SourceSetting, source: PublishedSource
) -> list[Finding]:
    """The people and groups who hold something in a connector, but aren't in its identity source."""
    return [
        _finding(
            "principals_unmatched",
            setting.connector,
            f"{each.count} of {each.of} principals of type {each.type} are not in the identity source "
            f"{setting.connector} by {setting.match}: {', '.join(each.examples)}"
            + (", …" if each.count > len(each.examples) else "")
            + ".",
        )
        for each in unmatched(connection, connector, source, setting.match)
    ]


def _finding(code: str, source: str, message: str) -> Finding:
    return Finding(code, Severity.MEDIUM, message, f"connector:{source}")
