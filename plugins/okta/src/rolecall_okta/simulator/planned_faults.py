"""Faults described as data, for programs that can't hand over Python objects.

{"method": "PUT", "path": "/users/00u1$", "nth": 1, "times": 1,
"fault": {"kind": "applied", "then": {"kind": "reset"}}}
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from rolecall_okta.simulator.faults import (
    After,
    Applied,
    Before,
    Delay,
    Fault,
    Faults,
    Html,
    Reset,
    Stall,
    Status,
    TooManyRequests,
)
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.outside import outside
from rolecall_okta.simulator.raw_json import Json, JsonObject


def plan_fault(faults: Faults, asked: JsonObject) -> None:
    """Plan the fault that ``asked`` describes; ``path`` alone is needed besides ``fault``.

    Raises:
        ValueError: There is no such fault, or it lacks something.
    """
    nth, times = asked.get("nth", 1), asked.get("times", 1)
    if not isinstance(nth, int) or nth < 1 or not (times is None or (isinstance(times, int) and times > 0)):
        msg = "nth, times: numbers from 1 (times: null is for ever)"
        raise ValueError(msg)
    try:
        fault = fault_of(asked.get("fault"))
        method, path = str(asked.get("method", ".*")), str(asked.get("path", ""))
        faults.add(path, fault, method=method, nth=nth, times=times)
    except re.error as error:
        msg = f"method, path: {error}"
        raise ValueError(msg) from error
    except (KeyError, TypeError) as error:
        msg = f"fault: {type(error).__name__}: {error}"
        raise ValueError(msg) from error


def fault_of(asked: Json) -> Fault:
    """The fault of a ``kind``, with its own keys beside that."""
    described: JsonObject = dict(asked)
    make = _KINDS.get(str(described.pop("kind", None)))
    if make is None:
        msg = f"fault: its kind is one of {', '.join(_KINDS)}"
        raise ValueError(msg)
    return make(**described)


def _before(change: JsonObject) -> Fault:
    return Before(partial(_outside, change))


def _after(change: JsonObject) -> Fault:
    return After(partial(_outside, change))


def _applied(then: JsonObject) -> Fault:
    return Applied(fault_of(then))


def _outside(change: JsonObject, org: Organisation) -> None:
    outside(org, change)


_KINDS: Final[Mapping[str, Callable[..., Fault]]] = {
    "status": Status,
    "too_many": TooManyRequests,
    "html": Html,
    "reset": Reset,
    "stall": Stall,
    "delay": Delay,
    "applied": _applied,
    "before": _before,
    "after": _after,
}
