"""Ready commands for a directory's own tools, with every name quoted: names are hostile, and people paste."""

from base64 import b64encode
from typing import Literal

Change = Literal["add", "remove"]

POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"
"""All of them end a single-quoted text of PowerShell, and each stands for itself when doubled."""
OTHER_ATTRIBUTE = "# a group of the class groupOfUniqueNames has uniqueMember in place of member"


def active_directory_command(change: Change, group: str, person: str) -> str:
    """For the ActiveDirectory module: puts a person into a group, or takes them out.

    Args:
        change: Which.
        group: Its ``dn`` or ``samAccountName``.
        person: Theirs.

    Returns:
        One line; empty where a name holds what can't be pasted safely.
    """
    if not (_pasteable(group) and _pasteable(person)):
        return ""
    verb, certain = ("Add", "") if change == "add" else ("Remove", " -Confirm:$false")
    members = f"-Identity {powershell_quoted(group)} -Members {powershell_quoted(person)}"
    return f"{verb}-ADGroupMember {members}{certain}"


def ldap_command(change: Change, group_dn: str, person_dn: str) -> str:
    """For ``ldapmodify``: puts a person into a group, or takes them out; lines for a shell.

    Which attribute holds members is for the group's class to say, and Okta doesn't show it.
    """
    verb = "add" if change == "add" else "delete"
    lines = [OTHER_ATTRIBUTE, _ldif("dn", group_dn), "changetype: modify", f"{verb}: member"]
    lines.append(_ldif("member", person_dn))
    return "\n".join(["ldapmodify <<'END'", *lines, "END"])


def powershell_quoted(text: str) -> str:
    """The text as PowerShell's single-quoted literal, in which nothing is expanded."""
    return "'" + "".join(mark * 2 if mark in POWERSHELL_QUOTES else mark for mark in text) + "'"


def _pasteable(text: str) -> bool:
    """Whether it can be pasted into a terminal: no line breaks, controls or marks that turn text around."""
    return bool(text) and text.isprintable()


def _ldif(name: str, value: str) -> str:
    """One line of LDIF (RFC 2849), in base64 unless every character is safe there."""
    safe = (
        value.isascii() and value.isprintable() and value == value.strip() and value[:1] not in {"", ":", "<"}
    )
    if safe:
        return f"{name}: {value}"
    return f"{name}:: {b64encode(value.encode('utf-8', 'surrogatepass')).decode('ascii')}"
