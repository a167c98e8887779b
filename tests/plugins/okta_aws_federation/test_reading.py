"""What a run asks of Okta: no more than it needs, and what the lists leave out."""

import pytest

from rolecall import Ref
from rolecall_okta.simulator import ABSENT
from rolecall_okta.simulator.faults import Before, Status
from tests.plugins.okta_aws_federation.emission import (
    effective_rows,
    emitted,
    held,
)

ACCOUNT = "123456789012"
BY_GROUP, BY_PERSON = "/api/v1/groups/{id}/users", "/api/v1/users/{id}/groups"


async def test_the_source_of_a_group_is_asked_for_once_where_the_list_does_not_say(org, sync):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    directory, ada = org.add_directory(), org.add_user("ada@acme.example")
    org.assign_user(app, ada)
    for role in ("Admin", "ReadOnly"):
        org.add_group(f"aws_123456789012_{role}", members=[ada], source=directory, raw={"_embedded": ABSENT})

    run = await sync(org, app)

    assert [row["role"] for row in effective_rows(run)] == ["Admin", "ReadOnly"]
    assert run.requests.asked.count(f"GET /api/v1/apps/{directory.id}") == 1


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
