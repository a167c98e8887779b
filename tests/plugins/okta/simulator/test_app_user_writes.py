"""Assigning people to apps over HTTP, changing that and undoing it."""

import socket

import pytest


@pytest.fixture
def org(acme):
    return acme.org


@pytest.fixture
def ken(org):
    """Somebody active whom nothing assigns to the app."""
    return org.add_user("ken@acme.example")


@pytest.fixture
def grace(acme, org):
    """Somebody active whom two groups assign to the app, which combines their roles."""
    grace = org.add_user("grace@acme.example")
    for group in (acme.admins, acme.readers):
        org.add_member(group, grace)
    return grace


@pytest.fixture
def users(acme):
    return f"/apps/{acme.app.id}/users"


@pytest.fixture
def shown(call, users):
    """Scope and roles of a person, as the app user shows them."""

    def read(user):
        held = call(f"{users}/{user.id}").json()
        return held.get("scope"), (held.get("profile") or {}).get("samlRoles")

    return read


def test_a_person_is_assigned_with_the_profile_sent(write, shown, ken, users):
    response = write("POST", users, {"id": ken.id, "scope": "USER", "profile": {"samlRoles": ["Admin"]}})
    assert response.status_code == 200
    assert (response.json()["id"], response.json()["scope"]) == (ken.id, "USER")
    assert shown(ken) == ("USER", ["Admin"])


def test_who_is_assigned_already_is_a_conflict_or_an_update(write, shown, refused, acme, org, users):
    body = {"id": acme.ada.id, "profile": {"samlRoles": ["New"]}}
    assert refused(write("POST", users, body)) == (409, "E0000062")
    assert shown(acme.ada) == ("USER", ["Own"])
    org.behaviour.assign_again = "updates"
    assert write("POST", users, body).json()["profile"] == {"samlRoles": ["New"], "role": "Fallback"}


@pytest.mark.parametrize(
    ("body", "roles"),
    [({}, ["Admin", "ReadOnly"]), ({"profile": {"samlRoles": ["Own"]}}, ["Own"])],
)
def test_who_is_assigned_through_groups_becomes_direct_and_keeps_what_they_had(
    write, shown, acme, grace, users, body, roles
):
    created = write("GET", f"{users}/{grace.id}").json()["created"]
    assert write("POST", users, {"id": grace.id, **body}).json()["created"] == created
    assert shown(grace) == ("USER", roles)
    acme.org.unassign_group(acme.app, acme.admins)
    assert shown(grace) == ("USER", roles)


@pytest.mark.parametrize("status", ["STAGED", "DEPROVISIONED"])
def test_the_inactive_are_not_assigned(write, refused, ken, users, status):
    ken.status = status
    assert refused(write("POST", users, {"id": ken.id})) == (403, "E0000117")


def test_who_is_being_activated_has_to_wait(write, refused, ken, users):
    ken.raw = {"transitioningToStatus": "ACTIVE"}
    assert refused(write("POST", users, {"id": ken.id})) == (409, "E0000112")


def test_an_update_replaces_arrays_whole_and_keeps_other_keys(write, acme, org, users):
    own = f"{users}/{acme.ada.id}"
    assert write("POST", own, {"profile": {"samlRoles": ["A", "B"]}}).json()["profile"] == {
        "samlRoles": ["A", "B"],
        "role": "Fallback",
    }
    org.behaviour.absent_keys = "dropped"
    assert write("POST", own, {"profile": {"samlRoles": []}}).json()["profile"] == {"samlRoles": []}


def test_scope_user_makes_the_groups_profile_the_persons_own(write, shown, acme, grace, users):
    write("POST", f"{users}/{grace.id}", {"scope": "USER", "profile": {"role": "Fallback"}})
    assert shown(grace) == ("USER", ["Admin", "ReadOnly"])
    write("POST", f"{users}/{grace.id}", {"scope": "GROUP"})
    assert shown(grace) == ("GROUP", ["Admin", "ReadOnly"])


def test_scope_group_needs_a_group_that_gives_the_app(write, shown, refused, org, acme, ken, users):
    org.assign_user(acme.app, ken, saml_roles=["Admin"])
    assert refused(write("POST", f"{users}/{ken.id}", {"scope": "GROUP"})) == (400, "E0000001")
    assert shown(ken) == ("USER", ["Admin"])


def test_scope_group_may_be_ignored(write, shown, org, acme, users):
    org.behaviour.group_scope = "ignored"
    assert write("POST", f"{users}/{acme.ada.id}", {"scope": "GROUP"}).status_code == 200
    assert shown(acme.ada) == ("USER", ["Own"])


def test_another_user_name_is_kept(write, call, acme, users):
    write("POST", f"{users}/{acme.ada.id}", {"credentials": {"userName": "countess"}})
    assert call(f"{users}/{acme.ada.id}").json()["credentials"]["userName"] == "countess"


def test_unassigning_is_refused_as_long_as_a_group_gives_the_app(write, refused, shown, acme, grace, users):
    for person in (acme.ada, grace):
        assert refused(write("DELETE", f"{users}/{person.id}")) == (403, "E0000046")
    assert shown(acme.ada) == ("USER", ["Own"])


def test_a_direct_assignment_ends_once(write, refused, org, acme, ken, users):
    org.assign_user(acme.app, ken)
    assert write("DELETE", f"{users}/{ken.id}").status_code == 204
    again = write("DELETE", f"{users}/{ken.id}")
    assert refused(again) == (404, "E0000007")
    assert again.json()["errorSummary"].endswith("(AppUser)")


def test_what_a_body_lacks_or_has_wrong_is_refused(write, refused, ken, users):
    assert refused(write("POST", users, content=b"{")) == (400, "E0000018")
    assert refused(write("POST", users, [])) == (400, "E0000003")
    assert refused(write("POST", users, {"profile": {}})) == (400, "E0000001")
    assert write("POST", users, {"id": "00uNobody"}).json()["errorSummary"].endswith("(User)")
    for profile in ({"samlRoles": "Admin"}, {"samlRoles": [1]}, {"role": []}, {"colour": "red"}, "Admin"):
        assert refused(write("POST", users, {"id": ken.id, "profile": profile})) == (400, "E0000001")
    assert refused(write("POST", f"{users}/{ken.id}", {"scope": "USER"})) == (404, "E0000007")


def test_a_broken_body_is_not_well_formed(okta, acme, users):
    answer = raw(
        okta,
        f"POST /api/v1{users} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n",
        b"{",
    )
    assert b"400 Bad Request" in answer
    assert b"E0000003" in answer


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_post_or_put_must_tell_its_length(okta, acme, users, method):
    path = users if method == "POST" else f"/groups/{acme.admins.id}/users/{acme.ada.id}"
    without = raw(okta, f"{method} /api/v1{path} HTTP/1.1\r\n")
    assert without.startswith(b"HTTP/1.1 411")
    told = raw(okta, f"{method} /api/v1{path} HTTP/1.1\r\nContent-Length: 0\r\n")
    assert not told.startswith(b"HTTP/1.1 411")


def test_effects_of_groups_may_come_late_and_are_then_oktas_own(write, shown, call, org, acme, ken, users):
    org.behaviour.assignment_lag = 10
    write("PUT", f"/groups/{acme.admins.id}/users/{ken.id}")
    assert shown(ken) == (None, None)
    org.clock.pass_by(11)
    assert shown(ken) == ("GROUP", ["Admin"])
    added = next(each.body for each in org.log.events if each.type == "application.user_membership.add")
    assert added["actor"]["type"] == "SystemPrincipal"
    assert added["transaction"]["type"] == "JOB"
    org.assign_user(acme.app, ken, saml_roles=["Own"])
    assert shown(ken) == ("USER", ["Own"])


def raw(okta, head, body=b""):
    host, _, port = okta.domain.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        lines = f"{head}Host: {okta.domain}\r\nAuthorization: SSWS super-token\r\nConnection: close\r\n\r\n"
        connection.sendall(lines.encode() + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer
