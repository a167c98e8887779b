"""Policy as values, and what a plan does that it forbids."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from re import Pattern

from rolecall import MEMBER, Account, Action, EntitlementRef, Held, Operation, Plan, Ref
from rolecall.durations import duration_text

ASSIGNED = "assigned"
ACCOUNT = "account"
NAMED_AT_MOST = 3

Lookup = Callable[[str], Account | None]
"""Account id → what the accounts file says of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is about. What isn't given narrows nothing; groups widen what the rest says.

    Attributes:
        connector: Glob of the connector's name.
        accounts: Account ids, and globs of names.
        tags: Tags that the account must have, each with the values that do.
        roles: Globs of the role.
        groups: Groups whose membership is meant.
    """

    connector: str = "*"
    accounts: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    groups: frozenset[Ref] = frozenset()


@dataclass(frozen=True, slots=True)
class Protected:
    """What nobody gets, or nobody loses, by Rolecall.

    Attributes:
        why: A sentence for whoever is refused; may be empty.
    """

    scope: Scope
    operations: frozenset[Operation] = frozenset({"grant"})
    why: str = ""


@dataclass(frozen=True, slots=True)
class Longest:
    """How long access may last at most; access without an end isn't given at all."""

    scope: Scope
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy.

    Attributes:
        require_reason: Whether people must say why.
        ticket: What the ticket of a grant, or its reason, must contain, or None.
    """

    protected: tuple[Protected, ...] = ()
    max_duration: tuple[Longest, ...] = ()
    require_reason: bool = False
    ticket: Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Veto:
    """Why a plan is forbidden, and what would be allowed."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Change:
    """Access that somebody gets or loses by a plan; ``name`` says who, ``connector`` where."""

    connector: str
    entitlement: EntitlementRef
    name: str


def vetoes(policy: Policy, action: Action, plan: Plan, account: Lookup) -> Iterator[Veto]:
    """Everything in a plan that the policy forbids.

    What Rolecall itself gave and takes back since its time is over is never held up. Taking away is held up
    only by a rule that says so, and never because an account isn't known.
    """
    if action.request.undo:
        return
    gives, takes = _given(action.connector, plan), _taken(action.connector, plan)
    for number, protected in enumerate(policy.protected):
        if "grant" in protected.operations:
            yield from _protection(number, protected, gives, account, "gives")
        if "revoke" in protected.operations:
            yield from _protection(number, protected, takes, account, "takes away")
    for longest in policy.max_duration:
        yield from _overlong(longest, action, gives, account)
    yield from _unsaid(policy, action)


def applies(scope: Scope, connector: str, entitlement: EntitlementRef, account: Lookup) -> bool | None:
    """Whether an entitlement is within a scope; None where only the accounts file could tell, and doesn't."""
    if not fnmatchcase(connector, scope.connector):
        return False
    if entitlement.slug == MEMBER and entitlement.resource in scope.groups:
        return True
    narrowed = bool(scope.accounts or scope.tags or scope.roles)
    if not narrowed:
        return not scope.groups
    if entitlement.slug in (MEMBER, ASSIGNED):  # neither is a role, whatever the glob says
        return False
    if scope.roles and not any(_like(entitlement.slug, role) for role in scope.roles):
        return False
    return _in_accounts(scope, entitlement.resource, account)


def _in_accounts(scope: Scope, resource: Ref, account: Lookup) -> bool | None:
    if not (scope.accounts or scope.tags):
        return True
    if resource.id in scope.accounts and not scope.tags:
        return True
    known = account(resource.id)
    if known is None:
        # Only an account can be one that is meant by a name or a tag that nobody has written down.
        by_id_alone = not scope.tags and all(each.isdigit() for each in scope.accounts)
        return None if resource.type == ACCOUNT and not by_id_alone else False
    named = not scope.accounts or any(each == known.id or _like(known.name, each) for each in scope.accounts)
    return named and all(known.tags.get(tag) in values for tag, values in scope.tags.items())


def _like(name: str, glob: str) -> bool:
    """Whether a name fits, in any case: providers part no two roles by case alone, and people write both."""
    return fnmatchcase(name.casefold(), glob.casefold())


def _given(connector: str, plan: Plan) -> list[Change]:
    """What people have afterwards, the entitlement named included."""
    named = [Change(connector, plan.entitlement, plan.principal_name)] if plan.operation == "grant" else []
    joined = _memberships(connector, plan, (held for step in plan.steps for held in step.gives))
    gained = [Change(connector, gain, each.name) for each in plan.effects for gain in each.gains]
    return [*named, *joined, *gained, *_elsewhere(plan)]


def _taken(connector: str, plan: Plan) -> list[Change]:
    named = [Change(connector, plan.entitlement, plan.principal_name)] if plan.operation == "revoke" else []
    left = _memberships(connector, plan, (held for step in plan.steps for held in step.takes))
    lost = [Change(connector, loss, each.name) for each in plan.effects for loss in each.loses]
    return [*named, *left, *lost, *_elsewhere(plan)]


def _elsewhere(plan: Plan) -> Iterator[Change]:
    """What comes or goes with a membership in other connectors."""
    for connector, entitlement in plan.elsewhere:
        yield Change(connector, entitlement, plan.principal_name)


def _memberships(connector: str, plan: Plan, things: Iterable[Held]) -> list[Change]:
    """Memberships that steps give or take, whether or not the connector's effects speak of groups."""
    return [
        Change(
            connector,
            EntitlementRef(held.object, MEMBER),
            plan.principal_name if held.principal == plan.principal else str(held.principal),
        )
        for held in things
        if held.mechanism == MEMBER
    ]


def _protection(
    number: int,
    protected: Protected,
    changes: Iterable[Change],
    account: Lookup,
    does: str,
) -> Iterator[Veto]:
    certain, doubtful = _within(protected.scope, changes, account)
    why = f" ({protected.why})" if protected.why else ""
    hint = f"who answers for the policy can change policy.protected[{number}]"
    if certain:
        yield Veto("protected", f"This {does} what is protected{why}: {_told(certain)}.", hint)
    elif doubtful and does == "gives":
        yield Veto(
            "account_unknown",
            f"Whether this {does} what is protected can't be told, since the accounts file lacks the "
            f"account: {_told(doubtful)}.",
            "add the account to the accounts file",
        )


def _overlong(longest: Longest, action: Action, gives: Iterable[Change], account: Lookup) -> Iterator[Veto]:
    if action.duration is not None and action.duration <= longest.longest:
        return
    certain, doubtful = _within(longest.scope, gives, account)
    if not (certain or doubtful):
        return
    asked = "without an end" if action.duration is None else f"for {duration_text(action.duration)}"
    limit = duration_text(longest.longest)
    unknown = "" if certain else "; the accounts file lacks the account, so the rule is taken to hold"
    yield Veto(
        "too_long",
        f"Access {asked} is longer than the {limit} that the policy allows for "
        f"{_told(certain or doubtful)}{unknown}.",
        f"ask for {limit} at most: --for",
    )


def _unsaid(policy: Policy, action: Action) -> Iterator[Veto]:
    grants = action.request.operation == "grant"
    if policy.require_reason and not action.reason.strip() and (grants or action.actor.assurance != "system"):
        yield Veto("reason_missing", "The policy wants a reason, and none was given.", "say why: --reason")
    elif policy.ticket is not None and grants and not _names_ticket(policy.ticket, action):
        yield Veto(
            "ticket_missing",
            "The policy wants a ticket's number, and none was given.",
            f"name it: --ticket, or in --reason; it looks like {policy.ticket.pattern}",
        )


def _names_ticket(ticket: Pattern[str], action: Action) -> bool:
    return any(ticket.search(text) for text in (action.ticket, action.reason) if text)


def _within(scope: Scope, changes: Iterable[Change], account: Lookup) -> tuple[list[Change], list[Change]]:
    """The changes within the scope, and those of which that can't be told."""
    judged = [(change, applies(scope, change.connector, change.entitlement, account)) for change in changes]
    return [change for change, held in judged if held], [change for change, held in judged if held is None]


def _told(changes: list[Change]) -> str:
    texts = list(dict.fromkeys(f"{change.entitlement} for {_line(change.name)}" for change in changes))
    more = f" and {len(texts) - NAMED_AT_MOST} more" if len(texts) > NAMED_AT_MOST else ""
    return ", ".join(texts[:NAMED_AT_MOST]) + more


def _line(text: str) -> str:
    return " ".join(text.split())
