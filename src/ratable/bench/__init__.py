"""Measurements of the calculation on this machine: `make bench`.

Speed is told as a ratio to what DuckDB needs for the bare aggregation of the same file, measured in
the same process; never as an absolute. Writes `bench-output/bench.json` and prints a table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ratable.bench.made_up import write_usage

Record = dict[str, object]
SIZES = ((2_000_000, 10_000), (20_000_000, 10_000))
LIMIT_TIMES = Decimal(6)
LIMIT_MIB = 4096
LIMIT_GROWTH = Decimal(11)


def main(out: Path | None = None, *, as_json: bool = False) -> Record | None:
    """Measure and write; print the figures, or give them as a record where JSON is asked for."""
    folder = out or Path("bench-output")
    folder.mkdir(parents=True, exist_ok=True)
    record: Record = {"volume": list(_volumes()), "single_contract": _told("single")}
    usage = _real_usage()
    if usage is not None:
        record["real_usage"] = _told("real", str(usage))
    (folder / "bench.json").write_text(json.dumps(record, indent=2) + "\n")
    if as_json:
        return record
    _print(record, usage)
    return None


def _volumes() -> Iterator[Record]:
    with tempfile.TemporaryDirectory() as folder:
        for records, contracts in SIZES:
            path = Path(folder) / f"usage-{records}.parquet"
            write_usage(path, records, contracts)
            yield _told("volume", str(path), str(records), str(contracts))
            path.unlink()


def _told(*words: str) -> Record:
    """One measurement in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "ratable.bench.measuring", *words]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    told: Record = json.loads(answer.stdout.splitlines()[-1])
    return told


def _real_usage() -> Path | None:
    """The Azure trace of the reference folder, which is not part of the project."""
    path = Path(os.environ.get("RATABLE_SHARED", "../shared")) / "data" / "azure-llm-2023-code.csv"
    return path if path.exists() else None


def _print(record: Record, usage: Path | None) -> None:
    console = Console()
    table = Table(title="Usage to journal, deduplication included")
    for column in ("records", "bare aggregation", "pipeline", "times bare (limit 6, aim 4)", "peak MiB (limit 4096)"):
        table.add_column(column, justify="right")
    volumes: list[Record] = list(record["volume"])  # type: ignore[call-overload]
    for row in volumes:
        table.add_row(
            f"{row['records']:,}",
            f"{row['bare_seconds']} s",
            f"{row['pipeline_seconds']} s",
            str(row["times_bare"]),
            str(row["peak_mib"]),
        )
    console.print(table)
    small, large = (Decimal(str(row["pipeline_seconds"])) for row in volumes)
    console.print(f"Ten times the records take {large / small:.2f} times as long (limit {LIMIT_GROWTH}).")
    single: Record = record["single_contract"]  # type: ignore[assignment]
    console.print(f"One contract, 12 months, warm: {single['milliseconds']} ms (aim 100 ms).")
    if usage is None:
        console.print("Real usage: skipped, the reference folder is not there (RATABLE_SHARED).")
    else:
        real: Record = record["real_usage"]  # type: ignore[assignment]
        console.print(f"Real usage, {real['records']} calls of an LLM service: {real['seconds']} s.")
