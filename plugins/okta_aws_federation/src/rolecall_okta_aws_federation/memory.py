"""What a run leaves for the next one: the state of the org as it read it, and how to go on from there.

Kept as compressed JSON, a few megabytes for 35,000 people in 5,000 groups.
"""

import json
import zlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from rolecall import FullRunNeeded, IdentitySource, Ref
from rolecall_okta import GroupRow, UserRow
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.payloads import AwsSettings, OktaApp, ProfileRoles, RolesAttribute
from rolecall_okta_aws_federation.people import People
from rolecall_okta_aws_federation.state import AppUser, Assignment, NamedGroup, OrgState

FORMAT = 1
OVERLAP = timedelta(minutes=10)
"""How far back changes are asked for once more: Okta's indexes lag."""
SETTLED = timedelta(seconds=2)
"""Okta's clocks may tell whole seconds: members read so much later are those that a clock tells of."""


@dataclass(slots=True)
class Memory:
    """What the next run needs.

    Attributes:
        state: The org as it was read.
        read_from: When the reading began, by Okta's clock.
        settings: Tells whether the connector's settings are the same.
        source: Name of the identity source that was read, or None.
        log_filter: What was asked of the log.
        log_position: Where the log was read to; None where it is to be read from ``read_from`` on.
        clocks: Group's id → when its members had changed last, as Okta wrote it, for groups whose members
            are known to be those of that time. Only what a later run can meet again.
    """

    state: OrgState
    read_from: datetime
    settings: str
    source: str | None
    log_filter: str
    log_position: str | None
    clocks: dict[str, str] = field(default_factory=dict)

    @property
    def changed_since(self) -> datetime:
        """From when on the next run asks for changes."""
        return self.read_from - OVERLAP - timedelta(seconds=1)

    def dump(self) -> bytes:
        """As bytes."""
        whole = {
            "format": FORMAT,
            "read_from": self.read_from.isoformat(),
            "settings": self.settings,
            "source": self.source,
            "log": [self.log_filter, self.log_position],
            "clocks": self.clocks,
            "state": _plain_state(self.state),
        }
        return zlib.compress(json.dumps(whole, separators=(",", ":")).encode("ascii"), 1)


def load(data: bytes) -> Memory:
    """What an earlier run left.

    Raises:
        FullRunNeeded: It is of another release, or damaged.
    """
    try:
        whole = json.loads(zlib.decompress(data))
        if whole["format"] != FORMAT:
            raise FullRunNeeded("the last run's checkpoint was written by another release")
        log_filter, position = whole["log"]
        return Memory(
            _state(whole["state"]),
            datetime.fromisoformat(whole["read_from"]),
            whole["settings"],
            whole["source"],
            log_filter,
            position,
            whole["clocks"],
        )
    except (ValueError, TypeError, KeyError, IndexError, zlib.error) as error:
        raise FullRunNeeded("the last run's checkpoint can't be read") from error


def settled_clocks(
    groups: Iterable[GroupRow], read_from: datetime, known: Mapping[str, str]
) -> dict[str, str]:
    """Clocks for the memory of a run that met these groups, and read those whose clocks weren't known."""
    clocks = dict(known)
    for group in groups:
        clock = group.last_membership_updated
        at = instant(clock)
        if clock is not None and clock == known.get(group.id):
            continue
        if clock is not None and at is not None and read_from >= at + SETTLED:
            clocks[group.id] = clock
        else:
            clocks.pop(group.id, None)
    oldest = read_from - OVERLAP - timedelta(seconds=1)
    return {group_id: clock for group_id, clock in clocks.items() if (at := instant(clock)) and at >= oldest}


def refuse_other_settings(memory: Memory, settings: Settings, source: IdentitySource | None) -> None:
    """Raise where the last run was of another org or app, or read another source.

    Raises:
        FullRunNeeded: It says what differs.
    """
    if memory.settings != fingerprint(settings):
        raise FullRunNeeded("the connector's settings changed")
    if memory.source != (None if source is None else source.connector):
        raise FullRunNeeded("the identity source isn't the one that the last run read")


def fingerprint(settings: Settings) -> str:
    """The same for settings that read the same org and app."""
    return sha256(f"{settings.domain.host}\n{settings.aws_okta_app_id}".encode()).hexdigest()


def instant(text: str | None) -> datetime | None:
    """A time as Okta writes it; None for what is none."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _plain_state(state: OrgState) -> dict[str, Any]:
    people = sorted(state.listed_people())
    places = {number: place for place, number in enumerate(people)}
    rows = [state.people.row(number) for number in people]
    roles: dict[ProfileRoles, int] = {}

    def place_of(held: ProfileRoles) -> int:
        return roles.setdefault(held, len(roles))

    app_users = [
        [places[number], each.scope, each.group and each.group.id, place_of(each.roles)]
        for number, each in state.app_users.items()
    ]
    assigned = [[group_id, each.priority, place_of(each.roles)] for group_id, each in state.assigned.items()]
    named = [[group_id, *each.meaning, each.ambiguous] for group_id, each in state.named.items()]
    shown = {*state.assigned, *state.named}
    return {
        "app": asdict(state.app),
        "people": [
            [r.id, r.login, r.email, r.first_name, r.last_name, r.display_name, r.status] for r in rows
        ],
        "undescribed": [places[each] for each in state.people.undescribed() if each in places],
        "app_users": app_users,
        "assigned": assigned,
        "roles": [[held.saml, held.default, held.oddities] for held in roles],
        "named": named,
        "nameless": sorted(state.nameless),
        "groups": [
            [g.id, g.name, g.type, g.source_app_id, g.source_app_name, g.users_count]
            for g in state.groups.values()
            if g.id in shown
        ],
        "sources": state.sources,
        "members": {
            group_id: [places[number] for number in members] for group_id, members in state.members.items()
        },
        "by_person": state.by_person,
        "attribute": asdict(state.attribute),
        "fetched": sorted(state.fetched),
        "strangers": sorted(state.strangers),
        "unsettled": state.unsettled,
    }


def _state(plain: Mapping[str, Any]) -> OrgState:
    people = People((UserRow(*row) for row in plain["people"]), plain["undescribed"])
    roles = [
        ProfileRoles(tuple(saml), default, tuple((code, value) for code, value in oddities))
        for saml, default, oddities in plain["roles"]
    ]
    app, attribute = dict(plain["app"]), dict(plain["attribute"])
    app["settings"] = AwsSettings(**app["settings"])
    attribute["values"] = tuple(attribute["values"])
    return OrgState(
        OktaApp(**app),
        people,
        {
            number: AppUser(scope, None if group is None else Ref("group", group), roles[held])
            for number, scope, group, held in plain["app_users"]
        },
        {group_id: Assignment(priority, roles[held]) for group_id, priority, held in plain["assigned"]},
        {
            group_id: NamedGroup(AwsRole(account, role), ambiguous)
            for group_id, account, role, ambiguous in plain["named"]
        },
        set(plain["nameless"]),
        {row[0]: GroupRow(*row) for row in plain["groups"]},
        plain["sources"],
        {group_id: array("I", members) for group_id, members in plain["members"].items()},
        plain["by_person"],
        RolesAttribute(**attribute),
        set(plain["fetched"]),
        set(plain["strangers"]),
        unsettled=plain["unsettled"],
    )
