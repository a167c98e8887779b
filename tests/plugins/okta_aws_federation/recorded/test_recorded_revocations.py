"""Access taken away, by recorded conversations: every request, in order."""

import pytest

from tests.plugins.okta.conversations import RIGHTS, assert_carried_out, by_login, ref_of
from tests.plugins.okta_aws_federation.recorded.scenes import (
    ADA,
    ADMINS,
    CONVERTS,
    KIND,
    READ_APP,
    READ_MAPPING,
    about,
    about_group,
    about_mapped,
    acme,
    assigned,
    assigning,
    bears_on,
    by_rules,
    changing,
    group_changed,
    has_besides,
    has_now,
    mapped,
    member,
    member_of,
    own,
    own_changed,
    patching,
    role,
)

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]


async def test_a_membership(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(member(org.group("staff")), ADA)

    assert_carried_out(
        okta,
        taken,
        *READ_APP,
        *by_login("ada"),
        *by_rules("staff"),
        *bears_on("ada"),
        *RIGHTS,
        *member_of("staff", "ada"),
        "DELETE /groups/staff/users/ada",
        "GET /users/ada/groups",
    )


async def test_the_app_from_a_person(studio):
    org, app = acme()
    org.assign_user(app, org.user(ADA), saml_roles=["Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(assigned(app), ADA)

    assert_carried_out(
        okta,
        taken,
        *about("ada"),
        *RIGHTS,
        *own_changed("ada", "DELETE /apps/amazon_aws/users/ada"),
    )


async def test_the_app_from_a_group(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(assigned(app), org.group("staff"), "others_lose")

    assert_carried_out(
        okta,
        taken,
        *about_group("staff", "ada"),
        *RIGHTS,
        *group_changed("staff", "ada", "DELETE /apps/amazon_aws/groups/staff"),
    )


async def test_one_role_of_several(studio):
    org, app = acme()
    org.assign_user(app, org.user(ADA), profile={"samlRoles": ["Admin", "Read"], "role": "Admin"})
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(role("Admin"), ADA)

    assert_carried_out(
        okta,
        taken,
        *about("ada"),
        *RIGHTS,
        *own_changed("ada", changing("ada", "Read", role=None)),
    )


async def test_the_last_role_ends_the_assignment_that_rolecall_made(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    given = await okta.grant(role("Admin"), ADA)
    assert_carried_out(
        okta,
        given,
        *about("ada"),
        *RIGHTS,
        *own_changed("ada", assigning("ada", "Admin")),
    )

    taken = await okta.revoke(role("Admin"), ADA)

    assert_carried_out(
        okta,
        taken,
        *about("ada"),
        *own_changed("ada", "DELETE /apps/amazon_aws/users/ada"),
    )


async def test_the_assignment_goes_back_to_the_group_from_which_it_was_converted(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id, **CONVERTS)
    given = await okta.grant(role("Admin"), ADA)
    assert_carried_out(
        okta,
        given,
        *about("ada"),
        *RIGHTS,
        *own_changed("ada", changing("ada", "Read", "Admin", scope="USER")),
    )

    taken = await okta.undo(role("Admin"), org.user(ADA))

    assert_carried_out(
        okta,
        taken,
        *READ_APP,
        "GET /users/ada",
        *bears_on("ada"),
        *own("ada"),
        changing("ada", "Read"),
        *own_changed("ada", 'POST /apps/amazon_aws/users/ada {"scope": "GROUP"}'),
    )


async def test_a_role_from_a_group(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Admin", "Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(role("Admin"), org.group("staff"))

    assert_carried_out(
        okta,
        taken,
        *about_group("staff", "ada"),
        *RIGHTS,
        *group_changed("staff", "ada", patching("staff", "Read")),
    )


async def test_an_inherited_role_by_the_path_that_is_named(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Admin"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    taken = await okta.revoke(role("Admin"), ADA, via=ref_of(org.group("staff")))

    assert_carried_out(
        okta,
        taken,
        *about("ada"),
        *by_rules("staff"),
        *RIGHTS,
        *member_of("staff", "ada"),
        "DELETE /groups/staff/users/ada",
        "GET /users/ada/groups",
        *has_now("ada"),
    )


async def test_a_role_with_its_native_group_and_the_app_that_rolecall_assigned(studio):
    org, app = mapped()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    given = await okta.grant(role("Admin"), ADA)
    assert_carried_out(
        okta,
        given,
        *about_mapped("ada", ADMINS),
        *RIGHTS,
        *member_of(ADMINS, "ada"),
        f"PUT /groups/{ADMINS}/users/ada",
        *bears_on("ada"),
        assigning("ada"),
        *own("ada"),
        *has_besides("ada"),
    )

    taken = await okta.revoke(role("Admin"), ADA)

    assert_carried_out(
        okta,
        taken,
        *about_mapped("ada", ADMINS),
        f"GET /groups/{ADMINS}",
        *member_of(ADMINS, "ada"),
        f"DELETE /groups/{ADMINS}/users/ada",
        *bears_on("ada"),
        "DELETE /apps/amazon_aws/users/ada",
        *own("ada"),
        *has_besides("ada"),
    )


async def test_a_role_group_that_was_renamed_is_taken_back_by_its_id(studio):
    org, app = mapped()
    org.assign_user(app, org.user(ADA))
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    given = await okta.grant(role("Admin"), ADA)
    assert_carried_out(
        okta,
        given,
        *about_mapped("ada", ADMINS),
        *RIGHTS,
        *member_of(ADMINS, "ada"),
        f"PUT /groups/{ADMINS}/users/ada",
        "GET /users/ada/groups",
        *has_now("ada"),
    )
    org.rename(org.group(ADMINS), "something else")

    taken = await okta.undo(role("Admin"), org.user(ADA))

    assert_carried_out(
        okta,
        taken,
        *READ_MAPPING,
        "GET /users/ada",
        *by_rules(ADMINS),
        *bears_on("ada"),
        *member_of(ADMINS, "ada"),
        f"DELETE /groups/{ADMINS}/users/ada",
        "GET /users/ada/groups",
    )


async def test_what_is_gone_already_needs_no_write(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    wanted = (role("Admin"), assigned(app), member(org.group("staff")))
    org.remove_member(org.group("staff"), org.user(ADA))

    plans = [await okta.plan("revoke", each, ADA) for each in wanted]

    assert [plan.status for plan in plans] == ["already_revoked"] * 3
    assert okta.told() == [
        *about("ada"),
        *about("ada"),
        *READ_APP,
        *by_login("ada"),
        *by_rules("staff"),
        *bears_on("ada"),
    ]


async def test_a_role_group_of_the_directory_is_handed_off(studio):
    org, app = acme(use_group_mapping=True, app_filter="active_directory")
    org.add_group(ADMINS, source=org.add_directory(), members=[org.user(ADA)])
    org.assign_user(app, org.user(ADA))
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    plan, outcome = await okta.revoke(role("Admin"), ADA)

    assert (plan.steps[0].handoff.change, outcome.status, outcome.step) == ("remove", "handed_off", 0)
    assert okta.told() == [
        *about_mapped("ada", ADMINS),
        f"GET /groups/{ADMINS}",
        "GET /apps/active_directory/users/ada",
        *RIGHTS,
        *member_of(ADMINS, "ada"),
    ]
