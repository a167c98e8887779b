"""What is read just before and after each call that changes an assignment to the app."""

from collections.abc import Mapping, Sequence

from rolecall import Step
from rolecall_okta import PROVISION_ASSIGNMENT, AppGroupRow, AppUserRow, Call, OktaClient, StepCheck
from rolecall_okta_aws_federation.federation import DIRECT, rank
from rolecall_okta_aws_federation.payloads import DEFAULT_ROLE, SAML_ROLES, read_profile_roles
from rolecall_okta_aws_federation.provisioning import app_steps
from rolecall_okta_aws_federation.provisioning.fresh_reading import read_app_group, read_app_user
from rolecall_okta_aws_federation.provisioning.things import roles_among


class AppCheck(StepCheck):
    """For steps that change an assignment to the app."""

    right = (
        "the right to assign users and groups to the app (okta.apps.assignment.manage, or an app "
        "administrator)"
    )

    def __init__(self, okta: OktaClient, app_id: str) -> None:
        self._okta = okta
        self._app_id = app_id

    def capability(self, step: Step) -> str:
        """See ``StepCheck``."""
        return PROVISION_ASSIGNMENT


class PersonCheck(AppCheck):
    """For steps that change a person's assignment.

    What was read to see a step's effect serves the next read once: it is as fresh as one made again.
    """

    def __init__(self, okta: OktaClient, app_id: str) -> None:
        super().__init__(okta, app_id)
        self._seen: dict[str, AppUserRow | None] = {}

    async def holds(self, step: Step) -> str:
        """See ``StepCheck``."""
        expects, user_id = step.expects, str(step.expects["user"])
        row = self._seen.pop(user_id) if user_id in self._seen else await self._read(step)
        scope = None if row is None else row.scope
        if scope != expects["scope"]:
            return f"the person is assigned {_worded(scope)}, not {_worded(expects['scope'])}"
        if "profile" in expects and row is not None and row.profile != expects["profile"]:
            return "the person's app profile has changed"
        if "roles" in expects and row is not None:
            now = set(read_profile_roles(row.profile).saml)
            if now != _names(expects["roles"]):
                return "the roles in the person's app profile have changed"
        return ""

    async def shown(self, step: Step) -> bool:
        """See ``StepCheck``."""
        row = self._seen[str(step.expects["user"])] = await self._read(step)
        if step.action in {app_steps.RETURN_PERSON, app_steps.UNASSIGN_PERSON}:
            return row is None or row.scope != DIRECT
        return row is not None and row.scope == DIRECT and _has_what_was_written(row.profile, step)

    def unshown(self, step: Step) -> str:
        """See ``StepCheck``."""
        if step.action == app_steps.RETURN_PERSON:
            return "Okta leaves the assignment the person's own, and doesn't give it back to the groups"
        return ""

    def take_seen(self) -> dict[str, AppUserRow | None]:
        """Assignments of people by their ids, as they were read after the last write."""
        seen, self._seen = self._seen, {}
        return seen

    async def again(self, step: Step) -> Call | None:
        """The same change made to what somebody else wrote meanwhile."""
        row = await self._read(step)
        if row is None or row.scope != DIRECT or step.action != app_steps.CHANGE_PERSON:
            return None
        profile = _merged(row.profile, step)
        return None if profile is None else Call.written("POST", step.path or "", {"profile": profile})

    async def _read(self, step: Step) -> AppUserRow | None:
        return await read_app_user(self._okta, self._app_id, str(step.expects["user"]))


class GroupCheck(AppCheck):
    """For steps that change a group's assignment; the order of all others must stay."""

    async def holds(self, step: Step) -> str:
        """See ``StepCheck``."""
        expects, group_id = step.expects, str(step.expects["group"])
        ranked = await self._ranked()
        row = next((row for row in ranked if row.id == group_id), None)
        if (row is not None) != expects["assigned"]:
            return (
                "the group is assigned to the app already" if row else "the group isn't assigned to the app"
            )
        if row is not None and (row.profile or {}) != (expects.get("profile") or {}):
            return "the profile of the group's assignment has changed"
        if [each.id for each in ranked if each.id != group_id] != _others(step):
            return "the priorities of the assigned groups have changed"
        return ""

    async def shown(self, step: Step) -> bool:
        """See ``StepCheck``."""
        row = await read_app_group(self._okta, self._app_id, str(step.expects["group"]))
        if step.action == app_steps.UNASSIGN_GROUP:
            return row is None
        return row is not None and _has_what_was_written(row.profile, step)

    async def again(self, step: Step) -> Call | None:
        """The same change made to what somebody else wrote meanwhile."""
        row = await read_app_group(self._okta, self._app_id, str(step.expects["group"]))
        if row is None or step.action != app_steps.CHANGE_GROUP:
            return None
        merged = _merged(row.profile, step)
        if merged is None:
            return None
        body = [{"op": "replace", "path": f"/profile/{SAML_ROLES}", "value": merged[SAML_ROLES]}]
        return Call.written("PATCH", step.path or "", body)

    async def misplaced(self, step: Step) -> str:
        """Empty where the groups there were and the step's win in the order foreseen, else why not."""
        foreseen, order = _expected_order(step), [row.id for row in await self._ranked()]
        if order == foreseen:
            return ""
        if [each for each in order if each in foreseen] != foreseen:
            return "the assigned groups' priorities aren't in the order that was foreseen"
        if step.action == app_steps.ASSIGN_GROUP and order[-1] != step.expects["group"]:
            return "another group was assigned at the same time, and has a lower priority now"
        return ""

    async def _ranked(self) -> list[AppGroupRow]:
        """The assigned groups, the one that wins first."""
        rows = [row async for page in self._okta.app_groups(self._app_id) for row in page]
        return sorted(rows, key=lambda row: rank(row.priority, row.id))


def _others(step: Step) -> list[str]:
    return [each for each in _texts(step.expects["priorities"]) if each != step.expects["group"]]


def _expected_order(step: Step) -> list[str]:
    """A new group comes last; a changed one stays where it was."""
    order = _texts(step.expects["priorities"])
    return [*order, str(step.expects["group"])] if step.action == app_steps.ASSIGN_GROUP else order


def _has_what_was_written(profile: Mapping[str, object] | None, step: Step) -> bool:
    """Whether a profile has every role given, with what a conversion copied, and none of those taken."""
    held = read_profile_roles(profile)
    given, taken = set(roles_among(step.gives)), set(roles_among(step.takes))
    written = _written(step)
    if step.action == app_steps.CONVERT_PERSON:
        given |= _names(written.get(SAML_ROLES))
    ended = DEFAULT_ROLE in written and written[DEFAULT_ROLE] is None
    counted = {*held.saml, held.default} if ended else set(held.saml)
    return given <= set(held.saml) and taken.isdisjoint(counted)


def _written(step: Step) -> Mapping[str, object]:
    """The profile in a step's body; empty where there is none."""
    profile = step.body.get("profile") if isinstance(step.body, Mapping) else None
    return profile if isinstance(profile, Mapping) else {}


def _merged(profile: Mapping[str, object] | None, step: Step) -> dict[str, object] | None:
    """What somebody else wrote, with the step's roles in it or out; None where that takes a new plan."""
    value, held = (profile or {}).get(SAML_ROLES) or [], read_profile_roles(profile)
    if not isinstance(value, list) or (step.gives and held.default is not None and not held.saml):
        return None
    given = [role for role in roles_among(step.gives) if role not in value]
    taken = set(roles_among(step.takes))
    return app_steps.with_roles(profile, [*(each for each in value if each not in taken), *given])


def _names(value: object) -> set[str]:
    return set(_texts(value))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str) and each] if isinstance(value, Sequence) else []


def _worded(scope: object) -> str:
    if scope is None:
        return "not at all"
    return "directly" if scope == DIRECT else "by a group"
