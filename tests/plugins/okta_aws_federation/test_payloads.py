"""Okta's objects are read leniently: what is odd is found, and what is secret isn't kept."""

import pytest

from rolecall import Ref
from rolecall_okta_aws_federation.payloads import (
    AwsSettings,
    OktaAppSchema,
    ProfileRoles,
    RolesAttribute,
    RolesAttributeSchema,
    read_profile_roles,
    read_switch,
)

APP = {"id": "0oa1", "name": "amazon_aws", "label": "AWS", "status": "ACTIVE"}


def test_an_apps_aws_keys_are_not_kept():
    settings = {"app": {"joinAllRoles": True, "accessKey": "AK", "secretKey": "SK", "secretKeyEnc": "SE"}}

    app = OktaAppSchema().load({**APP, "settings": settings})

    assert app.settings == AwsSettings(join_all_roles=True)
    assert "SK" not in repr(app)
    assert "AK" not in repr(app)


@pytest.mark.parametrize("settings", [None, 7, [], {}, {"app": None}, {"app": [1]}, {"other": {}}])
def test_an_app_without_settings_has_none(settings):
    assert OktaAppSchema().load({**APP, "settings": settings}).settings == AwsSettings()


def schema_with(attribute, part="base"):
    return {"definitions": {part: {"properties": {"samlRoles": attribute}}}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(schema_with({"union": "ENABLE"}), RolesAttribute(True), id="combined"),
        pytest.param(schema_with({"union": "DISABLE"}), RolesAttribute(False), id="by priority"),
        pytest.param(schema_with({}), RolesAttribute(False), id="not said is by priority"),
        pytest.param(schema_with({"union": "ENABLE"}, "custom"), RolesAttribute(True), id="custom attribute"),
        pytest.param(
            schema_with(
                {"items": {"enum": ["A", 3, ""], "oneOf": [{"const": "A"}, {"const": "B"}, 5]}, "enum": ["C"]}
            ),
            RolesAttribute(False, ("C", "A", "B")),
            id="known roles",
        ),
        pytest.param({}, RolesAttribute(None), id="no definitions"),
        pytest.param(
            {"definitions": {"base": {"properties": None}}}, RolesAttribute(None), id="no properties"
        ),
        pytest.param({"definitions": [1]}, RolesAttribute(None), id="definitions of another type"),
    ],
)
def test_the_schema_says_whether_roles_are_combined(payload, expected):
    read = RolesAttributeSchema().load(payload)

    assert (read.union, read.values) == (expected.union, expected.values)
    assert (read.why_unknown is None) == (expected.union is not None)


@pytest.mark.parametrize(
    ("profile", "roles", "codes"),
    [
        pytest.param({"samlRoles": ["A", "B"]}, ProfileRoles(("A", "B")), [], id="roles"),
        pytest.param({"samlRoles": ["B", "A", "B"]}, ProfileRoles(("B", "A")), [], id="repeats count once"),
        pytest.param({"samlRoles": ["", "A"]}, ProfileRoles(("A",)), ["empty_role"], id="an empty role"),
        pytest.param({"samlRoles": None, "role": "D"}, ProfileRoles((), "D"), [], id="only a default"),
        pytest.param({"role": ""}, ProfileRoles(), [], id="an empty default is none"),
        pytest.param({}, ProfileRoles(), [], id="an empty profile"),
        pytest.param(None, ProfileRoles(), ["profile_missing"], id="no profile"),
        pytest.param({"samlRoles": "A"}, ProfileRoles(), ["saml_roles_malformed"], id="a text"),
        pytest.param({"samlRoles": {"A": 1}}, ProfileRoles(), ["saml_roles_malformed"], id="an object"),
        pytest.param({"samlRoles": 3}, ProfileRoles(), ["saml_roles_malformed"], id="a number"),
        pytest.param(
            {"samlRoles": ["A", 3]}, ProfileRoles(("A",)), ["saml_role_malformed"], id="a number among them"
        ),
        pytest.param({"role": ["A"]}, ProfileRoles(), ["default_role_malformed"], id="a list as default"),
        pytest.param(
            {"samlRoles": ["\ud800", "a:b"]}, ProfileRoles(("\ud800", "a:b")), [], id="hostile text is a name"
        ),
    ],
)
def test_a_profiles_roles_are_names_once_each_and_the_rest_is_found(profile, roles, codes):
    read = read_profile_roles(profile)
    findings = read.findings("ada", Ref("user", "00u1"))

    assert (read.saml, read.default) == (roles.saml, roles.default)
    assert [(finding.code, finding.subject) for finding in findings] == [
        (code, "user:00u1") for code in codes
    ]


@pytest.mark.parametrize(
    ("value", "on", "code"),
    [
        (True, True, None),
        (False, False, None),
        (None, False, "setting_missing"),
        ("TRUE", True, "setting_malformed"),
        ("no", False, "setting_malformed"),
        (1, False, "setting_malformed"),
    ],
)
def test_a_switch_is_on_only_where_it_says_true(value, on, code):
    read, findings = read_switch(value, "joinAllRoles")

    assert read is on
    assert [finding.code for finding in findings] == ([code] if code else [])
