"""PUT and DELETE of a group's member, over HTTP."""

import pytest


@pytest.fixture
def path(acme):
    return lambda group, user: f"/groups/{group.id}/users/{user.id}"


@pytest.fixture
def team(acme):
    return acme.org.add_group("Team")


def members(call, group):
    return [user["id"] for user in call(f"/groups/{group.id}/users").json()]


def test_a_member_comes_and_goes_and_both_may_be_repeated(write, call, acme, team, path):
    for method, after in (("PUT", [acme.ada.id]), ("DELETE", [])):
        for _ in range(2):
            response = write(method, path(team, acme.ada))
            assert (response.status_code, response.content) == (204, b"")
            assert members(call, team) == after
    changes = [event for event in acme.org.log.events if event.type.startswith("group.user_membership")]
    assert [event.type.rpartition(".")[2] for event in changes] == ["add", "remove"]


def test_a_change_tells_who_made_it_by_which_token_and_request(write, okta, acme, team, path):
    response = write("PUT", path(team, acme.ada), token="provisioner-token")
    (event,) = (event.body for event in acme.org.log.events if event.type == "group.user_membership.add")
    owner = okta.tokens["provisioner-token"].owner
    request_id = response.headers["x-okta-request-id"]
    assert (event["actor"]["id"], event["actor"]["type"]) == (owner.id, "User")
    assert event["transaction"] == {
        "type": "WEB",
        "id": request_id,
        "detail": {"requestApiTokenId": okta.token_id("provisioner-token")},
    }
    assert event["debugContext"]["debugData"]["requestId"] == request_id


def test_the_tokens_id_is_the_one_its_record_has(call, okta):
    records = {record["userId"]: record["id"] for record in call("/api-tokens").json()}
    for text, token in okta.tokens.items():
        assert records[token.owner.id] == okta.token_id(text)


def test_what_follows_from_a_write_belongs_to_it(write, acme, path):
    response = write("DELETE", path(acme.admins, acme.bob))
    assert {event.body["transaction"]["id"] for event in acme.org.log.events} == {
        response.headers["x-okta-request-id"]
    }
    assert "application.user_membership.remove" in [event.type for event in acme.org.log.events]


def test_only_native_groups_are_changed(write, refused, acme, path):
    for group in (acme.readers, acme.org.everyone):
        for method in ("PUT", "DELETE"):
            response = write(method, path(group, acme.ada))
            assert refused(response) == (403, "E0000006")
            assert group.type in response.json()["errorCauses"][0]["errorSummary"]


def test_what_is_missing_is_named_by_its_kind(write, acme, team):
    for missing, kind in (
        (f"/groups/{team.id}/users/00uNobody", "User"),
        ("/groups/00g/users/x", "UserGroup"),
    ):
        response = write("PUT", missing)
        assert response.status_code == 404
        assert response.json()["errorSummary"].endswith(f"({kind})")


def test_the_deactivated_join_nothing(write, refused, acme, team, path):
    assert refused(write("PUT", path(team, acme.eve))) == (403, "E0000038")


def test_a_group_that_makes_administrators_is_for_super_administrators(write, refused, acme, path):
    target = path(acme.admins, acme.ada)
    assert refused(write("PUT", target, token="provisioner-token")) == (403, "E0000006")
    assert write("PUT", target).status_code == 204


def test_a_membership_may_show_late(write, call, acme, team, path, okta):
    acme.org.behaviour.member_lag = 5
    write("PUT", path(team, acme.ada))
    assert members(call, team) == []
    assert team.id not in [group["id"] for group in call(f"/users/{acme.ada.id}/groups").json()]
    acme.org.clock.pass_by(6)
    assert members(call, team) == [acme.ada.id]
    assert team.id in [group["id"] for group in call(f"/users/{acme.ada.id}/groups").json()]


def test_whom_a_rule_brought_is_excluded_by_who_takes_them_out(write, call, okta, acme, team, path):
    rule = acme.org.add_rule("Everybody", "true", [team])
    assert acme.ada.id in members(call, team)
    response = write("DELETE", path(team, acme.ada), token="provisioner-token")
    assert acme.ada.id not in members(call, team)
    assert call(f"/groups/rules/{rule.id}").json()["conditions"]["people"]["users"]["exclude"] == [
        acme.ada.id
    ]
    (event,) = (
        each.body for each in acme.org.log.events if each.type == "group.user_membership.rule.add_exclusion"
    )
    assert event["actor"]["id"] == okta.tokens["provisioner-token"].owner.id
    assert event["transaction"]["id"] == response.headers["x-okta-request-id"]
