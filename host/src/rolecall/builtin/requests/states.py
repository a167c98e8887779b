"""The life of a request: its states, what may be done in each, and by whom."""

from dataclasses import dataclass
from enum import StrEnum

from rolecall.models import Ref


class State(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    """Waits for approval."""
    APPROVED = "approved"
    """Is about to be granted, or waits for a hand-off to be seen."""
    ACTIVE = "active"
    """Its access is given, and ends."""
    DENIED = "denied"
    CANCELLED = "cancelled"
    """Taken back by whoever it is for or from, before the grant or after it."""
    EXPIRED = "expired"
    """Its time is over: that of the access, or that of waiting for approval; the outcome tells which."""
    REVOKED = "revoked"
    """Somebody took the access away before its time."""
    FAILED = "failed"
    """Approved, but void: what was approved isn't what could be granted any more."""


class Deed(StrEnum):
    """What can be done with a request."""

    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    EXTEND = "extend"
    REVIEW = "review"
    GRANT = "grant"
    LAPSE = "lapse"
    EXPIRE = "expire"
    REVOKE = "revoke"
    FAIL = "fail"


ENDS: dict[tuple[State, Deed], State] = {
    (State.PENDING, Deed.APPROVE): State.APPROVED,
    (State.PENDING, Deed.DENY): State.DENIED,
    (State.PENDING, Deed.CANCEL): State.CANCELLED,
    (State.PENDING, Deed.LAPSE): State.EXPIRED,
    (State.APPROVED, Deed.GRANT): State.ACTIVE,
    (State.APPROVED, Deed.CANCEL): State.CANCELLED,
    (State.APPROVED, Deed.FAIL): State.FAILED,
    (State.ACTIVE, Deed.CANCEL): State.CANCELLED,
    (State.ACTIVE, Deed.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Deed.REVOKE): State.REVOKED,
    (State.ACTIVE, Deed.EXTEND): State.ACTIVE,
}
"""Every deed that a state allows, and the state after it. ``review`` leaves the state as it is, in any."""

OUTCOMES: dict[tuple[State, Deed], str] = {
    (State.PENDING, Deed.DENY): "GRANT_OUTCOME_DENIED",
    (State.PENDING, Deed.CANCEL): "GRANT_OUTCOME_CANCELLED",
    (State.PENDING, Deed.LAPSE): "GRANT_OUTCOME_WAIT_TIMED_OUT",
    (State.APPROVED, Deed.GRANT): "GRANT_OUTCOME_GRANTED",
    (State.APPROVED, Deed.CANCEL): "GRANT_OUTCOME_CANCELLED",
    (State.APPROVED, Deed.FAIL): "GRANT_OUTCOME_ERROR",
}
"""Outcome of the grant by the deed that settles it; what ends access later leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has to do with a request, by the provider's ids.

    Attributes:
        decided: Those who approved it already.
        reviewed: An emergency's review is done, or none is due.
    """

    requester: Ref
    beneficiary: Ref
    decided: frozenset[Ref] = frozenset()
    reviewed: bool = True


def after(state: State, deed: Deed) -> State | None:
    """The state after a deed, or None where the state doesn't allow it."""
    if deed is Deed.REVIEW:
        return state
    return ENDS.get((state, deed))


def objection(state: State, deed: Deed, parties: Parties, person: Ref, *, approver: bool) -> str | None:
    """Why a person may not do something with a request, as a half sentence; None where they may.

    Args:
        state: Where it stands.
        deed: One of those that people do: approve, deny, cancel, extend, review.
        parties: Who has to do with it.
        person: Who wants to.
        approver: Whether they are among the rule's approvers, read live.
    """
    if after(state, deed) is None:
        return f"it is {state} already"
    involved = person in (parties.requester, parties.beneficiary)
    if deed in (Deed.CANCEL, Deed.EXTEND):
        return None if involved else "only who asked for it, or whom it is for, can do that"
    objections = {
        "there is nothing to review: it is no open emergency": deed is Deed.REVIEW and parties.reviewed,
        "whoever asked for access, or gets it, never decides about it": involved,
        "they are not among its approvers": not approver,
        "they have approved it already, and another approval is needed": deed is Deed.APPROVE
        and person in parties.decided,
    }
    return next((said for said, holds in objections.items() if holds), None)
