"""The members of one group, as many as Okta counts: a list that is shorter is read once more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from rolecall import NotFound
from rolecall_okta.client import OktaClient
from rolecall_okta.rows import GroupRow, JsonObject

MEMBERS = "/api/v1/groups/{id}/users"
A_PAGE = 1000


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=HasId)


@dataclass(frozen=True, slots=True)
class MemberList(Generic[Row]):
    """A group's members.

    Attributes:
        rows: Each once.
        begun: A time at which the reading had not begun yet, by Okta's clock; None where that isn't known.
        missing_of: How many Okta counts, where the list is shorter even when read twice; else None.
    """

    rows: list[Row]
    begun: datetime | None
    missing_of: int | None = None


def member_pages(group: GroupRow) -> int:
    """Requests that listing a group's members takes; one where their number isn't known."""
    return 1 if group.users_count is None else -(-group.users_count // A_PAGE)


async def read_members(
    okta: OktaClient, group: GroupRow, project: Callable[[JsonObject], Row]
) -> MemberList[Row] | None:
    """Read a group's members; None when the group is gone. An empty group costs no request."""
    if group.users_count == 0:
        return MemberList([], okta.server_time)
    try:
        found = await _listed(okta, group.id, project)
        if group.users_count is None or len(found.rows) >= group.users_count:
            return found
        counted = (await okta.group(group.id)).users_count  # some may have left since it was listed
        if counted is None or len(found.rows) >= counted:
            return found
        again = await _listed(okta, group.id, project)
    except NotFound:
        return None
    return again if len(again.rows) >= counted else MemberList(again.rows, again.begun, counted)


async def _listed(okta: OktaClient, group_id: str, project: Callable[[JsonObject], Row]) -> MemberList[Row]:
    begun = okta.server_time
    listing = okta.pages(MEMBERS, {"limit": A_PAGE}, project, ids=(group_id,))
    return MemberList([row async for page in listing for row in page], begun)
