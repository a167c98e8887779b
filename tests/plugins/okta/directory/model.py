"""A plain model: what a directory must give of an organisation, worked out from the organisation itself."""

from rolecall import MEMBER, EntitlementRef, GrantRef, Ref


def expected(org, *, prefixes=(), types=(), wanted=None):
    """Names of resources, entitlements, and grants with whether they expand.

    ``wanted`` are ids of the groups whose members are listed, or None for all.
    """
    groups = [group for group in org.groups if _in_scope(group, prefixes, types)]
    listed = [group for group in groups if wanted is None or group.id in wanted or group is org.everyone]
    resources = {Ref("user", user.id) for user in org.users} | {Ref("group", group.id) for group in groups}
    entitlements = {EntitlementRef(Ref("group", group.id), MEMBER) for group in listed}
    grants = {
        GrantRef(EntitlementRef(Ref("group", group.id), MEMBER), Ref("user", user.id)): False
        for group in listed
        for user in org.members_of(group)
    }
    holders = [("user", user) for user in org.users] + [("group", group) for group in groups]
    for kind, holder in holders:
        for role in holder.roles:
            ref = Ref("role", f"{role.custom.id}/{role.resource_set.id}" if role.custom else role.type)
            resources.add(ref)
            entitlements.add(EntitlementRef(ref, "assigned"))
            grants[GrantRef(EntitlementRef(ref, "assigned"), Ref(kind, holder.id))] = kind == "group"
    return resources, entitlements, grants


def given(directory):
    """The same of what a directory holds."""
    grants = {ref: grant.expandable for ref, grant in directory.grants.items()}
    return set(directory.resources), set(directory.entitlements), grants


def _in_scope(group, prefixes, types):
    named = not prefixes or (group.name or "").startswith(tuple(prefixes))
    return named and (not types or group.type in types)
