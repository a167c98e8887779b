"""What an entitlement means at the provider now: once that changes, an approval was for another thing."""

from collections.abc import Iterable

from rolecall_okta import GroupRow
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow


def role_meaning(org: OrgNow, role: AwsRole, groups: Iterable[GroupRow] = ()) -> dict[str, object]:
    """Of a role: in group mapping, the groups whose names mean it, by id, and the settings that say so."""
    meaning = {**_settings(org), "account": role.account, "role": role.role}
    if isinstance(org.mode, MappingMode):
        meaning["groups"] = [_group(row) for row in sorted(groups, key=lambda row: row.id)]
    return meaning


def membership_meaning(org: OrgNow, group: GroupRow) -> dict[str, object]:
    """Of a group's membership: the group, and the roles that it stands for."""
    if isinstance(org.mode, SingleMode):
        assigned = org.assigned.get(group.id)
        gives = [] if assigned is None else [*assigned.roles.saml, assigned.roles.default]
    else:
        meaning = org.meanings.get(group.id)
        gives = [] if meaning is None else list(meaning)
    return {**_settings(org), "group": _group(group), "gives": gives, "assigned": group.id in org.assigned}


def assignment_meaning(org: OrgNow) -> dict[str, object]:
    """Of the app's assignment: the app, and how it hands out roles."""
    return {**_settings(org), "app": org.app.id}


def _settings(org: OrgNow) -> dict[str, object]:
    """The app's mode, and the settings that decide in it."""
    settings = org.app.settings
    if isinstance(org.mode, SingleMode):
        return {
            "mode": "saml_roles",
            "provider": settings.identity_provider_arn,
            "join_all_roles": settings.join_all_roles,
            "union": org.union,
        }
    return {
        "mode": "group_mapping",
        "group_filter": settings.group_filter,
        "app_filter": settings.app_filter,
        "role_value_pattern": settings.role_value_pattern,
    }


def _group(row: GroupRow) -> dict[str, object]:
    return {"id": row.id, "name": row.name, "type": row.type, "source": row.source_app_id}
