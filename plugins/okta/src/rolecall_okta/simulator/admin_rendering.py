"""Okta's JSON for administration: admin roles and who holds them, resource sets and API tokens."""

from rolecall_okta.simulator.objects import AdminRole, CustomRole, Group, ResourceSet, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token
from rolecall_okta.simulator.raw_json import JsonObject, encode, overlaid
from rolecall_okta.simulator.service_apps import ServiceApp


class AdminRendering:
    """Renders the admin roles and tokens of one org, with links below one base URL."""

    def __init__(self, org: Organisation, base: str) -> None:
        self.org = org
        self.base = base
        self.api = f"{base}/api/v1"
        self.console_api = f"{_console(base)}/api/v1"

    def role(self, role: AdminRole, holder: User | Group | ServiceApp) -> bytes:
        """A role that somebody holds; a person's list shows a group's with its own holder."""
        assigned, assignee = self._assignee(holder)
        shown: JsonObject = {
            "id": role.id,
            "label": role.label,
            "type": role.type,
            "status": "ACTIVE",
            "created": role.created,
            "lastUpdated": role.created,
            "assignmentType": assigned,
            "_links": {"assignee": {"href": assignee}},
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

    def _assignee(self, holder: User | Group | ServiceApp) -> tuple[str, str]:
        if isinstance(holder, ServiceApp):
            return "CLIENT", f"{self.base}/oauth2/v1/clients/{holder.client_id}"
        if isinstance(holder, Group):
            return "GROUP", f"{self.api}/groups/{holder.id}"
        return "USER", f"{self.api}/users/{holder.id}"

    def grant(self, client: ServiceApp, scope: str) -> JsonObject:
        """A scope that a service app was granted."""
        return {
            "id": "oag" + scope.encode().hex()[-14:] + "5d7",
            "status": "ACTIVE",
            "created": self.org.everyone.created,
            "createdBy": {"id": "00uadministrator5d7", "type": "User"},
            "lastUpdated": self.org.everyone.created,
            "issuer": self.base,
            "clientId": client.client_id,
            "scopeId": scope,
            "source": "ADMIN",
            "_links": {
                "app": {"href": f"{self.api}/apps/{client.client_id}", "title": client.label},
                "self": {"href": f"{self.api}/apps/{client.client_id}/grants"},
            },
        }

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
            "id": record_id(number),
            "name": f"{token.profile} token",
            "userId": token.owner.id if token.owner else None,
            "clientName": "Okta API",
            "tokenWindow": "P30D",
            "network": {"connection": "ANYWHERE"},
            "expiresAt": "2026-12-31T09:00:00.000Z",
            "created": self.org.everyone.created,
            "lastUpdated": self.org.everyone.created,
        }


def record_id(number: int) -> str:
    """Of the ``number``-th API token, counted from 1."""
    return f"00T{number:014d}5d7"


def _console(base: str) -> str:
    """The console's host, which Okta's IAM replies name; a numeric host has none."""
    scheme, _, host = base.partition("://")
    name, dot, rest = host.partition(".")
    return base if name.isdigit() or not dot else f"{scheme}://{name}-admin{dot}{rest}"
