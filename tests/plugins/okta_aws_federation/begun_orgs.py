"""An organisation of each mode, and what is known of one that a connector has read once."""

from dataclasses import dataclass

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.objects import App, Group, User
from tests.plugins.okta_aws_federation.replica import Replica, proven

ACCOUNT = "123456789012"


@dataclass
class Case:
    """An org that is served, and a connector that has read it once."""

    org: Organisation
    app: App
    people: list[User]
    groups: dict[str, Group]
    replica: Replica
    okta: object

    async def after(self, change):
        """Make a change, and prove that the next run sees it."""
        change(self)
        return await proven(self.replica)


def mapping_org(org):
    directory = org.add_directory()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta, active_directory")
    people = [org.add_user(f"person{number}@acme.example") for number in range(12)]
    groups = {
        "entry": org.add_group("AWS users", members=people[:7]),
        "admin": org.add_group(f"aws_{ACCOUNT}_Admin", members=people[:3]),
        "reader": org.add_group(f"aws_{ACCOUNT}_ReadOnly", members=people[2:9], source=directory),
        "other": org.add_group("friends", members=people[4:6]),
    }
    org.assign_group(app, groups["entry"], priority=0, saml_roles=[])
    for person in people[7:9]:
        org.assign_user(app, person, saml_roles=[])
    return app, people, groups


def single_org(org):
    app = org.add_aws_app(roles=["Known"])
    people = [org.add_user(f"person{number}@acme.example") for number in range(12)]
    groups = {
        "entry": org.add_group("admins", members=people[:5]),
        "admin": org.add_group("readers", members=people[3:9]),
        "other": org.add_group("friends", members=people[5:7]),
    }
    org.assign_group(app, groups["entry"], priority=0, saml_roles=["Admin"])
    org.assign_group(app, groups["admin"], priority=1, saml_roles=["ReadOnly", "Billing"])
    org.assign_user(app, people[10], saml_roles=["Own"])
    return app, people, groups
