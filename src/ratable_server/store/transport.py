"""Tables between PostgreSQL and Arrow: whole columns out by COPY, rows in by COPY into a temporary table.

Owns the one text form in which values travel (CSV as PostgreSQL writes it), exact for every type of
`ratable.tables`. Both ways run on Django's connection: in the transaction of the books, under its tenant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

import ibis
import pyarrow as pa
from django.db import connection
from pyarrow import csv

_TEXT = csv.ParseOptions(newlines_in_values=True)
_BLOCK_BYTES = 1 << 24


def read_table(query: str, parameters: Sequence[object], schema: ibis.Schema) -> pa.Table:
    """The rows of a query as an Arrow table of `schema`; the query names its columns in that order."""
    target = schema.to_pyarrow()
    buffer = BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters) as rows:
        for block in rows:
            buffer.write(block)
    if not buffer.tell():
        return target.empty_table()
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=target.names, block_size=_BLOCK_BYTES),
        parse_options=_TEXT,
        convert_options=csv.ConvertOptions(
            column_types=target,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def stage_table(name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
    """Put rows into a temporary table that is gone with the transaction; `types` are its columns in PostgreSQL."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    buffer = BytesIO()
    csv.write_csv(rows.select(list(types)), buffer, csv.WriteOptions(include_header=False))
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{name}"')
        cursor.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns}) ON COMMIT DROP')
        with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as copy:
            copy.write(buffer.getvalue())
