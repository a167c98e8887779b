"""What somebody must change in the directory waits for them, and nothing else does."""

import pytest

from rolecall import Held
from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    assigned,
    ref_of,
    role,
)


async def test_the_hand_off_says_what_to_do_and_the_assignment_waits_for_it(org, drive):
    app, ada = (
        org.add_aws_app(use_group_mapping=True, app_filter="active_directory"),
        org.add_user("ada@acme.example"),
    )
    directory = org.add_directory()
    group = org.add_group(f"aws_{ACCOUNT}_Admin", source=directory)
    driver = await drive(app)

    plan, outcome = await driver.grant(role("Admin"), ada)

    assert [step.route for step in plan.steps] == ["handoff", "api"]
    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert driver.writes() == []
    assert "Admin" in plan.steps[0].handoff.effect
    org.change_directory(group, ada)
    org.run_import()
    plan, outcome = await driver.grant(role("Admin"), ada)
    assert [step.action for step in plan.steps] == ["assign_person"]
    assert outcome.verified
    assert driver.roles(ada) == {"Admin"}


@pytest.mark.parametrize("assigns", [False, True], ids=["beside", "entry too"])
async def test_what_can_be_ended_at_once_does_not_wait_for_a_hand_off(org, drive, assigns):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    ada, directory = org.add_user("ada@acme.example"), org.add_directory()
    group = org.add_group(f"aws_{ACCOUNT}_Admin", source=directory, members=[ada])
    driver = await drive(app)
    await driver.grant(assigned(app), ada)
    if assigns:
        org.assign_group(app, group)
    things = (
        *driver.made.values(),
        Held(next(iter(driver.made)).provider, ref_of(group), ref_of(ada), "member"),
    )

    plan, outcome = await driver.undo(role("Admin"), ada, things)

    assert [step.route for step in plan.steps] == ["api", "handoff"]
    assert (outcome.status, outcome.step) == ("handed_off", 1)
    assert ada.id not in app.direct
    assert driver.roles(ada) == ({"Admin"} if assigns else set())
