"""What carrying out offers to other steps than memberships: another call, a merged one, a last look."""

import pytest

from rolecall import PlanOutdated, ProviderError, Ref, Refused, Step
from rolecall_okta import (
    StepCheck,
    assign_group_call,
    assign_person_call,
    carry_out,
    patch_group_profile_call,
    unassign_person_call,
    update_app_user_call,
)
from rolecall_okta.simulator.faults import After, Status
from tests.plugins.okta.provisioning.writings import plan_of


def step_of(action, call, **options):
    return Step(action, "api", "It changes.", call.method, call.path, call.body, **options)


class RolesCheck(StepCheck):
    """Reads the roles that an app gives a person or a group."""

    def __init__(self, okta, app, ref, wanted, before):
        self.okta, self.app, self.ref, self.wanted, self.before = okta, app, ref, wanted, before
        self.merges = True

    async def roles(self):
        one = self.okta.app_group if self.ref.type == "group" else self.okta.app_user
        profile = (await one(self.app.id, self.ref.id)).profile or {}
        return sorted(profile.get("samlRoles") or [])

    async def holds(self, step):
        roles = await self.roles()
        return "" if roles == self.before else f"the roles are {', '.join(roles)}"

    async def shown(self, step):
        return self.wanted in await self.roles()

    async def again(self, step):
        if not self.merges:
            return None
        roles = [*await self.roles(), self.wanted]
        return update_app_user_call(self.app.id, self.ref.id, profile={"samlRoles": roles})


@pytest.fixture
async def scene(org, okta):
    ada, group = org.add_user("ada@acme.example"), org.add_group("engineers")
    app = org.add_aws_app("AWS", roles=["Admin", "Dev", "Ops"])
    org.assign_user(app, ada, profile={"samlRoles": ["Dev"]})
    org.assign_group(app, group, profile={})
    simulator, client = await okta()
    return simulator, client, app, ada, group


def add_admin(app, ada):
    return step_of("add_role", update_app_user_call(app.id, ada.id, profile={"samlRoles": ["Dev", "Admin"]}))


def overwrite(app, ada):
    return After(lambda org: setattr(app.direct[ada.id], "profile", {"samlRoles": ["Ops"]}))


async def test_a_refused_patch_is_replaced_by_the_other_call_of_the_same_step(scene, org, notes):
    _, client, app, _, group = scene
    org.behaviour.patch_absent = "refused"
    put = assign_group_call(app.id, group.id, 0, {"samlRoles": ["Admin"]})
    patch = patch_group_profile_call(app.id, group.id, "samlRoles", ["Admin"])
    other = {"method": put.method, "path": put.path, "body": put.body}
    step = step_of("add_group_role", patch, expects={"otherwise": other})
    check = RolesCheck(client, app, Ref("group", group.id), "Admin", [])
    outcome = await carry_out(client, plan_of(step), notes, lambda _step: check)
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert notes.said == [f"PATCH {patch.path}", 400, f"PUT {put.path}", 200, "applied"]
    assert app.assigned_groups[group.id].profile["samlRoles"] == ["Admin"]


async def test_without_another_call_a_400_fails(scene, org, notes):
    _, client, app, _, group = scene
    org.behaviour.patch_absent = "refused"
    step = step_of("add_group_role", patch_group_profile_call(app.id, group.id, "samlRoles", ["Admin"]))
    check = RolesCheck(client, app, Ref("group", group.id), "Admin", [])
    with pytest.raises(ProviderError):
        await carry_out(client, plan_of(step), notes, lambda _step: check)
    assert notes.outcomes[0][0] == "not_applied"


async def test_an_update_lost_to_another_writer_is_merged_and_written_once_more(scene, notes):
    simulator, client, app, ada, _ = scene
    simulator.faults.add(f"/users/{ada.id}", overwrite(app, ada), method="POST")
    check = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])
    outcome = await carry_out(client, plan_of(add_admin(app, ada)), notes, lambda _step: check)
    assert (outcome.status, outcome.verified) == ("applied", True)
    assert app.direct[ada.id].profile["samlRoles"] == ["Ops", "Admin"]
    assert len(notes.writes) == 2


async def test_an_update_lost_twice_is_said_not_to_be_applied(scene, notes):
    simulator, client, app, ada, _ = scene
    simulator.faults.add(f"/users/{ada.id}", overwrite(app, ada), method="POST", times=2)
    check = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])
    with pytest.raises(PlanOutdated, match="somebody else changed it at the same time: the roles are Ops"):
        await carry_out(client, plan_of(add_admin(app, ada)), notes, lambda _step: check)
    assert len(notes.writes) == 2
    assert notes.outcomes[0][0] == "not_applied"


async def test_without_a_merge_the_plan_is_outdated(scene, notes):
    simulator, client, app, ada, _ = scene
    simulator.faults.add(f"/users/{ada.id}", overwrite(app, ada), method="POST")
    check = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])
    check.merges = False
    with pytest.raises(PlanOutdated):
        await carry_out(client, plan_of(add_admin(app, ada)), notes, lambda _step: check)
    assert len(notes.writes) == 1


async def test_the_last_look_decides_on_verified(scene, notes):
    _, client, app, ada, _ = scene
    check = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])

    async def look():
        return "the session goes on"

    outcome = await carry_out(client, plan_of(add_admin(app, ada)), notes, lambda _step: check, look)
    assert (outcome.status, outcome.verified, outcome.why) == ("applied", False, "the session goes on")


async def test_assigned_already_is_fine_where_it_shows_and_outdated_where_it_doesnt(scene, notes):
    _, client, app, ada, _ = scene
    step = step_of("assign", assign_person_call(app.id, ada.id, {"samlRoles": ["Dev"]}))
    shown = RolesCheck(client, app, Ref("user", ada.id), "Dev", ["Dev"])
    outcome = await carry_out(client, plan_of(step), notes, lambda _step: shown)
    assert outcome.verified
    assert notes.said[1:] == [409, "applied"]
    absent = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])
    with pytest.raises(PlanOutdated, match="not as planned"):
        await carry_out(client, plan_of(step), notes, lambda _step: absent)


async def test_what_okta_forbids_is_refused_in_its_own_words(scene, notes):
    simulator, client, app, ada, _ = scene
    call = unassign_person_call(app.id, ada.id)
    simulator.faults.add(f"/users/{ada.id}", Status(403, "E0000046", "forbidden"), method="DELETE")
    check = RolesCheck(client, app, Ref("user", ada.id), "Admin", ["Dev"])
    with pytest.raises(Refused) as refused:
        await carry_out(client, plan_of(step_of("unassign", call)), notes, lambda _step: check)
    assert refused.value.code == "okta_refused"
    assert "groups of the person still assign the app" in refused.value.message
    assert refused.value.facts["okta_error_code"] == "E0000046"
