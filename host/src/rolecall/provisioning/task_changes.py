"""What an action's end does to the task that it belongs to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rolecall.errors import ProviderError, RateLimited, RolecallError, Unavailable, error_object
from rolecall.plan_json import to_json
from rolecall.plans import HandOff, Held
from rolecall.provisioning.outcomes import Ended
from rolecall.store.tasks import CLOSED, DONE, OPEN, PROCESSING, WAITING, Task

BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
LOOK_AGAIN = timedelta(minutes=1)
"""When to read again what a read didn't show."""

LOOK_UNDER_WAY = timedelta(minutes=5)
"""When to look again at what waits for another task, or may come yet."""

PASSING = frozenset({"locked", "locks_lost", "interrupted", "provisioning_off", "plugin_broken"})
"""Codes of what isn't the provider's no, and may be otherwise a moment later."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an action ended, as far as its task is concerned.

    Attributes:
        seen: Whether a read has shown it: the whole effect of a grant, or that the access is gone.
        unknown: Whether of some call it isn't known what it did.
        handoff: What a person outside must do now, or None.
        partly: Whether it failed with something of it applied.
        due: By when.
        things: What the hand-off gives or takes.
        step: Its index in the plan.
        run_id: The published run that showed it, where one did.
    """

    at: datetime
    action: int
    status: Ended
    seen: bool
    unknown: bool = False
    partly: bool = False
    ends_at: datetime | None = None
    error: RolecallError | None = None
    handoff: HandOff | None = None
    due: datetime | None = None
    things: tuple[Held, ...] = ()
    step: int | None = None
    run_id: int | None = None


def backoff(tries: int) -> timedelta:
    """How long to wait after so many tries that failed."""
    return BACKOFF[min(max(tries, 1), len(BACKOFF)) - 1]


def changes(task: Task, end: Ending) -> dict[str, Any]:
    """The task's fields that change."""
    common: dict[str, Any] = {
        "actions": (*task.actions, end.action) if end.action not in task.actions else task.actions,
        "error": error_object(end.error) if end.error else None,
    }
    if end.handoff is not None and end.due is not None:
        return common | _handed_off(end.handoff, end.due, end)
    if end.status in ("applied", "already_granted", "already_revoked"):
        seen = _seen(task, end) if end.seen else _unseen(end)
        active = {"listing": "active"} if task.type == "grant" and task.listing else {}
        ending = {"ends_at": end.ends_at} if task.type == "grant" else {}
        return common | seen | active | ending
    if end.unknown:
        tries = task.tries + 1
        return common | _unseen(end) | {"tries": tries, "next_try_at": end.at + backoff(tries)}
    return common | _failed(task, end)


def _seen(task: Task, end: Ending) -> dict[str, Any]:
    outcome = "GRANT_OUTCOME_GRANTED" if task.type == "grant" else "REVOKE_OUTCOME_REVOKED"
    return {
        "state": CLOSED,
        "processing": DONE,
        "outcome": outcome,
        "outcome_at": end.at,
        "observed_at": end.at,
        "observed_run_id": end.run_id,
        "next_try_at": None,
        "due_at": None,
        "handoff": {**task.handoff, "state": "verified"} if task.handoff else None,
    }


def _unseen(end: Ending) -> dict[str, Any]:
    return {"state": OPEN, "processing": WAITING, "next_try_at": end.at + LOOK_AGAIN}


def _handed_off(handoff: HandOff, due: datetime, end: Ending) -> dict[str, Any]:
    content: Mapping[str, Any] = to_json(handoff)
    return _unseen(end) | {
        "handoff": {
            "state": "open",
            "due": to_json(due),
            "claim": None,
            "content": content,
            "step": end.step,
            "things": to_json(end.things),
            "action": end.action,
        },
        "due_at": due,
    }


def _failed(task: Task, end: Ending) -> dict[str, Any]:
    passing = isinstance(end.error, RateLimited | Unavailable) or (
        end.error is not None and end.error.code in PASSING
    )
    if task.type == "revoke" or passing or end.partly:  # what is to be taken away is never given up
        tries = task.tries + 1
        wait = backoff(tries) if passing or isinstance(end.error, ProviderError) else BACKOFF[-1]
        return {"state": OPEN, "processing": PROCESSING, "tries": tries, "next_try_at": end.at + wait}
    failed = {"listing": "failed"} if task.listing else {}
    return failed | {
        "state": CLOSED,
        "processing": DONE,
        "outcome": "GRANT_OUTCOME_ERROR",
        "outcome_at": end.at,
        "next_try_at": None,
    }
