"""Names for what people have in an org, in one spelling whichever connector gives it."""

from collections.abc import Mapping

from rolecall import MEMBER, Held, Ref
from rolecall_okta.client import OktaClient

ASSIGNED = "assigned"


def provider_of(okta: OktaClient) -> str:
    """The org: what the ledger's things and the locks begin with."""
    return okta.domain.netloc


def member_held(provider: str, group_id: str, user_id: str) -> Held:
    """A person's membership of a group."""
    return Held(provider, Ref("group", group_id), Ref("user", user_id), MEMBER)


def assigned_held(
    provider: str, app_id: str, principal: Ref, detail: Mapping[str, object] | None = None
) -> Held:
    """An assignment to an app of a person's own, or a group's."""
    return Held(provider, Ref("app", app_id), principal, ASSIGNED, detail or {})


def lock_of(provider: str, ref: Ref) -> str:
    """What must not be written by two at once: everything that concerns this person, group or app."""
    return f"{provider}/{ref}"
