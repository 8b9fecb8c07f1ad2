"""The command that hands the journal over to another ledger: `ratable export journal`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from ratable_server.cli.answering import Json, answer, told
from ratable_server.cli.arguments import months_of_text
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable_server.exports import Account, Chart, ExportFile
    from ratable_server.queries.exports import Exported

What = Literal["journal"]
Thing = Annotated[str, typer.Argument(metavar="journal", help="What to export.")]
Period = Annotated[
    str, typer.Option("--period", metavar="MONTH[:MONTH]", help="Closed months: 2026-01 or 2026-01:2026-12.")
]
Format = Annotated[str, typer.Option("--format", help="csv, beancount, hledger, quickbooks, xero or netsuite.")]
Detailed = Annotated[bool, typer.Option("--detailed", help="Each entry of the journal; without, sums by account.")]
Since = Annotated[
    int | None,
    typer.Option(
        "--since-version",
        metavar="N",
        help="Only what a month closed again has changed since its close N; 0: all of it.",
    ),
]
ChartFile = Annotated[
    Path | None,
    typer.Option(
        "--chart",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Accounts of your own: CSV with role, code, name, kind and, for Xero, tax_rate.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write.")]

_COLUMNS = {"role", "code", "name", "kind"}


def join(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(told(export))


def export(
    what: Thing,
    *,
    period: Period,
    format: Format = "csv",
    detailed: Detailed = False,
    since_version: Since = None,
    chart: ChartFile = None,
    out: Out = Path(),
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Write the journal of closed months for another ledger; a second import of the same ids posts nothing twice.

    A month that was reopened and closed again has new ids: say since which close it is wanted.
    """
    if what not in get_args(What):
        raise typer.BadParameter(f"{what!r} is not journal; `ratable report NAME --out FILE` writes reports")
    periods = months_of_text(period)
    accounts = _chart(chart)
    actor = open_books(tenant)
    from ratable_server.queries.exports import Wanted, exported_journal

    wanted = Wanted(format=format, chart=accounts, is_detailed=detailed, since_version=since_version)
    found = exported_journal(actor=actor, periods=periods, wanted=wanted)
    written = [(month, file, _write(file, out)) for month in found for file in month.files]
    lines = [f"{path}  {len(file.entry_ids):,} entries" for _, file, path in written]
    record = [_told(month, file, path) for month, file, path in written]
    answer(record, lines or ["nothing is posted in these months"], as_json=as_json)


def _write(file: ExportFile, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    path = out / file.name
    path.write_bytes(file.content)
    return path


def _told(month: Exported, file: ExportFile, path: Path) -> dict[str, object]:
    return {
        "month": f"{month.month_on:%Y-%m}",
        "version": month.version,
        "file": str(path),
        "media_type": file.media_type,
        "entries": list(file.entry_ids),
    }


def _chart(path: Path | None) -> Chart:
    """The accounts of a file, one a role."""
    from ratable_server.exports import Chart

    if path is None:
        return Chart()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = _COLUMNS - set(rows.fieldnames or ())
        if missing:
            raise typer.BadParameter(f"--chart: {path} has no column {', '.join(sorted(missing))}")
        return Chart(own={row["role"]: _account(row, f"{path}:{rows.line_num}") for row in rows})


def _account(row: dict[str, str], place: str) -> Account:
    from ratable_server.exports import ACCOUNT_KINDS, DEFAULT_ACCOUNTS, Account

    if row["role"] not in DEFAULT_ACCOUNTS:
        raise typer.BadParameter(f"--chart: {place}: {row['role']!r} is none of {', '.join(DEFAULT_ACCOUNTS)}")
    kind = next((kind for kind in ACCOUNT_KINDS if kind == row["kind"]), None)
    if kind is None:
        raise typer.BadParameter(f"--chart: {place}: {row['kind']!r} is none of {', '.join(ACCOUNT_KINDS)}")
    rate = {"tax_rate": row["tax_rate"]} if row.get("tax_rate") else {}
    return Account(code=row["code"], name=row["name"], kind=kind, **rate)
