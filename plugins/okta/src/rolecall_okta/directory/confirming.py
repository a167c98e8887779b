"""Asks for single things that a run no longer found, by another way than the list that lost them."""

from collections.abc import Collection, Sequence

from rolecall import GrantRef, Ref
from rolecall_okta.answers import told_of_each
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.admins import roles_held_by
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.emission import GROUP, ROLE, USER


class Confirmation:
    """One round of questions; what the settings leave out, or no other connector asks for, isn't there."""

    def __init__(self, okta: OktaClient, settings: Settings, wanted: Collection[str]) -> None:
        self._okta = okta
        self._settings = settings
        self._wanted = wanted

    async def answers(self, suspects: Sequence[Ref | GrantRef]) -> list[bool | None]:
        """For each, whether it is still there; None where the credential can't tell."""
        return await told_of_each(suspects, self._is_there)

    async def _is_there(self, suspect: Ref | GrantRef) -> bool | None:
        if isinstance(suspect, GrantRef):
            return await self._is_held(suspect)
        if suspect.type == USER.id:
            user = await self._okta.user(suspect.id)
            return user.id == suspect.id  # another's login may be the same text
        if suspect.type == GROUP.id:
            return self._settings.scope.admits(await self._okta.group(suspect.id))
        return None

    async def _is_held(self, grant: GrantRef) -> bool:
        of, who = grant.entitlement.resource, grant.principal
        if of.type == ROLE.id:
            return self._settings.admin_roles != "off" and await self._has_role(who, of)
        group = await self._okta.group(of.id)
        if not self._settings.scope.admits(group):
            return False
        if group.is_everyone:
            return (await self._okta.user(who.id)).is_in_everyone
        if self._settings.members == "on_demand" and of.id not in self._wanted:
            return False
        async for page in self._okta.user_groups(who.id):
            if any(held.id == of.id for held in page):
                return True
        return False

    async def _has_role(self, who: Ref, role: Ref) -> bool:
        held = await roles_held_by(self._okta, [who])
        return any(each.ref == role for each in held.get(who, ()))
