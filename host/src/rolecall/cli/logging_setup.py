"""Log lines on standard error: how much, and made safe to show."""

import logging
import os
import sys

from rolecall.cli.session import Session
from rolecall.errors import UsageError
from rolecall.output import safe

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_CHATTY = ("httpx", "httpcore", "asyncio", "sqlalchemy", "alembic", "uvicorn", "keyring")


class SafeFormatter(logging.Formatter):
    """Formats a record, and escapes what would steer a terminal; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's lines, each safe to show."""
        return "\n".join(safe(line) for line in super().format(record).split("\n"))


def set_up_logging(session: Session) -> None:
    """Send log records to standard error: warnings, with ``-v`` more, with ``-q`` errors only.

    ``ROLECALL_LOG_LEVEL`` says the same where no option does: ``info`` is ``-v``, ``debug`` is ``-vv``.

    Libraries whose debug records quote requests never go below a warning.

    Raises:
        UsageError: ``ROLECALL_LOG_LEVEL`` is no level.
    """
    named = os.environ.get("ROLECALL_LOG_LEVEL", "").strip().lower()
    if named and named not in _LEVELS:
        raise UsageError(f"ROLECALL_LOG_LEVEL is '{named}'.", hint=f"use one of: {', '.join(_LEVELS)}")
    level = _LEVELS.get(named, logging.WARNING)
    if level < logging.WARNING and not session.quiet:
        session.verbosity = max(session.verbosity, 1 if level == logging.INFO else 2)
    if session.verbosity:
        level = min(level, logging.INFO if session.verbosity == 1 else logging.DEBUG)
    elif session.quiet:
        level = logging.ERROR
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
