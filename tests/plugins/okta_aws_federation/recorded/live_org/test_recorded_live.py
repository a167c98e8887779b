"""A live org: what its recording gave when it was made, a replay gives too."""

import pytest

from tests.plugins.okta_aws_federation.recorded.conversation import checked, synced

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]


async def test_a_whole_sync(org, store, plugins, expected):
    result = await synced(store, plugins, org.domain, org.app_id, org.token)

    expected(
        {
            "app": org.app_id,
            "status": result.run.status,
            "error": result.run.error and result.run.error["code"],
            "findings": sorted([finding.code, finding.subject] for finding in result.findings),
            "access": [
                [row["user_id"], row["account_id"], row["role"], row["can_sign_in"], _by(row)]
                for row in result.rows
            ],
        }
    )


async def test_a_check(org, plugins, expected):
    report = await checked(plugins, org.domain, org.app_id, org.token)

    expected(
        {
            "app": org.app_id,
            "capabilities": [[each.name, each.allowed] for each in report.capabilities],
            "problems": [[each.code, each.fatal] for each in report.problems],
        }
    )


def _by(row):
    return [via.get("group_id", via["kind"]) for via in row["via"]]
