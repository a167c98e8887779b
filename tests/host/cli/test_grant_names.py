"""What is granted and to whom: names that are found, that moved on, and that nobody bears."""

import json

import pytest

from tests.host.vaults import ADMIN, PROD


@pytest.mark.parametrize(
    ("entitlement", "principal", "code", "told"),
    [
        pytest.param(f"account:{PROD}:Admn", "u2", "unknown_entitlement", "Admin", id="role misspelt"),
        pytest.param("account:999999999999:Admin", "u2", "unknown_entitlement", PROD, id="no such account"),
        pytest.param("group:Admin:member", "u2", "unknown_entitlement", "g1", id="no such group"),
        pytest.param("box:b1:key", "u2", "unknown_entitlement", "user, group", id="no such type"),
        pytest.param("lamp:l1:light", "u2", "not_provisionable", "lamp:l1:light", id="can't be granted"),
        pytest.param(ADMIN, "nobody@acme.example", "unknown_principal", "nobody@acme", id="nobody"),
        pytest.param(ADMIN, "user:u9", "unknown_principal", "u9", id="no such id"),
        pytest.param(ADMIN, "twin@acme.example", "ambiguous_principal", "user:u3", id="two people"),
    ],
)
def test_unknown_and_ambiguous_names_are_refused_with_the_facts(
    vault, rolecall, grant, entitlement, principal, code, told
):
    state = vault.state
    if principal.startswith("twin"):
        state["users"]["u2"]["login"] = state["users"]["u3"]["login"] = principal
        vault.write(state)
        rolecall("sync")

    result = grant("--yes", entitlement=entitlement, principal=principal)

    assert (result.code, result.error["code"]) == (3, code)
    assert told in json.dumps(result.error)
    assert vault.calls == []


def test_somebody_whom_no_sync_has_seen_is_asked_for_at_the_provider(grant, vault):
    state = vault.state
    state["users"]["u4"] = {"login": "dan@acme.example", "name": "Dan", "status": "ACTIVE"}
    vault.write(state)

    result = grant("--yes", principal="dan@acme.example")

    assert (result.code, result.json["principal"]) == (0, "user:u4")


def test_a_login_means_who_bears_it_now_and_not_who_bore_it_in_the_last_run(grant, vault):
    state = vault.state
    state["users"]["u2"]["login"] = "ben.old@acme.example"
    state["users"]["u4"] = {"login": "ben@acme.example", "name": "Another Ben", "status": "ACTIVE"}
    vault.write(state)

    result = grant("--yes")

    assert (result.code, result.json["principal"]) == (0, "user:u4")
    assert vault.state["direct"] == {"u4": [ADMIN.removeprefix("account:")]}


def test_a_group_s_name_that_has_moved_on_is_refused(grant, vault):
    state = vault.state
    state["groups"]["g1"]["name"] = "Admins of old"
    vault.write(state)

    whole = grant("--yes", principal="Admins")
    membership = grant("--yes", entitlement="group:Admins:member")

    for result in (whole, membership):
        assert (result.code, result.error["code"]) == (3, "name_moved")
        assert "'Admins of old' now" in result.error["message"]
        assert result.json["status"] == "refused"
    assert vault.calls == []


def test_a_group_that_no_run_has_seen_is_found_by_its_id(grant, vault):
    state = vault.state
    state["groups"]["g7"] = {"name": "New", "members": [], "roles": [], "master": None}
    vault.write(state)

    assert grant("--yes", entitlement="group:g7:member").json["status"] == "applied"
    assert grant("--yes", entitlement="group:g8:member").error["code"] == "unknown_entitlement"


def test_a_role_that_no_run_has_seen_may_be_left_to_the_provider(grant, vault):
    refused = grant("--yes", entitlement=f"account:{PROD}:Admn")
    left = grant("--dry-run", "--accept", "unknown_role", entitlement=f"account:{PROD}:Admn")

    assert (refused.code, refused.error["accept"], refused.json["status"]) == (3, "unknown_role", "refused")
    assert left.json["entitlement_id"] == f"account:{PROD}:Admn"


def test_an_account_is_named_as_the_accounts_file_has_it(grant):
    assert grant("--dry-run", entitlement="account:prod:Admin").json["entitlement_id"] == ADMIN
