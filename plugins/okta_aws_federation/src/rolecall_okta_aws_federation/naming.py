"""What a group's name means, put into the state."""

from rolecall_okta import GroupRow
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.group_filter import GroupFilter
from rolecall_okta_aws_federation.state import NamedGroup, OrgState


def take_named_group(state: OrgState, row: GroupRow, names: GroupFilter) -> bool:
    """Judge a group by its name, and keep it if that matches."""
    state.named.pop(row.id, None)
    state.nameless.discard(row.id)
    if not row.name:
        if names.search is None:
            state.nameless.add(row.id)
        return False
    meaning = names.read(row.name)
    if meaning is None:
        return False
    state.describe_group(row)
    role = AwsRole(meaning.account, meaning.role)
    state.named[row.id] = NamedGroup(role, names.is_ambiguous(row.name))
    return True
