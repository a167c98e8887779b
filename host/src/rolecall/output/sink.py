"""Standard output as bytes: buffered, the first row out at once, and errors that say what failed."""

from enum import Enum
from types import TracebackType
from typing import BinaryIO, Self

from rolecall.errors import RolecallError

BUFFER_SIZE = 64 * 1024


class Format(Enum):
    """What ``-o`` offers."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class Sink:
    """Collects bytes and hands them on in large pieces; flushed when left.

    Attributes:
        encoding: Of text written with ``write_text``.
        width: Columns of the terminal, or None when the output is no terminal.
        styled: Whether colours may be used.
    """

    def __init__(
        self, stream: BinaryIO, *, encoding: str = "utf-8", width: int | None = None, styled: bool = False
    ) -> None:
        self.encoding = encoding
        self.width = width
        self.styled = styled
        self._stream = stream
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Add bytes; they are handed on once there are many."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= BUFFER_SIZE:
            self.flush()

    def write_text(self, text: str) -> None:
        """Add text; a character that the terminal's encoding lacks shows as an escape."""
        self.write(text.encode(self.encoding, "backslashreplace"))

    def flush(self) -> None:
        """Hand on what was collected.

        Raises:
            BrokenPipeError: Nobody reads any more.
            RolecallError: It can't be written, for instance because the disk is full.
        """
        pieces, self._pieces, self._size = self._pieces, [], 0
        try:
            self._stream.write(b"".join(pieces))
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RolecallError(
                f"Can't write to standard output: {error.strerror}.", code="output_failed"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, BrokenPipeError):
            self.flush()
