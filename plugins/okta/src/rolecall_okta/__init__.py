"""Rolecall's client for the Okta API. This is its public API."""

from rolecall_okta.auth import SswsAuth
from rolecall_okta.calls import literal
from rolecall_okta.client import OktaClient
from rolecall_okta.clock import Clock
from rolecall_okta.domain import DomainError, OktaDomain, OktaDomainField, normalise_domain
from rolecall_okta.events import EventParty, EventRow
from rolecall_okta.governor import BucketUse
from rolecall_okta.ledger import ReadLedger
from rolecall_okta.log import EventLog, PositionLost
from rolecall_okta.payloads import Organization
from rolecall_okta.rows import (
    AppGroupRow,
    AppRow,
    AppUserRow,
    GroupRow,
    JsonObject,
    ProfiledUserRow,
    RoleHolderRow,
    RoleRow,
    RowError,
    UserRow,
    profiled_user_row,
    user_row,
)
from rolecall_okta.sending import Timeouts

__all__ = [
    "AppGroupRow",
    "AppRow",
    "AppUserRow",
    "BucketUse",
    "Clock",
    "DomainError",
    "EventLog",
    "EventParty",
    "EventRow",
    "GroupRow",
    "JsonObject",
    "OktaClient",
    "OktaDomain",
    "OktaDomainField",
    "Organization",
    "PositionLost",
    "ProfiledUserRow",
    "ReadLedger",
    "RoleHolderRow",
    "RoleRow",
    "RowError",
    "SswsAuth",
    "Timeouts",
    "UserRow",
    "literal",
    "normalise_domain",
    "profiled_user_row",
    "user_row",
]
