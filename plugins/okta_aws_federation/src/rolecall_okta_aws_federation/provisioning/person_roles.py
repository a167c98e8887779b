"""A role in a person's own app profile, given and taken: the rules without group mapping."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from rolecall import Held, Refused
from rolecall_okta import assigned_held
from rolecall_okta_aws_federation.federation import BY_GROUP, DIRECT, AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.payloads import DEFAULT_ROLE
from rolecall_okta_aws_federation.provisioning import app_steps
from rolecall_okta_aws_federation.provisioning.draft import Draft
from rolecall_okta_aws_federation.provisioning.org_now import (
    OrgNow,
    Person,
    assigned_directly,
    not_assigned_directly,
    roles_of,
)
from rolecall_okta_aws_federation.provisioning.role_lists import Roles, with_role, without_roles
from rolecall_okta_aws_federation.provisioning.things import copied_roles, own_assignment, role_held

CONVERSION = "allow_group_to_direct_assignment_conversion"


def give_role(
    org: OrgNow,
    person: Person,
    role: AwsRole,
    provider: str,
    *,
    may_convert: bool,
    made: Collection[Held] = (),
) -> Draft:
    """Put a role into a person's own profile, whatever assigns them now.

    Raises:
        Refused: A group assigns them and that mustn't be converted, or is about to assign them; or the
            profile can't be changed without losing something.
    """
    if person.scope == DIRECT:
        return _add(org, person, role, provider, made)
    if person.scope == BY_GROUP:
        _refuse_conversion(org, person, role, may_convert=may_convert)
        return _convert(org, person, role, provider)
    if org.assigning(person):
        raise Refused(
            f"{app_steps.person_named(person)} is in a group that is assigned to the app, and Okta hasn't "
            "assigned them yet.",
            code="assignment_pending",
            hint="try again in a minute",
            facts={"groups": [str(group.ref) for group in org.assigning(person)]},
        )
    return _assign(org, person, role, provider)


def take_roles(
    org: OrgNow,
    person: Person,
    roles: Collection[str],
    provider: str,
    given: Collection[Held],
    *,
    undo: bool = False,
) -> Draft:
    """Take roles out of a person's own profile, and the assignment with them where it is to end.

    Args:
        org: The app as it is.
        person: Somebody with an assignment of their own.
        roles: What to take; those that aren't there are no matter.
        provider: The org.
        given: What Rolecall gave the person and may take. The assignment ends, where it is among them, once
            nothing is left in it but what a conversion copied.
        undo: Whether only what Rolecall wrote is to go: the profile's single role stays, whatever it is.
    """
    kept = without_roles(person.profile, roles, given)
    assignment = own_assignment(given, org.app.id, person.ref)
    own = person.roles.saml if undo else person.roles.named
    taken = [role_held(provider, org.app.id, person.ref, each) for each in sorted(set(own) & set(roles))]
    if assignment is not None and set(kept or ()) - {""} <= copied_roles(assignment):
        return _end(org, person, kept, taken, provider)
    draft = Draft()
    if taken:
        profile = app_steps.with_roles(person.profile, kept)
        if person.roles.default in roles and not undo:
            profile[DEFAULT_ROLE] = None
        _change(draft, org, person, profile, taken)
    return draft


def end_assignment(org: OrgNow, person: Person, provider: str) -> Draft:
    """Take a person's own assignment away, with all that it gives."""
    roles = [role_held(provider, org.app.id, person.ref, each) for each in sorted(person.roles.named)]
    return _removed(org, person, person, [*roles, assigned_held(provider, org.app.id, person.ref)])


def default_in_force(org: OrgNow, person: Person) -> str | None:
    """The single role of a person's profile, where it counts because no other does."""
    default = person.roles.default
    if default is None or person.roles.saml:
        return None
    return default if any(held.role == default for held in roles_of(org, person)) else None


def _assign(org: OrgNow, person: Person, role: AwsRole, provider: str) -> Draft:
    profile = app_steps.with_roles(None, [role.role])
    gives = [
        assigned_held(provider, org.app.id, person.ref),
        role_held(provider, org.app.id, person.ref, role.role),
    ]
    effect = f"assigns {app_steps.person_named(person)} to the app with the role {quoted(role.role)}"
    draft = Draft()
    draft.do(
        app_steps.assign_person(org, person, profile, effect, gives), assigned_directly(person.id, profile)
    )
    return draft


def _add(org: OrgNow, person: Person, role: AwsRole, provider: str, made: Collection[Held]) -> Draft:
    named = app_steps.person_named(person)
    default = default_in_force(org, person)
    given = with_role(named, person.profile, role.role, default, made)
    profile = app_steps.with_roles(person.profile, given.roles)
    effect = f"adds the role {quoted(role.role)} to the assignment of {named}"
    if default is not None:
        effect += f", and keeps the default role {quoted(default)} by naming it"
    gives = [role_held(provider, org.app.id, person.ref, role.role, given.detail)]
    draft = Draft()
    draft.do(
        app_steps.change_person(org, person, profile, effect, gives=gives),
        assigned_directly(person.id, profile),
    )
    return draft


def _convert(org: OrgNow, person: Person, role: AwsRole, provider: str) -> Draft:
    named = app_steps.person_named(person)
    groups = org.assigning(person)
    copied = _lost_without_copy(org, person)
    profile = app_steps.with_roles(person.profile, [*copied, role.role])
    detail = {"copied": list(copied), "groups": [group.id for group in groups]}
    gives = [
        assigned_held(provider, org.app.id, person.ref, detail),
        role_held(provider, org.app.id, person.ref, role.role),
    ]
    kept = f", with a copy of {_listed(copied)}" if copied else ""
    effect = f"makes the assignment of {named} their own{kept}, and adds the role {quoted(role.role)}"
    draft = Draft()
    draft.do(
        app_steps.convert_person(org, person, profile, effect, gives), assigned_directly(person.id, profile)
    )
    follow = (
        "roles that groups get or lose later don't reach" if copied else "groups don't decide the profile of"
    )
    draft.warnings.append(
        f"While the assignment is their own, {follow} {named}; it goes back to groups when this role ends."
    )
    return draft


def _lost_without_copy(org: OrgNow, person: Person) -> tuple[str, ...]:
    """What the resolved profile alone gives: what groups give by "join all roles" needs no copy."""
    empty = app_steps.with_roles({DEFAULT_ROLE: None}, [])
    alone = assigned_directly(person.id, empty)(org)
    still = {role.role for role in roles_of(alone, alone.people[person.id])}
    return tuple(sorted({role.role for role in roles_of(org, person)} - still))


def _refuse_conversion(org: OrgNow, person: Person, role: AwsRole, *, may_convert: bool) -> None:
    if may_convert:
        return
    groups = org.assigning(person)
    by = app_steps.group_named(groups[0]) if groups else "a group"
    instead = f", or grant the role to the group ({groups[0].ref}) for all of its members" if groups else ""
    raise Refused(
        f"{app_steps.person_named(person)} is assigned to the app by {by}, so that a role of their own takes "
        f"turning that into a direct assignment, which {CONVERSION} doesn't allow.",
        code="conversion_not_allowed",
        hint=f"set {CONVERSION} = true for this connector{instead}",
        facts={
            "setting": CONVERSION,
            "person": str(person.ref),
            "role": role.role,
            "groups": [{"id": str(group.ref), "name": group.name} for group in groups],
        },
    )


def _change(
    draft: Draft, org: OrgNow, person: Person, profile: dict[str, object], taken: Sequence[Held]
) -> None:
    what = _listed([held.mechanism.partition(":")[2] for held in taken])
    effect = f"takes {what} from the assignment of {app_steps.person_named(person)}"
    step = app_steps.change_person(org, person, profile, effect, takes=taken)
    draft.do(step, assigned_directly(person.id, profile))


def _end(org: OrgNow, person: Person, kept: Roles, taken: Sequence[Held], provider: str) -> Draft:
    """Take the roles, then the assignment; roles that an assignment takes along aren't taken first."""
    assignment = assigned_held(provider, org.app.id, person.ref)
    if not org.assigning(person):
        return _removed(org, person, person, [*taken, assignment])
    draft = Draft()
    changed = person
    if taken:
        profile = app_steps.with_roles(person.profile, kept)
        _change(draft, org, person, profile, taken)
        changed = replace(person, profile=profile)
    draft.join(_removed(org, person, changed, [assignment]))
    return draft


def _removed(org: OrgNow, person: Person, changed: Person, takes: Sequence[Held]) -> Draft:
    """Okta forbids to unassign whom a group assigns: then the assignment goes back to the group."""
    draft = Draft()
    named, groups = app_steps.person_named(person), org.assigning(person)
    if groups:
        effect = f"gives the assignment of {named} back to {app_steps.group_named(groups[0])}"
        step = app_steps.return_person(org, changed, effect, takes)
    else:
        step = app_steps.unassign_person(org, changed, f"takes the app from {named}", takes)
    draft.do(step, not_assigned_directly(person.id))
    return draft


def _listed(roles: Sequence[str]) -> str:
    named = ", ".join(map(quoted, roles[:5]))
    return f"{'the role ' if len(roles) == 1 else 'the roles '}{named}{' and more' if len(roles) > 5 else ''}"  # noqa: PLR2004
