"""Roles in group mapping, and which of them no native group gives: Okta alone can't give those for a time."""

from rolecall import Ref, Twin
from rolecall_okta import OktaClient
from rolecall_okta_aws_federation.app_filter import NATIVE
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.provisioning.foresight import account_role
from rolecall_okta_aws_federation.provisioning.fresh_reading import begin_reading
from rolecall_okta_aws_federation.provisioning.mapped_roles import NATIVE_GROUP


async def twins(okta: OktaClient, app_id: str) -> list[Twin]:
    """See ``rolecall_twins``."""
    reading = await begin_reading(okta, app_id)
    mode = reading.mode
    if not isinstance(mode, MappingMode) or mode.group_filter is None:
        return []
    found: dict[AwsRole, list[tuple[Ref, str, str]]] = {}
    native: set[AwsRole] = set()
    async for page in okta.groups(search=mode.group_filter.search):
        for row in page:
            role = await reading.meaning(row)
            if role is None:
                continue
            source = NATIVE if row.type == NATIVE_GROUP else await reading.source_of(row) or row.type or ""
            found.setdefault(role, []).append((Ref("group", row.id), row.name, source))
            if row.type == NATIVE_GROUP:
                native.add(role)
    return [
        Twin(account_role(role), tuple(sorted(groups)), "" if role in native else _twin_name(mode, groups))
        for role, groups in sorted(found.items())
    ]


def _twin_name(mode: MappingMode, groups: list[tuple[Ref, str, str]]) -> str:
    """The name of one of its groups: it is known to be read so, and names aren't unique across sources."""
    if not mode.app_filter.admits(NATIVE_GROUP, None):
        return ""
    return min(groups)[1]
