"""A ``Writing`` that remembers, and plans of one step."""

from dataclasses import dataclass, field

from rolecall import EntitlementRef, Plan, Ref


@dataclass
class Notes:
    """What a connector said of its writes: ``["PUT /api/v1/…", 204, "applied"]``."""

    patience: float = 5.0
    said: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    request_ids: list = field(default_factory=list)
    outcomes: dict = field(default_factory=dict)

    def begins(self, step, method, path):
        self.said.append(f"{method} {path}")

    def answered(self, step, status, request_id):
        self.said.append(status)
        self.request_ids.append(request_id)

    def ended(self, step, outcome, why=""):
        self.said.append(outcome)
        self.outcomes[step] = (outcome, why)

    def log(self, message):
        self.lines.append(message)

    @property
    def writes(self):
        return [each for each in self.said if isinstance(each, str) and " " in each]


def plan_of(*steps, operation="grant", person="00u1"):
    group = EntitlementRef(Ref("group", "00g1"), "member")
    return Plan(operation, group, Ref("user", person), "ada@acme.example", steps=steps)
