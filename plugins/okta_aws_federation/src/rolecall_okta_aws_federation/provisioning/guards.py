"""What a write must not do, or only where whoever asks accepts it; each refusal says what would change."""

from collections.abc import Callable, Iterable

from rolecall import Effect, EntitlementRef, ProvisioningRequest, Ref, Refused
from rolecall_okta import shown
from rolecall_okta_aws_federation.findings import listed, quoted
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen, foresee, is_account_role
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow, Person, leaves
from rolecall_okta_aws_federation.provisioning.things import switched_on

OTHERS_LOSE = "others_lose"
GIVES_NOTHING = "gives_nothing"
GAINS_MORE = "gains_more"
UNKNOWN_ROLE = "unknown_role"
SHOWN = 50
"""People named in a refusal."""
NAMED = 5
"""Roles named in its message."""


def guard(request: ProvisioningRequest, principal: Ref, foreseen: Foreseen, instead: str = "") -> None:
    """Refuse what nobody asked for; ``instead`` says how less could be taken.

    Raises:
        Refused: A role is taken that wasn't asked for (``others_lose``), or one is switched on
            (``gains_more``); ``facts`` name the people. What the ledger takes back is never refused.
    """
    if request.undo:
        return
    asked_for = _taken_on_purpose(request, principal)
    losing = [
        (effect, lost)
        for effect in foreseen.effects
        if (
            lost := [
                each for each in effect.loses if is_account_role(each) and not asked_for(effect.person, each)
            ]
        )
    ]
    if losing and OTHERS_LOSE not in request.accept:
        raise _refused(OTHERS_LOSE, "would take", losing, instead)
    gaining = [
        (effect, gained)
        for effect in foreseen.effects
        if (gained := [each for each in effect.gains if is_account_role(each) and _is_extra(request, each)])
    ]
    if gaining and GAINS_MORE not in request.accept:
        raise _refused(GAINS_MORE, "would also give", gaining)


def refuse_nothing(request: ProvisioningRequest, message: str, hint: str) -> None:
    """Refuse a grant that gives nothing, unless that is accepted.

    Raises:
        Refused: With ``gives_nothing``.
    """
    if GIVES_NOTHING not in request.accept:
        raise Refused(message, code=GIVES_NOTHING, accept=GIVES_NOTHING, hint=hint)


def inherited(
    org: OrgNow, person: Person, entitlement: EntitlementRef, groups: Iterable[Ref], names: dict[str, str]
) -> Refused:
    """The refusal to take from a person what groups give; ``facts`` say what leaving each would change."""
    paths = sorted(groups)
    named = ", ".join(f"{quoted(names.get(path.id) or path.id)} ({path})" for path in paths)
    choices = [
        {
            "id": str(path),
            "name": names.get(path.id, ""),
            "change": f"take {quoted(person.name)} out of the group",
            "effects": [_told(effect) for effect in foresee(org, leaves(person.id, path.id)).felt],
        }
        for path in paths
    ]
    several = "the group" if len(paths) == 1 else "the groups"
    hint = f"end that path with --via {paths[0]}" if paths else "look at it in Okta"
    return Refused(
        f"{quoted(person.name)} has {shown(str(entitlement))} through {several} "
        f"{named or 'of which Okta names none'}, so it can't be taken from them directly.",
        code="inherited",
        hint=f"{hint}; rolecall explain lists what each path would change" if paths else hint,
        facts={"groups": choices},
    )


def _taken_on_purpose(request: ProvisioningRequest, principal: Ref) -> Callable[[Ref, EntitlementRef], bool]:
    """Whether a loss is what was asked for: the role itself, or what hangs on what is taken from a person."""
    whole = principal.type == "user" and (request.via is not None or not is_account_role(request.entitlement))
    along = switched_on(request.made)

    def purposely(person: Ref, lost: EntitlementRef) -> bool:
        if request.operation == "grant":
            return False
        if person == principal and (whole or str(lost) in along):
            return True
        return lost == request.entitlement

    return purposely


def _is_extra(request: ProvisioningRequest, gained: EntitlementRef) -> bool:
    """Membership and assignment are asked for with all that they give; a role is asked for alone."""
    if request.operation == "revoke":
        return True
    return is_account_role(request.entitlement) and gained != request.entitlement


def _refused(
    code: str, verb: str, touched: list[tuple[Effect, list[EntitlementRef]]], instead: str = ""
) -> Refused:
    first, roles = touched[0]
    others = f" and {len(touched) - 1} more" if len(touched) > 1 else ""
    what = listed([quoted(str(role)) for role in roles], NAMED)
    ending = (
        f"from {quoted(first.name)}{others}" if code == OTHERS_LOSE else f"to {quoted(first.name)}{others}"
    )
    people = [
        {"person": str(effect.person), "name": effect.name, "entitlements": [str(role) for role in roles]}
        for effect, roles in touched[:SHOWN]
    ]
    return Refused(
        f"This {verb} {what} {ending}.",
        code=code,
        accept=code,
        hint=instead or "look at who gains and loses what",
        facts={"people": people, "count": len(touched)},
    )


def _told(effect: Effect) -> dict[str, object]:
    return {
        "person": str(effect.person),
        "name": effect.name,
        "gains": [str(each) for each in effect.gains],
        "loses": [str(each) for each in effect.loses],
    }
