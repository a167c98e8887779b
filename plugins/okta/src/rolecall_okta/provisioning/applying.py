"""Carrying out a plan, step by step: look again, write, say what Okta answered, read back.

A write whose outcome isn't known is never repeated before reading, and never more than once.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Literal

from rolecall import (
    GrantOutcome,
    HandOff,
    NotFound,
    Plan,
    PlanOutdated,
    ProviderError,
    RolecallError,
    Step,
    Unavailable,
    Writing,
)
from rolecall_okta.answers import answer
from rolecall_okta.calls import Call
from rolecall_okta.client import OktaClient
from rolecall_okta.outcomes import NoAgent, OutcomeUnknown
from rolecall_okta.provisioning.checks import StepCheck
from rolecall_okta.provisioning.refusing import ALREADY, refusal_of, refuse_impossible
from rolecall_okta.rights import Rights

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
BAD_REQUEST = 400
MOST_SENDS = 2
NEEDS_IMPORT = "Okta shows it after the next import from the directory"
NOT_YET = "Okta doesn't show it yet"
NO_OAUTH = "Okta's directory endpoint takes no API token"


async def carry_out(
    okta: OktaClient,
    plan: Plan,
    writing: Writing,
    check_of: Callable[[Step], StepCheck],
    finally_shown: Callable[[], Awaitable[str]] | None = None,
    rights: Rights | None = None,
) -> GrantOutcome:
    """Carry out a plan as far as its first hand-off.

    A step whose ``expects`` has ``otherwise`` (``method``, ``path``, ``body``) is tried that way where Okta
    answers 400.

    Args:
        okta: The org, with the credential that writes.
        plan: What to do.
        writing: Where to say what is being done.
        check_of: The reads for a step.
        finally_shown: Reads at the end whether the whole effect shows: empty when it does, else half a
            sentence.
        rights: What the credential may do, where that was read: what it can't do is refused before the first
            call.

    Raises:
        PlanOutdated: See ``rolecall_grant``; so is a step's write that somebody else overwrote at once.
        Refused: See ``rolecall_grant``.
        ProviderError: See ``rolecall_grant``.
    """
    if plan.status != "planned":
        return GrantOutcome(plan.status, verified=True)
    if rights is not None:
        for unsure in refuse_impossible(rights, plan, check_of, by_agent=okta.scopes is not None):
            writing.log(unsure)
    unverified: list[str] = []
    for index, step in enumerate(plan.steps):
        run = _StepRun(okta, writing, check_of(step), index, step)
        await run.look()
        if step.route == "handoff":
            return GrantOutcome("handed_off", verified=False, why="it waits for a person", step=index)
        try:
            why = await run.apply()
        except _RouteClosed as closed:
            return GrantOutcome(
                "handed_off", verified=False, why=closed.why, step=index, handoff=closed.instead
            )
        if why:
            unverified.append(why)
    if not unverified and finally_shown is not None:
        unverified += filter(None, [await _poll_words(okta, writing, finally_shown)])
    return GrantOutcome("applied", verified=not unverified, why="; ".join(dict.fromkeys(unverified)))


class _RouteClosed(Exception):
    """The step can't go by its route; nothing was written."""

    def __init__(self, why: str, instead: HandOff | None) -> None:
        super().__init__(why)
        self.why = why
        self.instead = instead


class _Waited(Exception):
    """A call had to wait, and must not go any more."""

    def __init__(self, cause: RolecallError) -> None:
        super().__init__(cause.message)
        self.cause = cause


class _StepRun:
    """One step being carried out."""

    def __init__(self, okta: OktaClient, writing: Writing, check: StepCheck, index: int, step: Step) -> None:
        self._okta = okta
        self._writing = writing
        self._check = check
        self._index = index
        self._step = step
        self._sends_left = MOST_SENDS
        self._unclear: OutcomeUnknown | None = None
        self._merged: Call | None = None
        self._unreadable: ProviderError | None = None

    async def look(self) -> None:
        """See whether the plan still fits.

        Raises:
            PlanOutdated: It doesn't.
        """
        if changed := await self._check.holds(self._step):
            raise _outdated(changed)

    async def apply(self) -> str:
        """Write and read back: empty when it shows, else why it doesn't, as half a sentence."""
        if self._step.route == "directory" and self._okta.scopes is None:
            raise await self._closed(NO_OAUTH)
        return await self._attempt(_call(self._step.method or "", self._step.path or "", self._step.body))

    async def _attempt(self, call: Call) -> str:
        is_first = self._sends_left == MOST_SENDS
        error = await self._send(call)
        instead = self._step.expects.get("otherwise")
        if is_first and error is not None and error.status == BAD_REQUEST and isinstance(instead, Mapping):
            call = _call(str(instead["method"]), str(instead["path"]), instead.get("body"))
            error = await self._send(call)
        if error is None:
            return await self._read_back()
        if isinstance(error, NoAgent):
            raise await self._closed("no agent of the directory is connected") from error
        if isinstance(error, OutcomeUnknown):
            return await self._find_out(call, error)
        return await self._not_done(error)

    async def _send(self, call: Call) -> ProviderError | None:
        self._sends_left -= 1
        self._writing.begins(self._index, call.method, call.target)
        try:
            written = await self._okta.write(call, partial(self._look_again, call))
        except _Waited as waited:
            self._ended("not_applied" if self._unclear is None else "unknown", "it waited, and wasn't sent")
            raise waited.cause from None
        except ProviderError as error:
            if error.status is not None:
                self._writing.answered(self._index, error.status, error.request_id)
            return error
        except BaseException:
            self._ended("unknown", "it was interrupted before Okta answered")
            raise
        self._writing.answered(self._index, written.status, written.request_id)
        return None

    async def _look_again(self, call: Call) -> None:
        """Before a call that waited: the locks must still be held, and all be as it rests on.

        Raises:
            _Waited: They aren't, or that can't be read.
        """
        try:
            self._writing.begins(self._index, call.method, call.target)
            if self._merged is None:
                changed = await self._check.holds(self._step)
            else:
                same = await self._check.again(self._step) == self._merged
                changed = "" if same else "somebody else has changed it once more"
            if changed:
                raise _outdated(changed)
        except RolecallError as error:
            raise _Waited(error) from None

    async def _read_back(self) -> str:
        """Okta says that it is done."""
        try:
            shows = await self._shows()
        except BaseException:
            self._ended("applied", "it was interrupted before it was read back")
            raise
        if shows:
            return self._ended("applied")
        if self._step.route == "directory":
            return self._ended("applied", NEEDS_IMPORT)
        changed = await self._changed()
        if not changed or self._check.lags:
            unread = self._unreadable
            lacking = self._check.unshown(self._step) or NOT_YET
            why = f"it can't be read back ({answer(unread)})" if unread else lacking
            return self._ended("applied", f"{why}; meanwhile {changed}" if changed else why)
        merged = await self._check.again(self._step) if self._sends_left else None
        if merged is None:
            why = f"somebody else changed it at the same time: {changed}"
            self._ended("not_applied", why)
            raise _outdated(why)
        self._writing.log(f"Somebody else changed it at the same time ({changed}); it is written once more.")
        self._merged = merged
        return await self._attempt(merged)

    async def _find_out(self, call: Call, error: OutcomeUnknown) -> str:
        """Nobody knows whether it was done: reads decide."""
        self._ended("unknown", answer(error))
        if await self._shows():
            return self._ended("applied")
        changed = await self._changed()
        unsure = self._check.lags and (changed or not self._sends_left)
        if unsure or self._unreadable is not None or self._step.route == "directory":
            raise error
        if changed:
            self._ended("not_applied", changed)
            raise _outdated(changed)
        if self._sends_left:
            self._writing.log(f"{answer(error)}, and reads show that it wasn't done; it is sent once more.")
            self._unclear = error if self._check.lags else None
            return await self._attempt(call)
        self._ended("not_applied", f"{answer(error)}, and reads show that it wasn't done")
        raise Unavailable(
            f"{call.what}: Okta gave no answer to it, and reads show that it wasn't done.",
            hint="try again later",
            status=error.status,
            request_id=error.request_id,
            method=error.method,
            path=error.path,
        )

    async def _not_done(self, error: ProviderError) -> str:
        """Okta didn't do it, perhaps because there was nothing to do."""
        vain = isinstance(error, NotFound) and not self._step.gives and bool(self._step.takes)
        already = error.provider_code in ALREADY
        if (vain or already) and await self._shown():
            self._writing.log(f"{answer(error)}: it was so already.")
            return self._ended("applied")
        if self._unclear is not None:  # the call before this one may have been done
            self._ended("unknown", f"{answer(self._unclear)}, then {answer(error)}")
            raise self._unclear from error
        self._ended("not_applied", answer(error))
        if already:
            raise _outdated(f"{answer(error)}: it is there already, but not as planned") from error
        raise refusal_of(error, self._check.right, partly=self._index > 0) from error

    async def _closed(self, why: str) -> _RouteClosed:
        self._ended("not_applied", why)
        return _RouteClosed(why, await self._check.handoff(self._step))

    async def _shows(self) -> bool:
        """Whether it shows before patience is at its end; for an import nobody waits."""
        if self._step.route == "directory":
            return await self._shown()
        return not await _poll_words(self._okta, self._writing, self._missing)

    async def _missing(self) -> str:
        return "" if await self._shown() else NOT_YET

    async def _shown(self) -> bool:
        """Whether a read shows it; what can't be read doesn't show it."""
        try:
            self._unreadable = None
            return await self._check.shown(self._step)
        except ProviderError as error:
            self._unreadable = error
            return False

    async def _changed(self) -> str:
        """What is otherwise than before the write; empty for nothing, and where that can't be read."""
        try:
            return await self._check.holds(self._step)
        except ProviderError as error:
            self._unreadable = error
            return ""

    def _ended(self, outcome: Literal["applied", "not_applied", "unknown"], why: str = "") -> str:
        self._writing.ended(self._index, outcome, why)
        return why


async def _poll_words(okta: OktaClient, writing: Writing, read: Callable[[], Awaitable[str]]) -> str:
    """What a read still misses, once it misses nothing or patience is at its end."""
    end, pause = okta.clock.now() + writing.patience, FIRST_PAUSE
    while True:
        try:
            missing = await read()
        except ProviderError as error:
            missing = f"it can't be read back ({answer(error)})"
        left = end - okta.clock.now()
        if not missing or left <= 0:
            return missing
        await okta.clock.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)


def _call(method: str, path: str, body: object) -> Call:
    """The very call that a plan shows."""
    plain, _, query = path.partition("?")
    return Call.written(method, plain, body, query)


def _outdated(changed: str) -> PlanOutdated:
    return PlanOutdated(
        f"Okta isn't any more as it was when the plan was made: {changed}.", hint="plan it again"
    )
