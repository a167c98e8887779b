"""What a plan does in other connectors: a group's membership gives what the group holds anywhere."""

from collections.abc import Sequence
from dataclasses import replace

from rolecall.models import MEMBER, EntitlementRef, Ref
from rolecall.plans import Plan
from rolecall.provisioning.engine import Engine
from rolecall.store.group_holdings import held_by_groups

TOLD = 10
"""So many are named in a warning; scripts and policies get all."""


def with_elsewhere(engine: Engine, connector: str, plan: Plan) -> Plan:
    """The plan, saying what the groups in it hold in other connectors, as their last runs know it."""
    groups = _groups(plan)
    others = [name for name in engine.config.connectors if name != connector]
    if not groups or not others:
        return plan
    with engine.store.reading() as connection:
        held = tuple(held_by_groups(connection, groups, others))
    if not held:
        return plan
    return replace(plan, elsewhere=held, warnings=(*plan.warnings, _warning(plan, held)))


def _groups(plan: Plan) -> set[Ref]:
    return {
        held.object for step in plan.steps for held in (*step.gives, *step.takes) if held.mechanism == MEMBER
    }


def _warning(plan: Plan, held: Sequence[tuple[str, EntitlementRef]]) -> str:
    named = [f"{entitlement} of {name}" for name, entitlement in held]
    more = f" and {len(named) - TOLD} more" if len(named) > TOLD else ""
    turn = "gives" if plan.operation == "grant" else "takes away"
    return (
        f"The membership also {turn} what the group holds in other connectors, by their last runs: "
        f"{', '.join(named[:TOLD])}{more}."
    )
