"""What the System Log tells of changes to access: who gave or took what, and by which call."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rolecall import Ref, WriteSeen
from rolecall_okta.calls import literal
from rolecall_okta.client import OktaClient
from rolecall_okta.events import EventRow, event_row
from rolecall_okta.log import LOGS
from rolecall_okta.provisioning.own_events import Credential, read_credential
from rolecall_okta.rows import JsonObject

MEMBERSHIPS = {"group.user_membership.add": True, "group.user_membership.remove": False}
ASSIGNMENTS = {
    "application.user_membership.add": True,
    "application.user_membership.remove": False,
    "application.user_membership.update": None,
    "group.application_assignment.add": True,
    "group.application_assignment.remove": False,
    "group.application_assignment.update": None,
}
ADMIN_ROLES = {
    "user.account.privilege.grant": True,
    "user.account.privilege.revoke": False,
    "group.privilege.grant": True,
    "group.privilege.revoke": False,
}
GIVES = {**MEMBERSHIPS, **ASSIGNMENTS, **ADMIN_ROLES}


@dataclass(frozen=True, slots=True)
class WriteEvent:
    """An event with what tells which call brought it about.

    Attributes:
        row: The event.
        token: Id of the API token that was used, or None.
        request_id: Of the call, or None.
    """

    row: EventRow
    token: str | None
    request_id: str | None

    @property
    def id(self) -> str:
        """The event's id."""
        return self.row.uuid


async def writes_seen(
    okta: OktaClient,
    since: datetime,
    until: datetime,
    *,
    app_id: str | None = None,
) -> AsyncGenerator[list[WriteSeen], None]:
    """Yield the changes between two times, by anybody. See ``rolecall_writes_seen``.

    Okta's bounded form of the log goes by the time of the event; what is stored late may be missing.

    Args:
        okta: The org.
        since: From when on, aware.
        until: Until when, aware.
        app_id: The one app whose assignments matter, and no admin roles; None for all of everything.
    """
    credential = await read_credential(okta)
    pages = okta.pages(
        LOGS,
        {
            "since": _instant(since),
            "until": _instant(until),
            "limit": 1000,
            "sortOrder": "ASCENDING",
            "filter": log_filter(app_id),
        },
        write_event(until),
    )
    async for page in pages:
        seen = [_write_seen(event, credential) for event in page if event.row.event_type in GIVES]
        if seen:
            yield seen


def log_filter(app_id: str | None) -> str:
    """The log's filter for these changes; Okta's ``and`` binds tighter than its ``or``."""
    if app_id is None:
        return " or ".join(map(_of_type, GIVES))
    of_app = " or ".join(map(_of_type, ASSIGNMENTS))
    return f"{' or '.join(map(_of_type, MEMBERSHIPS))} or (({of_app}) and target.id eq {literal(app_id)})"


def write_event(answered: datetime | None) -> Callable[[JsonObject], WriteEvent]:
    """Makes the function that reads an event; ``answered`` is its time where it tells none."""
    read = event_row(answered)

    def row(item: JsonObject) -> WriteEvent:
        transaction, debug = _object(item.get("transaction")), _object(item.get("debugContext"))
        request = _object(debug.get("debugData")).get("requestId")
        if not isinstance(request, str) and transaction.get("type") == "WEB":
            request = transaction.get("id")
        token = _object(transaction.get("detail")).get("requestApiTokenId")
        return WriteEvent(read(item), _text(token), _text(request))

    return row


def _write_seen(event: WriteEvent, credential: Credential) -> WriteSeen:
    row = event.row
    actor = row.actor
    return WriteSeen(
        row.uuid,
        row.published,
        row.event_type,
        row.outcome,
        event.request_id,
        "" if actor is None else actor.alternate_id or actor.display_name or actor.id or "",
        credential.did(None if actor is None else actor.id, event.token),
        GIVES[row.event_type],
        _object_of(row),
        _principal_of(row),
    )


def _object_of(row: EventRow) -> Ref | None:
    if row.event_type in ADMIN_ROLES:
        return None
    kind = ("UserGroup", "group") if row.event_type in MEMBERSHIPS else ("AppInstance", "app")
    return _target(row, *kind)


def _principal_of(row: EventRow) -> Ref | None:
    of_group = row.event_type.startswith(("group.application_assignment.", "group.privilege."))
    return _target(row, "UserGroup", "group") if of_group else _target(row, "User", "user")


def _target(row: EventRow, okta_type: str, resource_type: str) -> Ref | None:
    """The event's target of a type; None where there are several, or none."""
    found = [party.id for party in row.targets if party.type == okta_type and party.id]
    return Ref(resource_type, found[0]) if len(found) == 1 else None


def _of_type(event_type: str) -> str:
    return f'eventType eq "{event_type}"'


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
