"""What ``grant`` and ``revoke`` share: the plan is made, shown, confirmed, carried out, and told of."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

import click

from rolecall.cli.failures import FAILED, HANDED_OVER, PARTLY, REFUSED, CommandFailed
from rolecall.cli.plan_text import done_lines, done_object, plan_lines, removal_lines
from rolecall.cli.progress import TerminalProgress, shown_progress
from rolecall.cli.session import Session, known_connectors
from rolecall.config import Config
from rolecall.errors import ConfigError, Refused, RolecallError, UsageError, error_object
from rolecall.ids import parse_entitlement, parse_grant
from rolecall.notifying import deliver
from rolecall.output import Format, safe
from rolecall.plans import Action, Operation, ProvisioningRequest, Removal
from rolecall.provisioning import (
    Done,
    Engine,
    Names,
    Prepared,
    Status,
    carry_out,
    entitlement_now,
    names_of,
    open_engine,
    prepare,
    principal_now,
    record_refused,
    removals_with_elsewhere,
    shell_actor,
    via_now,
)
from rolecall.store.engine import Store

NOTICE_PATIENCE = timedelta(seconds=10)
"""How long a command waits for one notice to be taken."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, in the words it was given.

    Attributes:
        principal: None where ``entitlement`` is a grant's id.
    """

    operation: Operation
    connector: str
    entitlement: str
    principal: str | None
    via: str | None
    duration: timedelta | None
    reason: str
    dry_run: bool
    yes: bool
    accept: Sequence[str]
    actor: str | None
    ticket: str | None = None

    @property
    def texts(self) -> tuple[str, str]:
        """What and who, as they were typed; a grant's id ends with whose it is.

        Raises:
            UsageError: The id isn't of the form.
        """
        if self.principal is not None:
            return self.entitlement, self.principal
        _, principal = parse_grant(self.entitlement)
        return self.entitlement.rsplit(":", 2)[0], str(principal)


def common_options(command: Command) -> Command:
    """The options that both commands have."""
    options = (
        click.option("--reason", metavar="TEXT", default="", help="Why; it goes on record."),
        click.option("--dry-run", is_flag=True, help="Show the plan; nothing is written."),
        click.option("--yes", is_flag=True, help="Don't ask before the plan is carried out."),
        click.option(
            "--accept",
            metavar="CODE",
            multiple=True,
            help="Accept an effect for which it was refused, by its code; may be repeated.",
        ),
        click.option(
            "--as",
            "actor",
            metavar="EMAIL",
            help="Who acts; otherwise ROLECALL_AS, or the operating system's user.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def provision_and_tell(session: Session, asked: Asked) -> None:
    """Do what the command line asks for, and print what came of it.

    Raises:
        CommandFailed: It was refused, failed, or was handed over; the result is printed.
        RolecallError: It could not be planned.
    """
    if session.form is Format.CSV:
        raise UsageError(f"{asked.operation} has no CSV form.", hint="use -o json or -o table")
    known_connectors(session.config(), [asked.connector])
    config = session.configured()
    with session.store(config) as store:
        action, names = _action(session, config, store, asked)
        flow = _Flow(session, asked)
        removals: Sequence[Removal] = ()
        try:
            done, removals = asyncio.run(flow.run(config, store, action, names))
        except _NotConfirmed as refused:
            done = refused.done
    _print(session, done, removals, shown=flow.shown, revoke=flow.revoke)
    _raise_unless_well(done)


class _Flow:
    """One call, from the plan to its end; prompts when the plan has been shown.

    Attributes:
        shown: Whether the plan was shown already, to be confirmed.
    """

    def __init__(self, session: Session, asked: Asked) -> None:
        self.shown = False
        self._session = session
        self._asked = asked
        self._progress = TerminalProgress(session, None)

    async def run(
        self, config: Config, store: Store, action: Action, names: Names
    ) -> tuple[Done, Sequence[Removal]]:
        session = self._session
        settings = session.plugin_settings(config)
        async with open_engine(store, session.plugins(), config, settings, self) as engine:
            try:
                with self._showing("planning"):
                    if action.dry_run or engine.connector(action.connector).provisioning == "on":
                        action = await self._named(engine, action, names)
                    prepared = await prepare(engine, action)
            except RolecallError as error:
                return await self._unplanned(engine, action, error)
            if action.dry_run or prepared.plan.status != "planned":
                return await self._without_asking(engine, prepared), ()
            self._confirm(prepared)
            with self._showing("carrying out"):
                done = await carry_out(engine, prepared)
            await self._send_notices(engine)
            return done, ()

    async def _named(self, engine: Engine, action: Action, names: Names) -> Action:
        """The same action, with the names in it held against the provider."""
        asked, request = self._asked, action.request
        entitlement, principal = asked.texts
        connector = await engine.reading(action.connector)
        accepted = request.accept
        found = replace(
            request,
            entitlement=await entitlement_now(connector, names, entitlement, accepted=accepted),
            principal=await principal_now(connector, names, principal),
            via=await via_now(connector, names, asked.via) if asked.via else None,
        )
        return replace(action, request=found)

    def requested(self, what: str) -> None:
        """See ``Observer``."""
        self._progress.requested(what)

    def waiting(self, seconds: float, why: str) -> None:
        """See ``Observer``."""
        self._progress.waiting(seconds, why)

    async def _unplanned(
        self, engine: Engine, action: Action, error: RolecallError
    ) -> tuple[Done, Sequence[Removal]]:
        """It was refused or can't be planned; where inherited access was to be revoked, how it could end."""
        if isinstance(error, Refused) and error.accept:
            error.hint = _joined(error.hint, f"to accept this: --accept {error.accept}")
        removals = await self._removals(engine, action, error)
        on = engine.connector(action.connector).provisioning == "on"
        if on and not action.dry_run:
            return record_refused(engine, action, None, error), removals
        status: Status = "refused" if isinstance(error, Refused) else "failed"
        return Done(action, None, status, False, datetime.now(UTC), error=error), removals

    async def _removals(self, engine: Engine, action: Action, error: RolecallError) -> Sequence[Removal]:
        request = action.request
        asked = request.operation == "revoke" and request.via is None and isinstance(error, Refused)
        if not asked or error.code == "provisioning_off":
            return ()
        try:
            connector = await engine.reading(action.connector)
            principal = request.principal
            if isinstance(principal, str):
                found = await connector.find(principal)
                if found is None:
                    return ()
                principal = found.ref
            found_ways = await connector.removals(request.entitlement, principal)
            others = engine.others(action.connector)
            removals = removals_with_elsewhere(engine.store, others, found_ways)
        except RolecallError as failure:
            self._session.note(f"How it could be ended can't be told: {failure.message}")
            return ()
        if removals:
            best = next((each for each in removals if not each.refused), None)
            if best is not None:
                told = error.hint if error.hint and "--via" not in error.hint else None
                error.hint = _joined(told, f"the smallest change: {self.revoke} --via {best.via}")
        return removals

    async def _without_asking(self, engine: Engine, prepared: Prepared) -> Done:
        action, plan = prepared.action, prepared.plan
        if not action.dry_run:
            return await carry_out(engine, prepared)  # nothing to write, but the ledger learns of the reason
        return Done(action, plan, plan.status, False, datetime.now(UTC))

    async def _send_notices(self, engine: Engine) -> None:
        """Tell people now; what doesn't get through is told by the service."""
        try:
            with self._showing("telling"):
                now = datetime.now(UTC)
                await deliver(engine.store, engine.plugins, engine.settings, now, NOTICE_PATIENCE)
        except RolecallError as error:
            self._session.note(f"People couldn't be told yet: {error.message}")

    def _confirm(self, prepared: Prepared) -> None:
        """Ask at the terminal, once the plan is shown.

        Raises:
            CommandFailed: Nobody said yes.
        """
        if self._asked.yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            self._refuse(prepared, "There is no terminal to ask at, so nothing was written.", "add --yes")
        for line in plan_lines(prepared.plan):
            sys.stderr.write(safe(line) + "\n")
        self.shown = True
        with _interruptible():
            agreed = click.confirm("Carry this out?", default=False, err=True)
        if not agreed:
            self._refuse(prepared, "It wasn't confirmed, so nothing was written.", None)

    def _refuse(self, prepared: Prepared, message: str, hint: str | None) -> NoReturn:
        error = Refused(message, hint=hint, code="not_confirmed")
        error.connector = prepared.action.connector
        raise _NotConfirmed(
            Done(prepared.action, prepared.plan, "refused", False, datetime.now(UTC), error=error)
        )

    @property
    def revoke(self) -> str:
        """The revocation's command, to which ``--via`` can be added."""
        words = ("rolecall", "revoke", self._asked.connector, self._asked.entitlement, self._asked.principal)
        return shlex.join(word for word in words if word)

    @contextmanager
    def _showing(self, title: str) -> Iterator[None]:
        with shown_progress(self._session, title) as progress:
            progress.started(self._asked.connector)
            self._progress = progress
            yield


class _NotConfirmed(Exception):
    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


def _action(session: Session, config: Config, store: Store, asked: Asked) -> tuple[Action, Names]:
    """What is asked for in the words it was given, and where these are looked up."""
    connector = config.connectors[asked.connector]
    kind = session.plugins().kind(connector.kind, asked.connector)
    entitlement, principal = asked.texts
    request = ProvisioningRequest(
        asked.operation, parse_entitlement(entitlement), principal, accept=frozenset(asked.accept)
    )
    action = Action(
        asked.connector,
        connector.kind,
        shell_actor(asked.actor),
        request,
        asked.reason,
        asked.duration,
        asked.dry_run,
        ticket=asked.ticket,
    )
    return action, names_of(store, config.accounts, connector, kind)


def _print(session: Session, done: Done, removals: Sequence[Removal], *, shown: bool, revoke: str) -> None:
    if session.form is not Format.TABLE:
        session.print_object(done_object(done, removals))
        return
    lines: list[str] = []
    if done.plan is not None and (done.steps or not shown):
        lines += plan_lines(done.plan, done.steps)
    lines += done_lines(done)
    if removals:
        lines += ["It can be ended so:", *removal_lines(removals, revoke)]
    session.print_text(lines)


def _raise_unless_well(done: Done) -> None:
    """Raise what makes the exit code, where it isn't 0."""
    if done.status == "handed_off":
        raise CommandFailed(
            "A person outside must act now; nothing has changed by it yet.",
            code="handed_off",
            hint=f"rolecall task show {done.task_id}",
            exit_code=HANDED_OVER,
        )
    if done.error is None:
        return
    described = error_object(done.error)
    described["message"] = message = f"{done.error.message}{_progress_text(done)}"
    code = REFUSED if done.status == "refused" else PARTLY if done.partly else FAILED
    if isinstance(done.error, ConfigError | UsageError):
        raise done.error
    raise CommandFailed(
        message, code=done.error.code, exit_code=code, hint=done.error.hint, described=described
    )


def _progress_text(done: Done) -> str:
    """What was applied and what wasn't, where a plan was begun."""
    if not any(step.outcome in ("applied", "unknown") for step in done.steps):
        return "" if done.status == "refused" or not done.steps else " Nothing was applied."
    words = {"applied": "applied", "unknown": "unknown", "not_applied": "not applied", "waiting": "not begun"}
    told = [f"step {n} {words.get(step.outcome, step.outcome)}" for n, step in enumerate(done.steps, 1)]
    return f" Of the plan: {', '.join(told)}."


def _joined(*hints: str | None) -> str:
    return "; ".join(hint for hint in hints if hint)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C end a prompt at once: the event loop would only note it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
