"""Calling web hooks: one notice to several, none of which keeps it from the others."""

import asyncio
import hmac
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from rolecall import (
    ConfigError,
    Notice,
    PluginSettings,
    ProviderError,
    RateLimited,
    Refused,
    RolecallError,
    Unavailable,
)
from rolecall.builtin.notice_text import notice_lines
from rolecall.builtin.webhook.schema import Webhook, url_fault

LONGEST_ANSWER = 64 * 1024
LONGEST_TICKET = 200
REMEMBERED = 10_000
_PASSING = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)

log = logging.getLogger(__name__)


class Address(NamedTuple):
    """One notice for one web hook."""

    hook: str
    notice: str


_had: OrderedDict[Address, str | Refused | None] = OrderedDict()
"""What came of calls that needn't be made again, since another web hook's failure has the notice told again.

It is forgotten with the process: a receiver drops a notice by its id.
"""


async def tell(notice: Notice, hooks: Mapping[str, Webhook], settings: PluginSettings) -> str | None:
    """Call every web hook that hasn't had the notice.

    Returns:
        The first ticket's number that one of them gave.

    Raises:
        Refused: None of them takes it.
        ProviderError: One of them didn't get it, and may later.
        ConfigError: An address or a secret isn't there.
    """
    calls = {name: Address(name, notice.id) for name in hooks}
    missing = [name for name, call in calls.items() if call not in _had]
    failures = await asyncio.gather(*(_call(calls[name], notice, hooks[name], settings) for name in missing))
    failed = [failure for failure in failures if failure is not None]
    if failed:
        raise failed[0]
    outcomes = [_had.get(call) for call in calls.values()]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    if len(refusals) == len(outcomes):
        raise refusals[0]
    for refusal in refusals:
        log.error("notice %s: %s", notice.id, refusal.message)
    return next((outcome for outcome in outcomes if isinstance(outcome, str)), None)


async def _call(
    call: Address, notice: Notice, hook: Webhook, settings: PluginSettings
) -> RolecallError | None:
    """Call one web hook; what fails and may be repeated is given back, all else is remembered."""
    try:
        ticket = await _post(call.hook, notice, hook, settings)
    except Refused as refusal:
        _remember(call, refusal)
        return None
    except (ProviderError, ConfigError) as error:
        return error
    _remember(call, ticket)
    return None


def _remember(call: Address, outcome: str | Refused | None) -> None:
    _had[call] = outcome
    while len(_had) > REMEMBERED:
        _had.popitem(last=False)


async def _post(name: str, notice: Notice, hook: Webhook, settings: PluginSettings) -> str | None:
    url = _url(name, hook, settings)
    body = (_slack_body if hook.format == "slack" else _json_body)(notice)
    headers = {
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "User-Agent": "rolecall",
        "Rolecall-Notice-Id": notice.id,
    }
    if hook.secret is not None:
        key = settings.secret(hook.secret).reveal()
        headers["Rolecall-Signature"] = signature(key, body, int(time.time()))
    seconds = hook.timeout.total_seconds()
    secure = urlsplit(url).scheme == "https"  # a proxy is no way to this very machine
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(follow_redirects=False, trust_env=secure, timeout=seconds) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            text = await _read(answer)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unavailable(f"web hook {name} didn't answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise Unavailable(f"web hook {name} can't be reached ({type(error).__name__})") from error
    _check(name, answer.status_code)
    return _ticket(text) if hook.format == "json" else None


def signature(key: str, body: bytes, at: int) -> str:
    """The header's value: who has the key can tell that the body is ours, and how old it is."""
    digest = hmac.digest(key.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={digest}"


def _url(name: str, hook: Webhook, settings: PluginSettings) -> str:
    if isinstance(hook.url, str):
        return hook.url
    url = settings.secret(hook.url).reveal()
    fault = url_fault(url)
    if fault:
        raise ConfigError(f"the URL of web hook {name} {fault}")
    return url


def _json_body(notice: Notice) -> bytes:
    return json.dumps(
        {
            "id": notice.id,
            "at": notice.at.isoformat(),
            "kind": notice.kind,
            "connector": notice.connector,
            "summary": notice.summary,
            "facts": notice.facts,
            "to": list(notice.to),
            "task": notice.task,
        }
    ).encode("ascii")


def _slack_body(notice: Notice) -> bytes:
    """One message; Slack takes three characters for markup, and nothing else once ``mrkdwn`` is off."""
    text = "\n".join(notice_lines(notice))
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    message = {"text": escaped, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    return json.dumps(message).encode("ascii")


async def _read(answer: httpx.Response) -> bytes:
    """The answer's beginning: no more is read than a ticket's number needs, and nothing is unpacked."""
    text = b""
    async for chunk in answer.aiter_raw():
        text += chunk
        if len(text) > LONGEST_ANSWER:
            return b""
    return text


def _check(name: str, status: int) -> None:
    if httpx.codes.is_success(status):
        return
    said = f"web hook {name} answered {status}"
    if httpx.codes.is_client_error(status) and status not in _PASSING:
        raise Refused(said, code="webhook_refused")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(said, status=status)
    if httpx.codes.is_redirect(status):
        said += ", and redirects aren't followed"
    raise Unavailable(said, status=status)


def _ticket(text: bytes) -> str | None:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    ticket = answer.get("ticket") if isinstance(answer, dict) else None
    if not isinstance(ticket, str) or not ticket.isprintable() or len(ticket) > LONGEST_TICKET:
        return None
    return ticket or None
