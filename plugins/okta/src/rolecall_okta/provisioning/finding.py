"""People and groups as the org has them at this moment, by single reads."""

from collections.abc import Collection, Sequence

from rolecall import NotFound, PrincipalNow, Ref, Refused
from rolecall_okta.calls import literal
from rolecall_okta.client import OktaClient
from rolecall_okta.provisioning.people import CANNOT_RECEIVE, person_named
from rolecall_okta.rows import UserRow
from rolecall_okta.text import shown

LONGEST_NAME = 255


async def find_principal(
    okta: OktaClient, principal: Ref | str, *, disabled: Collection[str] = CANNOT_RECEIVE
) -> PrincipalNow | None:
    """A person or group; None where there is none. See ``rolecall_find``.

    Args:
        okta: The org.
        principal: A reference; or the exact id, login or e-mail address of a person, whatever its case.
        disabled: Statuses of people who can't sign in.

    Raises:
        Refused: Several people are called so.
    """
    if isinstance(principal, Ref) and principal.type == "group":
        try:
            group = await okta.group(principal.id)
        except NotFound:
            return None
        return PrincipalNow(Ref("group", group.id), group.name or group.id)
    person = await find_person(okta, principal)
    if person is None:
        return None
    return PrincipalNow(
        Ref("user", person.id),
        person.display_name,
        person.login,
        person.email,
        person.status,
        person.status not in disabled,
    )


async def find_person(okta: OktaClient, principal: Ref | str) -> UserRow | None:
    """A person; None where there is none.

    Okta also answers to the part of a login before the ``@``, and to a login where an id is meant: neither
    is taken for what was asked.

    Raises:
        Refused: Several people are called so; one who isn't deactivated goes before those who are.
    """
    if isinstance(principal, Ref):
        if principal.type != "user":
            return None
        person = await _user(okta, principal.id)
        return person if person is not None and person.id == principal.id else None
    name = principal.strip()
    if not name or len(name) > LONGEST_NAME:
        return None
    found = {person.id: person for person in await _called(okta, name)}
    living = [person for person in found.values() if person.status != "DEPROVISIONED"]
    candidates = living or list(found.values())
    if len(candidates) > 1:
        raise _ambiguous(name, candidates)
    return candidates[0] if candidates else None


async def _user(okta: OktaClient, name: str) -> UserRow | None:
    try:
        return await okta.user(name)
    except NotFound:
        return None


async def _called(okta: OktaClient, name: str) -> list[UserRow]:
    """Everybody with this id, login or e-mail address; a search finds the deactivated too, but lags."""
    direct = await _user(okta, name)
    found = [] if direct is None else [direct]
    if "@" in name:
        search = f"profile.email eq {literal(name)} or profile.login eq {literal(name)}"
        found += [person async for page in okta.users(search=search) for person in page]
    return [person for person in found if _is_called(person, name)]


def _is_called(person: UserRow, name: str) -> bool:
    names = {text.casefold() for text in (person.login, person.email) if text}
    return person.id == name or name.casefold() in names


def _ambiguous(name: str, people: Sequence[UserRow]) -> Refused:
    named = sorted(
        f"{person_named(person)} (user:{person.id}, {shown(str(person.status))})" for person in people
    )
    return Refused(
        f"{shown(name)} names several people in Okta: {', '.join(named)}.",
        hint="name the one that is meant by user:ID",
        code="ambiguous_principal",
        facts={"people": sorted(person.id for person in people)},
    )
