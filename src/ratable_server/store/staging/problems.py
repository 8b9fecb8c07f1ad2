"""Files that cannot be read as a whole, told with the line."""

from __future__ import annotations

from ratable_server.errors import Refused


class UnreadableRow(Refused):
    """One row keeps a file, or a call, from being read: which, and its column."""

    def __init__(self, detail: str, *, row: int, column: str) -> None:
        super().__init__("file_must_be_readable", field="file", detail=detail)
        self.row, self.column = row, column


def unreadable(message: str, *, line: int | None = None) -> Refused:
    """The refusal of a file; `line` counts from 1, with the header."""
    where = f"line {line}: " if line is not None else ""
    return Refused("file_must_be_readable", field="file", detail=f"{where}{message}")
