"""Asks for single things that a run no longer found, by another way than the list that lost them."""

from collections.abc import Sequence

from rolecall import GrantRef, NotFound, ProviderError, Ref
from rolecall_okta.answers import is_refusal
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.admins import roles_held_by
from rolecall_okta.directory.emission import GROUP, ROLE, USER, is_everyone, is_in_everyone
from rolecall_okta.directory.scope import Scope
from rolecall_okta.together import for_each


async def confirm(okta: OktaClient, scope: Scope, suspects: Sequence[Ref | GrantRef]) -> list[bool | None]:
    """For each, whether it is still there; None where the credential can't tell."""
    answers: dict[Ref | GrantRef, bool | None] = {}

    async def ask(suspect: Ref | GrantRef) -> None:
        try:
            answers[suspect] = await _is_there(okta, scope, suspect)
        except NotFound:
            answers[suspect] = False
        except ProviderError as error:
            if not is_refusal(error):
                raise
            answers[suspect] = None

    await for_each(dict.fromkeys(suspects), ask)
    return [answers[suspect] for suspect in suspects]


async def _is_there(okta: OktaClient, scope: Scope, suspect: Ref | GrantRef) -> bool | None:
    if isinstance(suspect, GrantRef):
        return await _is_held(okta, scope, suspect)
    if suspect.type == USER.id:
        return (await okta.user(suspect.id)).id == suspect.id  # another's login may be the same text
    if suspect.type == GROUP.id:
        return scope.admits(await okta.group(suspect.id))
    return None


async def _is_held(okta: OktaClient, scope: Scope, grant: GrantRef) -> bool:
    of, who = grant.entitlement.resource, grant.principal
    if of.type == ROLE.id:
        held = await roles_held_by(okta, [who])
        return any(role.ref == of for role in held.get(who, ()))
    group = await okta.group(of.id)
    if not scope.admits(group):
        return False
    if is_everyone(group):
        return is_in_everyone(await okta.user(who.id))
    async for page in okta.group_members(of.id):
        if any(row.id == who.id for row in page):
            return True
    return False
