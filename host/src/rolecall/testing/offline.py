"""No network: not even a name is looked up, and not even this machine is spoken to."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

CONNECTING = ("connect", "connect_ex", "sendto")
LOOKING_UP = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")


class NetworkUsed(RuntimeError):
    """Something wanted to leave this process; no OSError, which clients take for weather."""


@contextmanager
def offline() -> Iterator[list[str]]:
    """Refuse every connection and every look-up; yields the list of what was refused."""
    refused: list[str] = []

    def refusing(name: str) -> Any:
        def refuse(*arguments: Any, **options: Any) -> NoReturn:
            wanted = next((str(each) for each in arguments if isinstance(each, str | bytes | tuple)), "")
            refused.append(f"{name} {wanted}".strip())
            raise NetworkUsed(f"The network is blocked while a cassette is replayed: {refused[-1]}")

        return refuse

    kept: list[tuple[Any, str, Any]] = [
        (socket.socket, name, socket.socket.__dict__.get(name)) for name in CONNECTING
    ]
    kept += [(socket, name, getattr(socket, name)) for name in LOOKING_UP]
    for owner, name, _ in kept:
        setattr(owner, name, refusing(name))
    try:
        yield refused
    finally:
        for owner, name, original in kept:
            if original is None:
                delattr(owner, name)  # it was the base class's
            else:
                setattr(owner, name, original)
