"""What a request for a group comes to: a role in its assignment to the app, or the assignment."""

from rolecall import EntitlementRef, Ref, Refused
from rolecall_okta import GroupNow, assigned_held, shown
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.provisioning import group_roles, mapped_roles, meanings
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.draft import Draft, Outline, on_nothing
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen, foresee
from rolecall_okta_aws_federation.provisioning.fresh_reading import members_of
from rolecall_okta_aws_federation.provisioning.guards import refuse_nothing
from rolecall_okta_aws_federation.provisioning.offered import refuse_unoffered, wanted_role
from rolecall_okta_aws_federation.provisioning.org_now import AppGroup, OrgNow
from rolecall_okta_aws_federation.provisioning.things import role_held


async def outline(desk: Desk, group: GroupNow) -> Outline:
    """Work out what is to be done.

    Raises:
        Refused: It can't be, or must not be.
    """
    entitlement = desk.request.entitlement
    if entitlement.resource.type == "group":
        raise Refused(
            f"{shown(str(entitlement))} can be given to people only: Okta's groups hold no groups.",
            code="not_grantable",
            hint="grant it to a person",
        )
    ref = Ref("group", group.id)
    await desk.reading.concern(group.row)
    if entitlement.resource.type == "app":
        return await _assignment(desk, group, ref)
    if isinstance(desk.reading.mode, MappingMode):
        return await _mapped_role(desk, group, ref, entitlement)
    return await _role(desk, group, ref)


async def _role(desk: Desk, group: GroupNow, ref: Ref) -> Outline:
    """Without group mapping."""
    role = wanted_role(desk)
    assigned = desk.reading.assigned.get(group.id)
    holds = assigned is not None and role.role in assigned.roles.named
    grants = desk.request.operation == "grant"
    touched = grants != holds
    org = await desk.reading.org(await members_of(desk.okta, group.row) if touched else [])
    draft = Draft()
    if grants and not holds:
        await refuse_unoffered(desk, org, role)
        draft = group_roles.give_group_role(
            org, ref, group.row.name, role.role, desk.provider, desk.request.made
        )
        _refuse_idle(desk, group, role, foresee(org, draft.change))
    elif not grants and holds and assigned is not None:
        _refuse_default(assigned, role.role)
        draft = group_roles.take_group_roles(org, assigned, [role.role], desk.provider, desk.request.made)
    things = [
        assigned_held(desk.provider, org.app.id, ref),
        role_held(desk.provider, org.app.id, ref, role.role),
    ]
    meaning = meanings.role_meaning(org, role)
    return Outline(ref, group.row.name, org, draft, meaning, lambda _: things, _written(org, ref))


async def _assignment(desk: Desk, group: GroupNow, ref: Ref) -> Outline:
    """To the app."""
    reading = desk.reading
    assigned = reading.assigned.get(group.id)
    grants = desk.request.operation == "grant"
    touched = grants == (assigned is None)
    org = await reading.org(await members_of(desk.okta, group.row) if touched else [])
    draft = Draft()
    if grants and assigned is None:
        draft = group_roles.assign(org, ref, group.row.name, desk.provider)
    elif not grants and assigned is not None:
        roles = [role_held(desk.provider, org.app.id, ref, each) for each in assigned.roles.saml]
        draft = group_roles.unassign(org, assigned, desk.provider, roles)
    things = [assigned_held(desk.provider, org.app.id, ref)]
    meaning = meanings.assignment_meaning(org)
    return Outline(ref, group.row.name, org, draft, meaning, lambda _: things, _written(org, ref))


async def _mapped_role(desk: Desk, group: GroupNow, ref: Ref, entitlement: EntitlementRef) -> Outline:
    """With group mapping: it has the role by its name, or can't have it."""
    role = AwsRole(entitlement.resource.id, entitlement.slug)
    has = await desk.reading.meaning(group.row) == role
    if has != (desk.request.operation == "grant"):
        raise mapped_roles.group_has_by_name(role, ref)
    org = await desk.reading.org([])
    meaning = meanings.role_meaning(org, role, [group.row] if has else [])
    return Outline(ref, group.row.name, org, Draft(), meaning, on_nothing)


def _refuse_idle(desk: Desk, group: GroupNow, role: AwsRole, foreseen: Foreseen) -> None:
    """A role that none of the group's members would have through it."""
    people, ref = foreseen.after.people, Ref("group", group.id)
    if people and not any(ref in (foreseen.paths(user_id, role) or ()) for user_id in people):
        refuse_nothing(
            desk.request,
            f"Nobody in the group {quoted(group.row.name)} would have the role (members: {len(people)}): "
            "assignments of their own, or groups with a higher priority, decide.",
            "grant the role to the people, or accept that the group's role reaches nobody now",
        )


def _refuse_default(assigned: AppGroup, role: str) -> None:
    if assigned.roles.default == role and set(assigned.roles.saml) <= {role}:
        raise Refused(
            f"The group gives {quoted(role)} as its default role, which counts where it names no other.",
            code="default_role",
            hint="give the group's assignment another role, or take its default role away in Okta",
        )


def _written(org: OrgNow, group: Ref) -> tuple[Ref, ...]:
    """Priorities are the app's: two groups aren't assigned at once."""
    return (Ref("app", org.app.id), group)
