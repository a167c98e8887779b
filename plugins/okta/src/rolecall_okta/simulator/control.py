"""The simulator's own paths, for benchmarks and tests in another process; off unless asked for.

POST /simulator/change       {"seed": 1, "count": 20, "kinds": ["join", "leave"], "among": "role"}
    changes the org at random (see ``changes``) and answers {"changes": [{"kind", "text", "users",
    "groups", "apps"}]}; every key is optional
GET  /simulator/stats        {"served", "by_path", "refused", "refused_by", "admitted_by"}
POST /simulator/stats/reset  the same, and counts from zero then
GET  /simulator/state        what is really so (see ``state``)
POST /simulator/outside      {"do": "add_member", "group": "Admins", "user": "ada@acme.example"}
    another administrator changes the org (see ``outside``); or a list of such changes
POST /simulator/behaviour    {"assignment_lag": 2}: set switches (see ``behaviour``)
POST /simulator/import       {} or {"directory": "corp.acme.example"}: run an import now
POST /simulator/clock        {"advance": 3600}: put the org's clock forward; answers {"now": seconds}
POST /simulator/client       {"client_id": "0oaService", "profile": "super"}: change a service app
POST /simulator/faults       plan a fault (see ``planned_faults``)
POST /simulator/faults/clear forget those planned
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, Final

from rolecall_okta.simulator.changes import AMONG, KINDS, change_at_random
from rolecall_okta.simulator.clients_file import alter_client
from rolecall_okta.simulator.clock import Clock
from rolecall_okta.simulator.exchange import Receive, Scope, Send, read_body
from rolecall_okta.simulator.outside import outside
from rolecall_okta.simulator.planned_faults import plan_fault
from rolecall_okta.simulator.raw_json import Json, JsonObject, encode
from rolecall_okta.simulator.state import state_of

if TYPE_CHECKING:
    from rolecall_okta.simulator.server import Simulator

_MOST_CHANGES: Final = 100_000


class BadRequest(ValueError):
    """What the caller sent can't be used."""


class Control:
    """Answers for one simulator."""

    paths = "/simulator/"

    def __init__(self, okta: "Simulator") -> None:
        self.okta = okta
        self._answers: Mapping[tuple[str, str], Callable[[bytes], JsonObject]] = {
            ("POST", "/simulator/change"): self.change,
            ("GET", "/simulator/stats"): self.stats,
            ("POST", "/simulator/stats/reset"): self.reset,
            ("GET", "/simulator/state"): self.state,
            ("POST", "/simulator/outside"): self.outside,
            ("POST", "/simulator/behaviour"): self.behaviour,
            ("POST", "/simulator/import"): self.run_import,
            ("POST", "/simulator/clock"): self.clock,
            ("POST", "/simulator/client"): self.client,
            ("POST", "/simulator/faults"): self.fault,
            ("POST", "/simulator/faults/clear"): self.no_faults,
        }

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only this machine gets more than a refusal."""
        body = await read_body(receive)
        status, shown = self._reply(scope, body)
        encoded = encode(shown)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(encoded))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": encoded})

    def change(self, body: bytes) -> JsonObject:
        """Make random changes.

        Raises:
            BadRequest: The body isn't of the form above.
        """
        asked = _read(body)
        seed, count, kinds, among = (
            asked.get(name, usual)
            for name, usual in (("seed", 0), ("count", 1), ("kinds", list(KINDS)), ("among", None))
        )
        if not isinstance(count, int) or not 0 <= count <= _MOST_CHANGES:
            msg = f"count: a number up to {_MOST_CHANGES}"
            raise BadRequest(msg)
        if not isinstance(kinds, list) or not kinds or any(kind not in KINDS for kind in kinds):
            msg = f"kinds: some of {', '.join(KINDS)}"
            raise BadRequest(msg)
        if among is not None and among not in AMONG:
            msg = f"among: one of {', '.join(AMONG)}"
            raise BadRequest(msg)
        random = Random(str(seed))
        made = [change_at_random(self.okta.org, random, kinds, among=among) for _ in range(count)]
        return {"changes": [asdict(change) for change in made]}

    def stats(self, body: bytes = b"") -> JsonObject:
        okta, limits = self.okta, self.okta.limits
        return {
            "served": okta.served,
            "by_path": dict(okta.served_by),
            "refused": limits.refused,
            "refused_by": dict(limits.refused_by),
            "admitted_by": dict(limits.admitted_by),
        }

    def reset(self, body: bytes = b"") -> JsonObject:
        told = self.stats()
        self.okta.served = 0
        for counter in (self.okta.served_by, self.okta.limits.refused_by, self.okta.limits.admitted_by):
            counter.clear()
        return told

    def state(self, body: bytes = b"") -> JsonObject:
        return state_of(self.okta.org)

    def outside(self, body: bytes) -> JsonObject:
        """Make changes as another administrator; a list is made as far as it goes."""
        asked = _json(body)
        changes = asked if isinstance(asked, list) else [asked]
        for number, change in enumerate(changes):
            if not isinstance(change, dict):
                msg = f"change {number}: an object is expected"
                raise BadRequest(msg)
            outside(self.okta.org, change)
        return {"changed": len(changes)}

    def behaviour(self, body: bytes) -> JsonObject:
        self.okta.org.behaviour.alter(_read(body))
        return asdict(self.okta.org.behaviour)

    def run_import(self, body: bytes) -> JsonObject:
        named = _read(body).get("directory")
        directory = None if named is None else self.okta.org.app(str(named))
        if named is not None and directory is None:
            msg = f"no directory {named!r}"
            raise LookupError(msg)
        self.okta.org.run_import(directory)
        return {}

    def clock(self, body: bytes) -> JsonObject:
        """Put the org's clock forward.

        Raises:
            BadRequest: It goes by the time of day, or would be put back.
        """
        seconds, clock = _read(body).get("advance", 0), self.okta.org.clock
        if not isinstance(clock, Clock):
            msg = "this simulator's clock can't be put forward"
            raise BadRequest(msg)
        if not isinstance(seconds, int | float) or seconds < 0:
            msg = "advance: a number of seconds"
            raise BadRequest(msg)
        clock.pass_by(seconds)
        self.okta.org.catch_up()
        return {"now": clock()}

    def client(self, body: bytes) -> JsonObject:
        asked = _read(body)
        client = self.okta.clients.get(str(asked.pop("client_id", None)))
        if client is None:
            msg = "client_id: there is no such service app"
            raise LookupError(msg)
        alter_client(client, asked)
        return {}

    def fault(self, body: bytes) -> JsonObject:
        plan_fault(self.okta.faults, _read(body))
        return {}

    def no_faults(self, body: bytes) -> JsonObject:
        self.okta.faults.clear()
        return {}

    def _reply(self, scope: Scope, body: bytes) -> tuple[int, JsonObject]:
        if not _is_here(scope):
            return 403, {"error": "only for programs of this machine"}
        answer = self._answers.get((scope["method"], scope["path"]))
        if answer is None:
            known = ", ".join(" ".join(each) for each in self._answers)
            return 404, {"error": f"there is {known}"}
        try:
            self.okta.org.catch_up()
            return 200, answer(body)
        except ValueError as error:
            return 400, {"error": str(error)}
        except LookupError as error:
            return 409, {"error": str(error)}


def _is_here(scope: Scope) -> bool:
    address, _ = scope["client"]
    return ip_address(address).is_loopback


def _json(body: bytes) -> Json:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise BadRequest(str(error)) from error


def _read(body: bytes) -> JsonObject:
    asked = _json(body)
    if not isinstance(asked, dict):
        msg = "an object is expected"
        raise BadRequest(msg)
    return asked
