"""What a run leaves for the next one: the state of the org as it read it, and how to go on from there.

Kept as compressed JSON, a few megabytes for 35,000 people in 5,000 groups.
"""

import json
import zlib
from array import array
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from rolecall import FullRunNeeded, IdentitySource, Ref
from rolecall_okta import OVERLAP, GroupRow, MemberClocks, UserRow
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.payloads import AwsSettings, OktaApp, ProfileRoles, RolesAttribute
from rolecall_okta_aws_federation.people import People
from rolecall_okta_aws_federation.state import AppUser, Assignment, NamedGroup, OrgState

FORMAT = 1


@dataclass(slots=True)
class Memory:
    """What the next run needs.

    Attributes:
        state: The org as it was read.
        read_from: When the reading began, by Okta's clock.
        settings: Tells whether the connector's settings are the same.
        source: Name of the identity source that was read, or None.
        covers: Whether that lists every group.
        log_filter: What was asked of the log.
        log_position: Where the log was read to; None where it is to be read from ``read_from`` on.
        clocks: Of the groups that the run met, for those that changed lately.
        owner: Id of whose credential it was; None where nobody stands behind it.
        deleted: Ids of people and groups that the log said were deleted → when a run learned it, in seconds
            since 1970; kept for as long as an index or the identity source may still show them.
    """

    state: OrgState
    read_from: datetime
    settings: str
    source: str | None
    covers: bool
    log_filter: str
    log_position: str | None
    clocks: MemberClocks = field(default_factory=MemberClocks)
    owner: str | None = None
    deleted: dict[str, float] = field(default_factory=dict)

    @property
    def changed_since(self) -> datetime:
        """From when on the next run asks for changes."""
        return self.read_from - OVERLAP

    def forget_deleted(self, held: Collection[str]) -> None:
        """Forget who was deleted so long ago that no index shows them, unless the source still holds them."""
        oldest = self.changed_since.timestamp()
        self.deleted = {each: at for each, at in self.deleted.items() if at >= oldest or each in held}

    def dump(self) -> bytes:
        """As bytes."""
        whole = {
            "format": FORMAT,
            "read_from": self.read_from.isoformat(),
            "settings": self.settings,
            "source": [self.source, self.covers],
            "log": [self.log_filter, self.log_position],
            "clocks": self.clocks.after(self.changed_since).plain(),
            "owner": self.owner,
            "deleted": self.deleted,
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
        (source, covers), (log_filter, position) = whole["source"], whole["log"]
        return Memory(
            _state(whole["state"]),
            datetime.fromisoformat(whole["read_from"]),
            whole["settings"],
            source,
            covers,
            log_filter,
            position,
            MemberClocks(whole["clocks"]),
            whole["owner"],
            whole["deleted"],
        )
    except (ValueError, TypeError, KeyError, IndexError, zlib.error) as error:
        cause = f"{type(error).__name__}: {error}"[:100]
        raise FullRunNeeded(f"the last run's checkpoint can't be read ({cause})") from error


def refuse_other_settings(memory: Memory, settings: Settings, source: IdentitySource | None) -> None:
    """Raise where the last run was of another org or app, or read another source.

    Raises:
        FullRunNeeded: It says what differs.
    """
    if memory.settings != fingerprint(settings):
        raise FullRunNeeded("the connector's settings changed")
    if memory.source != (None if source is None else source.connector):
        raise FullRunNeeded("the identity source isn't the one that the last run read")
    if source is not None and memory.covers != source.covers("group"):
        now = "no longer lists" if memory.covers else "now lists"
        raise FullRunNeeded(f"the identity source {source.connector} {now} every group")


def fingerprint(settings: Settings) -> str:
    """The same for settings that read the same org and app."""
    return sha256(f"{settings.domain.host}\n{settings.aws_okta_app_id}".encode()).hexdigest()


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
        "short": state.short,
        "by_person": state.by_person,
        "attribute": asdict(state.attribute),
        "fetched": sorted(state.fetched),
        "strangers": sorted(state.strangers),
        "doubted": state.doubted,
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
        {group_id: (listed, counted) for group_id, (listed, counted) in plain["short"].items()},
        plain["by_person"],
        RolesAttribute(**attribute),
        set(plain["fetched"]),
        set(plain["strangers"]),
        plain["doubted"],
        unsettled=plain["unsettled"],
    )
