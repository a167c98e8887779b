"""Group rules: those that fill a group, and what they make of somebody who is taken out of it.

Okta puts a person who is taken out by hand on the rule's list of exclusions, which has 100 places
(support.okta.com, "group rule exclusions"); a rule without a free one gives the membership back. Nothing in
Okta says whether a member is there by a rule or by hand.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rolecall_okta.answers import unless_refused
from rolecall_okta.client import OktaClient
from rolecall_okta.rows import GroupRow, GroupRuleRow
from rolecall_okta.text import shown

EXCLUSIONS = 100
_QUOTED = re.compile(r'"([^"]*)"|\'([^\']*)\'')

Rules: TypeAlias = tuple[GroupRuleRow, ...]


async def read_rules(okta: OktaClient) -> Rules | None:
    """The active rules; None where the credential may not read them."""
    return await unless_refused(_active_rules(okta))


def filling(rules: Rules | None, group_id: str) -> Rules | None:
    """Those that put people into a group."""
    return None if rules is None else tuple(rule for rule in rules if group_id in rule.group_ids)


def looking_at(rules: Rules | None, group: GroupRow) -> Rules:
    """Those that go by who is in a group, as far as their expressions show it.

    Args:
        rules: The active rules; None where they can't be read.
        group: The group.
    """
    return tuple(rule for rule in rules or () if _mentions(rule.expression or "", group))


def giving_back(rules: Iterable[GroupRuleRow], user_id: str) -> Rules:
    """Those that would give back what is taken from a person by hand."""
    return tuple(
        rule
        for rule in rules
        if user_id not in rule.excluded_users and len(rule.excluded_users) >= EXCLUSIONS
    )


def exclusion_warnings(rules: Rules | None, user_id: str) -> tuple[str, ...]:
    """What whoever takes a person out of the group that these rules fill must know."""
    if rules is None:
        return ("Whether a group rule fills the group can't be read with this credential.",)
    full = giving_back(rules, user_id)
    return tuple(_warning(rule, full) for rule in rules if user_id not in rule.excluded_users)


def chain_warnings(rules: Rules) -> tuple[str, ...]:
    """What whoever changes a membership must know of the rules that look at it."""
    return tuple(
        f"The active rule {rule_named(rule)} looks at who is in this group: it may put the person into "
        f"{shown(', '.join(rule.group_ids))}, or take them out."
        for rule in rules
    )


def rule_named(rule: GroupRuleRow) -> str:
    """A rule in a sentence."""
    return f'"{shown(rule.name)}"' if rule.name else rule.id


async def _active_rules(okta: OktaClient) -> Rules:
    rules = [row async for page in okta.group_rules() for row in page]
    return tuple(rule for rule in rules if rule.status == "ACTIVE")


def _mentions(expression: str, group: GroupRow) -> bool:
    texts = [double or single for double, single in _QUOTED.findall(expression)]
    if group.id in texts:
        return True
    if "isMemberOfGroupNameRegex" in expression:
        return True
    return "isMemberOfGroupName" in expression and any(text and text in group.name for text in texts)


def _warning(rule: GroupRuleRow, full: Sequence[GroupRuleRow]) -> str:
    head = f"The active rule {rule_named(rule)} fills this group"
    if rule in full:
        return f"{head} and has no place left for exclusions: whom it matches, it puts back."
    taken = len(rule.excluded_users)
    return (
        f"{head}: if it matches the person, Okta excludes them from it for good, which uses up one of its "
        f"{EXCLUSIONS} places (taken so far: {taken})."
    )
