"""A sink, as a plugin: the ends of the audit chain in a file that is only ever appended to.

One line for each: number, hash, time. A line that a power failure cut off is marked with ``#``, and counts as
not written. Each head implies all records before it, so one that is missing is no loss.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rolecall import AuditHead, PluginSettings, RolecallError, hookimpl
from rolecall.builtin.audit.schema import audit_settings

_PRIVATE = 0o600
_CUT_OFF = b"#\n"
_HINT = "see the setting audit.heads; rolecall audit verify tells how far the file is behind"


@hookimpl
def rolecall_audit_head(head: AuditHead, settings: PluginSettings) -> None:
    """Append a head; on disk when this returns.

    Raises:
        RolecallError: The file can't be written.
    """
    path = _path(settings)
    with _told(path), _opened(path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
        known = os.fstat(file)
        if stat.S_IMODE(known.st_mode) & 0o077:
            os.fchmod(file, _PRIVATE)
        cut_off = known.st_size and os.pread(file, 1, known.st_size - 1) != b"\n"
        line = f"{head.number} {head.hash} {head.at.isoformat()}\n".encode("ascii")
        os.write(file, _CUT_OFF + line if cut_off else line)
        os.fsync(file)


@hookimpl
def rolecall_audit_heads(settings: PluginSettings) -> Iterable[AuditHead]:
    """The heads in the file; none where it isn't there.

    Raises:
        RolecallError: The file can't be read, or holds something else.
    """
    path = _path(settings)
    try:
        with _told(path), _opened(path, os.O_RDONLY) as file, open(file, "rb", closefd=False) as opened:
            text = opened.read().decode("ascii", "replace")
    except FileNotFoundError:
        return []
    whole = text[: text.rfind("\n") + 1].splitlines()
    return [_head(path, n, line) for n, line in enumerate(whole, 1) if not line.endswith("#")]


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """The file, which must be one and no link to it: others may be able to write to its folder."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, _PRIVATE)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it isn't a plain file")
        yield file
    finally:
        os.close(file)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        if path.parent.is_dir():
            raise
        raise RolecallError(f"The folder of {path} isn't there.", hint=_HINT) from None
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise RolecallError(f"The file of audit heads {path} can't be used: {why}.", hint=_HINT) from error


def _head(path: Path, n: int, line: str) -> AuditHead:
    try:
        number, digest, at = line.split(" ")
        return AuditHead(int(number), digest, datetime.fromisoformat(at))
    except ValueError as error:
        raise RolecallError(f"Line {n} of {path} isn't the end of an audit chain: it was changed.") from error


def _path(settings: PluginSettings) -> Path:
    return settings.folder / audit_settings(settings).heads
