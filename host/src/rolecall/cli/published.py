"""Which published runs a reading command is about."""

from collections.abc import Sequence

from rolecall.cli.session import Session, known_connectors
from rolecall.config import Config
from rolecall.errors import StoreError, UsageError
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord, find_run, resolve_at


def published_runs(
    session: Session, config: Config, store: Store, connector: str | None, at: str | None
) -> Sequence[RunRecord]:
    """The runs to read, by connector name.

    A connector that was never synced is an error when it was asked for, and otherwise left out with a note.

    Args:
        session: This call.
        config: The configuration.
        store: The open store.
        connector: Only this one, or None for all.
        at: A run's number (of the connector asked for, or of any), a time, or None for the newest.

    Raises:
        UsageError: There is no such connector or run.
        StoreError: The connector asked for, or every one, was never synced.
    """
    if connector is not None:
        known_connectors(config, [connector])
        return [_published(store, connector, at)]
    if at is not None and at.isascii() and at.isdigit():
        return [resolve_at(store, find_run(store, int(at)).connector, at)]
    found = []
    names = sorted(config.connectors)
    for name in names:
        try:
            found.append(_published(store, name, at))
        except (StoreError, UsageError) as error:
            if len(names) == 1:
                raise
            session.note(f"{error.message} It is left out.")
    return found


def _published(store: Store, connector: str, at: str | None) -> RunRecord:
    try:
        return resolve_at(store, connector, at)
    except UsageError as error:
        if at is not None:
            raise
        raise StoreError(
            f"Connector {connector} has no published run yet.", hint=f"run: rolecall sync {connector}"
        ) from error
