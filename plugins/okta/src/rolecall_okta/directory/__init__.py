"""The connector kind ``okta``: an org's people, groups, memberships and admin roles."""
