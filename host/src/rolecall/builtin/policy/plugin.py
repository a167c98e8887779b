"""Policies from the configuration: what is protected, how long access may last, and what must be said.

A plan is judged by what it does to people, not only by what was named: a group membership that gives a
protected role is vetoed like the role. What Rolecall gave for a time is always taken back.
"""

from collections.abc import Mapping

import marshmallow as ma

from rolecall import Action, Plan, PluginSettings, Refused, hookimpl
from rolecall.builtin.policy.rules import Policy, vetoes
from rolecall.builtin.policy.schema import PolicySchema

TABLE = "policy"


@hookimpl
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:
    """The table ``[policy]``."""
    return {TABLE: PolicySchema}


@hookimpl
def rolecall_before_provisioning(action: Action, plan: Plan, settings: PluginSettings) -> None:
    """Refuse what the policy forbids."""
    policy: Policy | None = settings.table(TABLE)
    if policy is None:
        return
    found = list(vetoes(policy, action, plan, settings.account))
    if found:
        raise Refused(
            " ".join(veto.message for veto in found),
            hint="; ".join(dict.fromkeys(veto.hint for veto in found)),
            code=found[0].code,
            facts={"vetoes": [{"code": veto.code, "message": veto.message} for veto in found]},
        )
