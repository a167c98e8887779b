"""Every path by which a person has something, each with the smallest change that ends it."""

from rolecall import MEMBER, EntitlementRef, ProvisioningRequest, Ref, Refused, Removal, Route
from rolecall_okta import GroupNow, OktaClient, UserRow, find_person, giving_back, leaving
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.federation import DIRECT, AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.provisioning import app_steps, person_roles
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen, foresee
from rolecall_okta_aws_federation.provisioning.fresh_reading import begin_reading
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow, Person, leaves, roles_of
from rolecall_okta_aws_federation.sync import ASSIGNED


async def removals(
    okta: OktaClient, settings: Settings, entitlement: EntitlementRef, person: Ref
) -> list[Removal]:
    """See ``rolecall_removals``."""
    request = ProvisioningRequest("revoke", entitlement, person)
    desk = Desk(okta, settings, request, await begin_reading(okta, settings.aws_okta_app_id))
    row = await find_person(okta, person)
    if row is None:
        return []
    if entitlement.resource.type == "group":
        found = await desk.group(entitlement.resource.id)
        if found is not None:
            await desk.reading.concern(found.row)
    org = await desk.reading.org([row])
    ways = [
        await _by_group(desk, org, row, path) if path != org.people[row.id].ref else _direct(desk, org, row)
        for path in sorted(_paths(desk, org, org.people[row.id]))
    ]
    return sorted((way for way in ways if way is not None), key=_cost)


def _paths(desk: Desk, org: OrgNow, person: Person) -> frozenset[Ref]:
    resource, slug = desk.request.entitlement
    if resource.type == "account":
        return roles_of(org, person).get(AwsRole(resource.id, slug), frozenset())
    if resource.type == "app" and slug == ASSIGNED and person.scope is not None:
        groups = frozenset(group.ref for group in org.assigning(person))
        return groups | {person.ref} if person.scope == DIRECT else groups
    if resource.type == "group" and slug == MEMBER and resource.id in desk.reading.held(person.id):
        return frozenset([resource])
    return frozenset()


def _cost(way: Removal) -> tuple[object, ...]:
    """Those that can be done and that end it first; then those that take least."""
    lost = sum(len(effect.loses) for effect in way.effects)
    return bool(way.refused), not way.ends_access, bool(way.given_back_by), lost, way.route, str(way.via)


def _direct(desk: Desk, org: OrgNow, row: UserRow) -> Removal:
    person, entitlement = org.people[row.id], desk.request.entitlement
    named = app_steps.person_named(person)
    if entitlement.resource.type == "app":
        draft = person_roles.end_assignment(org, person, desk.provider)
        path = f"{named} is assigned to the app directly"
    else:
        draft = person_roles.take_roles(org, person, [entitlement.slug], desk.provider, ())
        path = f"the assignment of {named} names the role"
    foreseen = foresee(org, draft.change)
    change = "; ".join(step.effect for step in draft.steps)
    return Removal(person.ref, path, change, "api", foreseen.felt, _ends(desk, foreseen, person.id))


async def _by_group(desk: Desk, org: OrgNow, row: UserRow, path: Ref) -> Removal | None:
    person, group = org.people[row.id], await desk.group(path.id)
    if group is None:
        return None
    named, name = app_steps.person_named(person), quoted(group.row.name)
    effect = f"takes {named} out of the group {name}"
    membership = await desk.membership(group, row)
    foreseen = foresee(org, leaves(person.id, group.id))
    route: Route = membership.route or "handoff"
    refused = ""
    try:
        leaving(membership, effect, accept={"rule_gives_back"})
    except Refused as refusal:
        refused = refusal.message
    back = giving_back(group.rules or (), person.id)
    return Removal(
        path,
        f"{named} is in the group {name}{_standing(desk, org, group)}",
        effect,
        route,
        foreseen.felt,
        _ends(desk, foreseen, person.id) and not back,
        tuple(rule.name or rule.id for rule in back),
        refused,
    )


def _standing(desk: Desk, org: OrgNow, group: GroupNow) -> str:
    """What the group has to do with it."""
    if desk.request.entitlement.resource.type == "group":
        return ""
    if group.id in org.meanings:
        return ", whose name gives the role"
    return ", which is assigned to the app"


def _ends(desk: Desk, foreseen: Foreseen, user_id: str) -> bool:
    resource, slug = desk.request.entitlement
    after = foreseen.after.people[user_id]
    if resource.type == "account":
        return foreseen.paths(user_id, AwsRole(resource.id, slug)) is None
    if resource.type == "app":
        return after.scope is None
    return resource.id not in after.groups
