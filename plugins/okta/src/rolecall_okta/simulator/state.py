"""What is really so in an org, whatever its lists show: for tests that work out who may sign in where."""

from rolecall_okta.simulator.assignment import by_priority, resolve_app_users
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import JsonObject, to_file


def state_of(org: Organisation) -> JsonObject:
    """People, groups, apps and rules with all that ties them together, each list by id."""
    shown: JsonObject = to_file(
        {
            "users": [_user(user) for user in org.users],
            "groups": [_group(org, group) for group in org.groups],
            "apps": [_app(org, app) for app in org.apps],
            "rules": [
                {
                    "id": rule.id,
                    "name": rule.name,
                    "status": rule.status,
                    "expression": rule.expression,
                    "groups": [group.id for group in rule.groups],
                    "excluded": [user.id for user in rule.excluded],
                }
                for rule in org.rules
            ],
        }
    )
    return shown


def _user(user: User) -> JsonObject:
    roles = [role.type for role in user.roles]
    return {"id": user.id, "login": user.login, "status": user.status, "roles": roles}


def _group(org: Organisation, group: Group) -> JsonObject:
    return {
        "id": group.id,
        "name": group.name,
        "type": group.type,
        "source": group.source.id if group.source else None,
        "roles": [role.type for role in group.roles],
        "members": [user.id for user in org.members_of(group)],
        "directory_members": [user.id for user in org.directory_members(group)] if group.source else None,
    }


def _app(org: Organisation, app: App) -> JsonObject:
    """App users as they are once every late effect has come."""
    return {
        "id": app.id,
        "name": app.name,
        "label": app.label,
        "status": app.status,
        "settings": app.settings,
        "users": [
            {"id": held.id, "scope": held.scope, "profile": held.profile}
            for held in resolve_app_users(app, org.members_of)
        ],
        "groups": [
            {"id": held.group.id, "priority": held.priority, "profile": held.profile}
            for held in sorted(app.assigned_groups.values(), key=by_priority)
        ],
    }
