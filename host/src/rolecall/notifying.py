"""Telling the notices that wait: each plugin for itself, later and later again where it fails.

A notice may be told twice, when the process dies between the telling and its record: it has the same id
then, by which receivers know it.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rolecall.errors import Refused, one_line
from rolecall.plans import SYSTEM
from rolecall.plugin_settings import PluginSettings
from rolecall.plugins import Plugins
from rolecall.registration import Listener, listeners
from rolecall.store.engine import Store
from rolecall.store.notices import KEPT, Delivery, due_deliveries, record_delivery, take_delivery
from rolecall.store.tasks import add_entry, find_task, update_task

HOOK = "rolecall_notify"
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
LAST_BACKOFF = timedelta(hours=6)
PATIENCE = timedelta(minutes=2)
"""How long a plugin may take for one notice."""
TAKEN_FOR = timedelta(minutes=15)
"""How long a notice is ours alone that we began to tell: a command and the service tell side by side."""
FAILURES_IN_A_ROW = 3
"""After so many, a plugin is left alone until the next time: what waits on it must not hold up the rest."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of telling all that was due.

    Attributes:
        told: How many notices got through, counted for each plugin.
        failed: Sentences on those that are tried again.
        given_up: Sentences on those that nobody will be told.
    """

    told: int = 0
    failed: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


async def deliver(
    store: Store, plugins: Plugins, settings: PluginSettings, now: datetime, patience: timedelta = PATIENCE
) -> Round:
    """Tell every notice that is due, by every plugin that tells notices; they work side by side.

    A plugin with tables of its own isn't asked while the configuration has none of them.

    What a receiver calls a notice, such as a ticket's number, goes into the history of the notice's task,
    and is the task's ticket where it had none. So does a notice that is given up.

    Args:
        store: Where the notices wait.
        plugins: Who tells them.
        settings: The plugins' own tables of the configuration.
        now: By which it is reckoned what is due.
        patience: How long a plugin may take for one notice.

    Raises:
        StoreError: What came of it can't be put down.
    """
    hooks = {each.plugin: each for each in listeners(plugins.manager, HOOK)}
    with store.reading() as connection:
        due = due_deliveries(connection, hooks, now)
    idle = {name for name in hooks if _is_idle(plugins.tables_of(name), settings)}
    _set_aside(store, [each for each in due if each.plugin in idle], now)
    rounds = await asyncio.gather(
        *(
            _tell_all(
                store, hooks[name], [each for each in due if each.plugin == name], settings, now, patience
            )
            for name in hooks
            if name not in idle
        )
    )
    return Round(
        sum(each.told for each in rounds),
        tuple(text for each in rounds for text in each.failed),
        tuple(text for each in rounds for text in each.given_up),
    )


def _is_idle(tables: Collection[str], settings: PluginSettings) -> bool:
    return bool(tables) and all(settings.table(table) is None for table in tables)


def _set_aside(store: Store, unwanted: Collection[Delivery], now: datetime) -> None:
    """Put down that nobody wanted these: who configures a receiver later isn't told of days gone by."""
    if unwanted:
        with store.writing() as connection:
            for delivery in unwanted:
                record_delivery(connection, delivery, "unwanted", now)


async def _tell_all(
    store: Store,
    listener: Listener,
    due: list[Delivery],
    settings: PluginSettings,
    now: datetime,
    patience: timedelta,
) -> Round:
    told, failed, given_up, in_a_row = 0, [], [], 0
    for delivery in due:
        with store.writing() as connection:
            if not take_delivery(connection, delivery, now, now + TAKEN_FOR):
                continue  # another process tells it
        try:
            async with asyncio.timeout(patience.total_seconds()):
                receipt = await listener.hear(notice=delivery.notice, settings=settings)
        except Exception as error:  # noqa: BLE001 - a stranger can raise anything
            text = f"{delivery.plugin} didn't tell notice {delivery.notice.id}: {_why(error)}"
            if _put_down_failure(store, delivery, error, now):
                failed.append(text)
            else:
                log.error("%s; it isn't tried again", text)  # noqa: TRY400 - the reason is in the text
                given_up.append(text)
            in_a_row = 0 if isinstance(error, Refused) else in_a_row + 1
            if in_a_row == FAILURES_IN_A_ROW:
                break
            continue
        told, in_a_row = told + 1, 0
        _put_down(store, delivery, receipt, now)
    return Round(told, tuple(failed), tuple(given_up))


def _put_down(store: Store, delivery: Delivery, receipt: object, now: datetime) -> None:
    number = receipt if isinstance(receipt, str) and receipt else None
    task_id = delivery.notice.task if number else None
    with store.writing(durable=task_id is not None) as connection:
        record_delivery(connection, delivery, "told", now, receipt=number)
        if number is None or task_id is None:
            return
        facts = {"notice": delivery.notice.id, "plugin": delivery.plugin, "receipt": number}
        ticket = {} if find_task(connection, task_id).ticket else {"ticket": number}
        update_task(
            connection, task_id, "noticeReceipt", SYSTEM, comment=number, at=now, facts=facts, **ticket
        )


def _put_down_failure(store: Store, delivery: Delivery, error: Exception, now: datetime) -> bool:
    """Whether it is tried again."""
    again = now + (BACKOFF[delivery.tries] if delivery.tries < len(BACKOFF) else LAST_BACKOFF)
    pending = not isinstance(error, Refused) and again < delivery.notice.at + KEPT
    ended: Literal["refused", "given_up"] = "refused" if isinstance(error, Refused) else "given_up"
    with store.writing(durable=True) as connection:
        record_delivery(
            connection, delivery, "pending" if pending else ended, now, next_try_at=again, error=_why(error)
        )
        if not pending and delivery.notice.task is not None:
            facts = {"notice": delivery.notice.id, "kind": delivery.notice.kind, "plugin": delivery.plugin}
            add_entry(
                connection,
                delivery.notice.task,
                "noticeGivenUp",
                SYSTEM,
                comment=_why(error),
                at=now,
                facts=facts,
            )
    return pending


def _why(error: Exception) -> str:
    return "it took too long" if isinstance(error, TimeoutError) else one_line(error)
