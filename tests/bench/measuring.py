"""What one command uses, measured from a small process.

Linux counts a process's peak memory from its fork on, so the one that forks must itself be small.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

TOKEN = "bench-token"


@dataclass(frozen=True)
class Cost:
    """What one command used."""

    wall: float
    cpu: float
    peak_mb: float
    first_row: float
    out: str


def measure(folder: Path, *arguments: str) -> Cost:
    """Run ``rolecall`` to its end; the time of its first output counts apart."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as small:
        return small.submit(_measure, folder, arguments).result()


def _measure(folder: Path, arguments: tuple[str, ...]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"OKTA_API_TOKEN": TOKEN},
    )  # fmt: skip
    out, first_row = [], 0.0
    for line in process.stdout:
        if len(line) > 2 and not first_row:
            first_row = time.perf_counter() - began
        if not arguments[0].startswith("access"):
            out.append(line)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"rolecall {' '.join(arguments)} ended with {process.returncode}")
    wall = time.perf_counter() - began
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, first_row, "".join(out))
