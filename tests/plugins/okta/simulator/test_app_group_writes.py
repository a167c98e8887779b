"""Assigning groups to apps over HTTP, changing that and undoing it."""

import pytest


@pytest.fixture
def org(acme):
    return acme.org


@pytest.fixture
def groups(acme):
    return f"/apps/{acme.app.id}/groups"


@pytest.fixture
def team(org, acme):
    return org.add_group("Team", members=[acme.bob])


@pytest.fixture
def order(call, groups):
    return lambda: [(held["id"], held["priority"]) for held in call(groups).json()]


def test_without_a_priority_a_group_goes_before_all_others(write, order, acme, team, groups):
    response = write("PUT", f"{groups}/{team.id}", {"profile": {"samlRoles": ["Admin"]}})
    assert response.status_code == 200
    assert (response.json()["priority"], response.json()["profile"]) == (0, {"samlRoles": ["Admin"]})
    assert order() == [(team.id, 0), (acme.admins.id, 1), (acme.readers.id, 2)]


def test_an_explicit_priority_is_kept(write, order, acme, team, groups):
    write("PUT", f"{groups}/{team.id}", {"priority": 7})
    assert order() == [(acme.admins.id, 0), (acme.readers.id, 1), (team.id, 7)]


def test_only_those_in_the_way_are_pushed(write, order, org, acme, team, groups):
    org.prioritise(acme.app, acme.readers, 5)
    write("PUT", f"{groups}/{team.id}")
    assert order() == [(team.id, 0), (acme.admins.id, 1), (acme.readers.id, 5)]


def test_a_new_first_group_changes_what_others_groups_give(write, call, org, acme, team, groups):
    org.set_union(acme.app, False)
    person = f"/apps/{acme.app.id}/users/{acme.bob.id}"
    assert call(person).json()["profile"] == {"samlRoles": ["Admin"]}
    write("PUT", f"{groups}/{team.id}", {"profile": {"samlRoles": ["Team"]}})
    assert call(person).json()["profile"] == {"samlRoles": ["Team"]}
    assert call(person).json()["_links"]["group"]["href"].endswith(team.id)


@pytest.mark.parametrize(("behaviour", "after"), [("clears", {}), ("keeps", {"samlRoles": ["ReadOnly"]})])
def test_put_replaces_what_was_there(write, org, acme, groups, behaviour, after):
    org.behaviour.put_without_profile = behaviour
    response = write("PUT", f"{groups}/{acme.readers.id}", {"priority": 1})
    assert (response.json()["priority"], response.json()["profile"]) == (1, after)


def test_patch_changes_single_properties(write, acme, groups):
    path = f"{groups}/{acme.admins.id}"
    added = write(
        "PATCH",
        path,
        [
            {"op": "replace", "path": "/profile/samlRoles", "value": ["Admin", "Audit"]},
            {"op": "replace", "path": "/profile/role", "value": "Admin"},
        ],
    )
    assert added.json()["profile"] == {"samlRoles": ["Admin", "Audit"], "role": "Admin"}
    removed = write("PATCH", path, [{"op": "remove", "path": "/profile/samlRoles"}])
    assert removed.json()["profile"] == {"role": "Admin"}


def test_patch_of_the_priority_makes_room(write, order, acme, groups):
    write("PATCH", f"{groups}/{acme.readers.id}", [{"op": "replace", "path": "/priority", "value": 0}])
    assert order() == [(acme.readers.id, 0), (acme.admins.id, 1)]


def test_patch_of_an_absent_key_may_be_refused(write, refused, org, acme, groups):
    org.behaviour.patch_absent = "refused"
    body = [{"op": "replace", "path": "/profile/role", "value": "Admin"}]
    assert refused(write("PATCH", f"{groups}/{acme.admins.id}", body)) == (400, "E0000001")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "E0000003"),
        ([{"op": "add", "path": "/profile/samlRoles", "value": []}], "E0000001"),
        ([{"op": "replace", "path": "/profile", "value": {}}], "E0000001"),
        ([{"op": "replace", "path": "/profile/a/b", "value": 1}], "E0000001"),
        ([{"op": "replace", "path": "/profile/samlRoles", "value": "Admin"}], "E0000001"),
        ([{"op": "replace", "path": "/priority", "value": 101}], "E0000001"),
        ([{"op": "remove", "path": 7}], "E0000001"),
    ],
)
def test_a_patch_of_another_form_changes_nothing(write, refused, acme, groups, body, code):
    path = f"{groups}/{acme.admins.id}"
    before = write("GET", path).json()
    assert refused(write("PATCH", path, body)) == (400, code)
    assert write("GET", path).json() == before


def test_an_assignment_ends_once_and_takes_the_app_from_who_has_it_only_so(
    write, call, refused, acme, groups
):
    path = f"{groups}/{acme.admins.id}"
    assert write("DELETE", path).status_code == 204
    assert [held["id"] for held in call(f"/apps/{acme.app.id}/users").json()] == [acme.ada.id]
    again = write("DELETE", path)
    assert refused(again) == (404, "E0000007")
    assert again.json()["errorSummary"].endswith("(ApplicationGroupAssignment)")
    assert write("PATCH", path, []).status_code == 404
    assert write("PUT", f"{groups}/00gNone").json()["errorSummary"].endswith("(UserGroup)")


@pytest.mark.parametrize("priority", [-1, 101, "1", True, 1.5])
def test_a_priority_out_of_range_is_refused(write, refused, team, groups, priority):
    assert refused(write("PUT", f"{groups}/{team.id}", {"priority": priority})) == (400, "E0000001")


def test_members_get_a_new_groups_app_when_the_lag_is_over(write, call, org, acme, groups):
    grace = org.add_user("grace@acme.example")
    team = org.add_group("Late", members=[grace])
    org.behaviour.assignment_lag = 30
    write("PUT", f"{groups}/{team.id}", {"priority": 5, "profile": {"samlRoles": ["Admin"]}})
    person = f"/apps/{acme.app.id}/users/{grace.id}"
    assert call(f"{groups}/{team.id}").status_code == 200
    assert call(person).status_code == 404
    org.clock.pass_by(31)
    assert call(person).json()["profile"] == {"samlRoles": ["Admin"]}
    write("DELETE", f"{groups}/{team.id}")
    assert call(person).status_code == 200
    org.clock.pass_by(31)
    assert call(person).status_code == 404
