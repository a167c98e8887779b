"""``rolecall revoke`` as scripts and people use it, with a vault as the provider."""

from datetime import datetime, timedelta

from tests.host.vaults import ADMIN, GUEST


def test_a_suspended_person_gets_nothing_but_loses_it(grant, revoke, vault):
    assert grant("--yes").code == 0
    state = vault.state
    state["users"]["u2"]["status"] = "SUSPENDED"
    vault.write(state)

    assert grant("--yes", entitlement=GUEST).code == 3
    assert revoke("--yes").json["status"] == "applied"


def test_a_revocation_says_from_when_no_session_begins_and_until_when_old_ones_live(grant, revoke):
    grant("--yes")

    result = revoke("--yes")

    sessions = result.json["sessions"]
    begun, until = (datetime.fromisoformat(sessions[key]) for key in sessions)
    assert list(sessions) == ["no_new_session_from", "old_sessions_until"]
    assert until - begun == timedelta(seconds=3600)
    assert (result.code, result.json["status"], result.json["verified"]) == (0, "applied", True)


def test_a_grant_s_id_names_what_to_revoke(grant, rolecall, vault):
    grant("--yes")

    result = rolecall("revoke", "vault", f"{ADMIN}:user:u2", "--yes", "-o", "json")

    assert (result.code, result.json["status"]) == (0, "applied")
    assert vault.state["direct"] == {"u2": []}


def test_what_is_not_held_needs_no_revocation(revoke, vault):
    result = revoke("--yes")

    assert (result.code, result.json["status"]) == (0, "already_revoked")
    assert vault.calls == []


def test_inherited_access_is_refused_with_every_way_to_end_it(revoke, vault):
    vault.set(given_back_by=["Everybody in IT"])

    refused = revoke("--yes", principal="ada@acme.example")
    ended = revoke("--yes", "--via", "group:g1", principal="ada@acme.example")

    assert (refused.code, refused.error["code"]) == (3, "inherited")
    (way,) = refused.json["removals"]
    assert (way["via"], way["ends_access"], way["given_back_by"]) == ("group:g1", True, ["Everybody in IT"])
    assert way["effects"][0]["loses"] == [ADMIN, "group:g1:member"]
    assert f"rolecall revoke vault {ADMIN} ada@acme.example --via group:g1" in refused.error["hint"]
    assert (ended.code, ended.json["verified"], vault.members()) == (0, True, [])


def test_people_read_the_ways_with_the_command_to_type(vault, rolecall):
    result = rolecall("revoke", "vault", ADMIN, "ada@acme.example", "--yes", "-o", "table")

    assert b"by the group Admins" in result.out
    assert f"rolecall revoke vault {ADMIN} ada@acme.example --via group:g1".encode() in result.out
