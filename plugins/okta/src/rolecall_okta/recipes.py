"""What the smallest custom admin role for a purpose is made of: permissions, and names of resources.

Facts: Okta's reference pages "Permissions" and "Roles in Okta" (Okta Resource Names), and the help page "Role
permissions" for the words of the Admin Console.
"""

from collections.abc import Collection
from dataclasses import dataclass

from rolecall import Recipe
from rolecall_okta.client import OktaClient
from rolecall_okta.scopes import WRITE_DIRECTORIES

LABELS = {
    "okta.users.read": "View users and their details",
    "okta.users.groupMembership.manage": "Edit users' group membership",
    "okta.users.appAssignment.manage": "Edit users' application assignments",
    "okta.groups.read": "View groups and their details",
    "okta.groups.members.manage": "Manage group membership",
    "okta.groups.appAssignment.manage": "Edit groups' application assignments",
    "okta.apps.read": "View applications and their details",
    "okta.apps.assignment.manage": "Edit application's user assignments",
    "okta.iam.read": "View roles, resources, and admin assignments",
}
"""Permission → what the Admin Console calls it."""
MOST_GROUPS = 900
"""Named one by one in a resource set, which holds 1,000 resources."""
PREVIEW = "oktapreview.com"

READS_LOG = (
    "No custom permission reads the System Log, which later runs need to read only what changed: for that, "
    "take the standard role Read-only Administrator instead, or let every run read everything."
)
ADMIN_GROUPS = (
    "Members of a group that carries an admin role can be changed by a Super Administrator alone; keep AWS "
    "roles out of such groups."
)
DIRECTORY = (
    "For groups that Active Directory or LDAP masters, the app needs the scope "
    "okta.directories.groups.manage; which admin role that takes isn't documented: try it on one group."
)
BESIDE_READING = (
    "Assign it beside the role that `check --recipe read` prints, as a second assignment with a resource set "
    "of its own, so that nothing that is only read can be written."
)
WHO_HOLDS_IT = (
    "An API token has the rights of whoever made it: make a service account, assign it the role, sign in as "
    "it and create the token. An OAuth app needs the role and the scopes."
)

Part = tuple[str, str]
"""A name, and why it is needed."""


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """Makes Okta Resource Names of one org.

    Attributes:
        org_id: Its id.
        partition: ``okta``, or ``oktapreview`` for a preview org.
    """

    org_id: str
    partition: str = "okta"

    @property
    def all_users(self) -> str:
        return self._named("directory", "users")

    @property
    def all_groups(self) -> str:
        return self._named("directory", "groups")

    @property
    def all_of_iam(self) -> str:
        return self._named("iam", "contained_resources")

    def group(self, group_id: str) -> str:
        return f"{self.all_groups}:{group_id}"

    def app(self, name: str, app_id: str) -> str:
        """An app, by its catalog name and id."""
        return self._named("idp", f"apps:{name}:{app_id}")

    def groups(self, group_ids: Collection[str], why: str) -> list[Part]:
        """These groups, or all where a resource set has no room for so many."""
        if len(group_ids) > MOST_GROUPS:
            return [(self.all_groups, f"{why}: {len(group_ids)}, more than a resource set can name")]
        return [(self.group(each), why) for each in sorted(group_ids)]

    def _named(self, service: str, rest: str) -> str:
        return f"orn:{self.partition}:{service}:{self.org_id}:{rest}"


async def read_resource_names(okta: OktaClient) -> ResourceNames:
    """Ask the org for its id; the credential isn't sent."""
    organization = await okta.organization()
    hosts = {okta.domain.host, *organization.hosts}
    preview = any(host == PREVIEW or host.endswith(f".{PREVIEW}") for host in hosts)
    return ResourceNames(organization.id, "oktapreview" if preview else "okta")


def permission(name: str, why: str) -> Part:
    """A permission of a custom role, with what the Admin Console calls it."""
    return name, f'"{LABELS[name]}": {why}'


def reading_recipe(
    permissions: Collection[Part],
    resources: Collection[Part],
    scopes: Collection[str],
    *,
    notes: Collection[str] = (),
) -> Recipe:
    """The role that a sync needs."""
    told = (READS_LOG, *notes, WHO_HOLDS_IT)
    return Recipe("Rolecall reading", tuple(permissions), tuple(resources), tuple(sorted(scopes)), told)


def writing_recipe(
    permissions: Collection[Part],
    resources: Collection[Part],
    scopes: Collection[str],
    *,
    directory_writes: bool,
    notes: Collection[str] = (),
) -> Recipe:
    """The role that provisioning needs beside the one for a sync; the scopes are those of both."""
    told = [BESIDE_READING, *notes, ADMIN_GROUPS, WHO_HOLDS_IT]
    wanted = set(scopes)
    if directory_writes:
        wanted.add(WRITE_DIRECTORIES)
        told.append(DIRECTORY)
    return Recipe(
        "Rolecall provisioning", tuple(permissions), tuple(resources), tuple(sorted(wanted)), tuple(told)
    )
