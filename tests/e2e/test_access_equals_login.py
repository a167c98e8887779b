"""``rolecall sync`` and ``rolecall access`` say what a SAML login would give, row for row."""

import pytest

from tests.e2e.organisations import CASES
from tests.plugins.okta_aws_federation.login_oracle import login_rows


def comparable(row):
    via = [(path["kind"], path.get("group_id"), path.get("group_name")) for path in row["via"]]
    return (row["user_id"], row["account_id"], row["role"], row["role_arn"], row["can_sign_in"], tuple(via))


@pytest.mark.parametrize("case", [pytest.param(build, id=name) for name, build in CASES.items()])
def test_access_is_what_a_login_gives(case, served, connect, workspace):
    made = case()
    okta = served(made.org)
    connect(okta, made.app)

    (run,) = workspace.rolecall("sync", "-o", "json").json["runs"]
    rows = workspace.rolecall("access", "-o", "json").json

    assert run["status"] == "published"
    assert [comparable(row) for row in rows] == [comparable(row) for row in login_rows(made.org, made.app)]
    assert rows, "a case without access proves nothing"
