"""The connector's settings: every mistake is named at once."""

import marshmallow as ma
import pytest

from rolecall import SecretRef
from rolecall_okta_aws_federation.config import SettingsSchema

GOOD = {
    "domain": "acme.okta.example",
    "api_token": {"env": "OKTA_API_TOKEN"},
    "aws_okta_app_id": "0oa1b2c3d4",
}


def test_settings_have_safe_defaults():
    settings = SettingsSchema().load(GOOD)

    assert str(settings.domain) == "acme.okta.example"
    assert settings.api_token == SecretRef("env", "OKTA_API_TOKEN")
    assert settings.allow_group_to_direct_assignment_conversion is False


def test_every_mistake_is_named():
    wrong = {
        "domain": "http://acme.okta.example",
        "api_token": "not-a-reference",
        "aws_okta_app_id": "0oa1/../users",
        "allow_group_to_direct_assignment_conversion": "yes",
        "request_timeout": 0,
        "concurrency": 76,
        "aws_okta_appid": "0oa1",
    }

    with pytest.raises(ma.ValidationError) as caught:
        SettingsSchema().load(wrong)

    assert set(caught.value.messages) == set(wrong)


def test_what_must_be_given_is_named():
    with pytest.raises(ma.ValidationError) as caught:
        SettingsSchema().load({})

    assert set(caught.value.messages) == set(GOOD)
