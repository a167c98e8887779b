"""A role that a group's name gives, in group mapping: given and taken by the membership of that group."""

import difflib
from collections.abc import Sequence

from rolecall import Ref, Refused
from rolecall_okta import GroupNow, GroupRow, UserRow, assigned_held, joining, leaving
from rolecall_okta_aws_federation.federation import DIRECT, AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.provisioning import app_steps, person_roles
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.draft import Draft
from rolecall_okta_aws_federation.provisioning.foresight import account_role, role_named
from rolecall_okta_aws_federation.provisioning.org_now import (
    OrgNow,
    assigned_directly,
    joins,
    leaves,
    roles_of,
)
from rolecall_okta_aws_federation.provisioning.things import SWITCHED_ON, own_assignment

NATIVE_GROUP = "OKTA_GROUP"
ALIKE = 0.5
SHOWN = 10
"""Near misses named in a refusal."""


async def role_groups(desk: Desk, role: AwsRole) -> tuple[list[GroupNow], list[GroupRow]]:
    """The admitted groups that mean a role, each read by its id, and all other groups of its account."""
    listed = await desk.reading.groups_of_account(role.account)
    meaning, others = [], []
    for row in sorted(listed, key=lambda row: row.id):
        if await desk.reading.meaning(row) != role:
            others.append(row)
            continue
        group = await desk.group(row.id)  # lists lag behind
        if group is not None and await desk.reading.concern(group.row) == role:
            meaning.append(group)
    return meaning, others


async def give_role(
    desk: Desk,
    org: OrgNow,
    row: UserRow,
    role: AwsRole,
    groups: Sequence[GroupNow],
    others: Sequence[GroupRow],
) -> Draft:
    """Put a person into the one group that means the role, and assign the app where nothing does.

    Raises:
        Refused: No group means it, or several do; the candidates are named.
    """
    person, draft = org.people[row.id], Draft()
    if not any(group.id in person.groups for group in groups):
        group = await _the_one(desk, role, groups, others)
        membership = await desk.membership(group, row)
        named = app_steps.person_named(person)
        effect = f"puts {named} into {quoted(group.row.name)}, which gives {role_named(role)}"
        draft.take_membership(joining(membership, effect), joins(person.id, group.id))
    after = draft.change(org)
    if after.people[person.id].scope is None:
        effect = f"assigns {app_steps.person_named(person)} to the app, without which no role counts"
        assigns = assigned_directly(person.id, {})
        assigned = assigns(after)
        along = roles_of(assigned, assigned.people[person.id]).keys() - {role}
        detail = {SWITCHED_ON: sorted(str(account_role(each)) for each in along)}
        gives = [assigned_held(desk.provider, org.app.id, person.ref, detail)]
        draft.do(app_steps.assign_person(org, person, None, effect, gives), assigns)
    return draft


async def take_role(desk: Desk, org: OrgNow, row: UserRow, role: AwsRole, paths: Sequence[Ref]) -> Draft:
    """Take a person out of these groups; an assignment that Rolecall made for the role goes with it.

    Where one path is to end alone, the assignment stays as long as it gives any role. What others must do
    comes last: nothing that can be ended at once waits for it.

    Raises:
        Refused: Nobody can change the members of one of them, or a rule would put the person back.
    """
    person = org.people[row.id]
    now, later = Draft(), Draft()
    for path in paths:
        group = await desk.group(path.id)
        if group is None:
            continue
        membership = await desk.membership(group, row)
        named = app_steps.person_named(person)
        effect = f"takes {named} out of {quoted(group.row.name)}, which gives {role_named(role)}"
        part = leaving(membership, effect, accept=desk.request.accept)
        (later if membership.route == "handoff" else now).take_membership(part, leaves(person.id, group.id))
    left = later.change(now.change(org))
    ours = own_assignment(desk.request.made, org.app.id, person.ref)
    others = roles_of(left, left.people[person.id])
    if ours is not None and person.scope == DIRECT and (desk.request.via is None or not others):
        if others:
            listed = ", ".join(map(role_named, sorted(others)))
            now.warnings.append(
                f"Rolecall assigned {app_steps.person_named(person)} to the app for this role alone, so the "
                f"assignment goes with it, and what it gives besides: {listed}."
            )
            now.instead = f"end the group's path alone with --via {paths[0]}" if paths else ""
        done = now.change(org)
        now.join(person_roles.end_assignment(done, done.people[person.id], desk.provider))
    now.join(later)
    return now


def group_has_by_name(role: AwsRole, group: Ref) -> Refused:
    """The refusal to give a group a role, or to take it, where only its name can."""
    return Refused(
        f"With group mapping a group gives a role by its name alone, so {role_named(role)} can't be given "
        f"to {group} or taken from it.",
        code="role_by_name",
        hint="grant the role to people, or rename the group in Okta, where the name is what gives access",
        facts={"entitlement": str(account_role(role)), "group": str(group)},
    )


async def _the_one(
    desk: Desk, role: AwsRole, groups: Sequence[GroupNow], others: Sequence[GroupRow]
) -> GroupNow:
    usable = [group for group in groups if group.route is not None]
    native = [group for group in usable if group.row.type == NATIVE_GROUP]
    chosen = native or usable
    if len(chosen) == 1:
        return chosen[0]
    entitlement, near = role_named(role), await _near(desk, others, role)
    facts = {"candidates": [_candidate(group) for group in groups], "near": near}
    mode = desk.reading.mode
    if isinstance(mode, MappingMode) and mode.group_filter is None:
        raise Refused(
            f"No group means {entitlement}: {' '.join(odd.message for odd in desk.reading.oddities)}",
            code="no_group_filter",
            hint="put the app's groupFilter right in its sign-on settings",
        )
    if chosen:
        names = ", ".join(f"{quoted(group.row.name)} (group:{group.id})" for group in chosen)
        raise Refused(
            f"Several groups mean {entitlement}, and which to use can't be told: {names}.",
            code="several_role_groups",
            hint=f"grant the membership of the one you mean, such as group:{chosen[0].id}:member",
            facts=facts,
        )
    raise Refused(
        f"No group that the app counts means {entitlement}.",
        code="no_role_group",
        hint=_near_hint(near)
        or "make a native group with the name that the group filter reads so; rolecall jit twins prints it",
        facts=facts,
    )


def _candidate(group: GroupNow) -> dict[str, object]:
    row = group.row
    return {
        "id": f"group:{row.id}",
        "name": row.name,
        "type": row.type,
        "source": row.source_app_name,
        "route": group.route,
    }


async def _near(desk: Desk, others: Sequence[GroupRow], role: AwsRole) -> list[dict[str, object]]:
    """Groups of the account that nearly mean the role: not admitted, or with a role written much alike."""
    found: list[tuple[GroupRow, str]] = []
    names: dict[str, tuple[str, GroupRow]] = {}
    for row in others:
        named = desk.reading.names(row)
        if named == role:
            found.append((row, "appFilter doesn't admit it"))
        elif named is not None:
            names.setdefault(named.role.casefold(), (named.role, row))
    for close in difflib.get_close_matches(role.role.casefold(), names, n=SHOWN, cutoff=ALIKE):
        written, row = names[close]
        found.append((row, f"it means the role {quoted(written)}"))
    near = [(await desk.group(row.id), why) for row, why in found[:SHOWN]]
    return [{**_candidate(group), "why": why} for group, why in near if group is not None]


def _near_hint(near: Sequence[dict[str, object]]) -> str:
    if not near:
        return ""
    return f"did you mean {quoted(str(near[0]['name']))} ({near[0]['id']}: {near[0]['why']})?"
