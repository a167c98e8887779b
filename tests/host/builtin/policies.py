"""Plans and actions as policies see them."""

from datetime import timedelta
from pathlib import Path

from rolecall import Action, Actor, Effect, EntitlementRef, Plan, ProvisioningRequest, Ref
from rolecall.accounts import Account, Accounts
from rolecall.builtin.policy.schema import PolicySchema
from rolecall.config_schemas import load_table
from rolecall.plugin_tables import LoadedSettings

PROD, LAB, UNLISTED = "111111111111", "222222222222", "333333333333"
ACCOUNTS = Accounts(
    {
        PROD: Account(PROD, "prod-eu", tags={"env": "prod"}),
        LAB: Account(LAB, "lab", tags={"env": "dev"}),
    }
)
ADA = Ref("user", "00uada")


def role(account, name):
    return EntitlementRef(Ref("account", account), name)


def member(group):
    return EntitlementRef(Ref("group", group), "member")


def policy(**table):
    """Settings with this ``[policy]``."""
    problems = []
    loaded = load_table(PolicySchema(), table, "policy", problems)
    assert problems == []
    return LoadedSettings(Path(), {"policy": loaded}, accounts=ACCOUNTS)


def plan(entitlement, operation="grant", *, gains=(), loses=()):
    touched = Effect(Ref("user", "00ubob"), "bob@acme.example", tuple(gains), tuple(loses))
    return Plan(operation, entitlement, ADA, "ada@acme.example", effects=(touched,) if gains or loses else ())


def action(plan, *, connector="aws-prod", reason="", hours=None, assurance="operator_asserted", undo=()):
    return Action(
        connector,
        "okta_aws_federation",
        Actor("eve@acme.example", assurance),
        ProvisioningRequest(plan.operation, plan.entitlement, plan.principal, undo=undo),
        reason,
        None if hours is None else timedelta(hours=hours),
    )
