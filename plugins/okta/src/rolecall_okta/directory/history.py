"""What the System Log says since the last run: the events to keep, and what they mean for the lists."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rolecall import Event, EventTarget, FullRunNeeded, ListRead, Ref
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.emission import group_ref, user_ref
from rolecall_okta.directory.state import OVERLAP, State
from rolecall_okta.events import EventParty, EventRow
from rolecall_okta.log import PositionLost

RETENTION = timedelta(days=90)
"""How long Okta keeps events."""
MARGIN = timedelta(days=1)
SUCCESS = "SUCCESS"

FILTER = " or ".join(
    f'eventType sw "{beginning}"'
    for beginning in (
        "group.lifecycle.",
        "group.privilege.",
        "group.profile.",
        "group.user_membership.",
        "iam.",
        "user.account.privilege.",
        "user.account.update_profile",
        "user.lifecycle.",
    )
)
"""Of the events that are about people, groups and admin roles: those without sign-ins."""

DELETIONS = frozenset({"user.lifecycle.delete.completed", "group.lifecycle.delete"})


@dataclass(slots=True)
class News:
    """What the log's new events mean.

    Attributes:
        deleted: People and groups that are gone for good → when.
        admins: People and groups whose admin roles may have changed.
        any_admin: Whether anybody's may have.
        position: Where the log is to be read on; None where it can't be read.
        refused: Okta's answer, where the credential may not read the log.
    """

    deleted: dict[Ref, datetime] = field(default_factory=dict)
    admins: set[Ref] = field(default_factory=set)
    any_admin: bool = False
    position: str | None = None
    refused: str | None = None

    def take(self, row: EventRow) -> None:
        """See what one event means; it is a hint, and what it is about is read again."""
        if row.outcome not in {None, SUCCESS}:
            return
        about = set(_objects(row.targets))
        if row.event_type in DELETIONS:
            self.deleted.update((ref, row.published) for ref in about if _is_deleted(row, ref))
        elif row.event_type.startswith("iam."):
            self.any_admin = True
        elif ".privilege." in row.event_type:
            self.admins |= about
            self.any_admin = self.any_admin or not about


async def read_history(
    okta: OktaClient, state: State | None, news: News, report: Callable[[ListRead], None]
) -> AsyncIterator[list[Event]]:
    """Yield the events since a state, or of the last minutes where there is none.

    Raises:
        FullRunNeeded: The log doesn't reach back to the state; it is read from where it does.
        ProviderError: It can't be read at all.
    """
    now = okta.server_time
    if now is None:
        raise FullRunNeeded("Okta's replies don't say when they were made")
    lost = _why_lost(state, now)
    if state is not None and state.position is not None and lost is None:
        try:
            async for batch in _read(okta, news, report, position=state.position):
                yield batch
        except PositionLost:
            lost = "Okta no longer knows up to where its System Log was read"
        else:
            return
    since = now - OVERLAP if state is None else max(state.since, now - RETENTION + MARGIN)
    async for batch in _read(okta, news, report, since=since):
        yield batch
    if lost is not None:
        raise FullRunNeeded(lost)


def _why_lost(state: State | None, now: datetime) -> str | None:
    if state is not None and now - state.begun > RETENTION - MARGIN:
        return "the last run is older than Okta keeps its System Log"
    return None


async def _read(
    okta: OktaClient,
    news: News,
    report: Callable[[ListRead], None],
    *,
    position: str | None = None,
    since: datetime | None = None,
) -> AsyncIterator[list[Event]]:
    log = okta.events(FILTER, position=position, since=since, on_list=report)
    async for rows in log:
        for row in rows:
            news.take(row)
        yield [_event(row) for row in rows]
    news.position = log.position


def _objects(targets: Iterable[EventParty]) -> Iterable[Ref]:
    for target in targets:
        if target.id and target.type == "User":
            yield user_ref(target.id)
        elif target.id and target.type == "UserGroup":
            yield group_ref(target.id)


def _is_deleted(row: EventRow, ref: Ref) -> bool:
    return row.event_type.startswith(f"{ref.type}.")


def _event(row: EventRow) -> Event:
    actor = None if row.actor is None else _party(row.actor)
    return Event(
        row.uuid,
        row.published,
        row.event_type,
        row.outcome,
        actor,
        tuple(map(_party, row.targets)),
        row.display_message or "",
    )


def _party(party: EventParty) -> EventTarget:
    return EventTarget(party.type or "", party.id or "", party.display_name or party.alternate_id or "")
