"""Access given, by recorded conversations: every request, in order."""

import pytest

from rolecall_okta.simulator.faults import After
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, SCOPES_TO_WRITE
from tests.plugins.okta.conversations import (
    APP_RIGHTS,
    RIGHTS,
    SIGN_IN,
    assert_carried_out,
    by_app,
    by_login,
    modified,
)
from tests.plugins.okta_aws_federation.recorded.scenes import (
    ADA,
    ADMINS,
    BOB,
    CONVERTS,
    KIND,
    READ_APP,
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
    members,
    order,
    own,
    own_changed,
    patching,
    putting,
    ranked,
    role,
)

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

SCOPES = {*SCOPES_TO_READ, *SCOPES_TO_WRITE, "okta.directories.groups.manage"}


async def test_a_membership(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(member(org.group("staff")), BOB)

    assert_carried_out(
        okta,
        given,
        *READ_APP,
        *by_login("bob"),
        *by_rules("staff"),
        *bears_on("bob"),
        *RIGHTS,
        *member_of("staff", "bob"),
        "PUT /groups/staff/users/bob",
        "GET /users/bob/groups",
    )


async def test_the_app_to_a_person(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(assigned(app), ADA)

    assert_carried_out(
        okta,
        given,
        *about("ada"),
        *RIGHTS,
        *own("ada"),
        assigning("ada"),
        *own("ada"),
    )


async def test_the_app_to_a_group_below_all_others(studio):
    org, app = acme()
    org.assign_group(app, org.add_group("crew"), priority=4, saml_roles=["Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(assigned(app), org.group("staff"))

    assert_carried_out(
        okta,
        given,
        *about_group("staff", "ada"),
        *RIGHTS,
        *order(),
        putting("staff", 5),
        *ranked("staff"),
    )


async def test_a_role_to_a_person_whom_nothing_assigns(studio):
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


async def test_a_role_beside_those_that_a_person_has(studio):
    org, app = acme()
    org.assign_user(app, org.user(ADA), profile={"samlRoles": ["Read"], "role": None})
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(role("Admin"), ADA)

    assert_carried_out(
        okta,
        given,
        *about("ada"),
        *RIGHTS,
        *own_changed("ada", changing("ada", "Read", "Admin", role=None)),
    )


async def test_a_role_to_a_person_whom_a_group_assigns_keeps_a_copy_of_the_groups(studio):
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


async def test_a_role_to_a_group_that_is_assigned(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Read"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(role("Admin"), org.group("staff"))

    assert_carried_out(
        okta,
        given,
        *about_group("staff", "ada"),
        *RIGHTS,
        *group_changed("staff", "ada", patching("staff", "Read", "Admin")),
    )


async def test_a_role_to_a_group_whose_profile_okta_does_not_patch_is_put(studio):
    org, app = acme()
    org.behaviour.patch_absent = "refused"
    org.assign_group(app, org.group("staff"), priority=3)
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    plan, outcome = await okta.grant(role("Admin"), org.group("staff"))

    assert okta.told() == [
        *about_group("staff", "ada"),
        *RIGHTS,
        *order(),
        patching("staff", "Admin"),
        putting("staff", 3, "Admin"),
        *ranked("staff"),
        *has_now("ada"),
    ]
    assert okta.planned(plan) == [patching("staff", "Admin")]
    assert [each for each in okta.notes.said if isinstance(each, int)] == [400, 200]
    assert outcome.verified


async def test_a_role_to_a_group_that_is_not_assigned_puts_it_below_all_others(studio):
    org, app = acme()
    crew = org.add_group("crew", members=[org.user(ADA)])
    org.assign_group(app, crew, priority=4, saml_roles=["Audit"])
    org.add_member(org.group("staff"), org.user(BOB))
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(role("Admin"), org.group("staff"))

    assert_carried_out(
        okta,
        given,
        *READ_APP,
        *members("staff"),
        "GET /users/bob/groups",
        "GET /users/ada/groups",
        *own("bob"),
        *own("ada"),
        *RIGHTS,
        *group_changed("staff", "bob", putting("staff", 5, "Admin")),
    )


async def test_a_role_by_its_native_group_and_the_app_with_it(studio):
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


async def test_a_role_by_its_native_group_to_a_person_who_has_the_app(studio):
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


async def test_what_is_so_already_needs_no_write(studio):
    org, app = acme()
    org.assign_user(app, org.user(ADA), saml_roles=["Admin"])
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    wanted = (role("Admin"), assigned(app), member(org.group("staff")))

    plans = [await okta.plan("grant", each, ADA) for each in wanted]

    assert [plan.status for plan in plans] == ["already_granted"] * 3
    assert okta.told() == [
        *about("ada"),
        *about("ada"),
        *READ_APP,
        *by_login("ada"),
        *by_rules("staff"),
        *bears_on("ada"),
    ]


async def test_a_role_group_of_the_directory_is_handed_off_before_any_write(studio):
    org, app = acme(use_group_mapping=True, app_filter="active_directory")
    org.add_group(ADMINS, source=org.add_directory())
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    plan, outcome = await okta.grant(role("Admin"), ADA)

    assert [step.route for step in plan.steps] == ["handoff", "api"]
    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert okta.told() == [
        *about_mapped("ada", ADMINS),
        "GET /apps/active_directory/users/ada",
        *RIGHTS,
        *member_of(ADMINS, "ada"),
    ]


async def test_a_role_group_of_the_directory_is_changed_there_by_an_oauth_app(studio):
    org, app = acme(use_group_mapping=True, app_filter="active_directory")
    directory, ada = org.add_directory(), org.user(ADA)
    org.add_group(ADMINS, source=directory)
    org.import_people(directory, [ada])
    org.assign_user(app, ada)
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id, directory_writes=True, **by_app(SCOPES))

    plan, outcome = await okta.grant(role("Admin"), ADA)

    assert [step.route for step in plan.steps] == ["directory"]
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert okta.told() == [
        *SIGN_IN,
        *about_mapped("ada", ADMINS),
        "GET /apps/active_directory/users/ada",
        *APP_RIGHTS,
        *member_of(ADMINS, "ada"),
        modified("ADD", ADMINS, "ada"),
        "GET /users/ada/groups",
    ]


async def test_what_a_group_gives_is_read_again_until_okta_shows_it(studio):
    org, app = acme()
    org.behaviour.assignment_lag = 0.5
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)

    given = await okta.grant(role("Admin"), org.group("staff"))

    assert_carried_out(
        okta,
        given,
        *about_group("staff", "ada"),
        *RIGHTS,
        *group_changed("staff", "ada", putting("staff", 0, "Admin")),
        "GET /apps/amazon_aws/groups",
        *has_now("ada"),
        "GET /apps/amazon_aws/groups",
        *has_now("ada"),
    )


async def test_a_role_that_another_writer_overwrites_is_merged_and_written_once_more(studio):
    org, app = acme()
    org.assign_user(app, org.user(ADA), saml_roles=["Read"])
    others = After(lambda org: org.assign_user(app, org.user(ADA), saml_roles=["Read", "Audit"]))
    okta = await studio.converse(
        KIND, org, faults=[(".*", others, {"method": "POST"})], aws_okta_app_id=app.id
    )

    plan, outcome = await okta.grant(role("Admin"), ADA)

    assert (outcome.status, outcome.verified) == ("applied", True)
    assert okta.planned(plan) == [changing("ada", "Read", "Admin")]
    assert okta.told() == [
        *about("ada"),
        *RIGHTS,
        *own("ada"),
        changing("ada", "Read", "Admin"),
        *(own("ada") * 7),
        changing("ada", "Read", "Audit", "Admin"),
        *own("ada"),
        *has_besides("ada"),
    ]


async def test_a_groups_role_that_another_writer_overwrites_is_merged_and_written_once_more(studio):
    org, app = acme()
    org.assign_group(app, org.group("staff"), saml_roles=["Read"])

    def overwrite(_org):
        app.assigned_groups[org.group("staff").id].profile = {"samlRoles": ["Read", "Audit"]}

    faults = [(".*", After(overwrite), {"method": "PATCH"})]
    okta = await studio.converse(KIND, org, faults=faults, aws_okta_app_id=app.id)

    plan, outcome = await okta.grant(role("Admin"), org.group("staff"))

    assert (outcome.status, outcome.verified) == ("applied", True)
    assert okta.planned(plan) == [patching("staff", "Read", "Admin")]
    assert okta.told() == [
        *about_group("staff", "ada"),
        *RIGHTS,
        *order(),
        patching("staff", "Read", "Admin"),
        *(ranked("staff")[:1] * 5),
        *ranked("staff"),
        *ranked("staff")[:1],
        patching("staff", "Read", "Audit", "Admin"),
        *ranked("staff"),
        *has_now("ada"),
    ]
