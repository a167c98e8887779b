"""Takes back what Rolecall gave, thing by thing as it is on record; no name is looked up again."""

from collections.abc import Callable, Mapping, Sequence

from rolecall import Held, NotFound, Ref, Refused
from rolecall_okta import UserRow, find_person, leaving, member_held
from rolecall_okta_aws_federation.federation import DIRECT
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.provisioning import app_steps, group_roles, person_roles
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.draft import Draft, Outline
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen
from rolecall_okta_aws_federation.provisioning.fresh_reading import members_of
from rolecall_okta_aws_federation.provisioning.org_now import AppGroup, OrgNow, Person, leaves
from rolecall_okta_aws_federation.provisioning.things import own_assignment, role_in, roles_among


async def undo(desk: Desk) -> Outline:
    """The recorded inverse of what was given to one principal.

    Raises:
        Refused: The things aren't all one principal's, in this org, on this app or on groups.
    """
    things = desk.request.undo
    principal = _one_principal(desk, things)
    meaning = {"undo": sorted(f"{held.object} {held.principal} {held.mechanism}" for held in things)}
    if principal.type == "group":
        return await _undo_for_group(desk, principal, meaning)
    row = await find_person(desk.okta, principal)
    if row is None:
        draft = Draft(warnings=[f"{principal} is gone from Okta, and everything they had with it."])
        return Outline(principal, principal.id, await desk.reading.org([]), draft, meaning)
    return await _undo_for_person(desk, row, meaning)


async def _undo_for_person(desk: Desk, row: UserRow, meaning: Mapping[str, object]) -> Outline:
    things = desk.request.undo
    groups = [await desk.group(held.object.id) for held in things if held.object.type == "group"]
    for group in groups:
        if group is not None:
            await desk.reading.concern(group.row)
    org = await desk.reading.org([row])
    person, now, later = org.people[row.id], Draft(), Draft()
    named = app_steps.person_named(person)
    for group in groups:
        if group is None:
            continue
        membership = await desk.membership(group, row)
        effect = f"takes {named} out of the group {quoted(group.row.name)}"
        part = leaving(membership, effect, undo=True)
        (later if membership.route == "handoff" else now).take_membership(part, leaves(person.id, group.id))
    on_app = [held for held in things if held.object.type == "app"]
    left = now.change(org)
    if on_app and person.scope == DIRECT:
        now.join(_from_profile(desk, left, left.people[row.id], on_app))
    now.join(later)
    return Outline(person.ref, person.name, org, now, meaning, _staying(things), (person.ref,))


def _from_profile(desk: Desk, org: OrgNow, person: Person, things: Sequence[Held]) -> Draft:
    """Take roles, and the assignment where nothing is left in it that isn't ours."""
    ours = own_assignment(things, org.app.id, person.ref)
    draft = person_roles.take_roles(org, person, roles_among(things), desk.provider, things, undo=True)
    _warn_if_it_stays(draft, ours, app_steps.person_named(person))
    return draft


async def _undo_for_group(desk: Desk, principal: Ref, meaning: Mapping[str, object]) -> Outline:
    things = desk.request.undo
    assigned = desk.reading.assigned.get(principal.id)
    writes_on = (Ref("app", desk.app_id), principal)
    if assigned is None:
        return Outline(
            principal, principal.id, await desk.reading.org([]), Draft(), meaning, writes_on=writes_on
        )
    try:
        people = await members_of(desk.okta, desk.reading.rows[principal.id])
    except NotFound:
        people = []
    org = await desk.reading.org(people)
    ours = own_assignment(things, org.app.id, principal)
    draft = group_roles.take_group_roles(org, assigned, roles_among(things), desk.provider, things)
    _warn_if_it_stays(draft, ours, app_steps.group_named(assigned))
    return Outline(principal, assigned.name or principal.id, org, draft, meaning, _staying(things), writes_on)


def _staying(things: Sequence[Held]) -> Callable[[Foreseen], Sequence[Held]]:
    """What is still there afterwards: it is somebody else's by now, and not for Rolecall to take."""

    def stays(org: OrgNow, held: Held) -> bool:
        if held.object.type != "app":
            return False
        own: Person | AppGroup | None = org.assigned.get(held.principal.id)
        if held.principal.type == "user":
            person = org.people[held.principal.id]
            own = person if person.scope == DIRECT else None
        role = role_in(held)
        return own is not None and (role is None or role in own.roles.named)

    return lambda foreseen: [held for held in things if stays(foreseen.after, held)]


def _warn_if_it_stays(draft: Draft, assignment: Held | None, named: str) -> None:
    if assignment is not None and not any(assignment in step.takes for step in draft.steps):
        draft.warnings.append(f"The assignment of {named} stays: it has roles that aren't Rolecall's.")


def _one_principal(desk: Desk, things: Sequence[Held]) -> Ref:
    principals = {held.principal for held in things}
    strange = [
        held
        for held in things
        if held.provider != desk.provider
        or not (
            held.object == Ref("app", desk.app_id)
            or held == member_held(desk.provider, held.object.id, held.principal.id)
        )
    ]
    if len(principals) != 1 or strange:
        raise Refused(
            "What is to be taken back isn't one principal's, or isn't this connector's.",
            code="not_ours",
            hint="take it back with the connector that gave it",
        )
    return principals.pop()
