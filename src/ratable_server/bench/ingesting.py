"""How fast a file of usage goes into the books, against bare COPY of the same rows into the same tables.

Bare is what PostgreSQL needs for the rows alone: two COPYs in one transaction, of files that hold the columns of
`usage_record` and of `usage_key` as they are stored, hashes included, into these very tables with their partitions,
indexes and constraints, by the superuser (for others row-level security refuses COPY). The ingest reads the file as
it was sent, judges every row, looks for ids that are taken, computes the hashes, and writes the same rows, the
receipt and the audit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import YEAR
from ratable_server.actor import Actor
from ratable_server.bench.books import AT, as_superuser, copied, made_up_books
from ratable_server.bench.made_up import KEPT_COLUMNS, KEY_COLUMNS, Ids, write_files

TARGET = Decimal("0.5")
_BLOCK_BYTES = 1 << 20
_MILLI = Decimal("0.001")


class Measured(NamedTuple):
    """One kind of ids: seconds of every turn, and the ratio of the medians."""

    ids: Ids
    rows: int
    copy_seconds: list[Decimal]
    ingest_seconds: list[Decimal]

    def ratio(self) -> Decimal:
        """Speed of the ingest, where that of COPY is 1."""
        return (_median(self.copy_seconds) / _median(self.ingest_seconds)).quantize(Decimal("0.01"))


def measure(actor: Actor, *, ids: Ids, rows: int, contracts: int, turns: int) -> Measured:
    """COPY and ingest in turn, each into a database without usage."""
    measured = Measured(ids, rows, [], [])
    with tempfile.TemporaryDirectory(prefix="ratable-") as folder:
        sent, kept, keys = write_files(Path(folder), rows=rows, contracts=contracts, ids=ids, tenant_id=actor.tenant_id)
        for turn in range(turns):
            with copied(f"copied_{ids}_{turn}"):
                _prepare()
                measured.copy_seconds.append(_seconds(partial(_copy, f"copied_{ids}_{turn}", kept, keys)))
            with copied(f"ingested_{ids}_{turn}"):
                measured.ingest_seconds.append(_seconds(partial(_ingest, actor, sent, rows)))
    return measured


def _prepare() -> None:
    from ratable_server.store.partitions import prepare_months

    prepare_months(date(YEAR, month, 1) for month in range(1, 13))


def _copy(database: str, kept: Path, keys: Path) -> None:
    with as_superuser(database) as connection, connection.transaction(), connection.cursor() as cursor:
        for table, columns, path in (("usage_record", KEPT_COLUMNS, kept), ("usage_key", KEY_COLUMNS, keys)):
            with path.open("rb") as file, cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy:
                while block := file.read(_BLOCK_BYTES):
                    copy.write(block)


def _ingest(actor: Actor, sent: Path, rows: int) -> None:
    from ratable_server.operations.usage import Upload, ingest_usage

    receipt = ingest_usage(actor=actor, upload=Upload(source=sent), at=AT)
    if receipt.rows_accepted != rows:
        raise SystemExit(f"not what was to be measured: {receipt}")


def _seconds(run: Callable[[], object]) -> Decimal:
    start = time.perf_counter_ns()
    run()
    return Decimal(time.perf_counter_ns() - start).scaleb(-9).quantize(_MILLI)


def _median(seconds: list[Decimal]) -> Decimal:
    return statistics.median(seconds)


def main() -> None:
    """Measure, print a table, and one line of JSON."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--rows", type=int, default=1_000_000)
    told.add_argument("--contracts", type=int, default=10_000)
    told.add_argument("--turns", type=int, default=3)
    told.add_argument("--ids", choices=("ordered", "random"), nargs="+", default=["ordered", "random"])
    asked = told.parse_args()
    with made_up_books(contracts=asked.contracts, rows=asked.rows) as actor:
        found = [
            measure(actor, ids=ids, rows=asked.rows, contracts=asked.contracts, turns=asked.turns) for ids in asked.ids
        ]
    _print(found)
    print(json.dumps([{**row._asdict(), "ratio": row.ratio()} for row in found], default=str))


def _print(found: list[Measured]) -> None:
    table = Table(title=f"Ingest of a file, against bare COPY of its rows (aim: {TARGET})")
    for column in ("ids", "rows", "COPY", "ingest", "speed of ingest / speed of COPY"):
        table.add_column(column, justify="right")
    for row in found:
        copy, ingest = (f"{_median(seconds)} s" for seconds in (row.copy_seconds, row.ingest_seconds))
        table.add_row(row.ids, f"{row.rows:,}", copy, ingest, str(row.ratio()))
    Console().print(table)


if __name__ == "__main__":
    main()
