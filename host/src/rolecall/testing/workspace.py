"""A folder with a configuration and a database of its own, and ``rolecall`` run in it as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_STORE = "sqlite:///rolecall.db"
STORE_VARIABLE = "ROLECALL_STORE_URL"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed to standard output, read as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error object that is the last line of standard error under ``-o json``."""
        found: dict[str, Any] = json.loads(self.err.strip().splitlines()[-1])["error"]
        return found


class Workspace:
    """A folder where ``rolecall`` commands run, each in a process of its own.

    Attributes:
        folder: Where ``rolecall.toml`` is, and the database unless ``store_url`` names another place.
        environment: Variables set for the commands, for secrets by reference. Little else is
            inherited, so that a developer's own variables don't leak into a test.
    """

    def __init__(self, folder: Path, store_url: str = DEFAULT_STORE) -> None:
        self.folder = folder
        self.store_url = store_url
        self.environment = {} if store_url == DEFAULT_STORE else {STORE_VARIABLE: store_url}
        self._started: list[subprocess.Popen[str]] = []

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "rolecall.toml"

    def configure(self, toml: str, **secrets: str) -> None:
        """Write the configuration, and set environment variables that it refers to.

        Unless it says so itself, it says where the store is.
        """
        self.config.write_text(in_store(self.store_url, toml), encoding="utf-8")
        self.environment |= secrets

    def rolecall(self, *arguments: str, timeout: float = 120, stdin: str = "") -> Finished:
        """Run a command to its end.

        Raises:
            subprocess.TimeoutExpired: It took longer than ``timeout`` seconds.
        """
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=timeout)
        return Finished(process.returncode, out, err)

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start a command and leave it running, for tests that interrupt it."""
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "rolecall", *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End whatever is still running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _environment(self) -> Mapping[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | {"PYTHONUTF8": "1"} | self.environment


def in_store(url: str, toml: str) -> str:
    """The configuration with the store at ``url``, which STORE_VARIABLE holds, unless it names one itself."""
    if url == DEFAULT_STORE or "[store]" in toml:
        return toml
    return f'[store]\nurl = {{ env = "{STORE_VARIABLE}" }}\n\n{toml}'
