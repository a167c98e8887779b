"""A live org to record, where the environment names one, and where its recording is kept."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rolecall.testing import CassettePolicy
from rolecall_okta import normalise_domain
from rolecall_okta.domain import console_of
from tests.plugins.okta_aws_federation.recorded.conversation import OKTA_HEADERS, PUBLIC_HOSTS, RECORDED_AS

CASSETTES = Path(__file__).parents[4] / "cassettes" / "okta_aws_federation"
VARIABLES = ("ROLECALL_RECORD_DOMAIN", "ROLECALL_RECORD_APP", "ROLECALL_RECORD_TOKEN")
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
            key=self.token.encode(),
        )


def org():
    """The org that the environment names; all three variables, or none."""
    given = [os.environ.get(name, "") for name in VARIABLES]
    if any(given) and not all(given):
        raise pytest.UsageError(f"to record a live org, set all of {', '.join(VARIABLES)}")
    return LiveOrg(*given) if all(given) else None


def folder():
    return Path(os.environ.get("ROLECALL_RECORD_INTO") or CASSETTES / "live")


def is_recorded():
    return any(folder().glob("*.yaml"))


def recorded_app():
    """Id of the app that was recorded."""
    said = next(folder().glob("*.expected.json")).read_text(encoding="ascii")
    return json.loads(said)["app"]
