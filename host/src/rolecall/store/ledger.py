"""The ledger as stored: holdings with their open reasons; ``rolecall.ledger`` has the rules.

Every function works in the caller's transaction; those that write need ``store.writing(durable=True)``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select, update

from rolecall.ids import parse_entitlement, parse_ref
from rolecall.ledger import Holding, HoldingState, Intention, Reason, ends, intend, lost
from rolecall.models import EntitlementRef, Ref
from rolecall.plan_json import to_json
from rolecall.plans import Held
from rolecall.store.chunks import chunks
from rolecall.store.provisioning_tables import holding, reason


@dataclass(frozen=True, slots=True)
class DueReason:
    """A reason that has come to its end, and what it is on."""

    reason: Reason
    holding: Holding


@dataclass(frozen=True, slots=True)
class Served:
    """An entitlement that something gives, and by which connector it was granted: a way to take it back."""

    connector: str
    entitlement: EntitlementRef


@dataclass(frozen=True, slots=True)
class HeldUntil:
    """Something whose every open reason ends.

    Attributes:
        entitlements: Text ids of what the reasons serve, each with its connector's name.
        until: When the last of them ends.
    """

    held: Held
    entitlements: frozenset[tuple[str, str]]
    until: datetime


def holdings_of(connection: Connection, principal: Ref) -> list[Holding]:
    """All that the ledger knows of a principal and isn't gone, of every org, by number."""
    mine = holding.c.principal == str(principal)
    return _read(connection, _holdings().where(mine, holding.c.state != "gone"))


def served_by(connection: Connection, holding_ids: Collection[int]) -> dict[int, list[Served]]:
    """For what each was ever held, by number: the newest reason first, ended ones included."""
    found: defaultdict[int, list[Served]] = defaultdict(list)
    for chunk in chunks(sorted(holding_ids)):
        query = select(reason).where(reason.c.holding_id.in_(chunk)).order_by(reason.c.id.desc())
        for row in connection.execute(query):
            served = Served(row.connector, parse_entitlement(row.entitlement))
            if served not in found[row.holding_id]:
                found[row.holding_id].append(served)
    return found


def find_holdings(connection: Connection, idents: Iterable[int]) -> list[Holding]:
    """The holdings with these numbers, by number."""
    found = []
    for chunk in chunks(sorted(set(idents))):
        found += _read(connection, _holdings().where(holding.c.id.in_(chunk)))
    return found


def find_held(connection: Connection, things: Iterable[Held]) -> dict[Held, Holding]:
    """What the ledger says of things; those it has never heard of are left out."""
    wanted = set(things)
    found: dict[Held, Holding] = {}
    for chunk in chunks(sorted({str(thing.principal) for thing in wanted})):
        for known in _read(connection, _holdings().where(holding.c.principal.in_(chunk))):
            if known.held in wanted:
                found[known.held] = known
    return found


def holdings_by_connector(connection: Connection, connector: str) -> list[Holding]:
    """All that isn't gone of what one connector wrote, saw stand, or has a reason for, by number."""
    serves = select(reason.c.holding_id).where(reason.c.connector == connector, reason.c.ended_at.is_(None))
    own = (holding.c.connector == connector) | holding.c.id.in_(serves)
    return _read(connection, _holdings().where(own, holding.c.state != "gone"))


def action_holdings(connection: Connection, action_id: int) -> list[Holding]:
    """What an action gives, gave or takes away, by number."""
    return _read(connection, _holdings().where(holding.c.action_id == action_id))


def due_reasons(connection: Connection, now: datetime) -> list[DueReason]:
    """Open reasons whose time has come, by when they end."""
    return _open_reasons(connection, reason.c.ends_at <= now, reason.c.ends_at)


def next_end(connection: Connection) -> datetime | None:
    """When the next open reason ends; None where none does."""
    query = (
        select(reason.c.ends_at)
        .where(reason.c.ended_at.is_(None), reason.c.ends_at.is_not(None))
        .order_by(reason.c.ends_at)
        .limit(1)
    )
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def reasons_of_task(connection: Connection, task_id: int) -> list[DueReason]:
    """The open reasons that a task's grant added, by number."""
    return _open_reasons(connection, reason.c.task_id == task_id)


def reasons_of_action(connection: Connection, action_id: int) -> list[DueReason]:
    """The open reasons that an action added, by number."""
    return _open_reasons(connection, reason.c.action_id == action_id)


def end_reasons(
    connection: Connection, idents: Collection[int], at: datetime, by: str
) -> tuple[Holding, ...]:
    """End reasons, and give the holdings that Rolecall made and for which none is left: take them away.

    They are ``ending`` from now on. A reason that has ended already changes nothing, and what has no reason
    left for longer is not given again.

    Args:
        connection: Of a durable write transaction.
        idents: Numbers of reasons.
        at: When they end.
        by: ``expiry``, ``revocation``, ``request cancelled``, …
    """
    touched = _end(connection, idents, at, by)
    over = lost(find_holdings(connection, touched))
    set_state(connection, [each.id for each in over], "ending", at)
    return over


def end_every_reason(
    connection: Connection, holding_ids: Collection[int], at: datetime, by: str
) -> list[DueReason]:
    """End all open reasons on holdings, and give them: the requests that end by it."""
    known = find_holdings(connection, holding_ids)
    ended = [DueReason(each, one) for one in known for each in one.reasons]
    _end(connection, [each.reason.id for each in ended], at, by)
    return ended


def without_reason(connection: Connection, holding_ids: Collection[int]) -> tuple[Holding, ...]:
    """Of these, what is still to be taken away: ask again just before it is done."""
    return lost(find_holdings(connection, holding_ids))


def set_end(connection: Connection, action_id: int, ends_at: datetime | None) -> None:
    """Say when the open reasons end that an action added: its clock has begun, or begins later (None)."""
    own = update(reason).where(reason.c.action_id == action_id, reason.c.ended_at.is_(None))
    connection.execute(own.values(ends_at=ends_at))


def set_state(
    connection: Connection, holding_ids: Collection[int], state: HoldingState, at: datetime
) -> None:
    """Say what holdings are now; what is ``gone`` is made by nobody, and keeps no open reason."""
    for chunk in chunks(sorted(holding_ids)):
        changes = {"state": state, "changed_at": at, **({"made": False} if state == "gone" else {})}
        connection.execute(update(holding).where(holding.c.id.in_(chunk)).values(**changes))
    if state == "gone":
        end_every_reason(connection, holding_ids, at, "gone")


def holdings_until(connection: Connection, connectors: Collection[str] = ()) -> list[HeldUntil]:
    """All that is held and ends by itself, each with when its last reason ends.

    Args:
        connection: Of a reading transaction.
        connectors: Only what one of these wrote or serves; all where none is named.
    """
    ending = select(reason.c.holding_id).where(reason.c.ended_at.is_(None), reason.c.ends_at.is_not(None))
    query = _holdings().where(holding.c.id.in_(ending), holding.c.state.in_(("intended", "held")))
    found = []
    for each in _read(connection, query):
        until = ends(each.reasons)
        serves = frozenset((one.connector, str(one.entitlement)) for one in each.reasons)
        near = not connectors or each.connector in connectors or any(n in connectors for n, _ in serves)
        if until is not None and near:
            found.append(HeldUntil(each.held, serves, until))
    return found


def note_intent(
    connection: Connection,
    things: Sequence[Held],
    gives: Collection[Held],
    why: Reason,
    meaning: Mapping[str, Any],
    action_id: int,
) -> None:
    """Note what a grant rests on, before its first call, with its reason on each.

    Args:
        connection: Of a durable write transaction.
        things: ``Plan.rests_on``.
        gives: What its steps give: isn't there yet.
        why: The grant's reason; ``began_at`` is now.
        meaning: ``Plan.meaning``.
        action_id: The grant's.
    """
    known = find_held(connection, things)
    for thing in dict.fromkeys(things):
        before = known.get(thing)
        intended = intend(before, gives=thing in gives, action=action_id)
        _end(connection, [each.id for each in intended.over], why.began_at, "taken away outside")
        ident = _put(connection, before, thing, intended, why, meaning, action_id)
        if intended.standing:
            standing = Reason("standing", why.connector, why.entitlement, why.began_at)
            _add_reason(connection, ident, standing)
        own = before.reasons if before else ()
        if not any(each.action == action_id for each in own):
            _add_reason(connection, ident, why)


def add_reasons(connection: Connection, things: Collection[Held], why: Reason) -> None:
    """Add a reason to what the ledger knows of these things, and change nothing else."""
    for known in find_held(connection, things).values():
        if known.state != "gone":
            _add_reason(connection, known.id, why)


def note_taking(connection: Connection, things: Collection[Held], at: datetime, action_id: int) -> None:
    """Note what a revocation takes away, before its first call; what the ledger doesn't know stays so."""
    known = [each.id for each in find_held(connection, things).values() if each.state != "gone"]
    for chunk in chunks(sorted(known)):
        taking = update(holding).where(holding.c.id.in_(chunk))
        connection.execute(taking.values(state="ending", action_id=action_id, changed_at=at))


def note_made(connection: Connection, things: Collection[Held], action_id: int, *, made: bool) -> None:
    """Note that an action is giving things, or is known not to have given them."""
    intended = [
        each.id
        for each in find_held(connection, things).values()
        if each.state == "intended" and each.action == action_id
    ]
    for chunk in chunks(sorted(intended)):
        connection.execute(update(holding).where(holding.c.id.in_(chunk)).values(made=made))


def _put(
    connection: Connection,
    before: Holding | None,
    thing: Held,
    intended: Intention,
    why: Reason,
    meaning: Mapping[str, Any],
    action_id: int,
) -> int:
    facts: dict[str, Any] = {
        "state": intended.state,
        "made": intended.made,
        "changed_at": why.began_at,
    }
    gives = intended.state == "intended"
    if before is None or gives or before.state == "gone":
        facts |= {
            "detail": to_json(thing.detail),
            "meaning": to_json(meaning),
            "connector": why.connector,
            "action_id": action_id if gives else None,
        }
    if before is not None:
        connection.execute(update(holding).where(holding.c.id == before.id).values(**facts))
        return before.id
    named = {
        "provider": thing.provider,
        "object": str(thing.object),
        "principal": str(thing.principal),
        "mechanism": thing.mechanism,
    }
    return int(
        connection.execute(insert(holding).values(**named, **facts).returning(holding.c.id)).scalar_one()
    )


def _add_reason(connection: Connection, holding_id: int, why: Reason) -> None:
    connection.execute(
        insert(reason).values(
            holding_id=holding_id,
            kind=why.kind,
            connector=why.connector,
            entitlement=str(why.entitlement),
            action_id=why.action,
            task_id=why.task,
            began_at=why.began_at,
            ends_at=why.ends_at,
        )
    )


def _end(connection: Connection, idents: Collection[int], at: datetime, by: str) -> set[int]:
    """End those that are open, and give the holdings that they were on."""
    touched: set[int] = set()
    for chunk in chunks(sorted(idents)):
        open_ones = reason.c.id.in_(chunk) & reason.c.ended_at.is_(None)
        touched |= set(connection.execute(select(reason.c.holding_id).where(open_ones)).scalars())
        connection.execute(update(reason).where(open_ones).values(ended_at=at, ended_by=by))
    return touched


def _open_reasons(
    connection: Connection, wanted: ColumnElement[bool], *order: ColumnElement[Any]
) -> list[DueReason]:
    """The open reasons that are wanted, in this order and then by number."""
    query = select(reason.c.id, reason.c.holding_id).where(wanted, reason.c.ended_at.is_(None))
    rows = list(connection.execute(query.order_by(*order, reason.c.id)))
    known = {each.id: each for each in find_holdings(connection, (row.holding_id for row in rows))}
    reasons = {each.id: each for one in known.values() for each in one.reasons}
    return [DueReason(reasons[row.id], known[row.holding_id]) for row in rows]


def _holdings() -> Select[Any]:
    return select(holding).order_by(holding.c.id)


def _read(connection: Connection, query: Select[Any]) -> list[Holding]:
    rows = list(connection.execute(query))
    reasons: defaultdict[int, list[Reason]] = defaultdict(list)
    for chunk in chunks(row.id for row in rows):
        open_ones = select(reason).where(reason.c.holding_id.in_(chunk), reason.c.ended_at.is_(None))
        for row in connection.execute(open_ones.order_by(reason.c.id)):
            reasons[row.holding_id].append(_reason(row))
    return [_holding(row, tuple(reasons[row.id])) for row in rows]


def _holding(row: Row[Any], reasons: tuple[Reason, ...]) -> Holding:
    held = Held(row.provider, parse_ref(row.object), parse_ref(row.principal), row.mechanism, row.detail)
    return Holding(held, row.connector, row.state, row.made, reasons, row.meaning, row.action_id, row.id)


def _reason(row: Row[Any]) -> Reason:
    return Reason(
        row.kind,
        row.connector,
        parse_entitlement(row.entitlement),
        row.began_at,
        row.ends_at,
        row.action_id,
        row.task_id,
        row.ended_at,
        row.ended_by,
        row.id,
    )
