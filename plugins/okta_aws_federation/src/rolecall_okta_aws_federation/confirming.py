"""Asks Okta about single things that a run no longer found, by another way than the list that lost them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar

from rolecall import MEMBER, GrantRef, NotFound, Ref
from rolecall_okta import AppGroupRow, AppUserRow, GroupRow, OktaClient, told_of_each
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.payloads import read_profile_roles
from rolecall_okta_aws_federation.snapshot import Snapshot
from rolecall_okta_aws_federation.sync import ASSIGNED

_Answer = TypeVar("_Answer")


class Confirmation:
    """One round of questions about a snapshot; nothing is asked twice."""

    def __init__(self, okta: OktaClient, snapshot: Snapshot) -> None:
        self._okta = okta
        self._snapshot = snapshot
        self._app_id = snapshot.state.app.id
        self._mode = snapshot.state.mode
        self._asked: dict[Hashable, asyncio.Future[Any]] = {}

    async def answers(self, suspects: Sequence[Ref | GrantRef]) -> list[bool | None]:
        """For each: True when it is still there, False when it is gone, None when that can't be told."""
        return await told_of_each(suspects, self._answer)

    def _answer(self, suspect: Ref | GrantRef) -> Awaitable[bool | None]:
        if isinstance(suspect, Ref):
            return self._resource(suspect)
        return self._grant(suspect)

    async def _resource(self, ref: Ref) -> bool | None:
        if ref.type == "user":
            return await self._is_assigned(ref.id) or await self._is_in_a_listed_group(ref.id)
        if ref.type == "group":
            return await self._assignment(ref.id) is not None or await self._meaning(ref.id) is not None
        return None

    async def _grant(self, grant: GrantRef) -> bool | None:
        resource, slug = grant.entitlement
        principal = grant.principal
        if resource.type == "group" and slug == MEMBER:
            return await self._is_member(resource.id, principal.id)
        if resource.type == "app" and slug == ASSIGNED:
            if resource.id != self._app_id:
                return False
            if principal.type == "group":
                return await self._assignment(principal.id) is not None
            return await self._is_assigned(principal.id)
        if principal.type == "group":
            return await self._group_holds(principal.id, AwsRole(resource.id, slug))
        return await self._person_holds(principal.id, slug)

    async def _is_in_a_listed_group(self, user_id: str) -> bool:
        if self._snapshot.state.by_person:
            return False
        for group in await self._groups_of(user_id):
            if not group.is_everyone and (group.id in self._snapshot.members or await self._matters(group)):
                return True
        return False

    async def _is_member(self, group_id: str, user_id: str) -> bool | None:
        group = self._snapshot.groups.get(group_id)
        if group is not None and group.is_everyone:
            return None
        if self._snapshot.state.by_person:
            return await self._is_assigned(user_id) and user_id in await self._members(group_id)
        for held in await self._groups_of(user_id):
            if held.id == group_id:
                return group_id in self._snapshot.members or await self._matters(held)
        return False

    async def _matters(self, group: GroupRow) -> bool:
        """Whether a group's members are listed in the app's mode, though the run's own lists lack it."""
        if isinstance(self._mode, MappingMode):
            names = self._mode.group_filter
            return (
                names is not None
                and names.read(group.name) is not None
                and await self._meaning(group.id) is not None
            )
        return await self._assignment(group.id) is not None

    async def _group_holds(self, group_id: str, role: AwsRole) -> bool:
        if isinstance(self._mode, MappingMode):
            return await self._meaning(group_id) == role
        assignment = await self._assignment(group_id)
        return assignment is not None and role.role in read_profile_roles(assignment.profile).saml

    async def _person_holds(self, user_id: str, role: str) -> bool:
        row = await self._app_user(user_id)
        if row is None:
            return False
        roles = read_profile_roles(row.profile)
        if roles.saml or role != roles.default:
            return role in roles.saml
        return not await self._is_joined(user_id)

    async def _is_joined(self, user_id: str) -> bool:
        """Whether a group of theirs joins roles, so that the single one of the profile doesn't count."""
        if isinstance(self._mode, MappingMode) or not self._mode.join_all_roles:
            return False
        joining = {group.ref.id for group in self._snapshot.assigned if group.roles.saml}
        return any(held.id in joining for held in await self._groups_of(user_id))

    async def _is_assigned(self, user_id: str) -> bool:
        return await self._app_user(user_id) is not None

    async def _app_user(self, user_id: str) -> AppUserRow | None:
        return await self._once(("app user", user_id), lambda: self._okta.app_user(self._app_id, user_id))

    async def _assignment(self, group_id: str) -> AppGroupRow | None:
        return await self._once(("app group", group_id), lambda: self._okta.app_group(self._app_id, group_id))

    async def _meaning(self, group_id: str) -> AwsRole | None:
        """The role that a group's name means now; None where it gives none."""
        mode = self._mode
        if not isinstance(mode, MappingMode) or mode.group_filter is None:
            return None
        group = await self._once(("group", group_id), lambda: self._okta.group(group_id))
        if group is None:
            return None
        meaning = mode.group_filter.read(group.name)
        if meaning is None or not mode.app_filter.admits(group.type, group.source_app_name):
            return None
        return AwsRole(meaning.account, meaning.role)

    async def _groups_of(self, user_id: str) -> list[GroupRow]:
        async def read() -> list[GroupRow]:
            return [row async for page in self._okta.user_groups(user_id) for row in page]

        return await self._once(("groups of", user_id), read) or []

    async def _members(self, group_id: str) -> set[str]:
        async def read() -> set[str]:
            return {row.id async for page in self._okta.group_members(group_id) for row in page}

        return await self._once(("members of", group_id), read) or set()

    async def _once(self, what: Hashable, ask: Callable[[], Awaitable[_Answer]]) -> _Answer | None:
        """What Okta answers, asked for by whoever is first; None where there is no such thing."""

        async def answer() -> _Answer | None:
            try:
                return await ask()
            except NotFound:
                return None

        if what not in self._asked:
            self._asked[what] = asyncio.ensure_future(answer())
        found: _Answer | None = await self._asked[what]
        return found
