"""The table of contents: notices as calls to web hooks, signed, or as messages in a chat.

A call is a POST with the notice as JSON and these headers::

    Rolecall-Notice-Id: 5f0c…                  the same each time that this notice is told
    Rolecall-Signature: t=1767225600,v1=3a7b…  when, in seconds, and hex(hmac-sha256(secret, t + "." + body))

An answer of 2xx means that it got through; a JSON object with ``ticket`` in it gives the number by which the
receiver calls it. 4xx but 408 and 429 means that it never will.
"""

from collections.abc import Mapping

import marshmallow as ma

from rolecall import Notice, PluginSettings, hookimpl
from rolecall.builtin.webhook.schema import Webhook, WebhooksSchema

TABLE = "webhooks"


@hookimpl
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:
    """The table ``[webhooks]``."""
    return {TABLE: WebhooksSchema}


@hookimpl
async def rolecall_notify(notice: Notice, settings: PluginSettings) -> str | None:
    """Call every web hook that wants notices of this kind."""
    table: Mapping[str, Webhook] = settings.table(TABLE) or {}
    wanted = {name: hook for name, hook in table.items() if not hook.kinds or notice.kind in hook.kinds}
    if not wanted:
        return None
    from rolecall.builtin.webhook.telling import tell  # noqa: PLC0415 - httpx is slow to import

    return await tell(notice, wanted, settings)
