"""What a run no longer found is asked for once more, by another way than its list."""

from datetime import UTC, datetime

import pytest

from rolecall import Checkpoint, EntitlementRef, GrantRef, Ref
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Lacking, Status
from rolecall_okta_aws_federation.sync import RESOURCE_TYPES, member_of
from tests.plugins.okta_aws_federation.begun_orgs import mapping_org, single_org
from tests.plugins.okta_aws_federation.emission import Emission, opened

ACCOUNT = "123456789012"


async def confirmed(served, org, app, suspects, *lacking):
    """Run once in full, then ask about these; ``lacking`` is a list that comes back short, and of what."""
    run, okta = Emission(), served(org)
    for pattern, things in lacking:
        okta.faults.add(pattern, Lacking(frozenset(each.id for each in things)), times=None)
    connector = await opened(okta.domain, app.id, run.requests)
    try:
        await connector.rolecall_validate()
        async for _ in connector.rolecall_sync_resources(RESOURCE_TYPES[0], run):
            pass
        return await connector.rolecall_confirm(suspects, run)
    finally:
        await connector.rolecall_close()


def person(user):
    return Ref("user", user.id)


def group(held):
    return Ref("group", held.id)


def role(name):
    return EntitlementRef(Ref("account", ACCOUNT), name)


async def test_people_count_as_there_while_they_are_assigned_or_in_a_listed_group(served):
    org = Organisation()
    app, people, groups = mapping_org(org)
    org.add_member(groups["admin"], people[9])
    gone = Ref("user", "00uGoneForEver")

    answers = await confirmed(
        served, org, app, [person(people[0]), person(people[9]), person(people[11]), gone]
    )

    assert answers == [True, True, False, False]


async def test_groups_count_as_there_while_they_are_assigned_or_give_a_role(served):
    org = Organisation()
    app, _, groups = mapping_org(org)
    suspects = [group(groups[name]) for name in ("entry", "admin", "other")]

    answers = await confirmed(served, org, app, [*suspects, Ref("group", "00gGoneForEver")])

    assert answers == [True, True, False, False]


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_memberships_and_assignments_are_looked_up(served, build):
    org = Organisation()
    app, people, groups = build(org)
    admin, assigned = member_of(groups["admin"].id), EntitlementRef(Ref("app", app.id), "assigned")
    member, stranger = groups["admin"].members[0], people[11]

    answers = await confirmed(
        served,
        org,
        app,
        [
            GrantRef(admin, person(member)),
            GrantRef(admin, person(stranger)),
            GrantRef(assigned, person(people[0])),
            GrantRef(assigned, person(stranger)),
            GrantRef(assigned, group(groups["entry"])),
            GrantRef(assigned, group(groups["other"])),
        ],
    )

    assert answers == [True, False, True, False, True, False]


@pytest.mark.parametrize(("mapping", "answer"), [(True, True), (False, False)])
async def test_members_of_a_group_that_means_nothing_any_more_count_as_gone(served, mapping, answer):
    org = Organisation()
    app, people, groups = mapping_org(org)
    org.change_settings(app, useGroupMapping=mapping)

    (found,) = await confirmed(served, org, app, [GrantRef(member_of(groups["admin"].id), person(people[0]))])

    assert found == answer


async def test_a_role_of_a_group_is_there_while_its_name_means_it(served):
    org = Organisation()
    app, _, groups = mapping_org(org)
    admin = group(groups["admin"])

    answers = await confirmed(
        served, org, app, [GrantRef(role("Admin"), admin), GrantRef(role("Power"), admin)]
    )

    assert answers == [True, False]


async def test_a_role_in_profiles_is_there_while_a_profile_has_it(served):
    org = Organisation()
    app, people, groups = single_org(org)
    suspects = [
        GrantRef(role("Own"), person(people[10])),
        GrantRef(role("Gone"), person(people[10])),
        GrantRef(role("Own"), person(people[11])),
        GrantRef(role("Billing"), group(groups["admin"])),
        GrantRef(role("Gone"), group(groups["admin"])),
    ]

    assert await confirmed(served, org, app, suspects) == [True, False, False, True, False]


async def test_groups_that_the_list_of_assigned_groups_lacks_each_time_count_as_there(served):
    org = Organisation()
    app, _, groups = single_org(org)
    assigned, admin = EntitlementRef(Ref("app", app.id), "assigned"), groups["admin"]
    suspects = [
        group(admin),
        GrantRef(assigned, group(admin)),
        GrantRef(role("Billing"), group(admin)),
        GrantRef(member_of(admin.id), person(admin.members[0])),
        GrantRef(assigned, group(groups["other"])),
    ]

    answers = await confirmed(served, org, app, suspects, (r"/apps/[^/]+/groups\?", [admin]))

    assert answers == [True, True, True, True, False]


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_members_whom_the_list_of_a_group_lacks_each_time_count_as_there(served, build):
    org = Organisation()
    app, people, groups = build(org)
    member = groups["admin"].members[0]
    suspects = [GrantRef(member_of(groups["admin"].id), person(each)) for each in (member, people[11])]

    answers = await confirmed(served, org, app, suspects, (r"/groups/[^/]+/users\?", [member]))

    assert answers == [True, False]


async def test_people_in_a_role_group_that_the_list_of_groups_lacks_count_as_there(served):
    org = Organisation()
    app, people, groups = mapping_org(org)
    org.add_member(groups["admin"], people[9])

    answers = await confirmed(
        served, org, app, [person(people[9])], (r"/api/v1/groups\?", [groups["admin"], groups["reader"]])
    )

    assert answers == [True]


async def test_what_the_credential_may_not_ask_is_not_told(served):
    org = Organisation()
    app, people, _ = mapping_org(org)
    run, okta = Emission(), served(org)
    connector = await opened(okta.domain, app.id, run.requests)
    try:
        await connector.rolecall_validate()
        await anext(aiter(connector.rolecall_sync_resources(RESOURCE_TYPES[0], run)))
        okta.faults.add("/apps/[^/]+/users/", Status(403, "E0000006"))
        assert await connector.rolecall_confirm([person(people[0])], run) == [None]
    finally:
        await connector.rolecall_close()


async def test_what_can_not_be_told_is_not_told(served):
    org = Organisation()
    app, _, _ = mapping_org(org)

    assert await confirmed(served, org, app, [Ref("account", ACCOUNT)]) == [None]


async def test_an_incremental_run_is_asked_by_what_it_now_knows(served):
    org = Organisation()
    app, people, _ = mapping_org(org)
    domain, run, checkpoint = served(org).domain, Emission(), None
    for _round in range(2):
        connector = await opened(domain, app.id, run.requests)
        try:
            await connector.rolecall_validate()
            async for _ in connector.rolecall_sync_events(checkpoint, run):
                pass
            if checkpoint is None:
                await anext(aiter(connector.rolecall_sync_resources(RESOURCE_TYPES[0], run)))
                data = await connector.rolecall_checkpoint()
                checkpoint = Checkpoint(data, 1, 1, datetime.now(UTC), None)
                continue
            async for _ in connector.rolecall_sync_changes(checkpoint, run):
                pass
            suspects = [person(people[0]), Ref("user", "00uGoneForEver")]
            assert await connector.rolecall_confirm(suspects, run) == [True, False]
        finally:
            await connector.rolecall_close()


@pytest.mark.parametrize("join", [True, False])
async def test_a_single_role_counts_only_where_no_group_joins_others(served, join):
    org = Organisation()
    app, ada = org.add_aws_app(join_all_roles=join), org.add_user("ada@acme.example")
    org.assign_group(app, org.add_group("staff", members=[ada]), saml_roles=["Read"])
    org.assign_user(app, ada, profile={"samlRoles": [], "role": "Read"})

    assert await confirmed(served, org, app, [GrantRef(role("Read"), person(ada))]) == [not join]
