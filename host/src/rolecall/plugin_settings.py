"""What a hook that isn't a connector's gets of the configuration: the plugins' own tables."""

from pathlib import Path
from typing import Any, Protocol

from rolecall.accounts import Account
from rolecall.contracts import Secret
from rolecall.secrets import SecretRef


class PluginSettings(Protocol):
    """The tables of the configuration that belong to plugins; see ``rolecall_settings``.

    Attributes:
        folder: What relative paths in the configuration are relative to.
    """

    @property
    def folder(self) -> Path: ...

    def table(self, name: str) -> Any:
        """What the table's schema loaded; None where the configuration hasn't the table."""

    def account(self, account_id: str) -> Account | None:
        """Name, owner and tags of an account; None where the accounts file doesn't have it."""

    def secret(self, ref: SecretRef) -> Secret:
        """Read a secret from where a table says it is.

        Raises:
            ConfigError: It isn't there.
        """
