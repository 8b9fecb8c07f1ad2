"""Reads acts that record usage; their texts stay as written.

Owns the shape of `usage`, `late_usage`, `prepaid_usage` and `usage_file`. A bad date or number
in a usage record is a fact that is rejected when the case is played, not a malformed file.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ratable import scalars
from ratable.cases.fields import Fields
from ratable.cases.nodes import Mapping
from ratable.cases.records import PrepaidUsage, Usage, UsageFile

_FACT = "id used_on used_at amount currency"


def read_usage(node: Mapping) -> Usage:
    fields = Fields(node, required="item", optional=f"{_FACT} quantity dimensions")
    _at_most_one(fields, "used_on", "used_at")
    return Usage(
        item=_item(fields),
        id=fields.name() if fields.has("id") else None,
        used_on=fields.raw("used_on"),
        used_at=fields.raw("used_at"),
        quantity=fields.raw("quantity"),
        amount=fields.raw("amount"),
        currency=fields.raw("currency"),
        dimensions=_dimensions(fields.mapping("dimensions")),
    )


def read_prepaid_usage(node: Mapping) -> PrepaidUsage:
    fields = Fields(node, optional=f"{_FACT} prepaid_commit contract events")
    _at_most_one(fields, "used_on", "used_at")
    _at_most_one(fields, "prepaid_commit", "contract")
    if not fields.has("prepaid_commit") and not fields.has("contract"):
        raise fields.malformed("prepaid_commit", "prepaid_commit or contract is required")
    return PrepaidUsage(
        prepaid_commit=fields.name("prepaid_commit") if fields.has("prepaid_commit") else None,
        contract=fields.maybe_text("contract"),
        id=fields.name() if fields.has("id") else None,
        used_on=fields.raw("used_on"),
        used_at=fields.raw("used_at"),
        amount=fields.raw("amount"),
        events=fields.value("events", scalars.whole_of) if fields.has("events") else 0,
        currency=fields.raw("currency"),
    )


def read_usage_file(node: Mapping) -> UsageFile:
    fields = Fields(node, required="path", optional="item")
    path = _path(fields)
    item = fields.name("item") if fields.has("item") else None
    if item is None and "item" not in _columns(fields, path):
        raise fields.malformed("item", f"{path.name} has no column item, so the entry must name one")
    return UsageFile(path=path, item=item)


def _path(fields: Fields) -> Path:
    """Paths are relative to the case file."""
    written = Path(fields.text("path"))
    path = fields.place("path").file.parent / written
    if written.is_absolute():
        raise fields.malformed("path", "must be relative to the case file")
    if path.suffix not in (".csv", ".parquet"):
        raise fields.malformed("path", f"{written} is neither .csv nor .parquet")
    if not path.is_file():
        raise fields.malformed("path", f"there is no file {written}")
    return path


def _columns(fields: Fields, path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return _parquet_columns(fields, path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.reader(lines), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise fields.malformed("path", f"{path.name} is not a CSV file in UTF-8: {error}") from error


def _parquet_columns(fields: Fields, path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise fields.malformed("path", f"{path.name} is not a Parquet file") from error


def _dimensions(node: Mapping | None) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    fields = Fields(node, optional=" ".join(node.values))
    return tuple((key, fields.raw(key) or "") for key in node.values)


def _item(fields: Fields) -> str:
    return fields.name("item") if fields.raw("item") else ""


def _at_most_one(fields: Fields, first: str, second: str) -> None:
    if fields.has(first) and fields.has(second):
        raise fields.malformed(second, f"{first} and {second} do not go together")
