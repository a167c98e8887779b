"""What came of an action, as commands and the service get it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from rolecall.errors import Refused, RolecallError
from rolecall.plans import Action, GrantOutcome, Plan
from rolecall.provisioning.recorder import Recorder, StepDone

Ended: TypeAlias = Literal["applied", "handed_off", "already_granted", "already_revoked", "refused", "failed"]
Status: TypeAlias = Literal["planned"] | Ended
"""``planned``: a dry run."""


@dataclass(frozen=True, slots=True)
class Done:
    """How an action ended.

    Attributes:
        action: With the principal as the plan found it.
        plan: As it was carried out, or would have been; None where none could be made.
        verified: Whether a later read showed the whole effect.
        why: Half a sentence, where it isn't verified.
        action_id: Its number in the store; None for a dry run.
        audit_id: Number of the audit record that tells how it ended; None for a dry run.
        task_id: The task that it belongs to or has left open, or None.
        expires_at: When what was given ends; None: not by itself, or its clock hasn't begun.
        access_until: When the access ends by itself; None: it doesn't, since there are other reasons for it.
        steps: One for each step of the plan.
        error: What went wrong, or who refused.
        at: When it ended: sessions that began before may still live for the plan's ``session_seconds``.
    """

    action: Action
    plan: Plan | None
    status: Status
    verified: bool
    at: datetime
    why: str = ""
    action_id: int | None = None
    audit_id: int | None = None
    task_id: int | None = None
    expires_at: datetime | None = None
    access_until: datetime | None = None
    steps: tuple[StepDone, ...] = ()
    error: RolecallError | None = None

    @property
    def partly(self) -> bool:
        """Whether it failed with something applied, or perhaps applied."""
        return self.error is not None and any(step.outcome == "applied" for step in self.steps)

    @property
    def unknown(self) -> bool:
        """Whether of some call it isn't known what it did."""
        return any(step.outcome == "unknown" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to carry out a plan.

    Attributes:
        recorder: What is known of each step; None where the write was never begun.
        outcome: What the connector returned, or None.
        error: What it raised instead, or None.
        handed: Whether the attempt before it was handed over to a person outside, who has acted.
    """

    plan: Plan
    recorder: Recorder | None
    outcome: GrantOutcome | None = None
    error: RolecallError | None = None
    handed: bool = False

    @property
    def status(self) -> Ended:
        """The action's status by this attempt."""
        if self.outcome is not None:
            return self.outcome.status
        touched = self.recorder is not None and self.recorder.touched
        return "refused" if isinstance(self.error, Refused) and not touched else "failed"

    @property
    def steps(self) -> tuple[StepDone, ...]:
        """What is known of each step of the plan."""
        return tuple(self.recorder.steps) if self.recorder else tuple(StepDone() for _ in self.plan.steps)

    @property
    def verified(self) -> bool:
        """Whether the whole effect was read back, and no step says otherwise."""
        if self.outcome is None or self.outcome.status == "handed_off":
            return False
        return self.outcome.verified and all(step.outcome == "applied" for step in self.steps)
