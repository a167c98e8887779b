"""Reads who holds which admin roles."""

from collections.abc import Iterable, Mapping

from rolecall import NotFound, ProviderError, Ref
from rolecall_okta.answers import is_refusal
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.emission import GROUP, user_ref
from rolecall_okta.directory.roles import AdminRole, AdminRoles, roles_of
from rolecall_okta.parallel import for_each

Holders = Mapping[Ref, frozenset[AdminRole]]


async def people_with_roles(okta: OktaClient) -> Holders:
    """Everybody with admin roles of their own.

    Raises:
        ProviderError: ``is_refusal`` where the credential may not know.
    """
    listed = [user_ref(row.id) async for page in okta.role_holders() for row in page]
    return await roles_held_by(okta, listed)


async def roles_held_by(okta: OktaClient, holders: Iterable[Ref]) -> Holders:
    """The roles of these people and groups; who holds none, or is gone, is left out."""
    held: dict[Ref, frozenset[AdminRole]] = {}

    async def read(holder: Ref) -> None:
        listing = okta.group_roles(holder.id) if holder.type == GROUP.id else okta.user_roles(holder.id)
        try:
            roles = roles_of(holder, [row async for page in listing for row in page])
        except NotFound:
            return
        if roles:
            held[holder] = roles

    await for_each(sorted(set(holders)), read)
    return held


async def named(okta: OktaClient, holders: Holders, known: Mapping[str, str]) -> AdminRoles:
    """The roles with the labels of the resource sets that they are limited to, read unless all are known."""
    sets = _resource_sets(holders)
    labels = known
    if not sets <= known.keys():
        try:
            labels = {row.id: row.label async for page in okta.resource_sets() for row in page if row.label}
        except ProviderError as error:
            if not is_refusal(error):
                raise
    return AdminRoles(
        dict(sorted(holders.items())), {each: label for each, label in labels.items() if each in sets}
    )


def _resource_sets(holders: Holders) -> set[str]:
    return {role.resource_set_id for roles in holders.values() for role in roles if role.resource_set_id}
