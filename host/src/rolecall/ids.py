"""Text ids, as the field writes them: ``account:123456789012:AdminRole:user:00u…``.

A slug may hold ``:``: it is all that follows the second one, and a grant's principal is the last two
parts. Resource ids have theirs escaped (see ``Ref``).
"""

from urllib.parse import unquote

from rolecall.errors import UsageError
from rolecall.models import EntitlementRef, Grant, Ref


def grant_id(grant: Grant) -> str:
    """The text id of a grant: its entitlement's id, then its principal's."""
    return f"{grant.entitlement}:{grant.principal}"


def parse_ref(text: str) -> Ref:
    """Read ``type:id``.

    Raises:
        UsageError: The text isn't of that form.
    """
    kind, separator, ident = text.partition(":")
    if not (kind and separator and ident):
        raise UsageError(f"'{text}' names no resource.", hint="write TYPE:ID, such as user:00u1abcd")
    return Ref(kind, unquote(ident))


def parse_entitlement(text: str) -> EntitlementRef:
    """Read ``type:id:slug``; the slug may hold ``:``.

    Raises:
        UsageError: The text isn't of that form.
    """
    parts = text.split(":", 2)
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - type, id, slug
        raise UsageError(
            f"'{text}' names no entitlement.",
            hint="write TYPE:ID:SLUG, such as account:123456789012:AdminRole",
        )
    return EntitlementRef(Ref(parts[0], unquote(parts[1])), parts[2])


def parse_grant(text: str) -> tuple[EntitlementRef, Ref]:
    """Read ``type:id:slug:principal type:principal id``; the slug may hold ``:``.

    Raises:
        UsageError: The text isn't of that form.
    """
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - entitlement, type, id
        raise UsageError(
            f"'{text}' names no grant.",
            hint="write ENTITLEMENT:TYPE:ID, such as account:123456789012:AdminRole:user:00u1abcd",
        )
    return parse_entitlement(parts[0]), Ref(parts[1], unquote(parts[2]))
