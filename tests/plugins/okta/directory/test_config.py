"""The settings of the kind ``okta``: all mistakes at once, by key."""

import marshmallow as ma
import pytest

from rolecall_okta.directory.config import SettingsSchema, profile_key

LEAST = {"domain": "acme.okta.example", "api_token": {"env": "OKTA_API_TOKEN"}}


def load(**more):
    return SettingsSchema().load({**LEAST, **more})


def test_the_least_that_is_needed_gives_the_defaults():
    settings = load()

    assert settings.rate_limit_share == 0.5
    assert settings.disabled_statuses == {"STAGED", "SUSPENDED", "DEPROVISIONED"}
    assert (settings.members, settings.admin_roles) == ("all", "auto")
    assert settings.scope.is_whole


@pytest.mark.parametrize(
    ("attribute", "key"),
    [
        ("employeeNumber", "employee_number"),
        ("department", "department"),
        ("managerId", "manager_id"),
        ("costCENTER", "cost_center"),
        ("HRCode", "hr_code"),
        ("my_field", "my_field"),
    ],
)
def test_attributes_become_keys_in_snake_case(attribute, key):
    assert profile_key(attribute) == key
    assert load(profile_fields=[attribute]).profile_fields == {attribute: key}


def test_every_mistake_is_named():
    with pytest.raises(ma.ValidationError) as wrong:
        SettingsSchema().load(
            {
                "domain": "ftp://acme",
                "rate_limit_share": 0.01,
                "concurrency": 200,
                "request_timeout": 0,
                "profile_fields": ["no blank"],
                "disabled_statuses": ["staged"],
                "group_name_prefixes": [""],
                "group_types": ["NATIVE"],
                "members": "some",
                "admin_roles": "yes",
                "aws_okta_app_id": "0oa1",
            }
        )

    assert set(wrong.value.messages) == {
        "domain",
        "api_token",
        "rate_limit_share",
        "concurrency",
        "request_timeout",
        "profile_fields",
        "disabled_statuses",
        "group_name_prefixes",
        "group_types",
        "members",
        "admin_roles",
        "aws_okta_app_id",
    }


@pytest.mark.parametrize("fields", [["login"], ["firstName"], ["costCenter", "cost_center"]])
def test_two_attributes_can_not_share_a_key(fields):
    with pytest.raises(ma.ValidationError, match="twice"):
        load(profile_fields=fields)


def test_the_token_is_never_shown():
    assert "OKTA_API_TOKEN" in repr(load()), "where it is may be shown"
    with pytest.raises(ma.ValidationError):
        load(api_token="00secret")
