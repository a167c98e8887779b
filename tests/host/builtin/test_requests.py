from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from rolecall.store.provisioning_tables import audit_record
from tests.host.builtin.conftest import ADMIN, OFFSITE, READER


def at(text):
    return datetime.fromisoformat(text)


def states(desk):
    return [row["state"] for row in desk("request", "list")]


def test_a_request_is_approved_and_granted_at_once(desk, guild):
    asked = desk.ask()
    assert (asked["state"], asked["rule"], asked["requester"]) == ("pending", "vault", "ann@acme.example")
    assert not guild.has(READER, "ann")
    given = desk.approve(asked["id"])
    assert (given["state"], given["outcome"]) == ("active", "GRANT_OUTCOME_GRANTED")
    assert given["approved_by"] == ["cyd@acme.example"]
    assert guild.has(READER, "ann")
    assert guild.writes == [("PUT", "/room:vault/reader/ann")]


def test_the_duration_counts_from_the_grant(desk):
    given = desk.granted(length="2h")
    length = at(given["expires_at"]) - at(given["granted_at"])
    assert abs(length - timedelta(hours=2)) < timedelta(seconds=1)


def test_what_happened_is_told_in_order_with_who_and_how_we_know(desk):
    asked = desk.ask()
    desk("request", "approve", asked["id"], "--as", "cyd@acme.example", "--comment", "on call")
    history = desk.show(asked["id"])["history"]
    assert [(each["event"], each["by"], each["assurance"]) for each in history[:2]] == [
        ("created", "ann@acme.example", "operator_asserted"),
        ("approve", "cyd@acme.example", "operator_asserted"),
    ]
    assert history[1]["comment"] == "on call"
    assert [each["at"] for each in history] == sorted(each["at"] for each in history)


def test_decisions_are_on_the_audit_chain(desk):
    desk.granted()
    with desk.store() as store, store.reading() as connection:
        kinds = [
            row.kind for row in connection.execute(audit_record.select().order_by(audit_record.c.number))
        ]
    assert kinds == ["decided", "decided", "intended", "ended"]


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_who_asks_and_who_gets_never_approve(desk, guild, who):
    guild.give("team:leads:member", "ann")
    guild.give("team:leads:member", "bob")
    asked = desk.ask("ann", READER, "--principal", "bob@acme.example")
    error = desk.approve(asked["id"], who, code=3)
    assert error["code"] == "not_allowed"
    assert "never decides" in error["message"]
    assert states(desk) == ["pending"]
    assert not guild.writes


@pytest.mark.parametrize(
    ("who", "code"),
    [("fay", "not_allowed"), ("nobody", "unknown_person"), ("dan", "person_not_active")],
)
def test_only_active_approvers_approve(desk, guild, who, code):
    asked = desk.ask()
    guild.status("dan", "suspended")
    for verb in ("approve", "deny"):
        assert desk("request", verb, asked["id"], "--as", f"{who}@acme.example", code=3)["code"] == code
    assert states(desk) == ["pending"]


def test_a_person_may_be_named_as_approver(desk):
    assert desk.approve(desk.ask()["id"], "eve")["state"] == "active"


def test_a_denied_request_gives_nothing_and_stays_denied(desk, guild):
    asked = desk.ask()
    denied = desk("request", "deny", asked["id"], "--as", "dan@acme.example", "--comment", "no")
    assert (denied["state"], denied["outcome"]) == ("denied", "GRANT_OUTCOME_DENIED")
    assert desk.approve(asked["id"], code=3)["message"].endswith("it is denied already.")
    assert not guild.writes


def test_whoever_asked_may_take_a_request_back_and_nobody_else(desk):
    asked = desk.ask()
    assert desk("request", "cancel", asked["id"], "--as", "cyd@acme.example", code=3)["code"] == "not_allowed"
    cancelled = desk("request", "cancel", asked["id"], "--as", "ann@acme.example")
    assert (cancelled["state"], cancelled["outcome"]) == ("cancelled", "GRANT_OUTCOME_CANCELLED")


def test_cancelling_takes_access_back_at_once(desk, guild):
    given = desk.granted()
    cancelled = desk("request", "cancel", given["id"], "--as", "ann@acme.example")
    assert (cancelled["state"], cancelled["outcome"]) == ("cancelled", "GRANT_OUTCOME_GRANTED")
    assert not guild.has(READER, "ann")
    assert [method for method, _ in guild.writes] == ["PUT", "DELETE"]


def test_cancelling_keeps_what_another_request_holds(desk, guild):
    first = desk.granted()
    more = desk("request", "extend", first["id"], "--for", "1h", "--as", "ann@acme.example")
    desk.approve(more["id"])
    desk("request", "cancel", first["id"], "--as", "ann@acme.example")
    assert guild.has(READER, "ann")
    desk("request", "cancel", more["id"], "--as", "ann@acme.example")
    assert not guild.has(READER, "ann")
    assert [method for method, _ in guild.writes] == ["PUT", "DELETE"]


def test_two_people_must_approve_where_the_rule_says_so(desk, guild):
    asked = desk.ask("ann", ADMIN, "--ticket", "INC-7")
    assert asked["approvals_needed"] == 2
    once = desk.approve(asked["id"], "cyd")
    assert (once["state"], once["approved_by"]) == ("pending", ["cyd@acme.example"])
    assert "approved it already" in desk.approve(asked["id"], "cyd", code=3)["message"]
    assert not guild.writes
    assert desk.approve(asked["id"], "dan")["state"] == "active"


def test_an_approval_is_void_when_the_approver_has_left_before_the_grant(desk, guild):
    asked = desk.ask("ann", ADMIN, "--ticket", "INC-7")
    desk.approve(asked["id"], "cyd")
    guild.take("team:leads:member", "cyd")
    assert desk.approve(asked["id"], "dan", code=3)["code"] == "not_approver"
    assert states(desk) == ["failed"]
    assert not guild.writes


@pytest.mark.parametrize(
    ("who", "what", "more", "length", "code"),
    [
        pytest.param("ann", "team:leads:member", [], "1h", "not_requestable", id="no rule"),
        pytest.param("ann", READER, [], "9h", "too_long", id="too long"),
        pytest.param("ann", ADMIN, [], "1h", "ticket_needed", id="no ticket"),
        pytest.param("cyd", READER, [], "1h", "not_eligible", id="not eligible"),
        pytest.param(
            "ann", READER, ["--principal", "cyd@acme.example"], "1h", "not_eligible", id="nor for her"
        ),
        pytest.param("zoe", READER, [], "1h", "unknown_person", id="unknown"),
        pytest.param("ann", READER, ["--principal", "team:leads"], "1h", "unknown_person", id="a team"),
        pytest.param("bob", READER, ["--emergency"], "1h", "not_eligible", id="emergency is for on call"),
        pytest.param("ann", READER, ["--emergency"], "2h", "too_long", id="emergency is shorter"),
        pytest.param("ann", OFFSITE, ["--emergency"], "1h", "no_emergency", id="no emergency terms"),
        pytest.param("ann", "room:cellar:reader", [], "1h", "refused", id="no such room"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_at_once(desk, guild, who, what, more, length, code):
    assert desk.ask(who, what, *more, length=length, code=3)["code"] == code
    assert states(desk) == []
    assert not guild.writes


def test_who_is_not_active_neither_asks_nor_gets(desk, guild):
    guild.status("bob", "suspended")
    assert desk.ask("bob", code=3)["code"] == "person_not_active"
    assert desk.ask("ann", READER, "--principal", "bob@acme.example", code=3)["code"] == "person_not_active"


def test_what_somebody_has_without_an_end_is_not_asked_for(desk, guild):
    guild.give(READER, "ann")
    assert desk.ask(code=3)["code"] == "already_granted"


def test_what_is_asked_for_already_is_not_asked_for_twice(desk):
    asked = desk.ask()
    error = desk.ask(code=3)
    assert (error["code"], error["facts"]) == ("already_requested", {"request": asked["id"]})


def test_while_provisioning_is_off_nothing_is_asked_for(desk, workspace):
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('provisioning = "on"', 'provisioning = "off"'))
    assert desk.ask(code=3)["code"] == "provisioning_off"


def test_while_provisioning_is_off_nothing_is_approved_and_what_was_approved_waits(desk, workspace, guild):
    waits, approved = desk.ask("bob")["id"], desk.ask("ann")["id"]
    guild.switch("broken")
    desk.approve(approved)
    guild.switch("broken", None)
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('provisioning = "on"', 'provisioning = "off"'))
    assert desk.approve(waits, code=3)["code"] == "provisioning_off"
    desk.make_due()
    desk.cycle(code=None)
    assert [desk.show(ident)["state"] for ident in (waits, approved)] == ["pending", "approved"]
    file.write_text(file.read_text().replace('provisioning = "off"', 'provisioning = "on"'))
    desk.make_due()
    desk.cycle()
    assert desk.show(approved)["state"] == "active"


def test_a_request_is_void_when_its_meaning_has_changed(desk, guild):
    asked = desk.ask()
    guild.rename("room", "vault", "Kitchen")
    error = desk.approve(asked["id"], code=3)
    assert error["code"] == "meaning_changed"
    assert states(desk) == ["failed"]
    assert not guild.writes


def test_a_request_is_void_when_whoever_asked_is_not_eligible_any_more(desk, guild):
    asked = desk.ask()
    guild.take("team:engineers:member", "ann")
    assert desk.approve(asked["id"], code=3)["code"] == "not_eligible"
    shown = desk.show(asked["id"])
    assert (shown["state"], shown["outcome"]) == ("failed", "GRANT_OUTCOME_ERROR")
    assert not guild.writes


def test_the_rule_of_the_day_it_was_asked_for_decides(desk, workspace):
    asked = desk.ask()
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('["team:leads", "person:eve"]', '"person:fay"'))
    assert desk.approve(asked["id"], "fay", code=3)["code"] == "not_allowed"
    assert desk.approve(asked["id"], "cyd")["state"] == "active"


def test_an_emergency_is_granted_at_once_and_open_until_reviewed(desk, guild):
    given = desk.ask("ann", READER, "--emergency")
    assert (given["state"], given["emergency"], given["reviewed"]) == ("active", True, None)
    assert guild.has(READER, "ann")
    ident = given["id"]
    assert [row["id"] for row in desk("request", "list", "--unreviewed")] == [ident]
    own = desk("request", "review", ident, "--comment", "fine", "--as", "ann@acme.example", code=3)
    assert "never decides" in own["message"]
    reviewed = desk("request", "review", ident, "--comment", "outage", "--as", "cyd@acme.example")
    assert (reviewed["state"], reviewed["reviewed"]["by"]) == ("active", "cyd@acme.example")
    assert desk("request", "list", "--unreviewed") == []
    again = desk("request", "review", ident, "--comment", "x", "--as", "cyd@acme.example", code=3)
    assert "nothing to review" in again["message"]


def test_a_rule_may_approve_by_itself(desk, guild):
    given = desk.ask("bob", "team:oncall:member", length="30m")
    assert (given["state"], given["approved_by"]) == ("active", [])
    assert guild.has("team:oncall:member", "bob")


def test_an_extension_goes_on_where_the_access_ends(desk, guild):
    first = desk.granted(length="1h")
    more = desk("request", "extend", first["id"], "--for", "2h", "--as", "ann@acme.example")
    assert (more["state"], more["extends"], more["reason"]) == ("pending", first["id"], "INC-7")
    second = desk.approve(more["id"])
    gap = at(second["expires_at"]) - at(first["expires_at"]) - timedelta(hours=2)
    assert abs(gap) < timedelta(seconds=1)
    assert [method for method, _ in guild.writes] == ["PUT"]


def test_an_extension_reaches_no_further_than_the_rule_allows(desk):
    first = desk.granted(length="6h")
    error = desk("request", "extend", first["id"], "--for", "3h", "--as", "ann@acme.example", code=3)
    assert error["code"] == "too_long"
    assert desk("request", "extend", first["id"], "--for", "1h", "--as", "ann@acme.example")["id"]


def test_only_active_access_is_extended_and_only_by_whose_it_is(desk):
    asked = desk.ask()
    pending = desk("request", "extend", asked["id"], "--for", "1h", "--as", "ann@acme.example", code=3)
    assert "it is pending already" in pending["message"]
    desk.approve(asked["id"])
    other = desk("request", "extend", asked["id"], "--for", "1h", "--as", "bob@acme.example", code=3)
    assert other["code"] == "not_allowed"


def test_an_extension_that_is_approved_too_late_gives_the_access_anew(desk, guild):
    first = desk.granted()
    more = desk("request", "extend", first["id"], "--for", "2h", "--as", "ann@acme.example")
    desk.end(first["id"])
    desk.cycle()
    assert not guild.has(READER, "ann")
    second = desk.approve(more["id"])
    assert guild.has(READER, "ann")
    length = at(second["expires_at"]) - at(second["granted_at"]) - timedelta(hours=2)
    assert abs(length) < timedelta(seconds=1)


def test_a_revocation_by_a_person_ends_the_request(desk, guild):
    given = desk.granted()
    desk("revoke", "hall", READER, "person:ann", "--yes", "--reason", "leaver")
    assert desk.show(given["id"])["state"] == "revoked"
    assert not guild.has(READER, "ann")
    done = desk.cycle()
    assert (done["expired"], done["problems"]) == ([], [])


def test_two_who_approve_at_once_grant_once(desk, guild, in_process):
    asked = desk.ask()
    both = [
        in_process("request", "approve", asked["id"], "--as", f"{who}@acme.example") for who in ("cyd", "dan")
    ]
    codes = []
    for process in both:
        process.communicate(timeout=60)
        codes.append(process.returncode)
    assert sorted(codes) in ([0, 0], [0, 3])
    assert len(desk.show(asked["id"])["approved_by"]) == 1
    assert guild.writes == [("PUT", "/room:vault/reader/ann")]


def test_access_by_hand_off_begins_when_it_is_seen(desk, guild):
    asked = desk.ask("ann", OFFSITE)
    error = desk.approve(asked["id"], code=5)
    assert error["code"] == "handed_off"
    waiting = desk.show(asked["id"])
    assert (waiting["state"], waiting["expires_at"]) == ("approved", None)
    assert waiting["handoff"]["content"]["system"] == "Active Directory"
    guild.give(OFFSITE, "ann")
    desk.make_due()
    assert [row["state"] for row in desk.cycle()["handoffs"]] == ["verified"]
    given = desk.show(asked["id"])
    assert given["state"] == "active"
    assert at(given["expires_at"]) - at(given["granted_at"]) == timedelta(hours=1)


def test_a_hand_off_that_no_rule_allows_is_refused(desk, workspace):
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace("handoff = true", "handoff = false"))
    assert desk.ask("ann", OFFSITE, code=3)["code"] == "handoff_not_allowed"


def test_what_the_provider_fails_is_granted_later(desk, guild):
    asked = desk.ask()
    guild.switch("broken")
    approved = desk.approve(asked["id"])
    assert approved["state"] == "approved"
    assert approved["error"]["message"] == "The guild's door is stuck."
    assert approved["next_try_at"]
    guild.switch("broken", None)
    assert desk.cycle()["granted"] == []
    desk.make_due()
    assert [row["state"] for row in desk.cycle()["granted"]] == ["active"]
    assert guild.has(READER, "ann")


def test_requests_are_listed_by_state(desk):
    desk.granted("ann")
    desk.ask("bob")
    assert states(desk) == ["active", "pending"]
    listed = desk("request", "list", "--state", "pending", "--connector", "hall")
    assert [row["principal"] for row in listed] == ["person:bob"]


def test_a_long_list_of_requests_is_read_with_no_more_questions_than_a_short_one(desk):
    questions = []
    note = event.listens_for(Engine, "before_cursor_execute")(lambda *details: questions.append(details))
    try:
        counts = []
        for who in ("ann", "bob"):
            desk.ask(who)
            questions.clear()
            desk("request", "list")
            counts.append(len(questions))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] > 0


def test_a_request_that_is_not_there_is_a_usage_error(desk):
    for arguments in (["show", "9"], ["approve", "9"], ["cancel", "9"]):
        assert desk("request", *arguments, code=2)["message"] == "There is no request 9."


def test_whoever_gives_no_name_is_who_the_shell_says(desk):
    asked = desk.ask()
    error = desk("request", "approve", asked["id"], code=3)
    assert (error["code"], error["hint"]) == ("unknown_person", "say who you are: --as EMAIL")


def test_a_principal_alone_asks_for_itself(desk):
    asked = desk(
        "request", "create", "hall", READER, "--for", "1h", "--reason", "x", "--principal", "ann@acme.example"
    )
    assert (asked["requester"], asked["principal"]) == ("ann@acme.example", "person:ann")


def test_rules_are_listed_and_the_deciding_one_is_named(desk):
    names = [row["name"] for row in desk("jit", "rules")]
    assert names == ["vault-admin", "vault", "offsite", "engineers-oncall"]
    assert [row["name"] for row in desk("jit", "rules", "--for", ADMIN)] == ["vault-admin"]
    assert desk("jit", "rules", "--for", "team:leads:member") == []


def test_roles_without_a_native_twin_are_named_with_what_to_create(desk, guild):
    assert desk("jit", "twins", "hall") == []
    guild.change("INSERT INTO room VALUES ('cellar', 'Cellar', 'active')")
    guild.change("INSERT INTO key VALUES ('cellar', 'admin')")
    assert desk("jit", "twins", "hall") == [
        {
            "entitlement_id": "room:cellar:admin",
            "groups": [{"group": "team:admin", "name": "Admin", "source": "Active Directory"}],
            "create": "native-admin",
        }
    ]


def test_a_mistake_in_a_rule_is_told_with_all_others(desk, workspace):
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('max_duration = "8h"', 'max_duration = "soon"') + "ticket = 3\n")
    error = desk("jit", "rules", code=2)
    assert "requests.rules[1].max_duration: must be a duration" in error["message"]
    assert "requests.rules[3].ticket: must be true or false" in error["message"]


def test_who_asks_is_who_the_environment_says_before_whom_it_is_for(desk, monkeypatch):
    monkeypatch.setenv("ROLECALL_AS", "bob@acme.example")
    asked = desk(
        "request", "create", "hall", READER, "--for", "1h", "--reason", "x", "--principal", "person:ann"
    )
    assert (asked["requester"], asked["principal"]) == ("bob@acme.example", "person:ann")


def test_where_the_kind_s_plugin_is_not_loaded_it_is_said_in_one_line(desk, workspace):
    given = desk.granted()
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text().replace('allow = ["acme-guild"]', 'allow = ["acme-other"]'))
    for deed in (("cancel", given["id"], "--as", "ann@acme.example"), ("approve", given["id"])):
        assert desk("request", *deed, code=1)["message"] == "The kind guild of hall isn't loaded."
    desk.end(given["id"])
    assert [row["code"] for row in desk.cycle(code=None)["problems"]] == ["plugin_failed"]
