"""Commands that only read tell of provisioning too: what it needs, whether it is on, and ways out."""

from tests.host.vaults import ADMIN


def test_what_provisioning_needs_is_measured_with_the_write_credential(vault, rolecall, monkeypatch):
    measured = rolecall("check", "vault", "-o", "json")
    monkeypatch.delenv("VAULT_WRITER")
    unusable = rolecall("check", "vault", "-o", "json")

    allowed = {each["name"]: each["allowed"] for each in measured.json["capabilities"]}
    assert allowed == {"Review group membership": "yes", "Provision group membership": "yes"}
    assert unusable.code == 0
    assert unusable.json["capabilities"][1]["allowed"] == "no"
    (problem,) = unusable.json["problems"]
    assert problem["code"] == "write_credential_unusable"
    assert "connectors.vault.write_credential.token" in problem["message"]


def test_the_recipe_for_a_purpose_is_printed(vault, rolecall):
    read = rolecall("check", "vault", "--recipe", "read", "-o", "json").json
    shown = rolecall("check", "vault", "--recipe", "write", "-o", "table").out.decode()

    assert (read["purpose"], read["role"], read["scopes"]) == ("read", "Rolecall", ["vault.read"])
    assert read["permissions"] == [{"name": "vault.read", "why": "to list who has what"}]
    assert "vault.manage" in shown
    assert "note: No more." in shown


def test_it_is_shown_whether_provisioning_is_on(vault, rolecall):
    shown = rolecall("connectors", "show", "vault", "-o", "json").json

    assert (shown["provisioning"], shown["write_credential"]) == ("on", True)
    assert rolecall("status", "-o", "json").json[0]["provisioning"] == "on"


def test_explain_asks_the_provider_how_access_could_be_ended_only_when_told_to(vault, rolecall):
    offline = rolecall("explain", "ada@acme.example", "prod/Admin", "-o", "json").json
    asked = rolecall("explain", "ada@acme.example", "prod/Admin", "--removals", "-o", "json").json
    shown = rolecall("explain", "ada@acme.example", "prod/Admin", "--removals", "-o", "table").out.decode()
    vault.set(closed=True)

    assert "removals" not in offline
    assert [way["via"] for way in asked["removals"]] == ["group:g1"]
    assert f"rolecall revoke vault {ADMIN} user:u1 --via group:g1" in shown
    assert rolecall("explain", "ada@acme.example", "prod/Admin").code == 0
    assert rolecall("explain", "ada@acme.example", "prod/Admin", "--removals").code == 1
