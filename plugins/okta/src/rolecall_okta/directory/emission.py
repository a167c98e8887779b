"""What the directory's rows are to the host: resource types, resources, entitlements and grants."""

from collections.abc import Collection, Sequence
from math import isfinite

from rolecall import MEMBER, Entitlement, EntitlementRef, Finding, Grant, Ref, Resource, ResourceType, Trait
from rolecall_okta.directory.findings import finding, quoted
from rolecall_okta.rows import GroupRow, ProfiledUserRow, UserRow

ASSIGNED = "assigned"

USER = ResourceType("user", "Okta user", Trait.USER)
GROUP = ResourceType("group", "Okta group", Trait.GROUP, provisions=frozenset({MEMBER}))
ROLE = ResourceType("role", "Okta admin role")
RESOURCE_TYPES = (USER, GROUP, ROLE)


def user_ref(user_id: str) -> Ref:
    return Ref(USER.id, user_id)


def group_ref(group_id: str) -> Ref:
    return Ref(GROUP.id, group_id)


def member_of(group_id: str) -> EntitlementRef:
    return EntitlementRef(group_ref(group_id), MEMBER)


def person(row: ProfiledUserRow, keys: Sequence[str], disabled: Collection[str]) -> Resource:
    """A person; ``keys`` are those of the further values that the row holds."""
    return Resource(
        user_ref(row.id),
        row.display_name,
        status=row.status,
        enabled=row.status not in disabled,
        profile={
            "login": row.login,
            "email": row.email,
            "first_name": row.first_name,
            "last_name": row.last_name,
            **{key: _plain(value) for key, value in zip(keys, row.values, strict=True)},
        },
    )


def group(row: GroupRow) -> Resource:
    """A group."""
    return Resource(
        group_ref(row.id),
        row.name or row.id,
        profile={
            "name": row.name or None,
            "type": row.type,
            "description": row.description,
            "source_app_id": row.source_app_id,
            "source_app_name": row.source_app_name,
        },
    )


def membership(group_id: str) -> Entitlement:
    """What a group whose members are known offers."""
    return Entitlement(member_of(group_id), "Member", (USER.id,))


def member(group_id: str, who: Ref) -> Grant:
    return Grant(member_of(group_id), who)


def oddity(row: UserRow | GroupRow) -> Finding | None:
    """What is odd about a row by itself."""
    if isinstance(row, GroupRow):
        return None if row.name else finding("group_without_name", group_ref(row.id), name=row.id)
    if row.status is None:
        return finding("person_without_status", user_ref(row.id), name=quoted(row.display_name))
    return None


def _plain(value: object) -> object:
    """A value that an attribute of a profile can have; None for any other."""
    return [_single(each) for each in value] if isinstance(value, list) else _single(value)


def _single(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, str | int | None) else None
