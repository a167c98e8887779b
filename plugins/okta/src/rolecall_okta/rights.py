"""What a credential may write, told by the scopes and the admin roles behind it; nothing is tried."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rolecall import Capability, Identity, Problem, ProviderError, Unavailable
from rolecall_okta.answers import answer
from rolecall_okta.auth import Scopes
from rolecall_okta.client import OktaClient
from rolecall_okta.rows import RoleRow
from rolecall_okta.scopes import WRITE_APPS, WRITE_DIRECTORIES, WRITE_GROUPS, scopes_lacking

PROVISION_MEMBERSHIP = "Provision group membership"
PROVISION_ASSIGNMENT = "Provision application assignment"
PROVISION_DIRECTORY = "Provision directory group membership"

CUSTOM = "CUSTOM"
ONLY_READS = frozenset({"READ_ONLY_ADMIN", "REPORT_ADMIN", CUSTOM})


@dataclass(frozen=True, slots=True)
class Needs:
    """What a capability to write takes.

    Attributes:
        scope: Of an OAuth app.
        roles: Standard roles, each of which is enough.
        permissions: Of custom roles: one out of each group, the smallest first. None are known where there
            is no group.
        sides: For whom else it takes a permission, as half a sentence, and out of which: without one of
            them, it is there for the others alone.
    """

    scope: str
    roles: frozenset[str]
    permissions: tuple[tuple[str, ...], ...]
    sides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NEEDS: Mapping[str, Needs] = {
    PROVISION_MEMBERSHIP: Needs(
        WRITE_GROUPS,
        frozenset({"SUPER_ADMIN", "ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN"}),
        (("okta.groups.members.manage", "okta.groups.manage"),),
    ),
    PROVISION_ASSIGNMENT: Needs(
        WRITE_APPS,
        frozenset({"SUPER_ADMIN", "APP_ADMIN"}),
        (
            ("okta.apps.assignment.manage", "okta.apps.manage"),
            (
                "okta.users.appAssignment.manage",
                "okta.groups.appAssignment.manage",
                "okta.users.manage",
                "okta.groups.manage",
            ),
        ),
        {
            "people": ("okta.users.appAssignment.manage", "okta.users.manage"),
            "groups": ("okta.groups.appAssignment.manage", "okta.groups.manage"),
        },
    ),
    PROVISION_DIRECTORY: Needs(WRITE_DIRECTORIES, frozenset({"SUPER_ADMIN"}), ()),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose credential it is, and what is behind it.

    Attributes:
        identity: None where Okta doesn't say.
        roles: Its admin roles, or None where they can't be read.
        permissions: Those of all its custom roles, or None where they can't be read.
        scopes: An OAuth app's, those for writing included; None for an API token.
        why_not: Why roles or permissions can't be read.
    """

    identity: Identity | None
    roles: tuple[RoleRow, ...] | None
    permissions: frozenset[str] | None = None
    scopes: Scopes | None = None
    why_not: str = ""

    @property
    def types(self) -> frozenset[str]:
        """The types of its roles, as far as they can be read."""
        return frozenset(role.type or "?" for role in self.roles or ())


async def read_rights(okta: OktaClient) -> Rights:
    """Ask whose credential it is, and which scopes and admin roles are behind it; nothing is written."""
    scopes = await _read_scopes(okta)
    try:
        if okta.client_id is None:
            owner = await okta.me()
            identity, listing = Identity(owner.id, owner.login), okta.user_roles(owner.id)
        else:
            identity, listing = Identity(okta.client_id, None), okta.client_roles(okta.client_id)
    except ProviderError as error:
        why_not = f"whose credential this is can't be read ({answer(error)})"
        return Rights(None, None, scopes=scopes, why_not=why_not)
    try:
        roles = tuple([row async for page in listing for row in page if row.status != "INACTIVE"])
    except ProviderError as error:
        why_not = f"its own admin roles can't be read ({answer(error)})"
        return Rights(identity, None, scopes=scopes, why_not=why_not)
    permissions, why_not = await _read_permissions(okta, roles)
    types = tuple(role.type or "?" for role in roles)
    return Rights(Identity(identity.id, identity.login, types), roles, permissions, scopes, why_not)


def may_write(rights: Rights, capability: str) -> Capability:
    """Whether the credential has a capability of ``NEEDS``, and how we know."""
    needs = NEEDS[capability]
    if rights.scopes is None and capability == PROVISION_DIRECTORY:
        return Capability(capability, "no", "Okta's directory endpoint takes an OAuth app, not an API token")
    granted = None if rights.scopes is None else rights.scopes.granted
    if granted is not None and scopes_lacking(granted, frozenset({needs.scope})):
        return Capability(capability, "no", f"scope {needs.scope} isn't granted to the app")
    if rights.roles is None:
        return Capability(capability, "unknown", rights.why_not)
    if sufficient := sorted(rights.types & needs.roles):
        evidence = f"admin role {', '.join(sufficient)}, as far as its targets reach"
        return Capability(capability, "yes", evidence)
    if not needs.permissions:
        return Capability(capability, "unknown", "which admin role it takes isn't documented")
    return _by_permissions(rights, capability, needs)


def excess_rights(rights: Rights) -> list[Problem]:
    """Scopes and standard roles that may write: reading needs none of them."""
    granted = frozenset() if rights.scopes is None else rights.scopes.granted or frozenset()
    writing = sorted(rights.types - ONLY_READS) + sorted(each for each in granted if each.endswith(".manage"))
    if not writing:
        return []
    return [
        Problem(
            "excess_rights",
            f"The credential holds {', '.join(writing)}; a sync only reads.",
            "give the service account the Read-only Administrator role alone (an app, the scopes to read "
            "alone), unless it is to write",
            fatal=False,
        )
    ]


def missing_scopes(rights: Rights, costs: Mapping[str, str]) -> list[Problem]:
    """Scopes to read that an app wasn't granted.

    Args:
        rights: The credential's.
        costs: What a sync does without each, as half a sentence; empty where there is none without.
    """
    if rights.scopes is None or rights.scopes.granted is None:
        return []
    lacking = scopes_lacking(rights.scopes.granted, frozenset(costs))
    return [
        Problem(
            "scope_missing",
            f"The app hasn't been granted {scope}: {costs[scope] or 'a sync needs it'}.",
            "grant it in the Admin Console (Applications > the app > Okta API Scopes)",
            fatal=not costs[scope],
        )
        for scope in costs
        if scope in lacking
    ]


def _by_permissions(rights: Rights, capability: str, needs: Needs) -> Capability:
    held = ", ".join(sorted(rights.types)) or "none"
    if not rights.types or (CUSTOM in rights.types and rights.permissions is None):
        why = f"; {rights.why_not}" if rights.why_not else ""
        return Capability(capability, "unknown", f"admin roles: {held}{why}")
    permissions = rights.permissions or frozenset()
    lacking = [group[0] for group in needs.permissions if permissions.isdisjoint(group)]
    if lacking:
        return Capability(capability, "no", f"admin roles: {held}, without {', '.join(lacking)}")
    for whom, group in needs.sides.items():
        if permissions.isdisjoint(group):
            return Capability(
                capability, "unknown", f"admin roles: {held}, not for {whom}: without {group[0]}"
            )
    return Capability(capability, "yes", f"custom role with {', '.join(sorted(permissions))}")


async def _read_scopes(okta: OktaClient) -> Scopes | None:
    try:
        return await okta.elevated()
    except Unavailable:
        raise
    except ProviderError:
        return okta.scopes  # the read was refused; the scopes are known nevertheless, if there are any


async def _read_permissions(
    okta: OktaClient, roles: Collection[RoleRow]
) -> tuple[frozenset[str] | None, str]:
    """What the custom roles permit, all together, or why it can't be read."""
    held: set[str] = set()
    for role in roles:
        if role.type != CUSTOM:
            continue
        if role.role_id is None:
            return None, "which custom role it is isn't said"
        try:
            held |= {row.id async for page in okta.role_permissions(role.role_id) for row in page}
        except ProviderError as error:
            return None, f"what its custom role permits can't be read ({answer(error)})"
    return frozenset(held), ""
