"""Usage in a case as rows of the engine: texts are read, what cannot be read gets its code.

Owns the reading of days, instants and quantities of usage; files are read by `usage_files`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

from ratable.cases.records import PrepaidUsage, Usage, UsageFile
from ratable.cases.scalars import YEARS, date_of, decimal_of
from ratable.cases.usage_files import texts_of
from ratable.terms_tables import addressed_stream, unaddressed_stream

Row = dict[str, object]
_FILE_COLUMNS = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")


def usage_row(usage: Usage, number: int) -> Row:
    """One usage record of a case."""
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "quantity": usage.quantity, "amount": usage.amount}
    row = _row(usage.id or str(number), usage.item, texts, currency=usage.currency)
    return {**row, "dimensions": _canonical(dict(usage.dimensions))}


def prepaid_usage_row(usage: PrepaidUsage, number: int, contract_of: dict[str, str]) -> Row:
    """Prepaid usage as a record on the stream of its commit, or of its contract."""
    commit_id, contract_id = usage.prepaid_commit, usage.contract
    if commit_id is not None:
        item_id = addressed_stream(commit_id) if commit_id in contract_of else commit_id
    else:
        item_id = unaddressed_stream(contract_id or "")
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "quantity": None, "amount": usage.amount}
    row = _row(usage.id or str(number), item_id, texts, currency=usage.currency)
    return {**row, "dimensions": _canonical({"events": str(usage.events)} if usage.events else {})}


def file_rows(file: UsageFile, number: int) -> Iterator[Row]:
    """The records of a usage file, numbered from 1; a row without an id is `<entry>.<row>`."""
    for place, record in enumerate(texts_of(file.path), start=1):
        texts = {name: record.get(name) for name in _FILE_COLUMNS}
        further = {name: text for name, text in record.items() if name not in _FILE_COLUMNS and text is not None}
        usage_id, item_id = texts["id"] or f"{number}.{place}", texts["item"] or file.item or ""
        row = _row(usage_id, item_id, texts, currency=texts["currency"])
        yield {**row, "dimensions": _canonical(further), "row": place}


def _canonical(dimensions: dict[str, str]) -> str | None:
    """The further columns of a record as one text, the same for the same pairs in any order."""
    return json.dumps(dimensions, ensure_ascii=False, sort_keys=True) if dimensions else None


def _row(usage_id: str, item_id: str, texts: dict[str, str | None], *, currency: str | None) -> Row:
    used_on, used_at, dated = _day(texts["used_on"], texts["used_at"])
    quantity, counted = _number(texts["quantity"])
    amount, priced = _number(texts["amount"])
    code = value = None
    if not dated:
        code, value = "usage_must_have_a_date", texts["used_on"] if texts["used_on"] is not None else texts["used_at"]
    elif not (counted and priced):
        code, value = "quantity_must_be_a_number", texts["amount"] if counted else texts["quantity"]
    return {
        "usage_id": usage_id,
        "item_id": item_id,
        "used_at": used_at,
        "used_on": used_on,
        "quantity": quantity,
        "amount": amount,
        "currency": currency,
        "unreadable": code,
        "unreadable_value": value,
        "dimensions": None,
        "row": 0,
    }


def _day(on: str | None, at: str | None) -> tuple[date | None, datetime | None, bool]:
    """The day or the instant; an instant needs its offset."""
    try:
        if on is not None:
            return date_of(on), None, True
        instant = datetime.fromisoformat(at or "")
        if instant.tzinfo is None:
            return None, None, False
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, None, False
    return (None, instant, True) if instant.year in YEARS else (None, None, False)


def _number(text: str | None) -> tuple[Decimal | None, bool]:
    """A plain decimal, and whether what stands there is one or nothing."""
    if text is None:
        return None, True
    try:
        return decimal_of(text), True
    except ValueError:
        return None, False
