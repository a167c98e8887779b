"""Filters and searches that ask Okta for some people and groups: those that moved, or that are named."""

from collections.abc import Collection, Iterator
from datetime import datetime

from rolecall_okta.calls import literal

IDS_A_REQUEST = 100


def moved_people(since: datetime) -> str:
    """A search for people who changed after a time; a filter knows no clock of the status."""
    moment = _instant(since)
    return f'lastUpdated gt "{moment}" or statusChanged gt "{moment}"'


def moved_groups(since: datetime) -> str:
    """A filter for groups that changed after a time, or whose members did."""
    moment = _instant(since)
    return f'lastUpdated gt "{moment}" or lastMembershipUpdated gt "{moment}"'


def groups_by_id(ids: Collection[str]) -> Iterator[str]:
    """Filters for these groups, as many in each as one request can carry."""
    named = sorted(ids)
    for start in range(0, len(named), IDS_A_REQUEST):
        yield " or ".join(f"id eq {literal(each)}" for each in named[start : start + IDS_A_REQUEST])


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
