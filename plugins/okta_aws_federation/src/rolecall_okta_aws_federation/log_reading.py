"""What the System Log says happened since the last run: whose assignment moved, and what is gone."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rolecall import Event, EventTarget, FullRunNeeded, ProviderError
from rolecall_okta import EventParty, EventRow, OktaClient, PositionLost, literal
from rolecall_okta_aws_federation.memory import OVERLAP, Memory

LOG = "/api/v1/logs"
KEPT = timedelta(days=89)
"""Okta keeps events for 90 days."""
_TURNS = {"group.user_membership.add": 1, "group.user_membership.remove": -1}


@dataclass(slots=True)
class LogReading:
    """What was read, and what it comes to.

    Attributes:
        asked: The filter.
        position: Where reading goes on, or None where nothing could be read.
        app_users: Ids of people whose assignment to the app moved.
        nameless: Whether somebody's did of whom the log doesn't say who it is.
        deleted_people: Ids.
        deleted_groups: Ids.
        net: Group's id → members that came, less those that went.
        movers: Group's id → ids of those who came or went.
    """

    asked: str = ""
    position: str | None = None
    app_users: set[str] = field(default_factory=set)
    nameless: bool = False
    deleted_people: set[str] = field(default_factory=set)
    deleted_groups: set[str] = field(default_factory=set)
    net: Counter[str] = field(default_factory=Counter)
    movers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, row: EventRow, app_id: str) -> None:
        """Count one event in; what failed moved nothing."""
        if row.outcome == "FAILURE":
            return
        people = _ids(row, "User")
        if row.event_type.startswith("application.user_membership.") and app_id in _ids(row, "AppInstance"):
            self.app_users |= people
            self.nameless |= not people
        elif row.event_type == "user.lifecycle.delete.completed":
            self.deleted_people |= people
        elif row.event_type == "group.lifecycle.delete":
            self.deleted_groups |= _ids(row, "UserGroup")
        elif row.event_type in _TURNS:
            for group_id in _ids(row, "UserGroup"):
                self.net[group_id] += _TURNS[row.event_type] * len(people)
                self.movers[group_id] |= people


def log_filter(app_id: str, watched: Collection[str]) -> str:
    """What to ask the log for: the app's events, deletions, and memberships of the watched groups."""
    assignments = '(eventType sw "application." or eventType sw "group.application_assignment.")'
    parts = [
        f"(target.id eq {literal(app_id)} and {assignments})",
        'eventType eq "user.lifecycle.delete.completed"',
        'eventType eq "group.lifecycle.delete"',
    ]
    if watched:
        groups = " or ".join(f"target.id eq {literal(group_id)}" for group_id in sorted(watched))
        parts.append(f'(eventType sw "group.user_membership." and ({groups}))')
    return " or ".join(parts)


async def read_log(
    okta: OktaClient, app_id: str, memory: Memory | None, reading: LogReading
) -> AsyncIterator[Sequence[Event]]:
    """Read on from where the last run ended; without one, what an index may not show yet.

    Raises:
        FullRunNeeded: After the last event: the log can't prove that nothing is missing.
        ProviderError: It can't be read.
    """
    lost, now = None, okta.server_time or datetime.now(UTC)
    if memory is not None and memory.log_position is not None:
        reading.asked = memory.log_filter
        try:
            log = okta.events(reading.asked, position=memory.log_position)
            async for batch in log:
                yield _taken(batch, app_id, reading)
            reading.position = log.position
        except PositionLost:
            lost = "the System Log no longer knows where the last run ended"
    if memory is None or memory.log_position is None or lost is not None:
        reading.asked = log_filter(app_id, ()) if memory is None else memory.log_filter
        begin = now - OVERLAP if memory is None else memory.read_from
        log = okta.events(reading.asked, since=begin)
        async for batch in log:
            yield _taken(batch, app_id, reading)
        reading.position = log.position
    if memory is not None and now - memory.read_from > KEPT:
        lost = "the last run was longer ago than Okta keeps its System Log"
    if lost is not None:
        raise FullRunNeeded(lost)


def unreadable(error: ProviderError) -> str | None:
    """Why the log is closed to the credential, or None where the error means something else."""
    if error.status in {401, 403, 404}:
        return f"{error.status} {error.provider_code or ''}".strip()
    return None


def _taken(batch: Sequence[EventRow], app_id: str, reading: LogReading) -> list[Event]:
    for row in batch:
        reading.take(row, app_id)
    return [
        Event(
            row.uuid,
            row.published,
            row.event_type,
            row.outcome,
            None if row.actor is None else _target(row.actor),
            tuple(map(_target, row.targets)),
            row.display_message or "",
        )
        for row in batch
    ]


def _target(party: EventParty) -> EventTarget:
    return EventTarget(party.type or "", party.id or "", party.display_name or party.alternate_id or "")


def _ids(row: EventRow, kind: str) -> set[str]:
    return {party.id for party in row.targets if party.type == kind and party.id}
