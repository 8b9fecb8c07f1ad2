"""The temporary tables of an import, and COPY into them.

They live as long as the connection or until `drop_tables`: judging and posting are two transactions, since the months
that a file needs are made between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import Copy
from psycopg.sql import SQL, Composed, Identifier

from ratable_server.store.staging.columns import FACT, PREPAID, Layout
from ratable_server.store.staging.ndjson_rows import Cells

TABLES = ("staged_text", "staged_day", "staged_item", "staged_usage", "staged_repeat")

_TABLES = """
CREATE TEMPORARY TABLE staged_day (kind text, written text, used_on date, used_at timestamptz);
CREATE TEMPORARY TABLE staged_item (
    stream text, pricing_model text, is_bundle boolean, starts_on date, ends_before date, contract_starts_on date,
    contract_ends_before date, currency text
);
CREATE TEMPORARY TABLE staged_usage (
    "row" bigint, record_id bigint, event_id text, stream text, used_at timestamptz, used_on date, month_on date,
    quantity numeric, amount numeric, currency text, dimensions jsonb, content_hash bytea, code text, value text,
    is_duplicate boolean, revises_id bigint, revises_month_on date
);
CREATE TEMPORARY TABLE staged_repeat (event_id text, differs boolean);
"""


def create_tables(layout: Layout) -> None:
    """Empty tables for a file of this layout."""
    drop_tables()
    further = [f"further_{place}" for place in range(len(layout.further))]
    texts = [Identifier(name) + SQL(" text") for name in (*FACT, *PREPAID, "further", *further)]
    columns = SQL(", ").join([SQL('"row" bigint GENERATED ALWAYS AS IDENTITY'), *texts])
    with connection.cursor() as cursor:
        cursor.execute(SQL("CREATE TEMPORARY TABLE staged_text ({})").format(columns))
        cursor.execute(_TABLES)


def drop_tables() -> None:
    """Take the tables away, if they are there."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in TABLES)}")


def copy_blocks(layout: Layout, blocks: Iterable[bytes]) -> None:
    """Fill `staged_text` with blocks of CSV."""
    with _copying(layout, SQL("(FORMAT csv)")) as copy:
        for block in blocks:
            copy.write(block)


def copy_rows(layout: Layout, rows: Iterable[Cells]) -> None:
    """Fill `staged_text` row by row."""
    with _copying(layout, SQL("")) as copy:
        for cells in rows:
            copy.write_row(cells)


def analyze(table: str) -> None:
    """Tell the planner how large a table has become; nobody else does it for a temporary one."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")


@contextmanager
def _copying(layout: Layout, options: SQL) -> Iterator[Copy]:
    columns: Composed = SQL(", ").join(map(Identifier, layout.staged()))
    statement = SQL("COPY staged_text ({}) FROM STDIN {}").format(columns, options)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy
