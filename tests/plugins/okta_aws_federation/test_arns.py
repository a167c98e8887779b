"""Accounts and role ARNs come from the app's settings, in any partition."""

import pytest

from rolecall_okta_aws_federation.arns import (
    RoleArns,
    can_be_role,
    check_environment,
    mapped_arns,
    names_another_account,
    read_provider_arn,
    read_role_pattern,
    single_arns,
)

PROVIDER = "arn:aws:iam::123456789012:saml-provider/OKTA"
ROLE = "arn:aws:iam::${accountid}:role/${role}"


def test_the_account_and_partition_are_the_identity_providers():
    provider, findings = read_provider_arn(" arn:aws-us-gov:iam::012345678901:saml-provider/path/OKTA\n")

    assert (provider.partition, provider.account, findings) == ("aws-us-gov", "012345678901", [])
    assert single_arns(provider, "Admin").role == "arn:aws-us-gov:iam::012345678901:role/Admin"


def test_an_account_that_is_not_twelve_digits_is_counted_and_found():
    provider, findings = read_provider_arn("arn:aws:iam::42:saml-provider/OKTA")

    assert provider.account == "42"
    assert [finding.code for finding in findings] == ["account_id_malformed"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(None, "identity_provider_arn_missing", id="null"),
        pytest.param(" ", "identity_provider_arn_missing", id="blank"),
        pytest.param("123456789012", "identity_provider_arn_malformed", id="an account"),
        pytest.param("arn:aws:iam::123456789012:role/Admin", "identity_provider_arn_malformed", id="a role"),
        pytest.param("arn:aws:iam:::saml-provider/OKTA", "identity_provider_arn_malformed", id="no account"),
        pytest.param(123456789012, "identity_provider_arn_malformed", id="a number"),
        pytest.param({"arn": PROVIDER}, "identity_provider_arn_malformed", id="an object"),
    ],
)
def test_without_a_provider_there_is_no_account(value, code):
    provider, findings = read_provider_arn(value)

    assert provider is None
    assert [(finding.code, finding.subject) for finding in findings] == [(code, "identityProviderArn")]


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/a/b", "arn:aws-cn:iam::9:role/x"])
def test_a_role_that_is_an_arn_is_kept(role):
    provider, _ = read_provider_arn(PROVIDER)

    assert single_arns(provider, role) == RoleArns(role, PROVIDER)


def test_a_role_of_another_account_is_recognised():
    provider, _ = read_provider_arn(PROVIDER)

    assert names_another_account(provider, "arn:aws:iam::999999999999:role/x")
    assert not names_another_account(provider, "arn:aws:iam::123456789012:role/x")
    assert not names_another_account(provider, "x")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f"arn:aws:iam::${{accountid}}:saml-provider/OKTA,{ROLE}", id="provider first"),
        pytest.param(f"{ROLE}, arn:aws:iam::${{accountid}}:saml-provider/OKTA", id="role first"),
    ],
)
def test_the_role_pattern_yields_both_arns_in_either_order(value):
    pattern, findings = read_role_pattern(value)

    assert findings == []
    assert mapped_arns(pattern, "000011112222", "a,b${accountid}") == RoleArns(
        "arn:aws:iam::000011112222:role/a,b${accountid}", "arn:aws:iam::000011112222:saml-provider/OKTA"
    )


@pytest.mark.parametrize(
    ("value", "role", "lacking"),
    [
        pytest.param(ROLE, ROLE, "a provider ARN", id="no provider"),
        pytest.param(f"{PROVIDER},arn:aws:iam::1:role/X", "arn:aws:iam::1:role/X", "${role}", id="one role"),
        pytest.param("nothing", "nothing", "${accountid} and ${role} and a provider ARN", id="no pattern"),
    ],
)
def test_an_odd_role_pattern_yields_what_it_says_and_is_found(value, role, lacking):
    pattern, (found,) = read_role_pattern(value)

    assert pattern.role == role
    assert found.code == "role_value_pattern_odd"
    assert f"lacks {lacking}" in found.message.replace("${accountid} and ${role}:", "${role}:")


@pytest.mark.parametrize(
    ("name", "possible"),
    [
        ("Admin", True),
        ("team/path/Admin+=,.@_-", True),
        ("arn:aws-cn:iam::123456789012:role/team/Admin", True),
        ("x" * 65, False),
        ("with blank", False),
        ("with:colon", False),
        ("ünïcode", False),
        ("nul\x00", False),
        ("\ud800", False),
        ("\x1b[31m", False),
        ("arn:aws:iam::123456789012:user/Ada", False),
    ],
)
def test_a_role_has_a_name_that_aws_could_have(name, possible):
    assert can_be_role(name) is possible


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(None, "role_value_pattern_missing", id="null"),
        pytest.param("", "role_value_pattern_missing", id="empty"),
        pytest.param("a,b", "role_value_pattern_malformed", id="two roles"),
        pytest.param(f"{ROLE},", "role_value_pattern_malformed", id="an empty part"),
        pytest.param(PROVIDER, "role_value_pattern_malformed", id="only a provider"),
        pytest.param(5, "role_value_pattern_malformed", id="a number"),
    ],
)
def test_a_role_pattern_that_is_no_pair_gives_no_arn(value, code):
    pattern, findings = read_role_pattern(value)

    assert mapped_arns(pattern, "1", "r") == RoleArns(None, None)
    assert [(finding.code, finding.subject) for finding in findings] == [(code, "roleValuePattern")]


@pytest.mark.parametrize(
    ("environment", "arn", "disagrees"),
    [
        pytest.param("aws.amazon", PROVIDER, False, id="commercial"),
        pytest.param("aws.amazon", PROVIDER.replace(":aws:", ":aws-us-gov:"), True, id="government ARN"),
        pytest.param("aws.us-gov", PROVIDER, True, id="government environment"),
        pytest.param("aws.china", PROVIDER.replace(":aws:", ":aws-cn:"), False, id="China"),
        pytest.param("custom", PROVIDER, False, id="nothing known of it"),
        pytest.param(None, PROVIDER, False, id="not set"),
        pytest.param("aws.amazon", None, False, id="no ARN"),
    ],
)
def test_an_environment_that_disagrees_with_the_arn_is_found(environment, arn, disagrees):
    findings = check_environment(environment, "identityProviderArn", arn)

    assert [finding.code for finding in findings] == ["environment_disagrees"] * disagrees
