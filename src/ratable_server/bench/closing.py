"""How long a month takes to close, against reading its rows and computing them; then every report over a year.

Bare is what nobody can do without: the month's records read with ADBC as the columns that the engine takes, put on a
sheet, and one run of the pipeline over them, its terms and sums at hand already. The close reads the same, and the
terms; keeps the draft, judges it, posts it under the guards of the database, hashes it and locks the month.

The months are equal: as many records of the same contracts, each on its day of the month. Time is told by the clock,
and on a processor: of this process and of all of the database's together. On a machine that is busy with other work
only the second tells anything; on one that is not, the first, because the database works beside this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import YEAR
from ratable.periods import next_month
from ratable.reports import CATALOGUE
from ratable_server.actor import Actor
from ratable_server.bench.books import AT, made_up_books

if TYPE_CHECKING:
    from ratable.backends import Sheet

LIMIT = Decimal(3)
REPORT_LIMIT_SECONDS = Decimal(1)
_MILLI = Decimal("0.001")
_MONTHS = 12
_WARM = 300  # contracts; enough for the sheets of large books
# As `bench.made_up` writes them to files; ids are in the books only once, so that `usage_key` is not asked here.
_RECORDS = """
INSERT INTO usage_record (tenant_id, event_id, stream, used_on, month_on, quantity, usage_import_id, "row", number, open_on)
SELECT %(tenant)s, 'u' || lpad((%(number)s * %(rows)s + i)::text, 12, '0'),
    'c' || lpad((h %% %(contracts)s)::text, 5, '0') || '-'
        || (ARRAY['calls', 'storage', 'seats', 'input', 'output'])[1 + (h / %(contracts)s) %% 5],
    %(month)s::date + (i * 28 / %(rows)s)::integer, %(month)s, (1 + (h / 50000) %% 100000)::numeric / 1000,
    %(import)s, i + 1, %(number)s, %(first)s
FROM (SELECT i, (hashint8(i)::bigint & 2147483647) * 7919 + i AS h FROM generate_series(0::bigint, %(rows)s - 1) AS i) AS made
"""
_RECEIPT = """
INSERT INTO usage_import (id, tenant_id, code, number, recorded_at, recorded_by, request_id, status, file_name, sha256, is_partial,
    rows_received, rows_accepted, rows_duplicate, rows_rejected, quantity_received, quantity_accepted, quantity_duplicate,
    quantity_rejected, accepted_sha256, previous_sha256)
SELECT usage_import_id, tenant_id, 'import-' || usage_import_id, number, %(at)s, 'bench', 'bench', 'completed', '', '', false, count(*), count(*), 0, 0,
    sum(quantity), sum(quantity), 0, 0, '', ''
FROM usage_record WHERE tenant_id = %(tenant)s AND month_on = %(month)s GROUP BY usage_import_id, tenant_id, number
"""


class Took(NamedTuple):
    """Seconds by the clock, and on a processor."""

    clock: Decimal
    processor: Decimal


class Closed(NamedTuple):
    """One month: what reading it took, computing it, and closing it."""

    month_on: date
    read: Took
    computed: Took
    closed: Took

    def ratio(self, by: str) -> Decimal:
        """The close, where reading and computing is 1."""
        bare = getattr(self.read, by) + getattr(self.computed, by)
        return Decimal(getattr(self.closed, by) / bare).quantize(Decimal("0.01"))

    def record(self) -> dict[str, object]:
        """The figures, for programs."""
        parts = {name: getattr(self, name)._asdict() for name in ("read", "computed", "closed")}
        ratios = {f"ratio_by_{by}": self.ratio(by) for by in Took._fields}
        return {"month_on": self.month_on, **parts, **ratios}


def close_months(actor: Actor, *, months: int, rows: int, contracts: int) -> list[Closed]:
    """Fill each month, read and compute it, close it."""
    found = []
    for number in range(1, months + 1):
        month_on = date(YEAR, number, 1)
        _fill(actor, month_on, number=number, rows=rows, contracts=contracts)
        read, computed = _bare(actor, month_on)
        found.append(Closed(month_on, read, computed, _took(partial(_close, actor, month_on))))
    return found


def ask_reports(*, rows: int, contracts: int, turns: int) -> dict[str, Took]:
    """The median of every report over a year of a tenant of its own, after it was asked once."""
    from ratable_server.queries.reports import report

    actor = _founded("year", rows=rows, contracts=contracts)
    for number in range(1, _MONTHS + 1):
        _fill(actor, date(YEAR, number, 1), number=number, rows=rows // _MONTHS, contracts=contracts)
        _close(actor, date(YEAR, number, 1))
    found = {}
    for name in CATALOGUE:
        ask = partial(report, actor=actor, name=name)
        ask()
        took = [_took(ask) for _ in range(turns)]
        found[name] = Took(*(statistics.median(getattr(each, by) for each in took) for by in Took._fields))
    return found


def warm_up() -> None:
    """Compile every statement over books of their own."""
    close_months(_founded("warm", rows=1, contracts=_WARM), months=2, rows=_WARM * 5, contracts=_WARM)


def _founded(code: str, *, rows: int, contracts: int) -> Actor:
    from ratable.bench.made_up import made_up_terms
    from ratable_server.operations.tenants import found_tenant
    from ratable_server.operations.terms import import_terms

    actor = found_tenant(code=code, name=code, request_id="bench", at=AT)
    import_terms(actor=actor, terms=made_up_terms(contracts, rows), at=AT)
    return actor


def _fill(actor: Actor, month_on: date, *, number: int, rows: int, contracts: int) -> None:
    from django.db import connection

    from ratable_server.operations.usage.imports import next_import_id
    from ratable_server.store.partitions import prepare_months
    from ratable_server.store.scope import books_of

    prepare_months([month_on])
    told: dict[str, date | datetime | int] = {
        "tenant": actor.tenant_id,
        "month": month_on,
        "number": number,
        "rows": rows,
        "contracts": contracts,
    }
    told |= {"import": next_import_id(), "first": date(YEAR, 1, 1), "at": AT}
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(_RECORDS, told)
        cursor.execute(_RECEIPT, told)
        cursor.execute("UPDATE tenant SET fact_number = %(number)s WHERE id = %(tenant)s", told)


def _bare(actor: Actor, month_on: date) -> tuple[Took, Took]:
    from ratable import tables
    from ratable.pipeline import run_period
    from ratable_server.operations.calculation import SMALL, selections
    from ratable_server.operations.inputs import bind_inputs
    from ratable_server.store.load.learned import load_learned
    from ratable_server.store.load.usage import load_usage
    from ratable_server.store.scope import books_of

    with books_of(actor, as_snapshot=True):
        learned = load_learned(actor)
        (selection,) = selections(actor, learned, before_on=next_month(month_on))
        sheet = _sheet(is_small=len(learned.terms.contracts) <= SMALL)
        inputs = bind_inputs(sheet, actor, learned, selection=selection)
        usage: list[pa.Table] = []
        read = _took(lambda: usage.append(load_usage(actor, selection)))

        def compute() -> None:
            sheet.bind("usage", usage[0], tables.USAGE)
            run_period(sheet, inputs, policy=learned.terms.policy)

        return read, _took(compute)


_sheets: dict[bool, Sheet] = {}


def _sheet(*, is_small: bool) -> Sheet:
    """A warm sheet that is not the one of the close."""
    from ratable.backends import connect

    if is_small not in _sheets:
        _sheets[is_small] = connect(is_small=is_small)
    return _sheets[is_small]


def _close(actor: Actor, month_on: date) -> None:
    from ratable_server.operations.periods import close_period

    close_period(actor=actor, month_on=month_on, at=AT)


def _took(run: Callable[[], object]) -> Took:
    busy, start = _busy(), time.perf_counter_ns()
    run()
    clock = Decimal(time.perf_counter_ns() - start).scaleb(-9)
    return Took(clock.quantize(_MILLI), _busy() - busy)


def _busy() -> Decimal:
    """Seconds on a processor so far: of this process, and of the server with all of its processes, gone ones too."""
    from ratable_server.store import places

    lines = (places.cluster() / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    server = psutil.Process(int(lines[0]))
    own, gone = psutil.Process().cpu_times(), server.cpu_times()
    told = [own.user, own.system, gone.user, gone.system, gone.children_user, gone.children_system]
    for process in server.children():
        with suppress(psutil.Error):  # it has ended, and is among the children that are gone
            told += process.cpu_times()[:2]
    return sum((Decimal(str(part)) for part in told), Decimal(0)).quantize(_MILLI)


def main() -> None:
    """Measure, print two tables, and one line of JSON."""
    told = argparse.ArgumentParser(description=main.__doc__)
    told.add_argument("--rows", type=int, default=1_000_000, help="records of a month that is closed")
    told.add_argument("--months", type=int, default=3, help="that are closed")
    told.add_argument("--rows-of-year", type=int, default=1_000_000, help="records of the year that is reported")
    told.add_argument("--contracts", type=int, default=10_000)
    told.add_argument("--turns", type=int, default=3, help="of every report")
    asked = told.parse_args()
    with made_up_books(contracts=asked.contracts, rows=asked.rows * _MONTHS) as actor:
        warm_up()
        closed = close_months(actor, months=asked.months, rows=asked.rows, contracts=asked.contracts)
        reports = ask_reports(rows=asked.rows_of_year, contracts=asked.contracts, turns=asked.turns)
    _print(closed, reports)
    asked_for = {name: took._asdict() for name, took in reports.items()}
    print(json.dumps({"closes": [row.record() for row in closed], "reports": asked_for}, default=str))


def _print(closed: list[Closed], reports: dict[str, Took]) -> None:
    table = Table(title=f"Close of a month, against reading and computing it (limit: {LIMIT} times)")
    for column in ("month", "", "read", "compute", "close", "close / (read + compute)"):
        table.add_column(column, justify="right")
    for row in closed:
        for by in Took._fields:
            seconds = (f"{getattr(each, by)} s" for each in (row.read, row.computed, row.closed))
            table.add_row(f"{row.month_on:%Y-%m}", by, *seconds, str(row.ratio(by)))
    listed = Table(title=f"Reports over a year (limit: {REPORT_LIMIT_SECONDS} s by the clock)")
    for column in ("report", *Took._fields):
        listed.add_column(column, justify="right")
    for name, took in reports.items():
        listed.add_row(name, *(f"{seconds} s" for seconds in took))
    console = Console()
    console.print(table, listed)


if __name__ == "__main__":
    main()
