"""Asks Okta about single things that a run no longer found: each object on its own, or its list once more."""

from collections.abc import Awaitable, Sequence

from rolecall import MEMBER, GrantRef, NotFound, Ref
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.payloads import read_profile_roles
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.reading import read_app_groups
from rolecall_okta_aws_federation.snapshot import Snapshot
from rolecall_okta_aws_federation.state import OrgState, is_everyone
from rolecall_okta_aws_federation.sync import ASSIGNED
from rolecall_okta_aws_federation.together import for_each


class Confirmation:
    """One round of questions about a snapshot; nothing is asked twice."""

    def __init__(self, reader: Reader, snapshot: Snapshot) -> None:
        self._reader = reader
        self._okta = reader.okta
        self._snapshot = snapshot
        self._app_id = snapshot.state.app.id
        self._now = OrgState(snapshot.state.app)
        self._members: dict[str, set[str] | None] = {}

    async def answers(self, suspects: Sequence[Ref | GrantRef]) -> list[bool | None]:
        """For each: True when it is still there, False when it is gone, None when that can't be told."""
        await read_app_groups(self._reader, self._now)
        found: dict[Ref | GrantRef, bool | None] = {}

        async def ask(suspect: Ref | GrantRef) -> None:
            found[suspect] = await self._answer(suspect)

        await for_each(dict.fromkeys(suspects), ask)
        return [found[suspect] for suspect in suspects]

    def _answer(self, suspect: Ref | GrantRef) -> Awaitable[bool | None]:
        if isinstance(suspect, Ref):
            return self._resource(suspect)
        return self._grant(suspect)

    async def _resource(self, ref: Ref) -> bool | None:
        if ref.type == "user":
            return await self._is_assigned(ref.id) or await self._is_in_a_listed_group(ref.id)
        if ref.type == "group":
            return ref.id in self._now.assigned or await self._meaning(ref.id) is not None
        return None

    async def _grant(self, grant: GrantRef) -> bool | None:
        resource, slug = grant.entitlement
        principal = grant.principal
        if resource.type == "group" and slug == MEMBER:
            return await self._is_member(resource.id, principal.id)
        if resource.type == "app" and slug == ASSIGNED:
            if principal.type == "group":
                return principal.id in self._now.assigned
            return await self._is_assigned(principal.id)
        if principal.type == "group":
            return await self._group_holds(principal.id, AwsRole(resource.id, slug))
        return await self._person_holds(principal.id, slug)

    async def _is_assigned(self, user_id: str) -> bool:
        try:
            await self._okta.app_user(self._app_id, user_id)
        except NotFound:
            return False
        return True

    async def _is_in_a_listed_group(self, user_id: str) -> bool:
        if self._snapshot.state.by_person:
            return False
        listed = {each for each, row in self._snapshot.groups.items() if not is_everyone(row)}
        listed &= self._snapshot.members.keys()
        try:
            held = {row.id async for page in self._okta.user_groups(user_id) for row in page}
        except NotFound:
            return False
        return not held.isdisjoint(listed)

    async def _is_member(self, group_id: str, user_id: str) -> bool | None:
        group = self._snapshot.groups.get(group_id)
        if group is not None and is_everyone(group):
            return None
        if self._snapshot.state.by_person and not await self._is_assigned(user_id):
            return False
        if group_id not in self._snapshot.members and not await self._matters(group_id):
            return False
        if group_id not in self._members:
            try:
                pages = self._okta.group_members(group_id)
                self._members[group_id] = {row.id async for page in pages for row in page}
            except NotFound:
                self._members[group_id] = None
        return user_id in (self._members[group_id] or ())

    async def _matters(self, group_id: str) -> bool:
        """Whether a group's members are listed in the app's mode."""
        if isinstance(self._now.mode, MappingMode):
            return await self._meaning(group_id) is not None
        return group_id in self._now.assigned

    async def _meaning(self, group_id: str) -> AwsRole | None:
        """The role that a group's name means now; None where it gives none."""
        mode = self._now.mode
        if not isinstance(mode, MappingMode) or mode.group_filter is None:
            return None
        try:
            group = await self._okta.group(group_id)
        except NotFound:
            return None
        meaning = mode.group_filter.read(group.name)
        if meaning is None or not mode.app_filter.admits(group.type, group.source_app_name):
            return None
        return AwsRole(meaning.account, meaning.role)

    async def _group_holds(self, group_id: str, role: AwsRole) -> bool:
        if isinstance(self._now.mode, MappingMode):
            return await self._meaning(group_id) == role
        assignment = self._now.assigned.get(group_id)
        return assignment is not None and role.role in assignment.roles.saml

    async def _person_holds(self, user_id: str, role: str) -> bool:
        try:
            row = await self._okta.app_user(self._app_id, user_id)
        except NotFound:
            return False
        roles = read_profile_roles(row.profile)
        return role in roles.saml or (not roles.saml and role == roles.default)
