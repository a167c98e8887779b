"""What a change does to everybody whom it touches: who gains and who loses which access."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rolecall import MEMBER, Effect, EntitlementRef, Ref, Refused
from rolecall_okta import shown
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.findings import people_do
from rolecall_okta_aws_federation.mode import SingleMode
from rolecall_okta_aws_federation.payloads import ACTIVE
from rolecall_okta_aws_federation.provisioning.org_now import Change, OrgNow, Paths, Person, roles_of
from rolecall_okta_aws_federation.sync import ASSIGNED


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A change worked out.

    Attributes:
        after: The org afterwards.
        effects: One for each who gains or loses anything, by id, as if the app were active.
    """

    before: OrgNow
    after: OrgNow
    effects: tuple[Effect, ...]

    @property
    def felt(self) -> tuple[Effect, ...]:
        """The effects as people feel them: while the app isn't active, nobody has a role by it."""
        if self.before.app.status == ACTIVE:
            return self.effects
        felt = (
            replace(each, gains=_without_roles(each.gains), loses=_without_roles(each.loses))
            for each in self.effects
        )
        return tuple(each for each in felt if each.gains or each.loses)

    def paths(self, user_id: str, role: AwsRole) -> Paths | None:
        """By which paths a person has a role afterwards; None when they haven't."""
        return roles_of(self.after, self.after.people[user_id]).get(role)


def foresee(org: OrgNow, change: Change) -> Foreseen:
    """Work out a change.

    Raises:
        Refused: What it does depends on whether samlRoles are combined across groups, which can't be read.
    """
    if org.union is not None or not isinstance(org.mode, SingleMode):
        return _foreseen(org, change)
    by_priority, combined = (_foreseen(replace(org, union=union), change) for union in (False, True))
    if by_priority.effects != combined.effects:
        raise Refused(
            "Who would gain and lose what depends on whether Okta combines samlRoles across groups, and this "
            "credential can't read the app's profile schema, which says so.",
            code="union_unknown",
            hint="give the credential the right to read the app's schema (okta.schemas.read)",
        )
    return by_priority


def account_role(role: AwsRole) -> EntitlementRef:
    """A role as an entitlement."""
    return EntitlementRef(Ref("account", role.account), role.role)


def role_named(role: AwsRole) -> str:
    """A role in a sentence."""
    return shown(str(account_role(role)))


def is_account_role(entitlement: EntitlementRef) -> bool:
    """Whether an entitlement is a role in AWS, which is what people are after."""
    return entitlement.resource.type == "account"


def counted(effects: Sequence[Effect]) -> Iterator[str]:
    """How many people gain and lose each role, one sentence for each."""
    for verb, held in (("gain", "gains"), ("lose", "loses")):
        people = Counter(
            each for effect in effects for each in getattr(effect, held) if is_account_role(each)
        )
        for role, count in sorted(people.items()):
            yield f"{people_do(count, verb)} {shown(str(role))}."


def _without_roles(entitlements: Sequence[EntitlementRef]) -> tuple[EntitlementRef, ...]:
    return tuple(each for each in entitlements if not is_account_role(each))


def _foreseen(org: OrgNow, change: Change) -> Foreseen:
    after = change(org)
    return Foreseen(org, after, tuple(_effects(org, after)))


def _effects(before: OrgNow, after: OrgNow) -> Iterator[Effect]:
    for user_id in sorted(before.people):
        had = _entitlements(before, before.people[user_id])
        has = _entitlements(after, after.people[user_id])
        if had != has:
            person = before.people[user_id]
            gains, loses = tuple(sorted(has - had)), tuple(sorted(had - has))
            yield Effect(person.ref, person.name, gains, loses, person.can_sign_in)


def _entitlements(org: OrgNow, person: Person) -> set[EntitlementRef]:
    held = {account_role(role) for role in roles_of(org, person)}
    held.update(EntitlementRef(Ref("group", each), MEMBER) for each in person.groups)
    if person.scope is not None:
        held.add(EntitlementRef(Ref("app", org.app.id), ASSIGNED))
    return held
