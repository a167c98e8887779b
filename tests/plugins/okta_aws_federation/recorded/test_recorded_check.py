"""``check`` measures what each kind of credential can do, by recorded conversations."""

import pytest

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.permissions import PROFILES
from tests.plugins.okta_aws_federation.recorded.conversation import checked

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

CAPABILITIES = [
    "Review group membership",
    "Provision group membership",
    "Review application assignment",
    "Provision application assignment",
    "Review admin roles",
]
MEASURED = {
    "super": (["yes", "yes", "yes", "yes", "yes"], {"excess_rights": False}),
    "read_only_app_group": (["yes", "unknown", "yes", "unknown", "no"], {}),
    "read_only": (["yes", "unknown", "yes", "unknown", "no"], {}),
    "custom_read_only": (["yes", "unknown", "yes", "unknown", "no"], {}),
    "custom_iam_read": (["no", "unknown", "unknown", "unknown", "yes"], {"right_missing": True}),
    "none": (["no", "unknown", "unknown", "unknown", "no"], {"right_missing": True}),
}
"""By the credential's rights: the capability table, and the problems with whether a sync would fail."""
SCHEMA_READERS = {"super", "read_only_app_group", "read_only"}


def acme():
    org = Organisation()
    app = org.add_aws_app(join_all_roles=True, union=True)
    people = [org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd")]
    org.assign_group(app, org.add_group("Admins", members=people), saml_roles=["Admin"])
    return org, app


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_check_measures_the_credential_and_says_whether_a_sync_would_work(profile, okta, plugins):
    org, app = acme()
    table, problems = MEASURED[profile]

    report = await checked(plugins, okta(org, rights=profile), app.id)

    assert {each.name: each.allowed for each in report.capabilities} == dict(
        zip(CAPABILITIES, table, strict=True)
    )
    assert all(each.evidence for each in report.capabilities)
    assert {problem.code: problem.fatal for problem in report.problems} == problems
    if any(problems.values()):
        assert report.app is None
    else:
        assert report.app["id"] == app.id
        assert report.features["saml_roles_union"] is (True if profile in SCHEMA_READERS else None)
