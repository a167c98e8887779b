"""The settings that every connector to Okta has: one credential, and mistakes named at once."""

import marshmallow as ma
import pytest

from rolecall import ConfigError, ConnectorContext, Secret, SecretRef
from rolecall_okta import OrgSettings, OrgSettingsSchema, client_for
from rolecall_okta.directory.plugin import KIND
from tests.plugins.okta.conftest import Watcher
from tests.plugins.okta.service_app import RSA_KEY, pem

TOKEN = {"env": "OKTA_API_TOKEN"}
KEY = {"file": "key.pem"}


class Schema(OrgSettingsSchema):
    @ma.post_load
    def build(self, data, **_):
        return OrgSettings(**data)


def load(**credential):
    return Schema().load({"domain": "acme.okta.example", **credential})


def test_a_token_or_an_app_with_its_key_is_a_credential():
    assert load(api_token=TOKEN).api_token == SecretRef("env", "OKTA_API_TOKEN")
    app = load(client_id="0oa1", private_key=KEY, key_id="k-1", directory_writes=True)
    assert (app.client_id, app.private_key, app.key_id) == ("0oa1", SecretRef("file", "key.pem"), "k-1")
    assert app.directory_writes
    assert not load(client_id="0oa1", private_key=KEY).directory_writes


@pytest.mark.parametrize(
    ("credential", "wrong"),
    [
        pytest.param({}, {"api_token": ["missing; or give client_id and private_key"]}, id="none"),
        pytest.param({"client_id": "0oa1"}, {"private_key": ["missing; an app needs it"]}, id="no key"),
        pytest.param({"private_key": KEY}, {"client_id": ["missing; an app needs it"]}, id="no client id"),
        pytest.param(
            {"key_id": "k"},
            {name: ["missing; an app needs it"] for name in ("client_id", "private_key")},
            id="key id alone",
        ),
        pytest.param(
            {"api_token": TOKEN, "client_id": "0oa1", "private_key": KEY},
            {
                name: ["give either api_token, or client_id and private_key, not both"]
                for name in ("client_id", "private_key")
            },
            id="both",
        ),
    ],
)
def test_anything_else_is_named_by_what_is_missing_or_too_much(credential, wrong):
    with pytest.raises(ma.ValidationError) as caught:
        load(**credential)
    assert caught.value.messages == wrong


def test_a_token_that_is_given_wrongly_is_not_called_missing_too():
    with pytest.raises(ma.ValidationError) as caught:
        load(api_token="00secret")
    assert len(caught.value.messages["api_token"]) == 1
    assert "never written here" in caught.value.messages["api_token"][0]


@pytest.mark.parametrize("wrong", [{"client_id": "a b"}, {"key_id": "a b"}, {"directory_writes": "yes"}])
def test_values_that_can_not_be_are_named(wrong):
    with pytest.raises(ma.ValidationError) as caught:
        load(**{"client_id": "0oa1", "private_key": KEY, **wrong})
    assert set(caught.value.messages) == set(wrong)


def context(**secrets):
    return ConnectorContext(
        "okta-prod", "okta", None, {name: Secret(text) for name, text in secrets.items()}, Watcher()
    )


def test_client_signs_in_with_whichever_credential_is_given():
    okta = client_for(load(api_token=TOKEN), context(api_token="abc"))
    assert (okta.client_id, okta.scopes) == (None, None)

    app = load(client_id="0oa1", private_key=KEY, directory_writes=True)
    okta = client_for(app, context(private_key=pem(RSA_KEY)), reading=["r"], writing=["w"])
    assert okta.client_id == "0oa1"
    assert okta.scopes is not None
    assert okta.scopes.asked == {"r", "w", "okta.directories.groups.manage"}


def test_key_that_is_none_is_a_mistake_of_the_named_connector():
    with pytest.raises(ConfigError, match="okta-prod: private_key is neither PEM nor") as caught:
        client_for(load(client_id="0oa1", private_key=KEY), context(private_key="s3cr3t"))
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"


def test_kind_says_which_settings_are_its_credential():
    assert KIND.credential_settings == ("api_token", "client_id", "private_key", "key_id")
