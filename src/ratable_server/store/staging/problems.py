"""Files that cannot be read as a whole, told with the line."""

from __future__ import annotations

from ratable_server.errors import Refused


def unreadable(message: str, *, line: int | None = None) -> Refused:
    """The refusal of a file; `line` counts from 1, with the header."""
    where = f"line {line}: " if line is not None else ""
    return Refused("file_must_be_readable", field="file", detail=f"{where}{message}")
