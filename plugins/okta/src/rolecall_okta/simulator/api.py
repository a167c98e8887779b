"""The reading half of Okta's API, as one function per endpoint; ``routes`` says which path is whose."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from rolecall_okta.simulator.calls import Call, iam_list, listing, unpaged
from rolecall_okta.simulator.errors import not_found
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.objects import App, AppUser, Group, GroupAssignment, User
from rolecall_okta.simulator.paging import PageSize, page
from rolecall_okta.simulator.raw_json import JsonObject, encode
from rolecall_okta.simulator.rendering import json_array
from rolecall_okta.simulator.search import APP_FILTER, GROUP_FILTER, GROUP_SEARCH, USER_FILTER, USER_SEARCH

Item = TypeVar("Item")

SIZES: Final[Mapping[str, PageSize]] = {
    "users": PageSize(200, 200),
    "user groups": PageSize(200, 200),
    "groups": PageSize(10_000, 10_000),
    "group users": PageSize(1000, 1000),
    "group apps": PageSize(20, 200),
    "rules": PageSize(50, 200),
    "apps": PageSize(20, 200),
    "app users": PageSize(50, 500),
    "app groups": PageSize(20, 200, minimum=20),
    "role holders": PageSize(100, 200),
}
USERS_FOUND_BY_Q = PageSize(10, 200)
GROUPS_FOUND_BY_Q = PageSize(300, 300)


# People


def users(call: Call) -> Reply:
    """Without ``search`` or ``filter``, deactivated people are left out."""
    sees, show = call.token.sees_user, _user_item(call)
    test = call.asked_for(USER_SEARCH, USER_FILTER)
    if test is not None:
        found = call.org.indexed_users()
        return listing(call, found, show, SIZES["users"], keep=_both(test, sees), order=USER_SEARCH)
    prefix = call.query.get("q", "").casefold()

    def keep(user: User) -> bool:
        return user.status != "DEPROVISIONED" and _starts(user, prefix) and sees(user)

    if prefix:
        return unpaged(call, filter(keep, call.org.users), show, USERS_FOUND_BY_Q)
    return listing(call, call.org.users, show, SIZES["users"], keep=keep)


def user(call: Call) -> Reply:
    return Reply(200, call.show.user(call.user()))


def user_groups(call: Call) -> Reply:
    groups = [group for group in call.org.listed_groups(call.user()) if call.token.sees_group(group)]
    return listing(call, groups, call.show.group, SIZES["user groups"])


def user_roles(call: Call) -> Reply:
    """Roles of the person's own and, told apart by ``assignmentType``, those held through groups."""
    holder = call.user()
    own = [call.show.admin.role(role, holder) for role in holder.roles]
    inherited = [
        call.show.admin.role(role, group) for group in call.org.groups_of(holder) for role in group.roles
    ]
    return Reply(200, json_array(own + inherited))


# Groups


def groups(call: Call) -> Reply:
    expand = call.expands("stats", "app")
    sees = None if call.token.groups is None else call.token.sees_group
    prefix = call.query.get("q", "").casefold()

    def show(group: Group) -> bytes:
        return call.show.group(group, expand)

    def begins(group: Group) -> bool:
        return (group.name or "").casefold().startswith(prefix)

    if prefix:
        found = filter(_both(begins, sees), call.org.groups)
        return unpaged(call, found, show, GROUPS_FOUND_BY_Q)
    test = call.asked_for(GROUP_SEARCH, GROUP_FILTER)
    if test is None:
        return listing(call, call.org.groups, show, SIZES["groups"], keep=sees)
    indexed = call.org.indexed_groups()
    return listing(call, indexed, show, SIZES["groups"], keep=_both(test, sees), order=GROUP_SEARCH)


def group(call: Call) -> Reply:
    return Reply(200, call.show.group(call.group(), call.expands("stats", "app")))


def group_users(call: Call) -> Reply:
    members = call.org.listed_members(call.group())
    return listing(call, members, _user_item(call), SIZES["group users"])


def group_apps(call: Call) -> Reply:
    assigned = call.group()
    apps = [app for app in call.org.apps if assigned.id in app.assigned_groups]
    return listing(call, apps, call.show.app, SIZES["group apps"])


def group_roles(call: Call) -> Reply:
    holder = call.group()
    return Reply(200, json_array(call.show.admin.role(role, holder) for role in holder.roles))


def rules(call: Call) -> Reply:
    keyword = call.query.get("search", "").casefold()
    found = sorted(
        (rule for rule in call.org.rules if keyword in rule.name.casefold()), key=lambda rule: rule.id
    )
    return listing(call, found, call.show.rule, SIZES["rules"])


def rule(call: Call) -> Reply:
    for each in call.org.rules:
        if each.id == call.parts[0]:
            return Reply(200, call.show.rule(each))
    raise not_found(call.parts[0], "GroupRule")


# Apps and assignments


def apps(call: Call) -> Reply:
    """Inactive apps are listed when a filter names a status, or ``includeNonDeleted`` asks for them."""
    call.expands()
    test = call.asked_for(None, APP_FILTER)
    prefix = call.query.get("q", "").casefold()
    inactive_too = call.query.get("includeNonDeleted") == "true" or "status" in call.query.get("filter", "")

    def keep(app: App) -> bool:
        return (
            (app.status == "ACTIVE" or inactive_too)
            and call.token.sees_app(app.id)
            and any(name.casefold().startswith(prefix) for name in (app.name, app.label))
            and (test is None or test(app))
        )

    return listing(call, call.org.apps, call.show.app, SIZES["apps"], keep=keep)


def app(call: Call) -> Reply:
    return Reply(200, call.show.app(call.app()))


def app_users(call: Call) -> Reply:
    of, expand = call.app(), call.expands("user")
    prefix = call.query.get("q", "").casefold()

    def show(held: AppUser) -> bytes:
        return call.show.app_user(of, held, expand)

    def keep(held: AppUser) -> bool:
        return _starts(held.user, prefix)

    return listing(call, call.org.app_users(of), show, SIZES["app users"], keep=keep if prefix else None)


def app_user(call: Call) -> Reply:
    of, expand, wanted = call.app(), call.expands("user"), call.parts[1]
    if call.org.user_by_id(wanted) is None:
        raise not_found(wanted, "User")
    held = call.org.app_user(of, wanted)
    if held is None:
        raise not_found(wanted, "AppUser")
    return Reply(200, call.show.app_user(of, held, expand))


def app_groups(call: Call) -> Reply:
    of, expand = call.app(), call.expands("group", "metadata")
    prefix = call.query.get("q", "").casefold()

    def show(held: GroupAssignment) -> bytes:
        return call.show.app_group(of, held, expand)

    def keep(held: GroupAssignment) -> bool:
        return (held.group.name or "").casefold().startswith(prefix)

    def place(held: GroupAssignment) -> str:
        return f"{held.priority:010d}{held.group.id}"

    held = call.org.app_groups(of)
    return listing(call, held, show, SIZES["app groups"], key=place, keep=keep if prefix else None)


def app_group(call: Call) -> Reply:
    of, expand, wanted = call.app(), call.expands("group", "metadata"), call.parts[1]
    held = of.assigned_groups.get(wanted)
    if held is not None:
        return Reply(200, call.show.app_group(of, held, expand))
    raise not_found(
        wanted, "UserGroup" if call.org.group_by_id(wanted) is None else "ApplicationGroupAssignment"
    )


def app_schema(call: Call) -> Reply:
    return Reply(200, call.show.app_schema(call.app()))


def app_types(call: Call) -> Reply:
    return Reply(200, call.show.app_types(call.app()))


# The org, its administrators and tokens


def organisation(call: Call) -> Reply:
    return Reply(200, call.show.organisation())


def role_holders(call: Call) -> Reply:
    """Pages stand in the body here: ``_links.next`` where there is more, and no ``_links`` else."""
    limit = SIZES["role holders"].of(call.query)
    holders = [each for each in call.org.users if each.roles]
    found = page(holders, call.query.get("after"), limit, scope=call.path)
    body: JsonObject = {"value": [call.show.admin.role_holder(each) for each in found.items]}
    if found.next is not None:
        body["_links"] = {"next": {"href": f"{call.url}?after={found.next}&limit={limit}"}}
    return Reply(200, encode(body))


def custom_roles(call: Call) -> Reply:
    return iam_list(call, "roles", [call.show.admin.custom_role(role) for role in call.org.custom_roles])


def custom_role(call: Call) -> Reply:
    for role in call.org.custom_roles:
        if call.parts[0] in (role.id, role.label):
            return Reply(200, encode(call.show.admin.custom_role(role)))
    raise not_found(call.parts[0], "CustomRole")


def custom_role_permissions(call: Call) -> Reply:
    for role in call.org.custom_roles:
        if call.parts[0] in (role.id, role.label):
            held = [
                {"label": label, "created": role.created, "lastUpdated": role.created}
                for label in role.permissions
            ]
            return Reply(200, encode({"permissions": held}))
    raise not_found(call.parts[0], "CustomRole")


def resource_sets(call: Call) -> Reply:
    shown = [call.show.admin.resource_set(each) for each in call.org.resource_sets]
    return iam_list(call, "resource-sets", shown)


def client_roles(call: Call) -> Reply:
    """Admin roles of a service app."""
    client = call.client()
    return Reply(200, json_array(call.show.admin.role(role, client) for role in client.roles(call.org)))


def client_grants(call: Call) -> Reply:
    """The scopes that a service app was granted."""
    client = call.client()
    return Reply(200, encode([call.show.admin.grant(client, scope) for scope in sorted(client.scopes)]))


def api_tokens(call: Call) -> Reply:
    shown = [call.show.admin.api_token(number, token) for number, token in enumerate(call.tokens, start=1)]
    return Reply(200, encode(shown))


def _user_item(call: Call) -> Callable[[User], bytes]:
    return call.show.lean_user_item if call.lean else call.show.user_item


def _starts(user: User, prefix: str) -> bool:
    if not prefix:
        return True
    profile = user.profile if isinstance(user.profile, dict) else {}
    named = (profile.get(name) for name in ("login", "email", "firstName", "lastName"))
    return any(isinstance(value, str) and value.casefold().startswith(prefix) for value in named)


def _both(test: Callable[[Item], bool], sees: Callable[[Item], bool] | None) -> Callable[[Item], bool]:
    return test if sees is None else lambda item: test(item) and sees(item)
