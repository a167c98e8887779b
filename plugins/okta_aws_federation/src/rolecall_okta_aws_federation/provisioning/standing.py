"""What principals have just now, by single reads: roles in effect, and the things that the ledger keeps."""

from collections.abc import Sequence

from rolecall import MEMBER, GrantRef, Held, NotFound, ProviderError, Ref
from rolecall_okta import (
    AppGroupRow,
    AppUserRow,
    OktaClient,
    UserRow,
    find_person,
    is_refusal,
    members_held,
    things_present,
)
from rolecall_okta_aws_federation.federation import DIRECT, AwsRole
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.payloads import ACTIVE, read_profile_roles
from rolecall_okta_aws_federation.provisioning.fresh_reading import (
    FreshReading,
    begin_reading_roles,
    read_app_group,
    read_app_user,
)
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow, roles_of
from rolecall_okta_aws_federation.provisioning.things import role_in
from rolecall_okta_aws_federation.sync import ASSIGNED


async def holding(okta: OktaClient, app_id: str, grants: Sequence[GrantRef]) -> list[bool | None]:
    """See ``rolecall_holds``. Whether a person can sign in is another question."""
    answers: dict[GrantRef, bool | None] = dict.fromkeys(grants)
    members = [grant for grant in grants if _is_membership(grant)]
    pairs = [(grant.entitlement.resource.id, grant.principal.id) for grant in members]
    answers.update(zip(members, await members_held(okta, pairs) if pairs else [], strict=True))
    others = [grant for grant in grants if not _is_membership(grant)]
    if others:
        reading = await begin_reading_roles(okta, app_id)
        org = await reading.org(await _people(okta, others))
        for grant in others:
            answers[grant] = await _holds(reading, org, grant)
    return [answers[grant] for grant in grants]


async def present(okta: OktaClient, app_id: str, things: Sequence[Held]) -> list[bool | None]:
    """See ``rolecall_present``."""
    on_app = [held for held in things if held.object == Ref("app", app_id)]
    others = [held for held in things if held.object != Ref("app", app_id)]
    answers = dict(zip(others, await things_present(okta, others), strict=True))
    for principal in dict.fromkeys(held.principal for held in on_app):
        theirs = [held for held in on_app if held.principal == principal]
        try:
            own = await _own_assignment(okta, app_id, principal)
        except ProviderError as error:
            if not is_refusal(error):
                raise
            answers.update(dict.fromkeys(theirs))
        else:
            answers.update((held, _is_present(own, held)) for held in theirs)
    return [answers[held] for held in things]


def _is_membership(grant: GrantRef) -> bool:
    return grant.entitlement.resource.type == "group" and grant.entitlement.slug == MEMBER


async def _people(okta: OktaClient, grants: Sequence[GrantRef]) -> list[UserRow]:
    found = [await find_person(okta, each) for each in dict.fromkeys(grant.principal for grant in grants)]
    return [row for row in found if row is not None]


async def _holds(reading: FreshReading, org: OrgNow, grant: GrantRef) -> bool | None:
    resource, slug = grant.entitlement
    if resource.type == "app" and slug == ASSIGNED:
        return await _is_assigned(reading, org, grant.principal) if resource.id == org.app.id else None
    if resource.type != "account":
        return None
    if org.app.status != ACTIVE:
        return False
    role = AwsRole(resource.id, slug)
    if grant.principal.type == "group":
        return await _group_holds(reading, org, grant.principal.id, role)
    person = org.people.get(grant.principal.id)
    return person is not None and role in roles_of(org, person)


async def _is_assigned(reading: FreshReading, org: OrgNow, principal: Ref) -> bool:
    if principal.type == "group":
        return await read_app_group(reading.okta, org.app.id, principal.id) is not None
    return principal.id in org.people and org.people[principal.id].scope is not None


async def _group_holds(reading: FreshReading, org: OrgNow, group_id: str, role: AwsRole) -> bool:
    if isinstance(org.mode, MappingMode):
        try:
            return await reading.concern(await reading.okta.group(group_id)) == role
        except NotFound:
            return False
    if org.mode.provider is None or org.mode.provider.account != role.account:
        return False
    group = await read_app_group(reading.okta, org.app.id, group_id)
    return group is not None and role.role in read_profile_roles(group.profile).named


async def _own_assignment(okta: OktaClient, app_id: str, principal: Ref) -> AppUserRow | AppGroupRow | None:
    """An assignment of one's own; what a group gives is the group's."""
    if principal.type == "group":
        return await read_app_group(okta, app_id, principal.id)
    person = await read_app_user(okta, app_id, principal.id)
    return person if person is not None and person.scope == DIRECT else None


def _is_present(own: AppUserRow | AppGroupRow | None, held: Held) -> bool | None:
    """Whether an assignment is this thing, or has it."""
    role = role_in(held)
    if role is None and held.mechanism != ASSIGNED:
        return None
    return own is not None and (role is None or role in read_profile_roles(own.profile).named)
