"""Requests and plans of the store's provisioning tests, and an org that they are carried out in."""

from dataclasses import dataclass, field
from datetime import timedelta

from rolecall import EntitlementRef, Ref
from rolecall.plans import Action, Actor, Held, Plan, ProvisioningRequest, Step
from rolecall.store.writing import (
    record_answered,
    record_attempt,
    record_begins,
    record_end,
    record_ended,
    record_intent,
)

ORG = "acme.okta.example"
ADA = Ref("user", "u1")
OPERATOR = Actor("ada@acme.example", "operator_asserted", operator="ada@host")


def thing(name="g1", principal=ADA):
    return Held(ORG, Ref("group", name), principal, "member", {"was": [name]})


def member_of(name):
    return EntitlementRef(Ref("group", name), "member")


def asked(operation="grant", name="g1", hours=None, *, undo=(), via=None, **facts):
    duration = None if hours is None else timedelta(hours=hours)
    request = ProvisioningRequest(operation, member_of(name), ADA, via=via, undo=tuple(undo))
    facts = {"actor": OPERATOR, "reason": "it is needed", **facts}
    return Action(facts.pop("connector", "okta"), "okta", request=request, duration=duration, **facts)


def grant_plan(name="g1", things=(), there=()):
    """The plan for a grant that rests on things, of which some are there already."""
    steps = tuple(_step("PUT", each, gives=(each,)) for each in things if each not in there)
    status = "planned" if steps else "already_granted"
    return Plan("grant", member_of(name), ADA, "ada@acme.example", status, steps, rests_on=tuple(things))


def revoke_plan(name="g1", things=()):
    steps = tuple(_step("DELETE", each, takes=(each,)) for each in things)
    status = "planned" if steps else "already_revoked"
    return Plan("revoke", member_of(name), ADA, "ada@acme.example", status, steps)


def _step(method, each, **effect):
    path = f"/api/v1/groups/{each.object.id}/users/{each.principal.id}"
    return Step("change_member", "api", "changes a member", method, path, **effect)


@dataclass
class Org:
    """What is there, and a writer that can be stopped after any number of the things it does."""

    store: object
    there: set = field(default_factory=set)
    requests: int = 0

    def do(self, request, plan, until=None, ends_at=None):
        """Carry a plan out, and give what is on record; ``until``: killed after so many of its doings."""
        left = [10**6 if until is None else until]
        recorded = self._doing(left, record_intent, request, plan)
        return recorded and self._steps(left, recorded, plan, ends_at)

    def resume(self, action_id, plan, ends_at=None):
        left = [10**6]
        return self._steps(left, self._doing(left, record_attempt, action_id, plan), plan, ends_at)

    def _steps(self, left, recorded, plan, ends_at):
        for n, step in enumerate(plan.steps):
            self._doing(left, record_begins, recorded.action, n, step.method, step.path)
            if left[0] > 0:
                left[0] -= 1
                self.there |= set(step.gives)
                self.there -= set(step.takes)
            self.requests += 1
            self._doing(left, record_answered, recorded.action, n, 204, f"req-{self.requests}")
            self._doing(left, record_ended, recorded.action, n, "applied")
        status = "applied" if plan.steps else plan.status
        end = self._doing(left, record_end, recorded.action, status, verified=True, ends_at=ends_at)
        return end or recorded

    def _doing(self, left, record, *given, **named):
        if left[0] <= 0:
            return None
        left[0] -= 1
        with self.store.writing() as connection:
            return record(connection, *given, **named)
