"""Rolecall's client for the Okta API. This is its public API."""

from rolecall_okta.auth import SswsAuth
from rolecall_okta.calls import literal
from rolecall_okta.client import OktaClient
from rolecall_okta.clock import Clock
from rolecall_okta.domain import DomainError, OktaDomain, OktaDomainField, normalise_domain
from rolecall_okta.ledger import ReadLedger
from rolecall_okta.payloads import Organization
from rolecall_okta.rows import (
    AppGroupRow,
    AppRow,
    AppUserRow,
    GroupRow,
    JsonObject,
    RoleRow,
    RowError,
    UserRow,
    user_row,
)
from rolecall_okta.sending import Timeouts

__all__ = [
    "AppGroupRow",
    "AppRow",
    "AppUserRow",
    "Clock",
    "DomainError",
    "GroupRow",
    "JsonObject",
    "OktaClient",
    "OktaDomain",
    "OktaDomainField",
    "Organization",
    "ReadLedger",
    "RoleRow",
    "RowError",
    "SswsAuth",
    "Timeouts",
    "UserRow",
    "literal",
    "normalise_domain",
    "user_row",
]
