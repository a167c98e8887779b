"""A sink, as a plugin: the ends of the audit chain to syslog, by RFC 5424. It can't be read back."""

import os
import socket
from contextlib import closing

from rolecall import AuditHead, PluginSettings, RolecallError, hookimpl
from rolecall.builtin.audit.schema import SyslogAddress, audit_settings

SECONDS = 2.0
"""How long a connection may take."""

_PRIORITY = 13 * 8 + 5
"""Facility "log audit", severity "notice"."""


@hookimpl
def rolecall_audit_head(head: AuditHead, settings: PluginSettings) -> None:
    """Send a head; a datagram may be lost, and the next head implies it.

    Raises:
        RolecallError: Syslog can't be reached.
    """
    address = audit_settings(settings).syslog
    if address is None:
        return
    try:
        _send(address, message(head, socket.gethostname(), os.getpid()))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RolecallError(f"Syslog at {address.scheme} {address.host} can't be told: {why}.") from error


def message(head: AuditHead, host: str, pid: int) -> bytes:
    """The head as one message."""
    at = head.at.isoformat().replace("+00:00", "Z")
    name = "".join(letter for letter in host if letter.isascii() and letter.isprintable() and letter != " ")
    text = f"audit chain ends: number={head.number} hash={head.hash}"
    return f"<{_PRIORITY}>1 {at} {name[:255] or '-'} rolecall {pid} audit-head - {text}".encode("ascii")


def _send(address: SyslogAddress, whole: bytes) -> None:
    match address.scheme:
        case "unix":
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as local:
                local.settimeout(SECONDS)
                local.connect(address.host)
                local.send(whole)
        case "udp":
            family, kind, _, _, at = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
            with closing(socket.socket(family, kind)) as datagrams:
                datagrams.settimeout(SECONDS)
                datagrams.sendto(whole, at)
        case _:
            with closing(socket.create_connection((address.host, address.port), SECONDS)) as stream:
                stream.sendall(f"{len(whole)} ".encode("ascii") + whole)  # octet counting, RFC 6587
