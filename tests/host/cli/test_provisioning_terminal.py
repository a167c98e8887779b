"""At a terminal the plan is shown and confirmed first; Ctrl-C leaves the truth on record."""

import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from tests.host.vaults import ADMIN, PROD


@dataclass
class Terminal:
    """A process at a terminal."""

    process: subprocess.Popen
    leader: int
    shown: bytes = b""

    def wait_for(self, text):
        """Read until the text is shown."""
        deadline = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self.shown += os.read(self.leader, 65536)

    def type(self, text):
        os.write(self.leader, text)

    def interrupt(self):
        """Press Ctrl-C until it is heard: Python may miss one in the moment in which it begins to read."""
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self.process.send_signal(signal.SIGINT)
            time.sleep(0.5)

    def end(self):
        """The exit code, once all that is shown was read."""
        while True:
            try:
                more = os.read(self.leader, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            self.shown += more
        return self.process.wait(timeout=30)


@pytest.fixture
def at_a_terminal(vault, site):
    """Starts ``rolecall grant`` with a terminal for its input, output and errors."""
    started = []

    def start(*options):
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "rolecall", "grant", "vault", ADMIN, "user:u2", *options],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, "PYTHONPATH": str(site), "TERM": "xterm", "COLUMNS": "120"},
            start_new_session=True,
        )
        os.close(follower)
        started.append(Terminal(process, leader))
        return started[-1]

    yield start
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        os.close(terminal.leader)


def test_the_plan_is_shown_and_carried_out_when_somebody_says_yes(at_a_terminal, vault):
    terminal = at_a_terminal()
    terminal.wait_for(b"Carry this out?")
    assert f"+ {ADMIN}".encode() in terminal.shown
    assert vault.calls == []
    terminal.type(b"y\n")

    assert terminal.end() == 0
    assert b"Applied, and seen by a read." in terminal.shown
    assert vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}


def test_whoever_says_no_writes_nothing(at_a_terminal, vault):
    terminal = at_a_terminal()
    terminal.wait_for(b"Carry this out?")
    terminal.type(b"\n")

    assert terminal.end() == 3
    assert vault.calls == []


def test_ctrl_c_at_the_question_ends_it_at_once(at_a_terminal, vault):
    terminal = at_a_terminal()
    terminal.wait_for(b"Carry this out?")
    terminal.interrupt()

    assert terminal.end() == 130
    assert vault.calls == []


def test_ctrl_c_in_the_middle_of_a_write_says_so_on_record(at_a_terminal, vault, workspace, rolecall):
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "hang")
    terminal = at_a_terminal("--yes")
    deadline = time.monotonic() + 30
    while not (workspace / "vault.hanging").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    terminal.process.send_signal(signal.SIGINT)

    assert terminal.end() == 130
    (record,) = rolecall("audit", "-o", "json").json
    assert record["status"] == "failed"
    assert record["error"]["code"] == "interrupted"
