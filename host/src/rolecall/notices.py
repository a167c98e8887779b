"""What people are told: one function for each kind of notice, which makes its sentence and its facts.

Names come from the provider and may be hostile: they are put on one line and cut, and whoever shows a
notice escapes it for the place where it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from rolecall.durations import duration_text
from rolecall.errors import RolecallError, error_object
from rolecall.models import EntitlementRef, Ref
from rolecall.plan_json import to_json
from rolecall.plans import HandOff, Json, Notice

LONGEST_NAME = 200
KINDS = (
    "request_waiting",
    "granted",
    "expiring",
    "revoked",
    "reopened",
    "handoff",
    "handoff_overdue",
    "handoff_withdrawn",
    "emergency",
    "failed",
    "connector_owner",
)


@dataclass(frozen=True, slots=True)
class About:
    """The access that a notice is about.

    Attributes:
        at: When it happened, aware.
        principal_name: Login, or the group's name.
        what: What people call the entitlement, such as ``prod/Admin``; its id where that is empty.
        reason: Why it was asked for; may be empty.
    """

    at: datetime
    connector: str
    entitlement: EntitlementRef
    principal: Ref
    principal_name: str
    what: str = ""
    reason: str = ""

    @property
    def access(self) -> str:
        """``prod/Admin on aws-prod``."""
        return f"{_line(self.what or str(self.entitlement))} on {self.connector}"

    @property
    def who(self) -> str:
        """The principal's name, on one line."""
        return _line(self.principal_name)


def request_waiting(
    about: About, task: int, requester: str, duration: timedelta | None = None, to: Sequence[str] = ()
) -> Notice:
    """Somebody asks for access, and somebody must approve it."""
    for_another = f" for {about.who}" if requester != about.principal_name else ""
    length = f", for {duration_text(duration)}" if duration else ""
    return _notice(
        "request_waiting",
        about,
        f"{_line(requester)} asks{for_another} to have {about.access}{length}; "
        f"request {task} waits for approval.",
        {"requester": requester, "duration_seconds": _seconds(duration)},
        to,
        task,
    )


def granted(
    about: About,
    task: int | None = None,
    ends_at: datetime | None = None,
    verified: bool = True,
    to: Sequence[str] = (),
) -> Notice:
    """Access was given, whether or not a read has shown it yet."""
    until = f" until {_moment(ends_at)}" if ends_at else ""
    seen = "" if verified else "; no read has shown it yet"
    return _notice(
        "granted",
        about,
        f"{about.who} was given {about.access}{until}{seen}.",
        {"ends_at": _iso(ends_at), "verified": verified},
        to,
        task,
    )


def expiring(about: About, ends_at: datetime, task: int | None = None, to: Sequence[str] = ()) -> Notice:
    """Access is about to end."""
    return _notice(
        "expiring",
        about,
        f"{about.access} ends for {about.who} in {duration_text(ends_at - about.at)}, at {_moment(ends_at)}.",
        {"ends_at": _iso(ends_at)},
        to,
        task,
    )


def revoked(
    about: About, cause: str, task: int | None = None, verified: bool = True, to: Sequence[str] = ()
) -> Notice:
    """Access was taken away, whether or not a read has shown that it is gone.

    ``cause`` is half a sentence, such as ``its time was over``.
    """
    seen = "" if verified else "; no read has shown yet that it is gone"
    return _notice(
        "revoked",
        about,
        f"{about.access} was taken from {about.who}: {_line(cause)}{seen}.",
        {"cause": cause, "verified": verified},
        to,
        task,
    )


def reopened(about: About, why: str, task: int, to: Sequence[str] = ()) -> Notice:
    """Access that was taken away is there again."""
    return _notice(
        "reopened",
        about,
        f"{about.who} has {about.access} again: {_line(why)}; task {task} is open again.",
        {"why": why},
        to,
        task,
    )


def handed_off(about: About, handoff: HandOff, due: datetime, task: int, to: Sequence[str] = ()) -> Notice:
    """A person outside must make a change; the facts have all that they need for it."""
    return _notice(
        "handoff",
        about,
        f"Please {_change(handoff)} by {_moment(due)} (task {task}): {_line(handoff.effect)}",
        {"handoff": to_json(handoff), "due_at": _iso(due)},
        to,
        task,
    )


def handoff_overdue(
    about: About, handoff: HandOff, due: datetime, task: int, to: Sequence[str] = ()
) -> Notice:
    """A person outside hasn't made a change in time."""
    return _notice(
        "handoff_overdue",
        about,
        f"Overdue since {_moment(due)}: please {_change(handoff)} (task {task}): {_line(handoff.effect)}",
        {"handoff": to_json(handoff), "due_at": _iso(due)},
        to,
        task,
    )


def handoff_withdrawn(about: About, handoff: HandOff, why: str, task: int, to: Sequence[str] = ()) -> Notice:
    """A change that was handed to a person outside isn't wanted any more."""
    return _notice(
        "handoff_withdrawn",
        about,
        f"Please don't {_change(handoff)} (task {task}): {_line(why)}",
        {"handoff": to_json(handoff), "why": why},
        to,
        task,
    )


def emergency(
    about: About, task: int, requester: str, ends_at: datetime | None, to: Sequence[str] = ()
) -> Notice:
    """Access was given before anybody approved, and must be reviewed."""
    until = f" until {_moment(ends_at)}" if ends_at else ""
    return _notice(
        "emergency",
        about,
        f"Emergency: {about.who} has {about.access}{until}, asked for by {_line(requester)} and approved by "
        f"nobody; request {task} must be reviewed.",
        {"requester": requester, "ends_at": _iso(ends_at)},
        to,
        task,
    )


def failed(
    about: About, error: RolecallError | str, task: int | None = None, to: Sequence[str] = ()
) -> Notice:
    """What should have been done to somebody's access wasn't."""
    message = error if isinstance(error, str) else error.message
    told = {"message": error} if isinstance(error, str) else error_object(error)
    return _notice(
        "failed",
        about,
        f"{about.access} for {about.who} failed: {_line(message, 1000)}",
        {"error": told},
        to,
        task,
    )


def connector_owner(connector: str, owner: str, at: datetime) -> Notice:
    """Somebody answers for a connector from now on."""
    return Notice(
        _new_id(),
        at,
        "connector_owner",
        connector,
        f"{_line(owner)} is now an owner of the connector {connector}.",
        {"owner": owner},
        (owner,),
    )


def _notice(
    kind: str, about: About, summary: str, facts: Mapping[str, Json], to: Sequence[str], task: int | None
) -> Notice:
    common = {
        "entitlement_id": str(about.entitlement),
        "entitlement": about.what,
        "principal": str(about.principal),
        "principal_name": about.principal_name,
        "reason": about.reason,
    }
    recipients = tuple(dict.fromkeys(to))
    return Notice(_new_id(), about.at, kind, about.connector, summary, common | dict(facts), recipients, task)


def _new_id() -> str:
    return uuid4().hex


def _change(handoff: HandOff) -> str:
    person = next(iter(handoff.person_names.values()), str(handoff.person))
    group = next(iter(handoff.group_names.values()), str(handoff.group))
    verb, into = ("add", "to") if handoff.change == "add" else ("remove", "from")
    return f"{verb} {_line(person)} {into} the group {_line(group)} in {_line(handoff.system)}"


def _line(text: str, longest: int = LONGEST_NAME) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
