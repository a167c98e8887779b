"""Which process a run belongs to, and whether it still lives."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told from a later one with the same number by when it started.

    Attributes:
        started: Boot and clock tick of its start; None where the system doesn't tell.
    """

    pid: int
    host: str
    started: str | None


def this_process() -> Process:
    """The process that asks."""
    return Process(os.getpid(), socket.gethostname(), _started(os.getpid()))


def is_gone(process: Process, *, silent: bool) -> bool:
    """Whether it has ended: for certain on this host, and on another where it has long been ``silent``."""
    if process.host != socket.gethostname():
        return silent
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return process.started is not None and process.started != _started(process.pid)


def _started(pid: int) -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # After the command's name, which may hold anything: the 20th field is the start.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return f"{boot}:{fields[19]}"
    except (OSError, IndexError):
        return None
