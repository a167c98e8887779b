"""The directory connector's provisioning hooks, opened as the host opens it."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall import EntitlementRef, GrantRef, ProvisioningRequest, Ref, Refused
from rolecall_okta import member_held, normalise_domain
from rolecall_okta.simulator.faults import Status
from rolecall_okta.simulator.permissions import custom_token
from tests.plugins.okta.directory.driving import Directory
from tests.plugins.okta.provisioning.conftest import TOKEN

ADA = "ada.lovelace@acme.example"


def member_of(group):
    return EntitlementRef(Ref("group", group.id), "member")


def grant(group, who, **options):
    return ProvisioningRequest("grant", member_of(group), who, **options)


def revoke(group, who, **options):
    return ProvisioningRequest("revoke", member_of(group), who, **options)


@pytest.fixture
async def connect(org, served, monkeypatch):
    """Open the connector on the organisation: ``connector, domain``."""
    monkeypatch.setattr("tests.plugins.okta.directory.driving.TOKEN", TOKEN)
    opened = []

    async def open_it(rights="super", **settings):
        simulator = served(org, rights)
        directory = Directory(simulator.domain, settings)
        directory.begin()
        connector = await directory.open()
        connector.simulator, connector.requests = simulator, directory.requests
        opened.append(connector)
        return connector

    yield open_it
    for connector in opened:
        await connector.rolecall_close()


async def test_a_grant_is_planned_shown_and_carried_out(org, connect, notes):
    ada, group = org.add_user(ADA), org.add_group("aws")
    connector = await connect()
    plan = await connector.rolecall_plan(grant(group, ADA))
    assert (plan.status, plan.principal, plan.principal_name) == ("planned", Ref("user", ada.id), ADA)
    assert [step.effect for step in plan.steps] == [f'{ADA} becomes a member of "aws".']
    (effect,) = plan.effects
    assert (effect.person, effect.name, effect.can_sign_in) == (Ref("user", ada.id), ADA, True)
    assert (effect.gains, effect.loses) == ((member_of(group),), ())
    assert plan.meaning == {"group": group.id, "name": "aws", "type": "OKTA_GROUP", "source": None}
    assert plan.locks == (f"{normalise_domain(connector.simulator.domain).netloc}/user:{ada.id}",)
    outcome = await connector.rolecall_grant(plan, notes)
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert group.members == [ada]
    again = await connector.rolecall_plan(grant(group, ADA))
    assert (again.status, again.steps, again.effects) == ("already_granted", (), ())
    assert again.rests_on == plan.rests_on


async def test_planning_writes_nothing(org, connect):
    org.add_user(ADA)
    group = org.add_group("aws")
    connector = await connect()
    await connector.rolecall_plan(grant(group, ADA))
    assert {what.partition(" ")[0] for what in connector.requests.asked} == {"GET"}


async def test_a_revocation_takes_the_membership(org, connect, notes):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    connector = await connect()
    plan = await connector.rolecall_plan(revoke(group, Ref("user", ada.id)))
    assert plan.effects[0].loses == (member_of(group),)
    assert (await connector.rolecall_revoke(plan, notes)).verified
    assert group.members == []
    assert (await connector.rolecall_plan(revoke(group, ADA))).status == "already_revoked"


@pytest.mark.parametrize("status", ["STAGED", "SUSPENDED", "DEPROVISIONED"])
async def test_who_cant_sign_in_is_given_nothing_but_can_lose_it(org, connect, status):
    ada = org.add_user(ADA, status=status)
    group, held = org.add_group("aws"), org.add_group("held", members=[ada])
    connector = await connect()
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(grant(group, Ref("user", ada.id)))
    assert refused.value.code == "person_cannot_sign_in"
    assert refused.value.message == f'Cannot put anybody into "aws": {ADA} is {status} in Okta.'
    plan = await connector.rolecall_plan(revoke(held, Ref("user", ada.id)))
    assert plan.status == "planned"
    assert not plan.effects[0].can_sign_in


@pytest.mark.parametrize("operation", ["grant", "revoke"])
@pytest.mark.parametrize(
    ("entitlement", "principal", "code"),
    [
        pytest.param("group:00gnone:member", ADA, "unknown", id="no such group"),
        pytest.param("group:{aws}:member", "grace@acme.example", "unknown", id="nobody of that name"),
        pytest.param("group:{aws}:member", Ref("user", "00unone"), "unknown", id="no such person"),
        pytest.param("group:{aws}:member", Ref("group", "00gother"), "not_grantable", id="a group"),
        pytest.param("group:{aws}:owner", ADA, "unknown", id="no such entitlement"),
        pytest.param("role:SUPER_ADMIN:assigned", ADA, "not_provisioned", id="admin role"),
    ],
)
async def test_what_cant_be_given_or_taken_is_refused_in_words(
    org, connect, operation, entitlement, principal, code
):
    org.add_user(ADA)
    group = org.add_group("aws")
    kind, ident, slug = entitlement.format(aws=group.id).split(":")
    connector = await connect()
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(
            ProvisioningRequest(operation, EntitlementRef(Ref(kind, ident), slug), principal)
        )
    assert refused.value.code == code
    assert refused.value.hint


async def test_everyone_is_refused(org, connect):
    org.add_user(ADA)
    everyone = next(group for group in org.groups if group.name == "Everyone")
    connector = await connect()
    with pytest.raises(Refused, match="built into Okta"):
        await connector.rolecall_plan(revoke(everyone, ADA))


async def test_a_group_outside_the_connectors_scope_isnt_given_but_taken(org, connect):
    ada = org.add_user(ADA)
    group, held = org.add_group("sales"), org.add_group("sales_old", members=[ada])
    connector = await connect(group_name_prefixes=["aws"])
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(grant(group, ADA))
    assert refused.value.code == "group_out_of_scope"
    assert (await connector.rolecall_plan(revoke(held, ADA))).status == "planned"


async def test_the_one_path_is_the_person_or_the_group(org, connect):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    connector = await connect()
    for via in (Ref("user", ada.id), Ref("group", group.id)):
        assert (await connector.rolecall_plan(revoke(group, ADA, via=via))).status == "planned"
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(revoke(group, ADA, via=Ref("group", "00gother")))
    assert refused.value.code == "no_such_path"


async def test_undo_takes_back_by_id_and_takes_what_is_gone_for_done(org, connect, notes):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    connector = await connect()
    provider = normalise_domain(connector.simulator.domain).netloc
    made = member_held(provider, group.id, ada.id)
    who = Ref("user", ada.id)
    org.rename(group, "renamed")
    plan = await connector.rolecall_plan(revoke(group, who, undo=(made,)))
    assert [step.takes for step in plan.steps] == [(made,)]
    await connector.rolecall_revoke(plan, notes)
    assert group.members == []
    org.delete_user(ada)
    assert (await connector.rolecall_plan(revoke(group, who, undo=(made,)))).status == "already_revoked"


async def test_undo_of_another_orgs_thing_is_refused(org, connect):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    connector = await connect()
    foreign = member_held("other.okta.example", group.id, ada.id)
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(revoke(group, Ref("user", ada.id), undo=(foreign,)))
    assert refused.value.code == "foreign_undo"


async def test_the_credential_is_measured_before_the_first_call(org, connect, notes):
    org.add_user(ADA)
    group = org.add_group("aws")
    connector = await connect(custom_token("okta.users.read", "okta.groups.read", "okta.iam.read"))
    plan = await connector.rolecall_plan(grant(group, ADA))
    with pytest.raises(Refused) as refused:
        await connector.rolecall_grant(plan, notes)
    assert refused.value.code == "right_missing"
    assert notes.said == []


async def test_a_custom_role_that_may_change_members_is_enough(org, connect, notes):
    ada, group = org.add_user(ADA), org.add_group("aws")
    connector = await connect(
        custom_token("okta.users.read", "okta.groups.read", "okta.groups.members.manage")
    )
    plan = await connector.rolecall_plan(grant(group, ADA))
    assert (await connector.rolecall_grant(plan, notes)).verified
    assert group.members == [ada]


async def test_unreadable_rules_are_warned_of_when_somebody_is_taken_out(org, connect):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    connector = await connect()
    connector.simulator.faults.add("/groups/rules", Status(403, "E0000006"), times=None)
    plan = await connector.rolecall_plan(revoke(group, ADA))
    assert any("can't be read" in warning for warning in plan.warnings)


async def test_a_removal_names_the_rule_that_gives_it_back(org, connect):
    ada = org.add_user(ADA)
    group = org.add_group("aws", members=[ada])
    rule = org.add_rule("engineers", "true", [group])
    rule.excluded.extend(org.add_user(f"x{number}@acme.example") for number in range(100))
    connector = await connect()
    (removal,) = await connector.rolecall_removals(member_of(group), Ref("user", ada.id))
    assert (removal.via, removal.route, removal.ends_access) == (Ref("user", ada.id), "api", False)
    assert removal.given_back_by == ("engineers",)
    assert removal.effects[0].loses == (member_of(group),)
    with pytest.raises(Refused) as refused:
        await connector.rolecall_plan(revoke(group, ADA))
    assert refused.value.accept == "rule_gives_back"
    accepted = revoke(group, ADA, accept=frozenset({"rule_gives_back"}))
    assert (await connector.rolecall_plan(accepted)).status == "planned"


async def test_who_isnt_a_member_has_nothing_to_be_removed(org, connect):
    ada, group = org.add_user(ADA), org.add_group("aws")
    connector = await connect()
    assert await connector.rolecall_removals(member_of(group), Ref("user", ada.id)) == []


async def test_holds_tells_memberships_and_admin_roles(org, connect):
    ada = org.add_user(ADA)
    group, other = org.add_group("aws", members=[ada]), org.add_group("other")
    org.add_admin_role(ada, "USER_ADMIN")
    connector = await connect()
    who = Ref("user", ada.id)
    asked = [
        GrantRef(member_of(group), who),
        GrantRef(member_of(other), who),
        GrantRef(member_of(group), Ref("group", other.id)),
        GrantRef(EntitlementRef(Ref("role", "USER_ADMIN"), "assigned"), who),
        GrantRef(EntitlementRef(Ref("role", "SUPER_ADMIN"), "assigned"), who),
        GrantRef(EntitlementRef(Ref("app", "0oa1"), "assigned"), who),
    ]
    assert await connector.rolecall_holds(asked) == [True, False, False, True, False, None]


async def test_present_find_and_the_log_answer(org, connect, clock):
    ada = org.add_user(ADA)
    group = org.add_group("aws")
    connector = await connect()
    provider = normalise_domain(connector.simulator.domain).netloc
    assert (await connector.rolecall_find(ADA)).ref == Ref("user", ada.id)
    assert await connector.rolecall_present([member_held(provider, group.id, ada.id)]) == [False]
    org.add_member(group, ada)
    assert await connector.rolecall_present([member_held(provider, group.id, ada.id)]) == [True]
    now = datetime.fromtimestamp(clock(), UTC)
    batches = connector.rolecall_writes_seen(now - timedelta(hours=1), now + timedelta(hours=1))
    assert [each.principal async for batch in batches for each in batch] == [Ref("user", ada.id)]


async def test_a_directorys_group_is_handed_off(org, connect, notes):
    ada = org.add_user(ADA)
    directory = org.add_directory()
    group = org.add_group("aws", source=directory)
    org.import_people(directory, [ada])
    connector = await connect()
    plan = await connector.rolecall_plan(grant(group, ADA))
    assert [step.route for step in plan.steps] == ["handoff"]
    outcome = await connector.rolecall_grant(plan, notes)
    assert (outcome.status, outcome.step) == ("handed_off", 0)


async def test_hostile_names_come_escaped_in_every_sentence_of_a_plan(org, connect):
    ada = org.add_user("ada\x1b[2J@acme.example", id="00uada")
    directory = org.add_directory()
    group = org.add_group("aws'\n;Remove-Item \u2019x", source=directory, members=[ada])
    org.import_people(directory, [ada])
    connector = await connect()
    plan = await connector.rolecall_plan(revoke(group, Ref("user", ada.id)))
    (step,) = plan.steps
    assert step.effect.isprintable()
    assert step.handoff.command == ""
    assert all(warning.isprintable() for warning in plan.warnings)
