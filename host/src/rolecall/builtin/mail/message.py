"""A notice as an e-mail message."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from rolecall import Notice
from rolecall.builtin.mail.schema import Mail, is_address
from rolecall.builtin.notice_text import notice_lines

LONGEST_SUBJECT = 150


def message_of(notice: Notice, mail: Mail) -> EmailMessage | None:
    """The message; None where there is nobody to send it to.

    Text from outside can't add a header: what can't be seen in it is written out, and an address that
    isn't one is left out. The message's id is made of the notice's, so that a second copy can be told.
    """
    recipients = [address for address in dict.fromkeys((*notice.to, *mail.to)) if is_address(address)]
    if not recipients:
        return None
    lines = notice_lines(notice)
    message = EmailMessage(SMTP)
    message["From"] = mail.sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = _cut(f"Rolecall: {lines[0]}")
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{re.sub('[^A-Za-z0-9]', '-', notice.id)}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n")
    return message


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SUBJECT else text[: LONGEST_SUBJECT - 1] + "…"
