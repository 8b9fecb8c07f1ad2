"""Exports in the words of the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ratable_server.api.native.translate.words import month_text
from ratable_server.exports import Account, Chart
from ratable_server.queries.exports import Exported, Wanted


def to_chart(accounts: Iterable[Mapping[str, Any]]) -> Chart:
    """Accounts by their roles."""
    names = ("code", "name", "kind", "tax_rate")
    return Chart(
        own={each["role"]: Account(**{name: each[name] for name in names if name in each}) for each in accounts}
    )


def to_wanted(fields: Mapping[str, Any], chart: Chart) -> Wanted:
    """How the journal is wanted."""
    since = fields.get("since_version")
    return Wanted(format=fields["format"], chart=chart, is_detailed=fields["detailed"], since_version=since)


def from_exported(months: Iterable[Exported]) -> list[dict[str, Any]]:
    """The files of some months."""
    return [
        {
            "month": month_text(month.month_on),
            "version": month.version,
            "name": file.name,
            "media_type": file.media_type,
            "entries": list(file.entry_ids),
            "content": file.content.decode(),
        }
        for month in months
        for file in month.files
    ]
