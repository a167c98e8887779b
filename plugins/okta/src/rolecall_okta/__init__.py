"""Rolecall's client for the Okta API, and what connectors to Okta share. This is its public API."""

from rolecall_okta.answers import answer, is_refusal, told_of_each
from rolecall_okta.asking import groups_by_id, moved_groups, moved_people
from rolecall_okta.auth import Scopes, SswsAuth
from rolecall_okta.calls import Call, Written, literal
from rolecall_okta.client import OktaClient
from rolecall_okta.clock import Clock
from rolecall_okta.domain import DomainError, OktaDomain, OktaDomainField, normalise_domain
from rolecall_okta.events import EventParty, EventRow
from rolecall_okta.first_pages import shows
from rolecall_okta.governor import BucketUse
from rolecall_okta.history import OVERLAP, History, is_closed
from rolecall_okta.ledger import ReadLedger
from rolecall_okta.log import EventLog, PositionLost
from rolecall_okta.measuring import (
    REVIEW_ASSIGNMENT,
    REVIEW_MEMBERSHIP,
    REVIEW_ROLES,
    lists_admins,
    lists_members,
    measured,
)
from rolecall_okta.member_clocks import MemberClocks
from rolecall_okta.members import MEMBERS, MemberList, member_pages, read_members
from rolecall_okta.opening import client_for
from rolecall_okta.outcomes import NoAgent, OutcomeUnknown
from rolecall_okta.owner import read_owner, refuse_to_see_nobody
from rolecall_okta.parallel import for_each, together
from rolecall_okta.payloads import Organization
from rolecall_okta.provisioning.applying import carry_out
from rolecall_okta.provisioning.checks import StepCheck
from rolecall_okta.provisioning.finding import find_person, find_principal
from rolecall_okta.provisioning.groups import GroupNow, read_group
from rolecall_okta.provisioning.held import assigned_held, lock_of, member_held, provider_of
from rolecall_okta.provisioning.membership_checks import MembershipCheck
from rolecall_okta.provisioning.memberships import (
    MEMBERSHIP_ACTIONS,
    Membership,
    MembershipChange,
    held_groups,
    joining,
    leaving,
    read_membership,
)
from rolecall_okta.provisioning.people import refuse_unable
from rolecall_okta.provisioning.present import members_held, things_present
from rolecall_okta.provisioning.rules import Rules, giving_back, read_rules
from rolecall_okta.provisioning.writes_seen import writes_seen
from rolecall_okta.recipes import (
    ResourceNames,
    permission,
    read_resource_names,
    reading_recipe,
    writing_recipe,
)
from rolecall_okta.rights import (
    PROVISION_ASSIGNMENT,
    PROVISION_DIRECTORY,
    PROVISION_MEMBERSHIP,
    Rights,
    excess_rights,
    may_write,
    missing_scopes,
    read_rights,
)
from rolecall_okta.rows import (
    AppGroupRow,
    AppRow,
    AppUserRow,
    GroupRow,
    GroupRuleRow,
    JsonObject,
    ProfiledGroupRow,
    ProfiledUserRow,
    RoleHolderRow,
    RoleRow,
    RowError,
    UserRow,
    profiled_user_row,
    user_row,
)
from rolecall_okta.scopes import (
    READ_APPS,
    READ_GROUPS,
    READ_LOGS,
    READ_ROLES,
    READ_SCHEMAS,
    READ_USERS,
    WRITE_APPS,
    WRITE_DIRECTORIES,
    WRITE_GROUPS,
)
from rolecall_okta.sending import Timeouts
from rolecall_okta.settings import CREDENTIAL_SETTINGS, OrgSettings, OrgSettingsSchema
from rolecall_okta.text import shown
from rolecall_okta.writes import (
    add_member_call,
    assign_group_call,
    assign_person_call,
    modify_directory_group_call,
    patch_group_profile_call,
    remove_member_call,
    unassign_group_call,
    unassign_person_call,
    update_app_user_call,
)

__all__ = [
    "CREDENTIAL_SETTINGS",
    "MEMBERS",
    "MEMBERSHIP_ACTIONS",
    "OVERLAP",
    "PROVISION_ASSIGNMENT",
    "PROVISION_DIRECTORY",
    "PROVISION_MEMBERSHIP",
    "READ_APPS",
    "READ_GROUPS",
    "READ_LOGS",
    "READ_ROLES",
    "READ_SCHEMAS",
    "READ_USERS",
    "REVIEW_ASSIGNMENT",
    "REVIEW_MEMBERSHIP",
    "REVIEW_ROLES",
    "WRITE_APPS",
    "WRITE_DIRECTORIES",
    "WRITE_GROUPS",
    "AppGroupRow",
    "AppRow",
    "AppUserRow",
    "BucketUse",
    "Call",
    "Clock",
    "DomainError",
    "EventLog",
    "EventParty",
    "EventRow",
    "GroupNow",
    "GroupRow",
    "GroupRuleRow",
    "History",
    "JsonObject",
    "MemberClocks",
    "MemberList",
    "Membership",
    "MembershipChange",
    "MembershipCheck",
    "NoAgent",
    "OktaClient",
    "OktaDomain",
    "OktaDomainField",
    "OrgSettings",
    "OrgSettingsSchema",
    "Organization",
    "OutcomeUnknown",
    "PositionLost",
    "ProfiledGroupRow",
    "ProfiledUserRow",
    "ReadLedger",
    "ResourceNames",
    "Rights",
    "RoleHolderRow",
    "RoleRow",
    "RowError",
    "Rules",
    "Scopes",
    "SswsAuth",
    "StepCheck",
    "Timeouts",
    "UserRow",
    "Written",
    "add_member_call",
    "answer",
    "assign_group_call",
    "assign_person_call",
    "assigned_held",
    "carry_out",
    "client_for",
    "excess_rights",
    "find_person",
    "find_principal",
    "for_each",
    "giving_back",
    "groups_by_id",
    "held_groups",
    "is_closed",
    "is_refusal",
    "joining",
    "leaving",
    "lists_admins",
    "lists_members",
    "literal",
    "lock_of",
    "may_write",
    "measured",
    "member_held",
    "member_pages",
    "members_held",
    "missing_scopes",
    "modify_directory_group_call",
    "moved_groups",
    "moved_people",
    "normalise_domain",
    "patch_group_profile_call",
    "permission",
    "profiled_user_row",
    "provider_of",
    "read_group",
    "read_members",
    "read_membership",
    "read_owner",
    "read_resource_names",
    "read_rights",
    "read_rules",
    "reading_recipe",
    "refuse_to_see_nobody",
    "refuse_unable",
    "remove_member_call",
    "shown",
    "shows",
    "things_present",
    "together",
    "told_of_each",
    "unassign_group_call",
    "unassign_person_call",
    "update_app_user_call",
    "user_row",
    "writes_seen",
    "writing_recipe",
]
