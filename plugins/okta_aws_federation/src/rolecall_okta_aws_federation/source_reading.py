"""What a run takes from its identity source instead of asking Okta: people, groups and memberships.

The source is a connector of kind ``okta`` on the same org: ids are Okta's own in both.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from rolecall import MEMBER, EntitlementRef, IdentitySource, ListRead, Ref, Resource
from rolecall_okta import GroupRow, UserRow
from rolecall_okta_aws_federation.group_filter import GroupFilter
from rolecall_okta_aws_federation.naming import take_named_group
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.state import OrgState


def describe_from(
    source: IdentitySource, reader: Reader, state: OrgState, user_ids: Collection[str]
) -> set[str]:
    """Take from the source what it says of these people, and give the ids of those that it holds."""
    held = set()
    for row in people_from(source, user_ids):
        state.people.describe(row)
        held.add(row.id)
    _note(source, reader, "users", len(held))
    return held


def people_from(source: IdentitySource, user_ids: Collection[str]) -> Iterator[UserRow]:
    """What the source says of these people, for those that it holds."""
    return map(_user, source.find([Ref("user", each) for each in user_ids]))


def named_groups_from(source: IdentitySource, reader: Reader, state: OrgState, names: GroupFilter) -> None:
    """Take the groups whose names match."""
    listed = 0
    for resource in source.resources("group"):
        take_named_group(state, _group(resource), names)
        listed += 1
    _note(source, reader, "groups", listed)


def groups_from(source: IdentitySource, group_ids: Collection[str]) -> Iterator[GroupRow]:
    """What the source says of these groups, for those that it holds."""
    return map(_group, source.find([Ref("group", each) for each in group_ids]))


def assigned_groups_from(source: IdentitySource, state: OrgState) -> None:
    """Take what the source says of assigned groups, if it lists all groups: else Okta's lists say more."""
    if source.covers("group"):
        for row in groups_from(source, state.assigned):
            state.describe_group(row)


def still_held(source: IdentitySource, ids: Collection[str]) -> set[str]:
    """Of these ids of people and groups, those that the source holds."""
    refs = [Ref(kind, each) for kind in ("user", "group") for each in ids]
    return {resource.ref.id for resource in source.find(refs)}


def members_from(
    source: IdentitySource, reader: Reader, state: OrgState, group_ids: Collection[str]
) -> set[str]:
    """Take the members of these groups, and give the ids of the groups whose members the source holds."""
    held: set[str] = set()
    strangers: set[str] = set()
    for member, holders in source.holders([EntitlementRef(Ref("group", each), MEMBER) for each in group_ids]):
        people = [ref.id for ref in holders if ref.type == "user" and ref.id not in reader.lost]
        strangers.update(each for each in people if state.people.number(each) is None)
        state.keep_members(member.resource.id, (state.people.meet_undescribed(each, None) for each in people))
        held.add(member.resource.id)
    if strangers:
        describe_from(source, reader, state, strangers)
    _note(source, reader, "members", sum(len(state.members[group_id]) for group_id in held))
    return held


def count_members_from(source: IdentitySource, state: OrgState, group_ids: Collection[str]) -> set[str]:
    """Take how many members these groups have, and give the ids of those whose members the source holds."""
    held = set()
    for member, holders in source.holders([EntitlementRef(Ref("group", each), MEMBER) for each in group_ids]):
        group = state.groups[member.resource.id]
        state.groups[group.id] = replace(group, users_count=len(holders))
        held.add(group.id)
    return held


def _note(source: IdentitySource, reader: Reader, what: str, items: int) -> None:
    note = f"taken from run {source.run_id} of the identity source {source.connector}, not from Okta"
    reader.reads.add(ListRead(f"{source.connector}: {what}", items=items, note=note))


def _user(resource: Resource) -> UserRow:
    profile = resource.profile
    return UserRow(
        resource.ref.id,
        _text(profile.get("login")),
        _text(profile.get("email")),
        _text(profile.get("first_name")),
        _text(profile.get("last_name")),
        resource.display_name,
        resource.status,
    )


def _group(resource: Resource) -> GroupRow:
    profile = resource.profile
    return GroupRow(
        resource.ref.id,
        _text(profile.get("name")) or "",
        _text(profile.get("type")),
        _text(profile.get("source_app_id")),
        _text(profile.get("source_app_name")),
        None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
