"""A live org to record, where the environment names one, and where its recording is kept."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rolecall.testing import CassettePolicy
from rolecall_okta import normalise_domain
from rolecall_okta.domain import console_of
from tests.plugins.okta.conversations import OKTA_HEADERS, PUBLIC_HOSTS, RECORDED_AS

CASSETTES = Path(__file__).parents[4] / "cassettes" / "okta_aws_federation"
VARIABLES = ("ROLECALL_RECORD_DOMAIN", "ROLECALL_RECORD_APP", "ROLECALL_RECORD_TOKEN")
TO_WRITE_ON = ("ROLECALL_RECORD_PERSON", "ROLECALL_RECORD_GROUP")
"""Ids of a person and of a native group that are there for it alone: what is given to them is taken again."""
SETTINGS_THAT_DECIDE = {
    "appFilter",
    "groupFilter",
    "useGroupMapping",
    "joinAllRoles",
    "identityProviderArn",
    "roleValuePattern",
    "awsEnvironmentType",
    "sessionDuration",
}
KEPT_FIELDS = {
    "profile": frozenset({"name", "samlRoles", "role"}),
    "credentials": frozenset(),
    "app": frozenset(
        {"id", "name", "signOnMode"} | SETTINGS_THAT_DECIDE
    ),  # a group's source, or settings.app
}


@dataclass(frozen=True)
class LiveOrg:
    domain: str
    app_id: str
    token: str = field(repr=False)
    person: str = ""
    group: str = ""

    def policy(self):
        """Keeps of people only their ids; of groups their names, which say what roles they give."""
        domain = normalise_domain(self.domain)
        recorded = RECORDED_AS.partition("://")[2]
        return CassettePolicy(
            domain.url,
            RECORDED_AS,
            headers=OKTA_HEADERS,
            aliases={console_of(domain.netloc): console_of(recorded)},
            public_hosts=PUBLIC_HOSTS,
            kept_fields=KEPT_FIELDS,
            hidden_fields=frozenset({"label"}),  # a directory's is its domain
            key=self.token.encode(),
        )


def org():
    """The org that the environment names; all three variables, or none. Those to write on may be left out."""
    given, to_write_on = ([os.environ.get(name, "") for name in names] for names in (VARIABLES, TO_WRITE_ON))
    if any((*given, *to_write_on)) and not all(given):
        raise pytest.UsageError(f"to record a live org, set all of {', '.join(VARIABLES)}")
    if any(to_write_on) and not all(to_write_on):
        raise pytest.UsageError(f"to record writes in a live org, set both of {', '.join(TO_WRITE_ON)}")
    return LiveOrg(*given, *to_write_on) if all(given) else None


def folder():
    return Path(os.environ.get("ROLECALL_RECORD_INTO") or CASSETTES / "live")


def is_recorded(test="*"):
    return any(folder().glob(f"{test}.yaml"))


def recorded():
    """The org as the cassettes name it."""
    said = [json.loads(path.read_text(encoding="ascii")) for path in folder().glob("*.expected.json")]
    ids = {name: each[name] for each in said for name in ("app", "person", "group") if name in each}
    return LiveOrg(RECORDED_AS, ids.pop("app"), "a-replayers-token", **ids)
