"""People as the provider has them at this moment: who acts, and whether they are among some."""

from collections.abc import Sequence

from rolecall.connectors import OpenConnector
from rolecall.errors import Refused
from rolecall.models import MEMBER, EntitlementRef, GrantRef, Ref, Trait
from rolecall.plans import PrincipalNow


async def find_person(connector: OpenConnector, name: Ref | str, *, hint: str | None = None) -> PrincipalNow:
    """Somebody who may ask, decide or be given access: a person, and active.

    Args:
        connector: Open, of the org concerned.
        name: Who, exactly.
        hint: What to do where there is no such person.

    Raises:
        Refused: There is nobody of this name, or several; it is a group; or they aren't active.
        ProviderError: The provider can't be read.
    """
    found = await connector.find(name)
    if found is None:
        raise Refused(f"The provider has nobody called '{name}'.", code="unknown_person", hint=hint)
    traits = {each.id: each.trait for each in connector.kind.resource_types}
    if traits.get(found.ref.type) is not Trait.USER:
        raise Refused(f"'{name}' is no person ({found.ref}).", code="unknown_person", hint=hint)
    if not found.enabled:
        raise Refused(
            f"{shown(found)} is not active at the provider ({found.status}), and can't ask, decide or be "
            "given access.",
            code="person_not_active",
        )
    return found


async def is_among(connector: OpenConnector, person: Ref, some: Sequence[Ref]) -> bool:
    """Whether a person is one of some people, or in one of some groups, now.

    Raises:
        Refused: That can't be told.
        ProviderError: The provider can't be read.
    """
    if person in some:
        return True
    groups = [ref for ref in some if ref.type != person.type]
    if not groups:
        return False
    holds = await connector.holds([GrantRef(EntitlementRef(group, MEMBER), person) for group in groups])
    if True in holds:
        return True
    unknown = [str(group) for group, held in zip(groups, holds, strict=True) if held is None]
    if unknown:
        raise Refused(
            f"Can't tell whether {person} is in {', '.join(unknown)}.",
            code="membership_unknown",
            hint="the credential must be able to read these groups' members",
        )
    return False


def shown(person: PrincipalNow) -> str:
    """What to call somebody."""
    return person.email or person.login or person.name
