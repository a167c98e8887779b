"""Which process a run belongs to, and whether it still lives."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told from a later one with the same number by when it started.

    Attributes:
        host: The name of its machine or container, which others may bear too.
        started: ``BOOT:NAMESPACE:TICK``: the machine's boot, the numbering that ``pid`` is of, and the
            clock tick of its start; None where the system doesn't tell.
    """

    pid: int
    host: str
    started: str | None


def this_process() -> Process:
    """The process that asks."""
    return Process(os.getpid(), socket.gethostname(), _started(os.getpid()))


def is_gone(process: Process, *, silent: bool) -> bool:
    """Whether it has ended: for certain where it would be seen from here, else where it is ``silent``."""
    asking = this_process()
    if (process.host, _place(process)) != (asking.host, _place(asking)):
        return silent
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return process.started is not None and process.started != _started(process.pid)


def _place(process: Process) -> str | None:
    return process.started and process.started.rpartition(":")[0]


def _started(pid: int) -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = Path("/proc/self/ns/pid").stat().st_ino
        # After the command's name, which may hold anything: the 20th field is the start.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return f"{boot}:{namespace}:{fields[19]}"
    except (OSError, IndexError):
        return None
