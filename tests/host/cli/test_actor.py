"""Who acted, as the record has it."""

import os

from rolecall.store import open_store
from rolecall.store.chain import read_chain
from rolecall.testing.workspace import STORE_VARIABLE
from tests.host.vaults import GUEST


def test_an_actor_is_whom_they_say_and_the_record_says_who_ran_it(grant, rolecall, workspace, monkeypatch):
    monkeypatch.setenv("ROLECALL_AS", "env@acme.example")
    named = grant("--yes", "--as", "kim@acme.example").json["audit_id"]
    given = grant("--yes", entitlement=GUEST).json["audit_id"]

    assert [actor(workspace, number)["name"] for number in (named, given)] == [
        "kim@acme.example",
        "env@acme.example",
    ]
    assert actor(workspace, named)["assurance"] == "operator_asserted"
    assert "@" in actor(workspace, named)["operator"]


def test_who_is_only_asserted_writes_nothing_where_a_sign_in_is_required(grant, vault, workspace):
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('patience = "1s"', 'require_assurance = "oidc"'))

    result = grant("--yes")

    assert (result.code, result.error["code"]) == (3, "assurance_required")
    assert vault.calls == []


def actor(workspace, number):
    with open_store(os.environ[STORE_VARIABLE], workspace) as store, store.reading() as connection:
        return next(each for each in read_chain(connection) if each.number == number).facts["actor"]
