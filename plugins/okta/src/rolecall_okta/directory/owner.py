"""Whose credential it is, and whether it shows anybody anything."""

from contextlib import aclosing

from rolecall import AuthRefused, Identity, ProviderError
from rolecall_okta.answers import is_refusal
from rolecall_okta.client import OktaClient

EVERYBODY = "status pr"
"""A search that leaves nobody out; without one, Okta doesn't list people who are DEPROVISIONED."""


async def read_owner(okta: OktaClient) -> Identity:
    """The person whose token it is. An OAuth app is nobody; it is asked for people instead.

    Raises:
        AuthRefused: The credential is refused, or shows nobody.
    """
    try:
        owner = await okta.me()
    except ProviderError as error:
        if not is_refusal(error):
            raise
    else:
        return Identity(owner.id, owner.login)
    async with aclosing(okta.users(search=EVERYBODY)) as pages:
        async for _page in pages:
            return Identity(None, None)
    raise nobody_listed()


def nobody_listed() -> AuthRefused:
    """Okta's answer to a credential without an admin role is no error: 200 and an empty list."""
    return AuthRefused(
        "Okta shows this credential nobody: GET /api/v1/users gave 200 with an empty list, and every org has "
        "people.",
        hint="give the token's owner an admin role that may view users; an OAuth app needs one beside scopes",
        code="nobody_listed",
    )
