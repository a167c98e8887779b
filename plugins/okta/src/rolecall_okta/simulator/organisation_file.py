"""An organisation as a JSON file: everything but what Okta works out itself.

References name ids, or for reading also logins (people), names (groups) and labels (apps). A key
that a reply is to leave out has the value ``{"$absent": true}``.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final, TypeVar

from rolecall_okta.simulator.objects import AdminRole, App, CustomRole, Group, GroupRule, ResourceSet, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import Json, JsonObject, from_file, merged, to_file

Found = TypeVar("Found")

_ORG: Final = ("id", "name", "subdomain", "pipeline", "user_type_id", "user_schema_id", "raw")
_TIMES: Final = ("created", "last_updated")
_USER: Final = (
    "id",
    "status",
    "profile",
    "raw",
    *_TIMES,
    "activated",
    "status_changed",
    "last_login",
    "password_changed",
)
_GROUP: Final = ("id", "type", "profile", "raw", *_TIMES, "last_membership_updated", "object_class")
_APP: Final = (
    "id",
    "name",
    "label",
    "status",
    "raw",
    *_TIMES,
    "sign_on_mode",
    "settings",
    "features",
    "schema",
)
_APP_REST: Final = ("aws_roles", "raw_schema", "app_user_raw", "schema_updated")
_RULE: Final = ("id", "name", "status", "expression", "raw", *_TIMES)


class BadOrganisationFile(ValueError):
    """The file names something it doesn't hold, or isn't of this form."""


def save_organisation(org: Organisation, path: Path) -> None:
    """Write the whole organisation; ``load_organisation`` gives an equal one."""
    roles, sets = org.custom_roles, org.resource_sets
    document: JsonObject = {
        "org": _picked(org, _ORG) | {"everyone": org.everyone.id},
        "custom_roles": [_picked(role, [each.name for each in fields(role)]) for role in roles],
        "resource_sets": [_picked(held, [each.name for each in fields(held)]) for held in sets],
        "users": [_picked(user, _USER) | {"roles": _roles(user)} for user in org.users],
        "apps": [_app(org, app) for app in org.apps],
        "groups": [
            _picked(group, _GROUP)
            | {
                "members": [user.id for user in group.members],
                "source": group.source.id if group.source else None,
                "roles": _roles(group),
            }
            for group in org.groups
        ],
        "rules": [
            _picked(rule, _RULE)
            | {"groups": [group.id for group in rule.groups], "excluded": [user.id for user in rule.excluded]}
            for rule in org.rules
        ],
    }
    path.write_text(json.dumps(to_file(document), indent=1), encoding="ascii")


def load_organisation(path: Path) -> Organisation:
    """Read an organisation; only ``users[].login`` (or a profile), ``groups[].name`` and so on are needed.

    Raises:
        BadOrganisationFile: A reference leads nowhere, or the form is another.
    """
    try:
        return _Reader(from_file(json.loads(path.read_text(encoding="utf-8")))).org
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        msg = f"{path}: {type(error).__name__}: {error}"
        raise BadOrganisationFile(msg) from error


class _Reader:
    def __init__(self, document: JsonObject) -> None:
        head = document.get("org", {})
        self.org = org = Organisation(head.get("name", "Acme"), subdomain=head.get("subdomain", "acme"))
        _lay(org, head, _ORG)
        self.custom_roles = {each["id"]: CustomRole(**each) for each in document.get("custom_roles", [])}
        self.resource_sets = {each["id"]: ResourceSet(**each) for each in document.get("resource_sets", [])}
        org.custom_roles = list(self.custom_roles.values())
        org.resource_sets = list(self.resource_sets.values())
        org.keep_users([self.user(each) for each in document.get("users", [])])
        apps = document.get("apps", [])
        made = [self.app(each) for each in apps]
        self.groups(document.get("groups", []), head.get("everyone"))
        for app, each in zip(made, apps, strict=True):
            self.assignments(app, each)
        org.rules = [self.rule(each) for each in document.get("rules", [])]
        org.changed()

    def user(self, given: JsonObject) -> User:
        user = self.org.new_user(
            given.get("login", "nobody@acme.example"),
            status=given.get("status", "ACTIVE"),
            id=given.get("id"),
        )
        usual = user.profile
        _lay(user, given, _USER)
        if "login" in given:  # written by hand: the profile adds to the usual one
            user.profile = merged(usual, given.get("profile", {}))
        user.roles = self.roles(given)
        return user

    def app(self, given: JsonObject) -> App:
        if given.get("name", "amazon_aws") == "amazon_aws" and "schema" not in given:
            app = self.org.add_aws_app(given.get("label", "AWS Account Federation"), id=given.get("id"))
            given = {**given, "settings": merged(app.settings, given.get("settings", {}))}
        else:
            app = self.org.add_app(given["name"], str(given.get("label", given["name"])), id=given.get("id"))
        _lay(app, given, (*_APP, *_APP_REST))
        return app

    def groups(self, given: Iterable[JsonObject], everyone_id: str | None) -> None:
        groups = []
        for each in given:
            if everyone_id is not None and each.get("id") == everyone_id:
                group = self.org.everyone
                self.org.delete_group(group)
                group.org = None
            else:
                source = self.found(self.org.app, each["source"], "app") if each.get("source") else None
                group = self.org.new_group(each.get("name", ""), source=source, id=each.get("id"))
            usual = group.profile
            _lay(group, each, _GROUP)
            if "name" in each:  # written by hand: the profile adds to the usual one
                group.profile = merged(usual, each.get("profile", {}))
            group.roles = self.roles(each)
            group.members = [self.found(self.org.user, named, "user") for named in each.get("members", [])]
            groups.append(group)
        self.org.keep_groups(groups)

    def assignments(self, app: App, given: JsonObject) -> None:
        for each in given.get("users", []):
            user = self.found(self.org.user, each["user"], "user")
            held = self.org.assign_user(app, user, profile=each.get("profile", {}))
            _lay(held, each, _TIMES)
        for each in given.get("groups", []):
            group = self.found(self.org.group, each["group"], "group")
            assigned = self.org.assign_group(
                app,
                group,
                priority=each.get("priority"),
                profile=each.get("profile", {}),
                raw=each.get("raw"),
            )
            _lay(assigned, each, ("last_updated",))

    def rule(self, given: JsonObject) -> GroupRule:
        groups = [self.found(self.org.group, named, "group") for named in given.get("groups", [])]
        rule = self.org.add_rule(given["name"], given.get("expression", "true"), groups)
        _lay(rule, given, _RULE)
        rule.excluded = [self.found(self.org.user, named, "user") for named in given.get("excluded", [])]
        return rule

    def roles(self, given: JsonObject) -> list[AdminRole]:
        return [
            AdminRole(
                **{
                    **each,
                    "custom": self.custom_roles.get(each.get("custom")),
                    "resource_set": self.resource_sets.get(each.get("resource_set")),
                }
            )
            for each in given.get("roles", [])
        ]

    def found(self, look_up: Callable[[str], Found | None], named: str, kind: str) -> Found:
        held = look_up(named)
        if held is None:
            msg = f"no {kind} {named!r}"
            raise BadOrganisationFile(msg)
        return held


def _roles(holder: User | Group) -> list[JsonObject]:
    return [
        _picked(role, ("id", "type", "label", "created", "raw"))
        | {
            "custom": role.custom.id if role.custom else None,
            "resource_set": role.resource_set.id if role.resource_set else None,
        }
        for role in holder.roles
    ]


def _app(org: Organisation, app: App) -> JsonObject:
    return _picked(app, (*_APP, *_APP_REST)) | {
        "users": [
            {"user": held.user.id} | _picked(held, ("profile", *_TIMES)) for held in app.direct.values()
        ],
        "groups": [
            {"group": held.group.id} | _picked(held, ("priority", "profile", "last_updated", "raw"))
            for held in org.app_groups(app)
        ],
    }


def _picked(held: object, names: Iterable[str]) -> JsonObject:
    return {name: getattr(held, name) for name in names}


def _lay(held: object, given: Mapping[str, Json], names: Iterable[str]) -> None:
    for name in names:
        if name in given:
            setattr(held, name, given[name])
