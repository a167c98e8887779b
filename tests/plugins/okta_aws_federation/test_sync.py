"""A whole sync over HTTP: what is asked of Okta, and what is handed to the host."""

import pytest

from rolecall import Grant, NotFound, ProviderError, Ref, Refused
from rolecall_okta.simulator import ABSENT
from rolecall_okta.simulator.faults import Before, Status
from tests.plugins.okta_aws_federation.emission import (
    Emission,
    Requests,
    effective_rows,
    emitted,
    opened,
)

ACCOUNT = "123456789012"
BY_GROUP, BY_PERSON = "/api/v1/groups/{id}/users", "/api/v1/users/{id}/groups"


def held(run, account_role):
    return {
        str(grant.principal) for grant in run.grants if str(grant.entitlement) == f"account:{account_role}"
    }


def test_the_connector_offers_the_four_resource_types():
    from rolecall_okta_aws_federation.plugin import rolecall_connector_kinds

    (kind,) = rolecall_connector_kinds()

    assert [resource_type.id for resource_type in kind.resource_types] == ["user", "group", "app", "account"]
    assert [question.flag for question in kind.setup] == ["--domain", "--token", "--app-id"]


async def test_grants_are_the_facts_that_okta_states(org, sync):
    app = org.add_aws_app(join_all_roles=True)
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example", status="SUSPENDED")
    admins = org.add_group("admins", members=[bob])
    org.assign_user(app, ada, saml_roles=["Own"])
    org.assign_group(app, admins, priority=4, saml_roles=["Admin"])

    run = await sync(org, app)

    assigned = (Ref("app", app.id), "assigned")
    group, alice, robert = Ref("group", admins.id), Ref("user", ada.id), Ref("user", bob.id)
    account = Ref("account", ACCOUNT)
    assert set(run.grants) == {
        Grant((group, "member"), robert),
        Grant(assigned, alice),
        Grant(assigned, robert, sources=(group,)),
        Grant(assigned, group),
        Grant((account, "Own"), alice, condition=assigned),
        Grant((account, "Admin"), robert, condition=assigned, sources=(group,)),
        Grant((account, "Admin"), group, expandable=True, condition=assigned),
    }
    assert run.resources[robert].enabled is False
    assert run.resources[group].profile == {"type": "OKTA_GROUP", "source": None, "priority": 4}
    assert run.findings == []


@pytest.mark.parametrize(
    ("value", "mapping"),
    [(True, True), ("true", True), (" TRUE ", True), ("yes", False), (1, False), (ABSENT, False)],
)
async def test_the_app_shows_switches_as_what_they_count_as(org, sync, value, mapping):
    app = org.add_aws_app(settings={"useGroupMapping": value, "joinAllRoles": value})
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["ByProfile"])
    org.add_group("aws_123456789012_ByName", members=[ada])

    run = await sync(org, app)

    profile = run.resources[Ref("app", app.id)].profile
    assert (profile["use_group_mapping"], profile["join_all_roles"]) == (mapping, mapping)
    assert [row["role"] for row in effective_rows(run)] == ["ByName" if mapping else "ByProfile"]


async def test_the_app_shows_the_settings_that_decide_and_no_secret(org, sync):
    app = org.add_aws_app(
        union=True, settings={"accessKey": "AKIA", "secretKey": "hidden", "secretKeyEnc": "hidden"}
    )

    run = await sync(org, app)

    profile = run.resources[Ref("app", app.id)].profile
    assert profile["saml_roles_union"] is True
    assert profile["use_group_mapping"] is False
    assert profile["identity_provider_arn"] == "arn:aws:iam::123456789012:saml-provider/OKTA"
    assert "hidden" not in repr(run.resources)
    assert "AKIA" not in repr(run.resources)


async def test_roles_that_okta_knows_are_entitlements_that_nobody_holds(org, sync):
    run = await sync(org, org.add_aws_app(roles=["Known"]))

    assert [str(ref) for ref in run.entitlements if ref.resource.type == "account"] == [
        f"account:{ACCOUNT}:Known"
    ]


async def test_an_inactive_app_is_published_with_a_finding_and_lets_nobody_in(org, sync):
    app = org.add_aws_app(status="INACTIVE")
    org.assign_user(app, org.add_user("ada@acme.example"), saml_roles=["Admin"])

    run = await sync(org, app)

    assert run.codes() == {"app_inactive"}
    assert held(run, f"{ACCOUNT}:Admin")
    assert effective_rows(run) == []


@pytest.mark.parametrize(
    ("arn", "code"),
    [(None, "identity_provider_arn_missing"), ("nonsense", "identity_provider_arn_malformed")],
)
async def test_without_an_account_everything_else_is_published(org, sync, arn, code):
    app = org.add_aws_app(identity_provider_arn=arn)
    ada = org.add_user("ada@acme.example")
    org.assign_group(app, org.add_group("admins", members=[ada]), saml_roles=["Admin"])

    run = await sync(org, app)

    assert run.subjects(code) == ["identityProviderArn"]
    assert {ref.type for ref in run.resources} == {"user", "group", "app"}


@pytest.mark.parametrize("pattern", ["(", r"aws_(?{{role}}\w+)", None])
async def test_an_unusable_group_filter_lists_no_groups_and_is_found(org, sync, pattern):
    app = org.add_aws_app(use_group_mapping=True, group_filter=pattern)
    org.add_group("aws_123456789012_Admin")

    run = await sync(org, app)

    assert "groupFilter" in {finding.subject for finding in run.findings}
    assert not any("/api/v1/groups" in what for what in run.requests.asked)


async def test_settings_that_are_absent_are_found(org, sync):
    app = org.add_aws_app(settings={"useGroupMapping": ABSENT, "joinAllRoles": ABSENT})

    run = await sync(org, app)

    assert run.subjects("setting_missing") == ["joinAllRoles", "useGroupMapping"]


async def test_decoys_of_other_sources_are_found_and_give_nothing(org, sync):
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    decoy = org.add_group("aws_123456789012_Admin", members=[ada], source=org.add_directory())

    run = await sync(org, app)

    assert run.subjects("group_not_admitted") == [f"group:{decoy.id}"]
    assert effective_rows(run) == []
    assert Ref("group", decoy.id) not in run.resources


async def test_the_source_of_a_group_is_asked_for_once_where_the_list_does_not_say(org, sync):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    directory, ada = org.add_directory(), org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    for role in ("Admin", "ReadOnly"):
        org.add_group(f"aws_123456789012_{role}", members=[ada], source=directory, raw={"_embedded": ABSENT})

    run = await sync(org, app)

    assert [row["role"] for row in effective_rows(run)] == ["Admin", "ReadOnly"]
    assert run.requests.asked.count(f"GET /api/v1/apps/{directory.id}") == 1


async def test_a_group_whose_source_can_not_be_told_gives_nothing(org, served):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    directory, ada = org.add_directory(), org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    group = org.add_group(
        "aws_123456789012_Admin", members=[ada], source=directory, raw={"_embedded": ABSENT}
    )
    okta = served(org)
    okta.faults.add(f"/apps/{directory.id}", Status(404, "E0000007"))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("group_source_unknown") == [f"group:{group.id}"]
    assert effective_rows(run) == []


async def test_a_group_whose_source_has_an_impossible_id_gives_nothing(org, sync):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    links = {"source": {"href": "https://acme.okta.example/api/v1/apps/.."}}
    group = org.add_group(
        "aws_123456789012_Admin",
        members=[ada],
        source=org.add_directory(),
        raw={"_embedded": ABSENT, "source": {"id": ".."}, "_links": links},
    )

    run = await sync(org, app)

    assert run.subjects("group_source_unknown") == [f"group:{group.id}"]
    assert effective_rows(run) == []


async def test_a_name_beside_whose_letters_java_may_see_another_edge_counts_and_is_found(org, sync):
    app = org.add_aws_app(
        use_group_mapping=True, app_filter="okta", group_filter=r"\baws_(?{{accountid}}\d+)_(?{{role}}\w+)"
    )
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    odd = org.add_group("éaws_123456789012_Admin", members=[ada])
    org.add_group("aws_123456789012_ReadOnly", members=[ada])
    org.add_group("éaws_123456789012_Decoy", members=[ada], source=org.add_directory())

    run = await sync(org, app)

    assert run.subjects("group_name_ambiguous") == [f"group:{odd.id}"]
    assert [row["role"] for row in effective_rows(run)] == ["Admin", "ReadOnly"]


# --- What is asked of Okta ------------------------------------------------------------------------


async def test_single_mode_asks_once_for_each_list_and_each_group_with_members(org, sync):
    app = org.add_aws_app()
    people = [org.add_user(f"p{number}@acme.example") for number in range(20)]
    for number in range(6):
        org.assign_group(app, org.add_group(f"team {number}", members=people[: number * 3]))

    run = await sync(org, app)

    assert len(run.requests.asked) == len(set(run.requests.asked))
    assert len(run.requests.of("/users")) == 1 + 5
    assert len(run.requests.asked) == 1 + 1 + 5 + 4  # app users, app groups, members; app, me, schema, counts
    assert run.reading(BY_GROUP).pages == 5
    assert run.reading(BY_GROUP).items == 3 + 6 + 9 + 12 + 15


async def test_few_people_in_many_groups_are_asked_for_by_person(org, sync):
    app = org.add_aws_app(use_group_mapping=True)
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    for number in range(7):
        org.add_group(f"aws_123456789012_Role{number}", members=[ada, bob])
    org.assign_user(app, ada)

    run = await sync(org, app)

    assert [row["role"] for row in effective_rows(run)] == [f"Role{number}" for number in range(7)]
    assert run.reading(BY_PERSON).pages == 1
    assert "of assigned people only" in run.reading(BY_PERSON).note
    assert any(line.startswith("memberships by person: 1 requests") for line in run.lines)
    assert not run.requests.of("/users")[1:]


async def members_by_person(org, sync, members):
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.assign_user(app, ada)
    for number in range(4):
        org.add_group(f"aws_123456789012_Role{number}", members=members(ada, bob) if number else [ada])
    return await sync(org, app)


async def test_members_who_are_not_listed_because_groups_were_read_by_person_are_found(org, sync):
    run = await members_by_person(org, sync, lambda ada, bob: [ada, bob])

    (finding,) = [finding for finding in run.findings if finding.code == "members_by_person"]
    assert (finding.severity.value, finding.subject) == ("low", BY_PERSON)
    assert "3 of the 4 groups" in finding.message


async def test_reading_by_person_is_no_finding_where_it_lists_everybody(org, sync):
    run = await members_by_person(org, sync, lambda ada, bob: [ada])

    assert run.reading(BY_PERSON)
    assert "members_by_person" not in run.codes()


async def test_members_of_groups_that_okta_does_not_count_may_be_missing(org, served):
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    for number in range(3):
        org.add_group(f"aws_123456789012_Role{number}", members=[ada], raw={"_embedded": ABSENT})

    run = await emitted(served(org).domain, app.id)

    assert run.subjects("members_by_person") == [BY_PERSON]


async def test_everyone_is_never_listed_and_holds_everybody(org, sync):
    app = org.add_aws_app(join_all_roles=True)
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.assign_group(app, org.everyone, saml_roles=["Guest"])
    left = org.add_user("left@acme.example", status="DEPROVISIONED")
    org.assign_user(app, left)

    run = await sync(org, app)

    assert Ref("user", left.id) in run.resources
    assert {row["user_id"] for row in effective_rows(run)} == {ada.id, bob.id}
    assert not any(org.everyone.id in what for what in run.requests.asked)


async def test_empty_role_groups_cost_no_request(org, sync):
    app = org.add_aws_app(use_group_mapping=True)
    people = [org.add_user(f"p{number}@acme.example") for number in range(5)]
    for person in people:
        org.assign_user(app, person)
    full = org.add_group("aws_123456789012_Full", members=people[:1])
    empty = org.add_group("aws_123456789012_Empty")

    run = await sync(org, app)

    assert f"GET /api/v1/groups/{full.id}/users" in run.requests.asked
    assert not any(empty.id in what for what in run.requests.asked)
    assert held(run, f"{ACCOUNT}:Empty") == {f"group:{empty.id}"}


async def test_the_list_of_groups_is_narrowed_and_said_to_be(org, sync):
    app = org.add_aws_app(use_group_mapping=True)
    org.add_group("aws_123456789012_Admin")
    org.add_group("aws_but_no_more")
    org.add_group("something else")

    run = await sync(org, app)

    reading = run.reading("/api/v1/groups")
    assert (reading.filter, reading.items, reading.dropped) == (
        'profile.name co "aws_"',
        2,
        {"name does not match": 1},
    )


async def test_counting_members_is_given_up_where_it_is_refused(org, served):
    app = org.add_aws_app()
    people = [org.add_user(f"p{number}@acme.example") for number in range(9)]
    for number in range(5):
        org.assign_group(app, org.add_group(f"team {number}", members=people), saml_roles=["Admin"])
    okta = served(org)
    okta.faults.add(r"/groups\?.*filter=", Status(400, "E0000031"))

    run = await emitted(okta.domain, app.id)

    assert len(effective_rows(run)) == 9
    assert any("members the assigned groups have" in line for line in run.lines)


async def test_the_run_says_whose_credential_it_used(org, sync):
    run = await sync(org, org.add_aws_app())

    assert [identity.login for identity in run.identities] == ["a-readers.service@acme.example"]


async def test_a_credential_that_can_not_read_the_schema_goes_on(org, sync):
    run = await sync(org, org.add_aws_app(), rights="custom_read_only")

    assert run.subjects("union_unknown") == ["samlRoles"]


# --- What vanishes or is odd ----------------------------------------------------------------------


async def test_a_role_group_deleted_in_mid_run_drops_its_grants(org, served):
    app = org.add_aws_app(use_group_mapping=True)
    people = [org.add_user(f"p{number}@acme.example") for number in range(4)]
    for person in people:
        org.assign_user(app, person)
    gone = org.add_group("aws_123456789012_Gone", members=people)
    stays = org.add_group("aws_123456789012_Stays", members=people[:1])
    okta = served(org)
    okta.faults.add(f"/groups/{gone.id}/users", Before(lambda org: org.delete_group(gone)))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("group_gone") == [f"group:{gone.id}"]
    assert Ref("group", gone.id) not in run.resources
    assert [(row["role"], row["user_id"]) for row in effective_rows(run)] == [("Stays", people[0].id)]
    assert run.reading(BY_GROUP).dropped == {"group vanished": 1}
    assert held(run, f"{ACCOUNT}:Stays") == {f"group:{stays.id}"}


@pytest.mark.parametrize("described", [True, False])
async def test_an_assigned_group_deleted_in_mid_run_takes_those_along_who_had_the_app_by_it(
    org, served, described
):
    app = org.add_aws_app()
    people = [org.add_user(f"p{number}@acme.example") for number in range(3)]
    gone = org.add_group("gone", members=people)
    stays = org.add_group("stays", members=people[:1])
    raw = {} if described else {"_embedded": ABSENT}
    org.assign_group(app, gone, priority=0, saml_roles=["Gone"], raw=raw)
    org.assign_group(app, stays, priority=1, saml_roles=["Stays"])
    okta = served(org)
    call = f"/groups/{gone.id}/users" if described else rf"/groups/{gone.id}(\?|$)"
    okta.faults.add(call, Before(lambda org: org.delete_group(gone)))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("group_gone") == [f"group:{gone.id}"]
    assert {grant.principal for grant in run.grants if grant.entitlement.resource.type == "app"} == {
        Ref("user", people[0].id),
        Ref("group", stays.id),
    }


async def test_a_role_group_that_vanished_when_it_was_described_as_an_assigned_one_gives_nothing(org, served):
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    both = org.add_group("aws_123456789012_Both", members=[ada])
    org.assign_group(app, both, raw={"_embedded": ABSENT})
    okta = served(org)
    okta.faults.add(rf"/groups/{both.id}(\?|$)", Status(404, "E0000007"))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("group_gone") == [f"group:{both.id}"]
    assert Ref("group", both.id) not in run.resources
    assert effective_rows(run) == []


async def test_a_person_deleted_in_mid_run_is_dropped(org, served):
    app = org.add_aws_app(use_group_mapping=True)
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    for number in range(5):
        org.add_group(f"aws_123456789012_Role{number}", members=[ada, bob])
    org.assign_user(app, ada)
    org.assign_user(app, bob)
    okta = served(org)
    okta.faults.add(f"/users/{ada.id}/groups", Before(lambda org: org.delete_user(ada)))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("person_gone") == [f"user:{ada.id}"]
    assert Ref("user", ada.id) not in run.resources
    assert {row["user_id"] for row in effective_rows(run)} == {bob.id}


@pytest.mark.parametrize("status", ["ACTIVE", "SUSPENDED", "STAGED"])
async def test_a_person_whom_no_list_describes_is_asked_for(org, sync, status):
    app = org.add_aws_app()
    ada = org.add_user("ada@acme.example", status=status)
    org.assign_user(app, ada, saml_roles=["Admin"], raw={"_embedded": ABSENT})

    run = await sync(org, app)

    assert run.requests.of(f"/api/v1/users/{ada.id}") == [f"GET /api/v1/users/{ada.id}"]
    (row,) = effective_rows(run)
    assert (row["can_sign_in"], row["user_status"]) == (status == "ACTIVE", status)
    assert run.findings == []


async def test_people_are_described_when_memberships_are_read_by_person_too(org, sync):
    app = org.add_aws_app(use_group_mapping=True)
    ada = org.add_user("ada@acme.example", status="SUSPENDED")
    org.assign_user(app, ada, raw={"_embedded": ABSENT})
    for number in range(5):
        org.add_group(f"aws_{ACCOUNT}_Role{number}", members=[ada])

    run = await sync(org, app)

    assert {row["can_sign_in"] for row in effective_rows(run)} == {False}


async def test_a_person_who_is_gone_when_asked_for_is_dropped(org, served):
    app = org.add_aws_app()
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"], raw={"_embedded": ABSENT})
    okta = served(org)
    okta.faults.add(f"/users/{ada.id}$", Before(lambda changed: changed.delete_user(ada)))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("person_gone") == [f"user:{ada.id}"]
    assert effective_rows(run) == []


async def test_a_person_whom_nothing_describes_can_sign_in_as_far_as_is_known(org, served):
    app = org.add_aws_app()
    ada = org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"], raw={"_embedded": ABSENT})
    okta = served(org)
    okta.faults.add(f"/users/{ada.id}$", Status(404, "E0000008", "no such path"))

    run = await emitted(okta.domain, app.id)

    assert run.subjects("person_undescribed") == [f"user:{ada.id}"]
    (row,) = effective_rows(run)
    assert (row["can_sign_in"], row["user_status"], row["login"]) == (True, None, "ada@acme.example")


async def test_a_person_described_by_a_group_is_described(org, sync):
    app = org.add_aws_app()
    ada = org.add_user("ada@acme.example", status="SUSPENDED")
    org.assign_user(app, ada, saml_roles=["Admin"], raw={"_embedded": ABSENT})
    org.assign_group(app, org.add_group("admins", members=[ada]))

    run = await sync(org, app)

    assert "person_undescribed" not in run.codes()
    assert effective_rows(run)[0]["can_sign_in"] is False


async def test_an_assigned_group_that_the_list_does_not_describe_is_asked_for(org, sync):
    app = org.add_aws_app()
    ada = org.add_user("ada@acme.example")
    admins = org.add_group("admins", members=[ada])
    org.assign_group(app, admins, saml_roles=["Admin"], raw={"_embedded": ABSENT})

    run = await sync(org, app)

    assert run.resources[Ref("group", admins.id)].display_name == "admins"
    assert f"GET /api/v1/groups/{admins.id}" in run.requests.asked


async def test_a_list_that_can_not_be_read_fails_the_run(org, served):
    app = org.add_aws_app()
    okta = served(org)
    okta.faults.add(f"/apps/{app.id}/groups", Status(403, "E0000006"))

    with pytest.raises(ProviderError) as caught:
        await emitted(okta.domain, app.id)

    assert caught.value.path == f"/api/v1/apps/{app.id}/groups"


async def test_a_failure_is_every_hooks_and_is_not_tried_again(org, served):
    from rolecall_okta_aws_federation.sync import ACCOUNT as ACCOUNT_TYPE
    from rolecall_okta_aws_federation.sync import USER as USER_TYPE

    app = org.add_aws_app()
    okta = served(org)
    okta.faults.add(f"/apps/{app.id}/groups", Status(403, "E0000006"))
    connector = await opened(okta.domain, app.id, Requests())
    run = Emission()

    for kind in (USER_TYPE, ACCOUNT_TYPE):
        with pytest.raises(ProviderError):
            await anext(connector.rolecall_sync_resources(kind, run))
    await connector.rolecall_close()

    assert sum(f"/apps/{app.id}/groups" in path for path in okta.paths()) == 1


# --- Before and beside a sync ---------------------------------------------------------------------


async def test_an_unknown_app_is_named(org, served):
    with pytest.raises(NotFound) as caught:
        await emitted(served(org).domain, "0oaNoSuchApp")

    assert "0oaNoSuchApp" in caught.value.message
    assert "rolecall init" in caught.value.hint


async def test_another_kind_of_app_is_named(org, served):
    app = org.add_app("workday", "Workday HR")

    with pytest.raises(ProviderError) as caught:
        await emitted(served(org).domain, app.id)

    assert caught.value.code == "not_an_aws_app"
    assert '"Workday HR" (workday)' in caught.value.message


async def test_writes_are_refused(org, served):
    app = org.add_aws_app()
    okta = served(org)
    connector = await opened(okta.domain, app.id, Requests())
    entitlement, principal = (Ref("account", ACCOUNT), "Admin"), Ref("user", "00u1")

    for write in (connector.rolecall_grant, connector.rolecall_revoke):
        with pytest.raises(Refused, match="nothing was changed"):
            await write(entitlement, principal)
    await connector.rolecall_close()

    assert okta.requests == []


async def test_setup_lists_the_orgs_aws_apps(org, served):
    from rolecall import ConnectorContext, Secret
    from rolecall_okta_aws_federation.plugin import rolecall_setup_choices
    from tests.plugins.okta_aws_federation.emission import TOKEN

    test, app = org.add_aws_app("Test AWS"), org.add_aws_app("Our AWS")
    org.add_app("workday", "Workday")
    context = ConnectorContext(
        "aws", "okta_aws_federation", {"domain": served(org).domain}, {"api_token": Secret(TOKEN)}, Requests()
    )

    choices = await rolecall_setup_choices(context, "aws_okta_app_id")

    assert [(choice.value, choice.label) for choice in choices] == [
        (app.id, "Our AWS (ACTIVE)"),
        (test.id, "Test AWS (ACTIVE)"),
    ]
    assert await rolecall_setup_choices(context, "domain") == []
