"""Acme: its configuration of Rolecall, and what happens there while the tour is played."""

import time
from collections.abc import Mapping
from pathlib import Path

from rolecall_okta.simulator import Organisation, outside

READ_TOKEN, WRITE_TOKEN = "OKTA_API_TOKEN", "OKTA_WRITE_TOKEN"
TOKENS = {
    "reader": "read_only",
    "writer": "read_only_app_group",
    "custom-reader": "custom_read_only",
    "super": "super",
}
"""The simulator's own, of no use elsewhere: each with what it may do."""

CONFIGURATION = """\
[plugins]
allow = ["rolecall-okta", "rolecall-okta-aws-federation"]

[accounts]
file = "accounts.csv"

[connectors.okta]
kind = "okta"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}

[connectors.aws]
kind = "okta_aws_federation"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}
aws_okta_app_id = "{mapping_app}"
identity_source = "okta"
owners = ["ada.lovelace@acme.example"]
provisioning = "on"
write_credential = {{ api_token = {{ env = "OKTA_WRITE_TOKEN" }} }}

[connectors.aws-data]
kind = "okta_aws_federation"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}
aws_okta_app_id = "{single_app}"
provisioning = "on"
write_credential = {{ api_token = {{ env = "OKTA_WRITE_TOKEN" }} }}

[[requests.rules]]
name = "sandbox"
connector = "aws"
accounts = {{ env = "dev" }}
eligible = "group:{engineering}"
approvers = "group:{on_call}"
max_duration = "8h"
"""
GRACE = "grace.hopper@acme.example"
ACCOUNTS = """\
account_id,name,owner,tags
210987654321,production,ada.lovelace@acme.example,env=prod
123456789012,staging,grace.hopper@acme.example,env=staging
012345678901,sandbox,,env=dev
345678901234,data-platform,ada.lovelace@acme.example,env=prod
"""


def names(org: Organisation) -> Mapping[str, str]:
    """Ids, by the names that the configuration and the tour's commands use."""
    apps = {app.label: app.id for app in org.apps}
    groups = {group.name: group.id for group in org.groups}
    return {
        "mapping_app": apps["AWS Account Federation"],
        "single_app": apps["AWS Data Platform"],
        "engineering": groups["Engineering"],
        "on_call": groups["On call"],
    }


def write_workspace(folder: Path, org: Organisation, domain: str) -> None:
    """Write the configuration, for an org that is served at ``domain``."""
    text = CONFIGURATION.format(domain=domain, **names(org))
    (folder / "rolecall.toml").write_text(text, encoding="utf-8")
    (folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")


def people_are_imported(org: Organisation) -> None:
    """Active Directory knows the people who are in its groups."""
    for app in org.apps:
        if app.name == "active_directory":
            org.import_people(app)


def nothing_happens(_: Organisation) -> None:
    """The usual case."""


def grace_leaves(org: Organisation) -> None:
    """Somebody takes Grace out of a group in Okta."""
    outside(org, {"do": "remove_member", "group": "aws_210987654321_ReadOnly", "user": GRACE})


def grace_is_added_in_the_directory(org: Organisation) -> None:
    """Somebody puts Grace into a group in Active Directory, and Okta imports it."""
    outside(org, {"do": "directory_add", "group": "aws_210987654321_Admin", "user": GRACE})
    org.run_import()


def time_passes(_: Organisation) -> None:
    """The few seconds of the shortest grant."""
    time.sleep(3)
