"""What a run will cost is told before it is paid, and lists that come back short are told too."""

from datetime import UTC, datetime

import pytest

from rolecall import Checkpoint, Ref
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Body
from tests.plugins.okta_aws_federation.begun_orgs import mapping_org, single_org
from tests.plugins.okta_aws_federation.emission import Requests, emitted, opened
from tests.plugins.okta_aws_federation.replica import Replica


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_a_full_run_says_what_it_costs_and_keeps_to_it(served, build):
    org = Organisation()
    app, _, _ = build(org)

    replica = await Replica(served(org).domain, app.id).sync()

    told = replica.run.forecasts[-1]
    assert abs(told.requests - len(replica.asked)) <= 2
    assert told.share == 0.5
    assert "app users" in told.basis


@pytest.mark.parametrize("mapping", [True, False])
async def test_a_full_run_says_at_least_while_it_counts_and_then_what_it_costs(served, mapping):
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=mapping, app_filter="okta")
    people = [org.add_user(f"person{number}@acme.example") for number in range(600)]
    for number in range(450):
        group = org.add_group(f"aws_123456789012_Role{number}", members=people[number : number + 3])
        if not mapping:
            org.assign_group(app, group, saml_roles=["Admin"])
    if mapping:
        for person in people:
            org.assign_user(app, person)

    replica = await Replica(served(org).domain, app.id).sync()

    first, *_, last = replica.run.forecasts
    assert first.at_least
    assert not last.at_least
    exact = [told for told in replica.run.forecasts if not told.at_least]
    assert all(abs(told.requests - len(replica.asked)) <= 2 for told in exact)


async def test_an_estimate_counts_groups_and_their_members_and_reads_no_more(served):
    org = Organisation()
    app, _, _ = mapping_org(org)
    domain, requests = served(org).domain, Requests()
    connector = await opened(domain, app.id, requests)

    await connector.rolecall_validate()
    forecast = await connector.rolecall_estimate(None)
    await connector.rolecall_close()

    run = await emitted(domain, app.id)
    assert abs(forecast.requests - len(run.requests.asked)) <= 3
    assert not any(what.endswith("/users") for what in requests.asked)


async def test_an_estimate_of_an_incremental_run_asks_for_nothing(served):
    org = Organisation()
    app, _, _ = single_org(org)
    replica = await Replica(served(org).domain, app.id).sync()
    await replica.sync()
    requests = Requests()
    connector = await opened(replica.domain, app.id, requests)

    await connector.rolecall_validate()
    forecast = await connector.rolecall_estimate(Checkpoint(replica.checkpoint, 1, 1, datetime.now(UTC)))
    await connector.rolecall_close()

    assert len(requests.asked) == 1
    assert abs(forecast.requests - len(replica.asked)) <= 1


async def test_a_members_list_shorter_than_oktas_count_is_read_twice_and_told(served):
    org = Organisation()
    app, _, groups = mapping_org(org)
    okta, admins = served(org), groups["admin"]
    okta.faults.add(f"/groups/{admins.id}/users", Body(b"[]"), times=2)

    run = await emitted(okta.domain, app.id)

    assert run.short == [(Ref("group", admins.id), 0, 3)]
    assert run.requests.asked.count(f"GET /api/v1/groups/{admins.id}/users") == 2


async def test_a_list_that_was_short_by_chance_is_not_told(served):
    org = Organisation()
    app, _, groups = mapping_org(org)
    okta, admins = served(org), groups["admin"]
    okta.faults.add(f"/groups/{admins.id}/users", Body(b"[]"), times=1)

    run = await emitted(okta.domain, app.id)

    assert run.short == []
    assert len([grant for grant in run.grants if grant.entitlement.resource.id == admins.id]) == 3
