"""A store restored from a backup: what was lost is told for ever, and only what went by the restore."""

import pytest
from sqlalchemy import delete, update

from rolecall.audit import canonical, record_hash
from rolecall.store import open_store
from rolecall.store.chain import read_chain
from rolecall.store.provisioning_tables import audit_record
from tests.host.vaults import ADMIN, GUEST, PROD

ACCEPT = ("audit", "verify", "--accept-restore", "--as", "kim@acme.example", "--reason", "disk failure")

pytestmark = pytest.mark.only_on("sqlite", "the backup is a copy of the file")


@pytest.fixture
def vault(new_vault):
    return new_vault


@pytest.fixture
def grant(vault, rolecall):
    def one(person, what=ADMIN):
        done = rolecall("grant", "vault", what, f"user:{person}", "--yes", "-o", "json")
        assert done.code == 0, done.err
        return done.json

    return one


@pytest.fixture
def restored(workspace, grant):
    """Two records before the backup, two after it, and the store as it was backed up."""
    grant("u2")
    backup = (workspace / "rolecall.db").read_bytes()
    grant("u3")
    for leftover in workspace.glob("rolecall.db*"):
        leftover.unlink()
    (workspace / "rolecall.db").write_bytes(backup)


@pytest.fixture
def verified(rolecall):
    def verify():
        done = rolecall("audit", "verify", "-o", "json")
        return done.code, done.json, done.err.decode()

    return verify


def run(rolecall):
    return rolecall("run", "--once", "--every", "0", "-o", "json")


def chain(workspace):
    with open_store("sqlite:///rolecall.db", workspace) as store, store.reading() as connection:
        return list(read_chain(connection))


def tampered(workspace, *statements):
    with open_store("sqlite:///rolecall.db", workspace) as store, store.writing() as connection:
        for statement in statements:
            connection.execute(statement)


def test_until_the_restore_is_on_record_the_chain_is_broken(restored, verified):
    code, told, _ = verified()
    assert (code, told["broken"]["flaw"], told["broken"]["record"]) == (1, "truncated", 3)


def test_the_service_puts_the_restore_on_record_with_what_it_found(restored, rolecall, verified, workspace):
    run(rolecall)

    record = chain(workspace)[-1]
    assert record.kind == "restored"
    assert [number for number, _ in record.facts["lost"]] == [3, 4]
    (found,) = record.facts["found"]
    assert [event["kind"] for event in found["unrecorded"]] == [f"PUT /direct/u3/{PROD}/Admin"]
    code, told, err = verified()
    assert (code, told["ok"], told["broken"]) == (0, True, None)
    (loss,) = told["restored"]
    assert (loss["record"], loss["after"], loss["newest"], loss["by"]) == (3, 2, 4, "rolecall")
    assert "warning: audit records 3 to 4 were lost in a restore at" in err
    (sink,) = told["sinks"]
    assert (sink["heads"], sink["last"], sink["behind"]) == (5, 3, 0)


def test_what_is_written_after_the_restore_is_kept_against_every_later_change(
    restored, rolecall, verified, grant, workspace
):
    run(rolecall)
    grant("u3", GUEST)
    assert verified()[0] == 0
    assert run(rolecall).json["problems"] == []

    tampered(workspace, delete(audit_record).where(audit_record.c.number > 4))
    code, told, _ = verified()

    assert (code, told["broken"]["flaw"], told["broken"]["record"]) == (1, "truncated", 5)
    assert len(told["restored"]) == 1


def test_a_store_that_was_written_to_before_the_service_looked_is_known_for_restored(
    restored, grant, rolecall, verified
):
    grant("u3", GUEST)
    run(rolecall)
    code, told, _ = verified()
    assert (code, told["restored"][0]["newest"]) == (0, 4)


def test_a_chain_whose_end_was_cut_off_alone_is_not_taken_for_restored(grant, rolecall, verified, workspace):
    grant("u2")
    grant("u3")
    tampered(workspace, delete(audit_record).where(audit_record.c.number > 2))

    for _ in range(2):
        done = run(rolecall)
        assert "audit_broken" in [row["code"] for row in done.json["problems"]]

    assert [record.kind for record in chain(workspace)] == ["intended", "ended", "observed"]
    code, told, _ = verified()
    assert (code, told["broken"]["flaw"], told["restored"]) == (1, "changed", [])


def test_a_chain_that_was_written_anew_is_not_taken_for_restored(grant, rolecall, verified, workspace):
    grant("u2")
    grant("u3")
    last, statements = "0" * 64, []
    for record in chain(workspace):
        body = canonical({**record.facts, "reason": "another"})
        digest = record_hash(last, record.number, body)
        values = {"body": body, "prev_hash": last, "hash": digest}
        statements.append(update(audit_record).where(audit_record.c.number == record.number).values(**values))
        last = digest
    tampered(workspace, *statements)

    run(rolecall)

    code, told, _ = verified()
    assert (code, told["broken"]["flaw"], told["broken"]["record"]) == (1, "changed", 1)


def test_an_operator_accepts_what_nothing_explains_by_name_and_with_a_reason(
    grant, rolecall, verified, workspace
):
    grant("u2")
    grant("u3")
    tampered(workspace, delete(audit_record).where(audit_record.c.number > 2))

    accepted = rolecall(*ACCEPT, "-o", "json")

    assert accepted.code == 0, accepted.err
    (loss,) = accepted.json["restored"]
    assert (loss["by"], loss["reason"], loss["after"], loss["newest"]) == (
        "kim@acme.example",
        "disk failure",
        2,
        4,
    )
    assert chain(workspace)[-1].facts["actor"]["assurance"] == "operator_asserted"
    assert chain(workspace)[-1].facts["beyond_doubt"] is False
    assert verified()[0] == 0
    assert b"lost in a restore" in rolecall("audit", "verify", "-o", "table").err


@pytest.mark.parametrize("given", [("--reason", "x"), ("--as", "kim@acme.example")])
def test_nobody_accepts_a_restore_without_a_name_and_a_reason(
    restored, rolecall, verified, given, monkeypatch
):
    monkeypatch.delenv("ROLECALL_AS", raising=False)
    assert rolecall("audit", "verify", "--accept-restore", *given).code == 2
    assert verified()[0] == 1


def test_a_record_that_was_changed_cannot_be_accepted(grant, rolecall, verified, workspace):
    grant("u2")
    grant("u3")
    tampered(workspace, update(audit_record).where(audit_record.c.number == 2).values(body="{}"))
    before = len(chain(workspace))

    assert rolecall(*ACCEPT, "-o", "json").code == 1

    assert len(chain(workspace)) == before
    assert verified()[0] == 1


def test_accepting_where_nothing_is_missing_changes_nothing(grant, rolecall, workspace):
    grant("u2")
    assert rolecall(*ACCEPT, "-o", "json").code == 0
    assert [record.kind for record in chain(workspace)] == ["intended", "ended"]


def test_a_record_that_claims_an_impossible_restore_explains_nothing(grant, verified, workspace):
    grant("u2")
    *_, last = chain(workspace)
    body = canonical(
        {
            **last.facts,
            "kind": "restored",
            "after": 9,
            "lost": [[12, "f" * 64]],
            "actor": {"name": "x"},
            "reason": "",
        }
    )
    values = {"body": body, "kind": "restored", "hash": record_hash(last.prev_hash, last.number, body)}
    tampered(workspace, update(audit_record).where(audit_record.c.number == last.number).values(**values))
    code, told, _ = verified()
    assert (code, told["restored"]) == (1, [])
