"""People and groups in sentences, and who may be given anything."""

from rolecall import Refused
from rolecall_okta.rows import GroupRow, UserRow
from rolecall_okta.text import shown

CANNOT_RECEIVE = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})
"""Statuses of people who are given nothing. Whatever the status, what they have can be taken away."""


def person_named(person: UserRow) -> str:
    """A person in a sentence: the login, or what there is."""
    return shown(person.login or person.display_name)


def group_named(group: GroupRow) -> str:
    """A group in a sentence."""
    return f'"{shown(group.name)}"' if group.name else group.id


def refuse_unable(person: UserRow, what: str) -> None:
    """Refuse to give something to a person whom Okta lets in nowhere.

    Args:
        person: Who is to have it.
        what: What is refused, as in "Cannot …".

    Raises:
        Refused: The status says so.
    """
    if person.status in CANNOT_RECEIVE:
        raise Refused(
            f"Cannot {what}: {person_named(person)} is {person.status} in Okta.",
            hint="bring the account to life in Okta first, if it is meant to have access",
            code="person_cannot_sign_in",
            facts={"person": person.id, "status": person.status},
        )
