"""Who acts at the shell, and how we know."""

import getpass
import os
import socket

from rolecall.plans import Actor


def shell_actor(named: str | None) -> Actor:
    """Somebody at the shell.

    Args:
        named: Whom they say they are; otherwise ROLECALL_AS, or the operating system's user.
    """
    user = _operating_system_user()
    return Actor(
        named or os.environ.get("ROLECALL_AS") or user,
        "operator_asserted",
        operator=f"{user}@{socket.gethostname()}",
    )


def _operating_system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
