"""Carries a plan out, and sees at the end that everybody has what the plan foresaw."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rolecall import Effect, EntitlementRef, GrantOutcome, Plan, Ref, Refused, Step, Writing
from rolecall_okta import (
    MEMBERSHIP_ACTIONS,
    AppUserRow,
    MembershipCheck,
    OktaClient,
    Rights,
    StepCheck,
    carry_out,
    find_person,
    shown,
)
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.provisioning.app_checks import GroupCheck, PersonCheck
from rolecall_okta_aws_federation.provisioning.app_steps import GROUP_ACTIONS, PERSON_ACTIONS
from rolecall_okta_aws_federation.provisioning.foresight import account_role, is_account_role
from rolecall_okta_aws_federation.provisioning.fresh_reading import begin_reading_roles
from rolecall_okta_aws_federation.provisioning.org_now import roles_of

SAMPLE = 10
"""People whose roles are read again at the end: all of them, or so many from among them."""


async def apply_plan(
    okta: OktaClient, app_id: str, plan: Plan, writing: Writing, rights: Rights | None
) -> GrantOutcome:
    """See ``rolecall_grant`` and ``rolecall_revoke``."""
    membership, person, group = MembershipCheck(okta), PersonCheck(okta, app_id), GroupCheck(okta, app_id)

    def check_of(step: Step) -> StepCheck:
        if step.action in MEMBERSHIP_ACTIONS:
            return membership
        if step.action in PERSON_ACTIONS:
            return person
        if step.action in GROUP_ACTIONS:
            return group
        raise Refused(f"The plan has a step {quoted(step.action)}, which this connector can't carry out.")

    proof = Proof(okta, app_id, plan.effects)

    async def finally_shown() -> str:
        for step in plan.steps:
            if step.action in GROUP_ACTIONS and (misplaced := await group.misplaced(step)):
                return misplaced
        seen = person.take_seen() if plan.steps[-1].action in PERSON_ACTIONS else {}
        return await proof.missing(seen)

    return await carry_out(okta, plan, writing, check_of, finally_shown, rights)


class Proof:
    """Reads of the people whom a plan gives something or takes something from; nobody is read twice in vain.

    Of many people, some from among all of them stand for the others.
    """

    def __init__(self, okta: OktaClient, app_id: str, effects: Sequence[Effect]) -> None:
        touched = [effect for effect in effects if _roles_in((*effect.gains, *effect.loses))]
        self._okta = okta
        self._app_id = app_id
        self._left = touched[:: -(-len(touched) // SAMPLE)] if touched else []

    async def missing(self, seen: Mapping[str, AppUserRow | None]) -> str:
        """What a read doesn't show yet, as half a sentence; empty when all is there.

        Args:
            seen: Assignments that were read after the last write: these aren't read again.
        """
        if not self._left:
            return ""
        people = [row for effect in self._left if (row := await find_person(self._okta, effect.person))]
        org = await (await begin_reading_roles(self._okta, self._app_id)).org(people, seen)
        found: dict[Ref, str] = {}
        for effect in self._left:
            person = org.people.get(effect.person.id)
            held = set() if person is None else {account_role(role) for role in roles_of(org, person)}
            found[effect.person] = _difference(effect, held)
        self._left = [effect for effect in self._left if found[effect.person]]
        return found[self._left[0].person] if self._left else ""


def _difference(effect: Effect, held: Collection[EntitlementRef]) -> str:
    lacking = [each for each in _roles_in(effect.gains) if each not in held]
    left = [each for each in _roles_in(effect.loses) if each in held]
    if lacking:
        return f"{quoted(effect.name)} doesn't have {shown(str(lacking[0]))} yet"
    return f"{quoted(effect.name)} still has {shown(str(left[0]))}" if left else ""


def _roles_in(entitlements: Iterable[EntitlementRef]) -> list[EntitlementRef]:
    return [each for each in entitlements if is_account_role(each)]
