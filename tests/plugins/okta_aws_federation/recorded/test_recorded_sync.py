"""Whole syncs in every mode give what a SAML login gives, by recorded conversations."""

import pytest

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.aws import ACCOUNT_FIRST, ROLE_FIRST
from rolecall_okta.simulator.faults import Status, TooManyRequests
from tests.plugins.okta_aws_federation.login_oracle import login_rows
from tests.plugins.okta_aws_federation.recorded.conversation import synced

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

ACCOUNT = "123456789012"
OTHER = "000011112222"


def single_account(**settings):
    """People direct, in one group, in two, in both ways; a default role; one who can't sign in."""
    org = Organisation()
    app = org.add_aws_app(**settings)
    ada, bob, cyd, dan, eve = (
        org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd", "dan", "eve")
    )
    eve.status = "SUSPENDED"
    admins = org.add_group("Admins", members=[ada, cyd])
    readers = org.add_group("Readers", members=[ada, bob, eve])
    roleless = org.add_group("Roleless", members=[dan])
    org.assign_group(app, admins, saml_roles=["Admin", "Billing"])
    org.assign_group(app, readers, saml_roles=["ReadOnly", "Billing"])
    org.assign_group(app, roleless, role="Fallback")
    org.assign_user(app, cyd, saml_roles=["Direct"])
    org.add_user("not.assigned@acme.example")
    return org, app


def group_mapping(name, **settings):
    """Role groups of two accounts, decoys of another source, and somebody who isn't assigned."""
    org = Organisation()
    directory = org.add_directory()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta, active_directory", **settings)
    ada, bob, cyd, dan = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd", "dan"))
    entry = org.add_group("AWS users", members=[ada, bob])
    org.assign_group(app, entry, saml_roles=["Ignored"])
    org.assign_user(app, cyd)
    org.add_group(name.format(account=ACCOUNT, role="Admin"), members=[ada, dan])
    org.add_group(name.format(account=ACCOUNT, role="Admin"), members=[bob], source=directory)
    org.add_group(name.format(account=OTHER, role="ReadOnly"), members=[ada, bob, cyd], source=directory)
    org.add_group(
        name.format(account=OTHER, role="Decoy"),
        members=[ada, bob, cyd],
        source=org.add_app("workday", "Workday"),
    )
    org.add_group("unrelated", members=[ada, bob])
    return org, app


def many_role_groups():
    """Two people assigned, in more role groups than there are people."""
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True)
    ada, bob, dan = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "dan"))
    for person in (ada, bob):
        org.assign_user(app, person)
    for number in range(5):
        org.add_group(f"aws_{ACCOUNT}_Role{number}", members=[ada, dan] if number % 2 else [ada, bob])
    return org, app


def odd_names():
    """Names that a terminal, a page or a database could take for something else."""
    org = Organisation()
    app = org.add_aws_app()
    texts = [
        "nul\x00inside",
        "lone\ud800surrogate",
        "\x1b[31mred",
        "<b>bold</b>",
        "with:colon",
        "\u202egnp.exe",
    ]
    for number, text in enumerate(texts):
        person = org.add_user(f"odd{number}@acme.example", first_name=text)
        org.assign_group(app, org.add_group(text, members=[person]), saml_roles=[text])
    return org, app


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(single_account, id="single"),
        pytest.param(lambda: single_account(join_all_roles=True), id="joined"),
        pytest.param(lambda: single_account(union=True), id="union"),
        pytest.param(lambda: single_account(join_all_roles=True, union=True), id="joined-union"),
        pytest.param(
            lambda: group_mapping("aws_{account}_{role}", group_filter=ACCOUNT_FIRST), id="account-first"
        ),
        pytest.param(
            lambda: group_mapping("aws#acme#{role}#{account}", group_filter=ROLE_FIRST), id="role-first"
        ),
        pytest.param(many_role_groups, id="by-person"),
        pytest.param(odd_names, id="odd-names"),
    ],
)
async def test_access_is_what_a_login_gives(case, okta, store, plugins):
    org, app = case()

    result = await synced(store, plugins, okta(org), app.id)

    assert result.run.error is None
    assert result.run.status == "published"
    assert result.rows == login_rows(org, app)
    assert result.rows, "a case without access proves nothing"


def same_conversation(case):
    """Another look at the conversation of a case of ``test_access_is_what_a_login_gives``."""
    return pytest.mark.default_cassette(f"test_access_is_what_a_login_gives[{case}]")


@same_conversation("account-first")
async def test_a_decoy_of_a_source_that_app_filter_does_not_admit_is_found(okta, store, plugins):
    org, app = group_mapping("aws_{account}_{role}")

    result = await synced(store, plugins, okta(org), app.id)

    (decoy,) = [finding for finding in result.findings if finding.code == "group_not_admitted"]
    assert decoy.subject == f"group:{org.group(f'aws_{OTHER}_Decoy').id}"
    assert "Decoy" not in {row["role"] for row in result.rows}


@same_conversation("by-person")
async def test_few_people_in_many_groups_are_read_person_by_person(okta, store, plugins):
    org, app = many_role_groups()

    result = await synced(store, plugins, okta(org), app.id)

    names = {reading["name"] for reading in result.run.completeness["lists"]}
    assert "/api/v1/users/{id}/groups" in names
    assert "/api/v1/groups/{id}/users" not in names
    assert result.reading("/api/v1/users/{id}/groups")["pages"] == 5, (
        "Ada has six groups, Bob four, two a page"
    )


@same_conversation("single")
async def test_lists_are_read_to_their_last_page(okta, store, plugins):
    org, app = single_account()

    result = await synced(store, plugins, okta(org), app.id)

    read = result.reading("/api/v1/apps/{id}/users")
    assert (read["items"], read["pages"]) == (5, 3)


async def test_a_rate_limit_is_waited_out_and_the_run_goes_on(okta, store, plugins, waits):
    org, app = single_account()
    groups = r"/apps/[^/]+/groups\?"

    result = await synced(store, plugins, okta(org, faults=[(groups, TooManyRequests(7), {})]), app.id)

    assert result.rows == login_rows(org, app)
    assert max(waits) == pytest.approx(8.0, abs=0.5), "seconds to the reset by Okta's own date, and one more"
    read = result.reading("/api/v1/apps/{id}/groups")
    assert (read["retries"], read["waited"]) == (1, pytest.approx(8.0, abs=0.5))


async def test_a_passing_fault_is_tried_again(okta, store, plugins, waits):
    org, app = single_account()
    users = r"/apps/[^/]+/users\?"

    result = await synced(
        store, plugins, okta(org, faults=[(users, Status(500, "E0000009"), {"nth": 2})]), app.id
    )

    assert result.rows == login_rows(org, app)
    assert waits == [0.5]
    assert result.reading("/api/v1/apps/{id}/users")["retries"] == 1


async def test_a_second_sync_of_an_unmoved_org_changes_nothing(okta, store, plugins):
    org, app = single_account()
    domain = okta(org)

    first = await synced(store, plugins, domain, app.id)
    second = await synced(store, plugins, domain, app.id)

    assert second.run.status == "unchanged"
    assert second.rows == first.rows
