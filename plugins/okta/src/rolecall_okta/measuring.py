"""What a credential can do, told by Okta's answers and by the admin roles behind it; nothing is assumed."""

from collections.abc import AsyncGenerator, Collection, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import marshmallow as ma

from rolecall import AuthRefused, Capability, Identity, NotFound, Problem, ProviderError, Unavailable
from rolecall_okta.answers import answer
from rolecall_okta.client import OktaClient
from rolecall_okta.rows import RoleRow

WRITES_MEMBERSHIPS = frozenset({"SUPER_ADMIN", "ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN"})
ONLY_READS = frozenset({"READ_ONLY_ADMIN", "REPORT_ADMIN"})

REVIEW_MEMBERSHIP = "Review group membership"
PROVISION_MEMBERSHIP = "Provision group membership"
REVIEW_ASSIGNMENT = "Review application assignment"
PROVISION_ASSIGNMENT = "Provision application assignment"
REVIEW_ROLES = "Review admin roles"

_Row = TypeVar("_Row")


class NotShown(Exception):
    """Okta answered, but with less than there must be."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose credential it is.

    Attributes:
        identity: None where Okta doesn't say.
        roles: Its admin roles, or None where they can't be read.
        why_not: Why not.
    """

    identity: Identity | None
    roles: tuple[RoleRow, ...] | None
    why_not: str = ""


async def read_principal(okta: OktaClient) -> Principal:
    """Ask whose credential it is, and which admin roles are behind it."""
    try:
        owner = await okta.me()
    except ProviderError as error:
        return Principal(None, None, f"whose credential this is can't be read ({answer(error)})")
    try:
        roles = [row async for page in okta.user_roles(owner.id) for row in page if row.status != "INACTIVE"]
    except ProviderError as error:
        why_not = f"its own admin roles can't be read ({answer(error)})"
        return Principal(Identity(owner.id, owner.login), None, why_not)
    identity = Identity(owner.id, owner.login, tuple(role.type or "?" for role in roles))
    return Principal(identity, tuple(roles))


async def measured(name: str, proof: Coroutine[Any, Any, str]) -> Capability:
    """A capability, by trying it: what the proof returns is the evidence.

    Raises:
        Unavailable: Okta didn't answer.
    """
    try:
        return Capability(name, "yes", await proof)
    except NotShown as reason:
        return Capability(name, "no", str(reason))
    except (AuthRefused, NotFound) as error:
        return Capability(name, "no", answer(error))
    except Unavailable:
        raise
    except ProviderError as error:
        return Capability(name, "unknown", answer(error))


def by_role(name: str, enough: Collection[str], principal: Principal) -> Capability:
    """A capability to write, which isn't tried; the admin roles say whether the credential may."""
    if principal.roles is None:
        return Capability(name, "unknown", principal.why_not)
    types = {role.type or "?" for role in principal.roles}
    held = ", ".join(sorted(types)) or "none"
    if sufficient := sorted(types & frozenset(enough)):
        return Capability(name, "yes", f"admin role {', '.join(sufficient)}, as far as its targets reach")
    if not types or "CUSTOM" in types:
        return Capability(
            name, "unknown", f"admin roles: {held}; what a custom role permits isn't listed with it"
        )
    return Capability(name, "no", f"admin roles: {held}")


def excess_rights(principal: Principal) -> list[Problem]:
    """Standard roles that may write: reading needs none of them."""
    types = {role.type or "?" for role in principal.roles or ()}
    writing = sorted(types - ONLY_READS - {"CUSTOM"})
    if not writing:
        return []
    return [
        Problem(
            "excess_rights",
            f"The credential holds {', '.join(writing)}; a sync only reads.",
            "give the service account the Read-only Administrator role alone, unless it is to write",
            fatal=False,
        )
    ]


async def lists_members(okta: OktaClient) -> str:
    """Proof that groups and their members are shown."""
    groups = await first_page(okta.groups())
    if not groups:
        raise NotShown("GET /api/v1/groups: 200 with an empty list, where every org has a group")
    largest = max(groups, key=lambda group: group.users_count or 0)
    members = await shows(okta, "/api/v1/groups/{id}/users", largest.id)
    if largest.users_count and not members:
        raise NotShown(
            f"GET /api/v1/groups/{largest.id}/users: 200 with an empty list, "
            f"where Okta counts {largest.users_count}"
        )
    return f"GET /api/v1/groups and GET /api/v1/groups/{largest.id}/users: 200"


async def lists_admins(okta: OktaClient) -> str:
    """Proof that admin roles are shown."""
    await okta.get("/api/v1/iam/assignees/users", {"limit": 1}, _AnythingSchema())
    return "GET /api/v1/iam/assignees/users: 200"


async def shows(okta: OktaClient, template: str, *ids: str, limit: int = 1) -> bool:
    """Whether a list shows anything; an error is raised where it is refused."""
    return bool(await first_page(okta.pages(template, {"limit": limit}, _any, ids=ids)))


async def first_page(pages: AsyncGenerator[list[_Row], None]) -> list[_Row]:
    """The first page of a list, and no more."""
    async with aclosing(pages):
        async for page in pages:
            return page
    return []


class _AnythingSchema(ma.Schema):
    """An object of which nothing is needed but that it came."""

    class Meta:
        unknown = ma.EXCLUDE


@dataclass(frozen=True, slots=True)
class _AnyRow:
    id: str


def _any(item: Mapping[str, object]) -> _AnyRow:
    return _AnyRow(str(item.get("id")))
