"""Names of groups that mean something else than at the last run: found by runs of both modes."""

import pytest

from rolecall import EntitlementRef, Ref, Severity
from rolecall_okta.simulator import Organisation
from tests.plugins.okta_aws_federation.replica import Replica

ACCOUNT = "123456789012"
CODE = "role_group_meaning_changed"


class Case:
    """An org with group mapping: two assigned people in the group for Admin, one in another group."""

    def __init__(self, served, rights="read_only"):
        self.org = Organisation()
        self.app = self.org.add_aws_app("AWS", use_group_mapping=True, app_filter="okta")
        self.ada, self.bob, self.eve, self.stranger = (
            self.org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "eve", "stranger")
        )
        for person in (self.ada, self.bob, self.eve):
            self.org.assign_user(self.app, person)
        self.admin = self.org.add_group(f"aws_{ACCOUNT}_Admin", members=[self.ada, self.bob, self.stranger])
        self.cafeteria = self.org.add_group("cafeteria", members=[self.eve, self.ada, self.stranger])
        self.replica = Replica(served(self.org, rights).domain, self.app.id)

    async def found(self, full):
        """The findings of one more run."""
        await self.replica.sync(full=full)
        assert self.replica.mode == ("full" if full else "incremental"), self.replica.because
        return [each for each in self.replica.run.findings if each.code == CODE]


@pytest.fixture(params=[False, True], ids=["incremental", "full"])
async def full(request):
    return request.param


@pytest.fixture
async def case(served):
    case = Case(served)
    await case.replica.sync()
    assert CODE not in case.replica.run.codes()
    return case


async def test_a_group_renamed_into_a_role_that_another_gives_is_told_with_who_gains(case, full):
    case.org.rename(case.cafeteria, f"aws_{ACCOUNT}_Admin")
    (found,) = await case.found(full)
    assert found.severity is Severity.HIGH
    assert found.subject == f"group:{case.cafeteria.id}"
    assert found.concerns == EntitlementRef(Ref("account", ACCOUNT), "Admin")
    assert found.message == (
        f'The group "aws_{ACCOUNT}_Admin" gives "{ACCOUNT}/Admin", which "aws_{ACCOUNT}_Admin" also gives; '
        "it is new, was called otherwise, or wasn't admitted: 1 person gains a role: "
        '"eve@acme.example".'
    )


async def test_a_role_group_renamed_to_another_role_is_told_with_who_gains_and_loses(case, full):
    case.org.rename(case.admin, f"aws_{ACCOUNT}_Billing")
    (found,) = await case.found(full)
    assert found.message == (
        f'The group "aws_{ACCOUNT}_Billing" gives "{ACCOUNT}/Billing"; it was called '
        f'"aws_{ACCOUNT}_Admin" and gave "{ACCOUNT}/Admin": '
        '2 people gain a role: "ada@acme.example", "bob@acme.example"; '
        '2 people lose a role: "ada@acme.example", "bob@acme.example".'
    )


async def test_a_role_group_renamed_away_is_told_with_who_loses(case, full):
    case.org.rename(case.admin, "nothing")
    (found,) = await case.found(full)
    assert "gave" in found.message
    assert found.message.endswith('2 people lose a role: "ada@acme.example", "bob@acme.example".')


async def test_a_new_look_alike_is_told_though_nobody_is_in_it(case, full):
    twin = case.org.add_group(f"x aws_{ACCOUNT}_Admin")
    (found,) = await case.found(full)
    assert found.subject == f"group:{twin.id}"
    assert f'which "aws_{ACCOUNT}_Admin" also gives' in found.message
    assert found.message.endswith("nobody who is assigned to the app gains or loses a role.")


@pytest.mark.parametrize(
    ("setting", "value", "effect"),
    [
        pytest.param("appFilter", "active_directory", "2 people lose a role", id="appFilter"),
        pytest.param(
            "groupFilter", r"^(?{{role}}cafeteri)(?{{accountid}}a)", "2 people gain a role", id="groupFilter"
        ),
        pytest.param("useGroupMapping", False, "2 people lose a role", id="useGroupMapping"),
    ],
)
async def test_a_setting_that_decides_is_told_once_with_everybody(case, full, setting, value, effect):
    case.org.change_settings(case.app, **{setting: value})
    await case.replica.sync(full=full)
    (found,) = [each for each in case.replica.run.findings if each.code == CODE]
    assert found.subject == setting
    assert found.message.startswith(f"{setting} is ")
    assert effect in found.message


async def test_who_joins_or_leaves_changes_no_meaning(case, full):
    case.org.add_member(case.admin, case.eve)
    case.org.remove_member(case.admin, case.ada)
    assert await case.found(full) == []


async def test_a_deleted_group_is_no_renamed_one(case, full):
    case.org.delete_group(case.admin)
    assert await case.found(full) == []


async def test_another_name_of_the_same_meaning_is_fine(case, full):
    case.org.rename(case.admin, f"x aws_{ACCOUNT}_Admin")
    assert await case.found(full) == []


async def test_it_is_told_by_one_run_alone(case, full):
    case.org.rename(case.cafeteria, f"aws_{ACCOUNT}_Admin")
    assert len(await case.found(full)) == 1
    assert await case.found(full) == []


async def test_without_group_mapping_names_mean_nothing(served, full):
    case = Case(served)
    case.org.change_settings(case.app, useGroupMapping=False)
    await case.replica.sync()
    case.org.rename(case.cafeteria, f"aws_{ACCOUNT}_Admin")
    assert await case.found(full) == []


async def test_many_people_are_counted_and_some_named(case, full):
    crowd = [case.org.add_user(f"user{number:02}@acme.example") for number in range(15)]
    group = case.org.add_group("crowd", members=crowd)
    for person in crowd:
        case.org.assign_user(case.app, person)
    await case.replica.sync()
    case.org.rename(group, f"aws_{ACCOUNT}_Crowd")
    (found,) = await case.found(full)
    assert "15 people gain a role" in found.message
    assert found.message.endswith('"user09@acme.example" and 5 more.')
