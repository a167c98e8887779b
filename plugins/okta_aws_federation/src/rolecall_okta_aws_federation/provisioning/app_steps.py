"""The steps of a plan that change who is assigned to the app, and with which profile: the very calls.

What each expects is what ``app_checks`` reads again just before the call.
"""

from collections.abc import Mapping, Sequence

from rolecall import Held, Step
from rolecall_okta import (
    Call,
    assign_group_call,
    assign_person_call,
    patch_group_profile_call,
    unassign_group_call,
    unassign_person_call,
    update_app_user_call,
)
from rolecall_okta_aws_federation.federation import BY_GROUP, DIRECT
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.payloads import SAML_ROLES
from rolecall_okta_aws_federation.provisioning.org_now import AppGroup, OrgNow, Person, Profile

ASSIGN_PERSON = "assign_person"
CHANGE_PERSON = "change_assignment"
CONVERT_PERSON = "convert_to_direct_assignment"
RETURN_PERSON = "return_to_group_assignment"
UNASSIGN_PERSON = "unassign_person"
ASSIGN_GROUP = "assign_group"
CHANGE_GROUP = "change_group_assignment"
UNASSIGN_GROUP = "unassign_group"
PERSON_ACTIONS = frozenset({ASSIGN_PERSON, CHANGE_PERSON, CONVERT_PERSON, RETURN_PERSON, UNASSIGN_PERSON})
GROUP_ACTIONS = frozenset({ASSIGN_GROUP, CHANGE_GROUP, UNASSIGN_GROUP})

Things = Sequence[Held]


def with_roles(profile: Profile | None, roles: Sequence[object] | None) -> dict[str, object]:
    """The profile with these samlRoles, every other key as it is."""
    return {**(profile or {}), SAML_ROLES: None if roles is None else list(roles)}


def assign_person(org: OrgNow, person: Person, profile: Profile | None, effect: str, gives: Things) -> Step:
    """Give a person an assignment of their own."""
    call = assign_person_call(org.app.id, person.id, profile)
    return _step(ASSIGN_PERSON, call, effect, {"user": person.id, "scope": None}, gives=gives)


def change_person(
    org: OrgNow, person: Person, profile: Profile, effect: str, *, gives: Things = (), takes: Things = ()
) -> Step:
    """Give a person's own assignment another profile."""
    call = update_app_user_call(org.app.id, person.id, profile=profile)
    expects = {"user": person.id, "scope": DIRECT, "profile": _plain(person.profile)}
    return _step(CHANGE_PERSON, call, effect, expects, gives=gives, takes=takes)


def convert_person(org: OrgNow, person: Person, profile: Profile, effect: str, gives: Things) -> Step:
    """Make a group's assignment of a person their own."""
    call = update_app_user_call(org.app.id, person.id, profile=profile, scope="USER")
    expects = {"user": person.id, "scope": BY_GROUP, "profile": _plain(person.profile)}
    return _step(CONVERT_PERSON, call, effect, expects, gives=gives)


def return_person(org: OrgNow, person: Person, effect: str, takes: Things) -> Step:
    """Give a person's own assignment back to the groups that assign them."""
    call = update_app_user_call(org.app.id, person.id, scope="GROUP")
    expects = {"user": person.id, "scope": DIRECT, "roles": list(person.roles.saml)}
    return _step(RETURN_PERSON, call, effect, expects, takes=takes)


def unassign_person(org: OrgNow, person: Person, effect: str, takes: Things) -> Step:
    """Take a person's own assignment away."""
    call = unassign_person_call(org.app.id, person.id)
    expects = {"user": person.id, "scope": DIRECT, "roles": list(person.roles.saml)}
    return _step(UNASSIGN_PERSON, call, effect, expects, takes=takes)


def assign_group(org: OrgNow, group: AppGroup, effect: str, gives: Things) -> Step:
    """Assign a group to the app below all others, so that it wins over none of them."""
    call = assign_group_call(org.app.id, group.id, group.priority or 0, group.profile)
    expects = {"group": group.id, "assigned": False, "priorities": priorities(org)}
    return _step(ASSIGN_GROUP, call, effect, expects, gives=gives)


def change_group(
    org: OrgNow,
    group: AppGroup,
    roles: Sequence[object] | None,
    effect: str,
    *,
    gives: Things = (),
    takes: Things = (),
) -> Step:
    """Give an assigned group other roles and leave all else, its priority above all, as it is.

    Where the profile hasn't the attribute yet, Okta may refuse to replace it: then the whole profile is put,
    with the same priority.
    """
    call = patch_group_profile_call(org.app.id, group.id, SAML_ROLES, None if roles is None else list(roles))
    expects: dict[str, object] = {
        "group": group.id,
        "assigned": True,
        "profile": _plain(group.profile),
        "priorities": priorities(org),
    }
    if group.priority is not None and (group.profile or {}).get(SAML_ROLES) is None:
        put = assign_group_call(org.app.id, group.id, group.priority, with_roles(group.profile, roles))
        expects["otherwise"] = {"method": put.method, "path": put.path, "body": put.body}
    return _step(CHANGE_GROUP, call, effect, expects, gives=gives, takes=takes)


def unassign_group(org: OrgNow, group: AppGroup, effect: str, takes: Things) -> Step:
    """Take the app from a group."""
    call = unassign_group_call(org.app.id, group.id)
    expects = {
        "group": group.id,
        "assigned": True,
        "profile": _plain(group.profile),
        "priorities": priorities(org, without=group.id),
    }
    return _step(UNASSIGN_GROUP, call, effect, expects, takes=takes)


def priorities(org: OrgNow, without: str | None = None) -> list[str]:
    """Ids of the assigned groups in the order in which they win."""
    ranked = sorted(org.assigned.values(), key=lambda group: group.rank)
    return [group.id for group in ranked if group.id != without]


def person_named(person: Person) -> str:
    """A person in a sentence."""
    return quoted(person.name)


def group_named(group: AppGroup) -> str:
    """A group in a sentence."""
    return f"the group {quoted(group.name or group.id)}"


def _step(
    action: str,
    call: Call,
    effect: str,
    expects: Mapping[str, object],
    *,
    gives: Things = (),
    takes: Things = (),
) -> Step:
    return Step(action, "api", effect, call.method, call.path, call.body, tuple(gives), tuple(takes), expects)


def _plain(profile: Profile | None) -> dict[str, object] | None:
    """A profile as JSON."""
    return None if profile is None else dict(profile)
