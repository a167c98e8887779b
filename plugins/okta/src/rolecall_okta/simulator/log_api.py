"""``GET /api/v1/logs``: the System Log as Okta serves it, in its two forms.

*Polling* (no ``until``, ascending) follows the order of persistence and always gives a ``next`` link.
*Bounded* (anything else) goes by ``published`` and ends. A cursor belongs to the query it came with.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import OktaError, invalid_filter
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.paging import cursor, link_headers, read_cursor
from rolecall_okta.simulator.raw_json import Json, encode
from rolecall_okta.simulator.search import BadExpression, Dialect
from rolecall_okta.simulator.system_log import LogEvent

_USUAL_LIMIT: Final = 100
_LARGEST_LIMIT: Final = 1000
_WEEK: Final = 7 * 86_400.0
_TOO_OLD: Final = 180 * 86_400.0

Test = Callable[[LogEvent], bool]


def logs(call: Call) -> Reply:
    """Events of the asked-for time that the filter admits."""
    query = call.query
    limit, test = _limit(call), _test(call)
    order = query.get("sortOrder", "ASCENDING").upper()
    if order not in ("ASCENDING", "DESCENDING"):
        raise _refused("sortOrder: must be ASCENDING or DESCENDING.")
    after = query.get("after")
    scope = "\n".join(
        [
            str(call.org.log.generation),
            *(query.get(name, "") for name in ("since", "until", "filter", "q")),
            order,
        ]
    )
    if after is not None and "since" in query and not _belongs(after, scope):
        raise OktaError(400, "E0000053", "Bad request. since and after can't be used together.")
    if "until" in query or order == "DESCENDING":
        events, following = _bounded(call, limit, test, scope, backwards=order == "DESCENDING")
    else:
        events, following = _polled(call, limit, test, scope)
    body = b"[" + b",".join(encode(event.body) for event in events) + b"]"
    return Reply(200, body, link_headers(call.url, query, limit, following))


def _polled(call: Call, limit: int, test: Test, scope: str) -> tuple[list[LogEvent], str]:
    log, after = call.org.log, call.query.get("after")
    if after is None:
        position = log.position_at(_moment(call, "since", call.org.clock() - _WEEK))
    else:
        position = int(read_cursor(after, scope))
        if position < log.forgotten:
            raise OktaError(400, "E0000029", "Invalid paging request.", ["The cursor has expired."])
    events = log.events
    found: list[LogEvent] = []
    for place in range(position - log.forgotten, len(events)):
        if len(found) == limit:
            break
        if test(events[place]):
            found.append(events[place])
            position = log.forgotten + place + 1
    return found, cursor(str(position), scope)


def _bounded(
    call: Call, limit: int, test: Test, scope: str, *, backwards: bool
) -> tuple[Sequence[LogEvent], str | None]:
    until = _moment(call, "until", call.org.clock())
    since = _moment(call, "since", until - _WEEK)
    events = [event for event in call.org.log.events if since <= event.published < until and test(event)]
    events.sort(key=lambda event: event.published, reverse=backwards)
    after = call.query.get("after")
    begin = 0 if after is None else int(read_cursor(after, scope))
    end = begin + limit
    return events[begin:end], cursor(str(end), scope) if limit and end < len(events) else None


def _limit(call: Call) -> int:
    asked = call.query.get("limit", str(_USUAL_LIMIT))
    if not (asked.isascii() and asked.isdigit() and int(asked) <= _LARGEST_LIMIT):
        raise _refused(f"limit: must be between 0 and {_LARGEST_LIMIT}.")
    return int(asked)


def _moment(call: Call, name: str, usual: float) -> float:
    asked = call.query.get(name)
    if asked is None:
        return usual
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        raise _refused(f"{name}: must be a time of ISO 8601.") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if seconds < call.org.clock() - _TOO_OLD:
        raise OktaError(400, "E0000053", f"Bad request. {name} is too long ago.")
    return seconds


def _test(call: Call) -> Test:
    words = call.query.get("q", "").casefold().encode()
    try:
        admits = LOG_FILTER.predicate(call.query["filter"]) if call.query.get("filter") else None
    except BadExpression as error:
        raise invalid_filter(call.query["filter"]) from error

    def test(event: LogEvent) -> bool:
        return (admits is None or admits(event.body)) and (not words or words in encode(event.body).lower())

    return test


def _belongs(after: str, scope: str) -> bool:
    try:
        read_cursor(after, scope)
    except OktaError:
        return False
    return True


def _refused(cause: str) -> OktaError:
    return OktaError(400, "E0000001", "Api validation failed: RequestParams", [cause])


def _path(*names: str) -> Callable[[Json], Json]:
    def read(held: Json) -> Json:
        for name in names:
            if isinstance(held, list):
                held = [each.get(name) for each in held]
            else:
                held = held.get(name) if isinstance(held, dict) else None
        return held

    return read


_ATTRIBUTES: Final = (
    "eventType", "severity", "displayMessage", "uuid", "version",
    *(f"target.{name}" for name in ("id", "type", "alternateId", "displayName")),
    *(f"actor.{name}" for name in ("id", "type", "alternateId", "displayName")),
    "outcome.result", "outcome.reason", "transaction.id", "transaction.type",
)  # fmt: skip
LOG_FILTER: Final = Dialect(
    {name: _path(*name.split(".")) for name in _ATTRIBUTES},
    {"*": frozenset({"eq", "ne", "sw", "ew", "co", "pr", "gt", "ge", "lt", "le"})},
)
"""``published`` and ``target.changeDetails`` can't be asked for, as in Okta."""
