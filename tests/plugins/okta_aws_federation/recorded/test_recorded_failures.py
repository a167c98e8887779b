"""What Okta refuses, or answers wrongly, fails the run with its reason; the published state stays."""

import pytest

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Body, Html, NextLink, Redirect, TruncatedJson
from tests.plugins.okta_aws_federation.login_oracle import login_rows
from tests.plugins.okta_aws_federation.recorded.conversation import synced

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

MEMBERS = r"/groups/[^/]+/users\?"
APP = r"/api/v1/apps/[^/?]+$"


def acme():
    """Three people in one group: its members are two pages, read with nothing else under way."""
    org = Organisation()
    app = org.add_aws_app()
    people = [org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd")]
    org.assign_group(app, org.add_group("Admins", members=people), saml_roles=["Admin"])
    return org, app


async def test_a_revoked_token_is_refused_with_oktas_code_and_how_to_make_another(okta, store, plugins):
    org, app = acme()

    result = await synced(store, plugins, okta(org), app.id, token="a-revoked-token")

    assert (result.run.status, result.run.error["code"]) == ("failed", "auth_refused")
    assert result.run.error["okta_error_code"] == "E0000011"
    assert "make a new token" in result.run.error["hint"]
    assert "a-revoked-token" not in str(result.run)


async def test_a_token_without_rights_is_told_that_a_right_is_missing(okta, store, plugins):
    org, app = acme()

    result = await synced(store, plugins, okta(org, rights="none"), app.id)

    assert (result.run.status, result.run.error["code"]) == ("failed", "right_missing")
    assert result.run.error["okta_error_code"] == "E0000006"
    assert result.run.error["request_id"]


async def test_an_app_that_is_not_there_is_named(okta, store, plugins):
    org, _app = acme()

    result = await synced(store, plugins, okta(org), "0oanosuchapp00000000")

    assert (result.run.status, result.run.error["code"]) == ("failed", "app_not_found")
    assert "0oanosuchapp00000000" in result.run.error["message"]


async def test_an_app_of_another_kind_is_named(okta, store, plugins):
    org, _app = acme()
    other = org.add_app("workday", "Workday")

    result = await synced(store, plugins, okta(org), other.id)

    assert (result.run.status, result.run.error["code"]) == ("failed", "not_an_aws_app")
    assert "Workday" in result.run.error["message"]


@pytest.mark.parametrize(
    ("pattern", "fault", "code"),
    [
        pytest.param(APP, TruncatedJson(), "bad_payload", id="app-truncated"),
        pytest.param(APP, Html(), "bad_payload", id="app-html"),
        pytest.param(APP, Body(b"[]"), "bad_payload", id="app-is-a-list"),
        pytest.param(APP, Redirect("https://login.elsewhere.example/"), "redirected", id="app-redirected"),
        pytest.param(MEMBERS, TruncatedJson(), "bad_payload", id="page-truncated"),
        pytest.param(MEMBERS, Html(), "bad_payload", id="page-html"),
        pytest.param(MEMBERS, Html(403), "right_missing", id="page-html-403"),
        pytest.param(MEMBERS, Body(b'{"id": "00u"}'), "bad_payload", id="page-is-an-object"),
        pytest.param(MEMBERS, Body(b""), "bad_payload", id="page-empty"),
        pytest.param(MEMBERS, NextLink(), "bad_payload", id="page-cursor-repeats"),
        pytest.param(
            MEMBERS,
            NextLink("https://evil.example/api/v1/groups?after=x"),
            "bad_payload",
            id="page-foreign-link",
        ),
    ],
)
async def test_a_wrong_answer_fails_the_run_and_the_published_state_stays(
    pattern, fault, code, okta, store, plugins
):
    org, app = acme()
    second_run = 2 if pattern == APP else 3  # the first one read each page once
    domain = okta(org, faults=[(pattern, fault, {"nth": second_run})])

    good = await synced(store, plugins, domain, app.id)
    bad = await synced(store, plugins, domain, app.id, mode="full")

    assert good.rows == bad.rows == login_rows(org, app)
    assert (bad.run.status, bad.run.error["code"]) == ("failed", code)
    assert "/api/v1/" in bad.run.error["message"]
