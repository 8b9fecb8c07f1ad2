"""What the columns of a file of usage mean: who used, when, how much; every other column is a dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ratable_server.store.staging.problems import unreadable

FACT = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")
PREPAID = ("prepaid_commit", "contract")
_MOST_COLUMNS = 500
_NAME_LENGTH = 200


class Layout(NamedTuple):
    """The columns of a file as they stand, and which of them are dimensions."""

    columns: tuple[str, ...]
    further: tuple[str, ...]


def layout_of(names: Sequence[str], item: str | None) -> Layout:
    """The layout of a table with these columns; `item` is the one that rows without an item belong to.

    Prepaid usage names a prepaid commit or a contract in place of an item; beside an item those are dimensions.

    Refuses:
        file_must_be_readable
    """
    columns = tuple(name.strip() for name in names)
    found = ", ".join(name[:_NAME_LENGTH] for name in columns[:20])
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if len(columns) > _MOST_COLUMNS:
        raise unreadable(f"has {len(columns)} columns; {_MOST_COLUMNS} at most", line=1)
    if doubled:
        raise unreadable(f"two columns have the name {doubled[0]!r}", line=1)
    if "" in columns:
        raise unreadable("a column has no name", line=1)
    has_item = "item" in columns or item is not None
    for needed in (("used_on", "used_at"), ("quantity", "amount")):
        if not set(needed) & set(columns):
            raise unreadable(f"has no column {' or '.join(needed)}; its columns are: {found}", line=1)
    if not has_item and not set(PREPAID) & set(columns):
        raise unreadable(f"has no column item, and no item is named for all rows; its columns are: {found}", line=1)
    known = FACT if has_item else (*FACT, *PREPAID)
    return Layout(columns, tuple(name for name in columns if name not in known))
