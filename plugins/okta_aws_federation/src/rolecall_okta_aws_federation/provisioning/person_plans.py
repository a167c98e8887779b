"""What a request for a person comes to: a role in AWS, a group's membership, or the app's assignment."""

from collections.abc import Sequence

from rolecall import Held, Ref, Refused
from rolecall_okta import GroupNow, UserRow, assigned_held, joining, leaving, member_held
from rolecall_okta_aws_federation.federation import BY_GROUP, DIRECT, AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.provisioning import app_steps, mapped_roles, meanings, person_roles
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.draft import Draft, Outline
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen, foresee
from rolecall_okta_aws_federation.provisioning.guards import inherited, refuse_nothing
from rolecall_okta_aws_federation.provisioning.offered import refuse_unoffered, wanted_role
from rolecall_okta_aws_federation.provisioning.org_now import (
    OrgNow,
    Person,
    assigned_directly,
    joins,
    leaves,
    roles_of,
)
from rolecall_okta_aws_federation.provisioning.things import (
    own_assignment,
    rests_on_assignment,
    rests_on_role,
    role_held,
)


async def outline(desk: Desk, row: UserRow) -> Outline:
    """Work out what is to be done.

    Raises:
        Refused: It can't be, or must not be.
    """
    kind = desk.request.entitlement.resource.type
    if kind == "group":
        return await _membership(desk, row)
    if kind == "app":
        return await _assignment(desk, row)
    if isinstance(desk.reading.mode, MappingMode):
        return await _mapped_role(desk, row)
    return await _role(desk, row)


async def _role(desk: Desk, row: UserRow) -> Outline:
    """Without group mapping."""
    role = wanted_role(desk)
    org = await desk.reading.org([row])
    person = org.people[row.id]
    meaning = meanings.role_meaning(org, role)
    if desk.request.operation == "revoke":
        draft = await _take_role(desk, org, row, role)
        return Outline(person.ref, person.name, org, draft, meaning, writes_on=(person.ref,))
    draft = Draft()
    if role not in roles_of(org, person):
        await refuse_unoffered(desk, org, role)
        may_convert = desk.settings.allow_group_to_direct_assignment_conversion
        made = desk.request.made
        draft = person_roles.give_role(org, person, role, desk.provider, may_convert=may_convert, made=made)

    def rests_on(foreseen: Foreseen) -> Sequence[Held]:
        return rests_on_role(desk.provider, foreseen, person.id, role)

    return Outline(person.ref, person.name, org, draft, meaning, rests_on, (person.ref,))


async def _take_role(desk: Desk, org: OrgNow, row: UserRow, role: AwsRole) -> Draft:
    """By the path that was named, or in the person's own profile.

    Where an earlier attempt took what Rolecall gave and no more, the rest of it is still to be done.
    """
    person, via, made = org.people[row.id], desk.request.via, desk.request.made
    paths = roles_of(org, person).get(role)
    if paths is None:
        began = role_held(desk.provider, org.app.id, person.ref, role.role) in made
        ours = own_assignment(made, org.app.id, person.ref)
        if not began or ours is None or person.scope != DIRECT:
            return Draft()
        return person_roles.take_roles(org, person, [role.role], desk.provider, made)
    if via is not None and via != person.ref:
        return await _leave(desk, org, row, via, paths)
    if person.scope != DIRECT or person.ref not in paths:
        raise _inherited(desk, org, person, paths - {person.ref})
    draft = person_roles.take_roles(org, person, [role.role], desk.provider, made)
    after = foresee(org, draft.change)
    for group in sorted(after.paths(person.id, role) or ()):
        name = _group_names(desk, [group])[group.id]
        draft.warnings.append(
            f"{quoted(person.name)} still has the role through {quoted(name)}: --via {group} ends that."
        )
    return draft


async def _mapped_role(desk: Desk, row: UserRow) -> Outline:
    """With group mapping."""
    request, reading = desk.request, desk.reading
    role = AwsRole(request.entitlement.resource.id, request.entitlement.slug)
    groups, others = await mapped_roles.role_groups(desk, role)
    org = await reading.org([row])
    person = org.people[row.id]
    meaning = meanings.role_meaning(org, role, [group.row for group in groups])
    paths = roles_of(org, person).get(role)
    if request.operation == "grant":
        draft = Draft() if paths else await mapped_roles.give_role(desk, org, row, role, groups, others)

        def rests_on(foreseen: Foreseen) -> Sequence[Held]:
            return rests_on_role(desk.provider, foreseen, person.id, role)

        return Outline(person.ref, person.name, org, draft, meaning, rests_on, (person.ref,))
    draft = Draft()
    if paths is not None:
        if request.via is not None and request.via not in paths:
            raise _not_a_path(person, request.via, paths)
        wanted = [request.via] if request.via is not None else sorted(paths)
        draft = await mapped_roles.take_role(desk, org, row, role, wanted)
    elif any(member_held(desk.provider, group.id, person.id) in request.made for group in groups):
        draft = await mapped_roles.take_role(desk, org, row, role, ())
    if paths is None:
        latent = sorted(group_id for group_id in person.groups if org.meanings.get(group_id) == role)
        draft.warnings += [
            f"{quoted(person.name)} isn't assigned to the app, but is in a group (group:{group_id}) that "
            "gives the role once they are."
            for group_id in latent
        ]
    return Outline(person.ref, person.name, org, draft, meaning, writes_on=(person.ref,))


async def _membership(desk: Desk, row: UserRow) -> Outline:
    """Of any group, whether it bears on the app or not."""
    request = desk.request
    group = await desk.group(request.entitlement.resource.id)
    if group is None:
        raise Refused(
            f"The org has no group {quoted(request.entitlement.resource.id)}.",
            code="unknown_entitlement",
            hint="give a group's id, as rolecall access or the Admin Console shows it",
        )
    await desk.reading.concern(group.row)
    org = await desk.reading.org([row])
    person = org.people[row.id]
    membership = await desk.membership(group, row)
    draft, named = Draft(), app_steps.person_named(person)
    if request.operation == "grant":
        effect = f"puts {named} into the group {quoted(group.row.name)}"
        draft.take_membership(joining(membership, effect), joins(person.id, group.id))
        if draft.steps:
            _refuse_idle_group(desk, org, person, group, foresee(org, draft.change))
    else:
        effect = f"takes {named} out of the group {quoted(group.row.name)}"
        draft.take_membership(leaving(membership, effect, accept=request.accept), leaves(person.id, group.id))
    held = member_held(desk.provider, group.id, person.id)
    meaning = meanings.membership_meaning(org, group.row)
    return Outline(person.ref, person.name, org, draft, meaning, lambda _: [held], (person.ref,))


async def _assignment(desk: Desk, row: UserRow) -> Outline:
    """To the app."""
    org = await desk.reading.org([row])
    person, request = org.people[row.id], desk.request
    draft = Draft()
    if request.operation == "grant":
        if person.scope is None:
            effect = f"assigns {app_steps.person_named(person)} to the app"
            gives = [assigned_held(desk.provider, org.app.id, person.ref)]
            draft.do(
                app_steps.assign_person(org, person, None, effect, gives), assigned_directly(person.id, {})
            )
    elif person.scope is not None:
        draft = await _unassign(desk, org, row)

    def rests_on(foreseen: Foreseen) -> Sequence[Held]:
        return rests_on_assignment(desk.provider, foreseen.after, foreseen.after.people[person.id])

    meaning = meanings.assignment_meaning(org)
    return Outline(person.ref, person.name, org, draft, meaning, rests_on, (person.ref,))


async def _unassign(desk: Desk, org: OrgNow, row: UserRow) -> Draft:
    person, via = org.people[row.id], desk.request.via
    groups = frozenset(group.ref for group in org.assigning(person))
    if via is not None and via != person.ref:
        return await _leave(desk, org, row, via, groups)
    if person.scope == BY_GROUP:
        raise _inherited(desk, org, person, groups)
    draft = person_roles.end_assignment(org, person, desk.provider)
    if groups:
        names = ", ".join(map(quoted, _group_names(desk, sorted(groups)).values()))
        draft.warnings.append(f"{quoted(person.name)} stays assigned to the app through {names}.")
    return draft


async def _leave(desk: Desk, org: OrgNow, row: UserRow, via: Ref, paths: frozenset[Ref]) -> Draft:
    """End one path: take the person out of the group."""
    person = org.people[row.id]
    if via not in paths:
        raise _not_a_path(person, via, paths)
    group = await desk.group(via.id)
    draft = Draft()
    if group is None:
        return draft
    membership = await desk.membership(group, row)
    effect = f"takes {app_steps.person_named(person)} out of the group {quoted(group.row.name)}"
    draft.take_membership(
        leaving(membership, effect, accept=desk.request.accept), leaves(person.id, group.id)
    )
    return draft


def _refuse_idle_group(desk: Desk, org: OrgNow, person: Person, group: GroupNow, foreseen: Foreseen) -> None:
    """A group that stands for a role, and gives this person none."""
    assigned = org.assigned.get(group.id)
    bears = assigned is not None and bool(assigned.roles.saml or assigned.roles.default)
    if isinstance(org.mode, MappingMode):
        bears = group.id in org.meanings
    ref = Ref("group", group.id)
    if bears and not any(
        ref in paths for paths in roles_of(foreseen.after, foreseen.after.people[person.id]).values()
    ):
        why = {
            DIRECT: "whose assignment to the app is their own, so that groups don't give roles",
            BY_GROUP: "whom another group with a higher priority assigns",
        }.get(person.scope or "", "who isn't assigned to the app")
        refuse_nothing(
            desk.request,
            f"The group {quoted(group.row.name)} would give no role to {quoted(person.name)}, {why}.",
            "grant the role itself to the person, or accept a membership that gives nothing",
        )


def _inherited(desk: Desk, org: OrgNow, person: Person, paths: frozenset[Ref]) -> Refused:
    return inherited(org, person, desk.request.entitlement, paths, _group_names(desk, sorted(paths)))


def _not_a_path(person: Person, via: Ref, paths: frozenset[Ref]) -> Refused:
    listed = ", ".join(map(str, sorted(paths)))
    return Refused(
        f"{quoted(person.name)} hasn't this access through {via}.",
        code="not_a_path",
        hint=f"the paths are: {listed}" if listed else "rolecall explain lists the paths",
        facts={"paths": [str(path) for path in sorted(paths)]},
    )


def _group_names(desk: Desk, groups: Sequence[Ref]) -> dict[str, str]:
    rows = desk.reading.rows
    return {group.id: rows[group.id].name if group.id in rows else group.id for group in groups}
