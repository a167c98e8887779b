"""The command line: ``program`` is its frame, ``session`` what commands get, the rest one command each."""

import sys

__all__ = ["INTERRUPTED", "main"]

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def main(arguments: list[str] | None = None) -> None:
    """The console's entry point; ends the process with the command's exit code."""
    try:
        from rolecall.cli.program import run  # noqa: PLC0415 - Ctrl-C while it is imported is no bug

        code = run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)
