"""Any organisation's effective access is what a login gives, row for row."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall_okta.simulator import Organisation, serve
from tests.e2e.organisations import CASES
from tests.plugins.okta_aws_federation.emission import TOKEN, effective_rows, emitted
from tests.plugins.okta_aws_federation.login_oracle import login_rows

STATUSES = [
    *("ACTIVE", "STAGED", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED"),
    *("LOCKED_OUT", "SUSPENDED", "DEPROVISIONED", "A_NEW_ONE"),
]
ROLES = ["Admin", "ReadOnly", "a:b/c", "arn:aws:iam::123456789012:role/x", ""]
SAML_ROLES = st.none() | st.lists(st.sampled_from(ROLES), max_size=3)
DEFAULTS = st.sampled_from([None, "", "Admin", "Fallback"])
ACCOUNT_FIRST = [
    *("aws_123456789012_Admin", "aws_123456789012_Read-Only", "my aws_000011112222_Admin,Two end"),
    *("aws_42_Admin", "AWS_123456789012_Admin", "aws_١٢٣_Admin", "aws_123456789012_Ünï", "friends"),
]
ROLE_FIRST = [
    *("aws#Admin#123456789012", "aws#Admin#000011112222\n", "x#Ünï#123456789012", "aws#ReadOnly#99"),
    *("Ö#Admin#123456789012", "aws#Admin#12٣", "aws##123456789012", "friends"),
]
NAMES = {
    r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)": ACCOUNT_FIRST,
    r"^aws_(?{{accountid}}\d+)_(?{{role}}[\w\-]+)$": ACCOUNT_FIRST,
    r"(?{{role}}[\w\-]+)#(?{{accountid}}\d{2,})": ROLE_FIRST,
    r"^\w+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$": ROLE_FIRST,
    r"^\\w+\\#(?{{role}}[\\w\\-]+)\\#(?{{accountid}}\\d+)$": ROLE_FIRST,
}
APP_FILTERS = ["okta", "okta", " OKTA ,, Active_Directory", "active_directory", "workday,okta", "", None]


@st.composite
def organisations(draw):
    org = Organisation(seed=draw(st.integers(0, 99)))
    group_filter = draw(st.sampled_from(sorted(NAMES)))
    app = org.add_aws_app(
        use_group_mapping=draw(st.booleans()),
        join_all_roles=draw(st.booleans()),
        union=draw(st.booleans()),
        group_filter=group_filter,
        app_filter=draw(st.sampled_from(APP_FILTERS)),
        status=draw(st.sampled_from(["ACTIVE"] * 19 + ["INACTIVE"])),
    )
    directory, workday = org.add_directory(), org.add_app("workday", "Workday")
    sources = st.sampled_from([None, None, None, directory, workday])
    people = [
        org.add_user(f"p{number}@acme.example", status=draw(st.sampled_from(STATUSES)))
        for number in range(draw(st.integers(1, 6)))
    ]
    some_people = st.lists(st.sampled_from(people), unique=True, min_size=1)
    groups = [
        org.add_group(name, members=draw(some_people), source=draw(sources))
        for name in draw(st.lists(st.sampled_from(NAMES[group_filter]), min_size=1, max_size=7))
    ]
    for group in draw(st.lists(st.sampled_from([*groups, org.everyone]), unique=True, min_size=1)):
        priority = draw(st.integers(0, 3))
        org.assign_group(app, group, priority=priority, saml_roles=draw(SAML_ROLES), role=draw(DEFAULTS))
    for person in draw(st.lists(st.sampled_from(people), unique=True, max_size=2)):
        org.assign_user(app, person, saml_roles=draw(SAML_ROLES), role=draw(DEFAULTS))
    return org, app


@given(organisations())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_effective_access_is_what_a_login_gives(case):
    org, app = case
    with serve(org, tokens={TOKEN: "read_only"}) as okta:
        run = await emitted(okta.domain, app.id)

    assert effective_rows(run) == login_rows(org, app)


@pytest.mark.parametrize("case", [pytest.param(build, id=name) for name, build in CASES.items()])
async def test_effective_access_of_the_named_organisations_is_what_a_login_gives(sync, case):
    made = case()

    run = await sync(made.org, made.app)

    assert effective_rows(run) == login_rows(made.org, made.app)


@pytest.mark.parametrize("case", [pytest.param(build, id=name) for name, build in CASES.items()])
async def test_a_credential_without_the_schema_finds_the_same_access(sync, case):
    made = case()

    run = await sync(made.org, made.app, rights="custom_read_only")

    without_via = [{**row, "via": None} for row in effective_rows(run)]
    assert without_via == [{**row, "via": None} for row in login_rows(made.org, made.app)]
