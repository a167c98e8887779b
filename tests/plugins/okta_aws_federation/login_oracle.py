"""What a SAML login would give everybody in an organisation: brute force, straight from the rules.

Reads an organisation's own data; knows nothing of how the connector or the host work it out.
"""

import re

CANNOT_SIGN_IN = {"STAGED", "SUSPENDED", "DEPROVISIONED"}


def login_rows(org, app):
    """One row per person, account and role, as ``rolecall access -o json`` words it, in its order."""
    if app.status != "ACTIVE":
        return []
    rows = []
    for user in org.users:
        assignment = _assignment(org, app, user)
        if assignment is None:
            continue
        held = {}
        for account, role, arn, via in _held(org, app, user, *assignment):
            held.setdefault((account, role), (arn, set()))[1].update(via)
        for (account, role), (arn, via) in held.items():
            rows.append(_row(org, user, account, role, arn, via))
    return sorted(rows, key=lambda row: (row["user_id"], row["account_id"], row["role"]))


DIRECT = ""


def _row(org, user, account, role, arn, via):
    paths = [
        {"kind": "direct"}
        if group_id == DIRECT
        else {"kind": "group", "group_id": group_id, "group_name": org.group_by_id(group_id).name or group_id}
        for group_id in sorted(via)
    ]
    return {
        "user_id": user.id,
        "login": user.login,
        "user_status": user.status,
        "can_sign_in": user.status not in CANNOT_SIGN_IN,
        "account_id": account,
        "role": role,
        "role_arn": arn,
        "via": paths,
    }


def _assignment(org, app, user):
    """Scope, resolved profile, and the assigned groups that hold the person, highest priority first."""
    holding = [
        held
        for held in sorted(app.assigned_groups.values(), key=lambda held: (held.priority, held.group.id))
        if any(member is user for member in org.members_of(held.group))
    ]
    if user.id in app.direct:
        return "USER", app.direct[user.id].profile, holding
    if not holding:
        return None
    profile = holding[0].profile
    if _union(app):
        combined = [role for held in holding for role in _roles(held.profile)]
        profile = {**(profile if isinstance(profile, dict) else {}), "samlRoles": combined}
    return "GROUP", profile, holding


def _held(org, app, user, scope, profile, holding):
    if app.settings.get("useGroupMapping") is True:
        return _by_group_names(org, app, user)
    return _by_profile(app, scope, profile, holding)


def _by_group_names(org, app, user):
    settings = app.settings
    pattern = settings["groupFilter"].replace("\\\\", "\\").replace("(?{{", "(?P<").replace("}}", ">")
    sources = {name.strip().lower() for name in (settings["appFilter"] or "").split(",")} - {""}
    for group in org.groups_of(user):
        source = group.source.name if group.type == "APP_GROUP" else "okta"
        match = re.search(pattern, group.name or "", re.ASCII)
        if match and (not sources or source in sources):
            account, role = match["accountid"], match["role"]
            first, second = settings["roleValuePattern"].split(",")
            template = second if ":saml-provider/" in first else first
            arn = template.strip().replace("${accountid}", account).replace("${role}", role)
            yield account, role, arn, {group.id}


def _by_profile(app, scope, profile, holding):
    provider = app.settings["identityProviderArn"]
    if provider is None:
        return
    account = provider.split(":")[4]
    joined = app.settings["joinAllRoles"] is True

    def named(role, via):
        prefix = provider.rpartition("saml-provider/")[0]
        return account, role, role if role.startswith("arn:") else f"{prefix}role/{role}", via

    own = _roles(profile)
    counted = holding if _union(app) else holding[:1]
    for role in own:
        through = {held.group.id for held in counted if role in _roles(held.profile)}
        yield named(role, {DIRECT} if scope == "USER" else through)
    if joined:
        for held in holding:
            for role in _roles(held.profile):
                yield named(role, {held.group.id})
    default = _default(profile)
    if default and not own and not (joined and any(_roles(held.profile) for held in holding)):
        through = {held.group.id for held in holding[:1] if _default(held.profile) == default}
        yield named(default, {DIRECT} if scope == "USER" else through)


def _union(app):
    return app.schema["samlRoles"].get("union") == "ENABLE"


def _roles(profile):
    value = profile.get("samlRoles") if isinstance(profile, dict) else None
    return [role for role in value if isinstance(role, str) and role] if isinstance(value, list) else []


def _default(profile):
    value = profile.get("role") if isinstance(profile, dict) else None
    return value if isinstance(value, str) and value else None
