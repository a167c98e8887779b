"""Memberships given and taken, by recorded conversations: every request, in order."""

import pytest

from rolecall import Ref
from rolecall_okta.directory.config import SCOPES_TO_READ, SCOPES_TO_WRITE
from rolecall_okta.simulator.faults import Applied, Html
from tests.plugins.okta.conversations import (
    APP_RIGHTS,
    RIGHTS,
    SIGN_IN,
    assert_carried_out,
    by_app,
    by_login,
    modified,
)
from tests.plugins.okta.directory.recorded.staff import (
    ADA,
    NAMES_THERE,
    acme,
    changed,
    changed_by_id,
    looked_again,
    mastered,
    member,
    read,
)

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

SCOPES = {*SCOPES_TO_READ, *SCOPES_TO_WRITE, "okta.directories.groups.manage"}


async def test_a_person_is_put_into_a_group_and_taken_out_of_it(studio):
    org = acme()
    okta = await studio.converse("okta", org)

    given = await okta.grant(member(org.group("admins")), ADA)
    assert_carried_out(okta, given, *changed("admins", "PUT /groups/admins/users/ada"))
    taken = await okta.revoke(member(org.group("admins")), Ref("user", org.user(ADA).id))
    assert_carried_out(okta, taken, *changed_by_id("admins", "DELETE /groups/admins/users/ada"))


async def test_who_is_in_or_out_already_needs_no_write(studio):
    org = acme()
    okta = await studio.converse("okta", org)

    given = await okta.plan("grant", member(org.group("staff")), ADA)
    taken = await okta.plan("revoke", member(org.group("admins")), ADA)

    assert (given.status, taken.status) == ("already_granted", "already_revoked")
    assert okta.told() == [*by_login("ada"), *read("staff"), *by_login("ada"), *read("admins")]


@pytest.mark.parametrize("via", ["user", "group"])
async def test_the_one_path_of_a_membership_is_ended_by_its_name(studio, via):
    org = acme()
    okta = await studio.converse("okta", org)
    path = {"user": org.user(ADA), "group": org.group("staff")}[via]

    taken = await okta.revoke(member(org.group("staff")), ADA, via=Ref(via, path.id))

    assert_carried_out(okta, taken, *changed("staff", "DELETE /groups/staff/users/ada"))


async def test_what_was_given_is_taken_back_by_id_whatever_it_is_called_now(studio):
    org = acme()
    okta = await studio.converse("okta", org)
    given = await okta.grant(member(org.group("admins")), ADA)
    assert_carried_out(okta, given, *changed("admins", "PUT /groups/admins/users/ada"))
    admins = org.group("admins")
    org.rename(admins, "administrators")

    taken = await okta.undo(member(admins), org.user(ADA))

    assert_carried_out(okta, taken, *changed_by_id("admins", "DELETE /groups/admins/users/ada"))


async def test_a_membership_that_okta_shows_late_is_read_again(studio):
    org = acme()
    org.behaviour.member_lag = 1.0
    okta = await studio.converse("okta", org)

    given = await okta.grant(member(org.group("admins")), ADA)

    assert_carried_out(
        okta,
        given,
        *changed("admins", "PUT /groups/admins/users/ada"),
        "GET /users/ada/groups",
        "GET /users/ada/groups",
        "GET /users/ada/groups",
    )


async def test_a_write_without_a_clear_answer_is_looked_for_and_not_repeated(studio):
    org = acme()
    lost = ("/groups/.*/users/", Applied(Html(502)), {"method": "PUT"})
    okta = await studio.converse("okta", org, faults=[lost])

    given = await okta.grant(member(org.group("admins")), ADA)

    assert_carried_out(okta, given, *changed("admins", "PUT /groups/admins/users/ada"))


@pytest.mark.parametrize(("operation", "group"), [("grant", "ad-admins"), ("revoke", "ad-staff")])
async def test_a_directorys_group_is_handed_off_without_a_write(studio, operation, group):
    org = mastered()
    okta = await studio.converse("okta", org)

    plan = await okta.plan(operation, member(org.group(group)), ADA)
    outcome = await okta.carry_out(plan)

    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert okta.told() == [*by_login("ada"), *read(group), *NAMES_THERE, *RIGHTS, *looked_again(group)]
    assert plan.steps[0].handoff.person_names["login"] == ADA


async def test_an_api_token_on_the_directorys_route_hands_off_without_a_write(studio):
    org = mastered()
    okta = await studio.converse("okta", org, directory_writes=True)

    plan, outcome = await okta.grant(member(org.group("ad-admins")), ADA)

    assert (plan.steps[0].route, outcome.status) == ("directory", "handed_off")
    assert okta.told() == [
        *by_login("ada"),
        *read("ad-admins"),
        *NAMES_THERE,
        *RIGHTS,
        *looked_again("ad-admins"),
        "GET /groups/ad-admins",
        "GET /users/ada",
        *NAMES_THERE,
    ]


async def test_a_directorys_group_is_changed_through_its_agent_by_an_oauth_app(studio):
    org = mastered()
    okta = await studio.converse("okta", org, directory_writes=True, **by_app(SCOPES))

    _, outcome = await okta.grant(member(org.group("ad-admins")), ADA)

    assert (outcome.status, outcome.verified) == ("applied", False)
    assert okta.told() == [
        *SIGN_IN,
        *by_login("ada"),
        *read("ad-admins"),
        *NAMES_THERE,
        *APP_RIGHTS,
        *looked_again("ad-admins"),
        modified("ADD", "ad-admins", "ada"),
        "GET /users/ada/groups",
    ]
    org.run_import()
    again = await okta.plan("grant", member(org.group("ad-admins")), ADA)
    assert again.status == "already_granted"
    assert okta.told() == [*by_login("ada"), *read("ad-admins"), *NAMES_THERE]
    taken = await okta.revoke(member(org.group("ad-admins")), ADA)
    assert (taken[0].steps[0].route, taken[1].status) == ("directory", "applied")
    assert okta.told() == [
        *by_login("ada"),
        *read("ad-admins"),
        *NAMES_THERE,
        *looked_again("ad-admins"),
        modified("REMOVE", "ad-admins", "ada"),
        "GET /users/ada/groups",
    ]


async def test_a_directory_without_an_agent_is_handed_off(studio):
    org = mastered()
    org.behaviour.directory_agent = "absent"
    okta = await studio.converse("okta", org, directory_writes=True, **by_app(SCOPES))

    _, outcome = await okta.grant(member(org.group("ad-admins")), ADA)

    assert (outcome.status, outcome.handoff.change) == ("handed_off", "add")
    assert okta.told() == [
        *SIGN_IN,
        *by_login("ada"),
        *read("ad-admins"),
        *NAMES_THERE,
        *APP_RIGHTS,
        *looked_again("ad-admins"),
        modified("ADD", "ad-admins", "ada"),
        "GET /groups/ad-admins",
        "GET /users/ada",
        *NAMES_THERE,
    ]
