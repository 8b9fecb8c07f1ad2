"""The temporary tables of an import, and COPY into them.

They live as long as the connection or until `drop_tables`: judging and posting are two transactions, since the months
that a file needs are made between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from psycopg import Copy
from psycopg.sql import SQL, Identifier

from ratable_server.store.staging.hashing import BlockDigests

TABLES = ("staged_usage", "staged_repeat", "staged_raw")
STAGED = (
    "row",
    "event_id",
    "stream",
    "used_at",
    "used_on",
    "month_on",
    "quantity",
    "amount",
    "currency",
    "dimensions",
    "content_hash",
    "code",
    "value",
)
_TABLES = """
CREATE TEMPORARY TABLE staged_usage (
    "row" bigint, event_id text, stream text, used_at timestamptz, used_on date, month_on date, quantity numeric,
    amount numeric, currency text, dimensions jsonb, content_hash bytea, code text, value text,
    record_id bigint DEFAULT nextval('usage_record_id_seq'), is_duplicate boolean DEFAULT false, revises_id bigint,
    revises_month_on date
);
CREATE TEMPORARY TABLE staged_repeat (event_id text, differs boolean);
CREATE TEMPORARY TABLE staged_raw ("row" bigint, told jsonb, dimensions jsonb)
"""


class Staged(NamedTuple):
    """What is staged: the months of sound rows, whether no row breaks a rule, and the digests of all rows."""

    months: list[date]
    is_clean: bool
    digests: BlockDigests


def create_tables() -> None:
    """Empty tables."""
    drop_tables()
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)


def drop_tables() -> None:
    """Take the tables away, if they are there."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in TABLES)}")


def stage_records(batches: Iterable[pa.RecordBatch]) -> Staged:
    """Fill `staged_usage` with judged records."""
    months: set[str] = set()
    digests = BlockDigests()
    is_clean = True
    with _copying("staged_usage", STAGED) as copy:
        for batch in batches:
            copy.write(_bytes_of(batch.column("line")))
            sound = pc.equal(batch.column("code"), "")
            is_clean = is_clean and pc.all(sound).as_py() is not False
            months.update(pc.unique(batch.column("month").filter(sound)).to_pylist())
            hashes = bytes.fromhex(_bytes_of(batch.column("content_hash")).decode("ascii"))
            digests.add(batch.column("row").to_pylist(), hashes)
    return Staged([date.fromisoformat(f"{month}-01") for month in sorted(months)], is_clean, digests)


def stage_raw(batches: Iterable[pa.RecordBatch]) -> None:
    """Fill `staged_raw` with rows as they came, lines for COPY."""
    with _copying("staged_raw", ("row", "told", "dimensions")) as copy:
        for batch in batches:
            copy.write(_bytes_of(batch.column("line")))


def analyze(table: str) -> None:
    """Tell the planner how large a table has become; nobody else does it for a temporary one."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")


def _bytes_of(texts: pa.Array) -> bytes:
    """All texts of a column, one after the other."""
    if not len(texts):
        return b""
    _, offsets, data = texts.buffers()
    places = memoryview(offsets).cast("q")
    return bytes(memoryview(data)[places[texts.offset] : places[texts.offset + len(texts)]])


@contextmanager
def _copying(table: str, columns: Sequence[str]) -> Iterator[Copy]:
    names = SQL(", ").join(map(Identifier, columns))
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy
