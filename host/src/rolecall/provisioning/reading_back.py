"""Reading back: whether the provider shows what a write was for, and if not, what it shows instead."""

import asyncio
from dataclasses import dataclass

from rolecall.connectors import OpenConnector
from rolecall.errors import RolecallError
from rolecall.models import GrantRef
from rolecall.plans import Action, Plan
from rolecall.provisioning.engine import Engine
from rolecall.provisioning.outcomes import Attempt

STILL_THERE = "a read shows it still there"
CAN_NOT_TELL = "no read could tell whether it is gone"


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What reads showed after a write.

    Attributes:
        seen: The whole effect of a grant, or that what was revoked is gone.
        why: Half a sentence, where it isn't and a read says why; else empty.
    """

    seen: bool
    why: str = ""


async def read_back(engine: Engine, action: Action, attempt: Attempt) -> ReadBack:
    """What is known of an attempt's effect: as the connector says; for a revocation, by one more read."""
    if attempt.outcome is None or attempt.outcome.status == "handed_off":
        return ReadBack(seen=False)
    if attempt.recorder is not None and not attempt.verified:
        return ReadBack(seen=False)
    if attempt.plan.operation == "grant":
        return ReadBack(seen=True)
    try:
        return await look_for(engine, action, attempt.plan)
    except asyncio.CancelledError:
        return ReadBack(seen=False)
    except Exception:  # noqa: BLE001 - what was written stands; it is read again later
        return ReadBack(seen=False)


async def look_for(engine: Engine, action: Action, plan: Plan) -> ReadBack:
    """Whether what a revocation is about is gone.

    For the ledger's: what was given and isn't somebody else's by now. For a person's: the access, by every
    path, unless one was named.

    Raises:
        RolecallError: It can't be read.
    """
    connector = await engine.reading(action.connector)
    request = action.request
    if request.undo or request.via is not None:
        taken = request.undo or plan.takes
        there = await connector.present([thing for thing in taken if thing not in plan.rests_on])
        if True in there:
            return ReadBack(seen=False, why=STILL_THERE)
        return ReadBack(None not in there, "" if None not in there else CAN_NOT_TELL)
    (held,) = await connector.holds([GrantRef(request.entitlement, plan.principal)])
    if held:
        return ReadBack(seen=False, why=await _how_held(connector, plan))
    return ReadBack(held is False, "" if held is False else CAN_NOT_TELL)


async def _how_held(connector: OpenConnector, plan: Plan) -> str:
    """By which paths the access is there all the same."""
    try:
        removals = await connector.removals(plan.entitlement, plan.principal)
    except RolecallError:
        removals = ()
    paths = [f"{removal.path.rstrip('.')} ({removal.via})" for removal in removals]
    return f"a read shows that it is still held: {'; '.join(paths)}" if paths else STILL_THERE
