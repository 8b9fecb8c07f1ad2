"""One measurement in a process of its own, so that its memory is its own.

`python -m ratable.bench.measuring volume FILE RECORDS CONTRACTS | single | real FILE` prints one JSON record.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa

from ratable import tables
from ratable.backends import Sheet
from ratable.backends.duck import DuckBackend
from ratable.bench.azure import azure_case
from ratable.bench.made_up import YEAR, made_up_terms, write_usage
from ratable.cases.playing import play
from ratable.drawdown import Booked, Pools
from ratable.drawdown.breakage import BREAKAGE
from ratable.pipeline import Inputs, Outcome, run_period
from ratable.terms import Policy, Terms
from ratable.terms_tables import Amendments, TermsTables, month_rows, terms_tables

_MILLI = Decimal("0.001")
MEMORY_LIMIT = "2500MB"  # of DuckDB; the rest of the process comes on top
_BARE = """
CREATE OR REPLACE TEMP TABLE bare AS
SELECT contract_id, item_id, date_trunc('month', used_at) AS month_on, sum(quantity) AS quantity
FROM read_parquet('{path}') GROUP BY ALL
"""


def inputs_from(sheet: Sheet, path: Path, terms: Terms) -> Inputs:
    """A year with nothing posted: usage from a Parquet file, terms from records."""
    rows = terms_tables(terms, Amendments())
    stored = {
        name: sheet.bind_rows(name, getattr(rows, name), schema) for name, schema in TermsTables.schemas().items()
    }
    pools = Pools(*(stored.pop(name) for name in Pools._fields))
    start, end = date(YEAR, 1, 1), date(YEAR + 1, 1, 1)

    return Inputs(
        months=sheet.bind_rows("months", month_rows(start, end, start), tables.MONTHS),
        **stored,
        pools=pools,
        usage=sheet.bind_parquet("usage", str(path), tables.USAGE),
        voids=sheet.bind("voids", _none(tables.VOIDS), tables.VOIDS),
        adjustments=sheet.bind("adjustments", _none(tables.ADJUSTMENTS), tables.ADJUSTMENTS),
        documents=sheet.bind("documents", _none(tables.MOVES), tables.MOVES),
        waiting=sheet.bind("waiting", _none(tables.TURNS), tables.TURNS),
        posted_drawdown=Booked(
            sheet.bind("posted_draws", _none(tables.DRAWS), tables.DRAWS),
            sheet.bind("posted_demands", _none(tables.POSTED_DEMANDS), tables.POSTED_DEMANDS),
            sheet.bind("posted_breakage", _none(BREAKAGE), BREAKAGE),
        ),
        posted_revenue=sheet.bind("posted_revenue", _none(tables.REVENUE), tables.REVENUE),
    )


def _none(schema: ibis.Schema) -> pa.Table:
    return schema.to_pyarrow().empty_table()


def seconds(run: Callable[[], object]) -> Decimal:
    """How long a call takes."""
    start = time.perf_counter_ns()
    run()
    return Decimal(time.perf_counter_ns() - start).scaleb(-9)


def measure_volume(path: Path, records: int, contracts: int) -> dict[str, object]:
    """The pipeline and the bare aggregation of one file, in turn, on one warm connection."""
    backend = DuckBackend(memory_limit=MEMORY_LIMIT)
    sheet = Sheet(backend)
    _warm_up(sheet)
    inputs = inputs_from(sheet, path, made_up_terms(contracts, records))
    outcomes: list[Outcome] = []
    bare, whole = [], []
    for _ in range(2):
        bare.append(seconds(lambda: backend.connection.execute(_BARE.format(path=path))))
        whole.append(seconds(lambda: outcomes.append(run_period(sheet, inputs, policy=Policy()))))
    lines = sheet.count(outcomes[-1].journal.journal)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB
    return {
        "records": records,
        "contracts": contracts,
        "bare_seconds": str(min(bare).quantize(_MILLI)),
        "pipeline_seconds": str(min(whole).quantize(_MILLI)),
        "times_bare": str((min(whole) / min(bare)).quantize(Decimal("0.01"))),
        "journal_lines": lines,
        "peak_mib": peak // 1024,
    }


def measure_single() -> dict[str, object]:
    """One contract with 12 months of usage through the warm, compiled pipeline."""
    sheet = Sheet(DuckBackend(is_small=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "single.parquet"
        write_usage(path, 600, 1)
        inputs = inputs_from(sheet, path, made_up_terms(1, 600))
        run_period(sheet, inputs, policy=Policy())
        took = sorted(seconds(lambda: run_period(sheet, inputs, policy=Policy())) for _ in range(15))
    return {"records": 600, "milliseconds": str((took[len(took) // 2] * 1000).quantize(Decimal("0.1")))}


def measure_real(path: Path) -> dict[str, object]:
    """The Azure trace as usage of two items that draw, from file to closed month."""
    case = azure_case(path)
    took = seconds(lambda: play(case))
    return {"records": sum(1 for _ in path.open()) - 1, "seconds": str(took.quantize(_MILLI))}


def _warm_up(sheet: Sheet) -> None:
    """Compile every statement on a few rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "few.parquet"
        write_usage(path, 1000, 2)
        run_period(sheet, inputs_from(sheet, path, made_up_terms(2, 1000)), policy=Policy())


def main(words: list[str]) -> dict[str, object]:
    """`volume FILE RECORDS CONTRACTS`, `single` or `real FILE`."""
    match words:
        case ["volume", path, records, contracts]:
            return measure_volume(Path(path), int(records), int(contracts))
        case ["single"]:
            return measure_single()
        case ["real", path]:
            return measure_real(Path(path))
        case _:
            raise SystemExit(main.__doc__)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
