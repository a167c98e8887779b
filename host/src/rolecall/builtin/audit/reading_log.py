"""Reconciling a connector: its log is read first, then the store, so that every event finds its call."""

from datetime import UTC, datetime, timedelta

from rolecall.connectors import open_connector
from rolecall.contracts import ConnectorContext
from rolecall.plan_json import to_json
from rolecall.plans import WriteSeen
from rolecall.plugins import Plugins
from rolecall.reconciliation import (
    IMPORT,
    NEAR,
    Reconciliation,
    WrittenCall,
    by_directory,
    reconcile,
    things_of,
    written_calls,
)
from rolecall.store.actions import StoredAction, unfinished_actions
from rolecall.store.chain import read_chain
from rolecall.store.engine import Store
from rolecall.store.ledger import holdings_by_connector


async def reconcile_connector(
    store: Store,
    plugins: Plugins,
    context: ConnectorContext,
    since: datetime,
    until: datetime,
    grace: timedelta,
) -> Reconciliation:
    """Hold what is on record against what the connector's log tells of.

    Args:
        store: Where the records are.
        plugins: Of whom the connector's kind is.
        context: What the connector is opened with.
        since: From when on.
        until: Until when.
        grace: How long an event may take to reach the log.

    Raises:
        ProviderError: The log can't be read.
    """
    settled = datetime.now(UTC) - grace
    seen: list[WriteSeen] = []
    async with open_connector(plugins, context) as connector:
        await connector.validate()
        async for batch in connector.writes_seen(since - NEAR, min(until + NEAR, datetime.now(UTC))):
            seen += batch
    with store.reading() as connection:
        calls = written_calls(read_chain(connection, since - IMPORT))
        told = {(call.action, call.n) for call in calls}
        under_way = [call for action in unfinished_actions(connection) for call in _calls(action)]
        calls += [call for call in under_way if (call.action, call.n) not in told]
        holdings = holdings_by_connector(connection, context.name)
    return reconcile(calls, seen, holdings, connector=context.name, since=since, until=until, settled=settled)


def _calls(action: StoredAction) -> list[WrittenCall]:
    """The calls of an action that is under way, or was interrupted: no record tells of them yet."""
    plan = to_json(action.plan)
    return [
        WrittenCall(
            action.connector,
            action.id,
            n,
            None,
            action.task,
            str(action.entitlement),
            action.principal,
            call.at,
            call.method,
            call.path,
            call.status,
            call.request_id,
            things_of(plan, call.step) if call.attempt == action.attempts else frozenset(),
            by_directory=call.attempt == action.attempts and by_directory(plan, call.step),
        )
        for n, call in enumerate(action.calls)
    ]
