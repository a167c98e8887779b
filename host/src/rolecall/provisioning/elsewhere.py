"""What a change does in other connectors: a group's membership gives what the group holds anywhere."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rolecall.models import MEMBER, EntitlementRef, Ref
from rolecall.plans import Plan, Removal
from rolecall.store.engine import Store
from rolecall.store.group_holdings import held_by_groups

TOLD = 10
"""So many are named in a sentence; scripts and policies get all of a plan's."""


def with_elsewhere(store: Store, others: Collection[str], plan: Plan) -> Plan:
    """The plan, saying what the groups in it hold in other connectors, as their last runs know it."""
    groups = {held.object for held in (*plan.gives, *plan.takes) if held.mechanism == MEMBER}
    held = tuple(_held(store, others, groups))
    if not held:
        return plan
    turn = "gives" if plan.operation == "grant" else "takes away"
    warning = f"The membership also {turn} what the group holds in other connectors, by their last runs: "
    return replace(plan, elsewhere=held, warnings=(*plan.warnings, f"{warning}{_told(held)}."))


def removals_with_elsewhere(
    store: Store, others: Collection[str], removals: Iterable[Removal]
) -> tuple[Removal, ...]:
    """The removals, each saying what the group that it ends the membership of holds in other connectors."""
    return tuple(_with_more(each, _held(store, others, {each.via})) for each in removals)


def _with_more(removal: Removal, held: Sequence[tuple[str, EntitlementRef]]) -> Removal:
    if not held:
        return removal
    return replace(
        removal, change=f"{removal.change}; in other connectors the group also holds {_told(held)}"
    )


def _held(
    store: Store, others: Collection[str], groups: Collection[Ref]
) -> Sequence[tuple[str, EntitlementRef]]:
    if not groups or not others:
        return ()
    with store.reading() as connection:
        return held_by_groups(connection, groups, others)


def _told(held: Sequence[tuple[str, EntitlementRef]]) -> str:
    named = [f"{entitlement} of {name}" for name, entitlement in held]
    more = f" and {len(named) - TOLD} more" if len(named) > TOLD else ""
    return f"{', '.join(named[:TOLD])}{more}"
