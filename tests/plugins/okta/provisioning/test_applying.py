"""Memberships carried out against the simulator, on real sockets, with everything that can go wrong."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest

from rolecall import AuthRefused, PlanOutdated, ProviderError, RateLimited, Refused, Unavailable
from rolecall_okta import (
    MembershipCheck,
    Timeouts,
    carry_out,
    joining,
    leaving,
    read_group,
    read_membership,
)
from rolecall_okta.outcomes import OutcomeUnknown
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import (
    READ_ONLY,
    WRITES,
    After,
    Applied,
    Before,
    Body,
    Reset,
    Stall,
    Status,
    TooManyRequests,
)
from tests.plugins.okta.provisioning.writings import plan_of

MEMBER = "/api/v1/groups/[^/]+/users/[^/]+"


class Scene:
    """One person, one group, and a change of the membership, planned and carried out."""

    def __init__(self, org, okta, notes, *, joins):
        self.org, self.okta, self.notes, self.joins = org, okta, notes, joins
        self.ada = org.add_user("ada.lovelace@acme.example")
        self.group = org.add_group("aws", members=[] if joins else [self.ada])

    async def plan(self, **options):
        now = await read_group(self.okta, self.group.id, directory_writes=False)
        membership = await read_membership(self.okta, now, await self.okta.user(self.ada.id))
        change = (joining if self.joins else leaving)(membership, "It changes.", **options)
        return plan_of(*filter(None, [change.step]), operation="grant" if self.joins else "revoke")

    async def carry_out(self, plan=None):
        plan = plan or await self.plan()
        check = MembershipCheck(self.okta)
        return await carry_out(self.okta, plan, self.notes, lambda _step: check)

    @property
    def is_done(self):
        return (self.ada in self.group.members) == self.joins

    @property
    def call(self):
        return f"{'PUT' if self.joins else 'DELETE'} /api/v1/groups/{self.group.id}/users/{self.ada.id}"


@pytest.fixture(params=[True, False], ids=["joining", "leaving"])
async def scene(request, org, okta, notes):
    simulator, client = await okta()
    scene = Scene(org, client, notes, joins=request.param)
    scene.simulator = simulator
    return scene


async def test_one_call_is_sent_and_read_back(scene):
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert scene.notes.said == [scene.call, 204, "applied"]
    assert scene.notes.request_ids[0]
    assert scene.is_done


async def test_what_is_so_already_is_no_plan(scene):
    await scene.carry_out()
    assert (await scene.plan()).steps == ()


@pytest.mark.parametrize(
    "fault", [Applied(Reset()), Applied(Status(500)), Applied(Status(504))], ids=["reset", "500", "504"]
)
async def test_a_lost_answer_to_a_write_that_was_done_is_found_out_by_reading(scene, fault):
    scene.simulator.faults.add(MEMBER, fault, method=WRITES)
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert scene.notes.writes == [scene.call]
    assert scene.notes.said[-2:] == ["unknown", "applied"]


@pytest.mark.parametrize("fault", [Reset(), Status(500), Status(504)], ids=["reset", "500", "504"])
async def test_a_write_that_reads_show_undone_is_sent_once_more(scene, fault):
    scene.simulator.faults.add(MEMBER, fault, method=WRITES)
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert scene.notes.writes == [scene.call, scene.call]
    assert scene.is_done


async def test_a_write_that_is_lost_twice_is_given_up_and_left_open(scene):
    scene.simulator.faults.add(MEMBER, Reset(), method=WRITES, times=9)
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out()
    assert scene.notes.outcomes[0][0] == "unknown", "a list that lags may not show it yet"
    assert len(scene.notes.writes) == 2
    assert not scene.is_done


@pytest.mark.parametrize("then", [Applied(Reset()), Status(403, "E0000006")], ids=["lost again", "refused"])
async def test_a_lost_answer_that_a_lagging_list_never_shows_is_not_said_to_be_undone(scene, then):
    scene.org.behaviour.member_lag = 600.0
    scene.simulator.faults.add(MEMBER, Applied(Reset()), method=WRITES)
    scene.simulator.faults.add(MEMBER, then, method=WRITES, nth=2)
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out()
    assert scene.notes.outcomes[0][0] == "unknown"
    assert scene.is_done


async def test_what_okta_did_is_not_said_to_be_undone_for_something_else_that_changed(org, okta, notes):
    simulator, client = await okta()
    scene = Scene(org, client, notes, joins=True)
    org.behaviour.member_lag = 600.0
    simulator.faults.add(MEMBER, After(lambda org: org.rename(scene.group, "renamed")), method=WRITES)
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert "meanwhile the group is now called" in outcome.why
    assert scene.notes.outcomes[0][0] == "applied"
    assert scene.is_done


async def test_unreadable_after_a_lost_answer_stays_unknown_and_is_not_repeated(scene):
    scene.simulator.faults.add(MEMBER, Applied(Reset()), method=WRITES)
    plan = await scene.plan()
    scene.simulator.faults.add("/api/v1/users/.*", Status(500), method="GET", nth=3, times=None)
    with pytest.raises(OutcomeUnknown):
        await scene.carry_out(plan)
    assert scene.notes.outcomes[0][0] == "unknown"
    assert scene.notes.writes == [scene.call]


async def test_read_only_mode_writes_nothing(scene):
    scene.simulator.faults.add(MEMBER, READ_ONLY, method=WRITES, times=99)
    with pytest.raises(Unavailable):
        await scene.carry_out()
    assert scene.notes.said == [scene.call, 503, "not_applied"]
    assert not scene.is_done


async def test_rate_limit_is_waited_out(scene):
    scene.simulator.faults.add(MEMBER, TooManyRequests(2), method=WRITES, times=2)
    outcome = await scene.carry_out()
    assert outcome.verified
    assert set(scene.notes.writes) == {scene.call}


@dataclass
class RefusedMeanwhile:
    """A rate limit for a while, in which somebody changes something."""

    change: Callable[[Organisation], object]
    seconds: float = 40.0

    async def answer(self, exchange):
        self.change(exchange.org)
        return exchange.rate_limited(self.seconds)


async def test_what_a_write_rests_on_is_read_again_after_a_wait(org, okta, notes):
    simulator, client = await okta()
    scene = Scene(org, client, notes, joins=True)
    fault = RefusedMeanwhile(lambda org: org.rename(scene.group, "renamed"))
    simulator.faults.add(MEMBER, fault, method=WRITES)
    with pytest.raises(PlanOutdated, match="the group is now called"):
        await scene.carry_out()
    assert notes.outcomes[0] == ("not_applied", "it waited, and wasn't sent")
    assert [write.status for write in simulator.writes] == [429]
    assert not scene.is_done


async def test_a_write_that_waited_asks_again_whether_it_may_go(scene):
    lost = Refused("another writes to the same now", code="locks_lost")

    def begins(step, method, path, begins=scene.notes.begins):
        if scene.notes.writes:
            raise lost
        begins(step, method, path)

    scene.notes.begins = begins
    scene.simulator.faults.add(MEMBER, TooManyRequests(40), method=WRITES)
    with pytest.raises(Refused) as refused:
        await scene.carry_out()
    assert refused.value is lost
    assert scene.notes.outcomes[0][0] == "not_applied"
    assert not scene.is_done


async def test_a_limit_that_never_ends_is_said_not_to_be_done(scene):
    scene.simulator.faults.add(MEMBER, TooManyRequests(1), method=WRITES, times=99)
    with pytest.raises(RateLimited):
        await scene.carry_out()
    assert scene.notes.outcomes[0][0] == "not_applied"


async def test_somebody_else_was_faster_the_plan_is_outdated(scene):
    plan = await scene.plan()
    turn = scene.org.add_member if scene.joins else scene.org.remove_member
    turn(scene.group, scene.ada)
    with pytest.raises(PlanOutdated, match="in the group now"):
        await scene.carry_out(plan)
    assert scene.notes.said == []


async def test_undone_by_somebody_else_at_once_is_applied_but_never_claimed(scene):
    def undo(org):
        (org.remove_member if scene.joins else org.add_member)(scene.group, scene.ada)

    scene.simulator.faults.add(MEMBER, After(undo), method=WRITES)
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert outcome.why == "Okta doesn't show it yet"
    assert scene.notes.writes == [scene.call]


async def test_done_by_somebody_else_at_the_same_time_is_fine(scene):
    def do(org):
        (org.add_member if scene.joins else org.remove_member)(scene.group, scene.ada)

    scene.simulator.faults.add(MEMBER, Before(do), method=WRITES)
    outcome = await scene.carry_out()
    assert outcome.verified
    assert scene.is_done


async def test_a_list_that_lags_is_waited_for(scene):
    scene.org.behaviour.member_lag = 3.0
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)


async def test_a_list_that_lags_beyond_patience_leaves_it_unverified(scene):
    scene.org.behaviour.member_lag = 600.0
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert scene.notes.outcomes[0] == ("applied", "Okta doesn't show it yet")
    assert scene.is_done


async def test_the_group_vanishing_under_the_call_ends_a_grant_and_fulfils_a_revocation(scene):
    scene.simulator.faults.add(MEMBER, Before(lambda org: org.delete_group(scene.group)), method=WRITES)
    if not scene.joins:
        assert (await scene.carry_out()).verified
        return
    with pytest.raises(Refused, match="the group is gone from Okta"):
        await scene.carry_out()
    assert scene.notes.said == [scene.call, 404, "not_applied"]


async def test_the_person_vanishing_under_the_call_is_told_apart_from_the_group(scene):
    scene.simulator.faults.add(MEMBER, Before(lambda org: org.delete_user(scene.ada)), method=WRITES)
    if not scene.joins:
        assert (await scene.carry_out()).verified
        return
    with pytest.raises(Refused, match="the person is gone from Okta"):
        await scene.carry_out()


async def test_a_cancelled_write_is_on_record_as_unknown(scene):
    plan = await scene.plan()
    scene.simulator.faults.add(
        MEMBER, Before(lambda _org: running.get_loop().call_soon_threadsafe(running.cancel)), method=WRITES
    )
    running = asyncio.ensure_future(scene.carry_out(plan))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert scene.notes.outcomes[0][0] == "unknown"


async def test_cancelled_while_reading_back_what_okta_did_stays_on_record_as_applied(scene):
    scene.org.behaviour.member_lag = 600.0
    running = asyncio.ensure_future(scene.carry_out())
    scene.notes.answered = lambda *_: asyncio.get_running_loop().call_soon(running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert scene.notes.outcomes[0] == ("applied", "it was interrupted before it was read back")


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("fault", [Applied(Stall()), Stall()], ids=["done", "not done"])
async def test_silence_is_read_after(org, okta, notes, joins, fault):
    simulator, client = await okta(timeouts=Timeouts(read=0.2, request=0.3))
    scene = Scene(org, client, notes, joins=joins)
    simulator.faults.add(MEMBER, fault, method=WRITES)
    outcome = await scene.carry_out()
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert len(notes.writes) == (1 if isinstance(fault, Applied) else 2)
    assert scene.is_done


FAULTS = (
    Reset(),
    Applied(Reset()),
    Status(500),
    Applied(Status(500)),
    Applied(Status(504)),
    Status(503, "E0000010"),
    Status(403, "E0000006"),
    Status(409, "E0000195"),
    Status(423, "E0000239"),
    TooManyRequests(1),
    Applied(Body(b"<html>")),
)


@pytest.mark.parametrize("seed", range(60))
async def test_whatever_goes_wrong_the_record_is_true(org, okta, notes, seed):
    chance = Random(seed)
    simulator, client = await okta()
    scene = Scene(org, client, notes, joins=chance.random() < 0.5)
    org.behaviour.member_lag = chance.choice([0.0, 0.0, 1.0])
    for _ in range(chance.randint(1, 3)):
        simulator.faults.add(MEMBER, chance.choice(FAULTS), method=WRITES, nth=chance.randint(1, 3))
    try:
        outcome = await scene.carry_out()
    except OutcomeUnknown:
        assert notes.outcomes[0][0] == "unknown"
    except (Refused, ProviderError):
        assert notes.outcomes[0][0] == "not_applied"
        assert not scene.is_done
    else:
        assert (outcome.status, outcome.verified) == ("applied", True)
        assert notes.outcomes[0] == ("applied", "")
        assert scene.is_done
    assert len(notes.writes) <= 2


@pytest.mark.parametrize("joins", [True, False])
async def test_a_credential_without_the_right_is_refused_with_what_it_lacks(org, okta, notes, joins):
    _, client = await okta("read_only")
    scene = Scene(org, client, notes, joins=joins)
    with pytest.raises(Refused) as refused:
        await scene.carry_out()
    assert refused.value.code == "right_missing"
    assert "okta.groups.members.manage" in refused.value.hint
    assert notes.said == [scene.call, 403, "not_applied"]
    assert not scene.is_done


async def test_a_dead_token_is_no_missing_right(scene):
    plan = await scene.plan()
    scene.simulator.faults.add(MEMBER, Status(401, "E0000011", "Invalid token provided"), method=WRITES)
    with pytest.raises(AuthRefused):
        await scene.carry_out(plan)


async def test_a_failure_after_a_step_that_was_applied_is_no_refusal(org, okta, notes):
    simulator, client = await okta()
    first, second = Scene(org, client, notes, joins=True), Scene.__new__(Scene)
    second.__dict__.update(first.__dict__, group=org.add_group("billing"))
    plan = plan_of(*(await first.plan()).steps, *(await second.plan()).steps)
    simulator.faults.add(f"/api/v1/groups/{second.group.id}/users/.*", Status(403, "E0000006"), method="PUT")
    with pytest.raises(ProviderError) as failed:
        await first.carry_out(plan)
    assert not isinstance(failed.value, Refused)
    assert {index: outcome for index, (outcome, _) in notes.outcomes.items()} == {
        0: "applied",
        1: "not_applied",
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda org, scene: setattr(scene.ada, "status", "SUSPENDED"), "now SUSPENDED", id="status"
        ),
        pytest.param(
            lambda org, scene: setattr(scene.group, "profile", {"name": "aws_prod"}),
            'called "aws_prod"',
            id="name",
        ),
        pytest.param(lambda org, scene: org.delete_group(scene.group), "the group is gone", id="group gone"),
        pytest.param(lambda org, scene: org.delete_user(scene.ada), "the person is gone", id="person gone"),
    ],
)
async def test_a_grant_whose_ground_moved_is_outdated_before_anything_is_sent(org, okta, notes, change, told):
    _, client = await okta()
    scene = Scene(org, client, notes, joins=True)
    plan = await scene.plan()
    change(org, scene)
    with pytest.raises(PlanOutdated, match=told):
        await scene.carry_out(plan)
    assert notes.said == []


async def test_taking_a_rules_member_out_excludes_them_from_the_rule(org, okta, notes):
    _, client = await okta()
    scene = Scene(org, client, notes, joins=False)
    rule = org.add_rule("all", 'user.login=="ada.lovelace@acme.example"', [scene.group])
    outcome = await scene.carry_out()
    assert outcome.verified
    assert rule.excluded == [scene.ada]
    assert scene.is_done


async def test_a_rule_without_room_puts_the_person_back_and_nothing_is_claimed(org, okta, notes):
    _, client = await okta()
    scene = Scene(org, client, notes, joins=False)
    rule = org.add_rule("all", 'user.login=="ada.lovelace@acme.example"', [scene.group])
    rule.excluded.extend(org.add_user(f"x{number}@acme.example") for number in range(100))
    outcome = await scene.carry_out(await scene.plan(accept={"rule_gives_back"}))
    assert (outcome.status, outcome.verified) == ("applied", False)


async def test_a_hostile_name_is_told_on_one_line_without_acting_on_the_terminal(org, okta, notes):
    _, client = await okta()
    scene = Scene(org, client, notes, joins=True)
    plan = await scene.plan()
    org.rename(scene.group, "aws\x1b[2J\n\u202eprod")
    with pytest.raises(PlanOutdated) as outdated:
        await scene.carry_out(plan)
    assert outdated.value.message.isprintable()
