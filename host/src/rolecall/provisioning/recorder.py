"""Where a connector says what it is doing to the provider: each word is on disk before it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from rolecall.errors import PluginError, Refused
from rolecall.plans import Plan
from rolecall.store.actions import add_log, is_at, renew_actions
from rolecall.store.engine import Store
from rolecall.store.locks import Locks, renew_locks
from rolecall.store.writing import record_answered, record_begins, record_ended

StepOutcome: TypeAlias = Literal["waiting", "applied", "not_applied", "unknown", "handed_off"]


@dataclass(slots=True)
class StepDone:
    """What is known of one step of a plan.

    Attributes:
        outcome: ``waiting``: it wasn't begun.
        why: Half a sentence, or empty.
        status: What the provider answered last, or None.
        request_id: By which the provider knows the call, or None.
    """

    outcome: StepOutcome = "waiting"
    why: str = ""
    status: int | None = None
    request_id: str | None = None


class LocksLost(Refused):
    """This process stood still for so long that others took it for dead: it sends nothing any more."""

    code = "locks_lost"

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"This process stood still, and another writes to the same now: {method} {path} wasn't sent.",
            hint="the action is gone on with from a fresh read: by the other, or by rolecall run",
        )


class Recorder:
    """Implements ``Writing`` for one attempt of an action.

    Before each call it is made sure, on disk, that the locks and the action are still this process's.

    Attributes:
        patience: See ``Writing``.
        steps: What is known of each step of the plan.
        lost: Whether a call wasn't let out since others took this process for dead.
    """

    def __init__(
        self, store: Store, action_id: int, attempt: int, plan: Plan, patience: float, locks: Locks
    ) -> None:
        self.patience = patience
        self.steps = [StepDone() for _ in plan.steps]
        self.lost = False
        self._store = store
        self._action_id = action_id
        self._attempt = attempt
        self._plan = plan
        self._locks = locks

    def begins(self, step: int, method: str, path: str) -> None:
        """See ``Writing``; a call that no step of the plan makes, or whose locks were lost, isn't let out."""
        if not 0 <= step < len(self.steps) or self._plan.steps[step].handoff is not None:
            raise PluginError(
                f"{method} {path} was about to be sent, which no step of the plan makes; it wasn't.",
                hint="report it to the plugin's author",
            )
        with self._store.writing(durable=True) as connection:
            own = is_at(connection, self._action_id, self._attempt)
            if not (renew_locks(connection, self._locks) and own):
                self.lost = True
                raise LocksLost(method, path)
            renew_actions(connection)
            record_begins(connection, self._action_id, step, method, path, attempt=self._attempt)
        self.steps[step] = StepDone("unknown", "no answer is known")

    def answered(self, step: int, status: int, request_id: str | None) -> None:
        """See ``Writing``."""
        self._on_disk(
            lambda connection: record_answered(
                connection, self._action_id, step, status, request_id, attempt=self._attempt
            )
        )
        self.steps[step].status, self.steps[step].request_id = status, request_id

    def ended(self, step: int, outcome: Literal["applied", "not_applied", "unknown"], why: str = "") -> None:
        """See ``Writing``."""
        self._on_disk(
            lambda connection: record_ended(
                connection, self._action_id, step, outcome, why, attempt=self._attempt
            )
        )
        self.steps[step].outcome, self.steps[step].why = outcome, why

    def log(self, message: str) -> None:
        """See ``Writing``."""
        self._on_disk(lambda connection: add_log(connection, self._action_id, message))

    def handed_off(self, step: int) -> None:
        """A step waits for a person outside."""
        self.steps[step].outcome = "handed_off"

    @property
    def touched(self) -> bool:
        """Whether anything was written, or may have been."""
        return any(step.outcome in ("applied", "unknown") for step in self.steps)

    def _on_disk(self, put: Callable[[Connection], None]) -> None:
        with self._store.writing(durable=True) as connection:
            put(connection)
