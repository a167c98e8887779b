"""``rolecall grant`` as scripts and people use it, with a vault as the provider."""

from datetime import datetime, timedelta

import pytest

from tests.host.vaults import ADMIN, PROD


def test_a_grant_is_planned_carried_out_and_read_back(grant, vault):
    result = grant("--yes", "--reason", "INC-1")

    given = result.json
    assert result.code == 0
    assert given == {
        "operation": "grant",
        "connector": "vault",
        "entitlement_id": ADMIN,
        "principal": "user:u2",
        "principal_name": "ben@acme.example",
        "status": "applied",
        "plan": [
            {
                "action": "add_role",
                "route": "api",
                "effect": f"role Admin on {PROD}",
                "method": "PUT",
                "path": f"/direct/u2/{PROD}/Admin",
                "outcome": "applied",
                "request_id": "req-0",
            }
        ],
        "verified": True,
        "effects": [
            {
                "person": "user:u2",
                "name": "ben@acme.example",
                "gains": [ADMIN],
                "loses": [],
                "can_sign_in": True,
            }
        ],
        "warnings": [],
        "meaning": {"meaning": "as ever"},
        "audit_id": given["audit_id"],
    }
    assert vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}
    assert vault.state["calls"][0]["token"] == "writer"


def test_a_dry_run_writes_nothing_neither_there_nor_on_record(grant, vault, rolecall):
    result = grant("--dry-run")

    assert (result.code, result.json["status"], result.json["verified"]) == (0, "planned", False)
    assert result.json["plan"][0]["path"] == f"/direct/u2/{PROD}/Admin"
    assert "audit_id" not in result.json
    assert "outcome" not in result.json["plan"][0]
    assert vault.calls == []


def test_what_is_held_already_is_not_written_again(grant, vault):
    result = grant("--yes", principal="user:u1", entitlement="group:Admins:member")

    assert (result.code, result.json["status"], result.json["plan"]) == (0, "already_granted", [])
    assert result.json["entitlement_id"] == "group:g1:member"
    assert vault.calls == []


def test_without_a_terminal_and_without_yes_it_is_refused_with_the_plan(grant, vault):
    result = grant()

    assert (result.code, result.error["code"], result.error["hint"]) == (3, "not_confirmed", "add --yes")
    assert result.json["status"] == "refused"
    assert result.json["plan"][0]["action"] == "add_role"
    assert vault.calls == []


def test_while_provisioning_is_off_only_a_dry_run_is_let_in(vault, workspace, in_store, grant, revoke):
    (workspace / "rolecall.toml").write_text(in_store(vault.toml(provisioning="off")))

    refused, dry = grant("--yes"), grant("--dry-run")

    assert (refused.code, refused.error["code"]) == (3, "provisioning_off")
    assert "--dry-run" in refused.error["hint"]
    assert (dry.code, dry.json["status"]) == (0, "planned")
    assert revoke("--yes").code == 3


def test_an_effect_that_must_be_accepted_names_the_code_to_type(grant, vault):
    vault.set(takes_from="cleo")

    refused, accepted = grant("--yes"), grant("--yes", "--accept", "others_lose")

    assert (refused.code, refused.error["accept"]) == (3, "others_lose")
    assert refused.error["facts"] == {"people": ["cleo"]}
    assert "--accept others_lose" in refused.error["hint"]
    assert accepted.code == 0


def test_time_limited_access_says_when_it_ends(grant):
    before = datetime.now().astimezone()

    result = grant("--yes", "--for", "8h")

    ends = datetime.fromisoformat(result.json["expires_at"])
    assert timedelta(hours=8) <= ends - before < timedelta(hours=8, minutes=1)


def test_what_stood_before_does_not_end_by_a_grant_that_does(grant, vault):
    result = grant("--yes", "--for", "8h", principal="user:u1", entitlement="group:g1:member")

    assert (result.code, result.json["status"]) == (0, "already_granted")
    assert "expires_at" not in result.json


@pytest.mark.parametrize("length", ["0", "8", "-1h", "eight"])
def test_a_duration_that_is_none_is_a_usage_error(grant, vault, length):
    assert grant("--yes", "--for", length).code == 2
    assert vault.calls == []


def test_a_crowd_is_counted_for_people_and_listed_for_scripts(vault, rolecall, grant):
    vault.set(crowd=30)

    shown = rolecall("grant", "vault", ADMIN, "ben@acme.example", "--dry-run", "-o", "table").out.decode()

    assert "Who gains and loses (31 people)" in shown
    assert "and 11 more (-o json lists all): 31 gain, 0 lose something" in shown
    assert len(grant("--dry-run").json["effects"]) == 31


def test_hostile_names_are_made_safe_for_a_terminal(vault, rolecall):
    vault.set(warnings=["evil \x1b[31m\u202e"])

    shown = rolecall("grant", "vault", ADMIN, "ben@acme.example", "--dry-run", "-o", "table").out.decode()

    assert "\x1b" not in shown
    assert "Warning: evil" in shown


def test_no_secret_is_ever_shown(grant, rolecall, vault, workspace, monkeypatch):
    for call in ("plugins list", "connectors show vault", "status", "connectors list"):
        result = rolecall(*call.split(), "-o", "json")
        assert b"writer" not in result.out.replace(b"VAULT_WRITER", b"")
    monkeypatch.delenv("VAULT_WRITER")

    planned, refused = grant("--dry-run"), grant("--yes")

    assert planned.code == 0
    assert refused.code == 2
    assert (
        "connectors.vault.write_credential.token: environment variable VAULT_WRITER" in refused.err.decode()
    )
    assert vault.calls == []
