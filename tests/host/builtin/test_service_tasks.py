import pytest

from tests.host.builtin.conftest import OFFSITE, READER


@pytest.fixture
def handed(desk):
    """Number of a request that was handed over."""
    ident = desk.ask("ann", OFFSITE)["id"]
    desk.approve(ident, code=5)
    return ident


def done(desk, ident, *more, code=0):
    return desk("task", "done", ident, "--as", "kim@acme.example", *more, code=code)


def test_open_hand_offs_and_revocations_are_listed_and_waiting_requests_are_not(desk, guild, handed):
    given = desk.granted("ann", READER)
    desk.ask("bob", READER)
    guild.switch("broken")
    desk.end(given["id"])
    desk.cycle(code=None)
    assert [(row["type"], row["request"]) for row in desk("task", "list")] == [
        ("grant", "approved"),
        ("revoke", None),
    ]
    assert [row["id"] for row in desk("task", "list", "--handoffs")] == [handed]


def test_that_it_is_done_is_a_claim_until_a_read_shows_it(desk, guild, handed):
    claimed = done(desk, handed, "--ticket", "CHG-31")
    assert claimed["state"] == "TASK_STATE_OPEN"
    assert (claimed["handoff"]["state"], claimed["ticket"]) == ("reported_done", "CHG-31")
    assert (claimed["handoff"]["claim"]["by"], claimed["outcome"]) == ("kim@acme.example", None)
    assert desk.show(handed)["state"] == "approved"
    guild.give(OFFSITE, "ann")
    seen = done(desk, handed)
    assert (seen["state"], seen["handoff"]["state"]) == ("TASK_STATE_CLOSED", "verified")
    assert desk.show(handed)["state"] == "active"
    assert done(desk, handed, code=3)["code"] == "no_open_handoff"


def test_a_claim_is_kept_when_the_provider_cannot_be_read(desk, guild, handed):
    guild.switch("closed")
    desk("task", "done", handed, "--as", "kim@acme.example", code=0)
    assert desk("task", "show", handed)["handoff"]["state"] == "reported_done"


def test_a_rejected_hand_off_ends_the_request(desk, guild, handed):
    rejected = desk("task", "reject", handed, "--comment", "she has left", "--as", "kim@acme.example")
    assert (rejected["state"], rejected["outcome"]) == ("TASK_STATE_CLOSED", "GRANT_OUTCOME_ERROR")
    shown = desk.show(handed)
    assert (shown["state"], shown["handoff"]["state"]) == ("failed", "rejected")
    assert "she has left" in shown["error"]["message"]
    assert desk.cycle()["problems"] == []


def test_a_rejected_hand_off_of_a_revocation_stays_open(desk, guild, handed):
    guild.give(OFFSITE, "ann")
    done(desk, handed)
    desk.end(handed)
    desk.cycle()
    (revocation,) = desk("task", "list")
    assert revocation["handoff"]["content"]["change"] == "remove"
    rejected = desk("task", "reject", revocation["id"], "--comment", "no", "--as", "kim@acme.example")
    assert (rejected["state"], rejected["handoff"]["state"]) == ("TASK_STATE_OPEN", "rejected")
    desk.cycle()
    assert [row["id"] for row in desk("task", "list")] == [revocation["id"]]


@pytest.mark.parametrize("claimed", [False, True])
def test_a_rejected_hand_off_is_closed_by_a_read_if_it_is_done_in_the_end(desk, guild, handed, claimed):
    guild.give(OFFSITE, "ann")
    done(desk, handed)
    desk.end(handed)
    desk.cycle()
    (revocation,) = desk("task", "list")
    desk("task", "reject", revocation["id"], "--comment", "no", "--as", "kim@acme.example")
    guild.take(OFFSITE, "ann")
    if claimed:
        done(desk, revocation["id"])
    else:
        desk.cycle()
    closed = desk("task", "show", revocation["id"])
    assert (closed["outcome"], closed["handoff"]["state"]) == ("REVOKE_OUTCOME_REVOKED", "verified")


def test_a_revocation_by_hand_off_is_closed_by_the_read_that_shows_it_gone(desk, guild, handed):
    guild.give(OFFSITE, "ann")
    done(desk, handed)
    desk.end(handed)
    desk.cycle()
    (revocation,) = desk("task", "list")
    guild.take(OFFSITE, "ann")
    closed = done(desk, revocation["id"])
    assert (closed["outcome"], closed["handoff"]["state"]) == ("REVOKE_OUTCOME_REVOKED", "verified")
    assert desk("task", "list") == []
    assert [row["id"] for row in desk("task", "list", "--all")] == [handed, revocation["id"]]


@pytest.mark.parametrize("by", ["cancellation", "revocation"])
def test_a_hand_off_that_is_called_off_is_withdrawn_and_taken_back_if_it_is_done(desk, guild, handed, by):
    if by == "cancellation":
        desk("request", "cancel", handed, "--as", "ann@acme.example")
    else:
        revoked = desk("revoke", "hall", OFFSITE, "ann@acme.example", "--yes", "--as", "kim@acme.example")
        assert (revoked["status"], revoked["verified"]) == ("already_revoked", False)
    shown = desk.show(handed)
    assert (shown["state"], shown["handoff"]["state"]) == ("cancelled", "withdrawn")
    assert shown["outcome"] == "GRANT_OUTCOME_CANCELLED"
    (notice,) = desk.notices("handoff_withdrawn")
    assert notice.summary.startswith("Please don't add")
    desk.cycle()
    guild.give(OFFSITE, "ann")
    desk.make_due()
    assert desk.cycle()["handoffs"] == []
    (revocation,) = desk("task", "list")
    assert (revocation["type"], revocation["handoff"]["content"]["change"]) == ("revoke", "remove")
    assert desk.show(handed)["state"] == "cancelled"


def test_a_request_for_what_is_handed_over_already_waits_for_that(desk, guild):
    given = desk("grant", "hall", OFFSITE, "bob@acme.example", "--yes", code=5)
    (task,) = desk("task", "list")
    ident = desk.ask("bob", OFFSITE)["id"]
    assert str(task["id"]) in desk.approve(ident, code=5)["message"]
    assert given["code"] == "handed_off"
    shown = desk.show(ident)
    assert (shown["state"], shown["waits_for"]) == ("approved", task["id"])
    assert len(desk.notices("handoff")) == 1
    guild.give(OFFSITE, "bob")
    done(desk, task["id"])
    desk.make_due()
    desk.cycle()
    assert desk.show(ident)["state"] == "active"


def test_a_task_reads_well_for_people(rolecall, desk, handed):
    shown = rolecall("task", "show", handed, "-o", "table").out.decode()
    for words in ("Active Directory", "name Offsite", "The key.", "INC-7"):
        assert words in shown
    assert "open: Active Directory" in rolecall("task", "list", "-o", "table").out.decode()


def test_a_task_that_is_not_there_is_a_usage_error(desk):
    assert desk("task", "show", 9, code=2)["message"] == "There is no task 9."


def test_status_tells_of_tasks_that_fail(desk, guild):
    given = desk.granted()
    guild.switch("broken")
    desk.end(given["id"])
    desk.cycle(code=None)
    (row,) = desk("status")
    assert row["tasks"] == {"open": 1, "failing": 1, "overdue": 0}
