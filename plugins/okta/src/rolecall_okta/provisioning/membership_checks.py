"""Reads before and after a change of a membership."""

from rolecall import HandOff, NotFound, Step
from rolecall_okta.client import OktaClient
from rolecall_okta.provisioning.checks import StepCheck
from rolecall_okta.provisioning.handoffs import hand_off, names_elsewhere
from rolecall_okta.provisioning.memberships import held_groups, is_member
from rolecall_okta.provisioning.people import group_named
from rolecall_okta.rights import PROVISION_DIRECTORY, PROVISION_MEMBERSHIP
from rolecall_okta.text import shown


class MembershipCheck(StepCheck):
    """For the actions in ``MEMBERSHIP_ACTIONS``."""

    right = (
        'the permission "Manage group membership" (okta.groups.members.manage) for the group and its people, '
        "or the role Group Administrator; and for an OAuth app the scope okta.groups.manage, or "
        "okta.directories.groups.manage where a directory masters the group"
    )
    lags = True

    def __init__(self, okta: OktaClient) -> None:
        self._okta = okta

    def capability(self, step: Step) -> str | None:
        """See ``StepCheck.capability``."""
        return {"api": PROVISION_MEMBERSHIP, "directory": PROVISION_DIRECTORY}.get(step.route)

    async def holds(self, step: Step) -> str:
        """See ``StepCheck.holds``."""
        group_id, user_id = _ids(step)
        try:
            group = await self._okta.group(group_id)
        except NotFound:
            return "the group is gone"
        try:
            person = await self._okta.user(user_id)
            joined = await is_member(self._okta, group, person)
        except NotFound:
            return "the person is gone"
        now = {
            "group_name": (group.name, f"the group is now called {group_named(group)}"),
            "group_type": (group.type, f"the group is of another type now ({shown(str(group.type))})"),
            "status": (person.status, f"the person is now {shown(str(person.status))}"),
            "member": (
                joined,
                "the person is in the group now" if joined else "the person isn't in the group now",
            ),
        }
        return "; ".join(
            words for key, (value, words) in now.items() if key in step.expects and step.expects[key] != value
        )

    async def shown(self, step: Step) -> bool:
        """See ``StepCheck.shown``."""
        if "member" not in step.expects:
            return False  # Okta showed the same before, so that its list proves nothing
        group_id, user_id = _ids(step)
        try:
            joined = group_id in {group.id for group in await held_groups(self._okta, user_id)}
        except NotFound:
            joined = False
        return joined == bool(step.gives)

    async def handoff(self, step: Step) -> HandOff | None:
        """See ``StepCheck.handoff``."""
        group_id, user_id = _ids(step)
        group, person = await self._okta.profiled_group(group_id), await self._okta.user(user_id)
        names = await names_elsewhere(self._okta, group, user_id) or {}
        return hand_off(group, person, names, "add" if step.gives else "remove", step.effect)


def _ids(step: Step) -> tuple[str, str]:
    (held,) = step.gives or step.takes
    return held.object.id, held.principal.id
