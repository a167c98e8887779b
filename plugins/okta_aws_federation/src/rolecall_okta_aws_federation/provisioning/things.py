"""What the ledger keeps of this connector's writes, and what a new access rests on."""

from collections.abc import Iterable, Mapping

from rolecall import Held, Ref
from rolecall_okta import assigned_held, member_held
from rolecall_okta_aws_federation.federation import DIRECT, AwsRole
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow, Person
from rolecall_okta_aws_federation.sync import ASSIGNED

ROLE = "role:"
SWITCHED_ON = "switched_on"
"""Detail of an assignment in group mapping: roles that it brought along with the one that it was made for."""


def role_held(
    provider: str, app_id: str, principal: Ref, role: str, detail: Mapping[str, object] | None = None
) -> Held:
    """A role in the app profile of a person's or a group's own assignment."""
    return Held(provider, Ref("app", app_id), principal, f"{ROLE}{role}", detail or {})


def role_in(held: Held) -> str | None:
    """The role that such a thing is, or None for another kind of thing."""
    return held.mechanism.removeprefix(ROLE) if held.mechanism.startswith(ROLE) else None


def roles_among(things: Iterable[Held]) -> list[str]:
    """The roles that things among them are."""
    return [role for held in things if (role := role_in(held)) is not None]


def own_assignment(things: Iterable[Held], app_id: str, principal: Ref) -> Held | None:
    """The assignment to the app among them that Rolecall made for a principal."""
    for held in things:
        if (held.object, held.principal, held.mechanism) == (Ref("app", app_id), principal, ASSIGNED):
            return held
    return None


def copied_roles(assignment: Held) -> frozenset[str]:
    """Roles that a conversion copied from the groups' assignment into the person's own."""
    copied = assignment.detail.get("copied")
    return (
        frozenset(each for each in copied if isinstance(each, str))
        if isinstance(copied, list)
        else frozenset()
    )


def switched_on(things: Iterable[Held]) -> frozenset[str]:
    """Text ids of the roles that assignments among them brought along."""
    found = (held.detail.get(SWITCHED_ON) for held in things)
    return frozenset(each for listed in found if isinstance(listed, list) for each in listed)


def rests_on_role(provider: str, foreseen: Foreseen, user_id: str, role: AwsRole) -> list[Held]:
    """Everything that a person's role rests on afterwards, by every path."""
    org, app_id = foreseen.after, foreseen.after.app.id
    person = org.people[user_id]
    things: list[Held] = []
    for path in sorted(foreseen.paths(user_id, role) or ()):
        if path == person.ref:
            things += [role_held(provider, app_id, person.ref, role.role)]
        elif isinstance(org.mode, MappingMode):
            things.append(member_held(provider, path.id, user_id))
        else:
            things += _by_group(provider, app_id, path, user_id)
            things.append(role_held(provider, app_id, path, role.role))
    return _once([*things, *rests_on_assignment(provider, org, person)])


def rests_on_assignment(provider: str, org: OrgNow, person: Person) -> list[Held]:
    """What a person's assignment to the app rests on: their own, or every group that assigns them."""
    if person.scope is None:
        return []
    if person.scope == DIRECT:
        return [assigned_held(provider, org.app.id, person.ref)]
    return [
        held
        for each in org.assigning(person)
        for held in _by_group(provider, org.app.id, each.ref, person.id)
    ]


def as_given(things: Iterable[Held], given: Iterable[Held]) -> tuple[Held, ...]:
    """The same things; those that are given, or were, with the details that they were given with."""
    detailed: Mapping[Held, Held] = {each: each for each in given}
    return tuple(detailed.get(each, each) for each in things)


def _by_group(provider: str, app_id: str, group: Ref, user_id: str) -> list[Held]:
    return [member_held(provider, group.id, user_id), assigned_held(provider, app_id, group)]


def _once(things: Iterable[Held]) -> list[Held]:
    return list(dict.fromkeys(things))
