"""Reads what changed since the last run, so that with it the store holds what reading everything would give.

Okta's lists of people and groups are asked for what moved since shortly before the last run began; the
System Log adds what those can't show: who was deleted, and whose admin roles changed. What is listed
is read again whole, and what didn't move isn't read.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing

from rolecall import (
    Change,
    FullRunNeeded,
    Gone,
    Grant,
    GrantRef,
    NotFound,
    ProviderError,
    Ref,
    Regranted,
    SyncRun,
)
from rolecall_okta.answers import is_refusal
from rolecall_okta.asking import groups_by_id, moved_groups, moved_people
from rolecall_okta.client import OktaClient
from rolecall_okta.directory import emission
from rolecall_okta.directory.admins import Holders, named, people_with_roles, roles_held_by
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.coverage import report_coverage
from rolecall_okta.directory.emission import (
    GROUP,
    USER,
    group_ref,
    member_of,
    user_ref,
)
from rolecall_okta.directory.findings import finding, group_gone
from rolecall_okta.directory.lists import GROUPS, OUT_OF_SCOPE, PEOPLE, Lists
from rolecall_okta.directory.news import News
from rolecall_okta.directory.roles import AdminRoles
from rolecall_okta.directory.state import State
from rolecall_okta.members import MemberList, read_members
from rolecall_okta.parallel import for_each
from rolecall_okta.rows import GroupRow, ProfiledUserRow, profiled_user_row

READY = 100
"""Member lists that wait to be handed over, at most."""


class ChangeReading:
    """One reading of what changed.

    Attributes:
        state: What the next run will need of this one.
    """

    is_exact = True

    def __init__(
        self,
        okta: OktaClient,
        settings: Settings,
        wanted: frozenset[str],
        known: State,
        state: State,
        news: News,
        run: SyncRun,
    ) -> None:
        self.state = state
        self._okta = okta
        self._settings = settings
        self._wanted = wanted
        self._known = known
        self._news = news
        self._run = run
        self._keys = tuple(settings.profile_fields.values())
        self._project = profiled_user_row(tuple(settings.profile_fields))
        self._lists = Lists()
        self._put: set[Ref] = set()
        self._gone: set[Ref] = set()
        self._to_read: dict[str, GroupRow] = {}
        self._suspects: set[Ref] = set(news.admins)

    async def changes(self) -> AsyncGenerator[list[Change], None]:
        """Everything that changed, in an order that the store can take.

        Raises:
            FullRunNeeded: The changes alone don't tell.
        """
        self._okta.on_list = self._lists.add
        self._carry_over()
        since, deleted = self._known.since, self.state.deleted
        yield [Gone(ref) for ref in self._news.deleted]
        async for page in self._okta.users(search=moved_people(since), project=self._project):
            yield list(self._people(self._lists.without(deleted, PEOPLE, page)))
        async for groups in self._okta.groups(filter=moved_groups(since)):
            yield list(self._groups(self._lists.without(deleted, GROUPS, groups)))
        async for changes in self._newly_wanted():
            yield changes
        async with aclosing(self._members()) as lists:
            async for changes in lists:
                yield changes
        async for changes in self._admin_roles():
            yield changes
        self._report()

    def _carry_over(self) -> None:
        """Begin with what the last run knew."""
        known, state = self._known, self.state
        state.everyone = known.everyone
        state.listed, state.declined = set(known.listed), set(known.declined)
        state.clocks, state.short, state.odd = known.clocks.copy(), dict(known.short), dict(known.odd)
        state.roles, state.roles_refused = known.roles, known.roles_refused
        for ref in self._news.deleted:
            self._forget(ref)

    def _forget(self, ref: Ref) -> None:
        self._gone.add(ref)
        self.state.note(ref, None)
        if ref.type == GROUP.id:
            self.state.lose_members(ref.id)
            self._to_read.pop(ref.id, None)

    def _people(self, rows: Iterable[ProfiledUserRow]) -> Iterator[Change]:
        for row in rows:
            ref = user_ref(row.id)
            self._put.add(ref)
            self.state.note(ref, emission.oddity(row))
            yield emission.person(row, self._keys, self._settings.disabled_statuses)
            if self.state.everyone is not None:
                everyone = member_of(self.state.everyone)
                yield Grant(everyone, ref) if row.is_in_everyone else Gone(GrantRef(everyone, ref))

    def _groups(self, rows: Iterable[GroupRow]) -> Iterator[Change]:
        for row in rows:
            ref = group_ref(row.id)
            if not self._settings.scope.admits(row):
                self._lists.leave_out(GROUPS, OUT_OF_SCOPE)
                self._forget(ref)
                yield Gone(ref)
                continue
            self._put.add(ref)
            self.state.note(ref, emission.oddity(row))
            yield emission.group(row)
            self._suspect(ref, row)
            if row.is_everyone:
                if self._known.everyone != row.id:
                    raise FullRunNeeded("the group Everyone wasn't listed before")
            elif self._wants(row.id) and self._known.members_moved(row, self._known.since):
                self._to_read[row.id] = row

    def _suspect(self, ref: Ref, row: GroupRow) -> None:
        """Whether Okta's word on the group's admin roles differs from what is known."""
        held = self._known.roles.holders if self._known.roles else {}
        if row.has_admin_privilege not in {None, ref in held}:
            self._suspects.add(ref)

    def _wants(self, group_id: str) -> bool:
        return self._settings.members == "all" or group_id in self._wanted

    async def _newly_wanted(self) -> AsyncIterator[list[Change]]:
        """Groups whose members other connectors began to ask for, or no longer do."""
        if self._settings.members == "all":
            return
        unwanted = self.state.listed - self._wanted
        for group_id in unwanted:
            self.state.lose_members(group_id)
        yield [Gone(member_of(group_id)) for group_id in sorted(unwanted)]
        for chosen in groups_by_id(self.state.newly_wanted(self._wanted) - self._to_read.keys()):
            async for page in self._okta.groups(filter=chosen):
                yield list(self._groups(self._lists.without(self.state.deleted, GROUPS, page)))
        self.state.declined = set(self._wanted - self.state.listed - self._to_read.keys())

    async def _look_at(self, ref: Ref) -> list[Change]:
        """Read one person or group that no list of this run has shown; who is gone, or not in scope, goes."""
        if ref in self._put or ref in self._gone:
            return []
        try:
            if ref.type == USER.id:
                return list(self._people([await self._okta.user(ref.id, self._project)]))
            return list(self._groups([await self._okta.group(ref.id)]))
        except NotFound:
            self._forget(ref)
            return [Gone(ref)]

    async def _members(self) -> AsyncGenerator[list[Change], None]:
        """The members of each group whose list moved, read many at a time and handed over as they come."""
        ready: asyncio.Queue[list[Change] | None] = asyncio.Queue(READY)

        async def read(group: GroupRow) -> None:
            await ready.put(
                list(self._regranted(group, await read_members(self._okta, group, self._project)))
            )

        async def read_all() -> None:
            try:
                await for_each([*self._to_read.values()], read)
            except Exception:
                await ready.put(None)
                raise
            await ready.put(None)  # not when cancelled: nobody takes anything any more

        reading = asyncio.create_task(read_all())
        try:
            while (changes := await ready.get()) is not None:
                yield changes
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _regranted(self, group: GroupRow, found: MemberList[ProfiledUserRow] | None) -> Iterator[Change]:
        ref = group_ref(group.id)
        if found is None:
            self._run.found(group_gone(group))
            self._forget(ref)
            yield Gone(ref)
            return
        self.state.keep_members(group, found.begun, len(found.rows), found.missing_of)
        yield from self._people(row for row in found.rows if user_ref(row.id) not in self._put)
        yield emission.membership(group.id)
        yield Regranted(member_of(group.id))
        for row in found.rows:
            yield emission.member(group.id, user_ref(row.id))

    async def _admin_roles(self) -> AsyncIterator[list[Change]]:
        """Admin roles, where the log or a list says that some changed."""
        before = self._known.roles
        if before is None:
            return
        if self._news.unnamed:
            raise FullRunNeeded("the System Log tells of a custom admin role, but not whose it is")
        for ref in sorted(self._suspects):
            yield await self._look_at(ref)
        try:
            after = await self._roles_now(before)
        except ProviderError as error:
            if not is_refusal(error):
                raise
            raise FullRunNeeded("the credential may not read admin roles any more") from error
        for ref in sorted(after.holders.keys() - before.holders.keys()):
            yield await self._look_at(ref)
        after = after.without(self._gone)
        self.state.roles = after
        yield list(_difference(before, after))

    async def _roles_now(self, before: AdminRoles) -> AdminRoles:
        suspects = self._suspects - self._gone
        if not self._news.any_admin and not suspects:
            return before
        kept: Holders = {}
        held: Holders = {}
        if self._news.any_admin:
            held = await people_with_roles(self._okta)
            suspects = {*suspects, *before.holders} - self._gone - held.keys()
        else:
            kept = {ref: roles for ref, roles in before.holders.items() if ref not in suspects}
        held = {**kept, **held, **await roles_held_by(self._okta, suspects)}
        return await named(self._okta, held, {} if self._news.any_admin else before.labels)

    def _report(self) -> None:
        """Say what holds now, whether or not this run read it."""
        state = self.state
        for oddity in state.odd.values():
            self._run.found(oddity)
        for each in state.roles.findings() if state.roles else ():
            self._run.found(each)
        if state.roles_refused is not None:
            self._run.found(finding("admin_roles_unreadable", "admin_roles", answer=state.roles_refused))
        for group_id, (listed, expected) in state.short.items():
            self._run.counted(group_ref(group_id), listed, expected)
        report_coverage(self._run, self._settings, state)
        self._lists.report(self._run)


def _difference(before: AdminRoles, after: AdminRoles) -> Iterator[Change]:
    """What of the admin roles came, went or is called otherwise."""
    known, roles = ({role.ref: role for role in each.resources()} for each in (before, after))
    yield from (Gone(ref) for ref in known if ref not in roles)
    yield from (role for ref, role in roles.items() if known.get(ref) != role)
    yield from (offered for offered in after.entitlements() if offered.ref.resource not in known)
    held = set(after.grants())
    for grant in before.grants():
        if grant not in held:
            yield Gone(GrantRef(grant.entitlement, grant.principal))
    yield from sorted(held - set(before.grants()), key=str)
