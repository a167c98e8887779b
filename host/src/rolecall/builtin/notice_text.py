"""A notice as lines of plain text: what e-mail and chat show of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rolecall import Notice
from rolecall.output import safe

_FACTS = {
    "reason": "Reason",
    "entitlement_id": "Entitlement",
    "principal": "Principal",
    "requester": "Asked for by",
    "ends_at": "Ends at",
    "due_at": "Due at",
    "cause": "Why",
    "why": "Why",
}


def notice_lines(notice: Notice) -> list[str]:
    """The sentence, then the facts, one a line; what can't be seen in a text from outside is written out."""
    lines = [notice.summary, "", f"Connector: {notice.connector}"]
    if notice.task is not None:
        lines.append(f"Task: {notice.task}")
    lines += [f"{label}: {notice.facts[name]}" for name, label in _FACTS.items() if notice.facts.get(name)]
    error = notice.facts.get("error")
    if isinstance(error, Mapping) and error.get("hint"):
        lines.append(f"Way forward: {error['hint']}")
    handoff = notice.facts.get("handoff")
    if isinstance(handoff, Mapping):
        lines += ["", *_handoff_lines(handoff)]
    return [safe(line) for line in lines]


def _handoff_lines(handoff: Mapping[str, Any]) -> Iterator[str]:
    change = (
        "Add the person to the group" if handoff["change"] == "add" else "Remove the person from the group"
    )
    yield f"To do: {change}."
    yield f"System: {handoff['system']}"
    for what in ("group", "person"):
        names = ", ".join(f"{name} {value}" for name, value in handoff[f"{what}_names"].items())
        yield f"{what.capitalize()}: {handoff[what]}" + (f" ({names})" if names else "")
    yield f"Effect: {handoff['effect']}"
    command, *more = str(handoff.get("command", "")).split("\n")
    if command:
        yield f"Command: {command}"
        yield from more
