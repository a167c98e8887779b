"""How a command ends that didn't go well: the error's text or JSON on standard error, and the exit code."""

import sys
import traceback
from collections.abc import Mapping

import click
from rich.style import Style

from rolecall.cli import INTERRUPTED
from rolecall.cli.session import Session
from rolecall.errors import ConfigError, Refused, RolecallError, UsageError, error_object
from rolecall.output import encode_json, safe

FAILED, USAGE, REFUSED, PARTLY, HANDED_OVER = 1, 2, 3, 4, 5


class CommandFailed(RolecallError):
    """The command has printed its result, and the result is that something failed.

    Attributes:
        exit_code: Of the process.
        described: The error as scripts get it, when it is known already.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        exit_code: int = FAILED,
        hint: str | None = None,
        described: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.exit_code = exit_code
        self.described = described


def report(error: BaseException, session: Session) -> int:
    """Tell the reader what went wrong, and return the exit code."""
    first = _first(error)
    match first if isinstance(first, RolecallError | KeyboardInterrupt) else error:
        case RolecallError() as known:
            _show(described(known), known, session)
            return _exit_code(known)
        case click.exceptions.NoArgsIsHelpError() as bare:
            bare.show()
            return USAGE
        case click.ClickException() as usage:
            _show(_click_error(usage), usage, session)
            return usage.exit_code
        case KeyboardInterrupt() | click.Abort():
            _show({"code": "interrupted", "message": "Interrupted.", "hint": None}, error, session)
            return INTERRUPTED
        case _:
            _show_bug(error, session)
            return FAILED


def _first(error: BaseException) -> BaseException:
    """The error that made a group of tasks fail."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def described(error: RolecallError) -> dict[str, object]:
    """The error as scripts get it."""
    if isinstance(error, CommandFailed) and error.described is not None:
        return dict(error.described)
    whole = error_object(error)
    if isinstance(error, ConfigError) and error.problems:
        whole["message"] = f"{error.message} {'; '.join(error.problems)}"
    return whole


def _exit_code(error: RolecallError) -> int:
    match error:
        case CommandFailed():
            return error.exit_code
        case ConfigError() | UsageError():
            return USAGE
        case Refused():
            return REFUSED
        case _:
            return FAILED


def _click_error(error: click.ClickException) -> dict[str, object]:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"see: {context.command_path} --help" if context else None
    code = "usage" if isinstance(error, click.UsageError) else "failed"
    return {"code": code, "message": error.format_message(), "hint": hint}


def _show(whole: Mapping[str, object], error: BaseException, session: Session) -> None:
    if session.json_errors:
        sys.stderr.write(encode_json({"error": whole}).decode() + "\n")
        return
    if isinstance(error, ConfigError) and error.problems:
        lines = [error.message, *(f"  {problem}" for problem in error.problems)]
    else:
        lines = [" ".join(str(whole["message"]).splitlines())]
    shown = [safe(line) for line in lines]
    if session.styled(sys.stderr.isatty()):
        shown[0] = Style(color="red").render(shown[0])
    hint = whole.get("hint")
    if hint:
        shown.append(safe(f"hint: {hint}"))
    sys.stderr.write("\n".join(shown) + "\n")


def _show_bug(error: BaseException, session: Session) -> None:
    text = "".join(traceback.format_exception(error))
    sys.stderr.write("\n".join(safe(line) for line in text.splitlines()) + "\n")
    if session.json_errors:
        whole = {"code": "internal_error", "message": f"{type(error).__name__}: {error}", "hint": None}
        sys.stderr.write(encode_json({"error": whole}).decode() + "\n")
