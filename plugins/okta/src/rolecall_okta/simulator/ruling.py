"""What group rules do in a served org: they put people into groups, and take back whom they put there."""

from functools import partial
from typing import TYPE_CHECKING, Final

from rolecall_okta.simulator.objects import Group, GroupRule, User
from rolecall_okta.simulator.rule_expressions import Test, parse
from rolecall_okta.simulator.system_log import group_target, rule_target, user_target

if TYPE_CHECKING:
    from rolecall_okta.simulator.register import Register

MOST_EXCLUDED: Final = 100


class Ruling:
    """Carries out the active rules of one org.

    Whom a rule doesn't match any more it takes out of its groups, but only if it put them there, and
    only while it is active: a rule that is deactivated leaves its members where they are.
    """

    def __init__(self, org: "Register") -> None:
        self.org = org
        self._tests: dict[str, Test | None] = {}

    def begin(self) -> None:
        """The org is about to be served: its active rules have acted, long ago."""
        for rule in self._active():
            for user in self.org.users:
                if self._matches(rule, user):
                    for group in rule.groups:
                        self.org.add_member(group, user)
                        rule.managed.add((group.id, user.id))

    def activated(self, rule: GroupRule) -> None:
        self._later(partial(self._apply_to_all, rule))

    def person_turned(self, user: User, *, by: Group | None = None) -> None:
        """A person's profile, status or (``by``) membership in a group changed."""
        rules = [rule for rule in self._active() if by not in rule.groups]
        if rules:
            self._later(partial(self._apply_to, user, rules))

    def taken_out_by_hand(self, group: Group, user: User) -> bool:
        """Have the rules that fill the group exclude the person; whether one has no room left for that."""
        comes_back = False
        for rule in self._active():
            if group not in rule.groups or not self._matches(rule, user):
                continue
            rule.managed.discard((group.id, user.id))
            if len(rule.excluded) < MOST_EXCLUDED:
                rule.excluded.append(user)
                rule.last_updated = self.org.now()
                targets = [rule_target(rule), user_target(user), group_target(group)]
                self.org.log.write("group.user_membership.rule.add_exclusion", targets)
            else:
                comes_back = True
        return comes_back

    def _active(self) -> list[GroupRule]:
        return [rule for rule in self.org.rules if rule.status == "ACTIVE" and self._test(rule) is not None]

    def _apply_to_all(self, rule: GroupRule) -> None:
        for user in list(self.org.users):
            self._apply(rule, user)

    def _apply_to(self, user: User, rules: list[GroupRule]) -> None:
        for rule in rules:
            self._apply(rule, user)

    def _apply(self, rule: GroupRule, user: User) -> None:
        if rule not in self._active() or self.org.user_by_id(user.id) is None:
            return
        meant = self._matches(rule, user)
        with self.org.log.by_itself():
            for group in rule.groups:
                key = (group.id, user.id)
                if self.org.group_by_id(group.id) is None:
                    continue
                if meant and group not in user.groups:
                    rule.managed.add(key)
                    self.org.add_member(group, user)
                elif not meant and key in rule.managed:
                    rule.managed.discard(key)
                    if not any(key in other.managed for other in self._active()):
                        self.org.remove_member(group, user, by_hand=False)

    def _matches(self, rule: GroupRule, user: User) -> bool:
        test = self._test(rule)
        return (
            test is not None
            and user.status != "DEPROVISIONED"
            and user not in rule.excluded
            and test(user, self.org.groups_of(user))
        )

    def _test(self, rule: GroupRule) -> Test | None:
        if rule.expression not in self._tests:
            self._tests[rule.expression] = parse(rule.expression)
        return self._tests[rule.expression]

    def _later(self, action: partial[None]) -> None:
        self.org.agenda.after(self.org.behaviour.rule_lag, action)
