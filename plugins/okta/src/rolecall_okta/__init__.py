"""Rolecall's client for the Okta API, and what connectors to Okta share. This is its public API."""

from rolecall_okta.answers import answer, is_refusal
from rolecall_okta.asking import groups_by_id, moved_groups, moved_people
from rolecall_okta.auth import SswsAuth
from rolecall_okta.calls import literal
from rolecall_okta.client import OktaClient
from rolecall_okta.clock import Clock
from rolecall_okta.domain import DomainError, OktaDomain, OktaDomainField, normalise_domain
from rolecall_okta.events import EventParty, EventRow
from rolecall_okta.governor import BucketUse
from rolecall_okta.history import OVERLAP, History, is_closed
from rolecall_okta.ledger import ReadLedger
from rolecall_okta.log import EventLog, PositionLost
from rolecall_okta.measuring import (
    PROVISION_ASSIGNMENT,
    PROVISION_MEMBERSHIP,
    REVIEW_ASSIGNMENT,
    REVIEW_MEMBERSHIP,
    REVIEW_ROLES,
    WRITES_MEMBERSHIPS,
    Principal,
    by_role,
    excess_rights,
    lists_admins,
    lists_members,
    measured,
    read_principal,
    shows,
)
from rolecall_okta.member_clocks import MemberClocks
from rolecall_okta.members import MEMBERS, MemberList, member_pages, read_members
from rolecall_okta.opening import client_for
from rolecall_okta.parallel import for_each, for_each_coming, together
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
    "MEMBERS",
    "OVERLAP",
    "PROVISION_ASSIGNMENT",
    "PROVISION_MEMBERSHIP",
    "REVIEW_ASSIGNMENT",
    "REVIEW_MEMBERSHIP",
    "REVIEW_ROLES",
    "WRITES_MEMBERSHIPS",
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
    "History",
    "JsonObject",
    "MemberClocks",
    "MemberList",
    "OktaClient",
    "OktaDomain",
    "OktaDomainField",
    "Organization",
    "PositionLost",
    "Principal",
    "ProfiledUserRow",
    "ReadLedger",
    "RoleHolderRow",
    "RoleRow",
    "RowError",
    "SswsAuth",
    "Timeouts",
    "UserRow",
    "answer",
    "by_role",
    "client_for",
    "excess_rights",
    "for_each",
    "for_each_coming",
    "groups_by_id",
    "is_closed",
    "is_refusal",
    "lists_admins",
    "lists_members",
    "literal",
    "measured",
    "member_pages",
    "moved_groups",
    "moved_people",
    "normalise_domain",
    "profiled_user_row",
    "read_members",
    "read_principal",
    "shows",
    "together",
    "user_row",
]
