"""When a run reads everything though it has a checkpoint, and what the checkpoint keeps."""

import pytest

from rolecall_okta import OktaClient
from rolecall_okta.simulator import ABSENT, Organisation
from rolecall_okta.simulator.faults import Body, Status
from rolecall_okta_aws_federation.memory import FORMAT, load
from tests.plugins.okta_aws_federation.begun_orgs import ACCOUNT, mapping_org
from tests.plugins.okta_aws_federation.replica import Replica, proven


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"groupFilter": r"x_(?{{accountid}}\d+)_(?{{role}}\w+)"}, "groupFilter changed"),
        ({"useGroupMapping": False}, "useGroupMapping changed"),
    ],
)
async def test_settings_that_ask_for_other_lists_make_a_full_run(begun, settings, why):
    it = await begun(mapping_org)

    replica = await it.after(lambda it: it.org.change_settings(it.app, **settings))

    assert replica.mode == "full"
    assert why in replica.because


async def test_another_app_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.replica.app_id = it.org.add_aws_app("Second", use_group_mapping=True).id

    await proven(it.replica)

    assert (it.replica.mode, it.replica.because) == ("full", "the connector's settings changed")


async def test_a_lost_position_makes_a_full_run_and_keeps_what_the_log_tells(begun):
    it = await begun(mapping_org)
    await it.replica.sync()
    it.org.assign_user(it.app, it.people[11])
    it.org.log.forget_cursors()

    await proven(it.replica)

    assert it.replica.mode == "full"
    assert "no longer knows up to where its System Log was read" in it.replica.because
    assert "application.user_membership.add" in {event.kind for event in it.replica.events}
    await proven(it.replica)
    assert it.replica.mode == "incremental"


async def test_a_run_longer_ago_than_the_log_is_kept_makes_a_full_run(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    now[0] += 90 * 86_400

    await it.replica.sync()

    assert it.replica.mode == "full"
    assert it.replica.because is not None


async def test_the_cheaper_way_of_reading_memberships_flips_only_in_a_full_run(begun):
    it = await begun(mapping_org)

    def change(it):
        for number in range(20):
            it.org.add_group(f"aws_{ACCOUNT}_Role{number}", members=it.people[:2])

    replica = await it.after(change)

    assert replica.mode == "full"
    assert "by person" in replica.because


async def test_another_credential_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/users/me", Body(b'{"id": "00uanother", "status": "ACTIVE"}'), times=None)

    await it.replica.sync()

    assert it.replica.because == "the credential belongs to somebody else than before"


async def test_a_filter_that_the_log_does_not_take_leaves_full_runs(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/logs", Status(400, "E0000053"), times=None)

    await it.replica.sync()

    assert (it.replica.mode, it.replica.checkpoint) == ("full", None)
    assert it.replica.run.subjects("log_unreadable") == ["/api/v1/logs"]


async def test_replies_without_a_date_leave_only_full_runs(begun, monkeypatch):
    it = await begun(mapping_org)
    monkeypatch.setattr(OktaClient, "server_time", None)
    monkeypatch.setattr(OktaClient, "first_reply_at", None)

    await it.replica.sync()

    assert (it.replica.mode, it.replica.checkpoint) == ("full", None)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"x\x9cnonsense"])
async def test_a_checkpoint_that_can_not_be_read_makes_a_full_run(begun, damage):
    it = await begun(mapping_org)
    it.replica.checkpoint = damage or b"\0"

    await proven(it.replica)

    assert it.replica.mode == "full"
    assert it.replica.because.startswith("the last run's checkpoint can't be read (")


async def test_a_checkpoint_of_another_release_makes_a_full_run(begun, monkeypatch):
    it = await begun(mapping_org)
    monkeypatch.setattr("rolecall_okta_aws_federation.memory.FORMAT", FORMAT + 1)

    await it.replica.sync()

    assert it.replica.because == "the last run's checkpoint was written by another release"


async def test_without_a_right_to_the_log_every_run_is_full_and_says_so(begun):
    it = await begun(mapping_org, rights="custom_read_only")

    await it.replica.sync()

    assert it.replica.checkpoint is None
    assert it.replica.mode == "full"
    assert it.replica.run.subjects("log_unreadable") == ["/api/v1/logs"]


async def test_a_right_to_the_log_that_is_taken_away_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/logs", Status(403, "E0000006"))

    await it.replica.sync()

    assert it.replica.mode == "full"
    assert "403 E0000006" in it.replica.because


async def test_a_checkpoint_holds_hostile_text_as_it_was(served):
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    odd = "\x1b[31m\u202elone\ud800\x00é"
    person = org.add_user("odd@acme.example", first_name=odd, profile={"displayName": odd})
    org.assign_user(app, person, saml_roles=[odd, 3], raw={"_embedded": ABSENT})
    org.add_group(f"aws_{ACCOUNT}_Admin", members=[person])
    replica = await Replica(served(org).domain, app.id).sync()

    memory = load(replica.checkpoint)

    assert memory.dump() == replica.checkpoint
    await proven(replica)
    assert (replica.mode, replica.changes) == ("incremental", [])
