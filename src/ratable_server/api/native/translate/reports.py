"""Reports in the words of the wire: what can be asked, and what was."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from ratable_server.api.native.translate.words import month_text
from ratable_server.exports import ShownTable, show, write_table


def from_definition(report: Any) -> dict[str, Any]:
    """What a report is, column by column."""
    shown = show(report.name, report.title, columns=report.columns, table=report.schema.to_pyarrow().empty_table())
    columns = [
        {"name": told.name, "unit": told.unit, "meaning": told.meaning, "role": defined.role}
        for told, defined in zip(shown.columns, report.columns, strict=True)
    ]
    return {
        "name": report.name,
        "title": report.title,
        "about": report.about,
        "has_periods": "period" in report.keys,
        "is_of_a_day": "day" in report.inputs,
        "columns": columns,
    }


def shown_of(found: Any, title: str = "") -> ShownTable:
    """A report as people read it."""
    return show(found.report.name, title or found.report.title, columns=found.columns, table=found.table)


def from_shown(shown: ShownTable) -> dict[str, Any]:
    """A table in JSON: the same as in a file."""
    told: dict[str, Any] = json.loads(write_table(shown, "json"))
    return told


def from_reported(found: Any) -> dict[str, Any]:
    """A report with the month that it reaches to."""
    through = None if found.through_on is None else month_text(found.through_on)
    return {**from_shown(shown_of(found)), "through": through}


def to_periods(text: str | None) -> tuple[date, date] | None:
    """`2026-01:2026-12`, or one month, as the first and the last one."""
    if text is None:
        return None
    first, colon, last = text.partition(":")
    return _month(first), _month(last if colon else first)


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
