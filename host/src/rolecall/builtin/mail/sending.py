"""Handing a message to the mail server, in a thread of its own."""

import asyncio
import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from rolecall import AuthRefused, Notice, PluginSettings, Refused, Secret, Unavailable
from rolecall.builtin.mail.message import message_of
from rolecall.builtin.mail.schema import Mail

TIMEOUT = 20.0  # seconds for each answer of the server
PERMANENT = 500

log = logging.getLogger(__name__)


async def send(notice: Notice, mail: Mail, settings: PluginSettings) -> None:
    """Send the notice.

    Raises:
        Refused: The server takes it for none of the recipients, and never will.
        ProviderError: The server can't be reached, or doesn't take it now.
        ConfigError: The password isn't there.
    """
    message = message_of(notice, mail)
    if message is None:
        return
    password = settings.secret(mail.password) if mail.password else None
    await asyncio.to_thread(_send, message, mail, password)


def _send(message: EmailMessage, mail: Mail, password: Secret | None) -> None:
    where = f"the mail server {mail.host}:{mail.port}"
    try:
        server = _connected(mail)
        try:
            if mail.username is not None and password is not None:
                server.login(mail.username, password.reveal())
            refused = server.send_message(message)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # what was taken stays taken
                server.quit()
    except smtplib.SMTPAuthenticationError as error:
        raise AuthRefused(f"{where} refuses {mail.username} ({error.smtp_code})") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _text in error.recipients.values()})
        said = f"{where} takes the message for nobody ({', '.join(map(str, codes))})"
        raise (Refused(said, code="mail_refused") if codes[0] >= PERMANENT else Unavailable(said)) from error
    except smtplib.SMTPDataError as error:
        said = f"{where} doesn't take the message ({error.smtp_code})"
        permanent = error.smtp_code >= PERMANENT
        raise (Refused(said, code="mail_refused") if permanent else Unavailable(said)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Unavailable(f"{where} offers no {'TLS' if mail.tls == 'starttls' else 'log-in'}") from error
    except smtplib.SMTPResponseException as error:
        raise Unavailable(f"{where} answered {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable(f"{where} can't be reached ({type(error).__name__})") from error
    for address in refused:
        log.error("%s refuses the recipient %s", where, address)


def _connected(mail: Mail) -> smtplib.SMTP:
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT)
    if mail.tls == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server
