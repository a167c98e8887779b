"""What Okta's refusal of a write means to whoever wanted it."""

import re
from collections.abc import Callable

from rolecall import AuthRefused, NotFound, Plan, ProviderError, Refused, RolecallError, Step
from rolecall_okta.answers import answer
from rolecall_okta.provisioning.checks import StepCheck
from rolecall_okta.rights import Rights, may_write

ALREADY = frozenset({"E0000062", "E0000090", "E0000263"})
"""409s that say that it is so already."""

_MEANINGS = {
    "E0000023": ("another system masters the profile", "change it in that system"),
    "E0000038": ("Okta doesn't allow it in the person's current status", "look at the account in Okta first"),
    "E0000046": (
        "groups of the person still assign the app, and Okta forbids to unassign it meanwhile",
        "take the person out of those groups, or give the assignment back to them",
    ),
    "E0000075": (
        "a mapping in Okta sets the attribute",
        "change the mapping, or what it takes the value from",
    ),
    "E0000117": ("the person isn't active in Okta", "activate the account first"),
}
_KINDS = {
    "User": "the person is gone from Okta",
    "UserGroup": "the group is gone from Okta",
    "AppInstance": "the app is gone from Okta",
    "AppUser": "the assignment is gone from Okta",
    "AppGroup": "the group's assignment is gone from Okta",
}
_KIND = re.compile(r"\((\w+)\) \(404\b")
"""Okta names the kind of what is missing in brackets at its sentence's end; ours goes on with the status."""


def refusal_of(error: ProviderError, right: str, *, partly: bool) -> RolecallError:
    """The error for a write that Okta refused; nothing was written by it.

    Args:
        error: Okta's answer.
        right: What the credential needs for it.
        partly: Whether steps before it were carried out: then it is no plain refusal any more.
    """
    meaning = _meaning(error, right)
    if meaning is None:
        return error
    what, hint, code = meaning
    message = f"Okta refused: {what} ({answer(error)}{_request(error)})."
    if not partly:
        facts = {"okta_error_code": error.provider_code, "request_id": error.request_id}
        return Refused(message, hint=hint, code=code, facts={k: v for k, v in facts.items() if v is not None})
    return ProviderError(
        message,
        hint=hint,
        code=code,
        status=error.status,
        provider_code=error.provider_code,
        request_id=error.request_id,
        method=error.method,
        path=error.path,
    )


def refuse_impossible(
    rights: Rights, plan: Plan, check_of: Callable[[Step], StepCheck], *, by_agent: bool
) -> list[str]:
    """Refuse a plan of which a step is certain to fail, before its first call.

    Args:
        rights: What the credential may do.
        plan: The plan.
        check_of: The reads for a step.
        by_agent: Whether the credential can ask a directory's agent; if not, such a step is handed off.

    Returns:
        What can't be told before, one sentence for each right.

    Raises:
        Refused: The credential lacks the right to a step.
    """
    unsure: dict[str, str] = {}
    for step in plan.steps:
        if step.route == "handoff":
            break  # what comes after it is planned again
        check = check_of(step)
        capability = check.capability(step)
        if capability is None or (step.route == "directory" and not by_agent):
            continue
        measured = may_write(rights, capability)
        if measured.allowed == "no":
            raise Refused(
                f"Cannot carry this out with this credential: {measured.evidence}.",
                hint=f"give it {check.right}",
                code="right_missing",
            )
        if measured.allowed == "unknown":
            unsure[capability] = f"Whether the credential may do this can't be told: {measured.evidence}."
    return list(unsure.values())


def missing(error: NotFound) -> str:
    """What isn't there, as half a sentence."""
    kind = _KIND.search(error.message)
    return _KINDS.get(kind[1], "it is gone from Okta") if kind else "it is gone from Okta"


def _meaning(error: ProviderError, right: str) -> tuple[str, str, str] | None:
    if isinstance(error, NotFound) and error.code == NotFound.code:
        return missing(error), "sync, and look who and what is there", "gone"
    if isinstance(error, AuthRefused) and error.code in {"right_missing", "feature_missing"}:
        return "the credential lacks a right", f"give it {right}", "right_missing"
    if error.provider_code in _MEANINGS:
        return *_MEANINGS[error.provider_code], "okta_refused"
    return None


def _request(error: ProviderError) -> str:
    return f", request {error.request_id}" if error.request_id else ""
