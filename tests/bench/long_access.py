"""A published run with a million effective rows, laid into a workspace through the store's own door."""

from pathlib import Path

from rolecall import MEMBER, Entitlement, EntitlementRef, Grant, Ref, Resource, ResourceType, Trait
from rolecall.store.engine import open_store
from rolecall.store.publish import publish
from rolecall.store.reports import RunReport
from rolecall.store.runs import start_run
from rolecall.store.staging import open_staging

PEOPLE, GROUPS_EACH, GROUPS = 20_000, 50, 2_000
LENGTH = PEOPLE * GROUPS_EACH
USER = ResourceType("user", "User", Trait.USER)
GROUP = ResourceType("group", "Group", Trait.GROUP)
ACCOUNT = ResourceType("account", "Account", Trait.TARGET)


def publish_long_access(folder: Path) -> None:
    """Every person in fifty groups, each group with a role of its own in one of 200 accounts."""
    people = [Ref("user", f"00u{number:017}") for number in range(PEOPLE)]
    groups = [Ref("group", f"00g{number:017}") for number in range(GROUPS)]
    accounts = [Ref("account", f"{number:012}") for number in range(200)]
    members = [EntitlementRef(group, MEMBER) for group in groups]
    roles = [EntitlementRef(accounts[number % 200], f"Role{number}") for number in range(GROUPS)]
    (folder / "rolecall.toml").write_text(
        '[connectors.aws]\nkind = "okta_aws_federation"\ndomain = "acme.okta.example"\n'
        'api_token = { env = "OKTA_API_TOKEN" }\naws_okta_app_id = "0oa1"\n',
        encoding="utf-8",
    )
    with open_store("sqlite:///rolecall.db", folder) as store:
        run = start_run(store, "aws", "okta_aws_federation", "full")
        with open_staging(store, run, "aws", [USER, GROUP, ACCOUNT]) as staging:
            staging.add_resources(USER, [Resource(ref, ref.id, profile={"login": ref.id}) for ref in people])
            staging.add_resources(GROUP, [Resource(ref, ref.id) for ref in groups])
            staging.add_resources(ACCOUNT, [Resource(ref, ref.id) for ref in accounts])
            staging.add_entitlements(GROUP, [Entitlement(ref, MEMBER) for ref in members])
            staging.add_entitlements(ACCOUNT, [Entitlement(ref, ref.slug) for ref in roles])
            held_by_groups = zip(roles, groups, strict=True)
            staging.add_grants(
                ACCOUNT, [Grant(role, group, expandable=True) for role, group in held_by_groups]
            )
            for number, person in enumerate(people):
                held = ((number * 7 + step * 37) % GROUPS for step in range(GROUPS_EACH))
                staging.add_grants(GROUP, [Grant(members[index], person) for index in held])
            publish(staging, run, RunReport(0, (), (), None, {}))
