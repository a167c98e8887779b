"""The host's own contract suite, and incremental against full runs through the host's engine and store."""

from random import Random

import pytest

from rolecall import Ref
from rolecall.testing import Mirror, UnderTest, assert_contract
from rolecall_okta.simulator import serve
from rolecall_okta.simulator.changes import change_at_random
from tests.plugins.okta.directory.test_incremental import KINDS

TOKEN = "a-readers-token-for-the-contract"
SECRETS = {"api_token": TOKEN}


def table(okta, **more):
    return {"domain": okta.domain, "api_token": {"env": "OKTA_API_TOKEN"}, **more}


@pytest.fixture
def acme(org):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example", status="SUSPENDED")
    org.add_user("cyd@acme.example", status="DEPROVISIONED")
    support = org.add_group("aws_support", members=[ada, bob])
    org.add_group("empty")
    org.add_admin_role(ada, "SUPER_ADMIN")
    org.add_custom_role(support, "Resetter", ["okta.users.read"], "Berlin")
    return org


@pytest.mark.parametrize("rights", ["super", "read_only", "custom_read_only"])
async def test_the_contract_is_kept(acme, rights):
    with serve(acme, {TOKEN: rights}) as okta:
        found = await assert_contract("okta", table(okta, profile_fields=["title"]), SECRETS)

    assert found.identity.login.endswith("@acme.example")
    assert Ref("group", acme.group("empty").id) in found.resources


@pytest.mark.parametrize("seed", range(3))
async def test_the_store_is_left_by_changes_as_by_everything(acme, clock, seed):
    random = Random(seed)
    with serve(acme, {TOKEN: "super"}, clock=clock) as okta:
        async with Mirror(UnderTest("okta", table(okta), SECRETS)) as mirror:
            await mirror.check()
            for _ in range(4):
                clock.pass_by(random.choice([1, 20, 3600]))
                for _ in range(3):
                    change_at_random(acme, random, [kind for kind in KINDS if kind != "delete_user"])
                seen = await mirror.check()
                assert seen.mode == "incremental"
            acme.delete_user(acme.users[-1])
            assert (await mirror.check()).mode == "incremental"
