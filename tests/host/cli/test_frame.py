"""Global options, errors and exit codes: what every command does alike."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from rolecall.cli.program import COMMANDS
from tests.host.plugin_samples import install


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-o", "json", "connectors", "list"], id="before"),
        pytest.param(["connectors", "-o", "json", "list"], id="between"),
        pytest.param(["connectors", "list", "--output=json"], id="after"),
        pytest.param(["-o", "csv", "connectors", "list", "-ojson"], id="the last one counts"),
    ],
)
def test_global_options_stand_before_or_after_the_command(workspace, rolecall, arguments):
    assert rolecall(*arguments).json[0]["name"] == "lab-one"


def test_data_is_json_where_nobody_watches(workspace, rolecall):
    assert rolecall("connectors", "list").json[0]["status"] == "Not synced"


def test_data_is_a_table_on_a_terminal(workspace, site):
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(site), "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "status"],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    process.wait(timeout=60)
    os.close(follower)
    shown = os.read(leader, 65536)
    os.close(leader)

    assert b"CONNECTOR" in shown
    assert b"\x1b[33mNot synced\x1b[0m" in shown


@pytest.mark.parametrize(
    ("options", "env"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})], ids=["option", "variable"]
)
def test_colours_can_be_turned_off(workspace, site, options, env):
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(site), "TERM": "xterm", **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "status", *options], stdout=follower, env=environment
    )
    process.wait(timeout=60)
    os.close(follower)
    shown = os.read(leader, 65536)
    os.close(leader)

    assert b"Not synced" in shown
    assert b"\x1b" not in shown


def test_the_version_is_printed_at_any_level(workspace, rolecall):
    assert rolecall("--version").out == rolecall("sync", "--version").out == b"rolecall 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["sync", "--bogus"], id="unknown option"),
        pytest.param(["nosuch"], id="unknown command"),
        pytest.param(["logs"], id="missing argument"),
        pytest.param(["logs", "lab-one", "--run", "x"], id="no number"),
        pytest.param(["sync", "other"], id="unknown connector"),
        pytest.param(["access", "--connector", "other"], id="unknown connector to read"),
        pytest.param(["explain", "ada", "prod"], id="no role"),
        pytest.param(["sync", "--full", "--incremental"], id="both modes"),
        pytest.param(["sync", "--accept-shrink=accounts"], id="unknown type"),
        pytest.param(["plugins", "schema", "other"], id="unknown kind"),
    ],
)
def test_a_usage_error_is_one_object_and_exit_code_2(workspace, rolecall, arguments):
    result = rolecall("-o", "json", *arguments)

    assert result.code == 2
    assert result.out == b""
    assert set(result.error) >= {"code", "message", "hint"}
    assert result.error["code"] == "usage"


def test_an_error_is_a_line_and_a_hint_for_people(workspace, rolecall):
    result = rolecall("sync", "other")

    assert result.code == 2
    message, hint = result.err.decode().splitlines()
    assert message.startswith("There is no connector other in ")
    assert hint == "hint: configured: lab-one"


def test_without_a_configuration_the_reader_is_told_how_to_make_one(workspace, rolecall):
    (workspace / "rolecall.toml").unlink()

    result = rolecall("access", "-o", "json")

    assert result.code == 2
    assert result.error["code"] == "config_invalid"
    assert "rolecall init" in result.error["hint"]


def test_every_mistake_stands_in_the_text_and_in_the_object(workspace, rolecall):
    (workspace / "rolecall.toml").write_text("[sync]\nx = 1\nmax_shrink = 7\n")

    text, whole = rolecall("sync"), rolecall("sync", "-o", "json")

    for part in ("sync.x: unknown key", "sync.max_shrink: must be a number"):
        assert part in text.err.decode()
        assert part in whole.error["message"]


def test_the_configuration_is_named_by_option_or_variable(workspace, rolecall, monkeypatch, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('[connectors.elsewhere]\nkind = "lab"\n')

    assert rolecall("connectors", "list", "--config", other).json[0]["name"] == "elsewhere"
    monkeypatch.setenv("ROLECALL_CONFIG", str(other))
    assert rolecall("connectors", "list").json[0]["name"] == "elsewhere"


def test_an_unknown_log_level_is_a_usage_error(workspace, rolecall, monkeypatch):
    monkeypatch.setenv("ROLECALL_LOG_LEVEL", "loud")

    result = rolecall("status", "-o", "json")

    assert result.code == 2
    assert "debug, info, warning, error" in result.error["hint"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_summary_and_an_example(workspace, rolecall, name):
    (summary,) = [line for line in rolecall("--help").out.decode().splitlines() if line.split()[:1] == [name]]

    assert summary.endswith(".")
    assert "..." not in summary
    assert f"  rolecall {name}" in rolecall(name, "--help").out.decode()


def test_a_plugins_command_takes_global_options_and_keeps_its_exit_code(workspace, rolecall):
    result = rolecall("greet", "--loud", "-o", "json", "-q")

    assert (result.code, result.out) == (3, b"HELLO\n")


def test_help_works_while_the_configuration_is_broken(workspace, rolecall):
    (workspace / "rolecall.toml").write_text("[[[")

    assert rolecall("--help").code == 0
    assert rolecall("greet").code == 2


def test_a_plugin_that_is_not_allowed_is_never_imported(workspace, rolecall, site):
    install(site, "acme-spy", "from pathlib import Path\nPath('imported').touch()")
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text() + '[plugins]\nallow = ["acme-lab"]\n')

    listed = rolecall("plugins", "list").json

    assert {row["name"]: row["state"] for row in listed}["acme_spy"] == "disabled"
    assert not (workspace / "imported").exists()


def test_nothing_is_imported_while_it_is_unclear_what_may_be(workspace, rolecall, site):
    install(site, "acme-spy", "from pathlib import Path\nPath('imported').touch()")
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text().replace("[accounts]", 'provisioning = "on"\n\n[accounts]'))

    result = rolecall("sync", "-o", "json")

    assert result.code == 2
    assert "plugins.allow" in result.error["message"]
    assert not (workspace / "imported").exists()


def test_reading_works_while_the_plugin_is_gone(synced, rolecall, site):
    (site / "acme_lab.py").write_text("1 / 0")
    sys.modules.pop("acme_lab")

    for command in (["access"], ["resources"], ["runs"], ["status"], ["connectors", "list"]):
        assert rolecall(*command, "-o", "json").code == 0
    explained = rolecall("explain", "ada@acme.example", "prod/Admin", "-o", "json")
    assert (explained.code, explained.json["has_access"], explained.json["reasons"]) == (0, True, [])
    shown = rolecall("connectors", "show", "lab-one", "-o", "json")
    assert shown.json["settings"] is None
    failed = rolecall("sync", "-o", "json")
    assert failed.code == 2
    assert "acme_lab (acme-lab) is broken: ZeroDivisionError" in failed.error["message"]


def test_a_reader_that_has_seen_enough_gets_no_traceback(synced, site):
    command = f"{sys.executable} -m rolecall resources -o jsonl -v | head -c 1; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(site)}

    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False)

    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_a_full_disk_is_an_error_with_one_line(synced, rolecall_process):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "rolecall", "access"], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 1
    assert done.stderr == b"Can't write to standard output: No space left on device.\n"


def test_an_ascii_terminal_and_hostile_names_crash_nothing(synced, rolecall_process):
    for form in ("table", "csv"):
        done = rolecall_process("access", "-o", form, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\x1b" not in done.stdout


def test_ctrl_c_ends_following_a_log_with_130(synced, site):
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "logs", "lab-one", "--follow", "-o", "json"],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    first = process.stdout.readline()
    time.sleep(0.1)  # into the wait between two looks
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert b"run 1 of lab-one started" in first
    assert process.returncode == 130
    assert err.splitlines()[-1] == b'{"error":{"code":"interrupted","message":"Interrupted.","hint":null}}'
