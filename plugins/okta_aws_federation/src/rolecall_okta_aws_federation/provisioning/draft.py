"""A plan in the making: the steps so far, what they change, and what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rolecall import Held, Ref, Step
from rolecall_okta import MembershipChange
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen
from rolecall_okta_aws_federation.provisioning.org_now import Change, OrgNow, one_after_another


@dataclass(slots=True)
class Draft:
    """What is to be done.

    Attributes:
        changes: What each step does to the org.
        rests_on: What the access rests on besides what the rules tell.
        locks: See ``Plan.locks``.
        instead: How less could be taken, where that can be; for the refusal to take more.
    """

    steps: list[Step] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rests_on: list[Held] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    instead: str = ""

    @property
    def change(self) -> Change:
        """All that the steps do."""
        return one_after_another(self.changes)

    @property
    def gives(self) -> list[Held]:
        """All that the steps give."""
        return [held for step in self.steps for held in step.gives]

    def do(self, step: Step, change: Change) -> None:
        """Add a step."""
        self.steps.append(step)
        self.changes.append(change)

    def take_membership(self, part: MembershipChange, change: Change) -> None:
        """Add what a membership needs: nothing but its locks where it is so already."""
        if part.step is not None:
            self.do(part.step, change)
        self.rests_on += part.rests_on
        self.warnings += part.warnings
        self.locks += part.locks

    def join(self, other: "Draft") -> None:
        """Add another's steps after these."""
        self.steps += other.steps
        self.changes += other.changes
        self.rests_on += other.rests_on
        self.warnings += other.warnings
        self.locks += other.locks


def on_nothing(_: Foreseen) -> Sequence[Held]:
    """A revocation by a person leaves nothing of theirs."""
    return ()


@dataclass(frozen=True, slots=True)
class Outline:
    """What is to be done, for whom, and what is so now.

    Attributes:
        name: The principal's: a login, or a group's name.
        org: With everybody whom the steps may touch.
        draft: Without steps where it is so already.
        meaning: See ``Plan.meaning``.
        rests_on: See ``Plan.rests_on``; asked once it is known what will be.
        writes_on: What the steps write to besides memberships: locked.
    """

    principal: Ref
    name: str
    org: OrgNow
    draft: Draft
    meaning: Mapping[str, object]
    rests_on: Callable[[Foreseen], Sequence[Held]] = on_nothing
    writes_on: tuple[Ref, ...] = ()
