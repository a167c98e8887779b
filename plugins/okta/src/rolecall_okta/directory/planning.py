"""Plans for memberships, the one thing that this connector gives and takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rolecall import (
    MEMBER,
    Effect,
    EntitlementRef,
    GrantRef,
    Plan,
    ProvisioningRequest,
    Ref,
    Refused,
    Removal,
)
from rolecall_okta.answers import unless_refused
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.admins import roles_held_by
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.emission import ASSIGNED, GROUP, ROLE, USER, user_ref
from rolecall_okta.provisioning.finding import find_person
from rolecall_okta.provisioning.groups import GroupNow, read_group
from rolecall_okta.provisioning.held import provider_of
from rolecall_okta.provisioning.memberships import (
    Membership,
    MembershipChange,
    joining,
    leaving,
    read_membership,
)
from rolecall_okta.provisioning.people import group_named, person_named, refuse_unable
from rolecall_okta.provisioning.present import members_held
from rolecall_okta.provisioning.routes import unchangeable
from rolecall_okta.provisioning.rules import giving_back
from rolecall_okta.rows import UserRow
from rolecall_okta.text import shown


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans for one org.

    Attributes:
        okta: The org.
        settings: The connector's.
    """

    okta: OktaClient
    settings: Settings

    async def plan(self, request: ProvisioningRequest) -> Plan:
        """See ``rolecall_plan``."""
        _refuse_other_kinds(request)
        _refuse_foreign_undo(request, provider_of(self.okta))
        person = await find_person(self.okta, request.principal)
        group = await self._group(request.entitlement)
        if request.undo and (person is None or group is None):
            return _gone(request)
        if group is None:
            raise _unknown(f"there is no group {shown(request.entitlement.resource.id)}")
        if person is None:
            raise _unknown(f"there is nobody called {shown(str(request.principal))}")
        membership = await read_membership(self.okta, group, person)
        return (
            self._grant(request, membership)
            if request.operation == "grant"
            else self._revocation(request, membership)
        )

    async def removals(self, entitlement: EntitlementRef, person: Ref) -> list[Removal]:
        """See ``rolecall_removals``: a membership is direct, and there is one way to end it."""
        if (entitlement.resource.type, entitlement.slug) != (GROUP.id, MEMBER):
            return []
        who, group = await find_person(self.okta, person), await self._group(entitlement)
        if who is None or group is None:
            return []
        membership = await read_membership(self.okta, group, who)
        return [self._removal(membership, entitlement)] if membership.is_member else []

    async def holds(self, grants: Sequence[GrantRef]) -> list[bool | None]:
        """See ``rolecall_holds``."""
        pairs = [(each.entitlement.resource.id, each.principal.id) for each in grants if _is_membership(each)]
        members = dict(zip(pairs, await members_held(self.okta, pairs), strict=True))
        admins = {each.principal for each in grants if each.entitlement.resource.type == ROLE.id}
        roles = await unless_refused(roles_held_by(self.okta, admins))
        answers: list[bool | None] = []
        for grant in grants:
            of, who = grant.entitlement.resource, grant.principal
            if of.type == ROLE.id and grant.entitlement.slug == ASSIGNED:
                answers.append(None if roles is None else any(role.ref == of for role in roles.get(who, ())))
            elif of.type == GROUP.id and grant.entitlement.slug == MEMBER:
                answers.append(members.get((of.id, who.id), False))
            else:
                answers.append(None)
        return answers

    async def _group(self, entitlement: EntitlementRef) -> GroupNow | None:
        group_id = entitlement.resource.id
        return await read_group(self.okta, group_id, directory_writes=self.settings.directory_writes)

    def _grant(self, request: ProvisioningRequest, membership: Membership) -> Plan:
        person, group = membership.person, membership.group.row
        if not self.settings.scope.admits(group):
            raise Refused(
                f"Cannot give membership of {group_named(group)}: the connector is limited to "
                f"{self.settings.scope}, so no sync would show it.",
                hint="change group_name_prefixes or group_types of the connector",
                code="group_out_of_scope",
            )
        if not membership.is_member:
            refuse_unable(person, f"put anybody into {group_named(group)}")
        effect = f"{person_named(person)} becomes a member of {group_named(group)}."
        return self._plan(request, membership, joining(membership, effect))

    def _revocation(self, request: ProvisioningRequest, membership: Membership) -> Plan:
        person, group = membership.person, membership.group.row
        _refuse_other_paths(request, person)
        effect = f"{person_named(person)} is no longer a member of {group_named(group)}."
        change = leaving(membership, effect, accept=request.accept, undo=bool(request.undo))
        return self._plan(request, membership, change)

    def _plan(self, request: ProvisioningRequest, membership: Membership, change: MembershipChange) -> Plan:
        person, group = membership.person, membership.group.row
        is_grant = request.operation == "grant"
        plan = Plan(
            request.operation,
            request.entitlement,
            user_ref(person.id),
            person.login or person.display_name,
            "already_granted" if is_grant else "already_revoked",
            rests_on=change.rests_on,
            meaning={
                "group": group.id,
                "name": group.name,
                "type": group.type,
                "source": group.source_app_id,
            },
            warnings=change.warnings,
            locks=change.locks,
        )
        if change.step is None:
            return plan
        effect = self._effect(membership, request.entitlement, gains=is_grant)
        return replace(plan, status="planned", steps=(change.step,), effects=(effect,))

    def _effect(self, membership: Membership, entitlement: EntitlementRef, *, gains: bool) -> Effect:
        person, changed = membership.person, (entitlement,)
        return Effect(
            user_ref(person.id),
            person.login or person.display_name,
            gains=changed if gains else (),
            loses=() if gains else changed,
            can_sign_in=person.status not in self.settings.disabled_statuses,
        )

    def _removal(self, membership: Membership, entitlement: EntitlementRef) -> Removal:
        group, person = membership.group, membership.person
        back = giving_back(group.rules or (), person.id)
        return Removal(
            user_ref(person.id),
            f"{person_named(person)} is a member of {group_named(group.row)}.",
            f"{person_named(person)} is taken out of {group_named(group.row)}.",
            membership.route or "api",
            (self._effect(membership, entitlement, gains=False),),
            ends_access=not back,
            given_back_by=tuple(rule.name or rule.id for rule in back),
            refused=unchangeable(group.row).message if membership.route is None else "",
        )


def _gone(request: ProvisioningRequest) -> Plan:
    """The plan to take back what went with the person or the group."""
    who = request.undo[0].principal
    return Plan("revoke", request.entitlement, who, str(who), "already_revoked")


def _refuse_other_kinds(request: ProvisioningRequest) -> None:
    of = request.entitlement.resource
    if of.type == ROLE.id:
        raise Refused(
            f"Rolecall gives and takes no admin roles of Okta ({shown(str(request.entitlement))}).",
            hint="do it in the Okta Admin Console (Security > Administrators); the next sync shows it",
            code="not_provisioned",
        )
    if of.type != GROUP.id or request.entitlement.slug != MEMBER:
        raise _unknown(f"this connector has no entitlement {shown(str(request.entitlement))}")
    if isinstance(request.principal, Ref) and request.principal.type != USER.id:
        raise Refused(
            f"Cannot put {shown(str(request.principal))} into a group: Okta's groups hold people only.",
            hint="name the person",
            code="not_grantable",
        )


def _refuse_foreign_undo(request: ProvisioningRequest, provider: str) -> None:
    of = request.entitlement.resource
    for held in request.undo:
        if (held.provider, held.object, held.mechanism) != (provider, of, MEMBER):
            raise Refused(
                f"Cannot take back {held.mechanism} of {held.object} in {shown(held.provider)}: it "
                f"is asked for {of}:{MEMBER} in {provider}.",
                hint="if the setting domain of the connector was changed, change it back",
                code="foreign_undo",
            )


def _refuse_other_paths(request: ProvisioningRequest, person: UserRow) -> None:
    if request.via not in {None, user_ref(person.id), request.entitlement.resource}:
        raise Refused(
            f"{person_named(person)} is in the group directly, not by {request.via}.",
            hint="leave out --via",
            code="no_such_path",
        )


def _is_membership(grant: GrantRef) -> bool:
    of = grant.entitlement.resource
    return (of.type, grant.entitlement.slug, grant.principal.type) == (GROUP.id, MEMBER, USER.id)


def _unknown(what: str) -> Refused:
    return Refused(f"Cannot do that: {what}.", hint="rolecall list shows what there is", code="unknown")
