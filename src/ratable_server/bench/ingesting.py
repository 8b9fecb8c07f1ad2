"""How fast a file of usage goes into the books, against bare COPY of the same rows into the same tables.

Bare is what PostgreSQL needs for the rows alone: two COPYs in one transaction, of files that hold the columns of
`usage_record` and of `usage_key` as they are stored, hashes included, into these very tables with their partitions,
indexes and constraints, by the superuser (for others row-level security refuses COPY). The ingest reads the file as
it was sent, judges every row, looks for ids that are taken, computes the hashes, and writes the same rows, the
receipt and the audit.

Speed is measured by the clock, and by the time on a processor that this process and the database's took together: on a
machine that is busy with other work only the second tells anything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import YEAR
from ratable_server.actor import Actor
from ratable_server.bench.books import AT, as_superuser, copied, made_up_books
from ratable_server.bench.made_up import KEPT_COLUMNS, KEY_COLUMNS, Ids, write_files

TARGET = Decimal("0.5")
_BLOCK_BYTES = 1 << 20
_MILLI = Decimal("0.001")


class Took(NamedTuple):
    """Seconds by the clock, and on a processor: this process and the one of its connection together."""

    clock: Decimal
    processor: Decimal


class Measured(NamedTuple):
    """One kind of ids: every turn of both."""

    ids: Ids
    rows: int
    copy: list[Took]
    ingest: list[Took]

    def ratio(self, by: str) -> Decimal:
        """Speed of the ingest, where that of COPY is 1."""
        return (_median(self.copy, by) / _median(self.ingest, by)).quantize(Decimal("0.01"))

    def record(self) -> dict[str, object]:
        """The figures, for programs."""
        return {
            "ids": self.ids,
            "rows": self.rows,
            "copy": [took._asdict() for took in self.copy],
            "ingest": [took._asdict() for took in self.ingest],
            "ratio_by_clock": self.ratio("clock"),
            "ratio_by_processor": self.ratio("processor"),
        }


def measure(actor: Actor, *, ids: Ids, rows: int, contracts: int, turns: int) -> Measured:
    """COPY and ingest in turn, each into a database without usage."""
    measured = Measured(ids, rows, [], [])
    with tempfile.TemporaryDirectory(prefix="ratable-") as folder:
        sent, kept, keys = write_files(Path(folder), rows=rows, contracts=contracts, ids=ids, tenant_id=actor.tenant_id)
        for turn in range(turns):
            with copied(f"copied_{ids}_{turn}"):
                measured.copy.append(_copy(f"copied_{ids}_{turn}", kept, keys))
            with copied(f"ingested_{ids}_{turn}"):
                measured.ingest.append(_ingest(actor, sent, rows))
    return measured


def _copy(database: str, kept: Path, keys: Path) -> Took:
    from ratable_server.store.partitions import prepare_months

    prepare_months(date(YEAR, month, 1) for month in range(1, 13))
    with as_superuser(database) as connection:
        with _taking(connection.info.backend_pid) as took, connection.transaction():
            copy_file(connection, f"usage_record ({KEPT_COLUMNS})", kept)
            copy_file(connection, f"usage_key ({KEY_COLUMNS})", keys)
        return took[0]


def copy_file(connection: psycopg.Connection, target: str, path: Path) -> None:
    """COPY a file of CSV into some columns of a table."""
    statement = f"COPY {target} FROM STDIN (FORMAT csv)"
    with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
        while block := file.read(_BLOCK_BYTES):
            copy.write(block)


def _ingest(actor: Actor, sent: Path, rows: int) -> Took:
    from django.db import connection

    from ratable_server.operations.usage import Upload, ingest_usage

    connection.ensure_connection()
    with _taking(connection.connection.info.backend_pid) as took:
        receipt = ingest_usage(actor=actor, upload=Upload(source=sent), at=AT)
    if receipt.rows_accepted != rows:
        raise SystemExit(f"not what was to be measured: {receipt}")
    return took[0]


@contextmanager
def _taking(backend_pid: int) -> Iterator[list[Took]]:
    """What the block took, once it is over."""
    processes = [psutil.Process(), psutil.Process(backend_pid)]
    took: list[Took] = []
    before, start = _processor_seconds(processes), time.perf_counter_ns()
    yield took
    clock = Decimal(time.perf_counter_ns() - start).scaleb(-9).quantize(_MILLI)
    took.append(Took(clock, _processor_seconds(processes) - before))


def _processor_seconds(processes: list[psutil.Process]) -> Decimal:
    times = [process.cpu_times() for process in processes]
    return sum((Decimal(str(time.user)) + Decimal(str(time.system)) for time in times), Decimal(0))


def _median(took: list[Took], by: str) -> Decimal:
    return Decimal(statistics.median(getattr(turn, by) for turn in took))


def main() -> None:
    """Measure how fast usage comes in; print a table, and one line of JSON."""
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
    print(json.dumps([row.record() for row in found], default=str))


def _print(found: list[Measured]) -> None:
    table = Table(
        title=f"Ingest of a file, against bare COPY of its rows: medians (aim: {TARGET} of the speed of COPY)"
    )
    for column in ("ids", "rows", "by", "COPY", "ingest", "speed, COPY = 1"):
        table.add_column(column, justify="right")
    for row in found:
        for by in Took._fields:
            copy, ingest = (f"{_median(took, by)} s" for took in (row.copy, row.ingest))
            table.add_row(row.ids, f"{row.rows:,}", by, copy, ingest, str(row.ratio(by)))
    Console().print(table)


if __name__ == "__main__":
    main()
