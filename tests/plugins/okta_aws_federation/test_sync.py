"""A whole sync over HTTP: what is asked of Okta, and what is handed to the host."""

import pytest

from rolecall import Grant, NotFound, ProviderError, Ref
from rolecall_okta.simulator import ABSENT
from rolecall_okta.simulator.faults import Before, Status
from tests.plugins.okta_aws_federation.emission import (
    Emission,
    Requests,
    effective_rows,
    emitted,
    held,
    opened,
)

ACCOUNT = "123456789012"
BY_GROUP, BY_PERSON = "/api/v1/groups/{id}/users", "/api/v1/users/{id}/groups"


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
