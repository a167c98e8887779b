"""Groups that a directory masters: changed there over HTTP, and in Okta by an import."""

import pytest

from rolecall_okta.simulator import ServiceApp, serve
from tests.plugins.okta.simulator.service_client import ServiceClient, key, public_jwk

SCOPE = "okta.directories.groups.manage"


@pytest.fixture
def served(acme, clock):
    acme.ken = acme.org.add_user("ken@acme.example")
    acme.org.import_people(acme.directory, [acme.ada, acme.ken])
    app = ServiceApp("0oaService", [public_jwk(key())], {SCOPE, "okta.groups.read"}, "super", dpop=False)
    with serve(acme.org, clients=[app], clock=clock) as okta:
        yield okta


@pytest.fixture
def modify(served, acme):
    client = ServiceClient(served, "0oaService")
    client.token = client.ask(SCOPE).json()["access_token"]

    def send(action, user, group=acme.readers, directory=acme.directory, **parameters):
        body = {
            "id": getattr(group, "id", group),
            "parameters": {"action": action, "attribute": "member", "values": [getattr(user, "id", user)]}
            | parameters,
        }
        path = f"/directories/{directory.id}/groups/modify"
        return client.call("POST", path, scheme="Bearer", json=body)

    return send


def logins(users):
    return {user.login for user in users}


def test_a_change_is_in_the_directory_at_once_and_in_okta_after_an_import(modify, acme):
    assert modify("ADD", acme.ken).status_code == 200
    assert modify("REMOVE", acme.ada).status_code == 200
    assert logins(acme.org.directory_members(acme.readers)) == {"ken@acme.example"}
    assert logins(acme.readers.members) == {"ada@acme.example"}
    acme.org.run_import(acme.directory)
    assert logins(acme.readers.members) == {"ken@acme.example"}
    changes = [each.body for each in acme.org.log.events if each.type.startswith("group.user_membership")]
    assert {change["actor"]["type"] for change in changes} == {"SystemPrincipal"}


def test_an_import_may_come_by_itself(modify, acme, clock):
    acme.org.behaviour.import_lag = 60
    modify("ADD", acme.ken)
    acme.org.catch_up()
    assert acme.ken not in acme.readers.members
    clock.pass_by(61)
    acme.org.catch_up()
    assert acme.ken in acme.readers.members


def test_a_sign_in_brings_what_the_directory_says_of_that_person(modify, acme):
    modify("ADD", acme.ken)
    modify("REMOVE", acme.ada)
    acme.org.sign_in(acme.ken)
    assert logins(acme.readers.members) == {"ada@acme.example", "ken@acme.example"}
    assert acme.ken.last_login == acme.org.now()
    acme.org.sign_in(acme.ada)
    assert logins(acme.readers.members) == {"ken@acme.example"}


def test_an_import_of_another_directory_brings_nothing(modify, acme):
    other = acme.org.add_directory("other.acme.example")
    modify("ADD", acme.ken)
    acme.org.run_import(other)
    assert acme.ken not in acme.readers.members


def test_a_change_that_was_undone_before_the_import_never_reaches_okta(modify, acme):
    modify("ADD", acme.ken)
    modify("REMOVE", acme.ken)
    acme.org.run_import()
    assert acme.ken not in acme.readers.members
    assert not [each for each in acme.org.log.events if each.type == "group.user_membership.add"]


@pytest.mark.parametrize(
    ("agent", "status", "done"),
    [("connected", 200, True), ("absent", 502, False), ("lost", 504, False), ("late", 504, True)],
)
def test_the_agent_decides_what_becomes_of_it(modify, acme, agent, status, done):
    acme.org.behaviour.directory_agent = agent
    assert modify("ADD", acme.ken).status_code == status
    assert (acme.ken in acme.org.directory_members(acme.readers)) is done


def test_what_does_not_belong_to_the_directory_is_refused(modify, acme):
    other = acme.org.add_directory("other.acme.example")
    assert modify("ADD", acme.ken, group=acme.admins).status_code == 400
    assert modify("ADD", acme.ken, directory=other).status_code == 400
    assert modify("ADD", acme.bob).status_code == 400
    assert modify("ADD", "00uNobody").status_code == 404
    assert modify("ADD", acme.ken, group="00gNone").status_code == 404
    assert modify("ADD", acme.ken, group=7).status_code == 404
    assert modify("MOVE", acme.ken).status_code == 400
    assert modify("ADD", acme.ken, attribute="owner").status_code == 400
    assert modify("ADD", acme.ken, values=[]).status_code == 400
    assert acme.org.directory_members(acme.readers) == [acme.ada]


def test_it_takes_an_access_token_with_the_scope_and_a_role(served, acme):
    path = f"/directories/{acme.directory.id}/groups/modify"
    client = ServiceClient(served, "0oaService")
    client.token = client.ask("okta.groups.read").json()["access_token"]
    assert client.call("POST", path, scheme="Bearer", json={}).status_code == 403
    client.token = client.ask(SCOPE).json()["access_token"]
    served.clients["0oaService"].profile = "read_only"
    assert client.call("POST", path, scheme="Bearer", json={}).status_code == 403
    client.token = "super-token"
    assert client.call("POST", path, scheme="SSWS", json={}).status_code == 403


def test_people_and_groups_carry_what_the_directory_calls_them(served, acme):
    held = acme.org.app_user(acme.directory, acme.ken.id)
    assert held.profile["samAccountName"] == "ken"
    assert held.profile["dn"] == "CN=ken,OU=People,DC=corp,DC=acme,DC=example"
    assert {"dn", "samAccountName", "externalId"} <= acme.readers.profile.keys()


def test_without_names_all_members_of_a_directorys_groups_are_imported(acme):
    acme.org.import_people(acme.directory)
    assert set(acme.directory.direct) == {acme.ada.id}


def test_what_vanished_meanwhile_is_passed_over(modify, acme):
    modify("ADD", acme.ken)
    acme.org.delete_user(acme.ken)
    modify("REMOVE", acme.ada)
    acme.org.delete_group(acme.readers)
    acme.org.run_import()
    assert acme.org.directory_members(acme.readers) == [acme.ada]
