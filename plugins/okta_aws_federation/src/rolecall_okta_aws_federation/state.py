"""All that was read of an org, and nothing that was worked out from it."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rolecall import Ref
from rolecall_okta import GroupRow
from rolecall_okta_aws_federation.app_filter import NATIVE_TYPES
from rolecall_okta_aws_federation.federation import AssignedGroup, AwsRole, CandidateGroup
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode, read_mode
from rolecall_okta_aws_federation.payloads import OktaApp, ProfileRoles, RolesAttribute
from rolecall_okta_aws_federation.people import People

MOST_WATCHED = 20
"""Groups whose memberships are asked for in one filter of the log, whose length Okta limits."""


@dataclass(frozen=True, slots=True)
class AppUser:
    """What the app-user list says of one person, without what isn't needed."""

    scope: str | None
    group: Ref | None
    roles: ProfileRoles


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the app-group list says of one group."""

    priority: int | None
    roles: ProfileRoles


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """What a group's name means; ``ambiguous`` where Java's releases may read it differently."""

    meaning: AwsRole
    ambiguous: bool


@dataclass(slots=True)
class OrgState:
    """The org as it was read.

    Attributes:
        people: Everybody met.
        app_users: By person's number.
        assigned: Assigned groups by id, in the list's order.
        named: By id, groups whose names match the group filter.
        nameless: Ids of groups that Okta gives no name, where the list was to hold every name.
        groups: What is known of the assigned groups and of the named ones, by id.
        sources: Catalog name by app id, for groups whose app no list named.
        members: Numbers of the people in each group that matters and was listed, by its id. Everyone isn't.
        short: Group's id → members listed, and counted by Okta, where the list is short.
        by_person: Whether memberships were read by person: then of assigned people only.
        attribute: What the app's schema says of the roles; it means nothing with group mapping.
        fetched: Ids of groups whose members were read from Okta although the run had an identity source.
        strangers: Ids of people whom Okta described although the run had an identity source.
        doubted: Id of each who came into an assigned group, or left the one given, and whose assignment
            didn't follow yet.
        incomplete: Whether names of groups were left unread.
        unsettled: Whether something vanished during the reading, so that the app users may have moved.
    """

    app: OktaApp
    people: People = field(default_factory=People)
    app_users: dict[int, AppUser] = field(default_factory=dict)
    assigned: dict[str, Assignment] = field(default_factory=dict)
    named: dict[str, NamedGroup] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    groups: dict[str, GroupRow] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    members: dict[str, "array[int]"] = field(default_factory=dict)
    short: dict[str, tuple[int, int]] = field(default_factory=dict)
    by_person: bool = False
    attribute: RolesAttribute = field(default_factory=lambda: RolesAttribute(None))
    fetched: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    doubted: dict[str, str | None] = field(default_factory=dict)
    incomplete: bool = False
    unsettled: bool = False

    def copy(self) -> "OrgState":
        """The same state, to go on from; numbers of people stay what they are."""
        return replace(
            self,
            people=self.people.copy(),
            app_users=dict(self.app_users),
            assigned=dict(self.assigned),
            named=dict(self.named),
            nameless=set(self.nameless),
            groups=dict(self.groups),
            sources=dict(self.sources),
            members=dict(self.members),
            short=dict(self.short),
            fetched=set(self.fetched),
            strangers=set(self.strangers),
        )

    @property
    def mode(self) -> SingleMode | MappingMode:
        """The app's mode, as its settings say."""
        return read_mode(self.app.settings)[0]

    def describe_group(self, row: GroupRow) -> None:
        """Take what a list says of a group; what it leaves out stays as another list said."""
        known = self.groups.get(row.id)
        if known is not None:
            same_app = (known.type, known.source_app_id) == (row.type, row.source_app_id)
            row = replace(
                row,
                source_app_name=row.source_app_name or (known.source_app_name if same_app else None),
                users_count=known.users_count if row.users_count is None else row.users_count,
            )
        self.groups[row.id] = row

    def keep_members(self, group_id: str, members: Iterable[int], missing_of: int | None = None) -> None:
        """Take a group's members as read; ``missing_of`` is Okta's count, where the list is short of it."""
        self.members[group_id] = array("I", members)
        if missing_of is None:
            self.short.pop(group_id, None)
        else:
            self.short[group_id] = (len(self.members[group_id]), missing_of)

    def lose_members(self, group_id: str) -> None:
        """Forget who is in a group."""
        self.members.pop(group_id, None)
        self.short.pop(group_id, None)

    def drop_group(self, group_id: str) -> None:
        """Forget a group that is there no more."""
        self.assigned.pop(group_id, None)
        self.named.pop(group_id, None)
        self.groups.pop(group_id, None)
        self.lose_members(group_id)
        self.nameless.discard(group_id)

    def drop_person(self, number: int) -> None:
        """Forget somebody who is there no more."""
        self.app_users.pop(number, None)
        for group_id, members in self.members.items():
            if number in members:
                self.members[group_id] = array("I", (each for each in members if each != number))

    def source_of(self, group: GroupRow) -> str | None:
        """Catalog name of the app that masters a group; None for a native one, or where it can't be told."""
        if group.type in NATIVE_TYPES:
            return None
        return group.source_app_name or self.sources.get(group.source_app_id or "")

    def ranked(self) -> list[AssignedGroup]:
        """Assigned groups in order of rank."""
        groups = (
            AssignedGroup(Ref("group", group_id), self.group_name(group_id), each.priority, each.roles)
            for group_id, each in self.assigned.items()
        )
        return sorted(groups, key=lambda group: group.rank)

    def group_name(self, group_id: str) -> str:
        """A group's name for a sentence."""
        return quoted(self.groups[group_id].name or group_id)

    def candidates(self) -> Iterator[CandidateGroup]:
        """Named groups as the rules need them."""
        for group_id, named in self.named.items():
            row = self.groups[group_id]
            yield CandidateGroup(
                Ref("group", group_id),
                row.name,
                row.type,
                self.source_of(row),
                named.meaning,
                named.ambiguous,
            )

    def listed_people(self) -> set[int]:
        """The numbers of those who are assigned or in a group that was listed."""
        return set(self.app_users).union(*self.members.values())

    def watched(self) -> list[str]:
        """Ids of assigned groups whose members nobody lists: who is assigned through them is for the log."""
        return [
            group_id
            for group_id in self.assigned
            if group_id not in self.members and not self.groups[group_id].is_everyone
        ][:MOST_WATCHED]

    def unnamed_sources(self, groups: Iterable[GroupRow]) -> set[str]:
        """Ids of the apps that master these groups and that no list named."""
        return {
            row.source_app_id
            for row in groups
            if row.source_app_id is not None and row.source_app_name is None and row.type not in NATIVE_TYPES
        } - self.sources.keys()
