"""A store restored from a backup: the providers show what was done since, and the loss is put on record.

Heads that sinks have kept and the chain hasn't are named in a record of kind ``restored``; from then on
``rolecall audit verify`` tells of them as lost, and of any other that the chain lacks as a break.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from rolecall.audit import RESTORED, Verification, restored_facts, verify
from rolecall.builtin.audit.reading_log import reconcile_connector
from rolecall.builtin.audit.sinks import read_sinks
from rolecall.errors import StoreError
from rolecall.ledger import Holding
from rolecall.models import Ref
from rolecall.plan_json import to_json
from rolecall.plans import Actor, AuditHead, WriteSeen
from rolecall.provisioning import Engine, connector_context
from rolecall.store.chain import actions_off_record, append_record, chain_head, read_chain
from rolecall.store.ledger import holdings_by_connector, set_state

BEFORE = timedelta(hours=1)
"""How far before the store's last record the provider's log is read: clocks differ."""

GRACE = timedelta()
"""What isn't in the log yet isn't on the store's record either, or is seen by the next reconciliation."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider shows of the time that the store knows nothing of.

    Attributes:
        since: From when on the log was read.
        unrecorded: Written by Rolecall, and not on record any more.
        gone: What the ledger holds, and isn't there; or was taken away, so that it is others' now.
    """

    connector: str
    since: datetime
    unrecorded: tuple[WriteSeen, ...]
    gone: tuple[Holding, ...]


def hold_against_sinks(engine: Engine) -> Verification:
    """The chain, held against every head that sinks have kept.

    Raises:
        StoreError: A sink can't be read.
    """
    sinks = read_sinks(engine.plugins, engine.settings)
    for sink in sinks:
        if sink.error is not None:
            raise StoreError(
                f"The audit chain's heads kept by {sink.plugin} can't be read: {sink.error}",
                hint="nothing is written until they can: rolecall audit verify",
            )
    with engine.store.reading() as connection:
        return verify(read_chain(connection), [head for sink in sinks for head in sink.heads])


def is_restored(engine: Engine, told: Verification) -> bool:
    """Whether a restore from a backup explains what the chain lacks: nothing shows that it was cut off."""
    with engine.store.reading() as connection:
        return told.is_restored and not actions_off_record(connection)


async def look_into(engine: Engine, told: Verification) -> list[Found]:
    """Ask each connector that writes what was done since the store's last record that isn't in doubt.

    Raises:
        RolecallError: A provider can't be read.
    """
    with engine.store.reading() as connection:
        last = chain_head(connection)
        known = next((each.at for each in read_chain(connection) if each.number == told.after), None)
    times = [head.at for head in (last, *told.foreign) if head is not None] + ([known] if known else [])
    since = min(times) - BEFORE
    names = [name for name, each in engine.config.connectors.items() if each.provisioning == "on"]
    return [await _look_into(engine, name, since) for name in names]


def put_down(
    connection: Connection,
    told: Verification,
    found: Sequence[Found],
    actor: Actor,
    reason: str,
    *,
    kind: str = RESTORED,
    at: datetime | None = None,
) -> AuditHead:
    """Put on record what the chain lacks, and what the providers show; what is gone is noted as gone.

    Args:
        connection: Of a durable write transaction; the head is to be announced after it.
        told: What the chain lacks.
        found: By ``look_into``.
        actor: Who says so.
        reason: Why it is so, for people.
        kind: ``observed`` where it isn't explained: then it stays a break.
        at: When; now unless given.
    """
    now = at or datetime.now(UTC)
    shown = []
    for each in found:
        set_state(connection, [holding.id for holding in each.gone], "gone", now)
        held = [holding.held for holding in each.gone]
        facts = {
            "connector": each.connector,
            "since": each.since,
            "unrecorded": each.unrecorded,
            "gone": held,
        }
        shown.append(to_json(facts))
    beyond_doubt = told.is_restored and not actions_off_record(connection)
    facts = restored_facts(told, to_json(actor), reason, shown, beyond_doubt=beyond_doubt)
    return append_record(connection, kind, facts, at=now)


async def _look_into(engine: Engine, name: str, since: datetime) -> Found:
    with engine.store.reading() as connection:
        holdings = holdings_by_connector(connection, name)
    context = connector_context(engine, name, write=False)
    now = datetime.now(UTC)
    told = await reconcile_connector(engine.store, engine.plugins, context, since, now, GRACE)
    connector = await engine.reading(name)
    present = await connector.present([each.held for each in holdings]) if holdings else ()
    taken = _taken(told.unrecorded)
    gone = tuple(
        each
        for each, there in zip(holdings, present, strict=True)
        if there is False or (each.held.object, each.held.principal) in taken
    )
    return Found(name, since, told.unrecorded, gone)


def _taken(unrecorded: Sequence[WriteSeen]) -> set[tuple[Ref | None, Ref | None]]:
    """What Rolecall took away last, from whom: where it is there again, others have given it."""
    last = {(each.object, each.principal): each for each in sorted(unrecorded, key=lambda each: each.at)}
    return {thing for thing, each in last.items() if each.gives is False}
