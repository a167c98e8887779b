"""Reads what decides, anew for each plan, and no more of the org than the plan's people need."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rolecall import Finding, NotFound, Ref, Refused
from rolecall_okta import (
    AppGroupRow,
    AppUserRow,
    GroupRow,
    OktaClient,
    UserRow,
    for_each,
    held_groups,
    member_pages,
    together,
)
from rolecall_okta_aws_federation.aws_app import read_app_name, read_aws_app, read_roles_attribute
from rolecall_okta_aws_federation.federation import (
    BY_GROUP,
    DIRECT,
    AwsRole,
    CandidateGroup,
    gives_role,
    infer_union,
    unreported,
)
from rolecall_okta_aws_federation.group_filter import SETTING, TIME_LIMIT
from rolecall_okta_aws_federation.literals import SAFE
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode, read_mode
from rolecall_okta_aws_federation.payloads import OktaApp, RolesAttribute, read_profile_roles
from rolecall_okta_aws_federation.provisioning.org_now import AppGroup, OrgNow, Person

FEW = 20
"""Up to so many people are read one by one rather than looked for in the app's whole list."""


@dataclass(slots=True)
class FreshReading:
    """One plan's reading; nothing is asked twice, and nothing outlives it.

    Attributes:
        app: The app, just read.
        mode: What its settings mean.
        oddities: What is odd about the settings.
        attribute: What its schema says of the roles; it means nothing with group mapping.
        assigned: Groups assigned to it, by id.
        rows: What is known of groups, by id.
        concerned: Groups that the plan itself is about, whether they bear on the app or not.
    """

    okta: OktaClient
    app: OktaApp
    mode: SingleMode | MappingMode
    oddities: Sequence[Finding] = ()
    attribute: RolesAttribute = field(default_factory=lambda: RolesAttribute(None))
    assigned: dict[str, AppGroup] = field(default_factory=dict)
    rows: dict[str, GroupRow] = field(default_factory=dict)
    concerned: dict[str, GroupRow] = field(default_factory=dict)
    _meanings: dict[str, AwsRole | None] = field(default_factory=dict)
    _sources: dict[str, str | None] = field(default_factory=dict)
    _held: dict[str, frozenset[str]] = field(default_factory=dict)

    async def org(
        self, people: Sequence[UserRow], seen: Mapping[str, AppUserRow | None] | None = None
    ) -> OrgNow:
        """The app as it is for these people; ``seen`` are assignments to it that were just read."""
        found = await self._people(people, seen or {})
        meanings = {each: role for each, role in self._meanings.items() if role is not None}
        org = OrgNow(
            self.app, self.mode, self.attribute.union, self.assigned, meanings, found, self.attribute.values
        )
        return org if org.union is not None else _with_inferred_union(org)

    def held(self, user_id: str) -> frozenset[str]:
        """Ids of all groups of a person whose groups were read one by one, Everyone's included."""
        return self._held.get(user_id, frozenset())

    async def meaning(self, row: GroupRow) -> AwsRole | None:
        """The role that an admitted group gives by its name; None where it gives none."""
        if row.id not in self._meanings:
            self._meanings[row.id] = await self._read_meaning(row)
        return self._meanings[row.id]

    async def concern(self, row: GroupRow) -> AwsRole | None:
        """Take a group that the plan is about, just read; the role that it gives by its name, or None."""
        self.concerned[row.id] = row
        self._meanings.pop(row.id, None)
        return await self.meaning(row)

    def names(self, row: GroupRow) -> AwsRole | None:
        """What a group's name says, whether the group is admitted or not."""
        mode = self.mode
        named = (
            mode.group_filter.read(row.name) if isinstance(mode, MappingMode) and mode.group_filter else None
        )
        return None if named is None else AwsRole(named.account, named.role)

    async def groups_of_account(self, account: str) -> list[GroupRow]:
        """Every group whose name the filter reads as one of this account's, admitted or not."""
        mode = self.mode
        if not isinstance(mode, MappingMode) or mode.group_filter is None:
            return []
        named = (
            f'profile.name co "{account}"'
            if account and SAFE.issuperset(account)
            else mode.group_filter.search
        )
        found = []
        async for page in self.okta.groups(search=named):
            for row in page:
                meaning = mode.group_filter.read(row.name)
                if meaning is not None and meaning.account == account:
                    found.append(row)
        self._refuse_unread(mode)
        return found

    async def source_of(self, row: GroupRow) -> str | None:
        """Catalog name of the app that masters a group; None for a native one, or where it can't be told."""
        if row.type != "APP_GROUP" or row.source_app_name is not None or row.source_app_id is None:
            return row.source_app_name if row.type == "APP_GROUP" else None
        if row.source_app_id not in self._sources:
            self._sources[row.source_app_id] = await read_app_name(self.okta, row.source_app_id)
        return self._sources[row.source_app_id]

    def _refuse_unread(self, mode: MappingMode) -> None:
        if mode.group_filter is not None and mode.group_filter.exhausted:
            raise Refused(
                f"{SETTING} did not finish in {TIME_LIMIT:g} s, so what groups mean can't be told.",
                code="group_filter_slow",
                hint="give the app a groupFilter that matches without much searching",
            )

    async def _read_meaning(self, row: GroupRow) -> AwsRole | None:
        mode = self.mode
        if not isinstance(mode, MappingMode) or mode.group_filter is None:
            return None
        role = self.names(row)
        self._refuse_unread(mode)
        if role is None:
            return None
        source = await self.source_of(row) if mode.app_filter.sources is not None else row.source_app_name
        candidate = CandidateGroup(Ref("group", row.id), row.name, row.type, source, role)
        return role if gives_role(candidate, mode.app_filter, unreported) else None

    async def _people(
        self, people: Sequence[UserRow], seen: Mapping[str, AppUserRow | None]
    ) -> dict[str, Person]:
        unseen = [row for row in people if row.id not in seen]
        groups, app_users = await asyncio.gather(self._groups_of(people), self._app_users(unseen))
        app_users.update((user_id, row) for user_id, row in seen.items() if row is not None)
        return {row.id: _person(row, app_users.get(row.id), groups[row.id]) for row in people}

    async def _groups_of(self, people: Sequence[UserRow]) -> dict[str, frozenset[str]]:
        """The groups that matter of each, by the cheaper way."""
        if len(people) > FEW:
            groups = await self._groups_that_matter()
            if sum(member_pages(row) for row in groups if not row.is_everyone) < len(people):
                return await self._by_group(people, groups)
        return await self._by_person(people)

    async def _by_person(self, people: Sequence[UserRow]) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}

        async def read(person: UserRow) -> None:
            try:
                rows = await held_groups(self.okta, person.id)
            except NotFound:
                rows = []
            self._held[person.id] = frozenset(row.id for row in rows)
            found[person.id] = frozenset([row.id for row in rows if await self._matters(row)])

        await for_each(people, read)
        return found

    async def _by_group(
        self, people: Sequence[UserRow], groups: Sequence[GroupRow]
    ) -> dict[str, frozenset[str]]:
        held: dict[str, set[str]] = {person.id: set() for person in people}

        async def read(group: GroupRow) -> None:
            if group.is_everyone:
                members = [person.id for person in people if person.is_in_everyone]
            else:
                members = [row.id async for page in self.okta.group_members(group.id) for row in page]
            for user_id in held.keys() & members:
                held[user_id].add(group.id)

        await for_each(groups, read)
        return {user_id: frozenset(groups) for user_id, groups in held.items()}

    async def _matters(self, row: GroupRow) -> bool:
        gives = await self.meaning(row) is not None
        return gives or row.id in self.assigned or row.id in self.concerned

    async def _groups_that_matter(self) -> list[GroupRow]:
        matter = {**self.concerned, **{group_id: self.rows[group_id] for group_id in self.assigned}}
        if isinstance(self.mode, MappingMode) and self.mode.group_filter is not None:
            async for page in self.okta.groups(search=self.mode.group_filter.search):
                for row in page:
                    if await self.meaning(row) is not None:
                        matter[row.id] = row
        return list(matter.values())

    async def _app_users(self, people: Sequence[UserRow]) -> dict[str, AppUserRow]:
        found: dict[str, AppUserRow] = {}
        wanted = {person.id for person in people}

        async def read(person: UserRow) -> None:
            row = await read_app_user(self.okta, self.app.id, person.id)
            if row is not None:
                found[person.id] = row

        if len(people) <= FEW:
            await for_each(people, read)
            return found
        async for page in self.okta.app_users(self.app.id, expand=None):
            found.update((row.id, row) for row in page if row.id in wanted)
        return found


async def begin_reading(okta: OktaClient, app_id: str) -> FreshReading:
    """Read the app, its schema and its groups.

    Raises:
        ProviderError: It can't be read.
    """
    app = await read_aws_app(okta, app_id)
    mode, oddities = read_mode(app.settings)
    reading = FreshReading(okta, app, mode, oddities)
    parts = [_read_assigned(reading)]
    if isinstance(mode, SingleMode):
        parts.append(_read_attribute(reading))
    await together(*parts)
    return reading


async def begin_reading_roles(okta: OktaClient, app_id: str) -> FreshReading:
    """Read what people's roles need as they are now, and nothing that only a change would need.

    Okta has resolved the profiles: groups matter where their roles are joined, and by their names.

    Raises:
        ProviderError: It can't be read.
    """
    app = await read_aws_app(okta, app_id)
    mode, _ = read_mode(app.settings)
    reading = FreshReading(okta, app, mode)
    if isinstance(mode, SingleMode) and mode.join_all_roles:
        await _read_assigned(reading)
    return reading


async def read_app_user(okta: OktaClient, app_id: str, user_id: str) -> AppUserRow | None:
    """A person's assignment to the app; None when there is none."""
    try:
        return await okta.app_user(app_id, user_id, expand=None)
    except NotFound:
        return None


async def read_app_group(okta: OktaClient, app_id: str, group_id: str) -> AppGroupRow | None:
    """A group's assignment to the app; None when there is none."""
    try:
        return await okta.app_group(app_id, group_id)
    except NotFound:
        return None


async def members_of(okta: OktaClient, group: GroupRow) -> list[UserRow]:
    """Everybody in a group."""
    return [row async for page in okta.group_members(group.id) for row in page]


async def roles_seen(
    okta: OktaClient, app_id: str, wanted: str, assigned: Mapping[str, AppGroup]
) -> set[str]:
    """Roles that assignments name, as far as the list had to be read to come upon the wanted one."""
    seen = {role for group in assigned.values() for role in group.roles.saml}
    if wanted in seen:
        return seen
    async for page in okta.app_users(app_id, expand=None):
        seen.update(role for row in page for role in read_profile_roles(row.profile).saml)
        if wanted in seen:
            break
    return seen


async def _read_assigned(reading: FreshReading) -> None:
    undescribed: list[AppGroupRow] = []
    async for page in reading.okta.app_groups(reading.app.id):
        for row in page:
            if row.group is None or row.group.id != row.id:
                undescribed.append(row)
            else:
                _take(reading, row, row.group)

    async def describe(row: AppGroupRow) -> None:
        try:
            _take(reading, row, await reading.okta.group(row.id))
        except NotFound:
            return

    await for_each(undescribed, describe)


def _take(reading: FreshReading, row: AppGroupRow, group: GroupRow) -> None:
    reading.rows[row.id] = group
    reading.assigned[row.id] = AppGroup(row.id, group.name, row.priority, row.profile)


async def _read_attribute(reading: FreshReading) -> None:
    reading.attribute = await read_roles_attribute(reading.okta, reading.app.id)


def _person(row: UserRow, assignment: AppUserRow | None, groups: Collection[str]) -> Person:
    name, held = row.login or row.display_name, frozenset(groups)
    if assignment is None:
        return Person(row.id, name, row.status, groups=held)
    scope = assignment.scope
    if scope not in {DIRECT, BY_GROUP}:
        scope = BY_GROUP if held or assignment.group_id is not None else DIRECT
    return Person(row.id, name, row.status, scope, assignment.profile, held)


def _with_inferred_union(org: OrgNow) -> OrgNow:
    """What the profiles of these people show, where the schema can't be read."""
    return replace(org, union=infer_union(map(org.resolved, org.people.values())))
