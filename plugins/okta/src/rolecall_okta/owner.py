"""Whose credential it is, and whether it shows anybody anything."""

from rolecall import AuthRefused, Identity
from rolecall_okta.answers import unless_refused
from rolecall_okta.client import OktaClient
from rolecall_okta.first_pages import shows

EVERYBODY = "status pr"
"""A search that leaves nobody out; without one, Okta doesn't list people who are DEPROVISIONED."""


async def read_owner(okta: OktaClient) -> Identity:
    """The app that the client signs in as, or the person whose token it is.

    Raises:
        AuthRefused: The credential is refused, or shows nobody.
    """
    if okta.client_id is None:
        owner = await unless_refused(okta.me())
        if owner is not None:
            return Identity(owner.id, owner.login)
    await refuse_to_see_nobody(okta)
    return Identity(okta.client_id, None)


async def refuse_to_see_nobody(okta: OktaClient) -> None:
    """Ask for one person, whoever it is.

    Raises:
        AuthRefused: There is none to be seen, and every org has people.
    """
    if not await shows(okta, "/api/v1/users", search=EVERYBODY):
        raise nobody_listed(okta)


def nobody_listed(okta: OktaClient) -> AuthRefused:
    """Okta's answer to a credential without an admin role is no error: 200 and an empty list."""
    answered = "GET /api/v1/users gave 200 with an empty list, and every org has people"
    if okta.client_id is None:
        return AuthRefused(
            f"Okta shows this credential nobody: {answered}.",
            hint="give the token's owner an admin role that may view users",
            code="nobody_listed",
        )
    return AuthRefused(
        f"The app {okta.client_id} has scopes but no admin role that shows it anybody: {answered}.",
        hint="give the app an admin role (Applications > the app > Admin roles) that may view users; without "
        "one, its scopes are good for nothing",
        code="no_admin_role",
    )
