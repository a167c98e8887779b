"""Every finding of this connector: its code, how much it matters, and its sentence."""

from collections.abc import Sequence
from dataclasses import replace

from rolecall import EntitlementRef, Finding, Ref, Severity
from rolecall_okta import shown

_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

_TEXTS: dict[str, tuple[Severity, str]] = {
    # The app and its settings
    "app_inactive": (_HIGH, "The AWS app is {status}, not ACTIVE: nobody has access through it."),
    "setting_missing": (_MEDIUM, "{setting} is missing from the app's settings; {meaning}."),
    "setting_malformed": (_HIGH, "{setting} holds {value}, which is not {expected}; {meaning}."),
    "identity_provider_arn_missing": (
        _HIGH,
        (
            "identityProviderArn is not set: without it the AWS account of the app's roles is unknown, "
            "and none of them is counted."
        ),
    ),
    "identity_provider_arn_malformed": (
        _HIGH,
        (
            "identityProviderArn is {value}, not an identity provider's ARN: the AWS account of the app's "
            "roles is unknown, and none of them is counted."
        ),
    ),
    "role_value_pattern_odd": (
        _MEDIUM,
        "roleValuePattern {value} lacks {lacking}: ARNs are what it yields, and AWS may refuse them.",
    ),
    "role_value_pattern_missing": (_MEDIUM, "roleValuePattern is not set: the roles' ARNs are unknown."),
    "role_value_pattern_malformed": (
        _MEDIUM,
        (
            "roleValuePattern {value} is not a provider ARN and a role ARN with a comma between: "
            "the roles' ARNs are unknown."
        ),
    ),
    "environment_disagrees": (
        _MEDIUM,
        "awsEnvironmentType {environment} stands for partition {expected}, but {setting} says {partition}.",
    ),
    "app_filter_admits_all": (
        _MEDIUM,
        (
            "appFilter is not set: a group of any source counts, so that whoever can name a group in any "
            "connected directory can hand out roles."
        ),
    ),
    "group_filter_missing": (_HIGH, "groupFilter is not set: no group gives a role."),
    "group_filter_invalid": (
        _HIGH,
        "groupFilter can't be used, so no group gives a role: the pattern {problem}.",
    ),
    "group_filter_incomplete": (
        _HIGH,
        "groupFilter has no part {part}: no group's name says both an account and a role.",
    ),
    "group_filter_doubled_backslash": (_LOW, "groupFilter has doubled backslashes, which count as one."),
    "group_filter_slow": (
        _HIGH,
        (
            "groupFilter did not finish in {seconds:g} seconds over the names of the groups; "
            "groups it had not come to give no role in this run."
        ),
    ),
    "union_unknown": (
        _MEDIUM,
        (
            "Whether samlRoles are combined across groups can't be read from the app's schema ({reason}); "
            "it is taken from the people's profiles where they show it, and otherwise every assigned group "
            "that holds a person and has the role counts as its path."
        ),
    ),
    # Groups
    "group_not_admitted": (
        _HIGH,
        (
            "The group {name} matches groupFilter for {account}/{role}, but its source {source} "
            "is not admitted by appFilter: it gives nobody a role."
        ),
    ),
    "group_source_unknown": (
        _HIGH,
        "The group {name} matches groupFilter, but which app it comes from can't be told: it gives no role.",
    ),
    "group_name_incomplete": (
        _MEDIUM,
        "The group {name} matches groupFilter, but its {part} is empty: it gives no role.",
    ),
    "group_name_ambiguous": (
        _MEDIUM,
        (
            "The group {name} matches groupFilter, which uses \\b or \\B, and has letters or digits outside "
            "ASCII: whether it matches in Okta depends on the release of Java there. It is counted."
        ),
    ),
    "role_group_meaning_changed": (_HIGH, "{change}: {effect}."),
    "group_gone": (_MEDIUM, "The group {name} vanished during the run; what it held was dropped."),
    "group_without_name": (_LOW, "Okta gives the group {name} no name: it gives no role."),
    "members_by_person": (
        _LOW,
        (
            "Memberships were read by person, and {groups} of the {wanted} groups have, or may have, members "
            "who aren't assigned to the app: none of those people is listed as a group's member in this run. "
            "Nobody's access is touched; but where one run reads by group and the next by person, the "
            "circuit breaker can refuse the latter (accept it with --accept-shrink)."
        ),
    ),
    "account_id_malformed": (_MEDIUM, "The AWS account {account} is not 12 digits; it is counted as it is."),
    # Roles in profiles
    "profile_missing": (_LOW, "{holder} has no app profile: no role is set there."),
    "saml_roles_malformed": (
        _MEDIUM,
        "{holder} has {value} as samlRoles, not a list of names: none is counted.",
    ),
    "saml_role_malformed": (
        _MEDIUM,
        "{holder} has {value} among samlRoles, which is not a name: it is dropped.",
    ),
    "default_role_malformed": (_MEDIUM, "{holder} has {value} as role, not a name: it is not counted."),
    "empty_role": (_LOW, "{holder} has an empty name among the roles: it is dropped."),
    "role_name_impossible": (
        _MEDIUM,
        (
            "No role in AWS can be named {role}: letters, digits and +=,.@_- only, up to 64. "
            "It is counted as it is."
        ),
    ),
    "role_of_another_account": (
        _MEDIUM,
        "The role {role} names another AWS account than identityProviderArn; it is counted in {account}.",
    ),
    # The identity source and the log
    "source_of_another_org": (
        _HIGH,
        (
            "The identity source {source} holds {held} of the {people} people who are assigned to the app: "
            "it reads another org, or not all of this one. Everything was read from Okta instead."
        ),
    ),
    "source_partial": (
        _MEDIUM,
        "The identity source {source} lists only some of the org's people, so everything was read from Okta.",
    ),
    "log_unreadable": (
        _LOW,
        "The System Log can't be read ({answer}), so that every run reads everything.",
    ),
    # People
    "default_role": (
        _MEDIUM,
        "{person} has no samlRoles, so the single role {role} of the app profile applies as a default.",
    ),
    "no_role": (
        _LOW,
        "{person} is assigned to the app without any role: they can open it, and AWS lets them in nowhere.",
    ),
    "role_without_group": (
        _MEDIUM,
        "{person} holds {role} through a group, but no assigned group accounts for it.",
    ),
    "assignment_disagrees": (
        _MEDIUM,
        "{person}'s app profile disagrees with the assigned groups ({difference}); the profile counts.",
    ),
    "scope_unknown": (
        _LOW,
        (
            "{person}'s assignment has the scope {scope}, which is neither USER nor GROUP; "
            "it is taken as {taken}."
        ),
    ),
    "person_undescribed": (
        _MEDIUM,
        "Okta did not describe {person}, who is assigned to the app: the status is unknown.",
    ),
    "person_gone": (_MEDIUM, "{person} vanished during the run; what they held was dropped."),
}


def finding(code: str, subject: Ref | str, **facts: object) -> Finding:
    """A finding by its code; ``facts`` fill its sentence."""
    severity, text = _TEXTS[code]
    return Finding(code, severity, text.format_map(facts), str(subject))


def concerning(role: EntitlementRef, found: Finding) -> Finding:
    """The finding, marked as bearing on a role that its subject doesn't name."""
    return replace(found, concerns=role)


def quoted(text: str | None) -> str:
    """A text of somebody else's, marked as such in a sentence, on one line and not longer than one."""
    return "nothing" if text is None else f'"{shown(text, _QUOTED)}"'


_QUOTED = 120


def listed(names: Sequence[str], most: int) -> str:
    """Names in a sentence, and how many more than ``most`` there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def people_do(people: int, verb: str) -> str:
    """How many people do something: ``1 person gains``, ``2 people gain``."""
    return f"1 person {verb}s" if people == 1 else f"{people} people {verb}"


def described(value: object) -> str:
    """A JSON value for a sentence: texts quoted, anything else by its kind, since it may be large."""
    match value:
        case None:
            return "null"
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "an object"
