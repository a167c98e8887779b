"""The rules of the grant ledger: what is held for which reasons, and when it may be taken away. Pure.

What is held is *made* where Rolecall gave it, and stood there before otherwise. Only what is made is ever
taken away by the ledger, and only when no reason for it is open any more.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from rolecall.models import EntitlementRef
from rolecall.plans import Held

HoldingState: TypeAlias = Literal["intended", "held", "ending", "gone"]
ReasonKind: TypeAlias = Literal["request", "grant", "standing"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is held.

    Attributes:
        kind: ``request``, ``grant`` (by hand), or ``standing``: it was there before Rolecall.
        connector: Whose entitlement it serves.
        entitlement: What the access is to.
        ends_at: When it ends by itself; None: not by itself, or its clock hasn't begun.
        ended_at: None while it is open.
        ended_by: ``expiry``, ``revocation``, … in the words of whoever ended it.
    """

    kind: ReasonKind
    connector: str
    entitlement: EntitlementRef
    began_at: datetime
    ends_at: datetime | None = None
    action: int | None = None
    task: int | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that the ledger accounts for.

    Attributes:
        connector: Which connector wrote it, or saw it stand.
        state: ``intended``: about to be given; ``ending``: being taken away, or without a reason and made.
        made: Rolecall gave it.
        reasons: The open ones.
        meaning: JSON: what the entitlement meant when it was given; see ``Plan.meaning``.
        action: The action that gave it, is giving it, or is taking it away.
    """

    held: Held
    connector: str
    state: HoldingState
    made: bool
    reasons: tuple[Reason, ...] = ()
    meaning: Mapping[str, Any] = field(default_factory=dict)
    action: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Intention:
    """What is noted of one thing before a grant that rests on it is carried out.

    Attributes:
        standing: A standing reason is added: nothing else accounts for what is there.
        over: Reasons that end, as what they were for was taken away outside.
    """

    state: HoldingState
    made: bool
    standing: bool
    over: tuple[Reason, ...] = ()


def intend(known: Holding | None, *, gives: bool, action: int) -> Intention:
    """What to note of a thing that a grant rests on, beside the grant's own reason.

    Args:
        known: What the ledger says of it.
        gives: The plan's steps give it: it isn't there now. Else the plan has found it there.
        action: The grant's; reasons that an earlier attempt of it added are its own.
    """
    others = [reason for reason in known.reasons if reason.action != action] if known else []
    if gives:
        # Taken away outside: what has no end must not come back by a grant that has one.
        over = tuple(reason for reason in others if reason.ends_at is None)
        return Intention("intended", made=False, standing=False, over=over)
    made = known is not None and known.made and known.state != "gone"
    return Intention("held", made=made, standing=not made and not others)


def lost(holdings: Iterable[Holding]) -> tuple[Holding, ...]:
    """Those that are to be taken away: made by Rolecall, still there, and no reason is open."""
    return tuple(
        holding for holding in holdings if holding.made and holding.state != "gone" and not holding.reasons
    )


def ended_with(holding: Holding, entitlement: EntitlementRef, connector: str) -> tuple[Reason, ...]:
    """The open reasons on it that serve one entitlement."""
    return tuple(
        reason
        for reason in holding.reasons
        if reason.entitlement == entitlement and reason.connector == connector
    )


def serves_only(holding: Holding, entitlement: EntitlementRef) -> bool:
    """Whether no reason is for anything else; another connector to the org may have given it."""
    return all(reason.entitlement == entitlement for reason in holding.reasons)


def ends(reasons: Collection[Reason]) -> datetime | None:
    """When what is held for these reasons ends by itself; None: it doesn't."""
    times = [reason.ends_at for reason in reasons if reason.ends_at is not None]
    return max(times) if times and len(times) == len(reasons) else None
