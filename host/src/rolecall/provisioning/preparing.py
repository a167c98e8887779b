"""The first half of every write: may it be done at all, how, and does a policy object? Nothing is written."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rolecall.connectors import OpenConnector
from rolecall.errors import PluginError, Refused, RolecallError
from rolecall.ledger import serves_only
from rolecall.models import Ref
from rolecall.plans import Action, Json, Plan, ProvisioningRequest
from rolecall.provisioning.elsewhere import with_elsewhere
from rolecall.provisioning.engine import Engine
from rolecall.store.ledger import holdings_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that policies have let pass, and that was or will be shown.

    Attributes:
        action: With the principal as the plan found it.
        made_at: When the plan was made, on the monotonic clock.
        handoff_allowed: Whether access that ends may be given by hand-off.
    """

    action: Action
    plan: Plan
    made_at: float
    handoff_allowed: bool = False


async def prepare(
    engine: Engine,
    action: Action,
    *,
    handoff_allowed: bool = False,
    expected: Mapping[str, Json] | None = None,
) -> Prepared:
    """Plan an action with the connector's ordinary credential, and have every policy speak on it.

    Args:
        engine: What to work with.
        action: What is wanted; ``request.made`` is filled in from the ledger.
        handoff_allowed: Whether access that ends may be given by hand-off: a rule says so.
        expected: ``Plan.meaning`` that the entitlement must still have, such as when it was approved.

    Raises:
        Refused: By the configuration, the provider's rules, a policy, or since the meaning is another one.
        ConfigError: A secret isn't there.
        PluginError: A plugin doesn't keep its contract.
        ProviderError: The provider can't be read.
    """
    permit(engine, action)
    try:
        connector = await engine.reading(action.connector)
        action = replace(action, request=await _found(engine, connector, action))
        return await plan_with(engine, connector, action, handoff_allowed=handoff_allowed, expected=expected)
    except RolecallError as error:
        error.connector = action.connector
        raise


async def plan_with(
    engine: Engine,
    connector: OpenConnector,
    action: Action,
    *,
    handoff_allowed: bool,
    expected: Mapping[str, Json] | None = None,
) -> Prepared:
    """See ``prepare``; with an open connector, for a principal that was found."""
    made_at = time.monotonic()
    plan = await connector.plan(_with_made(engine, action.request))
    _check(plan, action.request)
    plan = with_elsewhere(engine.store, engine.others(action.connector), plan)
    action = replace(action, request=replace(action.request, principal=plan.principal))
    if expected is not None and plan.meaning != expected:
        raise Refused(
            f"{action.request.entitlement} doesn't mean any more what it meant when this was approved.",
            hint="look at it again, and ask again",
            code="meaning_changed",
            facts={"meant": expected, "means": plan.meaning},
        )
    if action.duration is not None and not handoff_allowed and any(step.handoff for step in plan.steps):
        raise Refused(
            "Access that ends can't be given by a person outside, who would have to end it in time too.",
            hint="grant it without --for, or request it by a rule that allows this (handoff = true); "
            "see also: rolecall jit twins",
            code="handoff_not_allowed",
        )
    engine.plugins.ask_policies(action=action, plan=plan, settings=engine.settings)
    return Prepared(action, plan, made_at, handoff_allowed)


def permit(engine: Engine, action: Action) -> None:
    """Refuse what the configuration doesn't let anybody write, before any plugin runs.

    Raises:
        Refused: Provisioning is off, the actor isn't known well enough, or a policy may be missing.
        UsageError: There is no such connector.
    """
    connector = engine.connector(action.connector)
    if action.dry_run:
        return
    if connector.provisioning == "off":
        raise Refused(
            f"Provisioning is off for {action.connector}; nothing was planned.",
            hint=f'to see what would be done: --dry-run; to switch it on: provisioning = "on" under '
            f"[connectors.{action.connector}] in {engine.config.path.name}",
            code="provisioning_off",
        )
    required = engine.config.provisioning.require_assurance
    if required and action.actor.assurance == "operator_asserted":
        raise Refused(
            f"{action.actor.name} is only asserted by whoever is at the shell, and "
            f'provisioning.require_assurance = "{required}".',
            hint="sign in on the web side",
            code="assurance_required",
        )
    broken = [info for info in engine.plugins.inventory if info.state == "broken"]
    if broken and not action.request.undo:  # what Rolecall gave for a time must end in spite of it
        names = ", ".join(f"{info.name} ({info.reason})" for info in broken)
        raise Refused(
            f"Plugins are broken that may be policies, so nothing is written: {names}.",
            hint="repair them, or name them in plugins.disabled",
            code="plugin_broken",
        )


def _with_made(engine: Engine, request: ProvisioningRequest) -> ProvisioningRequest:
    """The request, saying what the ledger holds of the principal now.

    For a revocation, only what nothing else rests on: of this, more may go than what is asked for.
    """
    if not isinstance(request.principal, Ref):
        return request
    with engine.store.reading() as connection:
        made = [each for each in holdings_of(connection, request.principal) if each.made]
    if request.operation == "revoke":
        made = [each for each in made if serves_only(each, request.entitlement)]
    return replace(request, made=tuple(each.held for each in made))


async def _found(engine: Engine, connector: OpenConnector, action: Action) -> ProvisioningRequest:
    """The request with its principal found at the provider, where no run knew the name."""
    principal = action.request.principal
    if isinstance(principal, Ref):
        return action.request
    found = await connector.find(principal)
    if found is None:
        raise Refused(
            f"Nobody is known as '{principal}', neither by the last sync nor by the provider.",
            hint="check the login, e-mail address or group name; or give user:ID or group:ID",
            code="unknown_principal",
        )
    return replace(action.request, principal=found.ref)


def _check(plan: Plan, request: ProvisioningRequest) -> None:
    """A plan for something else than was asked for is never carried out."""
    wanted = (request.operation, request.entitlement, request.principal)
    if (plan.operation, plan.entitlement, plan.principal) != wanted:
        raise PluginError("rolecall_plan gave a plan for something else than was requested.")
    if bool(plan.steps) == (plan.status != "planned"):
        raise PluginError(f"rolecall_plan gave a plan that is {plan.status} with {len(plan.steps)} steps.")
