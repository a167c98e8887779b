"""Okta's JSON for administration: admin roles and who holds them, resource sets and API tokens."""

from rolecall_okta.simulator.objects import AdminRole, CustomRole, Group, ResourceSet, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token
from rolecall_okta.simulator.raw_json import JsonObject, encode, overlaid


class AdminRendering:
    """Renders the admin roles and tokens of one org, with links below one base URL."""

    def __init__(self, org: Organisation, base: str) -> None:
        self.org = org
        self.api = f"{base}/api/v1"
        self.console_api = f"{_console(base)}/api/v1"

    def role(self, role: AdminRole, holder: User | Group) -> bytes:
        """A role that a person or a group holds; a person's list shows a group's with its own holder."""
        by_group = isinstance(holder, Group)
        shown: JsonObject = {
            "id": role.id,
            "label": role.label,
            "type": role.type,
            "status": "ACTIVE",
            "created": role.created,
            "lastUpdated": role.created,
            "assignmentType": "GROUP" if by_group else "USER",
            "_links": {"assignee": {"href": f"{self.api}/{'groups' if by_group else 'users'}/{holder.id}"}},
        }
        if role.custom is not None and role.resource_set is not None:
            shown["role"] = role.custom.id
            shown["resource-set"] = role.resource_set.id
            shown["_links"] |= {
                "resource-set": {"href": f"{self.api}/iam/resource-sets/{role.resource_set.id}"},
                "role": {"href": f"{self.api}/iam/roles/{role.custom.id}"},
                "permissions": {"href": f"{self.api}/iam/roles/{role.custom.id}/permissions"},
            }
        return encode(overlaid(shown, role.raw))

    def role_holder(self, user: User) -> JsonObject:
        """One entry of ``iam/assignees/users``."""
        return {
            "id": user.id,
            "orn": f"orn:okta:directory:{self.org.id}:users:{user.id}",
            "_links": {
                "self": {"href": f"{self.api}/users/{user.id}"},
                "roles": {"href": f"{self.api}/users/{user.id}/roles"},
            },
        }

    def custom_role(self, role: CustomRole) -> JsonObject:
        return {
            "id": role.id,
            "label": role.label,
            "description": role.description,
            "created": role.created,
            "lastUpdated": role.created,
            "_links": {
                "permissions": {"href": f"{self.api}/iam/roles/{role.id}/permissions"},
                "self": {"href": f"{self.api}/iam/roles/{role.id}"},
            },
        }

    def resource_set(self, resources: ResourceSet) -> JsonObject:
        url = f"{self.api}/iam/resource-sets/{resources.id}"
        return {
            "id": resources.id,
            "label": resources.label,
            "description": resources.description,
            "created": resources.created,
            "lastUpdated": resources.created,
            "_links": {
                "self": {"href": url},
                "resources": {"href": f"{url}/resources"},
                "bindings": {"href": f"{url}/bindings"},
            },
        }

    def api_token(self, number: int, token: Token) -> JsonObject:
        """A token's record, which never holds the token."""
        return {
            "id": f"00T{number:014d}5d7",
            "name": f"{token.profile} token",
            "userId": token.owner.id if token.owner else None,
            "clientName": "Okta API",
            "tokenWindow": "P30D",
            "network": {"connection": "ANYWHERE"},
            "expiresAt": "2026-12-31T09:00:00.000Z",
            "created": self.org.everyone.created,
            "lastUpdated": self.org.everyone.created,
        }


def _console(base: str) -> str:
    """The console's host, which Okta's IAM replies name; a numeric host has none."""
    scheme, _, host = base.partition("://")
    name, dot, rest = host.partition(".")
    return base if name.isdigit() or not dot else f"{scheme}://{name}-admin{dot}{rest}"
