import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta.simulator import ABSENT, Organisation


@pytest.fixture
def org():
    return Organisation()


def test_ids_look_like_oktas_and_come_in_no_order(org):
    ids = [org.add_user(f"p{number}@acme.example").id for number in range(50)]
    assert all(len(each) == 20 and each.startswith("00u") for each in ids)
    assert sorted(ids) != ids
    assert [user.id for user in org.users] == sorted(ids)
    assert Organisation().add_user("p0@acme.example").id == ids[0]


def test_ids_can_come_in_order():
    org = Organisation(scrambled_ids=False)
    ids = [org.add_group(f"g{number}").id for number in range(100)]
    assert sorted(ids) == ids


def test_a_person_is_found_by_id_login_and_unambiguous_short_name(org):
    ada = org.add_user("Ada@acme.example")
    org.add_user("bob@acme.example")
    org.add_user("bob@other.example")
    assert org.user(ada.id) is org.user("ada@ACME.example") is org.user("ada") is ada
    assert org.user("bob") is None
    ada.profile = {"login": "renamed@acme.example"}
    assert org.user("renamed") is ada
    assert org.user("ada") is None


def test_profiles_add_to_the_usual_one_or_replace_it(org):
    assert org.add_user("a@acme.example", profile={"title": "Dr", "email": ABSENT}).profile["title"] == "Dr"
    assert "email" not in org.add_user("b@acme.example", profile={"email": ABSENT}).profile
    assert org.add_user("c@acme.example", profile=None).profile is None
    assert org.add_user("d@acme.example", profile="odd").login is None


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_both_sides_of_a_membership_agree_and_stay_in_id_order(steps):
    org = Organisation()
    people = [org.add_user(f"p{number}@acme.example") for number in range(4)]
    groups = [org.add_group(f"g{number}") for number in range(4)]
    expected = set()
    for joins, person, group in steps:
        if joins:
            org.add_member(groups[group], people[person])
            expected.add((person, group))
        else:
            org.remove_member(groups[group], people[person])
            expected.discard((person, group))
    for number, group in enumerate(groups):
        members = [people[person] for person, held in expected if held == number]
        assert group.members == sorted(members, key=lambda user: user.id)
    for number, person in enumerate(people):
        held = [groups[group] for holder, group in expected if holder == number]
        assert person.groups == sorted(held, key=lambda group: group.id)
        assert org.groups_of(person) == sorted([*held, org.everyone], key=lambda group: group.id)


def test_a_deactivated_person_loses_groups_and_apps(org):
    ada = org.add_user("ada@acme.example")
    group, app = org.add_group("g", members=[ada]), org.add_aws_app()
    org.assign_user(app, ada)
    org.deactivate(ada)
    assert (ada.status, ada.groups, group.members, org.app_users(app)) == ("DEPROVISIONED", [], [], [])
    assert org.groups_of(ada) == []


def test_what_is_deleted_is_gone_everywhere(org):
    ada = org.add_user("ada@acme.example")
    group, app = org.add_group("g", members=[ada]), org.add_aws_app()
    org.assign_group(app, group)
    org.delete_group(group)
    assert (ada.groups, app.assigned_groups, org.group(group.id)) == ([], {}, None)
    org.delete_user(ada)
    assert (org.users, org.user("ada@acme.example")) == ([], None)
    org.delete_app(app)
    assert org.app(app.id) is None


def test_group_assignments_line_up_behind_each_other(org):
    app = org.add_aws_app()
    held = [org.assign_group(app, org.add_group(f"g{number}")) for number in range(3)]
    first = org.assign_group(app, org.add_group("first"), priority=0)
    assert [assigned.priority for assigned in held] == [0, 1, 2]
    assert {assigned.priority for assigned in org.app_groups(app)[:2]} == {0}
    assert first in org.app_groups(app)[:2]


def test_members_that_move_turn_the_groups_member_clock_only(org):
    group = org.add_group("g")
    before = group.last_updated
    org.serve_times()
    org.add_member(group, org.add_user("ada@acme.example"))
    assert group.last_membership_updated > before == group.last_updated
