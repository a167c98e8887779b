"""A group's assignment to the app, and a role in it: given and taken, nobody else's roles being moved."""

from collections.abc import Collection
from dataclasses import replace

from rolecall import Held, Ref, Refused
from rolecall_okta import assigned_held
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.provisioning import app_steps
from rolecall_okta_aws_federation.provisioning.draft import Draft
from rolecall_okta_aws_federation.provisioning.org_now import (
    AppGroup,
    OrgNow,
    Profile,
    group_assigned,
    group_unassigned,
)
from rolecall_okta_aws_federation.provisioning.role_lists import with_role, without_roles
from rolecall_okta_aws_federation.provisioning.things import own_assignment, role_held

LOWEST_PRIORITY = 100
"""Okta's documented range for an app group's priority is 0 to 100."""


def give_group_role(
    org: OrgNow, group: Ref, name: str, role: str, provider: str, made: Collection[Held] = ()
) -> Draft:
    """Put a role into a group's assignment, or assign the group with it, below all others.

    Raises:
        Refused: Its profile can't be changed without losing something.
    """
    assigned = org.assigned.get(group.id)
    if assigned is None:
        return assign(org, group, name, provider, role)
    named = app_steps.group_named(assigned)
    default = assigned.roles.default if not assigned.roles.saml else None
    given = with_role(named, assigned.profile, role, default, made)
    effect = f"adds the role {quoted(role)} to the assignment of {named}"
    if default is not None:
        effect += f", and keeps the default role {quoted(default)} by naming it"
    gives = [role_held(provider, org.app.id, group, role, given.detail)]
    draft = Draft()
    draft.do(
        app_steps.change_group(org, assigned, given.roles, effect, gives=gives),
        group_assigned(replace(assigned, profile=app_steps.with_roles(assigned.profile, given.roles))),
    )
    return draft


def assign(org: OrgNow, group: Ref, name: str, provider: str, role: str | None = None) -> Draft:
    """Assign a group to the app below all others: it wins over none, so that nobody's roles are replaced.

    Raises:
        Refused: There is no place below all others.
    """
    if org.last_priority > LOWEST_PRIORITY:
        raise Refused(
            f"Another group has the lowest priority that Okta knows ({LOWEST_PRIORITY}), so that "
            f"{quoted(name)} can't be assigned below all others.",
            code="no_priority_left",
            hint="give the assigned groups smaller priorities in the Okta Admin Console, in the same order",
        )
    profile: Profile | None = None if role is None else app_steps.with_roles(None, [role])
    assigned = AppGroup(group.id, name, org.last_priority, profile)
    gives = [assigned_held(provider, org.app.id, group)]
    if role is not None:
        gives.append(role_held(provider, org.app.id, group, role))
    with_role = "" if role is None else f" with the role {quoted(role)}"
    effect = f"assigns {app_steps.group_named(assigned)} to the app{with_role}, below all other groups"
    draft = Draft()
    draft.do(app_steps.assign_group(org, assigned, effect, gives), group_assigned(assigned))
    return draft


def take_group_roles(
    org: OrgNow, group: AppGroup, roles: Collection[str], provider: str, given: Collection[Held]
) -> Draft:
    """Take roles out of a group's assignment; where Rolecall gave that too, it ends with the last."""
    named = app_steps.group_named(group)
    kept = without_roles(group.profile, roles, given)
    taken = [role_held(provider, org.app.id, group.ref, each) for each in roles if each in group.roles.saml]
    if own_assignment(given, org.app.id, group.ref) is not None and not any(kept or ()):
        return unassign(org, group, provider, taken)
    draft = Draft()
    if taken:
        what = ", ".join(quoted(each) for each in roles)
        effect = f"takes the role {what} from the assignment of {named}"
        draft.do(
            app_steps.change_group(org, group, kept, effect, takes=taken),
            group_assigned(replace(group, profile=app_steps.with_roles(group.profile, kept))),
        )
    return draft


def unassign(org: OrgNow, group: AppGroup, provider: str, roles: Collection[Held] = ()) -> Draft:
    """Take the app from a group."""
    takes = [*roles, assigned_held(provider, org.app.id, group.ref)]
    effect = f"takes the app from {app_steps.group_named(group)}"
    draft = Draft()
    draft.do(app_steps.unassign_group(org, group, effect, takes), group_unassigned(group.id))
    return draft
