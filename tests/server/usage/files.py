"""Files of usage for the tests of the ingest, and what the books hold of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ratable_server.actor import Actor
from ratable_server.operations.usage import Receipt, RejectedFile, Upload, ingest_usage
from ratable_server.store.models import UsageKey, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT

Record = tuple[str, str, str, Decimal | None, Decimal | None]
HEADER = "id,item,used_on,quantity"


def csv_of(*lines: str, header: str = HEADER) -> bytes:
    """A CSV file of these lines."""
    return "".join(f"{line}\n" for line in (header, *lines)).encode()


def ndjson_of(*records: Mapping[str, object]) -> bytes:
    """An NDJSON file of these records."""
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def parquet_of(**columns: Iterable[object]) -> bytes:
    """A Parquet file of these columns."""
    file = BytesIO()
    pq.write_table(pa.table({name: pa.array(list(values)) for name, values in columns.items()}), file)
    return file.getvalue()


def ingest(actor: Actor, content: bytes | Path, name: str = "usage.csv", **more: Any) -> Receipt:
    """The receipt of a file, whether it was taken or not."""
    source = content if isinstance(content, Path) else BytesIO(content)
    try:
        return ingest_usage(actor=actor, upload=Upload(source=source, name=name, **more), at=AT)
    except RejectedFile as error:
        return error.receipt


def counts(receipt: Receipt) -> tuple[int, int, int, int]:
    """Rows received, accepted, duplicate and rejected."""
    return receipt.rows_received, receipt.rows_accepted, receipt.rows_duplicate, receipt.rows_rejected


def quantities(receipt: Receipt) -> tuple[Decimal | int, ...]:
    """The control totals: received, accepted, duplicate and rejected."""
    return (
        receipt.quantity_received,
        receipt.quantity_accepted,
        receipt.quantity_duplicate,
        receipt.quantity_rejected,
    )


def broken(receipt: Receipt) -> list[tuple[int, str, str]]:
    """Row, code and offending value of every rejection."""
    return [(rejection.row, rejection.code, rejection.value) for rejection in receipt.rejections]


def kept(actor: Actor) -> list[Record]:
    """Every record of usage in the books: id, stream, day, quantity, amount."""
    with books_of(actor):
        found = rows_of(actor, UsageRecord).order_by("number", "row")
        return [
            (record.event_id, record.stream, record.used_on.isoformat(), record.quantity, record.amount)
            for record in found
        ]


def ids_taken(actor: Actor) -> list[str]:
    """The ids that are taken."""
    with books_of(actor):
        return list(rows_of(actor, UsageKey).order_by("event_id").values_list("event_id", flat=True))
