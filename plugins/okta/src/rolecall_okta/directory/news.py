"""What the System Log's events mean for the lists."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rolecall import Ref
from rolecall_okta.directory.emission import group_ref, user_ref
from rolecall_okta.events import EventParty, EventRow

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

BINDINGS = "iam.resourceset.bindings."
"""Events of custom roles being given on a resource set, or taken."""


@dataclass(slots=True)
class News:
    """What the log's new events mean.

    Attributes:
        deleted: People and groups that are gone for good → when.
        admins: People and groups whose admin roles may have changed.
        any_admin: Whether any person's may have.
        unnamed: Whether a custom role was given or taken and the log doesn't say whom it was about.
    """

    deleted: dict[Ref, datetime] = field(default_factory=dict)
    admins: set[Ref] = field(default_factory=set)
    any_admin: bool = False
    unnamed: bool = False

    def take(self, row: EventRow) -> None:
        """See what one event means; it is a hint, and what it is about is read again."""
        if row.outcome not in {None, SUCCESS}:
            return
        about = set(_objects(row.targets))
        if row.event_type in DELETIONS:
            self.deleted.update((ref, row.published) for ref in about if _is_deleted(row, ref))
        elif row.event_type.startswith("iam."):
            self.any_admin = True
            self.admins |= about
            self.unnamed |= row.event_type.startswith(BINDINGS) and not about
        elif ".privilege." in row.event_type:
            self.admins |= about
            self.any_admin = self.any_admin or not about


def _objects(targets: Iterable[EventParty]) -> Iterable[Ref]:
    for target in targets:
        if target.id and target.type == "User":
            yield user_ref(target.id)
        elif target.id and target.type == "UserGroup":
            yield group_ref(target.id)


def _is_deleted(row: EventRow, ref: Ref) -> bool:
    return row.event_type.startswith(f"{ref.type}.")
