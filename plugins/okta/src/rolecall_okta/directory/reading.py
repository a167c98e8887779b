"""Reads everything: each list once, many at a time, and of each only what must be kept."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from rolecall import Entitlement, Grant, NotFound, ProviderError, Ref, Resource, SyncRun
from rolecall_okta.answers import answer, is_refusal
from rolecall_okta.client import OktaClient
from rolecall_okta.directory import emission
from rolecall_okta.directory.admins import named, people_with_roles, roles_held_by
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.coverage import report_coverage
from rolecall_okta.directory.emission import USER, group_ref, user_ref
from rolecall_okta.directory.findings import finding, group_gone
from rolecall_okta.directory.forecasting import Workload
from rolecall_okta.directory.lists import GROUPS, OUT_OF_SCOPE, PEOPLE, Lists
from rolecall_okta.directory.people import Member, Memberships, People
from rolecall_okta.directory.roles import AdminRoles
from rolecall_okta.directory.state import State
from rolecall_okta.members import read_members
from rolecall_okta.owner import EVERYBODY, nobody_listed
from rolecall_okta.parallel import for_each_coming, together
from rolecall_okta.rows import GroupRow, JsonObject, ProfiledUserRow, profiled_user_row

BATCH = 1000

_Thing = TypeVar("_Thing")


class FullReading:
    """One reading of the whole org. Everything but the people is read by a task of its own.

    Attributes:
        state: What the next run will need of this one.
        is_exact: Whether the state tells exactly what was handed over.
    """

    def __init__(
        self, okta: OktaClient, settings: Settings, wanted: frozenset[str], state: State, run: SyncRun
    ) -> None:
        self.state = state
        self.is_exact = True
        self._okta = okta
        self._settings = settings
        self._wanted = wanted
        self._run = run
        self._keys = tuple(settings.profile_fields.values())
        self._project = profiled_user_row(tuple(settings.profile_fields))
        self._people = People()
        self._memberships = Memberships(self._people)
        self._groups: dict[str, GroupRow] = {}
        self._lists = Lists()
        self._work = Workload()
        self._done = 0
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the reading, if it is still under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def people(self) -> AsyncIterator[list[Resource]]:
        """Everybody: page by page as Okta lists them, then those whom only other lists know.

        Raises:
            AuthRefused: Okta lists nobody.
        """
        self._begin()
        listed = 0
        async for page in self._okta.users(search=EVERYBODY, project=self._project):
            rows = self._lists.without(self.state.deleted, PEOPLE, page)
            for row in rows:
                self._people.list_person(row)
            yield self._handed_over(rows)
            listed += len(page)
            self._work.people_listed = listed
            self._run.progress("people", listed)
        if not listed:
            raise nobody_listed(self._okta)
        self._work.all_people = True
        self._foresee()
        await self._rest()
        await self._compare_with_everyone(listed)
        yield self._handed_over([*self._people.take_unlisted(), *await self._unlisted_admins()])
        report_coverage(self._run, self._settings, self.state)
        self._lists.report(self._run)

    async def groups(self) -> AsyncIterator[list[Resource]]:
        await self._rest()
        for batch in _batches(self._groups.values()):
            for row in batch:
                self._note(group_ref(row.id), row)
            yield [emission.group(row) for row in batch]

    async def roles(self) -> AsyncIterator[list[Resource]]:
        await self._rest()
        yield list(self._admin_roles.resources())

    def memberships_offered(self) -> Iterator[list[Entitlement]]:
        for batch in _batches(self._memberships.groups()):
            yield [emission.membership(group_id) for group_id in batch]

    def roles_offered(self) -> Iterator[list[Entitlement]]:
        yield list(self._admin_roles.entitlements())

    def memberships(self) -> Iterator[list[Grant]]:
        held = (
            emission.member(group_id, self._people.ref(number))
            for group_id in self._memberships.groups()
            for number in self._memberships.members(group_id)
        )
        return _batches(held)

    def roles_held(self) -> Iterator[list[Grant]]:
        yield list(self._admin_roles.grants())

    async def _compare_with_everyone(self, listed: int) -> None:
        """Tell of a list of people shorter than Okta's count of the group that holds them, asked twice.

        Whether those who are DEPROVISIONED count there isn't known; they are listed in either case.
        """
        everyone = None if self.state.everyone is None else self._groups.get(self.state.everyone)
        if everyone is None or listed >= (everyone.users_count or 0):
            return
        try:
            counted = (await self._okta.group(everyone.id)).users_count or 0
        except NotFound:
            return
        if listed < counted:
            self.state.short[everyone.id] = (listed, counted)
            self._run.counted(group_ref(everyone.id), listed, counted)

    @property
    def _admin_roles(self) -> AdminRoles:
        return self.state.roles or AdminRoles()

    def _begin(self) -> None:
        if self._task is None:
            self._okta.on_list = self._lists.add
            self._task = asyncio.create_task(self._read_rest())

    async def _rest(self) -> None:
        """Wait for everything but the people; a failure is everybody's."""
        self._begin()
        assert self._task is not None
        await asyncio.shield(self._task)

    async def _read_rest(self) -> None:
        listed = asyncio.Event()

        async def groups() -> None:
            await for_each_coming(self._listed_groups(), self._read_members)
            listed.set()

        await together(groups(), self._read_admins(listed))
        if self._settings.members == "on_demand":
            self.state.declined = self.state.newly_wanted(self._wanted)

    def _handed_over(self, rows: list[ProfiledUserRow]) -> list[Resource]:
        for row in rows:
            self._note(user_ref(row.id), row)
        return [emission.person(row, self._keys, self._settings.disabled_statuses) for row in rows]

    def _note(self, ref: Ref, row: ProfiledUserRow | GroupRow) -> None:
        oddity = emission.oddity(row)
        if oddity is not None:
            self.state.note(ref, oddity)
            self._run.found(oddity)

    async def _listed_groups(self) -> AsyncIterator[GroupRow]:
        """The groups of the scope, as they come, each for its members to be read."""
        scope = self._settings.scope
        async for page in self._okta.groups(**scope.narrowing()):
            self._work.list_groups(page)
            for row in self._lists.without(self.state.deleted, GROUPS, page):
                if not scope.admits(row):
                    self._lists.leave_out(GROUPS, OUT_OF_SCOPE)
                    continue
                self._groups[row.id] = row
                if row.is_everyone:
                    self._memberships.hold_everyone(row.id)
                    self.state.everyone = row.id
                elif self._settings.members == "all" or row.id in self._wanted:
                    self._work.read_members(row)
                    yield row
            self._run.progress("groups", len(self._groups))
            self._foresee()
        self._work.all_groups = True
        self._foresee()

    def _foresee(self) -> None:
        self._run.forecast(self._work.forecast(self._okta))

    async def _read_members(self, group: GroupRow) -> None:
        found = await read_members(self._okta, group, self._met)
        if found is None:
            del self._groups[group.id]
            self._run.found(group_gone(group))
            return
        self._memberships.put(group.id, (member.number for member in found.rows))
        self.state.keep_members(group, found.begun, len(found.rows), found.missing_of)
        if found.missing_of is not None:
            self._run.counted(group_ref(group.id), len(found.rows), found.missing_of)
        self._done += 1
        self._run.progress("members of groups", self._done, len(self._groups))

    def _met(self, item: JsonObject) -> Member:
        user_id = item.get("id")
        known = self._people.meet(user_id) if isinstance(user_id, str) else None
        return known or self._people.meet_unlisted(self._project(item))

    async def _read_admins(self, listed: asyncio.Event) -> None:
        """Admin roles, where the credential may know: of people at once, of groups once they are listed."""
        if self._settings.admin_roles == "off":
            return
        try:
            people = await people_with_roles(self._okta)
            await listed.wait()
            held = await roles_held_by(self._okta, map(group_ref, self._admin_groups()))
            self.state.roles = await named(self._okta, {**people, **held}, {})
        except ProviderError as error:
            if not is_refusal(error):
                raise
            self.state.roles_refused = answer(error)
            self._run.found(finding("admin_roles_unreadable", "admin_roles", answer=self.state.roles_refused))
        else:
            for each in self.state.roles.findings():
                self._run.found(each)

    def _admin_groups(self) -> list[str]:
        return [row.id for row in self._groups.values() if row.has_admin_privilege is not False]

    async def _unlisted_admins(self) -> list[ProfiledUserRow]:
        """People with admin roles whom the lists left out: made meanwhile, or gone."""
        rows = []
        for ref in [ref for ref in self._admin_roles.holders if ref.type == USER.id]:
            if ref.id in self._people:
                continue
            try:
                rows.append(await self._okta.user(ref.id, self._project))
            except NotFound:
                self._run.found(finding("admin_gone", ref, name=ref.id))
                self.state.roles = self._admin_roles.without({ref})
                self.is_exact = False  # what it held may have been handed over
        for row in rows:
            self._people.list_person(row)
        return rows


def _batches(things: Iterable[_Thing]) -> Iterator[list[_Thing]]:
    left = iter(things)
    while batch := list(islice(left, BATCH)):
        yield batch
