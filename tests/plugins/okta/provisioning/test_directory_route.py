"""Groups that a directory masters, changed there through Okta's agent: as a service app, on real sockets."""

import pytest

from rolecall import Ref, Refused
from rolecall_okta import MembershipCheck, carry_out, joining, leaving, read_group, read_membership
from rolecall_okta.outcomes import OutcomeUnknown
from rolecall_okta.provisioning.applying import NEEDS_IMPORT
from rolecall_okta.simulator.faults import Reset, Status
from tests.plugins.okta.provisioning.writings import plan_of
from tests.plugins.okta.service_app import QuickClock, signed_in

READING = {"okta.users.read", "okta.groups.read", "okta.apps.read"}
WRITING = {"okta.groups.manage", "okta.directories.groups.manage"}
MODIFY = "/api/v1/directories/"


class Scene:
    """One person of a directory, and one of its groups."""

    def __init__(self, org, okta, notes, *, joins, directory_writes=True):
        self.org, self.okta, self.notes, self.joins = org, okta, notes, joins
        self.directory_writes = directory_writes
        self.ada = org.add_user("ada.lovelace@acme.example")
        self.directory = org.add_directory()
        self.group = org.add_group("aws", source=self.directory, members=[] if joins else [self.ada])
        org.import_people(self.directory, [self.ada])

    async def plan(self, **options):
        now = await read_group(self.okta, self.group.id, directory_writes=self.directory_writes)
        membership = await read_membership(self.okta, now, await self.okta.user(self.ada.id))
        change = (joining if self.joins else leaving)(membership, "It changes.", **options)
        return plan_of(*filter(None, [change.step]), operation="grant" if self.joins else "revoke")

    async def carry_out(self):
        check = MembershipCheck(self.okta)
        return await carry_out(self.okta, await self.plan(), self.notes, lambda _step: check)

    @property
    def is_done_in_directory(self):
        return (self.ada in self.org.directory_members(self.group)) == self.joins


@pytest.fixture(params=[True, False], ids=["joining", "leaving"])
async def scene(request, org, notes):
    with signed_in(org, scopes=READING | WRITING) as app:
        credential = app.credential(reading=READING, writing=WRITING)
        async with app.client(credential, clock=QuickClock()) as okta:
            scene = Scene(org, okta, notes, joins=request.param)
            scene.simulator = app.okta
            yield scene


async def test_a_change_that_the_agent_made_is_applied_and_claimed_only_after_an_import(scene):
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified, outcome.why) == ("applied", False, NEEDS_IMPORT)
    assert scene.notes.said[1:] == [200, "applied"]
    assert scene.is_done_in_directory
    scene.org.run_import()
    assert (await scene.plan()).steps == ()


async def test_an_import_right_after_it_verifies(scene):
    scene.org.behaviour.import_lag = 0.0
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)


async def test_without_an_agent_it_is_handed_off_with_what_to_do(scene):
    scene.org.behaviour.directory_agent = "absent"
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert outcome.why == "no agent of the directory is connected"
    assert scene.notes.said[1:] == [502, "not_applied"]
    verb = "Add" if scene.joins else "Remove"
    assert outcome.handoff.command.startswith(
        f"{verb}-ADGroupMember -Identity 'CN=aws,OU=Groups,DC=corp,DC=acme,DC=example' "
        "-Members 'CN=ada.lovelace,OU=People,DC=corp,DC=acme,DC=example'"
    )
    assert outcome.handoff.group == Ref("group", scene.group.id)


@pytest.mark.parametrize("agent", ["lost", "late"])
async def test_a_silent_agent_leaves_the_outcome_unknown_and_nothing_is_repeated(scene, agent):
    scene.org.behaviour.directory_agent = agent
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out()
    assert scene.notes.said[1:] == [504, "unknown"]
    assert len(scene.notes.writes) == 1


async def test_a_late_agent_whose_change_an_import_shows_is_found_out(scene):
    scene.org.behaviour.directory_agent = "late"
    scene.org.behaviour.import_lag = 0.0
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert scene.notes.said[1:] == [504, "unknown", "applied"]


@pytest.mark.parametrize("fault", [Reset(), Status(500)], ids=["reset", "500"])
async def test_a_cut_connection_is_not_repeated_either(scene, fault):
    scene.simulator.faults.add(MODIFY, fault, method="POST")
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out()
    assert len(scene.notes.writes) == 1
    assert scene.notes.outcomes[0][0] == "unknown"


async def test_a_proxys_bad_gateway_is_no_missing_agent(scene):
    scene.simulator.faults.add(MODIFY, Status(502), method="POST")
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out()


async def test_without_the_setting_it_is_handed_off_and_nothing_is_sent(scene):
    scene.directory_writes = False
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.step, outcome.verified) == ("handed_off", 0, False)
    assert scene.notes.said == []


@pytest.mark.parametrize("joins", [True, False])
async def test_an_api_token_is_handed_off_without_a_call(org, okta, notes, joins):
    _, client = await okta()
    outcome = await Scene(org, client, notes, joins=joins).carry_out()
    assert outcome.status == "handed_off"
    assert outcome.handoff.command
    assert notes.said == ["not_applied"]


async def test_undoing_a_grant_that_no_import_has_shown_takes_it_in_the_directory(org, notes):
    with signed_in(org, scopes=READING | WRITING) as app:
        credential = app.credential(reading=READING, writing=WRITING)
        async with app.client(credential, clock=QuickClock()) as okta:
            scene = Scene(org, okta, notes, joins=True)
            await scene.carry_out()
            assert org.directory_members(scene.group) == [scene.ada]
            scene.joins = False
            check = MembershipCheck(okta)
            plan = await scene.plan(undo=True)
            outcome = await carry_out(okta, plan, notes, lambda _step: check)
    assert org.directory_members(scene.group) == []
    assert (outcome.status, outcome.verified) == ("applied", False)


async def test_whom_the_directory_never_imported_is_handed_off(scene):
    other = scene.org.add_user("grace.hopper@acme.example")
    if not scene.joins:
        scene.org.add_member(scene.group, other)
    scene.ada = other
    (step,) = (await scene.plan()).steps
    assert step.route == "handoff"
    assert step.handoff.command == ""
    assert step.handoff.person_names == {"login": other.login, "email": other.login}


async def test_a_service_app_without_the_scope_is_refused_and_writes_nothing(org, notes):
    with signed_in(org, scopes=READING) as app:
        credential = app.credential(reading=READING, writing=WRITING)
        async with app.client(credential, clock=QuickClock()) as okta:
            scene = Scene(org, okta, notes, joins=True)
            with pytest.raises(Refused) as refused:
                await scene.carry_out()
    assert "okta.directories.groups.manage" in refused.value.hint
    assert notes.outcomes[0][0] == "not_applied"
    assert not scene.is_done_in_directory
