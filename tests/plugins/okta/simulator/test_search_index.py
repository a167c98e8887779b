"""What ``search`` and ``filter`` know, some seconds late."""

import httpx
import pytest

from rolecall_okta.simulator import serve


@pytest.fixture
def found(acme, clock):
    """The ids that a query finds."""
    with (
        serve(acme.org, clock=clock, search_lag=5) as okta,
        httpx.Client(base_url=f"http://{okta.domain}/api/v1") as client,
    ):

        def ask(path, **query):
            response = client.get(path, params=query, headers={"Authorization": "SSWS super-token"})
            assert response.status_code == 200, response.text
            return response.json()

        yield ask


RECENT = 'lastUpdated gt "2026-02-01T00:00:00.000Z" or lastMembershipUpdated gt "2026-02-01T00:00:00.000Z"'


def test_a_change_is_found_after_the_lag_and_read_by_id_at_once(acme, clock, found):
    acme.org.rename(acme.admins, "Other")
    clock.pass_by(2)
    acme.org.remove_member(acme.admins, acme.bob)
    assert found("/groups", filter=RECENT) == []
    assert found("/groups", search='profile.name eq "Other"') == []
    assert [each["id"] for each in found("/groups", search='profile.name sw "aws_123456789012_Ad"')] == [
        acme.admins.id
    ]
    assert found(f"/groups/{acme.admins.id}")["profile"]["name"] == "Other"
    assert "Other" in {each["profile"]["name"] for each in found("/groups")}
    clock.pass_by(3)
    (late,) = found("/groups", filter=RECENT)
    assert (late["lastUpdated"], late["lastMembershipUpdated"]) == (
        "2026-03-01T12:00:00.000Z",
        "2026-01-05T09:00:00.000Z",
    )
    clock.pass_by(3)
    (current,) = found("/groups", filter=RECENT)
    assert current["lastMembershipUpdated"] == "2026-03-01T12:00:02.000Z"


def test_new_people_are_found_late_and_deleted_ones_for_a_while(acme, clock, found):
    new = acme.org.add_user("new@acme.example")
    acme.org.delete_user(acme.bob)
    before = {each["id"] for each in found("/users", search="status pr")}
    assert before == {acme.ada.id, acme.bob.id, acme.eve.id}
    assert found(f"/users/{new.id}")["status"] == "ACTIVE"
    clock.pass_by(6)
    assert {each["id"] for each in found("/users", search="status pr")} == {acme.ada.id, acme.eve.id, new.id}


def test_who_comes_and_goes_within_the_lag_is_never_found(acme, clock, found):
    acme.org.delete_user(acme.org.add_user("new@acme.example"))
    for _ in range(4):
        clock.pass_by(2)
        assert len(found("/users", filter='lastUpdated gt "2026-02-01T00:00:00.000Z"')) == 0
        assert len(found("/users", search="status pr")) == 3
