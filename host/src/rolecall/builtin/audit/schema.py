"""The table ``[audit]``: where the ends of the audit chain are kept outside the store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma

from rolecall import PluginSettings
from rolecall.config_schemas import FilePath

TABLE = "audit"
HEADS_FILE = Path("rolecall.heads")
SYSLOG_PORT = 514


@dataclass(frozen=True, slots=True)
class SyslogAddress:
    """Where syslog listens.

    Attributes:
        scheme: ``unix``, ``udp`` or ``tcp``.
        host: A name or address; for ``unix`` the socket's path.
    """

    scheme: str
    host: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What the table says.

    Attributes:
        heads: The file of heads, relative to the configuration's folder.
        syslog: Where heads go too, or None.
    """

    heads: Path = HEADS_FILE
    syslog: SyslogAddress | None = None


class SyslogField(ma.fields.Field[SyslogAddress]):
    """``udp://HOST:PORT``, ``tcp://HOST:PORT`` or a socket's path."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> SyslogAddress:
        words = 'must be "udp://HOST:PORT", "tcp://HOST:PORT" or a socket\'s path such as "/dev/log"'
        if not isinstance(value, str) or not value or "\0" in value:
            raise ma.ValidationError(words)
        if re.fullmatch(r"/[^\0]+", value):
            return SyslogAddress("unix", value)
        try:
            url = urlsplit(value)
            port = url.port or SYSLOG_PORT
        except ValueError as error:
            raise ma.ValidationError(words) from error
        if url.scheme not in ("udp", "tcp") or not url.hostname or url.path or url.query or url.username:
            raise ma.ValidationError(words)
        return SyslogAddress(url.scheme, url.hostname, port)


class AuditSchema(ma.Schema):
    """``[audit]``."""

    class Meta:
        unknown = ma.RAISE

    heads = FilePath(
        load_default=HEADS_FILE,
        metadata={
            "type": "string",
            "description": "File to which the end of the audit chain is appended after each record; "
            "rolecall.heads beside the configuration unless given. Best on another machine's disk.",
        },
    )
    syslog = SyslogField(
        load_default=None,
        metadata={
            "type": "string",
            "examples": ["/dev/log", "udp://log.acme.example:514", "tcp://log.acme.example:601"],
            "description": "Syslog that is told of the end of the audit chain too, by RFC 5424.",
        },
    )

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> AuditSettings:
        return AuditSettings(**data)


def audit_settings(settings: PluginSettings) -> AuditSettings:
    """What the table says; what holds without one."""
    given: AuditSettings | None = settings.table(TABLE)
    return given or AuditSettings()
