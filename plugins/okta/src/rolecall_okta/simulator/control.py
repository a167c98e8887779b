"""The simulator's own paths, for benchmarks and tests in another process; off unless asked for.

POST /simulator/change       {"seed": 1, "count": 20, "kinds": ["join", "leave"], "among": "role"}
    changes the org at random (see ``changes``) and answers {"changes": [{"kind", "text", "users",
    "groups", "apps"}]}; every key is optional
GET  /simulator/stats        {"served", "by_path", "refused", "refused_by", "admitted_by"}
POST /simulator/stats/reset  the same, and counts from zero then
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, Final

from rolecall_okta.simulator.changes import AMONG, KINDS, change_at_random
from rolecall_okta.simulator.exchange import Receive, Scope, Send
from rolecall_okta.simulator.raw_json import Json, JsonObject, encode

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
        }

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only this machine gets more than a refusal."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
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

    def _reply(self, scope: Scope, body: bytes) -> tuple[int, JsonObject]:
        if not _is_here(scope):
            return 403, {"error": "only for programs of this machine"}
        answer = self._answers.get((scope["method"], scope["path"]))
        if answer is None:
            known = ", ".join(" ".join(each) for each in self._answers)
            return 404, {"error": f"there is {known}"}
        try:
            return 200, answer(body)
        except BadRequest as error:
            return 400, {"error": str(error)}
        except LookupError as error:
            return 409, {"error": str(error)}


def _is_here(scope: Scope) -> bool:
    address, _ = scope["client"]
    return ip_address(address).is_loopback


def _read(body: bytes) -> JsonObject:
    try:
        asked: Json = json.loads(body or b"{}")
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if not isinstance(asked, dict):
        msg = "an object is expected"
        raise BadRequest(msg)
    return asked
