"""Running connectors as the host does, in a store of a test's own."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall import (
    ConfigError,
    Finding,
    Forecast,
    Identity,
    ListRead,
    PluginError,
    Ref,
    RolecallError,
    Secret,
)

if TYPE_CHECKING:  # pytest loads this plugin in every project: the engine is imported by who uses it
    from rolecall.plugins import Plugins
    from rolecall.store import Store
    from rolecall.store.runs import RunRecord
    from rolecall.sync import SyncJob

NAME = "under-test"


@dataclass(frozen=True, slots=True)
class UnderTest:
    """A connector for a test.

    Attributes:
        kind: Its kind's id.
        settings: Its table, as in ``rolecall.toml``.
        secrets: Setting → secret, for the settings that are secrets.
    """

    kind: str
    settings: Mapping[str, object]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def job_of(connector: UnderTest, plugins: "Plugins", name: str = NAME) -> "SyncJob":
    """The connector, ready to be synced under a name.

    Raises:
        ConfigError: The settings don't fit the kind's schema.
        PluginError: No installed plugin offers the kind.
    """
    from rolecall.config_schemas import load_table  # noqa: PLC0415 - see above
    from rolecall.sync import SyncJob  # noqa: PLC0415

    if connector.kind not in plugins.kinds:
        states = ", ".join(f"{each.name} ({each.reason or each.state})" for each in plugins.inventory)
        raise PluginError(
            f"No installed plugin offers the kind {connector.kind}; there are: {states or 'none'}."
        )
    problems: list[str] = []
    schema = plugins.kinds[connector.kind].settings()
    loaded = load_table(schema, connector.settings, f"connectors.{name}", problems)
    if problems:
        raise ConfigError("; ".join(problems), problems=problems)
    hidden = {setting: Secret(text) for setting, text in connector.secrets.items()}
    return SyncJob(name, connector.kind, loaded, hidden)


def raise_for(run: "RunRecord") -> None:
    """Raise a run's own error, if it failed or was refused."""
    if run.error is not None:
        hint = run.error.get("hint")
        raise RolecallError(
            str(run.error["message"]), hint=None if hint is None else str(hint), code=str(run.error["code"])
        )


@contextmanager
def temporary_store() -> "Iterator[Store]":
    """A new store, which is gone at the end."""
    from rolecall.store import open_store  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory(prefix="rolecall-contract-") as folder,
        open_store("sqlite:///rolecall.db", Path(folder)) as store,
    ):
        yield store


class Unwatched:
    """Progress, observer and run of a connector that nobody watches."""

    def started(self, connector: str) -> None: ...
    def finished(self, connector: str) -> None: ...
    def logged(self, level: str, message: str) -> None: ...
    def requested(self, what: object) -> None: ...
    def waiting(self, seconds: float, why: str) -> None: ...
    def found(self, finding: Finding) -> None: ...
    def read(self, reading: ListRead) -> None: ...
    def identified(self, identity: Identity) -> None: ...
    def log(self, message: str) -> None: ...
    def progress(self, what: str, done: int, total: int | None = None) -> None: ...
    def partial(self, resource_type: str, why: str) -> None: ...
    def forecast(self, forecast: Forecast) -> None: ...
    def counted(self, resource: Ref, listed: int, expected: int) -> None: ...
