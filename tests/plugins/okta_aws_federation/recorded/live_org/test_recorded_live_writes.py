"""A live org in which something is given to a person and a group that are there for it, and taken."""

import pytest

from rolecall import EntitlementRef, Ref, Secret
from tests.plugins.okta.conversations import is_write
from tests.plugins.okta_aws_federation.recorded.scenes import KIND

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]


async def test_what_is_given_is_taken_again(org, studio, expected):
    names = {org.app_id: "app", org.person: "person", org.group: "group"}
    secrets = {"api_token": Secret(org.token)}
    okta = await studio.open(KIND, org.domain, names, secrets, aws_okta_app_id=org.app_id)
    person, group = Ref("user", org.person), Ref("group", org.group)
    app = EntitlementRef(Ref("app", org.app_id), "assigned")
    pairs = [(EntitlementRef(group, "member"), person), (app, person), (app, group)]
    told, outcomes = [], []

    for entitlement, principal in pairs:
        for do in (okta.grant, okta.revoke):
            plan, outcome = await do(entitlement, principal)
            told.append(okta.told())
            outcomes.append([outcome.status, outcome.verified])
            assert [each for each in told[-1] if is_write(each)] == okta.planned(plan)

    writes = [[each.partition(" {")[0] for each in some if is_write(each)] for some in told]
    assert writes == [
        ["PUT /groups/group/users/person"],
        ["DELETE /groups/group/users/person"],
        ["POST /apps/app/users"],
        ["DELETE /apps/app/users/person"],
        ["PUT /apps/app/groups/group"],
        ["DELETE /apps/app/groups/group"],
    ]
    expected(
        {
            "app": org.app_id,
            "person": org.person,
            "group": org.group,
            "requests": told,
            "outcomes": outcomes,
        }
    )
