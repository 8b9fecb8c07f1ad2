"""The command that asks for reports: `ratable report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import WIDE, Json, told
from ratable_server.cli.arguments import day_of_text, moment_of_text, months_of_text
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable_server.exports import ShownTable
    from ratable_server.queries.reports import Reported

_BINARY = ("xlsx", "parquet")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A report, such as waterfall or trial_balance; an unknown name is answered with all of them.",
    ),
]
Period = Annotated[
    str | None,
    typer.Option("--period", metavar="MONTH[:MONTH]", help="The months to show: 2026-01 or 2026-01:2026-12."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="MOMENT", help="As the books stood then; a day stands for its end, UTC."),
]
At = Annotated[str | None, typer.Option("--at", metavar="DAY", help="For reports as of a day: that day, at its end.")]
By = Annotated[str | None, typer.Option("--by", metavar="KEYS", help="Sum over all keys but these: period,account.")]
Draft = Annotated[int | None, typer.Option("--run", metavar="RUN", help="With the draft of this run, as if posted.")]
Format = Annotated[
    str | None, typer.Option("--format", help="table, csv, xlsx, parquet or json; by default by the name of --out.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write.")]


def join(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(told(report))


def report(
    name: Name,
    *,
    period: Period = None,
    as_of: AsOf = None,
    at: At = None,
    by: By = None,
    run: Draft = None,
    format: Format = None,
    out: Out = None,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Show a report of what is posted; as of a moment, it is told as it was known then."""
    chosen = _format(format, out, as_json=as_json)
    periods = None if period is None else months_of_text(period)
    day = None if at is None else day_of_text(at)
    keys = None if by is None else [key.strip() for key in by.split(",") if key.strip()]
    moment = None if as_of is None else moment_of_text(as_of)
    if run is not None and moment is not None:
        raise typer.BadParameter("a draft is shown as it stands: give --run or --as-of")
    actor = open_books(tenant)
    from ratable_server.queries import reports

    if run is not None:
        found = reports.preview(actor=actor, run_id=run, name=name, periods=periods, by=keys, day=day)
    else:
        found = reports.report(actor=actor, name=name, periods=periods, as_of=moment, by=keys, day=day)
    if found.through_on is None or (periods is not None and periods[1] > found.through_on):
        _note(found)
    write_report(found, chosen, out)


def write_report(found: Reported, format: str, out: Path | None) -> None:
    """A report on the screen or into a file."""
    from ratable_server.exports import show

    shown = show(found.report.name, found.report.title, columns=found.columns, table=found.table)
    write_shown(shown, format, out)


def write_shown(shown: ShownTable, format: str, out: Path | None) -> None:
    """A table on the screen or into a file."""
    from ratable_server.exports import rich_table, write_table

    if format != "table":
        _write(write_table(shown, format), out)
        return
    from rich.console import Console

    if out is not None:
        with out.open("w", encoding="utf-8") as file:
            Console(file=file, width=WIDE).print(rich_table(shown))
    else:
        Console(width=None if sys.stdout.isatty() else WIDE).print(rich_table(shown))


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    else:
        out.write_bytes(content)


def _note(found: Reported) -> None:
    """Say on the error stream where the posted months end: beyond them a report is not wrong, but silent."""
    told_of = f"nothing is posted after {found.through_on:%Y-%m}" if found.through_on else "nothing is posted yet"
    typer.echo(told_of, err=True)


def _format(format: str | None, out: Path | None, *, as_json: bool) -> str:
    from ratable_server.exports import TABLE_FORMATS

    suffix = out.suffix.removeprefix(".") if out is not None else ""
    chosen = format or ("json" if as_json else "") or (suffix if suffix in TABLE_FORMATS else "table")
    if chosen not in {"table", *TABLE_FORMATS}:
        raise typer.BadParameter(f"--format: {chosen!r} is none of table, {', '.join(TABLE_FORMATS)}")
    if chosen in _BINARY and out is None:
        raise typer.BadParameter(f"--format: {chosen} is no text; name a file with --out")
    return chosen
