"""Invented organisations of any size: the same recipe and seed give the same org, id by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from rolecall_okta.simulator import aws
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta.simulator.organisation import Organisation

PATTERNS: Final = {
    "account_first": (aws.ACCOUNT_FIRST, "aws_{account}_{role}"),
    "account_first_anchored": (f"^{aws.ACCOUNT_FIRST}$", "aws_{account}_{role}"),
    "role_first": (aws.ROLE_FIRST, "aws#{alias}#{role}#{account}"),
    "doubled_backslashes": (aws.ROLE_FIRST.replace("\\", "\\\\"), "aws#{alias}#{role}#{account}"),
}
"""Group filters by name, each with the shape of the group names it matches."""

_FIRST = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Ken",
    "Radia",
    "Dennis",
    "Frances",
    "Donald",
    "Joan",
    "Tim",
)
_LAST = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Thompson",
    "Perlman",
    "Ritchie",
    "Allen",
    "Knuth",
)
_ROLES = (
    "Admin",
    "ReadOnly",
    "PowerUser",
    "Billing",
    "Auditor",
    "DataEngineer",
    "Deploy",
    "Support",
    "Security",
)
_TEAMS = (
    "Platform",
    "Payments",
    "Search",
    "Mobile",
    "Finance",
    "People",
    "Legal",
    "Support",
    "Sales",
    "Research",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an org is to look. Sizes are averages; shares are of one."""

    people: int = 200
    groups: int = 80
    """All groups, role groups, entry groups and decoys among them, without Everyone."""
    role_groups: int = 40
    """With group mapping: groups whose name means an account and a role. Without: groups assigned
    to the app with roles of their own."""
    accounts: int = 4
    app_users: int = 60
    mode: Literal["mapping", "single"] = "mapping"
    pattern: str = "account_first"
    """One of ``PATTERNS``."""
    app_filter: str = "okta, active_directory"
    join_all_roles: bool = False
    union: bool = False
    role_group_size: int = 8
    group_size: int = 10
    entry_groups: int = 2
    """With group mapping: groups that are assigned to the app and give no role."""
    decoys: int = 3
    """Groups named like role groups that an app masters which ``app_filter`` doesn't admit."""
    direct_share: float = 0.2
    """Of the app's people: assigned directly."""
    directory_share: float = 0.5
    """Of the role groups: from Active Directory."""
    outsider_share: float = 0.05
    """Of the members of role groups: not assigned to the app."""
    suspended_share: float = 0.02
    staged_share: float = 0.01
    deactivated_share: float = 0.02
    """Of the people; they are in no group and on no app."""


def generate(recipe: Recipe | None = None, *, seed: int = 0) -> Organisation:
    """An organisation by the recipe, with one AWS app."""
    return _Generator(recipe or Recipe(), seed).organisation()


class _Generator:
    def __init__(self, recipe: Recipe, seed: int) -> None:
        self.recipe = recipe
        self.random = Random(seed)
        self.org = Organisation(seed=seed)

    def organisation(self) -> Organisation:
        recipe = self.recipe
        people = self.people()
        working = [user for user in people if user.status != "DEPROVISIONED"]
        on_app = self.random.sample(working, min(recipe.app_users, len(working)))
        direct = on_app[: int(len(on_app) * recipe.direct_share)]
        through_groups = on_app[len(direct) :]
        if recipe.mode == "mapping":
            app = self.mapping_app()
            assigned = self.entry_groups(through_groups)
            special = [*assigned, *self.role_groups(on_app, working), *self.decoys(working)]
        else:
            app = self.single_account_app()
            assigned = special = self.assigned_groups(through_groups, direct)
        ordinary = self.ordinary_groups(max(0, recipe.groups - len(special)), working)
        self.org.keep_users(people)
        self.org.keep_groups([*special, *ordinary])
        self.assign(app, direct, assigned)
        return self.org

    def people(self) -> list[User]:
        recipe = self.recipe
        bounds = (
            (recipe.deactivated_share, "DEPROVISIONED"),
            (recipe.suspended_share, "SUSPENDED"),
            (recipe.staged_share, "STAGED"),
        )
        people = []
        for number in range(recipe.people):
            first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
            login = f"{first}.{last}.{number}@acme.example".lower()
            status, draw = "ACTIVE", self.random.random()
            for share, name in bounds:
                if draw < share:
                    status = name
                    break
                draw -= share
            people.append(self.org.new_user(login, status=status, first_name=first, last_name=last))
        return people

    def mapping_app(self) -> App:
        return self.org.add_aws_app(
            use_group_mapping=True,
            join_all_roles=self.recipe.join_all_roles,
            group_filter=PATTERNS[self.recipe.pattern][0],
            app_filter=self.recipe.app_filter,
            identity_provider_arn=None,
        )

    def single_account_app(self) -> App:
        return self.org.add_aws_app(
            join_all_roles=self.recipe.join_all_roles,
            union=self.recipe.union,
            identity_provider_arn=f"arn:aws:iam::{account_id(0)}:saml-provider/OKTA",
            roles=[role_name(number) for number in range(len(_ROLES) * 2)],
        )

    def entry_groups(self, people: Sequence[User]) -> list[Group]:
        """Everyone of these in one of the groups, and some in another too."""
        groups = [self.org.new_group(f"AWS users {number + 1}") for number in range(self.recipe.entry_groups)]
        if groups:
            self.spread(people, groups)
        return groups

    def role_groups(self, on_app: Sequence[User], working: Sequence[User]) -> list[Group]:
        recipe, directory = self.recipe, self.org.add_directory()
        groups = []
        for number in range(recipe.role_groups):
            source = directory if self.random.random() < recipe.directory_share else None
            group = self.org.new_group(self.role_group_name(number), source=source)
            size = self.size(recipe.role_group_size)
            outside = sum(self.random.random() < recipe.outsider_share for _ in range(size))
            members = {*self.some(on_app, size - outside), *self.some(working, outside)}
            group.members = list(members)
            groups.append(group)
        return groups

    def decoys(self, working: Sequence[User]) -> list[Group]:
        if not self.recipe.decoys:
            return []
        elsewhere = self.org.add_app("slack", "Chat")
        groups = []
        for number in range(self.recipe.decoys):
            group = self.org.new_group(self.role_group_name(number), source=elsewhere)
            group.members = self.some(working, self.size(self.recipe.role_group_size))
            groups.append(group)
        return groups

    def assigned_groups(self, people: Sequence[User], direct: Sequence[User]) -> list[Group]:
        """Groups with roles of their own, holding these people and some of the direct ones."""
        groups = [
            self.org.new_group(f"AWS {_TEAMS[number % len(_TEAMS)]} {number + 1}")
            for number in range(self.recipe.role_groups)
        ]
        if groups:
            self.spread(people, groups)
            self.spread(direct[: len(direct) // 2], groups)
        return groups

    def ordinary_groups(self, count: int, working: Sequence[User]) -> list[Group]:
        groups = []
        for number in range(count):
            group = self.org.new_group(f"{_TEAMS[number % len(_TEAMS)]} team {number + 1}")
            group.members = self.some(working, self.size(self.recipe.group_size))
            groups.append(group)
        return groups

    def assign(self, app: App, direct: Sequence[User], groups: Sequence[Group]) -> None:
        if self.recipe.mode == "mapping":
            for user in direct:
                self.org.assign_user(app, user, saml_roles=[])
            for group in groups:
                self.org.assign_group(app, group, saml_roles=[])
            return
        for user in direct:
            self.org.assign_user(app, user, saml_roles=self.some_roles())
        for group in groups:
            self.org.assign_group(app, group, saml_roles=self.some_roles())

    def spread(self, people: Sequence[User], groups: Sequence[Group]) -> None:
        for user in people:
            first = self.random.choice(groups)
            second = self.random.choice(groups)
            first.members.append(user)
            if second is not first and self.random.random() < 0.3:
                second.members.append(user)

    def role_group_name(self, number: int) -> str:
        account = account_id(number % self.recipe.accounts)
        role = role_name(number // self.recipe.accounts)
        alias = f"acme-{account[-4:]}"
        return PATTERNS[self.recipe.pattern][1].format(account=account, role=role, alias=alias)

    def some_roles(self) -> list[str]:
        return [
            role_name(number)
            for number in self.random.sample(range(len(_ROLES) * 2), self.random.randint(1, 3))
        ]

    def some(self, people: Sequence[User], size: int) -> list[User]:
        return self.random.sample(people, min(size, len(people)))

    def size(self, average: int) -> int:
        """Mostly small, sometimes none, sometimes ten times the average."""
        return int(self.random.expovariate(1 / average)) if average else 0


def account_id(number: int) -> str:
    """The id of the nth AWS account: twelve digits, the first account's with a zero in front."""
    return f"{(12_345_678_901 + number * 7_919_191_919) % 10**12:012d}"


def role_name(number: int) -> str:
    cycle, place = divmod(number, len(_ROLES))
    return _ROLES[place] if cycle == 0 else f"{_ROLES[place]}-{cycle + 1}"
