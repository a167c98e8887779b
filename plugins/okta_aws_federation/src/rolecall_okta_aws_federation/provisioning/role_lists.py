"""The list of roles in an app profile: a role put into it, and taken out so that all is as it was before."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rolecall import Held, Refused
from rolecall_okta_aws_federation.payloads import SAML_ROLES, read_profile_roles
from rolecall_okta_aws_federation.provisioning.org_now import Profile
from rolecall_okta_aws_federation.provisioning.things import role_in

BEFORE = "before"
ALONG = "along"
Roles = Sequence[object] | None
"""A value of samlRoles; None for null, or no such key."""


@dataclass(frozen=True, slots=True)
class Given:
    """A role put into a list.

    Attributes:
        roles: The list with it.
        detail: What its inverse must know: where no role was there before, what was, and which role came
            along. Every further role has it too, so that whichever goes last can put it back.
    """

    roles: list[object]
    detail: dict[str, object]


def with_role(
    holder: str, profile: Profile | None, role: str, default: str | None, made: Iterable[Held]
) -> Given:
    """Put a role into a profile's list.

    Args:
        holder: Whose profile it is, for the refusal.
        profile: As Okta has it.
        role: What to give.
        default: The single role of the profile where it is in force: it is named along, to stay so.
        made: What Rolecall gave the holder before.

    Raises:
        Refused: The list is none, or holds what is no role: Okta would refuse it, or something would be lost.
    """
    value = None if profile is None else profile.get(SAML_ROLES)
    listed = [] if value is None else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise Refused(
            f"{holder} has {SAML_ROLES} that aren't a list of names, so they can't be changed without loss.",
            code="profile_malformed",
            hint="put the roles right in the Okta Admin Console first",
        )
    along = [] if default is None else [default]
    if any(listed):
        known = [held.detail for held in made if role_in(held) in listed and BEFORE in held.detail]
        detail = dict(known[0]) if known else {}
    else:
        detail = {BEFORE: value, ALONG: along}
    return Given([*listed, *along, role], detail)


def without_roles(profile: Profile | None, roles: Collection[str], given: Iterable[Held]) -> Roles:
    """A profile's list without some roles: just what was there before, where nothing but that is left.

    A list that somebody else changed since loses the roles, and no more.

    Args:
        profile: As Okta has it.
        roles: What to take.
        given: What Rolecall gave the holder, with details.
    """
    value = None if profile is None else profile.get(SAML_ROLES)
    listed = value if isinstance(value, list) else []
    left = [each for each in listed if isinstance(each, str) and each not in roles]
    for held in given:
        if role_in(held) in roles and BEFORE in held.detail:
            before, along = held.detail[BEFORE], held.detail.get(ALONG)
            if _is_untouched(left, before, along, read_profile_roles(profile).default):
                return before if isinstance(before, list) else None
    return left


def _is_untouched(left: list[str], before: object, along: object, default: str | None) -> bool:
    """Whether what is left is what was there and came along, which is still the single role."""
    if not isinstance(along, list) or not (before is None or isinstance(before, list)):
        return False
    return along in ([], [default]) and left == [*(before or []), *along]
