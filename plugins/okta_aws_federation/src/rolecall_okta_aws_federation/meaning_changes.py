"""In group mapping a name is authority: what the names of groups gave at the last run, and give now.

Both sides are worked out with the memberships of now, so that who merely joined or left a group isn't told.
Nothing here does I/O.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolecall import EntitlementRef, Finding, Ref
from rolecall_okta import GroupRow
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.findings import concerning, described, finding, listed, people_do, quoted
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.payloads import AwsSettings
from rolecall_okta_aws_federation.snapshot import role_groups
from rolecall_okta_aws_federation.state import OrgState

MOST_NAMED = 10


def meaning_changes(before: OrgState, after: OrgState, deleted: Collection[str] = ()) -> list[Finding]:
    """A finding for each group that gives another role than before, and for each setting that decides.

    Args:
        before: The org at the last published run.
        after: The org now.
        deleted: Ids of groups of which the log tells that they were deleted: that is no other name.
    """
    if _are_alike(before, after):
        return []
    was, now = _meanings(before), _meanings(after)
    settings = _changed_settings(before.app.settings, after.app.settings) if was or now else []
    if after.incomplete or (was == now and not settings):
        return []
    members = _members(before, after, was.keys() | now.keys())
    comparison = _Comparison(before, after, was, now, members, _groups_of(members), _givers(now))
    found = [comparison.of_setting(name, change) for name, change in settings]
    for group_id in sorted(was.keys() | now.keys()):
        moved = was.get(group_id) != now.get(group_id)
        explained = group_id in deleted or (settings and not comparison.is_renamed(group_id))
        if moved and not explained:
            found.append(comparison.of_group(group_id))
    return found


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two meanings of the same memberships.

    Attributes:
        before: The org at the last run.
        after: The org now.
        was: Group's id → what its name gave.
        now: Group's id → what its name gives.
        members: Group's id → ids of its people.
        groups_of: Person's id → ids of their groups.
        givers: What names give → ids of the groups that give it.
    """

    before: OrgState
    after: OrgState
    was: Mapping[str, AwsRole]
    now: Mapping[str, AwsRole]
    members: Mapping[str, frozenset[str]]
    groups_of: Mapping[str, Sequence[str]]
    givers: Mapping[AwsRole, Sequence[str]]

    def of_setting(self, name: str, change: str) -> Finding:
        gains, loses = set[str](), set[str]()
        for person in self.groups_of:
            held, holds = self._roles(self.was, person), self._roles(self.now, person)
            if holds - held:
                gains.add(person)
            if held - holds:
                loses.add(person)
        return finding(
            "role_group_meaning_changed", name, change=f"{name} {change}", effect=self._effect(gains, loses)
        )

    def of_group(self, group_id: str) -> Finding:
        was, now = self.was.get(group_id), self.now.get(group_id)
        people = self.members[group_id]
        gains = {each for each in people if now is not None and now not in self._roles(self.was, each)}
        loses = {each for each in people if was is not None and was not in self._roles(self.now, each)}
        facts = {"change": self._change(group_id, was, now), "effect": self._effect(gains, loses)}
        role = now or was
        assert role is not None, "one of the two differs from the other"
        concerned = EntitlementRef(Ref("account", role.account), role.role)
        return concerning(concerned, finding("role_group_meaning_changed", Ref("group", group_id), **facts))

    def is_renamed(self, group_id: str) -> bool:
        """Whether both runs know the group, by different names."""
        names = [
            state.groups[group_id].name for state in (self.before, self.after) if group_id in state.groups
        ]
        return len(set(names)) > 1

    def _change(self, group_id: str, was: AwsRole | None, now: AwsRole | None) -> str:
        if now is None:
            name = self.before.group_name(group_id)
            return f"The group {name} gave {_role(was)}, and is gone, called otherwise, or no longer admitted"
        twins = sorted(self.after.group_name(other) for other in self.givers[now] if other != group_id)
        too = f", which {listed(twins, MOST_NAMED)} also gives" if twins else ""
        gives = f"The group {self.after.group_name(group_id)} gives {_role(now)}{too}"
        if was is not None:
            called = (
                f" was called {self.before.group_name(group_id)} and" if self.is_renamed(group_id) else ""
            )
            return f"{gives}; it{called} gave {_role(was)}"
        if self.is_renamed(group_id):
            return f"{gives}; it was called {self.before.group_name(group_id)} and gave no role"
        return f"{gives}; it is new, was called otherwise, or wasn't admitted"

    def _roles(self, meanings: Mapping[str, AwsRole], person: str) -> set[AwsRole]:
        return {meanings[group_id] for group_id in self.groups_of[person] if group_id in meanings}

    def _effect(self, gains: Collection[str], loses: Collection[str]) -> str:
        parts = [
            f"{people_do(len(people), verb)} a role: {self._names(people)}"
            for people, verb in ((gains, "gain"), (loses, "lose"))
            if people
        ]
        return "; ".join(parts) or "nobody who is assigned to the app gains or loses a role"

    def _names(self, people: Iterable[str]) -> str:
        return listed(sorted(map(self._name, people)), MOST_NAMED)

    def _name(self, person: str) -> str:
        number = self.after.people.number(person)
        return quoted(person) if number is None else self.after.people.name(number)


def _meanings(state: OrgState) -> dict[str, AwsRole]:
    """What each admitted group gives; nothing where names give nothing."""
    mode = state.mode
    if not isinstance(mode, MappingMode):
        return {}
    return {group.id: state.named[group.id].meaning for group in role_groups(state, mode)}


def _members(before: OrgState, after: OrgState, group_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Ids of assigned people in each group, as they are now, or were where nobody reads it any more."""
    assigned = frozenset(after.people.row(number).id for number in after.app_users)
    return {
        group_id: frozenset(_listed_members(before, after, group_id)) & assigned for group_id in group_ids
    }


def _listed_members(before: OrgState, after: OrgState, group_id: str) -> Iterator[str]:
    for state in (after, before):
        row = state.groups.get(group_id)
        if row is not None and row.is_everyone:
            people = map(state.people.row, state.app_users)
            yield from (person.id for person in people if person.is_in_everyone)
            return
        if group_id in state.members:
            yield from (state.people.row(number).id for number in state.members[group_id])
            return


def _groups_of(members: Mapping[str, frozenset[str]]) -> Mapping[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for group_id, people in members.items():
        for person in people:
            groups[person].append(group_id)
    return groups


def _givers(meanings: Mapping[str, AwsRole]) -> Mapping[AwsRole, list[str]]:
    givers: defaultdict[AwsRole, list[str]] = defaultdict(list)
    for group_id, role in meanings.items():
        givers[role].append(group_id)
    return givers


def _are_alike(before: OrgState, after: OrgState) -> bool:
    """Whether it is plain that no name means anything else: usual, and quickly seen."""
    return (
        before.app.settings == after.app.settings
        and before.sources == after.sources
        and before.named == after.named
        and all(_decides(before.groups[each]) == _decides(after.groups[each]) for each in after.named)
    )


def _decides(row: GroupRow) -> tuple[str | None, ...]:
    """The part of a group by which its name counts."""
    return row.name, row.type, row.source_app_id, row.source_app_name


def _changed_settings(before: AwsSettings, after: AwsSettings) -> list[tuple[str, str]]:
    """Settings by which names mean what they mean: name, and what has become of it."""
    pairs = {
        "useGroupMapping": (before.use_group_mapping, after.use_group_mapping),
        "groupFilter": (before.group_filter, after.group_filter),
        "appFilter": (before.app_filter, after.app_filter),
    }
    return [
        (name, f"is {described(now)}, and was {described(was)}")
        for name, (was, now) in pairs.items()
        if was != now
    ]


def _role(role: AwsRole | None) -> str:
    return "no role" if role is None else quoted(f"{role.account}/{role.role}")
