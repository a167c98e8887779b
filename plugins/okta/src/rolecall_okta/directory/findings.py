"""Every finding of this connector: its code, how much it matters, and its sentence."""

from rolecall import Finding, Ref, Severity
from rolecall_okta.rows import GroupRow

_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

_TEXTS: dict[str, tuple[Severity, str]] = {
    "admin_roles_unreadable": (
        _MEDIUM,
        (
            "Admin roles can't be read with this credential ({answer}): none is listed. Give it a role that "
            'may view roles, or set admin_roles = "off".'
        ),
    ),
    "log_unreadable": (
        _LOW,
        (
            "The System Log can't be read with this credential ({answer}): every run reads everything, "
            "and no events are kept."
        ),
    ),
    "group_gone": (_MEDIUM, "The group {name} vanished during the run; what it held was dropped."),
    "group_without_name": (_LOW, "Okta gives the group {name} no name."),
    "person_without_status": (
        _MEDIUM,
        "Okta gives {name} no status; the person is taken as able to sign in.",
    ),
    "admin_gone": (_MEDIUM, "{name} holds an admin role, but vanished during the run; it was dropped."),
    "admin_role_unnamed": (
        _MEDIUM,
        "{name} holds an admin role of which Okta says neither a type nor which custom role it is.",
    ),
}


def finding(code: str, subject: Ref | str, **facts: object) -> Finding:
    """A finding by its code; ``facts`` fill its sentence."""
    severity, text = _TEXTS[code]
    return Finding(code, severity, text.format_map(facts), str(subject))


def group_gone(group: GroupRow) -> Finding:
    """The finding for a group that vanished while the run was reading."""
    return finding("group_gone", Ref("group", group.id), name=quoted(group.name or group.id))


def quoted(text: str) -> str:
    """A text of somebody else's, marked as such in a sentence, and not longer than one."""
    return f'"{text}"' if len(text) <= _QUOTED else f'"{text[:_QUOTED]}…"'


_QUOTED = 120
