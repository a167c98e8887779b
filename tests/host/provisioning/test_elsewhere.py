"""A membership gives what the group holds in other connectors: the plan says so, and policies judge it."""

from dataclasses import replace

import pytest

from rolecall.errors import Refused
from rolecall.models import EntitlementRef, Grant, Ref
from rolecall.provisioning import prepare, removals_with_elsewhere
from tests.host import states
from tests.host.vaults import PROD
from tests.host.workbench import asked

ADMINS = EntitlementRef(Ref("group", "g1"), "member")
ADMIN = states.role(PROD, "Admin")
POLICY = f"""
[[policy.protected]]
connector = "aws"
accounts = ["{PROD}"]
roles = ["Admin"]
"""


@pytest.fixture
def beside_aws(bench):
    """The workbench, with a connector ``aws`` whose last run gives the group a role."""
    role = Grant(ADMIN, Ref("group", "g1"), expandable=True)
    resources = [states.group("g1", name="Admins"), states.account(PROD)]
    states.publish_state(bench.store, states.state(resources, [ADMIN], [role]), "aws")
    config = bench.folder / "rolecall.toml"
    twin = config.read_text().partition("[connectors.vault]")[2]
    config.write_text(f"{config.read_text()}\n[connectors.aws]{twin}")
    return bench


def test_a_plan_says_what_the_group_holds_in_another_connector(beside_aws):
    plan = beside_aws.run(prepare, asked(entitlement=ADMINS)).plan

    assert plan.elsewhere == (("aws", ADMIN),)
    assert (
        f"also gives what the group holds in other connectors, by their last runs: {ADMIN} of aws."
        in (plan.warnings[-1])
    )


def test_the_connector_s_own_groups_are_left_to_its_plan(beside_aws):
    plan = beside_aws.run(prepare, replace(asked(entitlement=ADMINS), connector="aws")).plan

    assert plan.elsewhere == ()


def test_a_role_that_is_protected_elsewhere_isn_t_given_by_way_of_the_group(beside_aws):
    config = beside_aws.folder / "rolecall.toml"
    config.write_text(POLICY + config.read_text())

    with pytest.raises(Refused) as refused:
        beside_aws.run(prepare, asked(entitlement=ADMINS))

    assert refused.value.code == "protected"
    assert str(ADMIN) in refused.value.message


def test_a_removal_says_what_the_group_holds_in_another_connector(beside_aws):
    role, ada = EntitlementRef(Ref("account", PROD), "Admin"), Ref("user", "u1")

    async def ways(engine):
        connector = await engine.reading("vault")
        return removals_with_elsewhere(
            engine.store, engine.others("vault"), await connector.removals(role, ada)
        )

    (way,) = [each for each in beside_aws.run(ways) if each.via == Ref("group", "g1")]

    assert way.change.endswith(f"; in other connectors the group also holds {ADMIN} of aws")
