"""Admin roles: who holds which, as Okta states it, and what that is to the host."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from rolecall import Entitlement, EntitlementRef, Finding, Grant, Ref, Resource
from rolecall_okta.directory.emission import ASSIGNED, GROUP, ROLE, USER
from rolecall_okta.directory.findings import finding
from rolecall_okta.rows import RoleRow

CUSTOM = "CUSTOM"
INACTIVE = "INACTIVE"
THROUGH_A_GROUP = "GROUP"

NAMES: Mapping[str, str] = {
    "SUPER_ADMIN": "Super Administrator",
    "ORG_ADMIN": "Organization Administrator",
    "APP_ADMIN": "Application Administrator",
    "USER_ADMIN": "Group Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "READ_ONLY_ADMIN": "Read-only Administrator",
    "REPORT_ADMIN": "Report Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "MOBILE_ADMIN": "Mobile Administrator",
    "WORKFLOWS_ADMIN": "Workflows Administrator",
    "ACCESS_CERTIFICATIONS_ADMIN": "Access Certifications Administrator",
    "ACCESS_REQUESTS_ADMIN": "Access Requests Administrator",
}
"""By type. Okta's labels of standard roles have changed over the years; the types haven't."""


@dataclass(frozen=True, slots=True, order=True)
class AdminRole:
    """A standard role, by its type, or a custom one on one resource set.

    Attributes:
        type: Okta's word; ``CUSTOM`` for a custom role; empty where Okta doesn't say which role it is.
        role_id: Of a custom role, or empty.
        resource_set_id: Of a custom role, or empty.
        label: Of a custom role, or empty.
    """

    type: str
    role_id: str = ""
    resource_set_id: str = ""
    label: str = ""

    @property
    def ref(self) -> Ref:
        """A standard role goes by its type, a custom one by both ids."""
        return Ref(ROLE.id, self.type if not self.role_id else f"{self.role_id}/{self.resource_set_id}")


@dataclass(frozen=True, slots=True)
class AdminRoles:
    """Everybody who holds an admin role, and the names of resource sets.

    Attributes:
        holders: A person or a group → its roles. One whose roles Okta doesn't name holds none.
        labels: Resource set → its label, where custom roles are held.
    """

    holders: Mapping[Ref, frozenset[AdminRole]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def holding(self, type_id: str) -> list[str]:
        """The ids of the holders of one resource type."""
        return [holder.id for holder in self.holders if holder.type == type_id]

    def without(self, gone: Collection[Ref]) -> "AdminRoles":
        """The same, where these are gone."""
        left = {holder: roles for holder, roles in self.holders.items() if holder not in gone}
        return self if len(left) == len(self.holders) else replace(self, holders=left)

    def resources(self) -> Iterator[Resource]:
        """Every role that somebody holds."""
        for role in self._held():
            profile: dict[str, object] = {"type": role.type}
            name = role.label or NAMES.get(role.type) or role.type.replace("_", " ").capitalize()
            if role.role_id:
                where = self.labels.get(role.resource_set_id)
                profile |= {
                    "role_id": role.role_id,
                    "resource_set_id": role.resource_set_id,
                    "resource_set": where,
                }
                name = f"{name} on {where or role.resource_set_id}"
            yield Resource(role.ref, name, profile=profile)

    def entitlements(self) -> Iterator[Entitlement]:
        for role in self._held():
            yield Entitlement(EntitlementRef(role.ref, ASSIGNED), "Assigned", (USER.id, GROUP.id))

    def grants(self) -> Iterator[Grant]:
        """One for each holder; a group's passes to its members."""
        for holder, roles in self.holders.items():
            for ref in sorted({role.ref for role in roles if role.type}):
                yield Grant(EntitlementRef(ref, ASSIGNED), holder, expandable=holder.type == GROUP.id)

    def findings(self) -> Iterator[Finding]:
        """Assignments of which Okta says too little."""
        for holder, roles in self.holders.items():
            if not all(role.type for role in roles):
                yield finding("admin_role_unnamed", holder, name=str(holder))

    def _held(self) -> list[AdminRole]:
        """Each role once; of one that comes under two labels, one of them, always the same."""
        held: dict[Ref, AdminRole] = {}
        for role in sorted({role for roles in self.holders.values() for role in roles if role.type}):
            held.setdefault(role.ref, role)
        return list(held.values())


def roles_of(holder: Ref, rows: Iterable[RoleRow]) -> frozenset[AdminRole]:
    """What a holder's own list says, without what is inactive; a person's names those of groups as well."""
    of_groups = holder.type == USER.id
    return frozenset(
        _role(row)
        for row in rows
        if row.status != INACTIVE and not (of_groups and row.assignment_type == THROUGH_A_GROUP)
    )


def _role(row: RoleRow) -> AdminRole:
    if row.role_id and row.resource_set_id:
        return AdminRole(CUSTOM, row.role_id, row.resource_set_id, row.label or row.role_id)
    return AdminRole("" if row.type in {None, CUSTOM} else row.type)
