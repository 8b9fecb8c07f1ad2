"""Where a file of usage comes from: a path, or a stream that is first put on disk, so that it can be read again.

Owns what a format is called, unpacking with a limit, and the SHA-256 of the content. The hash is of the content as
it is unpacked: the same file is the same file, packed or not.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO, Literal, NamedTuple, get_args

from ratable_server.store.staging.problems import unreadable

FileFormat = Literal["csv", "ndjson", "parquet"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)

BLOCK_BYTES = 1 << 20
UNPACKED_BYTES = 64 << 20  # a packed file may grow to this, whatever its size
UNPACKED_TIMES = 100  # above that, only so much larger than it came
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}


class Spool(NamedTuple):
    """A file on disk that can be read again from its start."""

    path: Path
    format: FileFormat
    is_packed: bool
    content_bytes: int
    sha256: str

    def blocks(self) -> Iterator[bytes]:
        """The content, unpacked, block by block."""
        return _blocks(self.path, is_packed=self.is_packed)


@contextmanager
def spooled(source: Path | IO[bytes], name: str, format: str | None) -> Iterator[Spool]:
    """The file, ready to be read; a stream lies in a temporary file meanwhile.

    Refuses:
        file_must_be_readable
    """
    if isinstance(source, Path):
        yield _spool(source, name or source.name, format)
        return
    with tempfile.NamedTemporaryFile(prefix="ratable-usage-") as copy:
        shutil.copyfileobj(source, copy, BLOCK_BYTES)
        copy.flush()
        yield _spool(Path(copy.name), name, format)


def _spool(path: Path, name: str, format: str | None) -> Spool:
    try:
        with path.open("rb") as file:
            start = file.read(len(_PARQUET))
    except OSError as error:
        raise unreadable(f"{name} cannot be opened: {error.strerror}") from error
    is_packed = start.startswith(_GZIP)
    found = _format_of(name, format, start)
    if is_packed and found == "parquet":
        raise unreadable("a Parquet file is packed inside; leave out gzip")
    digest, size = hashlib.sha256(), 0
    for block in _blocks(path, is_packed=is_packed):
        digest.update(block)
        size += len(block)
    return Spool(path, found, is_packed, size, digest.hexdigest())


def _format_of(name: str, format: str | None, start: bytes) -> FileFormat:
    if format is not None:
        if format not in FORMATS:
            raise unreadable(f"{format!r} is not one of {', '.join(FORMATS)}")
        return format
    ending = Path(name.lower().removesuffix(".gz")).suffix
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if start == _PARQUET:
        return "parquet"
    raise unreadable(f"{name!r} does not end like one of {', '.join(_ENDINGS)}; name the format")


def _blocks(path: Path, *, is_packed: bool) -> Iterator[bytes]:
    with path.open("rb") as file:
        if is_packed:
            yield from _unpacked(file, most=max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size))
            return
        while block := file.read(BLOCK_BYTES):
            yield block


def _unpacked(file: IO[bytes], *, most: int) -> Iterator[bytes]:
    try:
        with GzipFile(fileobj=file) as content:
            while block := content.read(BLOCK_BYTES):
                most -= len(block)
                if most < 0:
                    raise unreadable(f"unpacks to more than {UNPACKED_TIMES} times its size")
                yield block
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise unreadable(f"is not a whole gzip file: {error}") from error
