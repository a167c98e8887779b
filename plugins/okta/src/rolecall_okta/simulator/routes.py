"""Every path with its methods: who answers, which bucket counts it, and what it takes to be answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from rolecall_okta.simulator import (
    api,
    app_group_writes,
    app_user_writes,
    directory_writes,
    membership_writes,
)
from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import method_not_supported, no_permission
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.log_api import logs
from rolecall_okta.simulator.scopes import insufficient_scope, suffices

Handler = Callable[[Call], Reply]

_API: Final = "/api/v1/"
_OAUTH: Final = "/oauth2/v1/"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a path: the right of an administrator and the OAuth scope it takes."""

    answer: Handler
    right: str | None
    scope: str | None
    """``None``: no access token is enough."""
    api_tokens: bool = True
    """Whether an API token may."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path below ``/api/v1/`` or ``/`` (``*`` stands for a variable part), its bucket and its methods."""

    path: tuple[str, ...]
    bucket: str
    operations: Mapping[str, Operation]

    @property
    def shape(self) -> str:
        """The whole path, as statistics name it."""
        return ("/" if self.path[0] == "oauth2" else _API) + "/".join(self.path)


def find_route(path: str) -> tuple[Route, list[str]] | None:
    """The route of a raw path, and its variable parts decoded."""
    if path.startswith(_API):
        path = path.removeprefix(_API)
    elif path.startswith(_OAUTH):
        path = path[1:]
    else:
        return None
    segments = path.split("/")
    for route in _ROUTES.get((len(segments), segments[0]), ()):
        parts = []
        for expected, segment in zip(route.path, segments, strict=True):
            if expected == "*":
                parts.append(unquote(segment))
            elif expected != segment:
                break
        else:
            return route, parts
    return None


def answer(route: Route, method: str, call: Call) -> Reply:
    """The reply to a call, if the token may have it.

    Raises:
        OktaError: Okta would refuse.
    """
    operation = route.operations.get(method)
    if operation is None:
        raise method_not_supported()
    if call.scopes is None:
        if not operation.api_tokens:
            raise no_permission("This takes an OAuth 2.0 access token.")
    elif not suffices(call.scopes, operation.scope):
        raise insufficient_scope(call.url, operation.scope)
    if operation.right is not None and not getattr(call.token.rights, operation.right):
        raise no_permission()
    return operation.answer(call)


def _routes(*routes: Route) -> Mapping[tuple[int, str], list[Route]]:
    """By length and first segment; a fixed path stands before one with a variable part in its place."""
    table: dict[tuple[int, str], list[Route]] = {}
    for route in routes:
        table.setdefault((len(route.path), route.path[0]), []).append(route)
    return table


def _route(path: str, bucket: str, **operations: Operation) -> Route:
    return Route(tuple(path.split("/")), bucket, operations)


def _reading(handler: Handler, right: str | None, scope: str | None) -> Operation:
    return Operation(handler, right, scope and f"okta.{scope}.read")


def _writing(handler: Handler, right: str, scope: str) -> Operation:
    return Operation(handler, right, f"okta.{scope}.manage")


_ROUTES: Final = _routes(
    _route("org", "org", GET=_reading(api.organisation, "org", "orgs")),
    _route("users", "users", GET=_reading(api.users, None, "users")),
    _route("users/*", "user", GET=_reading(api.user, None, "users")),
    _route("users/*/groups", "users", GET=_reading(api.user_groups, None, "users")),
    _route("users/*/roles", "users", GET=_reading(api.user_roles, "roles", "roles")),
    _route("groups", "groups", GET=_reading(api.groups, "groups", "groups")),
    _route("groups/rules", "groups", GET=_reading(api.rules, "groups", "groups")),
    _route("groups/*", "group", GET=_reading(api.group, "groups", "groups")),
    _route("groups/rules/*", "groups", GET=_reading(api.rule, "groups", "groups")),
    _route("groups/*/users", "groups", GET=_reading(api.group_users, "groups", "groups")),
    _route(
        "groups/*/users/*",
        "groups",
        PUT=_writing(membership_writes.add_member, "members", "groups"),
        DELETE=_writing(membership_writes.remove_member, "members", "groups"),
    ),
    _route("groups/*/apps", "groups", GET=_reading(api.group_apps, "groups", "groups")),
    _route("groups/*/roles", "groups", GET=_reading(api.group_roles, "roles", "roles")),
    _route("apps", "apps", GET=_reading(api.apps, "apps", "apps")),
    _route("apps/*", "app", GET=_reading(api.app, "apps", "apps")),
    _route(
        "apps/*/users",
        "apps",
        GET=_reading(api.app_users, "apps", "apps"),
        POST=_writing(app_user_writes.assign, "app_users", "apps"),
    ),
    _route(
        "apps/*/users/*",
        "apps",
        GET=_reading(api.app_user, "apps", "apps"),
        POST=_writing(app_user_writes.update, "app_users", "apps"),
        DELETE=_writing(app_user_writes.unassign, "app_users", "apps"),
    ),
    _route("apps/*/groups", "apps", GET=_reading(api.app_groups, "apps", "apps")),
    _route(
        "apps/*/groups/*",
        "apps",
        GET=_reading(api.app_group, "apps", "apps"),
        PUT=_writing(app_group_writes.put, "app_groups", "apps"),
        PATCH=_writing(app_group_writes.patch, "app_groups", "apps"),
        DELETE=_writing(app_group_writes.remove, "app_groups", "apps"),
    ),
    _route(
        "directories/*/groups/modify",
        "other",
        POST=replace(
            _writing(directory_writes.modify_group, "members", "directories.groups"), api_tokens=False
        ),
    ),
    _route("meta/schemas/apps/*/default", "other", GET=_reading(api.app_schema, "schemas", "schemas")),
    _route("internal/apps/*/types", "other", GET=_reading(api.app_types, "app_types", None)),
    _route("iam/assignees/users", "iam", GET=_reading(api.role_holders, "roles", "roles")),
    _route("iam/roles", "iam", GET=_reading(api.custom_roles, "roles", "roles")),
    _route("iam/roles/*", "iam", GET=_reading(api.custom_role, "roles", "roles")),
    _route("iam/roles/*/permissions", "iam", GET=_reading(api.custom_role_permissions, "roles", "roles")),
    _route("iam/resource-sets", "iam", GET=_reading(api.resource_sets, "roles", "roles")),
    _route("oauth2/v1/clients/*/roles", "other", GET=_reading(api.client_roles, "roles", "roles")),
    _route("apps/*/grants", "apps", GET=_reading(api.client_grants, "roles", "appGrants")),
    _route("logs", "logs", GET=_reading(logs, "logs", "logs")),
    _route("api-tokens", "other", GET=_reading(api.api_tokens, "api_tokens", "apiTokens")),
)
