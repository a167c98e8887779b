"""One group as it is now: who can change its members, and what fills it besides."""

from dataclasses import dataclass

from rolecall import NotFound, Route
from rolecall_okta.client import OktaClient
from rolecall_okta.provisioning.routes import route_of
from rolecall_okta.provisioning.rules import Rules, filling, looking_at, read_rules
from rolecall_okta.rows import ProfiledGroupRow


@dataclass(frozen=True, slots=True)
class GroupNow:
    """A group, just read.

    Attributes:
        row: With its profile and the app that masters it.
        route: Who can change its members; None where nobody can.
        rules: The active rules that fill it; None where they can't be read.
        read_by: The active rules that go by who is in it, as far as that shows.
    """

    row: ProfiledGroupRow
    route: Route | None
    rules: Rules | None
    read_by: Rules = ()

    @property
    def id(self) -> str:
        """Its id."""
        return self.row.id


async def read_group(
    okta: OktaClient, group_id: str, *, directory_writes: bool, rules: Rules | None = None
) -> GroupNow | None:
    """Read a group; None where there is none.

    Args:
        okta: The org.
        group_id: Its id.
        directory_writes: Whether the settings allow changes in a directory.
        rules: The active rules, where they were just read.
    """
    try:
        row = await okta.profiled_group(group_id)
    except NotFound:
        return None
    route = route_of(row, directory_writes=directory_writes)
    if rules is None and route is not None:
        rules = await read_rules(okta)
    filled_by = filling(rules, row.id) if row.type == "OKTA_GROUP" else ()  # rules fill no others
    return GroupNow(row, route, filled_by, looking_at(rules, row))
