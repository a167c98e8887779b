"""Whatever happens to an org, in whatever order: incremental runs give what full runs give."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import Ref
from rolecall.testing import Mirror, UnderTest
from rolecall_okta.simulator import Recipe, generate, serve
from rolecall_okta.simulator.changes import change_at_random
from tests.plugins.okta_aws_federation.directory import Directory
from tests.plugins.okta_aws_federation.emission import TOKEN
from tests.plugins.okta_aws_federation.replica import Replica, proven

RECIPES = {
    "mapping": Recipe(
        people=30, groups=14, role_groups=7, accounts=2, app_users=20, role_group_size=5, group_size=5
    ),
    "single": Recipe(
        people=30, groups=10, role_groups=6, accounts=1, app_users=20, mode="single", role_group_size=5
    ),
}
TURN = st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.4, 1.0, 3.0, 8.0, 700.0]))
"""How many changes, and how many seconds pass then."""
SOURCE_TURN = st.tuples(st.integers(0, 3), st.booleans())
"""How many changes, and whether the source is synced after them."""


def org_of(mode, seed):
    org = generate(RECIPES[mode], seed=seed)
    return org, next(app for app in org.apps if app.name == "amazon_aws")


@pytest.mark.parametrize("mode", RECIPES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), turns=st.lists(TURN, min_size=1, max_size=6))
async def test_incremental_runs_give_what_full_runs_give(mode, seed, turns):
    random, now = Random(seed), [1_800_000_000.0]
    org, app = org_of(mode, seed)
    with serve(org, tokens={TOKEN: "read_only"}, clock=lambda: now[0]) as okta:
        replica = await Replica(okta.domain, app.id).sync()
        for changes, seconds in turns:
            for _ in range(changes):
                change_at_random(org, random)
            now[0] += seconds
            await proven(replica)


@pytest.mark.parametrize("mode", RECIPES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), turns=st.lists(TURN, min_size=1, max_size=6))
async def test_an_index_that_lags_by_five_seconds_loses_nothing(mode, seed, turns):
    random, now = Random(seed), [1_800_000_000.0]
    org, app = org_of(mode, seed)
    with serve(org, tokens={TOKEN: "read_only"}, clock=lambda: now[0], search_lag=5) as okta:
        replica = await Replica(okta.domain, app.id).sync()
        for changes, seconds in turns:
            for _ in range(changes):
                change_at_random(org, random)
            now[0] += seconds
            await replica.sync()
        now[0] += 6
        await proven(replica)


@pytest.mark.parametrize("holds", ["everything", "what is asked for", "some names"])
@pytest.mark.parametrize("mode", RECIPES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), turns=st.lists(SOURCE_TURN, min_size=1, max_size=5))
async def test_with_an_identity_source_too_be_it_old_or_new(mode, holds, seed, turns):
    random = Random(seed)
    org, app = org_of(mode, seed)
    with serve(org, tokens={TOKEN: "read_only"}) as okta:
        covers = holds != "some names"
        replica = await Replica(okta.domain, app.id, source=Directory(org, covers=covers)).sync()
        for run, (changes, synced) in enumerate(turns, 2):
            for _ in range(changes):
                change_at_random(org, random)
            if synced:
                asked_for = [group for group in org.groups if Ref("group", group.id) in replica.resources]
                members_of = None if holds == "everything" else asked_for
                replica.source = Directory(org, run, members_of, covers, before=replica.source)
            await proven(replica, anew=synced)


@pytest.mark.parametrize("mode", RECIPES)
async def test_with_the_directory_connector_as_the_source(mode):
    random = Random(7)
    org, app = org_of(mode, 7)
    with serve(org, tokens={TOKEN: "read_only"}) as okta:
        given = {"domain": okta.domain, "api_token": {"env": "OKTA_API_TOKEN"}}
        aws = UnderTest("okta_aws_federation", {**given, "aws_okta_app_id": app.id}, {"api_token": TOKEN})
        source = UnderTest("okta", {**given, "members": "on_demand"}, {"api_token": TOKEN})
        async with Mirror(aws, source) as mirror:
            await mirror.check(None)
            for _ in range(4):
                change_at_random(org, random)
                change_at_random(org, random)
                await mirror.check(None)
