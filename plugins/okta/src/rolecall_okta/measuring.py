"""What a credential can read, told by Okta's answers; nothing is assumed."""

from collections.abc import Coroutine
from typing import Any

import marshmallow as ma

from rolecall import AuthRefused, Capability, NotFound, ProviderError, Unavailable
from rolecall_okta.answers import answer
from rolecall_okta.client import OktaClient
from rolecall_okta.first_pages import first_page, shows

REVIEW_MEMBERSHIP = "Review group membership"
REVIEW_ASSIGNMENT = "Review application assignment"
REVIEW_ROLES = "Review admin roles"


class NotShown(Exception):
    """Okta answered, but with less than there must be."""


async def measured(name: str, proof: Coroutine[Any, Any, str]) -> Capability:
    """A capability, by trying it: what the proof returns is the evidence.

    Raises:
        Unavailable: Okta didn't answer.
    """
    try:
        return Capability(name, "yes", await proof)
    except NotShown as reason:
        return Capability(name, "no", str(reason))
    except (AuthRefused, NotFound) as error:
        return Capability(name, "no", answer(error))
    except Unavailable:
        raise
    except ProviderError as error:
        return Capability(name, "unknown", answer(error))


async def lists_members(okta: OktaClient) -> str:
    """Proof that groups and their members are shown."""
    groups = await first_page(okta.groups())
    if not groups:
        raise NotShown("GET /api/v1/groups: 200 with an empty list, where every org has a group")
    largest = max(groups, key=lambda group: group.users_count or 0)
    members = await shows(okta, "/api/v1/groups/{id}/users", largest.id)
    if largest.users_count and not members:
        raise NotShown(
            f"GET /api/v1/groups/{largest.id}/users: 200 with an empty list, "
            f"where Okta counts {largest.users_count}"
        )
    return f"GET /api/v1/groups and GET /api/v1/groups/{largest.id}/users: 200"


async def lists_admins(okta: OktaClient) -> str:
    """Proof that admin roles are shown."""
    await okta.get("/api/v1/iam/assignees/users", {"limit": 1}, _AnythingSchema())
    return "GET /api/v1/iam/assignees/users: 200"


class _AnythingSchema(ma.Schema):
    """An object of which nothing is needed but that it came."""

    class Meta:
        unknown = ma.EXCLUDE
