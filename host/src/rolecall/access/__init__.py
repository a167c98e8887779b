"""Effective access: which person holds which entitlement of a target, by which paths, and why."""

from rolecall.access.holding import held_among
from rolecall.access.people import Person, find_people
from rolecall.access.question import ask
from rolecall.access.rows import AccessRow, Via, effective_access

__all__ = ["AccessRow", "Person", "Via", "ask", "effective_access", "find_people", "held_among"]
