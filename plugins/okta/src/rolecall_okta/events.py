"""What the client keeps of each event of the System Log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rolecall_okta.rows import JsonObject, RowError


@dataclass(frozen=True, slots=True)
class EventParty:
    """Who did something, or what it was done to; each None where Okta gives none.

    Attributes:
        type: ``User``, ``UserGroup``, ``AppUser``, ``AppInstance``, …
        id: The object's id.
        display_name: What people see.
        alternate_id: A person's login, for example.
    """

    type: str | None
    id: str | None
    display_name: str | None
    alternate_id: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of the System Log. All texts are hostile.

    Attributes:
        uuid: Unique for ever.
        published: When it happened, aware. The time of the reply, where Okta gives none that is one.
        event_type: Such as ``group.user_membership.add``; empty when Okta gave none.
        outcome: ``SUCCESS``, ``FAILURE``, …, or None. Look at it before believing that it happened.
        actor: Who did it, or None.
        targets: What it was done to; their order means nothing, so find them by type.
        display_message: Okta's sentence, or None.
    """

    uuid: str
    published: datetime
    event_type: str
    outcome: str | None
    actor: EventParty | None
    targets: tuple[EventParty, ...]
    display_message: str | None


def event_row(answered: datetime | None) -> Callable[[JsonObject], EventRow]:
    """Makes the function that reads an event out of a reply with this ``Date``."""

    def row(item: JsonObject) -> EventRow:
        uuid = item.get("uuid")
        if not isinstance(uuid, str) or not uuid:
            raise RowError("has no uuid")
        published = instant(item.get("published")) or answered
        if published is None:
            raise RowError("says no time, and neither does the reply")
        outcome, targets = item.get("outcome"), item.get("target")
        return EventRow(
            uuid,
            published,
            _text(item.get("eventType")) or "",
            _text(outcome.get("result")) if isinstance(outcome, dict) else None,
            _party(item.get("actor")),
            tuple(party for party in map(_party, targets) if party) if isinstance(targets, list) else (),
            _text(item.get("displayMessage")),
        )

    return row


def instant(value: object) -> datetime | None:
    """The time that a text of Okta's names (``2026-11-24T10:00:00.000Z``), aware, or None."""
    if not isinstance(value, str):
        return None
    try:
        given = datetime.fromisoformat(value)
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _party(value: object) -> EventParty | None:
    if not isinstance(value, dict):
        return None
    return EventParty(
        _text(value.get("type")),
        _text(value.get("id")),
        _text(value.get("displayName")),
        _text(value.get("alternateId")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
