"""The OAuth scopes that Okta asks for, call by call.

Each call's is in Okta's description of its management API; a scope to manage holds the one to read.
"""

READ_USERS = "okta.users.read"
READ_GROUPS = "okta.groups.read"
READ_APPS = "okta.apps.read"
READ_SCHEMAS = "okta.schemas.read"
READ_ROLES = "okta.roles.read"
READ_LOGS = "okta.logs.read"
WRITE_GROUPS = "okta.groups.manage"
WRITE_APPS = "okta.apps.manage"
WRITE_DIRECTORIES = "okta.directories.groups.manage"


def scopes_lacking(granted: frozenset[str], needed: frozenset[str]) -> frozenset[str]:
    """Those of the needed that are neither granted nor part of one that is."""
    return frozenset(each for each in needed - granted if each.replace(".read", ".manage") not in granted)
