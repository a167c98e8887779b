"""A live org: what its recording gave when it was made, a replay gives too."""

import json

import pytest

from tests.plugins.okta_aws_federation.recorded import live
from tests.plugins.okta_aws_federation.recorded.conversation import RECORDED_AS, checked, synced

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]


@pytest.fixture
def org(recording):
    """The live org, or on replay the one that the cassettes name."""
    return live.org() if recording else live.LiveOrg(RECORDED_AS, live.recorded_app(), "a-replayers-token")


@pytest.fixture
def vcr_config(org):
    return org.policy().vcr_config()


@pytest.fixture(scope="module")
def vcr_cassette_dir():
    return str(live.folder())


@pytest.fixture
def expected(request, recording):
    """Compare with what was written beside the cassette; while recording, write it."""

    def compare(said):
        path = live.folder() / f"{request.node.name}.expected.json"
        if recording:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(said, indent=1) + "\n", encoding="ascii")
        assert said == json.loads(path.read_text(encoding="ascii"))

    return compare


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
