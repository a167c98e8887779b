"""The second half of every write: intent on record, locks, the write itself, and the truth on record.

Nothing is sent before the store says on disk that it may be; nothing is repeated without a fresh plan.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from rolecall.connectors import OpenConnector
from rolecall.errors import (
    ConfigError,
    PlanOutdated,
    PluginError,
    ProviderError,
    Refused,
    RolecallError,
    StoreError,
)
from rolecall.plans import Action, Effect, GrantOutcome, Json, Plan
from rolecall.provisioning.engine import Engine
from rolecall.provisioning.locking import locked
from rolecall.provisioning.outcomes import Attempt, Done
from rolecall.provisioning.pending import UnderWay, under_way
from rolecall.provisioning.preparing import Prepared, permit, plan_with, prepare
from rolecall.provisioning.recorder import Recorder
from rolecall.provisioning.settling import settle
from rolecall.provisioning.unwritten import (
    is_called_off,
    record_gone_on,
    record_kept,
    record_refused,
    record_under_way,
)
from rolecall.store.actions import StoredAction, find_action, interrupted_actions, is_at
from rolecall.store.ledger import find_held, without_reason
from rolecall.store.locks import Locks
from rolecall.store.tasks import find_task
from rolecall.store.writing import record_attempt, record_intent

FRESH_SECONDS = 5.0
"""A plan that is older when its turn comes is made again."""

REPLANS = 3
"""So often a plan's locks may turn out to be others, or the provider may have changed meanwhile."""


async def carry_out(engine: Engine, prepared: Prepared) -> Done:
    """Carry out a plan, and put on record what came of it.

    Actions that were interrupted, and wrote to the same person or group, are gone on with first.

    Args:
        engine: What to work with.
        prepared: As ``prepare`` gave it, and as it was shown.

    Returns:
        How it ended, whatever that was: ``Done.error`` says why where it didn't go well.

    Raises:
        StoreError: The store can't be written. Before the first call nothing was done; later the record says
            how far it came, and ``resume`` goes on.
        asyncio.CancelledError: Interrupted; what is known is on record.
    """
    permit(engine, prepared.action)
    with engine.store.reading() as connection:
        interrupted = interrupted_actions(connection)
    before = [each for each in interrupted if _shares_locks(each, prepared.plan)]
    try:
        for each in before:
            await resume(engine, each.id)
    except (ConfigError, PluginError, ProviderError) as error:
        return record_refused(engine, prepared.action, prepared.plan, error)
    return await _Undertaking(engine, prepared, replan=bool(before)).carried_out()


async def provision(
    engine: Engine,
    action: Action,
    *,
    handoff_allowed: bool = False,
    expected: Mapping[str, Json] | None = None,
) -> Done:
    """Prepare an action and carry it out; what is refused or can't be planned is put on record too.

    Args:
        engine: What to work with.
        action: What is wanted.
        handoff_allowed: See ``prepare``.
        expected: See ``prepare``.

    Raises:
        StoreError, asyncio.CancelledError: See ``carry_out``.
    """
    try:
        prepared = await prepare(engine, action, handoff_allowed=handoff_allowed, expected=expected)
    except RolecallError as error:
        return record_refused(engine, action, None, error)
    return await carry_out(engine, prepared)


async def resume(engine: Engine, action_id: int, *, task: int | None = None) -> Done:
    """Go on with an action that was interrupted, or whose hand-off was seen done, from a fresh read.

    What was applied needs no step any more; what wasn't is carried out, if it means and does no more than
    what was shown.

    Args:
        engine: What to work with.
        action_id: The action's number in the store.
        task: The task that it has left open, where it didn't begin with one.

    Raises:
        UsageError: There is no such action.
        ConfigError, PluginError, ProviderError: The provider can't be read; the action is as it was.
        StoreError, asyncio.CancelledError: See ``carry_out``.
    """
    with engine.store.reading() as connection:
        known = find_action(connection, action_id)
    action, shown = known.asked, known.plan
    if shown is None:
        raise PluginError(f"Action {action_id} has no plan to go on with.")
    request = replace(action.request, principal=shown.principal)
    action = replace(action, request=request, task=action.task or task)
    handed = known.status == "handed_off"
    allowed = any(step.handoff for step in shown.steps)
    try:
        permit(engine, action)
        connector = await engine.reading(action.connector)
        prepared = await plan_with(engine, connector, action, handoff_allowed=allowed)
        _must_fit(shown, prepared.plan)
    except (ConfigError, PluginError, ProviderError) as error:
        error.connector = action.connector
        raise
    except RolecallError as error:
        error.connector = action.connector
        failed = Attempt(shown, None, error=error)
        return await settle(engine, action_id, action, failed, number=known.attempts)
    return await _Undertaking(engine, prepared, (action_id, known.attempts), handed=handed).carried_out()


class _Undertaking:
    """One action on its way from a plan that was shown to its end.

    ``known`` is an action's number and that of its newest attempt, where it is gone on with.
    """

    def __init__(
        self,
        engine: Engine,
        prepared: Prepared,
        known: tuple[int, int] | None = None,
        *,
        handed: bool = False,
        replan: bool = False,
    ) -> None:
        self._engine = engine
        self._prepared = prepared
        self._shown = prepared.plan
        self._action_id: int | None = known[0] if known else None
        self._number = known[1] if known else 0
        self._last: Attempt | None = None
        self._handed = handed
        self._replan = replan
        self._outdated = _outdated("others write to it all the time")

    async def carried_out(self) -> Done:
        """Take the plan's locks, and go on under them; others may come in between, then again."""
        names = frozenset(self._shown.locks)
        try:
            for _ in range(REPLANS):
                async with locked(self._engine.store, names, self._engine.observer) as locks:
                    done = await self._under(locks)
                if done is not None:
                    return done
                names, self._replan = names.union(self._prepared.plan.locks), True
            raise self._outdated
        except StoreError:  # what is on record is so; the action is gone on with later
            raise
        except asyncio.CancelledError:
            if self._action_id is None:
                record_refused(self._engine, self._prepared.action, self._shown, _interruption())
            raise
        except RolecallError as error:
            error.connector = self._prepared.action.connector
            if self._action_id is None:
                return record_refused(self._engine, self._prepared.action, self._shown, error)
            last = self._last or Attempt(self._prepared.plan, None)
            return await self._settled(replace(last, outcome=None, error=error))

    async def _under(self, locks: Locks) -> Done | None:
        """Write and settle; None where the plan must be made again, perhaps with other locks."""
        old = time.monotonic() - self._prepared.made_at > FRESH_SECONDS
        if self._replan or locks.waited or old or self._rests_on_ours():
            await self._plan_again()
        if not await self._still_wanted():
            return record_kept(self._engine, self._prepared.action, self._prepared.plan)
        if not set(self._prepared.plan.locks) <= set(locks.names):
            return None
        other = self._under_way()
        if other is not None:
            return record_under_way(self._engine, self._prepared.action, self._prepared.plan, other)
        connector = await self._connector()
        if not self._note():
            return record_gone_on(self._engine, self._on_record, self._prepared.action, self._prepared.plan)
        attempt = self._last = await self._write(connector, locks)
        again = attempt.recorder is not None and attempt.recorder.lost and self._is_ours()
        if isinstance(attempt.error, PlanOutdated) and attempt.status == "refused":
            self._outdated, again = attempt.error, True
        if again:
            return None
        done = await self._settled(attempt)
        if isinstance(attempt.error, _Interrupted):
            raise asyncio.CancelledError
        return done

    async def _connector(self) -> OpenConnector:
        """The connector with the credential that the plan needs."""
        name = self._prepared.action.connector
        writes = self._prepared.plan.status == "planned"
        return await (self._engine.writing(name) if writes else self._engine.reading(name))

    async def _plan_again(self) -> None:
        """Make the plan afresh; policies are asked again.

        Raises:
            PlanOutdated: It would do something that wasn't shown.
            Refused: A policy or the provider's rules refuse it now.
        """
        prepared, connector = self._prepared, await self._connector()
        again = await plan_with(
            self._engine, connector, prepared.action, handoff_allowed=prepared.handoff_allowed
        )
        _must_fit(self._shown, again.plan)
        self._prepared = again

    async def _still_wanted(self) -> bool:
        """Confine what the ledger takes away to that for which there is still no reason."""
        request = self._prepared.action.request
        if not request.undo:
            return True
        with self._engine.store.reading() as opened:
            known = find_held(opened, request.undo)
            free = {each.held for each in without_reason(opened, [each.id for each in known.values()])}
        left = tuple(thing for thing in request.undo if thing in free or thing not in known)
        if left and left != request.undo:
            action = replace(self._prepared.action, request=replace(request, undo=left))
            self._prepared = replace(self._prepared, action=action)
            await self._plan_again()
        return bool(left)

    def _rests_on_ours(self) -> bool:
        """Whether a grant rests on something that the ledger knows: it may have been taken away just now."""
        plan = self._prepared.plan
        there = [thing for thing in plan.rests_on if thing not in plan.gives]
        with self._engine.store.reading() as connection:
            return bool(there and find_held(connection, there))

    def _under_way(self) -> UnderWay | None:
        """The open task by which this is under way already, unless it is gone on with."""
        if self._action_id is not None:
            return None
        with self._engine.store.reading() as connection:
            return under_way(connection, self._prepared.action, self._prepared.plan, datetime.now(UTC))

    def _note(self) -> bool:
        """Put on record, durably, what is about to be done; False where another goes on with the action.

        Raises:
            Refused: It was called off meanwhile.
        """
        action, plan = self._prepared.action, self._prepared.plan
        with self._engine.store.writing(durable=True) as connection:
            if action.task is not None and is_called_off(find_task(connection, action.task)):
                raise Refused(
                    f"Task {action.task} was called off, and nothing more of it is written.",
                    hint=f"see: rolecall task show {action.task}",
                    code="called_off",
                )
            if self._action_id is None:
                recorded = record_intent(connection, action, plan)
            elif find_action(connection, self._action_id).attempts != self._number:
                return False
            else:
                recorded = record_attempt(connection, self._action_id, plan)
        self._action_id, self._number = recorded.action, recorded.attempt
        self._engine.announce_heads([recorded.head])
        return True

    def _is_ours(self) -> bool:
        """Whether nobody else goes on with the action, having taken this process for dead."""
        with self._engine.store.reading() as connection:
            return is_at(connection, self._on_record, self._number)

    async def _write(self, connector: OpenConnector, locks: Locks) -> Attempt:
        plan = self._prepared.plan
        if plan.status != "planned":
            return Attempt(plan, None, GrantOutcome(plan.status, verified=True), handed=self._handed)
        patience = self._engine.config.provisioning.patience.total_seconds()
        recorder = Recorder(self._engine.store, self._on_record, self._number, plan, patience, locks)
        attempt = Attempt(plan, recorder, handed=self._handed)
        try:
            return _returned(attempt, await connector.carry_out(plan, recorder))
        except asyncio.CancelledError:
            return replace(attempt, error=_interruption())
        except RolecallError as error:
            return replace(attempt, error=error)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the record must say so
            return replace(attempt, error=_bug(connector, plan, error))

    async def _settled(self, attempt: Attempt) -> Done:
        if attempt.error is not None:
            attempt.error.connector = self._prepared.action.connector
        return await settle(
            self._engine, self._on_record, self._prepared.action, attempt, number=self._number
        )

    @property
    def _on_record(self) -> int:
        if self._action_id is None:
            raise ValueError("the action isn't on record yet")
        return self._action_id


def _shares_locks(known: StoredAction, plan: Plan) -> bool:
    return known.plan is not None and not set(known.plan.locks).isdisjoint(plan.locks)


def _returned(attempt: Attempt, outcome: object) -> Attempt:
    """The attempt with what the connector gave back.

    Raises:
        PluginError: That doesn't fit.
    """
    plan = attempt.plan
    if not isinstance(outcome, GrantOutcome):
        raise PluginError(f"rolecall_{plan.operation} gave {type(outcome).__name__}, not a GrantOutcome.")
    if outcome.status == "handed_off":
        step = _handed_off(plan, outcome)
        if step is None:
            raise PluginError("A step was handed off that isn't one of the plan.")
        if attempt.recorder is not None:
            attempt.recorder.handed_off(step)
        outcome = replace(outcome, step=step, handoff=outcome.handoff or plan.steps[step].handoff)
    return replace(attempt, outcome=outcome)


def _handed_off(plan: Plan, outcome: GrantOutcome) -> int | None:
    """Index of the step that a person outside must make; None where there is none."""
    index = outcome.step
    if index is None:
        index = next((n for n, step in enumerate(plan.steps) if step.handoff), None)
    if index is None or not 0 <= index < len(plan.steps):
        return None
    return index if outcome.handoff or plan.steps[index].handoff else None


class _Interrupted(RolecallError):
    code = "interrupted"


def _interruption() -> _Interrupted:
    return _Interrupted("It was interrupted; what is known of each step is on record.", hint="rolecall audit")


def _bug(connector: OpenConnector, plan: Plan, error: Exception) -> PluginError:
    return PluginError(
        f"rolecall_{plan.operation} of kind {connector.kind.id}, or a plugin around it, broke with "
        f"{type(error).__name__}: {error}",
        hint="report it to the plugin's author",
    )


def _must_fit(shown: Plan, again: Plan) -> None:
    """Raise PlanOutdated unless the new plan means the same and does nothing that wasn't shown."""
    if again.meaning != shown.meaning:
        raise _outdated("it doesn't mean the same any more")
    before = {effect.person: effect for effect in shown.effects}
    for effect in again.effects:
        known = before.get(effect.person, Effect(effect.person, effect.name))
        if not (set(effect.gains) <= set(known.gains) and set(effect.loses) <= set(known.loses)):
            raise _outdated(f"{effect.name} would gain or lose something else")
    if not set(again.warnings) <= set(shown.warnings):
        raise _outdated("there is something new that whoever decides must read")


def _outdated(why: str) -> PlanOutdated:
    return PlanOutdated(
        f"The provider isn't any more as it was when the plan was shown: {why}.",
        hint="look at the new plan, and decide again",
    )
