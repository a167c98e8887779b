"""The System Log between two runs: what is kept of it, and when it can't prove that nothing is missing."""

import pytest

from rolecall_okta import OktaClient
from rolecall_okta.simulator.faults import Status
from tests.plugins.okta.directory.driving import Directory

LATER = 3600
DAY = 86_400


async def test_events_about_people_groups_and_roles_are_kept_once(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    staff = org.add_group("staff")
    seen = await directory(org).sync()
    assert seen.events == []
    clock.pass_by(LATER)
    org.add_member(staff, ada)
    org.rename(ada, "Ada Lovelace")
    clock.pass_by(1)

    await seen.sync()

    assert sorted(event.kind for event in seen.events) == [
        "group.user_membership.add",
        "user.account.update_profile",
    ]
    (joined,) = [event for event in seen.events if event.kind == "group.user_membership.add"]
    assert {(target.type, target.id) for target in joined.targets} == {
        ("User", ada.id),
        ("UserGroup", staff.id),
    }
    assert joined.at.tzinfo is not None
    assert joined.outcome == "SUCCESS"
    await seen.sync()
    assert seen.events == []


async def test_a_deletion_that_failed_deletes_nobody(org, served, clock):
    ada = org.add_user("ada@acme.example")
    okta = served(org)
    seen = await Directory(okta.domain).sync()
    clock.pass_by(LATER)
    target = {"id": ada.id, "type": "User", "alternateId": None, "displayName": None}
    org.log.write("user.lifecycle.delete.completed", [target])
    org.log.events[-1].body["outcome"] = {"result": "FAILURE", "reason": None}

    await seen.sync()

    assert len(seen.events) == 1
    assert ("user", ada.id) in seen.resources


async def test_a_credential_without_the_log_always_reads_everything_and_is_told(org, directory, clock):
    org.add_user("ada@acme.example")
    seen = directory(org, "custom_read_only")

    for _ in range(2):
        await seen.sync()
        clock.pass_by(LATER)
        assert seen.mode == "full"
        assert seen.codes().count("log_unreadable") == 1
        assert seen.checkpoint is None


async def test_losing_the_right_to_the_log_is_said_and_everything_read(org, served, clock):
    org.add_user("ada@acme.example")
    okta = served(org)
    seen = await Directory(okta.domain).sync()
    clock.pass_by(LATER)
    okta.faults.add("/api/v1/logs", Status(403, "E0000006"))

    await seen.sync()

    assert seen.mode == "full"
    assert "System Log" in seen.why
    assert seen.codes() == ["log_unreadable"]


async def test_a_position_that_okta_forgot_needs_a_full_run_and_the_events_are_read_again(
    org, directory, clock
):
    ada, staff = org.add_user("ada@acme.example"), org.add_group("staff")
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.add_member(staff, ada)
    org.log.forget_cursors()
    clock.pass_by(1)

    await seen.sync()

    assert seen.mode == "full"
    assert "no longer knows" in seen.why
    assert [event.kind for event in seen.events] == ["group.user_membership.add"]
    clock.pass_by(LATER)
    await seen.sync()
    assert seen.mode == "incremental"


async def test_a_run_from_before_what_okta_keeps_needs_a_full_run(org, directory, clock):
    org.add_user("ada@acme.example")
    seen = await directory(org).sync()
    clock.pass_by(90 * DAY)

    await seen.sync()

    assert seen.mode == "full"
    assert "older than Okta keeps" in seen.why


async def test_a_filter_that_okta_does_not_take_leaves_full_runs(org, served):
    org.add_user("ada@acme.example")
    okta = served(org)
    okta.faults.add("/api/v1/logs", Status(400, "E0000053"), times=None)

    seen = await Directory(okta.domain).sync()

    assert (seen.codes(), seen.checkpoint) == (["log_unreadable"], None)


async def test_a_log_that_fails_fails_the_run(org, served):
    org.add_user("ada@acme.example")
    okta = served(org)
    okta.faults.add("/api/v1/logs", Status(501, "E0000060"), times=None)

    with pytest.raises(Exception, match="501"):
        await Directory(okta.domain).sync()


async def test_replies_without_a_date_leave_only_full_runs(org, directory, monkeypatch):
    org.add_user("ada@acme.example")
    monkeypatch.setattr(OktaClient, "server_time", None)

    seen = await directory(org).sync()

    assert seen.mode == "full"
    assert seen.checkpoint is None
