"""The table of contents: notices as e-mail, in plain text, to those concerned and to who always gets them."""

from collections.abc import Mapping

import marshmallow as ma

from rolecall import Notice, PluginSettings, hookimpl
from rolecall.builtin.mail.schema import Mail, MailSchema

TABLE = "mail"


@hookimpl
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:
    """The table ``[mail]``."""
    return {TABLE: MailSchema}


@hookimpl
async def rolecall_notify(notice: Notice, settings: PluginSettings) -> None:
    """Send the notice to everybody who should have it."""
    mail: Mail | None = settings.table(TABLE)
    if mail is None:
        return
    from rolecall.builtin.mail.sending import send  # noqa: PLC0415 - the mail library is slow to import

    await send(notice, mail, settings)
