"""What the System Log says happened since the last run: whose assignment moved, and what is gone."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from rolecall_okta import EventRow, literal

DELETIONS = frozenset({"user.lifecycle.delete.completed", "group.lifecycle.delete"})
IMPORTS = frozenset({"system.import.complete", "system.import.membership_processing.complete"})
_TURNS = {"group.user_membership.add": 1, "group.user_membership.remove": -1}


@dataclass(slots=True)
class News:
    """What the log's new events come to.

    Attributes:
        app_id: The app whose assignments count.
        app_users: Ids of people whose assignment to the app moved.
        nameless: Whether somebody's did of whom the log doesn't say who it is.
        unassigned: Ids of people and groups that were taken off the app, and not put on it again.
        deleted_people: Ids.
        deleted_groups: Ids.
        net: Group's id → members that came, less those that went.
        imported: Whether an import ended, of whose moves the log may give a sum.
        ruled: Ids of groups at which group rules were at work.
        movers: Group's id → id of each who came or went → whether they came.
    """

    app_id: str
    app_users: set[str] = field(default_factory=set)
    nameless: bool = False
    unassigned: set[str] = field(default_factory=set)
    deleted_people: set[str] = field(default_factory=set)
    deleted_groups: set[str] = field(default_factory=set)
    net: Counter[str] = field(default_factory=Counter)
    imported: bool = False
    ruled: set[str] = field(default_factory=set)
    movers: defaultdict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, row: EventRow) -> None:
        """Count one event in. What may have happened is looked at again; what is gone must be gone."""
        self.imported |= row.event_type in IMPORTS
        if row.outcome == "FAILURE" or (row.event_type in DELETIONS and row.outcome not in {None, "SUCCESS"}):
            return
        people = _ids(row, "User")
        if row.event_type.startswith("application.user_membership."):
            if self.app_id in _ids(row, "AppInstance"):
                self.app_users |= people
                self.nameless |= not people
                self._turn_assignments(row, people)
        elif row.event_type.startswith("group.application_assignment."):
            if self.app_id in _ids(row, "AppInstance"):
                self._turn_assignments(row, _ids(row, "UserGroup"))
        elif row.event_type in DELETIONS:
            if row.event_type.startswith("user."):
                self.deleted_people |= people
            else:
                self.deleted_groups |= _ids(row, "UserGroup")
        elif row.event_type.startswith("group.user_membership."):
            self._turn_members(row, people)

    def _turn_members(self, row: EventRow, people: set[str]) -> None:
        groups = _ids(row, "UserGroup")
        turn = _TURNS.get(row.event_type)
        if turn is None:
            self.ruled |= groups
            return
        for group_id in groups:
            self.net[group_id] += turn * len(people)
            self.movers[group_id] |= dict.fromkeys(people, turn > 0)

    def _turn_assignments(self, row: EventRow, assigned: set[str]) -> None:
        if row.event_type.endswith(".remove"):
            self.unassigned |= assigned
        elif row.event_type.endswith(".add"):
            self.unassigned -= assigned


def log_filter(app_id: str, watched: Collection[str]) -> str:
    """What to ask the log for: the app's events, deletions, memberships of the watched groups, imports."""
    assignments = '(eventType sw "application." or eventType sw "group.application_assignment.")'
    parts = [
        f"(target.id eq {literal(app_id)} and {assignments})",
        *(f"eventType eq {literal(kind)}" for kind in sorted(DELETIONS)),
    ]
    if watched:
        groups = " or ".join(f"target.id eq {literal(group_id)}" for group_id in sorted(watched))
        parts.append(f'(eventType sw "group.user_membership." and ({groups}))')
        parts += [f"eventType eq {literal(kind)}" for kind in sorted(IMPORTS)]
    return " or ".join(parts)


def _ids(row: EventRow, kind: str) -> set[str]:
    return {party.id for party in row.targets if party.type == kind and party.id}
