"""Asking for access, and for more time: everything that would be refused later is refused now."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rolecall import notices
from rolecall.builtin.requests.desk import Desk, Page
from rolecall.builtin.requests.granting import check_eligible, grant, wanted_action
from rolecall.builtin.requests.live import find_person, shown
from rolecall.builtin.requests.records import (
    OPEN,
    PROCESSING,
    WAITING,
    Request,
    end_of_access,
    find_request,
    list_requests,
    parties_source,
)
from rolecall.builtin.requests.rules import Rule, digest, first_match, rule_object, with_terms
from rolecall.builtin.requests.states import Deed, State, objection
from rolecall.builtin.requests.terms import longest_extension
from rolecall.config import Config
from rolecall.durations import duration_text
from rolecall.errors import Refused
from rolecall.ledger import ends
from rolecall.models import EntitlementRef, Ref, Trait
from rolecall.plans import Actor, Plan, PrincipalNow
from rolecall.plugin_settings import PluginSettings
from rolecall.plugins import Plugins
from rolecall.provisioning import (
    Names,
    entitlement_now,
    names_of,
    prepare,
    principal_now,
    shell_actor,
)
from rolecall.store.ledger import find_held
from rolecall.store.tasks import Task, create_task, find_task, update_task

TABLE = "requests"
AS_VARIABLE = "ROLECALL_AS"
GRACE = timedelta(minutes=1)
"""For so long the service leaves a request to the command that is granting it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Attributes:
        principal: For whom, as typed; None: for whoever asks.
        extends: The request whose access shall last longer, or None.
    """

    entitlement: EntitlementRef
    duration: timedelta
    reason: str
    principal: str | None = None
    ticket: str | None = None
    emergency: bool = False
    extends: Request | None = None


def rules_of(settings: PluginSettings) -> tuple[Rule, ...]:
    """The rules of the configuration, in order."""
    return tuple(settings.table(TABLE) or ())


def rule_for(
    plugins: Plugins, config: Config, rules: Sequence[Rule], connector: str, entitlement: EntitlementRef
) -> Rule | None:
    """The rule that an entitlement falls under, or None."""
    kind = plugins.kinds.get(config.connectors[connector].kind)
    traits = {each.id: each.trait for each in kind.resource_types} if kind else {}
    is_target = traits.get(entitlement.resource.type) is Trait.TARGET
    return first_match(rules, connector, entitlement, is_target=is_target, accounts=config.accounts)


async def wanted_entitlement(desk: Desk, name: str, text: str) -> EntitlementRef:
    """The entitlement that is meant by an id, or by the names that ``rolecall grant`` takes too.

    Raises:
        Refused: The connector holds no such entitlement, or can't provision it.
        UsageError: The text isn't of the form, or there is no such connector.
    """
    desk.engine.connector(name)
    return await entitlement_now(await desk.engine.reading(name), _names(desk, name), text)


async def create(desk: Desk, name: str, wish: Wish, acting: str | None) -> int:
    """Ask for access, and give the request's number; in an emergency, and by some rules, it is granted too.

    Args:
        desk: What to work with.
        name: The connector's.
        wish: What is asked for.
        acting: Who asks, as typed; None: whom it is for, or who the shell says.

    Raises:
        Refused: It can't be asked for, by this person, for this long, or can't be granted as it stands.
        UsageError: There is no such connector.
        ProviderError: The provider can't be read.
    """
    desk.engine.connector(name)
    rule, terms = _rule(desk, name, wish)
    connector = await desk.engine.reading(name)
    beneficiary = None
    if wish.principal is not None:
        beneficiary = await find_person(
            connector, await principal_now(connector, _names(desk, name), wish.principal)
        )
    if beneficiary is not None and acting is None and AS_VARIABLE not in os.environ:
        requester, actor = beneficiary, shell_actor(None)  # the shell speaks for them
    else:
        requester, actor = await desk.acting(connector, acting)
    beneficiary = beneficiary or requester
    for person in dict.fromkeys((requester, beneficiary)):
        await check_eligible(connector, terms, person)
    plan = await _plan(desk, name, wish, rule, beneficiary, actor)
    with desk.page() as page:
        ident = _store(desk, page, name, wish, rule, terms, requester, beneficiary, actor, plan)
    if wish.emergency or rule.auto_approve:
        await grant(desk, ident)
    return ident


async def extend(
    desk: Desk, ident: int, duration: timedelta, reason: str, ticket: str | None, acting: str | None
) -> int:
    """Ask for more time before access ends, and give the new request's number; see ``create``."""
    with desk.engine.store.reading() as connection:
        known = find_request(connection, ident)
    task = known.task
    connector = await desk.engine.reading(task.connector)
    person, _ = await desk.acting(connector, acting)
    refused = objection(known.state, Deed.EXTEND, known.parties, person.ref, approver=False)
    if refused:
        raise Refused(f"Request {ident} can't be extended by {shown(person)}: {refused}.", code="not_allowed")
    wish = Wish(
        task.entitlement,
        duration,
        reason or task.description,
        str(task.principal),
        ticket or task.ticket,
        extends=known,
    )
    return await create(desk, task.connector, wish, acting)


def _rule(desk: Desk, name: str, wish: Wish) -> tuple[Rule, Rule]:
    """The rule that decides, as configured and with the terms that apply; or why there is no way.

    Raises:
        Refused: No rule, no emergency terms, too long, or no ticket.
    """
    engine = desk.engine
    rule = rule_for(engine.plugins, engine.config, rules_of(engine.settings), name, wish.entitlement)
    if rule is None:
        raise Refused(
            f"No rule of [requests] admits {wish.entitlement} on {name}: it can't be asked for.",
            hint="what can be: rolecall jit rules",
            code="not_requestable",
        )
    if wish.emergency and rule.emergency is None:
        raise Refused(
            f"Rule {rule.name} has no emergency terms.",
            hint="ask without --emergency, and have it approved",
            code="no_emergency",
        )
    terms = with_terms(rule, emergency=wish.emergency)
    if wish.duration > terms.max_duration:
        raise Refused(
            f"{duration_text(wish.duration)} is longer than rule {rule.name} allows: "
            f"{duration_text(terms.max_duration)} at most.",
            hint="ask for less",
            code="too_long",
            facts={"max_seconds": int(terms.max_duration.total_seconds())},
        )
    if rule.ticket and not (wish.ticket or "").strip():
        raise Refused(
            f"Rule {rule.name} wants a ticket.", hint="name it: --ticket TICKET", code="ticket_needed"
        )
    return rule, terms


def _names(desk: Desk, name: str) -> Names:
    engine = desk.engine
    connector = engine.connector(name)
    kind = engine.plugins.kind(connector.kind, name)
    return names_of(engine.store, engine.config.accounts, connector, kind)


async def _plan(
    desk: Desk, name: str, wish: Wish, rule: Rule, beneficiary: PrincipalNow, actor: Actor
) -> Plan:
    """How it would be granted now; refused where it needn't or couldn't be."""
    action = wanted_action(
        desk,
        name,
        wish.entitlement,
        beneficiary.ref,
        actor,
        wish.reason,
        wish.duration,
        rule,
        wish.emergency,
        wish.ticket,
    )
    prepared = await prepare(desk.engine, action, handoff_allowed=rule.handoff)
    if prepared.plan.status == "already_granted" and wish.extends is None and _stands(desk, prepared.plan):
        raise Refused(
            f"{shown(beneficiary)} has {desk.label(wish.entitlement)} already, without an end.",
            hint="nothing needs to be asked for",
            code="already_granted",
        )
    return prepared.plan


def _stands(desk: Desk, plan: Plan) -> bool:
    """Whether access that is there already doesn't end by itself."""
    with desk.engine.store.reading() as connection:
        known = find_held(connection, plan.rests_on)
    reasons = [known[thing].reasons if thing in known else () for thing in plan.rests_on]
    return all(ends(each) is None for each in reasons)


def _store(
    desk: Desk,
    page: Page,
    name: str,
    wish: Wish,
    rule: Rule,
    terms: Rule,
    requester: PrincipalNow,
    beneficiary: PrincipalNow,
    actor: Actor,
    plan: Plan,
) -> int:
    _check_alone(page, name, wish, beneficiary.ref)
    if wish.extends is not None:
        _check_reach(page, wish, wish.extends, terms)
    at_once = wish.emergency or rule.auto_approve
    lapses_at = page.at + rule.lapse
    ident = create_task(
        page.connection,
        Task(
            "grant",
            name,
            wish.entitlement,
            beneficiary.ref,
            beneficiary.login or beneficiary.name,
            actor,
            "TASK_ORIGIN_API",
            state=OPEN,
            processing=PROCESSING if at_once else WAITING,
            source=parties_source(requester, beneficiary),
            listing="approved" if at_once else "pending",
            description=wish.reason,
            duration=wish.duration,
            lapses_at=lapses_at,
            rule=rule_object(rule),
            rule_digest=digest(rule),
            next_try_at=page.at + GRACE if at_once else lapses_at,
            meaning=plan.meaning,
            emergency=wish.emergency,
            extends=wish.extends.id if wish.extends else None,
            ticket=wish.ticket,
        ),
        at=page.at,
    )
    page.decided(
        name,
        ident,
        actor,
        "request",
        entitlement=wish.entitlement,
        principal=beneficiary.ref,
        requester=requester.ref,
        reason=wish.reason,
        ticket=wish.ticket,
        duration=wish.duration,
        rule=rule.name,
        rule_digest=digest(rule),
        emergency=wish.emergency,
        extends=wish.extends.id if wish.extends else None,
    )
    about = desk.about(find_task(page.connection, ident), page.at)
    if wish.emergency:
        update_task(page.connection, ident, "taskEscalated", actor, comment=wish.reason, at=page.at)
        ends_at = page.at + wish.duration
        page.tell(notices.emergency(about, ident, shown(requester), ends_at, desk.owners(name)))
    elif not at_once:
        page.tell(notices.request_waiting(about, ident, shown(requester), wish.duration, desk.owners(name)))
    return ident


def _check_alone(page: Page, name: str, wish: Wish, principal: Ref) -> None:
    """Refuse what is being asked for already, unless it has lapsed."""
    for each in list_requests(page.connection, [State.PENDING, State.APPROVED], name):
        lapsed = each.task.lapses_at is not None and each.task.lapses_at <= page.at
        if not lapsed and (each.task.entitlement, each.task.principal) == (wish.entitlement, principal):
            raise Refused(
                f"Request {each.id} for the same access is {each.state}.",
                hint=f"see: rolecall request show {each.id}",
                code="already_requested",
                facts={"request": each.id},
            )


def _check_reach(page: Page, wish: Wish, extended: Request, terms: Rule) -> None:
    """Refuse an extension that would reach further than the rule allows."""
    now = find_request(page.connection, extended.id)
    if now.state is not State.ACTIVE or now.task.ends_at is None:
        raise Refused(f"Request {now.id} is {now.state} meanwhile.", code="not_active")
    end = end_of_access(page.connection, now.task) or now.task.ends_at
    longest = longest_extension(page.at, terms.max_duration, end)
    if wish.duration > longest:
        most = duration_text(terms.max_duration)
        raise Refused(
            f"That would reach further than rule {terms.name} allows, which is {most} from now: "
            f"{duration_text(longest)} more at most.",
            hint="ask for less, or later",
            code="too_long",
            facts={"max_seconds": int(longest.total_seconds())},
        )
