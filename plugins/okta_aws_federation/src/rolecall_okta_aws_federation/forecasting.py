"""What a run will cost: of what was counted so far, or before anything is read."""

from dataclasses import replace
from math import ceil

from rolecall import Forecast
from rolecall_okta import MEMBERS, OktaClient, groups_by_id
from rolecall_okta_aws_federation.membership import GROUPS_OF, pages_by_group
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.snapshot import role_groups
from rolecall_okta_aws_federation.state import OrgState

APP_USERS_A_PAGE = 500
GROUPS_A_PAGE = 200
LOG_PAGES = 2


def announce(reader: Reader, state: OrgState, *, at_least: bool = False) -> None:
    """Tell the run what it will cost, or at least, by what it has listed so far."""
    forecast = full_forecast(reader.okta, state, by_source=reader.source is not None)
    reader.run.forecast(replace(forecast, at_least=at_least))


def full_forecast(okta: OktaClient, state: OrgState, *, by_source: bool) -> Forecast:
    """What a full run costs that finds the app users and groups of this state.

    Before the app users are listed, their number is taken from the member counts of the assigned groups.
    """
    mode = state.mode
    if isinstance(mode, MappingMode):
        group_lists, mattering = ceil(len(state.named) / GROUPS_A_PAGE), role_groups(state, mode)
    else:
        group_lists = sum(1 for _ in groups_by_id(state.assigned))
        mattering = [state.groups[group_id] for group_id in state.assigned if group_id in state.groups]
    groups = [group for group in mattering if not group.is_everyone]
    app_users = len(state.app_users) or sum(
        state.groups[group_id].users_count or 0 for group_id in state.assigned if group_id in state.groups
    )
    requests = {
        "/api/v1/apps/{id}": 1,
        "/api/v1/users/{id}": 1,
        "/api/v1/logs": LOG_PAGES,
        "/api/v1/apps/{id}/users": ceil(app_users / APP_USERS_A_PAGE) or 1,
        "/api/v1/apps/{id}/groups": ceil(len(state.assigned) / GROUPS_A_PAGE) or 1,
    }
    if not isinstance(mode, MappingMode):
        requests["/api/v1/meta/schemas/apps/{id}/default"] = 1
    if not by_source:
        requests["/api/v1/groups"] = group_lists or 1
        pages = pages_by_group(groups)
        way, members = (GROUPS_OF, app_users) if pages > app_users > 0 else (MEMBERS, pages)
        requests[way] = members
    what = "the identity source holds their members" if by_source else "their members are listed"
    basis = f"about {app_users:,} app users and {len(groups):,} groups that matter; {what}."
    return okta.forecast(requests, basis=basis)


def incremental_forecast(okta: OktaClient, state: OrgState, *, by_source: bool) -> Forecast:
    """What a run costs that finds nothing changed."""
    requests = {
        "/api/v1/apps/{id}": 1,
        "/api/v1/users/{id}": 1,
        "/api/v1/logs": LOG_PAGES,
        "/api/v1/apps/{id}/groups": ceil(len(state.assigned) / GROUPS_A_PAGE) or 1,
    }
    if not by_source:
        requests |= {"/api/v1/users": 1, "/api/v1/groups": 1}
    if not isinstance(state.mode, MappingMode):
        requests["/api/v1/meta/schemas/apps/{id}/default"] = 1
    basis = "only what changed is read: this much if nothing did, and about one more for each change."
    return okta.forecast(requests, basis=basis)
