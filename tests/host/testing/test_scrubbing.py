"""What a recording loses: addresses, people, hosts; and what it keeps as it is."""

import json

import pytest

from rolecall.testing import leaks_in
from rolecall.testing.scrubbing import Scrubber

ORIGIN = "https://globex.okta.test"


@pytest.fixture
def scrubber():
    return Scrubber(
        ORIGIN,
        "https://acme.okta.example",
        aliases={"globex-admin.okta.test": "acme-admin.okta.example"},
        public_hosts=frozenset({"json-schema.org"}),
        kept_fields={"profile": frozenset({"name", "roles"})},
        key=b"whoever records",
    )


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        pytest.param(f"{ORIGIN}/api/v1/apps", "https://acme.okta.example/api/v1/apps", id="URI"),
        pytest.param(
            f'<{ORIGIN}/api?after=x>; rel="next"',
            '<https://acme.okta.example/api?after=x>; rel="next"',
            id="link",
        ),
        pytest.param(
            r"https:\/\/globex.okta.test\/x", r"https:\/\/acme.okta.example\/x", id="escaped slashes"
        ),
        pytest.param(
            "to=https%3A%2F%2Fglobex.okta.test%2F", "to=https%3A%2F%2Facme.okta.example%2F", id="in a query"
        ),
        pytest.param("the org GLOBEX.okta.test.", "the org acme.okta.example.", id="bare host"),
        pytest.param("https://globex-admin.okta.test/x", "https://acme-admin.okta.example/x", id="alias"),
        pytest.param(
            "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-04/schema#", id="public"
        ),
        pytest.param("https://evil.example/x", "https://evil.example/x", id="example host"),
        pytest.param(
            "ada@acme.example, eve@acme.example.", "ada@acme.example, eve@acme.example.", id="our mails"
        ),
        pytest.param("arn:aws:iam::1:role/a@b", "arn:aws:iam::1:role/a@b", id="no mail address"),
    ],
)
def test_the_providers_address_is_rewritten_everywhere_and_the_rest_stays(scrubber, text, scrubbed):
    assert scrubber.text(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hank.scorpio@globex.test", id="mail"),
        pytest.param("/api/v1/users/hank%40globex.test/groups", id="mail in a URI"),
        pytest.param("Hank <hank@acme.example.globex.test>", id="mail that begins like ours"),
        pytest.param("https://globex.test/hank", id="another host"),
        pytest.param("https://globex.okta.test.globex.test/", id="host that begins like the provider's"),
        pytest.param("http://127.0.0.1:4000/globex.test", id="port"),
    ],
)
def test_people_and_foreign_hosts_become_stand_ins(scrubber, text):
    scrubbed = scrubber.text(text)

    assert "globex.test" not in scrubbed.replace("/globex.test", "")
    assert "127.0.0.1" not in scrubbed
    assert ".example" in scrubbed
    assert scrubber.text(scrubbed) == scrubbed, "scrubbing twice changes nothing"


def test_one_person_has_one_stand_in_wherever_they_appear(scrubber):
    body = json.loads(
        scrubber.body(b'{"login": "Hank@globex.test", "mails": ["hank@globex.test", "other@globex.test"]}')
    )

    assert body["login"] == body["mails"][0] != body["mails"][1]


def test_stand_ins_cannot_be_traced_by_guessing_without_the_key():
    guessed = [
        Scrubber(ORIGIN, ORIGIN, key=key).text("hank@globex.test") for key in (b"", b"one", b"another")
    ]

    assert len(set(guessed)) == 3


def test_a_profile_keeps_only_the_fields_that_are_named(scrubber):
    given = {
        "id": "00u1",
        "profile": {
            "name": "Admins",
            "roles": ["A"],
            "nick": "Hank",
            "age": 41,
            "boss": {"n": ["x"]},
            "on": True,
            "no": None,
        },
    }

    profile = json.loads(scrubber.body(json.dumps([given]).encode()))[0]["profile"]

    assert (profile["name"], profile["roles"], profile["on"], profile["no"]) == ("Admins", ["A"], True, None)
    assert profile["age"] == 0
    assert profile["nick"].startswith("text-")
    assert profile["boss"]["n"][0].startswith("text-")


def test_a_hidden_field_is_replaced_wherever_it_is():
    scrubber = Scrubber(ORIGIN, ORIGIN, hidden_fields=frozenset({"label"}))
    given = {"label": "corp.globex.test", "deep": [{"label": {"text": "Globex"}, "name": "kept"}]}

    body = scrubber.body(json.dumps(given).encode())

    assert b"lobex.test" not in body
    assert b"Globex" not in body
    assert json.loads(body)["deep"][0]["name"] == "kept"
    assert scrubber.body(body) == body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'[{"id": "00u', id="truncated"),
        pytest.param(b"<html>globex.okta.test \xff</html>", id="html that isn't UTF-8"),
        pytest.param(b"\x00\xff", id="bytes"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
    ],
)
def test_a_body_that_is_no_json_stays_as_it_is_but_for_addresses(scrubber, body):
    assert scrubber.body(body) == body.replace(b"globex.okta.test", b"acme.okta.example")


def test_json_keeps_its_value_through_the_layout(scrubber):
    value = {
        "long": ["x" * 60, "y" * 60, {"deep": [1, 2.5, None, True, {}, []]}],
        "odd": "\x00\ud800\u202e\x1b[31m ü",
    }

    body = scrubber.body(json.dumps(value).encode())

    assert json.loads(body) == value
    assert body.isascii()
    assert body.count(b"\n") > 3


def test_the_key_is_in_no_repr(scrubber):
    assert "whoever" not in repr(scrubber)


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwb2ExIn0.c2lnbmF0dXJl-_"


@pytest.mark.parametrize(
    ("body", "scrubbed"),
    [
        pytest.param(
            f"grant_type=client_credentials&scope=a+b&client_assertion={JWT}".encode(),
            b"grant_type=client_credentials&scope=a+b&client_assertion=scrubbed",
            id="assertion in a form",
        ),
        pytest.param(
            b"client_assertion=opaque%2Bkey&scope=a", b"client_assertion=scrubbed&scope=a", id="opaque, first"
        ),
        pytest.param(
            b'{"token_type": "DPoP", "expires_in": 3600, "access_token": "opaque", "scope": "a"}',
            b'{"token_type": "DPoP", "expires_in": 3600, "access_token": "scrubbed", "scope": "a"}',
            id="token in JSON",
        ),
        pytest.param(
            json.dumps({"error": f"bad proof {JWT}"}).encode(),
            b'{"error": "bad proof scrubbed"}',
            id="quoted",
        ),
        pytest.param(b'{"client_id": "0oa1", "id": "x"}', b'{"client_id": "0oa1", "id": "x"}', id="an id"),
    ],
)
def test_tokens_assertions_and_proofs_go_and_two_exchanges_look_the_same(scrubber, body, scrubbed):
    assert scrubber.body(body) == scrubbed
    assert scrubber.body(scrubbed) == scrubbed
    assert leaks_in(scrubbed.decode()) == []


@pytest.mark.parametrize(
    "text", [f"client_assertion={JWT}", "client_assertion=opaque", '"access_token": "opaque"', f"DPoP {JWT}"]
)
def test_token_that_was_left_in_is_found(text):
    assert leaks_in(text)


def test_a_sentence_about_proofs_is_no_token():
    assert leaks_in("Authorization server requires nonce in DPoP proof.") == []
