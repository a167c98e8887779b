"""What one call of the command line works with: its global options, and what they lead to."""

import os
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall.config import Config, Draft, configure, find_config, read_draft, settled
from rolecall.errors import ConfigError, UsageError
from rolecall.output import Column, Format, Listing, Sink, safe, write_listing, write_object
from rolecall.plugin_settings import PluginSettings
from rolecall.plugin_tables import LoadedSettings
from rolecall.plugins import Plugins, load_plugins

if TYPE_CHECKING:
    from rolecall.store.engine import Store

STANDARD_COLUMNS = 80


@dataclass(slots=True)
class Session:
    """The global options of this call, and the files and plugins that they lead to.

    Attributes:
        config_named: The configuration's path from the command line or the environment.
        output: What ``-o`` asked for, or None.
        quiet: Only data and errors.
        verbosity: How often ``-v`` was given.
        colorless: No colours.
    """

    config_named: str | None = None
    output: Format | None = None
    quiet: bool = False
    verbosity: int = 0
    colorless: bool = False
    _drafts: dict[Path, Draft] = field(default_factory=dict)
    _plugins: dict[Path | None, Plugins] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    @property
    def form(self) -> Format:
        """The format of data: as asked for, else a table on a terminal and JSON otherwise."""
        if self.output is not None:
            return self.output
        return Format.TABLE if sys.stdout.isatty() else Format.JSON

    @property
    def json_errors(self) -> bool:
        """Whether an error is one JSON object: only where JSON was asked for."""
        return self.output in (Format.JSON, Format.JSONL)

    @property
    def shows_progress(self) -> bool:
        """Whether somebody watches: standard error is a terminal, and ``-q`` wasn't given."""
        return sys.stderr.isatty() and not self.quiet

    def styled(self, terminal: bool) -> bool:
        """Whether colours may be used on a stream, given whether it is a terminal."""
        plain = self.colorless or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return terminal and not plain

    def sink(self) -> Sink:
        """Standard output, for data."""
        sys.stdout.flush()
        terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size((STANDARD_COLUMNS, 24)).columns if terminal else None
        return Sink(
            sys.stdout.buffer,
            encoding=sys.stdout.encoding or "utf-8",
            width=width,
            styled=self.styled(terminal),
        )

    def print_rows(self, listing: Listing, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows to standard output in the session's format."""
        with self.sink() as sink:
            count = write_listing(listing, rows, self.form, sink)
        if not count and self.form is Format.TABLE:
            self.note("Nothing to show.")

    def print_object(self, value: object) -> None:
        """Write one JSON value to standard output."""
        with self.sink() as sink:
            write_object(value, self.form, sink)

    def print_text(self, lines: Iterable[str]) -> None:
        """Write lines for people to standard output, each made safe to show."""
        with self.sink() as sink:
            for line in lines:
                sink.write_text(safe(line) + "\n")

    def print_facts(self, facts: Mapping[str, str]) -> None:
        """Write names and values for people to standard output, as a table without empty values."""
        rows = [{"fact": name, "value": value} for name, value in facts.items() if value]
        listing = Listing(("fact", "value"), (Column("fact", "FACT"), Column("value", "VALUE")))
        with self.sink() as sink:
            write_listing(listing, rows, Format.TABLE, sink)

    def note(self, text: str) -> None:
        """Say something on standard error, unless ``-q`` was given."""
        if not self.quiet:
            sys.stderr.write(safe(text) + "\n")
            sys.stderr.flush()

    def config_path(self) -> Path | None:
        """Where the configuration is, or None when there is none."""
        return find_config(self.config_named, Path.cwd())

    def draft(self) -> Draft:
        """The configuration as read.

        Raises:
            ConfigError: There is none, or it can't be read.
        """
        path = self.config_path()
        if path is None:
            raise ConfigError(
                f"There is no rolecall.toml in {Path.cwd()} or above.",
                hint="create one: rolecall init; or name one: --config PATH",
            )
        return self._draft_of(path)

    def _draft_of(self, path: Path) -> Draft:
        if path not in self._drafts:
            self._drafts[path] = read_draft(path)
        return self._drafts[path]

    def config(self) -> Config:
        """The configuration as far as the host can judge it; enough to read the store.

        Raises:
            ConfigError: There is none, or it has mistakes.
        """
        return settled(self.draft())

    def configured(self, opening: Collection[str] = ()) -> Config:
        """The configuration, validated by kinds and plugins; secrets of ``opening`` are read.

        Tables of plugins that aren't loaded are told once.

        Raises:
            ConfigError: There is none, or it has mistakes.
        """
        config = configure(self.draft(), self.plugins(), opening)
        for table in config.idle_tables:
            if table not in self._told:
                self._told.add(table)
                self.note(
                    f"[{table}] has no effect: no plugin that is loaded has such a table; "
                    "see: rolecall plugins list"
                )
        return config

    def plugin_settings(self, config: Config) -> PluginSettings:
        """What hooks get of the configuration.

        Args:
            config: As ``configured`` gave it.
        """
        if config.tables is None:
            raise ValueError("the plugins' tables of this configuration were never validated")
        return LoadedSettings(config.folder, config.tables, self.plugins().resolve_secret, config.accounts)

    def ready_to_open(self, names: Collection[str]) -> tuple[Config, list[str]]:
        """The validated configuration with the secrets of the connectors named, and their names, each once.

        No name is all of them.

        Raises:
            ConfigError: There is none, or it has mistakes; they come before an unknown name, which may
                be a connector that couldn't be read.
            UsageError: Some aren't configured.
        """
        opening = [name for name in self.draft().config.connectors if not names or name in names]
        config = self.configured(opening)
        return config, known_connectors(config, names)

    def plugins(self) -> Plugins:
        """The plugins that the configuration lets in; all of them where there is none.

        Raises:
            ConfigError: The configuration doesn't say what may be loaded.
        """
        return self.plugins_for(self.config_path())

    def plugins_for(self, path: Path | None) -> Plugins:
        """The plugins that this configuration lets in; see ``plugins``."""
        if path not in self._plugins:
            draft = self._draft_of(path) if path else None
            if draft is not None and not draft.plugins_known:
                settled(draft)
            disabled, allow = (draft.config.disabled, draft.config.allow) if draft else ((), ())
            self._plugins[path] = load_plugins(disabled, allow)
        return self._plugins[path]

    def store(self, config: Config) -> "AbstractContextManager[Store]":
        """Open the store."""
        from rolecall.store.engine import open_store  # noqa: PLC0415 - half of the start, for many in vain

        return open_store(config.store_url, config.folder)


def known_connectors(config: Config, names: Iterable[str]) -> list[str]:
    """The names, each once; no name is all of them.

    Raises:
        UsageError: Some aren't configured.
    """
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in config.connectors]
    if unknown:
        configured = ", ".join(config.connectors) or "none"
        noun = "connector" if len(unknown) == 1 else "connectors"
        raise UsageError(
            f"There is no {noun} {', '.join(unknown)} in {config.path}.", hint=f"configured: {configured}"
        )
    return wanted or list(config.connectors)
