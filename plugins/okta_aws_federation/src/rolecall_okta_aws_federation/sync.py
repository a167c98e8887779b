"""What a run hands to the host: resources, entitlements and grants, by resource type, in batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TypeVar

from rolecall import MEMBER, Entitlement, EntitlementRef, Grant, Ref, Resource, ResourceType, Trait
from rolecall_okta import UserRow
from rolecall_okta_aws_federation.aws_app import settings_that_decide
from rolecall_okta_aws_federation.federation import BY_GROUP, DIRECT, AwsRole, GroupHolding, PersonHolding
from rolecall_okta_aws_federation.payloads import ACTIVE
from rolecall_okta_aws_federation.people import CANNOT_SIGN_IN
from rolecall_okta_aws_federation.snapshot import Snapshot
from rolecall_okta_aws_federation.state import AppUser

ASSIGNED = "assigned"
BATCH = 1000

USER = ResourceType("user", "Okta user", Trait.USER)
GROUP = ResourceType("group", "Okta group", Trait.GROUP, provisions=frozenset({MEMBER}))
APP = ResourceType("app", "AWS app", Trait.APP, provisions=frozenset({ASSIGNED}))
ACCOUNT = ResourceType("account", "AWS account", Trait.TARGET, provisions=frozenset({"*"}))
RESOURCE_TYPES = (USER, GROUP, APP, ACCOUNT)

_Thing = TypeVar("_Thing")


def resources(resource_type: ResourceType, snapshot: Snapshot) -> Iterator[list[Resource]]:
    """Every resource of a type."""
    return batches(_RESOURCES[resource_type.id](snapshot))


def entitlements(resource_type: ResourceType, snapshot: Snapshot) -> Iterator[list[Entitlement]]:
    """Every entitlement of resources of a type."""
    return batches(_ENTITLEMENTS[resource_type.id](snapshot))


def grants(resource_type: ResourceType, snapshot: Snapshot) -> Iterator[list[Grant]]:
    """Every grant on resources of a type."""
    return batches(_GRANTS[resource_type.id](snapshot))


def batches(things: Iterable[_Thing]) -> Iterator[list[_Thing]]:
    """The same things, many at a time."""
    left = iter(things)
    while batch := list(islice(left, BATCH)):
        yield batch


def _nothing(_: Snapshot) -> Iterator[_Thing]:
    return iter(())


def _users(snapshot: Snapshot) -> Iterator[Resource]:
    return map(user, snapshot.people.values())


def user(row: UserRow) -> Resource:
    """A person."""
    profile = {
        "login": row.login,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
    }
    enabled = row.status not in CANNOT_SIGN_IN
    return Resource(
        Ref("user", row.id), row.display_name, status=row.status, enabled=enabled, profile=profile
    )


def _groups(snapshot: Snapshot) -> Iterator[Resource]:
    priorities = {group.ref.id: group.priority for group in snapshot.assigned}
    for group in snapshot.groups.values():
        profile: dict[str, object] = {"type": group.type, "source": snapshot.state.source_of(group)}
        priority = priorities.get(group.id)
        if priority is not None:
            profile["priority"] = priority
        yield Resource(Ref("group", group.id), group.name or group.id, profile=profile)


def _app(snapshot: Snapshot) -> Iterator[Resource]:
    app = snapshot.state.app
    profile = {
        "name": app.name,
        "label": app.label,
        "status": app.status,
        **settings_that_decide(app.settings),
        "saml_roles_union": snapshot.union,
    }
    yield Resource(
        Ref("app", app.id),
        app.label or app.id,
        status=app.status,
        enabled=app.status == ACTIVE,
        profile=profile,
    )


def _accounts(snapshot: Snapshot) -> Iterator[Resource]:
    for account in sorted(snapshot.holdings.accounts):
        yield Resource(Ref("account", account), account)


def member_of(group_id: str) -> EntitlementRef:
    """What the members of a group hold."""
    return EntitlementRef(Ref("group", group_id), MEMBER)


def _memberships_offered(snapshot: Snapshot) -> Iterator[Entitlement]:
    for group_id in snapshot.groups:
        yield Entitlement(member_of(group_id), "Member", ("user",))


def _assignment_offered(snapshot: Snapshot) -> Iterator[Entitlement]:
    yield Entitlement(assigned_to(snapshot), "Assigned", ("user", "group"))


def _roles_offered(snapshot: Snapshot) -> Iterator[Entitlement]:
    for role, arns in snapshot.holdings.roles.items():
        profile = {"role_arn": arns.role, "provider_arn": arns.provider}
        yield Entitlement(_role_of(role), role.role, ("user", "group"), profile)


def _memberships(snapshot: Snapshot) -> Iterator[Grant]:
    people = {number: Ref("user", row.id) for number, row in snapshot.people.items()}
    for group_id, members in snapshot.members.items():
        member = member_of(group_id)
        for number in members:
            yield Grant(member, people[number])


def _assignments(snapshot: Snapshot) -> Iterator[Grant]:
    yield from assignments(snapshot, snapshot.state.app_users)
    assigned = assigned_to(snapshot)
    for group in snapshot.assigned:
        yield Grant(assigned, group.ref)


def assignments(snapshot: Snapshot, people: Iterable[int]) -> Iterator[Grant]:
    """What these assigned people hold of the app, by their numbers."""
    assigned = assigned_to(snapshot)
    linkable = {group.ref for group in snapshot.assigned}
    for number in people:
        person = Ref("user", snapshot.people[number].id)
        known = tuple(sorted(group.ref for group in snapshot.groups_of.get(number, ())))
        app_user = snapshot.state.app_users[number]
        yield Grant(assigned, person, sources=_assignment_sources(app_user, known, linkable))


def _assignment_sources(
    app_user: AppUser, known: tuple[Ref, ...], linkable: set[Ref]
) -> tuple[Ref, ...] | None:
    linked = (app_user.group,) if app_user.group in linkable and app_user.group is not None else ()
    if app_user.scope == DIRECT or (app_user.scope != BY_GROUP and not known and not linked):
        return ()
    return known or linked or None


def _roles_held(snapshot: Snapshot) -> Iterator[Grant]:
    return roles_held(snapshot, chain(snapshot.holdings.groups, snapshot.holdings.people))


def roles_held(snapshot: Snapshot, holdings: Iterable[GroupHolding | PersonHolding]) -> Iterator[Grant]:
    """These holdings as grants."""
    condition = assigned_to(snapshot)
    refs = {role: _role_of(role) for role in snapshot.holdings.roles}
    for held in holdings:
        if isinstance(held, GroupHolding):
            yield Grant(refs[held.role], held.group, held.expandable, condition)
        else:
            yield Grant(refs[held.role], held.person, condition=condition, sources=held.sources)


def assigned_to(snapshot: Snapshot) -> EntitlementRef:
    """What everybody who is assigned to the app holds."""
    return EntitlementRef(Ref("app", snapshot.state.app.id), ASSIGNED)


def _role_of(role: AwsRole) -> EntitlementRef:
    return EntitlementRef(Ref("account", role.account), role.role)


_RESOURCES: Mapping[str, Callable[[Snapshot], Iterator[Resource]]] = {
    "user": _users,
    "group": _groups,
    "app": _app,
    "account": _accounts,
}
_ENTITLEMENTS: Mapping[str, Callable[[Snapshot], Iterator[Entitlement]]] = {
    "user": _nothing,
    "group": _memberships_offered,
    "app": _assignment_offered,
    "account": _roles_offered,
}
_GRANTS: Mapping[str, Callable[[Snapshot], Iterator[Grant]]] = {
    "user": _nothing,
    "group": _memberships,
    "app": _assignments,
    "account": _roles_held,
}
