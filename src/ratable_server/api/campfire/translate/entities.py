"""Entities: `/coa/api/entity`.

The close dates of an entity are those of the books: the last day of the last closed month, for both of them and for
every entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ratable_server.api.campfire.translate.registered import lineage
from ratable_server.api.campfire.translate.words import Names

CLOSE_DATES = ("close_books_date", "subledger_close_date")
_UNTOLD = {"currency": "USD", "fiscal_year_month": 1, "fiscal_year_day": 1}


def close_dates(fields: Mapping[str, Any]) -> set[date | None]:
    """The days through which the books are to be closed, as far as any is told."""
    return {fields[name] for name in CLOSE_DATES if name in fields}


def without_close_dates(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the entity itself."""
    return {name: value for name, value in fields.items() if name not in CLOSE_DATES}


def from_entity(
    entry: Any, names: Names, *, ancestors: Mapping[int, Sequence[int]], closed_on: date | None
) -> dict[str, Any]:
    """An entity with the names of what it points to."""
    return {
        **{name: entry.further.get(name) or usual for name, usual in _UNTOLD.items()},
        "parent_name": names.of("entity", entry.further.get("parent")),
        "primary_entity_name": names.of("entity", entry.further.get("primary_entity")),
        "lineage_array": lineage(ancestors, entry),
        **dict.fromkeys(CLOSE_DATES, closed_on),
    }
