from datetime import UTC, datetime, timedelta

import pytest

from rolecall.store.provisioning_tables import audit_record, task
from rolecall.store.tables import run
from tests.host.builtin.conftest import OFFSITE, READER


def deletions(guild):
    return [path for method, path in guild.writes if method == "DELETE"]


def test_access_ends_when_its_time_is_over(desk, guild):
    given = desk.granted()
    desk.end(given["id"])
    done = desk.cycle()
    assert [(row["request"], row["principal"]) for row in done["expired"]] == [(given["id"], "person:ann")]
    assert [(row["status"], row["verified"]) for row in done["revoked"]] == [("applied", True)]
    assert not guild.has(READER, "ann")
    shown = desk.show(given["id"])
    assert (shown["state"], shown["outcome"]) == ("expired", "GRANT_OUTCOME_GRANTED")


def test_an_expiry_is_a_revocation_that_says_what_saw_it_gone(desk, guild):
    given = desk.granted()
    desk.end(given["id"])
    desk.cycle()
    (revocation,) = desk.tasks()
    assert (revocation.state, revocation.outcome) == ("TASK_STATE_CLOSED", "REVOKE_OUTCOME_REVOKED")
    assert revocation.origin == "TASK_ORIGIN_TIME_REVOKE"
    assert set(revocation.source) == {"expired", "requests"}
    assert revocation.source["requests"] == [given["id"]]
    assert revocation.source["expired"]["expiredAt"]
    assert revocation.observed_at is not None


def test_nothing_is_revoked_early_or_twice(desk, guild):
    given = desk.granted()
    assert desk.cycle()["expired"] == []
    assert guild.has(READER, "ann")
    desk.end(given["id"])
    desk.cycle()
    again = desk.cycle()
    assert (again["expired"], again["revoked"]) == ([], [])
    assert len(deletions(guild)) == 1


def test_access_stays_as_long_as_another_reason_holds_it(desk, guild):
    first = desk.granted()
    more = desk("request", "extend", first["id"], "--for", "1h", "--as", "ann@acme.example")
    desk.approve(more["id"])
    desk.end(first["id"])
    desk.cycle()
    assert guild.has(READER, "ann")
    assert desk.tasks() == []
    assert [desk.show(each)["state"] for each in (first["id"], more["id"])] == ["expired", "active"]
    desk.end(more["id"])
    desk.cycle()
    assert not guild.has(READER, "ann")
    assert len(deletions(guild)) == 1


def test_what_stood_before_is_not_taken_away(desk, guild):
    given = desk.granted("bob", READER)
    guild.give("team:oncall:member", "bob")
    assert desk.ask("bob", "team:oncall:member", length="30m", code=3)["code"] == "already_granted"
    desk.end(given["id"])
    desk.cycle()
    assert guild.has("team:oncall:member", "bob")


def test_a_failing_expiry_stops_no_other_and_is_tried_again(desk, guild):
    given = [desk.granted(who)["id"] for who in ("ann", "bob")]
    guild.switch("refusing", "ann")
    desk.end(*given)
    done = desk.cycle(code=4)
    assert len(done["expired"]) == 2
    assert [row["message"] for row in done["problems"]] == ["The guild's keeper refuses."]
    assert (guild.has(READER, "ann"), guild.has(READER, "bob")) == (True, False)
    guild.switch("refusing", None)
    assert desk.cycle()["revoked"] == []
    desk.make_due()
    assert len(desk.cycle()["revoked"]) == 1
    assert not guild.has(READER, "ann")


def test_attempts_that_fail_are_further_and_further_apart(desk, guild):
    given = desk.granted()
    guild.switch("broken")
    desk.end(given["id"])
    waits = []
    for _ in range(5):
        desk.cycle(code=None)
        (revocation,) = desk.tasks()
        waits.append(round((revocation.next_try_at - datetime.now(UTC)) / timedelta(minutes=1)))
        desk.make_due()
    assert waits == [1, 5, 15, 60, 60]


def test_a_revocation_is_closed_by_the_read_that_shows_it(desk, guild):
    given = desk.granted()
    guild.switch("lagging")
    desk.end(given["id"])
    assert [row["verified"] for row in desk.cycle()["revoked"]] == [False]
    assert desk.tasks()[0].state == "TASK_STATE_OPEN"
    guild.switch("lagging", None)
    desk.make_due()
    desk.cycle()
    assert desk.tasks()[0].outcome == "REVOKE_OUTCOME_REVOKED"
    assert len(deletions(guild)) == 1


def test_access_taken_away_outside_expires_without_a_write(desk, guild):
    given = desk.granted()
    guild.take(READER, "ann")
    desk.end(given["id"])
    desk.cycle()
    assert desk.show(given["id"])["state"] == "expired"
    assert desk.tasks()[0].outcome == "REVOKE_OUTCOME_REVOKED"
    assert deletions(guild) == []


def test_a_request_that_nobody_approves_lapses(desk):
    asked = desk.ask()
    past = datetime.now(UTC) - timedelta(minutes=1)
    desk.change(task.update().values(lapses_at=past, next_try_at=past))
    assert [row["request"] for row in desk.cycle()["lapsed"]] == [asked["id"]]
    shown = desk.show(asked["id"])
    assert (shown["state"], shown["outcome"]) == ("expired", "GRANT_OUTCOME_WAIT_TIMED_OUT")
    assert desk.approve(asked["id"], code=3)["code"] == "not_allowed"


def test_what_has_lapsed_is_not_approved_though_no_service_ran_and_may_be_asked_for_anew(desk, guild):
    asked = desk.ask()
    desk.change(task.update().values(lapses_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert desk.approve(asked["id"], code=3)["code"] == "lapsed"
    assert not guild.has(READER, "ann")
    assert desk.approve(desk.ask()["id"])["state"] == "active"


def test_what_was_approved_long_ago_is_not_given_out_of_the_blue(desk, guild):
    asked = desk.ask()
    guild.switch("broken")
    desk.approve(asked["id"])
    guild.switch("broken", None)
    past = datetime.now(UTC) - timedelta(minutes=1)
    desk.change(task.update().values(lapses_at=past, next_try_at=past))
    assert [row["state"] for row in desk.cycle()["granted"]] == ["failed"]
    assert not guild.has(READER, "ann")


def test_people_are_told_once_that_access_is_about_to_end(desk):
    given = desk.granted(length="4h")
    desk.cycle()
    assert desk.notices("expiring") == []
    soon = datetime.now(UTC) + timedelta(minutes=30)
    desk.change(
        task.update().values(ends_at=soon, outcome_at=soon - timedelta(hours=4)),
    )
    desk.cycle()
    desk.cycle()
    (told,) = desk.notices("expiring")
    assert (told.task_id, told.recipients) == (given["id"], ["ann@acme.example"])


def test_new_owners_are_told_once(desk, workspace):
    desk.cycle()
    desk.cycle()
    assert [each.recipients for each in desk.notices("connector_owner")] == [["owner@acme.example"]]
    file = workspace / "rolecall.toml"
    file.write_text(
        file.read_text().replace('"owner@acme.example"', '"owner@acme.example", "new@acme.example"')
    )
    desk.cycle()
    assert [each.recipients[0] for each in desk.notices("connector_owner")][1:] == ["new@acme.example"]


def test_a_hand_off_that_is_not_done_in_time_is_told_once(desk, guild):
    asked = desk.ask("ann", OFFSITE)
    desk.approve(asked["id"], code=5)
    desk.change(task.update().values(due_at=datetime.now(UTC) - timedelta(minutes=1)))
    assert [row["state"] for row in desk.cycle()["handoffs"]] == ["overdue"]
    desk.make_due()
    assert desk.cycle()["handoffs"] == []
    assert len(desk.notices("handoff_overdue")) == 1
    guild.give(OFFSITE, "ann")
    desk.make_due()
    assert [row["state"] for row in desk.cycle()["handoffs"]] == ["verified"]


def test_a_cancelled_hand_off_is_withdrawn_and_what_it_gave_meanwhile_is_handed_back(desk, guild):
    first, second = (desk.ask(who, OFFSITE)["id"] for who in ("ann", "bob"))
    for ident in (first, second):
        desk.approve(ident, code=5)
    guild.give(OFFSITE, "bob")
    for ident, who in ((first, "ann"), (second, "bob")):
        desk("request", "cancel", ident, "--as", f"{who}@acme.example")
        assert desk.show(ident)["handoff"]["state"] == "withdrawn"
    assert [row.summary[:12] for row in desk.notices("handoff_withdrawn")] == ["Please don't"] * 2
    of_ann, of_bob = desk.tasks()
    assert (of_ann.state, of_ann.handoff) == ("TASK_STATE_OPEN", None)
    assert (of_bob.state, of_bob.handoff["content"]["change"]) == ("TASK_STATE_OPEN", "remove")


def test_connectors_are_synced_when_they_are_due(desk, rolecall):
    first = rolecall("run", "--once", "--every", "15m", "-o", "json").json
    assert [(row["connector"], row["status"]) for row in first["syncs"]] == [("hall", "published")]
    assert rolecall("run", "--once", "--every", "15m", "-o", "json").json["syncs"] == []
    desk.change(run.update().values(started_at=datetime.now(UTC) - timedelta(minutes=16)))
    again = rolecall("run", "--once", "--every", "15m", "-o", "json").json
    assert [row["status"] for row in again["syncs"]] == ["unchanged"]


def test_a_connector_that_cannot_be_synced_is_a_problem_and_nothing_stops(desk, guild, rolecall):
    given = desk.granted()
    guild.switch("closed")
    result = rolecall("run", "--once", "--every", "15m", "-o", "json")
    assert (result.code, result.json["problems"][0]["message"]) == (4, "The guild is closed.")
    assert [row["status"] for row in result.json["syncs"]] == ["failed"]
    guild.switch("closed", None)
    desk.end(given["id"])
    desk.cycle()
    assert not guild.has(READER, "ann")


@pytest.mark.only_on("sqlite", reason="the backup is a copy of the file")
def test_a_store_restored_from_a_backup_is_reconciled_before_anything_is_written(desk, workspace, guild):
    early = desk.granted("bob")
    backup = (workspace / "rolecall.db").read_bytes()
    late = desk.granted("ann")
    desk.end(early["id"])
    desk.cycle()
    for leftover in workspace.glob("rolecall.db*"):
        leftover.unlink()
    (workspace / "rolecall.db").write_bytes(backup)
    desk.end(early["id"])
    done = desk.cycle(code=None)
    unknown = [row for row in done["problems"] if row["code"] == "unrecorded_write"]
    assert len(unknown) == 2, "ann's grant, and bob's expiry"
    assert desk.show(early["id"])["state"] == "expired"
    assert deletions(guild) == ["/room:vault/reader/bob"], "it was gone already"
    assert guild.has(READER, "ann")
    assert "restored" in [row.kind for row in desk.rows(audit_record)]
    assert desk.cycle()["problems"] == []
    assert late["id"] not in [row["id"] for row in desk("request", "list")]


@pytest.mark.only_on("sqlite", "the backup is a copy of the file")
def test_what_was_taken_away_since_the_backup_and_others_gave_again_is_theirs(desk, workspace, guild):
    early = desk.granted("bob")
    backup = (workspace / "rolecall.db").read_bytes()
    desk.end(early["id"])
    desk.cycle()
    guild.give(READER, "bob")
    for leftover in workspace.glob("rolecall.db*"):
        leftover.unlink()
    (workspace / "rolecall.db").write_bytes(backup)
    desk.end(early["id"])
    desk.cycle(code=None)
    desk.cycle(code=None)
    assert guild.has(READER, "bob")
    assert len(deletions(guild)) == 1
    assert desk.show(early["id"])["state"] == "expired"


def test_without_heads_that_can_be_read_nothing_is_written(desk, workspace, guild):
    given = desk.granted()
    desk.end(given["id"])
    heads = workspace / "rolecall.heads"
    kept = heads.read_bytes()
    heads.write_bytes(b"nonsense\n")
    desk.cycle(code=1)
    assert guild.has(READER, "ann")
    heads.write_bytes(kept)
    desk.cycle()
    assert not guild.has(READER, "ann")


def test_people_see_what_was_done_line_by_line(desk, rolecall):
    given = desk.granted()
    desk.end(given["id"])
    result = rolecall("run", "--once", "--every", "0", "-o", "table")
    expired, revoked, *_, summary = result.out.decode().splitlines()
    assert expired.endswith(f" expired: person:ann {READER} on hall")
    assert f"ann@acme.example {READER} on hall: revoked, seen gone" in revoked
    assert summary == "1 expired, 1 revoked"
    assert result.err == b""
    assert rolecall("run", "--once", "--every", "0", "-o", "table").out == b"Nothing was due.\n"


@pytest.mark.parametrize("every", ["soon", "-1m"])
def test_every_must_be_a_length_of_time(rolecall, workspace, every):
    assert rolecall("run", "--every", every).code == 2
