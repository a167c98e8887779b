"""Rules of just-in-time access as values: which rule an entitlement falls under, and what the rule says.

The rule that a request was made under is kept with the request, whole, and decides from then on: a rule
that is edited later is for later requests.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from rolecall.accounts import Account, Accounts
from rolecall.ids import parse_ref
from rolecall.models import EntitlementRef, Ref

DEFAULT_LAPSE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Emergency:
    """How access is had before anybody approves.

    Attributes:
        eligible: Who may; membership is read live.
        approvers: Who reviews it afterwards.
    """

    eligible: tuple[Ref, ...]
    max_duration: timedelta
    approvers: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; what isn't given narrows nothing.

    Attributes:
        connector: Name of the only connector that it is for, or None.
        tags: Tags that the account must have, each with the values that do.
        accounts: Ids and names of the only accounts that it is for; empty: any.
        roles: Glob of the role; empty: any.
        entitlement: Glob of the entitlement's text id; empty: any.
        eligible: Groups whose members may ask, and people who may.
        approvers: Groups whose members may approve, and people who may.
        approvals: How many of them must.
        max_duration: For how long at most.
        ticket: Whether a ticket must be named.
        handoff: Whether access that ends may rest on a person outside, who must also take it away.
        lapse: For how long a request waits.
        emergency: None where there is no such way.
        auto_approve: Granted to whoever is eligible, without anybody's approval.
    """

    name: str
    eligible: tuple[Ref, ...]
    max_duration: timedelta
    connector: str | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    roles: str = ""
    entitlement: str = ""
    approvers: tuple[Ref, ...] = ()
    approvals: int = 1
    ticket: bool = False
    handoff: bool = False
    lapse: timedelta = DEFAULT_LAPSE
    emergency: Emergency | None = None
    auto_approve: bool = False


def first_match(
    rules: Sequence[Rule], connector: str, entitlement: EntitlementRef, *, is_target: bool, accounts: Accounts
) -> Rule | None:
    """The rule that an entitlement falls under: the first that admits it, or None.

    Args:
        rules: In the configuration's order.
        connector: The connector's name.
        entitlement: What is asked for.
        is_target: Whether it is a role on an account, rather than a membership or an assignment.
        accounts: What is known of accounts.
    """
    return next((each for each in rules if _admits(each, connector, entitlement, is_target, accounts)), None)


def digest(rule: Rule) -> str:
    """What tells this rule from every other: hex SHA-256 of all that it says."""
    text = json.dumps(rule_object(rule), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_terms(rule: Rule, *, emergency: bool) -> Rule:
    """The rule, with the terms of its emergency way where that is taken: nobody approves, others review.

    Raises:
        ValueError: It has no such way.
    """
    if not emergency:
        return rule
    terms = rule.emergency
    if terms is None:
        raise ValueError(f"rule {rule.name} has no emergency terms")
    return replace(rule, eligible=terms.eligible, approvers=terms.approvers, max_duration=terms.max_duration)


def rule_object(rule: Rule) -> dict[str, object]:
    """The rule as JSON: what is kept with a request; ``rule_from`` reads it back."""
    return {
        "name": rule.name,
        "connector": rule.connector,
        "tags": {tag: list(values) for tag, values in rule.tags.items()},
        "accounts": list(rule.accounts),
        "roles": rule.roles,
        "entitlement": rule.entitlement,
        "eligible": [str(ref) for ref in rule.eligible],
        "approvers": [str(ref) for ref in rule.approvers],
        "approvals": rule.approvals,
        "max_duration": _seconds(rule.max_duration),
        "ticket": rule.ticket,
        "handoff": rule.handoff,
        "lapse": _seconds(rule.lapse),
        "emergency": None
        if rule.emergency is None
        else {
            "eligible": [str(ref) for ref in rule.emergency.eligible],
            "max_duration": _seconds(rule.emergency.max_duration),
            "approvers": [str(ref) for ref in rule.emergency.approvers],
        },
        "auto_approve": rule.auto_approve,
    }


def rule_from(kept: Mapping[str, Any]) -> Rule:
    """The rule that ``rule_object`` wrote."""
    terms = kept["emergency"]
    return Rule(
        kept["name"],
        _refs(kept["eligible"]),
        timedelta(seconds=kept["max_duration"]),
        kept["connector"],
        {tag: tuple(values) for tag, values in kept["tags"].items()},
        tuple(kept["accounts"]),
        kept["roles"],
        kept["entitlement"],
        _refs(kept["approvers"]),
        kept["approvals"],
        kept["ticket"],
        kept["handoff"],
        timedelta(seconds=kept["lapse"]),
        None
        if terms is None
        else Emergency(
            _refs(terms["eligible"]), timedelta(seconds=terms["max_duration"]), _refs(terms["approvers"])
        ),
        kept["auto_approve"],
    )


def _admits(
    rule: Rule, connector: str, entitlement: EntitlementRef, is_target: bool, accounts: Accounts
) -> bool:
    if rule.connector not in (None, connector):
        return False
    if rule.entitlement and not fnmatchcase(str(entitlement), rule.entitlement):
        return False
    if not (rule.roles or rule.tags or rule.accounts):
        return True
    # These speak of accounts and roles: a group's "member" is none, whatever the glob says.
    if not is_target or (rule.roles and not fnmatchcase(entitlement.slug, rule.roles)):
        return False
    account_id = entitlement.resource.id
    account = accounts.by_id.get(account_id, Account(account_id, ""))
    if rule.accounts and account.id not in rule.accounts and account.name not in rule.accounts:
        return False
    return all(account.tags.get(tag) in values for tag, values in rule.tags.items())


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _refs(texts: Sequence[str]) -> tuple[Ref, ...]:
    return tuple(parse_ref(text) for text in texts)
