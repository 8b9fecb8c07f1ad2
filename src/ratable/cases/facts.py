"""Usage in a case as rows of the engine: texts are read, what cannot be read gets its code.

Owns the reading of days, instants and quantities of usage, and of usage files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from ratable.cases.records import PrepaidUsage, Usage, UsageFile
from ratable.cases.scalars import date_of, decimal_of
from ratable.errors import MalformedCaseError
from ratable.terms_tables import addressed_stream, unaddressed_stream

Row = dict[str, object]
_FILE_COLUMNS = ("id", "item", "used_on", "used_at", "quantity", "amount", "currency")


def usage_row(usage: Usage, number: int) -> Row:
    """One usage record of a case."""
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "quantity": usage.quantity, "amount": usage.amount}
    return _row(usage.id or str(number), usage.item, texts, currency=usage.currency)


def prepaid_usage_row(usage: PrepaidUsage, number: int, contract_of: dict[str, str]) -> Row:
    """Prepaid usage as a record on the stream of its commit, or of its contract."""
    commit_id, contract_id = usage.prepaid_commit, usage.contract
    if commit_id is not None:
        item_id = addressed_stream(commit_id) if commit_id in contract_of else commit_id
    else:
        item_id = unaddressed_stream(contract_id or "")
    texts = {"used_on": usage.used_on, "used_at": usage.used_at, "quantity": None, "amount": usage.amount}
    return _row(usage.id or str(number), item_id, texts, currency=usage.currency)


def file_rows(file: UsageFile, number: int) -> Iterator[Row]:
    """The records of a usage file, numbered from 1; a row without an id is `<entry>.<row>`."""
    for place, record in enumerate(_records(file.path), start=1):
        texts = {name: _text_or_none(record.get(name)) for name in _FILE_COLUMNS}
        row = _row(
            texts["id"] or f"{number}.{place}", texts["item"] or file.item or "", texts, currency=texts["currency"]
        )
        yield {**row, "row": place}


def _records(path: Path) -> Iterator[dict[str, object]]:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        _require_columns(path, table.column_names)
        yield from table.to_pylist()
        return
    with path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        _require_columns(path, list(reader.fieldnames or ()))
        yield from reader


def _require_columns(path: Path, columns: list[str]) -> None:
    if not {"used_on", "used_at"} & set(columns):
        raise MalformedCaseError(path, 1, "used_on", "a usage file has a column used_on or used_at")
    if not {"quantity", "amount"} & set(columns):
        raise MalformedCaseError(path, 1, "quantity", "a usage file has a column quantity or amount")


def _text_or_none(value: object) -> str | None:
    text = value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
    return text.strip() or None


def _row(usage_id: str, item_id: str, texts: dict[str, str | None], *, currency: str | None) -> Row:
    used_on, used_at, dated = _day(texts["used_on"], texts["used_at"])
    quantity, counted = _number(texts["quantity"])
    amount, priced = _number(texts["amount"])
    code = None
    if not dated:
        code = "usage_must_have_a_date"
    elif not (counted and priced):
        code = "quantity_must_be_a_number"
    return {
        "usage_id": usage_id,
        "item_id": item_id,
        "used_at": used_at,
        "used_on": used_on,
        "quantity": quantity,
        "amount": amount,
        "currency": currency,
        "unreadable": code,
        "row": 0,
    }


def _day(on: str | None, at: str | None) -> tuple[date | None, datetime | None, bool]:
    """The day or the instant; an instant needs its offset."""
    try:
        if on is not None:
            return date_of(on), None, True
        instant = datetime.fromisoformat(at or "")
    except ValueError:
        return None, None, False
    if instant.tzinfo is None:
        return None, None, False
    return None, instant.astimezone(UTC), True


def _number(text: str | None) -> tuple[Decimal | None, bool]:
    """A plain decimal, and whether what stands there is one or nothing."""
    if text is None:
        return None, True
    try:
        return decimal_of(text), True
    except ValueError:
        return None, False
