"""The command line: ``program`` is its frame, ``session`` what commands get, the rest one command each."""

from rolecall.cli.program import main

__all__ = ["main"]
