"""Okta's JSON for people, groups, apps, assignments and rules, as real replies show it."""

import json
from collections.abc import Collection, Iterable

from rolecall_okta.simulator.admin_rendering import AdminRendering
from rolecall_okta.simulator.objects import (
    App,
    AppUser,
    Changeable,
    Group,
    GroupAssignment,
    GroupRule,
    User,
)
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import ABSENT, JsonObject, encode, merged, overlaid

_LOGOS = "https://ok12static.oktacdn.com/assets/img/logos"

_LIFECYCLE = {
    "STAGED": ("activate",),
    "PROVISIONED": ("reactivate", "deactivate"),
    "LOCKED_OUT": ("unlock", "deactivate"),
    "SUSPENDED": ("unsuspend", "deactivate"),
    "DEPROVISIONED": ("activate",),
}


def json_array(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


class Rendering:
    """Renders the objects of one org, with links below one base URL, remembering what it rendered."""

    def __init__(self, org: Organisation, base: str) -> None:
        self.org = org
        self.base = base
        self.api = f"{base}/api/v1"
        self.admin = AdminRendering(org, base)
        self._lean_key = f"{base} without credentials"

    def user_item(self, user: User) -> bytes:
        """A person as lists show them, with a link to themselves only."""
        found = user.rendered.get(self.base) if user.rendered else None
        return found or self._remember(user, self._user(user, {"self": self._href("users", user.id)}))

    def lean_user_item(self, user: User) -> bytes:
        """A person as lists show them when the caller wants no credentials."""
        found = user.rendered.get(self._lean_key) if user.rendered else None
        if found is None:
            shown = self._user(user, {"self": self._href("users", user.id)})
            shown.pop("credentials", None)
            found = self._remember(user, shown, self._lean_key)
        return found

    def user(self, user: User) -> bytes:
        """A person fetched singly, with links to what can be done in their status."""
        links: JsonObject = {
            "schema": {"href": f"{self.api}/meta/schemas/user/{self.org.user_schema_id}"},
            "self": self._href("users", user.id),
            "type": {"href": f"{self.api}/meta/types/user/{self.org.user_type_id}"},
        }
        for action in _LIFECYCLE.get(user.status, ("suspend", "expirePassword", "deactivate")):
            links[action] = {"href": f"{self.api}/users/{user.id}/lifecycle/{action}", "method": "POST"}
        return encode(self._user(user, links))

    def group(self, group: Group, expand: Collection[str] = ()) -> bytes:
        """A group; ``expand`` may name ``stats`` and ``app``."""
        plain = self._remembered(group) or self._remember(group, self._group(group))
        if not expand:
            return plain
        embedded: JsonObject = {}
        if "stats" in expand:
            embedded["stats"] = {
                "usersCount": len(self.org.members_of(group)),
                "appsCount": sum(group.id in app.assigned_groups for app in self.org.apps),
                "groupPushMappingsCount": 0,
                "hasAdminPrivlege": bool(group.roles),
            }
        if "app" in expand and group.source is not None:
            app = group.source
            embedded["app"] = {
                "id": app.id,
                "name": app.name,
                "label": app.label,
                "signOnMode": app.sign_on_mode,
            }
        return _embedding(plain, encode(embedded), group.raw) if embedded else plain

    def app(self, app: App) -> bytes:
        return self._remembered(app) or self._remember(app, self._app(app))

    def app_user(self, app: App, held: AppUser, expand: Collection[str] = ()) -> bytes:
        """A person's assignment; ``expand`` may name ``user``."""
        plain = self._remembered(held) or self._remember(held, self._app_user(app, held))
        if "user" not in expand:
            return plain
        return _embedding(plain, b'{"user":' + self.user_item(held.user) + b"}", held.raw)

    def app_group(self, app: App, held: GroupAssignment, expand: Collection[str] = ()) -> bytes:
        """A group's assignment; ``expand`` may name ``group``."""
        plain = self._remembered(held) or self._remember(held, self._app_group(app, held))
        if "group" not in expand:
            return plain
        return _embedding(plain, b'{"group":' + self.group(held.group) + b"}", held.raw)

    def app_schema(self, app: App) -> bytes:
        schema = {
            "id": f"{self.base}/meta/schemas/apps/{app.id}/default",
            "$schema": "http://json-schema.org/draft-04/schema#",
            "name": app.name,
            "title": f"{app.label} User",
            "lastUpdated": app.schema_updated or app.last_updated,
            "created": app.created,
            "definitions": {
                "custom": {"id": "#custom", "type": "object", "properties": {}, "required": []},
                "base": {
                    "id": "#base",
                    "type": "object",
                    "properties": {
                        "userName": {
                            "title": "Username",
                            "type": "string",
                            "required": True,
                            "scope": "NONE",
                            "maxLength": 100,
                            "master": {"type": "PROFILE_MASTER"},
                            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
                        },
                        **app.schema,
                    },
                    "required": ["userName"],
                },
            },
            "type": "object",
            "properties": {
                "profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}
            },
        }
        return encode(overlaid(schema, app.raw_schema))

    def app_types(self, app: App) -> bytes:
        return encode(
            {
                "AWSEnvironmentEnum": ["aws.amazon", "amazonaws-us-gov", "amazonaws.cn"],
                "SamlIamRole": app.aws_roles,
                "IamRole": app.aws_roles,
            }
        )

    def organisation(self) -> bytes:
        org = self.org
        settings = {
            "id": org.id,
            "subdomain": org.subdomain,
            "companyName": org.name,
            "status": "ACTIVE",
            "expiresAt": None,
            "created": org.everyone.created,
            "lastUpdated": org.everyone.created,
            "website": "https://acme.example",
            "phoneNumber": "",
            "endUserSupportHelpURL": "",
            "supportPhoneNumber": "",
            **dict.fromkeys(("address1", "address2", "city", "state", "country", "postalCode")),
            "_links": {
                "preferences": {"href": f"{self.api}/org/preferences"},
                "uploadLogo": {"href": f"{self.api}/org/logo", "hints": {"allow": ["POST"]}},
                "oktaCommunication": {"href": f"{self.api}/org/privacy/oktaCommunication"},
                "logo": {"href": f"{_LOGOS}/acme.png"},
                "oktaSupport": {"href": f"{self.api}/org/privacy/oktaSupport"},
                "contacts": {"href": f"{self.api}/org/contacts"},
            },
        }
        return encode(overlaid(settings, org.raw))

    def well_known(self) -> bytes:
        links = {"organization": {"href": self.base}}
        return encode({"id": self.org.id, "pipeline": self.org.pipeline, "_links": links})

    def rule(self, rule: GroupRule) -> bytes:
        conditions: JsonObject = {"expression": {"value": rule.expression, "type": "urn:okta:expression:1.0"}}
        if rule.excluded:
            conditions["people"] = {
                "users": {"exclude": [user.id for user in rule.excluded]},
                "groups": {"exclude": []},
            }
        shown = {
            "type": "group_rule",
            "id": rule.id,
            "status": rule.status,
            "name": rule.name,
            "created": rule.created,
            "lastUpdated": rule.last_updated,
            "conditions": conditions,
            "actions": {"assignUserToGroups": {"groupIds": [group.id for group in rule.groups]}},
        }
        return encode(overlaid(shown, rule.raw))

    def _user(self, user: User, links: JsonObject) -> JsonObject:
        login = user.login
        shown = {
            "id": user.id,
            "status": user.status,
            "created": user.created,
            "activated": user.activated,
            "statusChanged": user.status_changed,
            "lastLogin": user.last_login,
            "lastUpdated": user.last_updated,
            "passwordChanged": user.password_changed,
            "type": {"id": self.org.user_type_id},
            "profile": user.profile,
            "credentials": {
                "password": {},
                "emails": [{"value": login, "status": "VERIFIED", "type": "PRIMARY"}] if login else [],
                "provider": {"type": "OKTA", "name": "OKTA"},
            },
            "_links": links,
        }
        return overlaid(shown, user.raw)

    def _group(self, group: Group) -> JsonObject:
        url = f"{self.api}/groups/{group.id}"
        links: JsonObject = {
            "logo": [
                {"name": size, "href": f"{_LOGOS}/groups/odyssey/okta-{size}.png", "type": "image/png"}
                for size in ("medium", "large")
            ],
            "users": {"href": f"{url}/users"},
            "apps": {"href": f"{url}/apps"},
        }
        if group.source is not None:
            links["source"] = self._href("apps", group.source.id)
        shown = {
            "id": group.id,
            "created": group.created,
            "lastUpdated": group.last_updated,
            "lastMembershipUpdated": group.last_membership_updated,
            "objectClass": group.object_class,
            "type": group.type,
            "profile": group.profile,
            "_links": links,
        }
        return overlaid(shown, group.raw)

    def _app(self, app: App) -> JsonObject:
        url = f"{self.api}/apps/{app.id}"
        off_on = "deactivate" if app.status == "ACTIVE" else "activate"
        shown = {
            "id": app.id,
            "orn": f"orn:okta:idp:{self.org.id}:apps:{app.name}:{app.id}",
            "name": app.name,
            "label": app.label,
            "status": app.status,
            "lastUpdated": app.last_updated,
            "created": app.created,
            "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
            "visibility": {
                "autoLaunch": False,
                "autoSubmitToolbar": False,
                "hide": {"iOS": False, "web": False},
                "appLinks": {"login": True},
            },
            "features": app.features,
            "signOnMode": app.sign_on_mode,
            "credentials": {
                "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
                "signing": {"kid": "simulated-signing-key"},
            },
            "universalLogout": None,
            "settings": {
                "app": app.settings,
                "notifications": {
                    "vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}
                },
                "manualProvisioning": False,
                "implicitAssignment": False,
                "notes": {"admin": None, "enduser": None},
            },
            "_links": {
                "uploadLogo": {"href": f"{url}/logo", "hints": {"allow": ["POST"]}},
                "appLinks": [
                    {
                        "name": "login",
                        "href": f"{self.base}/home/{app.name}/{app.id}/272",
                        "type": "text/html",
                    }
                ],
                "profileEnrollment": {"href": f"{self.api}/policies/rstnwmp14geJLJ3fx5d7"},
                "policies": {"href": f"{url}/policies", "hints": {"allow": ["PUT"]}},
                "groups": {"href": f"{url}/groups"},
                "logo": [{"name": "medium", "href": f"{_LOGOS}/{app.name}.png", "type": "image/png"}],
                "accessPolicy": {"href": f"{self.api}/policies/rstnwmp14ceJQ76Lj5d7"},
                "users": {"href": f"{url}/users"},
                off_on: {"href": f"{url}/lifecycle/{off_on}"},
            },
        }
        return overlaid(shown, app.raw)

    def _app_user(self, app: App, held: AppUser) -> JsonObject:
        links = {"app": self._href("apps", app.id), "user": self._href("users", held.user.id)}
        if held.group is not None:
            links["group"] = self._href("groups", held.group.id)
        shown = {
            "id": held.user.id,
            "externalId": None,
            "created": held.created,
            "lastUpdated": held.last_updated,
            "scope": held.scope,
            "status": "ACTIVE",
            "statusChanged": held.created,
            "passwordChanged": None,
            "syncState": "DISABLED",
            "credentials": {"userName": held.user.login},
            "profile": held.profile,
            "_links": links,
        }
        return overlaid(shown, held.raw)

    def _app_group(self, app: App, held: GroupAssignment) -> JsonObject:
        shown = {
            "id": held.group.id,
            "lastUpdated": held.last_updated,
            "priority": held.priority,
            "profile": held.profile,
            "_links": {
                "app": self._href("apps", app.id),
                "self": {"href": f"{self.api}/apps/{app.id}/groups/{held.group.id}"},
                "group": self._href("groups", held.group.id),
            },
        }
        return overlaid(shown, held.raw)

    def _remembered(self, held: Changeable) -> bytes | None:
        return held.rendered.get(self.base) if held.rendered else None

    def _remember(self, held: Changeable, shown: JsonObject, key: str | None = None) -> bytes:
        rendered = encode(shown)
        if held.rendered is None:
            held.rendered = {}
        held.rendered[key or self.base] = rendered
        return rendered

    def _href(self, kind: str, object_id: str) -> JsonObject:
        return {"href": f"{self.api}/{kind}/{object_id}"}


def _embedding(plain: bytes, embedded: bytes, raw: JsonObject | None) -> bytes:
    if raw is None or "_embedded" not in raw:
        return plain[:-1] + b',"_embedded":' + embedded + b"}"
    if raw["_embedded"] is ABSENT:
        return plain
    whole = merged({"_embedded": json.loads(embedded)}, json.loads(plain))
    return encode(merged(whole, {"_embedded": raw["_embedded"]}))
