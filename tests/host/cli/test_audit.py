"""``rolecall audit``: what was written and by whom, and the proof that the record is whole and true."""

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from rolecall.store import open_store
from rolecall.store.chain import append_record, read_chain
from rolecall.store.provisioning_tables import action, audit_record
from rolecall.store.writing import record_answered, record_begins, record_intent
from rolecall.testing.workspace import STORE_VARIABLE
from tests.host.plugin_samples import install
from tests.host.store.provisioning import asked, grant_plan, thing
from tests.host.vaults import ADMIN, PROD

BROKEN_SINK = """
from rolecall import hookimpl

@hookimpl
def rolecall_audit_heads(settings):
    raise OSError("the tape is torn\\x1b[31m")
"""


@pytest.fixture
def vault(new_vault):
    return new_vault


@pytest.fixture
def granted(vault, rolecall):
    """One grant by hand, and one that is refused."""
    given = rolecall("grant", "vault", ADMIN, "user:u2", "--yes", "--reason", "INC-1\u202e", "-o", "json")
    assert given.code == 0
    assert rolecall("grant", "vault", ADMIN, "user:u9", "--yes", "-o", "json").code == 3
    return given.json


@pytest.fixture
def opened(workspace):
    """The workspace's store, behind the command line's back."""

    @contextmanager
    def opening():
        with open_store(os.environ[STORE_VARIABLE], workspace) as store:
            yield store

    return opening


def tampered(opened, statement):
    with opened() as store, store.writing() as connection:
        connection.execute(statement)


def test_every_action_is_told_with_who_why_and_by_which_calls(granted, rolecall):
    applied, refused = rolecall("audit", "-o", "json").json
    assert applied["audit_id"] == granted["audit_id"]
    told = {key: applied[key] for key in ("connector", "operation", "entitlement_id", "principal", "status")}
    assert told == {
        "connector": "vault",
        "operation": "grant",
        "entitlement_id": ADMIN,
        "principal": "user:u2",
        "status": "applied",
    }
    assert applied["actor"]["assurance"] == "operator_asserted"
    assert (applied["reason"], applied["verified"], applied["kind"]) == ("INC-1\u202e", True, "ended")
    assert applied["calls"] == [
        {"method": "PUT", "path": f"/direct/u2/{PROD}/Admin", "status": 200, "request_id": "req-0"}
    ]
    assert (refused["kind"], refused["status"], refused["calls"]) == ("refused", "refused", [])
    assert refused["error"]["code"] == "unknown_principal"


def test_actions_are_picked_by_connector_and_time(granted, rolecall):
    at = [row["at"] for row in rolecall("audit", "-o", "json").json]
    assert [row["at"] for row in rolecall("audit", "--since", at[1], "-o", "json").json] == at[1:]
    assert [row["at"] for row in rolecall("audit", "--until", at[1], "-o", "json").json] == at[:1]
    assert len(rolecall("audit", "--connector", "vault", "-o", "jsonl").lines) == 2
    assert rolecall("audit", "--connector", "other", "-o", "json").json == []


def test_a_table_shows_no_character_that_could_mislead(granted, rolecall):
    result = rolecall("audit", "-o", "table")
    assert b"INC-1" in result.out
    assert "\u202e".encode() not in result.out
    assert rolecall("audit", "-o", "csv").out.splitlines()[0].startswith(b"audit_id,at,connector,kind")


def test_an_action_whose_process_was_killed_is_told_as_interrupted(vault, rolecall, opened):
    with opened() as store, store.writing() as connection:
        record_intent(connection, asked(), grant_plan(things=[thing()]))
    assert rolecall("audit", "-o", "json").json[0]["status"] == "running"
    tampered(opened, update(action).values(pid=2**22 + 1))
    assert rolecall("audit", "-o", "json").json[0]["status"] == "interrupted"


@pytest.mark.parametrize(
    "arguments",
    [("--since", "yesterday"), ("--until", "99999999-01-01"), ("--since", "2026-01-01", "verify")],
)
def test_a_mistake_on_the_command_line_is_told(vault, rolecall, arguments):
    assert rolecall("audit", *arguments, "-o", "json").code == 2


def test_a_chain_as_written_is_proven_against_the_file_beside_the_configuration(granted, rolecall, workspace):
    result = rolecall("audit", "verify", "-o", "json")
    assert (result.code, result.json["ok"], result.json["broken"]) == (0, True, None)
    records = result.json["records"]
    assert result.json["sinks"] == [
        {"plugin": "audit-file", "heads": records, "last": records, "behind": 0, "error": None}
    ]
    last = (workspace / "rolecall.heads").read_text("ascii").splitlines()[-1].split(" ")
    assert last[:2] == [str(records), result.json["head"]]
    assert b"audit-file" in rolecall("audit", "verify", "-o", "table").out


@pytest.mark.parametrize(
    ("statement", "flaw", "number"),
    [
        pytest.param(
            update(audit_record).where(audit_record.c.number == 2).values(body="{}"),
            "changed",
            2,
            id="changed",
        ),
        pytest.param(delete(audit_record).where(audit_record.c.number == 2), "missing", 2, id="left out"),
        pytest.param(delete(audit_record).where(audit_record.c.number >= 2), "truncated", 2, id="cut off"),
        pytest.param(delete(audit_record), "truncated", 1, id="all of it gone"),
    ],
)
def test_a_chain_that_was_tampered_with_fails_and_says_where(
    granted, rolecall, opened, statement, flaw, number
):
    tampered(opened, statement)
    result = rolecall("audit", "verify", "-o", "json")
    assert (result.code, result.error["code"], result.json["ok"]) == (1, "audit_broken", False)
    assert (result.json["broken"]["flaw"], result.json["broken"]["record"]) == (flaw, number)
    assert f"record {number}" in result.error["message"]


def test_records_that_no_sink_has_kept_are_told(granted, rolecall, workspace):
    assert b"no sink" not in rolecall("audit", "verify").err
    (workspace / "rolecall.heads").unlink()
    result = rolecall("audit", "verify", "-o", "json")
    assert (result.code, result.json["ok"]) == (0, True)
    assert b"no sink has kept the end of any of the last 3 of 3 records" in result.err


def test_a_sink_that_cannot_be_read_keeps_the_proof_from_passing(granted, rolecall, workspace):
    (workspace / "rolecall.heads").write_text("torn\n", encoding="ascii")
    result = rolecall("audit", "verify", "-o", "json")
    assert (result.code, result.error["code"]) == (1, "audit_sink_failed")
    assert (result.json["broken"], result.json["ok"]) == (None, False)


def test_a_stranger_s_sink_that_breaks_is_named(granted, rolecall, workspace, site):
    install(site, "acme-tape", BROKEN_SINK)
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text().replace('"acme-vault"', '"acme-vault", "acme-tape"'))
    result = rolecall("audit", "verify", "-o", "json")
    assert result.code == 1
    assert "acme_tape" in result.error["message"]
    assert b"\x1b" not in rolecall("audit", "verify", "-o", "table").err


def reconcile(rolecall, *arguments):
    return rolecall("audit", "reconcile", "vault", "--grace", "0", *arguments, "-o", "json")


def test_what_is_on_record_is_found_in_the_log(granted, rolecall):
    result = reconcile(rolecall)
    assert result.code == 0
    found = result.json
    assert (found["connector"], found["matched"]) == ("vault", 1)
    assert (found["unrecorded"], found["unseen"], found["drift"]) == ([], [], [])
    assert found["since"] < found["until"]


def test_a_write_with_our_credential_behind_our_back_is_found(granted, rolecall, vault):
    state = vault.state
    entry = state["log"][-1] | {"request_id": "req-99", "call": "PUT /direct/u3\x1b[31m"}
    vault.set(log=[*state["log"], entry])
    result = reconcile(rolecall)
    assert (result.code, result.error["code"]) == (1, "audit_unreconciled")
    [unrecorded] = result.json["unrecorded"]
    assert (unrecorded["request_id"], unrecorded["actor"]) == ("req-99", "writer")
    shown = rolecall("audit", "reconcile", "vault", "-o", "table").out
    assert b"unrecorded: " in shown
    assert b"\x1b" not in shown


def test_a_forged_record_is_found_though_the_chain_is_whole(granted, rolecall, opened):
    with opened() as store, store.writing(durable=True) as connection:
        [ended] = [record for record in read_chain(connection) if record.kind == "ended"]
        facts = dict(ended.facts)
        facts["calls"] = [facts["calls"][0] | {"request_id": "req-forged"}]
        append_record(connection, "ended", facts, connector="vault", action=99)
    assert rolecall("audit", "verify", "-o", "json").code == 0
    result = reconcile(rolecall)
    assert result.code == 1
    [unseen] = result.json["unseen"]
    assert (unseen["request_id"], unseen["action_id"]) == ("req-forged", 99)
    assert unseen["path"] == f"/direct/u2/{PROD}/Admin"


def test_what_is_too_new_for_the_log_does_not_count_as_unseen(granted, rolecall, vault):
    vault.set(log=[])
    assert rolecall("audit", "reconcile", "vault", "-o", "json").code == 0
    assert len(reconcile(rolecall).json["unseen"]) == 1


def test_a_call_of_an_action_under_way_is_no_write_behind_our_back(granted, rolecall, vault, opened):
    state = vault.state
    now = datetime.now(UTC)
    vault.set(log=[*state["log"], state["log"][0] | {"request_id": "req-7", "at": now.isoformat()}])
    with opened() as store, store.writing(durable=True) as connection:
        plan = grant_plan(things=[thing()])
        recorded = record_intent(connection, asked(connector="vault"), plan)
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_answered(connection, recorded.action, 0, 204, "req-7")
    found = reconcile(rolecall)
    assert (found.code, found.json["matched"]) == (0, 2)


def test_times_that_cannot_be_are_refused(vault, rolecall):
    now = datetime.now(UTC)
    result = reconcile(rolecall, "--since", now.isoformat(), "--until", (now - timedelta(days=1)).isoformat())
    assert result.code == 2
