"""A length of time on the command line."""

from datetime import timedelta
from typing import Any

import click

from rolecall.durations import parse_duration


class Length(click.ParamType[timedelta]):
    """A duration such as ``8h``; with ``none``, zero is one too."""

    name = "duration"

    def __init__(self, *, none: bool = False) -> None:
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length that a text says."""
        if isinstance(value, timedelta):
            return value
        try:
            length = parse_duration(value)
        except ValueError:
            self.fail(f"'{value}' is not a duration; write it as 30s, 10m, 8h or 7d", param, ctx)
        if not (length or self._none):
            self.fail("must be longer than nothing", param, ctx)
        return length
