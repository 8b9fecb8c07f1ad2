"""CSV as COPY takes it, checked so that nothing is left for COPY to guess.

Owns what is CSV here: UTF-8 with or without a byte order mark, lines that end in LF, CRLF or CR, commas, quotes that
close, and as many cells in each row as in the header. Blanks around a cell are no part of it, and an empty cell is
nothing. Blocks without a quote or such blanks are only checked and go on as they are; from the first block that has
more to it, cells are read and written again one by one. Rows count from 1, below the header.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from io import StringIO

from ratable_server.errors import Refused
from ratable_server.store.staging.problems import unreadable

CELL_LENGTH = 131_072
_BLANK = rb"[\t\v\f\x1c-\x20\x80-\xff]"  # what `str.strip` takes, and where it may lie hidden
_BLANKS = re.compile(_BLANK)
_BLANKS_AROUND = re.compile(rb"(?:^|[,\n])" + _BLANK + rb"|" + _BLANK + rb"[,\n]")
_LINE_LENGTH = 1 << 20
_WRITTEN_LENGTH = 1 << 18
_MOST_TOLD = 10  # rows with too many cells or too few


class CsvFile:
    """The header of a CSV file, and its rows in blocks for `COPY ... (FORMAT csv)`."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._carry = _without_mark(_start_of(blocks))
        self._line = 1  # of the start of what is carried
        self._row = 0  # the last one that went on, counted below the header
        if not self._carry:
            raise unreadable("is empty", line=1)
        self.columns = self._header()

    def rows(self) -> Iterator[bytes]:
        """The rows below the header."""
        for block in self._blocks:
            self._carry += block
            cut = self._carry.rfind(b"\n") + 1
            part = self._plain(self._carry[:cut]) if cut else None
            if part is None:
                yield from self._read_again()
                return
            yield part
            self._line += part.count(b"\n")
            self._row += part.count(b"\n")
            self._carry = self._carry[cut:]
        if self._carry:
            last = self._plain(self._carry + b"\n" * (not self._carry.endswith(b"\n")))
            yield from self._read_again() if last is None else (last,)

    def _header(self) -> list[str]:
        """The first line, taken off; a header of several lines is none."""
        while not any(end in self._carry[:-1] for end in (b"\n", b"\r")):
            block = next(self._blocks, b"")
            self._carry += block
            if not block or len(self._carry) > _LINE_LENGTH:
                break
        first = next(_lines(iter([self._carry[:_LINE_LENGTH]]), 1), "")
        self._carry = self._carry[len(first.encode()) :]
        self._line = 2
        try:
            return next(csv.reader([first], strict=True), [])
        except csv.Error as error:
            raise unreadable(f"the header cannot be read: {error}", line=1) from error

    def _plain(self, part: bytes) -> bytes | None:
        """Whole lines that COPY reads exactly as they stand, or None."""
        if b"\r" in part:
            part = part.replace(b"\r\n", b"\n")
        if b'"' in part or b"\r" in part or b"\0" in part:
            return None
        try:
            part.decode()
        except UnicodeDecodeError:
            return None
        if _BLANKS.search(part) and _BLANKS_AROUND.search(part):
            return None
        lines = part.split(b"\n")
        lines.pop()
        commas = len(self.columns) - 1
        fits = {line.count(b",") for line in lines} <= {commas} and max(map(len, lines), default=0) <= CELL_LENGTH
        return part if fits else None

    def _read_again(self) -> Iterator[bytes]:
        """The rest of the file, read cell by cell and written again."""
        written = StringIO()
        writer = csv.writer(written, lineterminator="\n")
        for cells in self._even_rows():
            writer.writerow([cell.strip() for cell in cells])
            if written.tell() > _WRITTEN_LENGTH:
                yield written.getvalue().encode()
                written.seek(0)
                written.truncate()
        yield written.getvalue().encode()

    def _even_rows(self) -> Iterator[list[str]]:
        """The rest of the rows; from the first one on that has too many cells or too few, only such rows are looked for.

        Refuses:
            file_must_be_readable: the first of them are told together; else the first thing that is wrong
        """
        uneven: list[str] = []
        try:
            for line, cells in self._cells():
                self._row += 1
                if len(cells) != len(self.columns):
                    uneven.append(
                        f"line {line}: row {self._row} has {len(cells)} cells, the header {len(self.columns)}"
                    )
                elif not uneven:
                    yield cells
                if len(uneven) == _MOST_TOLD:
                    break
        except Refused:
            if not uneven:
                raise
        if uneven:
            raise unreadable("; ".join(uneven))

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """The cells of the rest, line by line, each with the line where it begins; without empty lines.

        Refuses:
            file_must_be_readable
        """
        reader = csv.reader(_lines(_chained(self._carry, self._blocks), self._line), strict=True)
        begun = self._line
        try:
            for cells in reader:
                if cells:
                    yield begun, cells
                begun = self._line + reader.line_num
        except csv.Error as error:
            raise unreadable(f"a quote that is not closed, or a cell too long: {error}", line=begun) from error


def _start_of(blocks: Iterator[bytes]) -> bytes:
    """The first blocks, enough of them for a byte order mark and something behind it."""
    start = b""
    while len(start) <= len(codecs.BOM_UTF8) and (block := next(blocks, b"")):
        start += block
    return start


def _without_mark(block: bytes) -> bytes:
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise unreadable("is UTF-16; UTF-8 is read", line=1)
    return block.removeprefix(codecs.BOM_UTF8)


def _chained(first: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from more


def _lines(blocks: Iterator[bytes], line: int) -> Iterator[str]:
    """The lines with their ends, whatever these are; `line` is the number of the first."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    for block in blocks:
        try:
            text = rest + decoder.decode(block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            raise unreadable("is not UTF-8", line=line + before.count(b"\n")) from error
        pieces = list(StringIO(text, newline=""))
        # A line without its end goes on in the next block, and so may an end of two characters.
        rest = pieces.pop() if pieces and not pieces[-1].endswith("\n") else ""
        for piece in pieces:
            yield _sound(piece, line)
            line += 1
        if len(rest) > _LINE_LENGTH:
            raise unreadable(f"is longer than {_LINE_LENGTH} characters", line=line)
    if decoder.getstate()[0]:
        raise unreadable("is not UTF-8", line=line)
    for piece in StringIO(rest, newline=""):
        yield _sound(piece, line)
        line += 1


def _sound(piece: str, line: int) -> str:
    if "\0" in piece:
        raise unreadable("has a NUL character", line=line)
    return piece
