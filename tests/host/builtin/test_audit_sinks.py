"""The ends of the audit chain are kept in a file, and told to syslog, outside the store."""

import os
import socket
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rolecall import AuditHead, RolecallError
from rolecall.builtin.audit import heads_file, syslog
from rolecall.builtin.audit.schema import AuditSchema, AuditSettings, SyslogAddress
from rolecall.builtin.audit.sinks import read_sinks
from rolecall.config_schemas import load_table
from rolecall.plugin_tables import LoadedSettings
from rolecall.plugins import load_plugins

AT = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)


def head(number):
    return AuditHead(number, f"{number:064x}", AT)


@pytest.fixture
def settings(tmp_path):
    return LoadedSettings(tmp_path)


@pytest.fixture
def heads(tmp_path):
    return tmp_path / "rolecall.heads"


def kept(settings):
    return [each.number for each in heads_file.rolecall_audit_heads(settings)]


def test_heads_are_kept_beside_the_configuration_for_their_owner_alone(settings, heads):
    for number in (1, 2):
        heads_file.rolecall_audit_head(head(number), settings)
    assert heads_file.rolecall_audit_heads(settings) == [head(1), head(2)]
    assert stat.S_IMODE(heads.stat().st_mode) == 0o600
    assert len(heads.read_text("ascii").splitlines()) == 2


def test_a_file_that_others_could_read_is_closed_to_them(settings, heads):
    heads.touch(0o644)
    heads_file.rolecall_audit_head(head(1), settings)
    assert stat.S_IMODE(heads.stat().st_mode) == 0o600


def test_without_a_file_there_are_no_heads(settings):
    assert kept(settings) == []


def test_a_line_that_a_power_failure_cut_off_counts_as_not_written(settings, heads):
    heads_file.rolecall_audit_head(head(1), settings)
    with heads.open("ab") as file:
        file.write(b"2 00")
    assert kept(settings) == [1]
    heads_file.rolecall_audit_head(head(3), settings)
    assert kept(settings) == [1, 3]


@pytest.mark.parametrize("line", ["", "7", "x 1 2026-01-01", "1 2 3", "1 \x00 \u202e"])
def test_a_line_that_is_no_head_is_told_and_not_skipped(settings, heads, line):
    heads_file.rolecall_audit_head(head(1), settings)
    with heads.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(RolecallError, match=r"Line 2 of .*rolecall\.heads isn't the end of an audit chain"):
        heads_file.rolecall_audit_heads(settings)


def test_a_link_is_not_followed(settings, heads, tmp_path):
    heads.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RolecallError, match=r"rolecall\.heads can't be used: it is a link"):
        heads_file.rolecall_audit_head(head(1), settings)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "elsewhere").write_text("")
    with pytest.raises(RolecallError, match="it is a link"):
        kept(settings)


def test_only_a_plain_file_is_written_and_read(settings, heads):
    os.mkfifo(heads)
    with pytest.raises(RolecallError, match="it isn't a plain file"):
        heads_file.rolecall_audit_head(head(1), settings)
    with pytest.raises(RolecallError, match="it isn't a plain file"):
        kept(settings)


def test_a_sink_that_cannot_be_used_is_told_in_a_line(settings, heads, caplog):
    heads.mkdir()
    unreachable = AuditSettings(syslog=SyslogAddress("unix", str(heads / "nowhere")))
    load_plugins().announce("rolecall_audit_head", head=head(1), settings=settings)
    load_plugins().announce(
        "rolecall_audit_head", head=head(1), settings=LoadedSettings(settings.folder, {"audit": unreachable})
    )
    assert "plugin audit-file: The file of audit heads" in caplog.text
    assert "plugin audit-syslog: Syslog at unix" in caplog.text
    assert "Traceback" not in caplog.text


def test_many_processes_append_whole_lines(settings):
    threads = [
        threading.Thread(target=heads_file.rolecall_audit_head, args=(head(n), settings))
        for n in range(1, 21)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept(settings)) == list(range(1, 21))


def test_the_file_may_be_somewhere_else(tmp_path):
    elsewhere = LoadedSettings(tmp_path, {"audit": AuditSettings(tmp_path / "mounted")})
    heads_file.rolecall_audit_head(head(1), elsewhere)
    assert (tmp_path / "mounted").exists()
    assert kept(elsewhere) == [1]


def test_syslog_gets_one_message_for_each_head(tmp_path):
    path = str(tmp_path / "log")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as log:
        log.bind(path)
        log.settimeout(10)
        to = LoadedSettings(tmp_path, {"audit": AuditSettings(syslog=SyslogAddress("unix", path))})
        syslog.rolecall_audit_head(head(7), to)
        assert log.recv(4096) == syslog.message(head(7), socket.gethostname(), os.getpid())


def test_syslog_is_told_by_datagram(tmp_path):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(10)
        address = SyslogAddress("udp", *log.getsockname())
        syslog.rolecall_audit_head(
            head(7), LoadedSettings(tmp_path, {"audit": AuditSettings(syslog=address)})
        )
        assert log.recv(4096).endswith(b"audit chain ends: number=7 hash=" + b"0" * 63 + b"7")


def test_syslog_is_told_by_stream_with_the_message_s_length(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        address = SyslogAddress("tcp", *server.getsockname())
        syslog.rolecall_audit_head(
            head(7), LoadedSettings(tmp_path, {"audit": AuditSettings(syslog=address)})
        )
        with closing(server.accept()[0]) as stream:
            whole = stream.makefile("rb").read()
    length, _, said = whole.partition(b" ")
    assert int(length) == len(said)
    assert said.startswith(b"<109>1 2026-01-01T12:00:00.000005Z ")


def test_a_message_is_one_line_whatever_the_host_is_called():
    assert syslog.message(head(1), "h\u00e9 o\nst", 3) == (
        b"<109>1 2026-01-01T12:00:00.000005Z host rolecall 3 audit-head - "
        b"audit chain ends: number=1 hash=" + b"0" * 63 + b"1"
    )


def test_without_syslog_nothing_is_sent(settings):
    syslog.rolecall_audit_head(head(1), settings)


@pytest.mark.parametrize(
    ("table", "loaded"),
    [
        pytest.param({}, AuditSettings(), id="nothing said"),
        pytest.param({"heads": "/mnt/heads"}, AuditSettings(Path("/mnt/heads")), id="a file"),
        pytest.param(
            {"syslog": "/dev/log"}, AuditSettings(syslog=SyslogAddress("unix", "/dev/log")), id="a socket"
        ),
        pytest.param(
            {"syslog": "udp://log.acme.example"},
            AuditSettings(syslog=SyslogAddress("udp", "log.acme.example", 514)),
            id="the usual port",
        ),
        pytest.param(
            {"syslog": "tcp://[::1]:601"},
            AuditSettings(syslog=SyslogAddress("tcp", "::1", 601)),
            id="an address",
        ),
    ],
)
def test_the_table_says_where_heads_go(table, loaded):
    problems = []
    assert load_table(AuditSchema(), table, "audit", problems) == loaded
    assert problems == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"syslog": "http://log.acme.example"}, "audit.syslog: must be"),
        ({"syslog": "udp://log.acme.example:x"}, "audit.syslog: must be"),
        ({"syslog": "udp://user:secret@log.acme.example"}, "audit.syslog: must be"),
        ({"syslog": "log"}, "audit.syslog: must be"),
        ({"syslog": 5}, "audit.syslog: must be"),
        ({"heads": ""}, "audit.heads: must be a path"),
        ({"head": "x"}, "audit.head: unknown key"),
    ],
)
def test_a_mistake_in_the_table_is_named(table, problem):
    problems = []
    assert load_table(AuditSchema(), table, "audit", problems) is None
    assert problems[0].startswith(problem)
    assert "secret" not in problems[0]


def test_every_sink_that_can_be_read_back_is_asked_and_one_that_fails_says_why(settings, heads):
    plugins = load_plugins()
    plugins.announce("rolecall_audit_head", head=head(4), settings=settings)
    assert [(sink.plugin, sink.last_but(()), sink.error) for sink in read_sinks(plugins, settings)] == [
        ("audit-file", 4, None)
    ]
    heads.write_text("nonsense\n", encoding="ascii")
    [sink] = read_sinks(plugins, settings)
    assert (sink.heads, sink.last_but(())) == ((), 0)
    assert "Line 1 of" in sink.error
