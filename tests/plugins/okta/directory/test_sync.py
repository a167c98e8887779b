"""A whole sync over HTTP: what is asked of Okta, and what is handed to the host."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import AuthRefused, ProviderError, Ref
from rolecall_okta.simulator import ABSENT, Organisation, serve
from rolecall_okta.simulator.faults import Before, Body, Status
from tests.plugins.okta.directory import model
from tests.plugins.okta.directory.driving import TOKEN, Directory
from tests.plugins.okta.directory.orgs import organisations


def test_the_connector_offers_people_groups_and_roles():
    from rolecall_okta.directory.plugin import rolecall_connector_kinds

    (kind,) = rolecall_connector_kinds()

    assert [resource_type.id for resource_type in kind.resource_types] == ["user", "group", "role"]
    assert [question.flag for question in kind.setup] == ["--domain", "--token"]


async def test_people_of_all_statuses_are_listed_with_the_chosen_attributes(org, directory):
    profile = {"department": "Ops", "employeeNumber": "17", "floors": [1, 2], "odd": {"not": "plain"}}
    ada = org.add_user("ada@acme.example", profile=profile)
    bob = org.add_user("bob@acme.example", status="DEPROVISIONED")

    seen = await directory(org, profile_fields=["employeeNumber", "department", "floors", "odd"]).sync()

    person = seen.resources[Ref("user", ada.id)]
    assert person.profile == {
        "login": "ada@acme.example",
        "email": "ada@acme.example",
        "first_name": "Ada",
        "last_name": "Example",
        "department": "Ops",
        "employee_number": "17",
        "floors": [1, 2],
        "odd": None,
    }
    assert (person.status, person.enabled) == ("ACTIVE", True)
    assert seen.resources[Ref("user", bob.id)].enabled is False


async def test_which_statuses_let_nobody_in_can_be_chosen(org, directory):
    ada = org.add_user("ada@acme.example", status="SUSPENDED")
    bob = org.add_user("bob@acme.example", status="LOCKED_OUT")

    seen = await directory(org, disabled_statuses=["LOCKED_OUT"]).sync()

    assert seen.resources[Ref("user", ada.id)].enabled is True
    assert seen.resources[Ref("user", bob.id)].enabled is False


async def test_groups_say_what_they_are_and_where_they_come_from(org, directory):
    org.add_user("ada@acme.example")
    source = org.add_directory()
    group = org.add_group("Staff", description="All of us", source=source)

    seen = await directory(org).sync()

    resource = seen.resources[Ref("group", group.id)]
    assert resource.display_name == "Staff"
    assert resource.profile["type"] == "APP_GROUP"
    assert resource.profile["source_app_id"] == source.id
    assert resource.profile["source_app_name"] == "active_directory"


async def test_everyone_is_granted_from_the_people_and_never_listed(org, directory):
    people = [org.add_user(f"{name}@acme.example") for name in ("ada", "bob")]
    org.add_user("cyd@acme.example", status="DEPROVISIONED")

    seen = await directory(org).sync()

    assert seen.holders(f"group:{org.everyone.id}:member") == {person.id for person in people}
    assert seen.asked("/users") == ["GET /api/v1/users", "GET /api/v1/iam/assignees/users"]


async def test_an_empty_group_costs_no_request_and_has_a_member_entitlement(org, directory):
    org.add_user("ada@acme.example")
    group = org.add_group("nobody")

    seen = await directory(org).sync()

    assert f"group:{group.id}:member" in map(str, seen.entitlements)
    assert not seen.asked(f"{group.id}/users")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    org=organisations(),
    prefixes=st.lists(st.sampled_from(["aws", "aws_", "st"]), max_size=2),
    types=st.lists(st.sampled_from(["OKTA_GROUP", "APP_GROUP"]), max_size=1),
    asked_for=st.none() | st.sets(st.integers(0, 6)),
)
async def test_a_sync_gives_what_the_organisation_holds(org, prefixes, types, asked_for):
    wanted = None if asked_for is None else {org.groups[n].id for n in asked_for if n < len(org.groups)}
    table = {"group_name_prefixes": prefixes, "group_types": types}
    if wanted is not None:
        table["members"] = "on_demand"
    with serve(org, {TOKEN: "super"}, page_size_cap=2) as okta:
        seen = Directory(okta.domain, table, frozenset(Ref("group", each) for each in wanted or ()))
        await seen.sync()

    assert model.given(seen) == model.expected(org, prefixes=prefixes, types=types, wanted=wanted)
    assert set(seen.partials) == ({"group", "role"} if prefixes or types else set())


async def test_no_list_is_read_twice(org, directory):
    people = [org.add_user(f"user{number}@acme.example") for number in range(450)]
    for number in range(410):
        org.add_group(f"group{number}", members=people[number : number + 2])
    org.add_group("large", members=people)

    seen = await directory(org, "read_only").sync()

    asked = seen.requests.asked
    assert asked.count("GET /api/v1/users") == 3
    assert asked.count("GET /api/v1/groups") == 3
    members = [what for what in asked if what.startswith("GET /api/v1/groups/")]
    assert len(members) == len(set(members)) == 411
    assert len(asked) == 3 + 3 + 411 + len(["whose credential", "log", "who holds admin roles"])


async def test_the_forecast_is_what_the_run_costs(org, directory):
    people = [org.add_user(f"user{number}@acme.example") for number in range(450)]
    for number in range(300):
        org.add_group(f"group{number}", members=people[number : number + 2])

    seen = await directory(org, "read_only").sync()

    assert seen.forecasts[-1].requests == pytest.approx(len(seen.requests.asked), abs=2)


@pytest.mark.parametrize("prefixes", [[], ["team-"]])
async def test_the_forecast_is_what_the_run_costs_at_least_until_all_is_counted(org, directory, prefixes):
    ada = org.add_user("ada@acme.example")
    for number in range(450):
        org.add_group(f"team-{number}", members=[ada])

    seen = await directory(org, group_name_prefixes=prefixes).sync()

    assert seen.forecasts[0].at_least
    exact = [told.requests for told in seen.forecasts if not told.at_least]
    assert exact
    assert exact == pytest.approx([len(seen.requests.asked)] * len(exact), abs=2)


async def test_a_group_that_vanishes_in_mid_run_is_dropped_and_found(org, served):
    ada = org.add_user("ada@acme.example")
    gone = org.add_group("gone", members=[ada])
    okta = served(org)
    okta.faults.add(f"/groups/{gone.id}/users", Status(404, "E0000007"))

    seen = await Directory(okta.domain).sync()

    assert seen.codes() == ["group_gone"]
    assert Ref("group", gone.id) not in seen.resources


async def test_somebody_whom_only_a_group_knows_is_added_from_there(org, served):
    ada = org.add_user("ada@acme.example", profile={"department": "Ops"})
    group = org.add_group("staff", members=[ada])
    okta = served(org)
    new = {}

    def join(_exchange):
        new["bob"] = org.add_user("bob@acme.example", profile={"department": "New"})
        org.add_member(group, new["bob"])

    okta.faults.add(f"/groups/{group.id}/users", Before(join))
    seen = Directory(okta.domain, {"profile_fields": ["department"]})
    okta.latency = 0.05  # the list of people is read long before the members come

    await seen.sync()

    bob = Ref("user", new["bob"].id)
    assert seen.resources[bob].profile["department"] == "New"
    assert seen.holders(f"group:{group.id}:member") == {ada.id, bob.id}
    assert bob.id in seen.holders(f"group:{org.everyone.id}:member")


async def test_a_credential_that_is_shown_nobody_fails_the_run(org, served):
    org.add_user("ada@acme.example")
    okta = served(org)
    okta.faults.add(r"/api/v1/users\?", Body(b"[]"))

    with pytest.raises(AuthRefused, match="shows this credential nobody") as refusal:
        await Directory(okta.domain).sync()

    assert "admin role" in refusal.value.hint


async def test_scopes_without_an_admin_role_are_named_before_anything_is_read(org, served):
    """An OAuth app is nobody's: ``users/me`` is refused, and the people are none."""
    org.add_user("ada@acme.example")
    okta = served(org)
    okta.faults.add("/users/me", Status(403, "E0000006"), times=None)
    okta.faults.add(r"/api/v1/users\?", Body(b"[]"))
    seen = Directory(okta.domain)

    with pytest.raises(AuthRefused, match="shows this credential nobody"):
        await seen.sync()

    assert seen.requests.asked == ["GET /api/v1/users/me", "GET /api/v1/users"]
    await seen.sync()
    assert seen.identities[0].login is None
    await seen.sync()
    assert seen.mode == "incremental"


async def test_a_list_that_fails_fails_the_run(org, served):
    org.add_group("staff", members=[org.add_user("ada@acme.example")])
    okta = served(org)
    okta.faults.add(r"/groups/[^/]+/users", Body(b"[{}]"))

    with pytest.raises(ProviderError):
        await Directory(okta.domain).sync()


HOSTILE = ("nul\x00inside", "lone\ud800surrogate", "\x1b[31mred", "\u202egnp.exe", "a:b%c/d", "")


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_come_through_as_they_are(org, directory, text):
    ada = org.add_user("ada@acme.example", profile={"displayName": text or None, "department": text})
    group = org.add_group(text, description=text, members=[ada])

    seen = directory(org, profile_fields=["department"])
    await seen.sync()
    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.resources[Ref("user", ada.id)].profile["department"] == text
    assert seen.resources[Ref("group", group.id)].display_name == (text or group.id)


async def test_what_okta_leaves_out_is_found(org, directory):
    ada = org.add_user("ada@acme.example", raw={"status": ABSENT})
    bare = org.add_group("x", raw={"profile": ABSENT, "_embedded": ABSENT, "lastMembershipUpdated": None})

    seen = await directory(org).sync()

    found = {(finding.code, finding.subject) for finding in seen.findings}
    assert found == {
        ("person_without_status", f"user:{ada.id}"),
        ("group_without_name", f"group:{bare.id}"),
    }


def organisation_of(people):
    org = Organisation()
    for number in range(people):
        org.add_user(f"user{number}@acme.example")
    return org


async def test_a_list_of_people_shorter_than_everyone_is_counted_in_every_run(served):
    org = organisation_of(8)
    org.users[7].status = "DEPROVISIONED"
    okta = served(org)
    okta.faults.add("/api/v1/users\\?", Body(b'[{"id":"%s"}]' % org.users[0].id.encode()))

    seen = await Directory(okta.domain).sync()

    assert seen.counts == [(Ref("group", org.everyone.id), 1, 7)]
    await seen.sync()
    assert (seen.mode, seen.counts) == ("incremental", [(Ref("group", org.everyone.id), 1, 7)])


async def test_a_list_of_people_as_long_as_everyone_costs_no_question(served):
    org = organisation_of(8)
    org.users[7].status = "DEPROVISIONED"
    okta = served(org)

    seen = await Directory(okta.domain).sync()

    assert seen.counts == []
    assert not seen.asked(f"/groups/{org.everyone.id}")


async def test_a_list_of_members_that_is_short_twice_is_counted(served):
    org = organisation_of(8)
    group = org.add_group("staff", members=org.users)
    okta = served(org)
    okta.faults.add(f"/groups/{group.id}/users", Body(b"[]"), times=None)

    seen = await Directory(okta.domain).sync()

    assert seen.counts == [(Ref("group", group.id), 0, 8)]
    assert len(seen.asked(f"{group.id}/users")) == 2


async def test_a_list_of_members_that_is_short_once_is_read_again(served):
    org = organisation_of(8)
    group = org.add_group("staff", members=org.users)
    okta = served(org)
    okta.faults.add(f"/groups/{group.id}/users", Body(b"[]"))

    seen = await Directory(okta.domain).sync()

    assert seen.counts == []
    assert len(seen.holders(f"group:{group.id}:member")) == 8
