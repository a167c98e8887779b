"""Reading commands: the keys of the contract, filters, and who has what."""

import csv
import io

import jsonschema
import pytest

SECOND = """
[connectors.lab-two]
kind = "lab"
site = "lab.acme.example"
token = { env = "LAB_TOKEN" }
"""


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("resources", ["connector", "type", "id", "display_name", "parent", "status", "profile"]),
        (
            "entitlements",
            ["connector", "id", "resource_type", "resource_id", "slug", "display_name", "grantable_to"],
        ),
        (
            "grants",
            [
                "connector",
                "id",
                "entitlement_id",
                "principal_type",
                "principal_id",
                "expandable",
                "condition",
                "sources",
            ],
        ),
        ("findings", ["connector", "code", "severity", "message", "subject"]),
        (
            "access",
            [
                "connector",
                "user_id",
                "login",
                "display_name",
                "user_status",
                "can_sign_in",
                "account_id",
                "account_name",
                "role",
                "role_arn",
                "since",
                "expires_at",
                "via",
            ],
        ),
    ],
)
def test_rows_have_the_keys_of_the_contract_in_json_and_csv(synced, rolecall, command, keys):
    rows = rolecall(command, "-o", "json").json
    header, *lines = csv.reader(io.StringIO(rolecall(command, "-o", "csv").out.decode(), newline=""))

    assert rows
    assert all(list(row) == keys for row in rows)
    assert header == keys
    assert len(lines) == len(rows)
    assert rolecall(command, "-o", "jsonl").lines == rows


def test_a_type_narrows_the_list(synced, rolecall):
    rows = rolecall("resources", "--type", "group", "-o", "json").json

    assert [row["id"] for row in rows] == ["g1"]


def test_access_has_names_paths_and_faithful_strings(synced, rolecall):
    ada, eve = rolecall("access", "-o", "json").json

    assert (ada["login"], ada["account_name"], ada["can_sign_in"]) == ("ada@acme.example", "prod", True)
    assert ada["via"] == [{"kind": "group", "group_id": "g1", "group_name": "Admins"}]
    assert eve["via"] == [{"kind": "direct"}]
    assert eve["display_name"] == "=cmd|'\x1b[31m\u202eevil\u200b\ud800\x00"


@pytest.mark.parametrize(
    ("filters", "users"),
    [
        pytest.param(["--account", "prod"], ["u1", "u2"], id="account by name"),
        pytest.param(["--account", "123456789012"], ["u1", "u2"], id="account by id"),
        pytest.param(["--account", "999999999999"], [], id="another account"),
        pytest.param(["--user", "ada@acme.example"], ["u1"], id="person"),
        pytest.param(["--role", "Admin", "--can-sign-in"], ["u1"], id="people who can sign in"),
        pytest.param(["--connector", "lab-one", "--at", "1"], ["u1", "u2"], id="run"),
        pytest.param(["--at", "2999-01-01T00:00:00Z"], ["u1", "u2"], id="time"),
    ],
)
def test_access_is_narrowed(synced, rolecall, filters, users):
    rows = rolecall("access", *filters, "-o", "json").json

    assert [row["user_id"] for row in rows] == users


def test_people_see_no_control_character_of_a_name(synced, rolecall):
    shown = rolecall("access", "-o", "table").out + rolecall("access", "-o", "csv").out

    assert b"\x1b" not in shown
    assert "\u202e" not in shown.decode()
    assert b"direct" in shown


def test_a_connector_never_synced_is_an_error_only_when_asked_for(synced, rolecall):
    config = synced / "rolecall.toml"
    config.write_text(SECOND + config.read_text())

    everything = rolecall("access", "-o", "json")
    asked = rolecall("access", "--connector", "lab-two", "-o", "json")

    assert {row["connector"] for row in everything.json} == {"lab-one"}
    assert b"lab-two has no published run yet" in everything.err
    assert asked.code == 1
    assert asked.error["hint"] == "run: rolecall sync lab-two"


def test_explain_answers_in_json(synced, rolecall):
    answer = rolecall("explain", "ADA@acme.example", "prod/Admin", "-o", "json").json

    assert {key: answer[key] for key in ("user_id", "login", "has_access", "can_sign_in", "role_arn")} == {
        "user_id": "u1",
        "login": "ada@acme.example",
        "has_access": True,
        "can_sign_in": True,
        "role_arn": "arn:aws:iam::123456789012:role/Admin",
    }
    assert answer["via"] == [{"kind": "group", "group_id": "g1", "group_name": "Admins"}]
    assert answer["paths"][0]["principal_id"] == "g1"
    assert answer["settings"] == {"union": True}
    assert answer["changes"] == ["Leave Admins."]


def test_explain_answers_no_with_exit_code_0(synced, rolecall):
    result = rolecall("explain", "u3", "123456789012/Admin", "-o", "table")

    assert result.code == 0
    assert "Ben (ACTIVE) does not have Admin on account prod (123456789012)." in result.out.decode()
    assert b"group Admins (g1), not a member: does not count" in result.out
    assert b"\x1b" not in result.out


def test_explain_takes_a_role_with_a_slash(synced, rolecall):
    answer = rolecall("explain", "u1", "prod/team/Admin", "-o", "json").json

    assert (answer["role"], answer["has_access"]) == ("team/Admin", False)


def test_explain_names_a_person_it_does_not_know(synced, rolecall):
    result = rolecall("explain", "nobody", "prod/Admin", "-o", "json")

    assert result.code == 2
    assert "nobody" in result.error["message"]


def test_explain_asks_which_connector_when_several_know(synced, rolecall):
    config = synced / "rolecall.toml"
    config.write_text(SECOND + config.read_text())
    rolecall("sync", "lab-two")

    unclear = rolecall("explain", "u1", "prod/Admin", "-o", "json")
    answer = rolecall("explain", "u1", "prod/Admin", "--connector", "lab-two", "-o", "json").json

    assert unclear.code == 2
    assert unclear.error["hint"] == "name one with --connector"
    assert answer["connector"] == "lab-two"


def test_show_has_the_settings_and_never_a_secret(workspace, rolecall):
    result = rolecall("connectors", "show", "lab-one", "-o", "json")

    assert result.json["settings"] == {"site": "lab.acme.example"}
    assert result.json["secrets"] == {"token": {"env": "LAB_TOKEN"}}
    assert b"lab-secret" not in result.out + rolecall("connectors", "show", "lab-one", "-o", "table").out


def test_plugins_are_listed_with_distribution_kinds_and_hooks(workspace, rolecall):
    rows = {row["name"]: row for row in rolecall("plugins", "list", "-o", "json").json}

    assert rows["acme_lab"]["distribution"] == "acme-lab"
    assert rows["acme_lab"]["kinds"] == ["lab"]
    assert rows["acme_lab"]["state"] == "ok"
    assert "rolecall_open" in rows["acme_lab"]["hooks"]


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        pytest.param({}, True, id="as it should be"),
        pytest.param({"retries": 10}, False, id="out of range"),
        pytest.param({"mood": "odd"}, False, id="not a choice"),
        pytest.param({"site": "X!"}, False, id="pattern"),
        pytest.param({"token": "plain"}, False, id="secret in the file"),
        pytest.param({"token": {"env": "A", "file": "b"}}, False, id="two places"),
        pytest.param({"other": 1}, False, id="unknown key"),
        pytest.param({"provisioning": "on", "owners": ["a"], "tags": ["x"]}, True, id="host keys"),
        pytest.param({"kind": "okta"}, False, id="other kind"),
    ],
)
def test_the_schema_of_a_kind_judges_as_the_configuration_does(workspace, rolecall, change, fits):
    schema = rolecall("plugins", "schema", "lab").json
    table = {"kind": "lab", "site": "lab.acme.example", "token": {"env": "LAB_TOKEN"}} | change

    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(table) is fits
    assert schema["properties"]["site"]["description"] == "Host of the lab."
    assert schema["properties"]["retries"]["default"] == 3


@pytest.mark.parametrize(
    ("table", "fits"),
    [
        pytest.param(
            {"require_reason": True, "max_duration": [{"roles": "*", "longest": "8h"}]}, True, id="right"
        ),
        pytest.param({"protected": [{"groups": "group:00g1"}]}, False, id="no list of groups"),
        pytest.param({"max_duration": [{"roles": "*"}]}, False, id="no duration"),
        pytest.param({"requires": True}, False, id="unknown key"),
    ],
)
def test_the_schema_of_a_plugins_table_judges_as_the_configuration_does(workspace, rolecall, table, fits):
    schema = rolecall("plugins", "schema", "policy").json

    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(table) is fits


def test_the_schema_of_tables_by_name_is_that_of_each(workspace, rolecall):
    schema = rolecall("plugins", "schema", "webhooks").json
    hook = {"url": "https://desk.acme.example/", "secret": {"env": "X"}}

    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid({"desk": hook})
    assert not jsonschema.Draft202012Validator(schema).is_valid({"desk": hook | {"kinds": ["grated"]}})
