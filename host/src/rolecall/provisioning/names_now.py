"""Holds the names in a request against the provider as it is now: a run may be old, and names move on.

Whoever types a name means who bears it today. Ids need no second look: plans are made from a fresh read.
"""

from rolecall.connectors import OpenConnector
from rolecall.errors import Refused
from rolecall.ids import parse_entitlement
from rolecall.models import EntitlementRef, Ref
from rolecall.provisioning.resolving import (
    Names,
    find_entitlement,
    find_principal,
    find_via,
    is_reference,
)


async def entitlement_now(
    connector: OpenConnector, names: Names, text: str, *, accepted: frozenset[str] = frozenset()
) -> EntitlementRef:
    """The entitlement that a text means; see ``find_entitlement``.

    Raises:
        UsageError: The text isn't of the form.
        Refused: There is no such entitlement, it can't be provisioned, or the text names several.
        ProviderError: The provider can't be read.
    """
    try:
        found = find_entitlement(names, text)
    except Refused as error:
        given = parse_entitlement(text)
        if error.accept is not None and error.accept in accepted:
            return given
        groups = names.group_types()
        if error.code != "unknown_entitlement" or given.resource.type not in groups:
            raise
        if given.slug not in groups[given.resource.type].provisions:
            raise
        if await connector.find(given.resource) is None:
            raise
        return given  # a group that no run has seen yet
    if found.resource.type in names.group_types() and found.resource != parse_entitlement(text).resource:
        name = text.partition(":")[2].rpartition(":")[0]
        await _still_called(connector, names, name, found.resource)
    return found


async def principal_now(connector: OpenConnector, names: Names, text: str) -> Ref | str:
    """The user or group that a text means; see ``find_principal``.

    Raises:
        Refused: It names several, or is no longer the name of whom a run knows by it.
        ProviderError: The provider can't be read.
    """
    found = find_principal(names, text)
    if is_reference(names, text):
        return found
    person = await connector.find(text)
    if person is None:
        if isinstance(found, Ref):
            await _still_called(connector, names, text, found)
        return found
    if isinstance(found, Ref) and found.type != person.ref.type:
        raise Refused(
            f"'{text}' names {found} and {person.ref}.", hint="give the id of one", code="ambiguous_principal"
        )
    return person.ref


async def via_now(connector: OpenConnector, names: Names, text: str) -> Ref:
    """The group, or the person, that ``--via`` names; see ``find_via``.

    Raises:
        Refused: Nobody, or several, or it is no longer the name of whom a run knows by it.
        ProviderError: The provider can't be read.
    """
    found = find_via(names, text)
    if not is_reference(names, text):
        await _still_called(connector, names, text, found)
    return found


async def _still_called(connector: OpenConnector, names: Names, text: str, found: Ref) -> None:
    now = await connector.find(found)
    borne = () if now is None else (now.name, now.login, now.email)
    if text.casefold() not in {name.casefold() for name in borne if name}:
        called = f"is called '{now.name}' now" if now is not None else "is gone"
        raise Refused(
            f"'{text}' was {found} in {names.as_of}, which {called}.",
            hint=f"give the id of the one you mean, or: rolecall sync {names.connector.name}",
            code="name_moved",
            facts={"candidates": [str(found)]},
        )
