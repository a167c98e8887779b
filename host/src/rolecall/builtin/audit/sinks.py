"""What the sinks of the audit chain have kept, asked of each plugin that can be read back."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from rolecall.errors import one_line
from rolecall.plans import AuditHead
from rolecall.plugin_settings import PluginSettings
from rolecall.plugins import Plugins
from rolecall.registration import listeners

HOOK = "rolecall_audit_heads"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sink:
    """One plugin that keeps heads.

    Attributes:
        heads: In the order kept.
        error: Why it can't be read, in one line, or None.
    """

    plugin: str
    heads: tuple[AuditHead, ...]
    error: str | None = None

    def last_but(self, lost: Collection[tuple[int, str]]) -> int:
        """Number of the newest record that it has seen, but for those lost in a restore; 0 for none."""
        kept = (head.number for head in self.heads if (head.number, head.hash) not in lost)
        return max(kept, default=0)


def read_sinks(plugins: Plugins, settings: PluginSettings) -> list[Sink]:
    """Every sink that can be read back, by plugin; one that fails says why."""
    sinks = []
    for listener in listeners(plugins.manager, HOOK):
        try:
            sinks.append(Sink(listener.plugin, tuple(listener.hear(settings=settings))))
        except Exception as error:  # a stranger can raise anything
            log.exception("plugin %s failed in %s", listener.plugin, HOOK)
            sinks.append(Sink(listener.plugin, (), one_line(error)))
    return sorted(sinks, key=lambda sink: sink.plugin)
