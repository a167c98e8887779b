"""What requests are handled with: an engine, and one transaction for each thing that happens to one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from rolecall.builtin.requests.live import find_person
from rolecall.builtin.requests.records import CLOSED, DONE, Request
from rolecall.builtin.requests.states import OUTCOMES, Deed, after
from rolecall.cli.progress import shown_progress
from rolecall.cli.session import Session
from rolecall.connectors import OpenConnector
from rolecall.models import EntitlementRef
from rolecall.notices import About
from rolecall.notifying import deliver
from rolecall.plan_json import to_json
from rolecall.plans import Actor, AuditHead, Notice, PrincipalNow
from rolecall.provisioning import Engine, open_engine, shell_actor
from rolecall.store.chain import append_record
from rolecall.store.notices import queue_notice
from rolecall.store.tasks import Task, update_task

PATIENCE = timedelta(seconds=10)
"""How long a command waits at its end for a receiver of notices; the service tells the rest."""

Answer = TypeVar("Answer")

WHO_HINT = "say who you are: --as EMAIL"


@dataclass(slots=True)
class Page:
    """One durable transaction: what it changes, its audit records and its notices are kept together.

    Attributes:
        at: When all of it happens.
        heads: Ends of the audit chain, told to sinks once it is committed.
    """

    connection: Connection
    at: datetime
    heads: list[AuditHead] = field(default_factory=list)

    def decided(self, connector: str, task: int, actor: Actor, deed: str, **facts: object) -> None:
        """Put on record what somebody decided about a task."""
        told = to_json({"deed": deed, "actor": actor, **facts})
        head = append_record(self.connection, "decided", told, connector=connector, task=task, at=self.at)
        self.heads.append(head)

    def tell(self, notice: Notice) -> None:
        """Put a notice into the outbox."""
        queue_notice(self.connection, notice)

    def settle(
        self,
        request: Request,
        deed: Deed,
        actor: Actor,
        *,
        comment: str = "",
        facts: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Move a request on, by a deed that its state allows, with its history and the audit chain.

        Args:
            request: As read in this transaction.
            deed: What is done.
            actor: By whom.
            comment: Why.
            facts: More for the history and the audit record.
            changes: Further fields of the task.
        """
        state = after(request.state, deed)
        if state is None:
            raise ValueError(f"request {request.id} is {request.state}: it allows no {deed}")
        outcome = OUTCOMES.get((request.state, deed))
        changes = {"listing": state.value, **changes}
        if outcome is not None:
            changes |= {"outcome": outcome, "outcome_at": self.at}
            changes = {"state": CLOSED, "processing": DONE, **changes}
        told = {"deed": deed.value, **(facts or {})}
        kind = "grantOutcome" if outcome else "stateChange"
        update_task(
            self.connection,
            request.id,
            kind,
            actor,
            comment=comment,
            at=self.at,
            facts=told,
            **{"next_try_at": None, **changes},
        )
        self.decided(
            request.task.connector,
            request.id,
            actor,
            deed.value,
            state=state.value,
            comment=comment,
            rule=request.rule.name,
            rule_digest=request.task.rule_digest,
            **(facts or {}),
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Where requests are handled.

    Attributes:
        engine: Open; it has the store, the plugins and the configuration.
    """

    engine: Engine

    @contextmanager
    def page(self) -> Iterator[Page]:
        """One transaction; what it put on the audit chain is told to sinks after it."""
        with self.engine.store.writing(durable=True) as connection:
            page = Page(connection, datetime.now(UTC))
            yield page
        self.engine.announce_heads(page.heads)

    async def acting(self, connector: OpenConnector, given: str | None) -> tuple[PrincipalNow, Actor]:
        """Who acts: found live, and active; and how we know.

        Raises:
            Refused: The provider has nobody of this name, or they aren't active.
            ProviderError: The provider can't be read.
        """
        actor = shell_actor(given)
        return await find_person(connector, actor.name, hint=WHO_HINT), actor

    def label(self, entitlement: EntitlementRef) -> str:
        """What people call an entitlement: ``prod/Admin`` where the account has a name, else its id."""
        name = self.engine.config.accounts.name(entitlement.resource.id)
        return f"{name}/{entitlement.slug}" if name else str(entitlement)

    def about(self, task: Task, at: datetime) -> About:
        """What a notice of a task says it is about."""
        return About(
            at,
            task.connector,
            task.entitlement,
            task.principal,
            task.principal_name,
            self.label(task.entitlement),
            task.description,
        )

    def owners(self, connector: str) -> Sequence[str]:
        """Who answers for a connector."""
        known = self.engine.config.connectors.get(connector)
        return known.owners if known else ()


def at_desk(session: Session, work: Callable[[Desk], Awaitable[Answer]]) -> Answer:
    """Do what one command is for at a desk of its own; notices that it makes are sent at its end.

    Raises:
        ConfigError: The configuration has mistakes.
        StoreError: The store can't be opened.
    """

    async def done() -> Answer:
        async with _opened_desk(session) as desk:
            return await work(desk)

    return asyncio.run(done())


@asynccontextmanager
async def _opened_desk(session: Session) -> AsyncIterator[Desk]:
    config = session.configured()
    settings = session.plugin_settings(config)
    with session.store(config) as store, shown_progress(session, "asking the provider") as show:
        async with open_engine(store, session.plugins(), config, settings, show) as engine:
            yield Desk(engine)
        await deliver(store, session.plugins(), settings, datetime.now(UTC), PATIENCE)
