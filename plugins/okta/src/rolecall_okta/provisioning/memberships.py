"""One person's membership of one group: what is so, and the step that makes it otherwise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from rolecall import Held, Ref, Refused, Route, Step
from rolecall_okta.calls import Call
from rolecall_okta.client import OktaClient
from rolecall_okta.provisioning.commands import Change
from rolecall_okta.provisioning.groups import GroupNow
from rolecall_okta.provisioning.handoffs import hand_off, names_elsewhere
from rolecall_okta.provisioning.held import lock_of, member_held, provider_of
from rolecall_okta.provisioning.people import group_named, person_named
from rolecall_okta.provisioning.routes import unchangeable
from rolecall_okta.provisioning.rules import chain_warnings, exclusion_warnings, giving_back, rule_named
from rolecall_okta.rows import GroupRow, UserRow
from rolecall_okta.writes import add_member_call, modify_directory_group_call, remove_member_call

ADD, REMOVE = "add_group_member", "remove_group_member"
ADD_IN_DIRECTORY, REMOVE_IN_DIRECTORY = "add_directory_group_member", "remove_directory_group_member"
HAND_OFF = "hand_off_membership"
NEVER_SHOWN = (
    "Okta doesn't list the membership, but an import may be yet to come: it is taken away in the directory."
)
MEMBERSHIP_ACTIONS = frozenset({ADD, REMOVE, ADD_IN_DIRECTORY, REMOVE_IN_DIRECTORY, HAND_OFF})


@dataclass(frozen=True, slots=True)
class Membership:
    """What was read of one person and one group.

    Attributes:
        provider: The org.
        group: The group.
        person: The person.
        is_member: Whether Okta lists the person in the group.
        names_elsewhere: What the app that masters the group calls the person; None where it knows nobody
            of theirs.
    """

    provider: str
    group: GroupNow
    person: UserRow
    is_member: bool
    names_elsewhere: Mapping[str, str] | None

    @property
    def route(self) -> Route | None:
        """Who can change it; an agent changes nothing of people whom its directory doesn't know."""
        if self.group.route == "directory" and self.names_elsewhere is None:
            return "handoff"
        return self.group.route

    @property
    def held(self) -> Held:
        """The membership as the ledger calls it, there or not."""
        return member_held(self.provider, self.group.id, self.person.id)

    @property
    def locks(self) -> tuple[str, ...]:
        """What must not be written by others meanwhile."""
        return (lock_of(self.provider, Ref("user", self.person.id)),)


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A part of a plan.

    Attributes:
        step: None where it is so already.
        rests_on: For a grant: the membership.
        warnings: What whoever decides must read.
        locks: See ``Plan.locks``.
    """

    step: Step | None
    rests_on: tuple[Held, ...] = ()
    warnings: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()


async def held_groups(okta: OktaClient, user_id: str) -> list[GroupRow]:
    """The groups of a person, Everyone included: one short list, where a group's members are a long one."""
    return [group async for page in okta.user_groups(user_id) for group in page]


async def is_member(okta: OktaClient, group: GroupRow, person: UserRow) -> bool:
    """Whether a person is in a group, by single reads.

    Raises:
        NotFound: There is no such person.
    """
    if group.is_everyone:
        return person.is_in_everyone
    return any(held.id == group.id for held in await held_groups(okta, person.id))


async def read_membership(
    okta: OktaClient, group: GroupNow, person: UserRow, held: Collection[str] | None = None
) -> Membership:
    """Read whether a person is in a group, and what is needed to change it.

    Args:
        okta: The org.
        group: The group, just read.
        person: The person, just read.
        held: Ids of the person's groups, where they were just read.

    Raises:
        NotFound: The person has vanished meanwhile.
    """
    there = group.id in held if held is not None else await is_member(okta, group.row, person)
    names = await names_elsewhere(okta, group.row, person.id)
    return Membership(provider_of(okta), group, person, there, names)


def joining(
    membership: Membership, effect: str, expects: Mapping[str, object] | None = None
) -> MembershipChange:
    """How a person gets into a group.

    Args:
        membership: What is so.
        effect: One sentence: what that gives.
        expects: What must be so just before, besides what the step says by itself.

    Raises:
        Refused: Nobody can change the group's members.
    """
    _refuse_unchangeable(membership)
    rests_on = (membership.held,)
    if membership.is_member:
        return MembershipChange(None, rests_on, locks=membership.locks)
    group = membership.group.row
    told = {
        "member": False,
        "group_name": group.name,
        "group_type": group.type,
        "status": membership.person.status,
        **(expects or {}),
    }
    step = _step(membership, "add", effect, told)
    return MembershipChange(step, rests_on, _warnings(membership, "joins it gets them"), membership.locks)


def leaving(
    membership: Membership,
    effect: str,
    *,
    accept: Collection[str] = (),
    undo: bool = False,
    expects: Mapping[str, object] | None = None,
) -> MembershipChange:
    """How a person gets out of a group.

    Args:
        membership: What is so.
        effect: One sentence: what that takes.
        accept: Codes of effects that are accepted.
        undo: Whether Rolecall takes back what it gave: then nothing may stand in the way.
        expects: What must be so just before, besides what the step says by itself.

    Raises:
        Refused: Nobody can change the group's members; or a rule gives the membership back, which can be
            accepted as ``rule_gives_back``.
    """
    unseen = undo and membership.route == "directory" and not membership.is_member
    if not membership.is_member and not unseen:
        return MembershipChange(None, locks=membership.locks)
    _refuse_unchangeable(membership)
    if not undo and "rule_gives_back" not in accept:
        _refuse_vain(membership)
    told = {
        **({} if unseen else {"member": True}),
        "group_type": membership.group.row.type,
        **(expects or {}),
    }
    step = _step(membership, "remove", effect, told)
    warnings = (
        *exclusion_warnings(membership.group.rules, membership.person.id),
        *_warnings(membership, "leaves it loses them"),
        *((NEVER_SHOWN,) if unseen else ()),
    )
    return MembershipChange(step, warnings=warnings, locks=membership.locks)


def _step(membership: Membership, change: Change, effect: str, expects: Mapping[str, object]) -> Step:
    gives, takes = ((membership.held,), ()) if change == "add" else ((), (membership.held,))
    group, person = membership.group.row, membership.person
    if membership.route == "handoff":
        names = membership.names_elsewhere or {}
        content = hand_off(group, person, names, change, effect)
        return Step(HAND_OFF, "handoff", effect, gives=gives, takes=takes, expects=expects, handoff=content)
    action, route, call = _call(membership, change)
    return Step(
        action, route, effect, call.method, call.path, call.body, gives=gives, takes=takes, expects=expects
    )


def _call(membership: Membership, change: Change) -> tuple[str, Route, Call]:
    group, user_id = membership.group.row, membership.person.id
    if membership.route == "directory":
        assert group.source_app_id is not None, "the route says that an app masters the group"
        verb: Literal["ADD", "REMOVE"] = "ADD" if change == "add" else "REMOVE"
        call = modify_directory_group_call(group.source_app_id, group.id, verb, user_id)
        return ADD_IN_DIRECTORY if change == "add" else REMOVE_IN_DIRECTORY, "directory", call
    if change == "add":
        return ADD, "api", add_member_call(group.id, user_id)
    return REMOVE, "api", remove_member_call(group.id, user_id)


def _refuse_unchangeable(membership: Membership) -> None:
    if membership.route is None:
        raise unchangeable(membership.group.row)


def _refuse_vain(membership: Membership) -> None:
    back = giving_back(membership.group.rules or (), membership.person.id)
    if not back:
        return
    rules = ", ".join(map(rule_named, back))
    raise Refused(
        f"Taking {person_named(membership.person)} out of {group_named(membership.group.row)} won't last if "
        f"an active rule matches them: {rules} has no place left for exclusions and puts them back.",
        hint="change the rule, or the attribute by which it matches the person",
        code="rule_gives_back",
        accept="rule_gives_back",
        facts={"group": membership.group.id, "rules": [rule.id for rule in back]},
    )


def _warnings(membership: Membership, administers: str) -> tuple[str, ...]:
    group, found = membership.group.row, list[str]()
    if group.has_admin_privilege:
        found.append(f"{group_named(group)} carries admin roles of Okta: whoever {administers}.")
    found += chain_warnings(membership.group.read_by)
    if group.push_mappings:
        found.append(f"Okta pushes {group_named(group)} to other apps: the change reaches them too.")
    if membership.group.route == "directory":
        if membership.names_elsewhere is None:
            found.append(
                f"The directory doesn't know {person_named(membership.person)}: Okta's agent can't do it."
            )
        else:
            found.append(
                "Okta's agent makes the change in the directory, which takes an OAuth app's credential; Okta "
                "shows it after the next import."
            )
    return tuple(found)
