"""What a run will cost, as far as the lists read so far tell."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rolecall import Forecast
from rolecall_okta.asking import groups_by_id, moved_groups
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.state import State
from rolecall_okta.members import MEMBERS, member_pages
from rolecall_okta.rows import GroupRow

PEOPLE_A_PAGE = 200
LOG_PAGES = 2


@dataclass(slots=True)
class Workload:
    """The requests of a run that reads everything, counted while groups are listed.

    Attributes:
        people: How many Okta counts in the group Everyone: all but those who are DEPROVISIONED.
        people_listed: How many were listed so far.
        group_pages: Pages of the group list.
        member_pages: Pages of members.
        groups: Groups whose members are read.
        admin_groups: Groups whose admin roles are read.
        all_groups: Whether they were all listed.
        all_people: Likewise.
    """

    people: int = 0
    people_listed: int = 0
    group_pages: int = 0
    member_pages: int = 0
    groups: int = 0
    admin_groups: int = 0
    all_groups: bool = False
    all_people: bool = False

    def list_groups(self, page: Iterable[GroupRow]) -> None:
        """Count a page of the group list in."""
        self.group_pages += 1
        for group in page:
            if group.is_everyone:
                self.people = group.users_count or 0
            self.admin_groups += group.has_admin_privilege is True

    def read_members(self, group: GroupRow) -> None:
        """Count the members of a group in."""
        self.groups += member_pages(group) > 0
        self.member_pages += member_pages(group)

    def forecast(self, okta: OktaClient) -> Forecast:
        """In requests and time; people who are DEPROVISIONED count once they were listed."""
        people = max(self.people, self.people_listed)
        requests = {
            "/api/v1/users": -(-people // PEOPLE_A_PAGE),
            "/api/v1/users/{id}": 1,
            "/api/v1/groups": self.group_pages,
            MEMBERS: self.member_pages,
            "/api/v1/groups/{id}/roles": self.admin_groups,
            "/api/v1/logs": LOG_PAGES,
        }
        basis = f"{people:,} people and the members of {self.groups:,} groups"
        counted = self.all_groups and (self.all_people or self.people > 0)
        return replace(okta.forecast(requests, basis=basis), at_least=not counted)


async def foresee_everything(okta: OktaClient, settings: Settings, wanted: frozenset[str]) -> Forecast:
    """The cost of reading everything, from the list of groups with Okta's counts of their members."""
    work = Workload()
    async for page in okta.groups(**settings.scope.narrowing()):
        work.list_groups(page)
        for group in page:
            if _reads_members(settings, wanted, group):
                work.read_members(group)
    work.all_groups = True
    return work.forecast(okta)


async def foresee_changes(
    okta: OktaClient, settings: Settings, wanted: frozenset[str], known: State
) -> Forecast:
    """The cost of reading what changed, from the list of groups that moved."""
    work = Workload()
    async for page in okta.groups(filter=moved_groups(known.since)):
        work.group_pages += 1
        for group in page:
            if _reads_members(settings, wanted, group) and known.members_moved(group, known.since):
                work.read_members(group)
    new = set() if settings.members == "all" else known.newly_wanted(wanted)
    requests = {
        "/api/v1/users": 1,
        "/api/v1/users/{id}": 1,
        "/api/v1/groups": max(work.group_pages, 1) + sum(1 for _ in groups_by_id(new)),
        MEMBERS: work.member_pages + len(new),
        "/api/v1/logs": LOG_PAGES,
    }
    moved = work.groups + len(new)
    return okta.forecast(requests, basis=f"what moved since the last run: the members of {moved:,} groups")


def _reads_members(settings: Settings, wanted: frozenset[str], group: GroupRow) -> bool:
    asked_for = settings.members == "all" or group.id in wanted
    return settings.scope.admits(group) and asked_for and not group.is_everyone
