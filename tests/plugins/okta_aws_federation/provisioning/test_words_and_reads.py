"""What plans say of odd orgs, and how often Okta is asked."""

import pytest

from rolecall import Refused
from rolecall_okta.simulator.faults import WRITES, After
from tests.plugins.okta_aws_federation.provisioning.driving import ACCOUNT, CONVERTS, membership, ref_of, role

HOSTILE = "team\n2nd\u202e"


def in_the_apps_bucket(requests):
    return [each for each in requests if each.path.startswith("/api/v1/apps/") and each.path.count("/") > 4]


async def test_where_okta_ignores_the_return_to_the_group_the_outcome_says_so(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.behaviour.group_scope = "ignored"
    org.assign_group(app, org.add_group("staff", members=[ada]), saml_roles=["Read"])
    driver = await drive(app, **CONVERTS)
    await driver.grant(role("Admin"), ada)

    _, outcome = await driver.undo(role("Admin"), ada)

    assert (
        outcome.why == "Okta leaves the assignment the person's own, and doesn't give it back to the groups"
    )


@pytest.mark.parametrize("mapping", [False, True])
async def test_every_sentence_of_a_plan_is_one_line_whatever_groups_are_called(org, drive, mapping):
    app, ada = org.add_aws_app(use_group_mapping=mapping, roles=["Admin"]), org.add_user("ada@acme.example")
    group = org.add_group(f"aws_{ACCOUNT}_Admin{HOSTILE}", members=[ada])
    org.assign_group(app, group, saml_roles=[f"Admin{HOSTILE}"])
    driver = await drive(app)
    entitlement = role("Adminteam" if mapping else f"Admin{HOSTILE}")

    plan = await driver.plan("revoke", entitlement, ada, via=ref_of(group))
    removals = await driver.connector.rolecall_removals(entitlement, ref_of(ada))
    sentences = [*plan.warnings, *(step.effect for step in plan.steps), *(way.path for way in removals)]
    if not mapping:
        with pytest.raises(Refused) as caught:
            await driver.plan("revoke", entitlement, ada)
        sentences += [caught.value.message, caught.value.hint]

    assert removals
    assert all(each.isprintable() for each in sentences), sentences


@pytest.mark.parametrize("listed", [[1, None, "Read"], "Read", {"Read": 1}], ids=repr)
async def test_a_list_that_holds_what_is_no_role_is_refused_and_not_sent(org, drive, listed):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": listed})
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.plan("grant", role("Admin"), ada)

    assert caught.value.code == "profile_malformed"


async def test_a_role_is_taken_out_of_a_list_that_holds_what_is_no_role(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": [1, None, "Read", "Admin"]})
    driver = await drive(app)

    _, outcome = await driver.revoke(role("Admin"), ada)

    assert outcome.verified
    assert driver.roles(ada) == {"Read"}


async def test_nobody_loses_a_role_by_an_app_that_is_not_active(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Admin"])
    app.status = "INACTIVE"
    driver = await drive(app)

    plan = await driver.plan("revoke", membership(staff), ada)
    removals = await driver.connector.rolecall_removals(role("Admin"), ref_of(ada))

    (effect,) = plan.effects
    assert [each.resource.type for each in effect.loses] == ["app", "group"]
    assert all(each.resource.type != "account" for way in removals for e in way.effects for each in e.loses)


async def test_a_default_role_that_came_into_force_meanwhile_is_never_overwritten(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": ["Audit"]})
    driver = await drive(app)
    plan = await driver.plan("grant", role("Admin"), ada)
    theirs = {"samlRoles": [], "role": "Read"}
    driver.okta.faults.add(".*", After(lambda o: o.assign_user(app, ada, profile=theirs)), method=WRITES)

    with pytest.raises(Refused):
        await driver.carry_out(plan)

    assert driver.roles(ada) == {"Read"}


@pytest.mark.parametrize(("scope", "plans", "gives", "takes"), [("none", 2, 3, 3), ("group", 2, 3, 5)])
async def test_a_persons_assignment_is_read_once_for_each_thing_that_rests_on_it(
    org, drive, scope, plans, gives, takes
):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    if scope == "group":
        org.assign_group(app, org.add_group("staff", members=[ada]), saml_roles=["Read"])
    driver = await drive(app, **CONVERTS)
    spent = []

    async def counted(work):
        before = len(driver.okta.requests)
        result = await work
        spent.append(len(in_the_apps_bucket(driver.okta.requests[before:])))
        return result

    plan = await counted(driver.plan("grant", role("Admin"), ada))
    await counted(driver.carry_out(plan))
    await counted(driver.connector.rolecall_present(list(driver.made)))
    undoing = await counted(driver.plan("revoke", role("Admin"), ada, undo=tuple(driver.made)))
    await counted(driver.carry_out(undoing))

    assert spent == [plans, gives, 1, plans, takes]


async def test_what_the_credential_may_do_is_asked_once_and_again_after_a_refusal(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    await driver.undo(role("Admin"), ada)

    def asked():
        return sum(each.path.endswith("/users/me") for each in driver.okta.requests)

    assert asked() == 1
    plan = await driver.plan("grant", role("Admin"), ada)
    org.assign_user(app, ada)
    with pytest.raises(Refused):
        await driver.carry_out(plan)
    await driver.grant(role("Admin"), ada)
    assert asked() == 2


async def test_it_is_logged_where_the_credentials_rights_can_not_be_read(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    reads = "okta.users.read,okta.groups.read,okta.apps.read,okta.apps.assignment.manage"
    driver = await drive(app, rights=f"custom:{reads},okta.users.appAssignment.manage")
    plan = await driver.plan("grant", role("Admin"), ada, accept=frozenset({"unknown_role"}))

    await driver.carry_out(plan)

    assert "can't be told" in driver.notes.lines[0]


@pytest.mark.parametrize("group_filter", [None, "aws_(?{{accountid}}[0-9]+)", "("])
async def test_without_a_usable_filter_no_group_is_to_be_made(org, drive, group_filter):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    org.change_settings(app, groupFilter=group_filter)
    driver = await drive(app)

    with pytest.raises(Refused, match="groupFilter") as caught:
        await driver.plan("grant", role("Admin"), ada)

    assert caught.value.code == "no_group_filter"
    assert "groupFilter" in caught.value.hint


async def test_a_plan_warns_where_the_mode_is_a_guess(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    org.change_settings(app, useGroupMapping="yes")
    driver = await drive(app)

    plan = await driver.plan("grant", role("Admin"), ada)

    assert "useGroupMapping" in " ".join(plan.warnings)


@pytest.mark.parametrize(("setting", "seconds"), [(None, 43200), ("7200", 7200), (10**6, 43200), (0, 43200)])
async def test_old_sessions_end_by_the_setting_or_by_awss_own_limit(org, drive, setting, seconds):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"])
    org.change_settings(app, sessionDuration=setting)
    driver = await drive(app)

    assert (await driver.plan("revoke", role("Admin"), ada)).session_seconds == seconds
