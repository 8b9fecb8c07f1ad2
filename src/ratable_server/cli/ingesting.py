"""The commands that bring usage into the books: `ratable ingest`, `imports`, `rejections`, `resolve`, `void`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ratable_server.cli.answering import REFUSED, Json, answer, answer_rows, told
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable_server.operations.usage import Receipt

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, help="CSV, NDJSON or Parquet; CSV and NDJSON gzipped or not."
    ),
]
Item = Annotated[str | None, typer.Option("--item", help="The usage item of rows that name none.")]
Format = Annotated[str | None, typer.Option("--format", help="csv, ndjson or parquet; by default by the name of FILE.")]
Partial = Annotated[bool, typer.Option("--partial", help="Keep the good rows of a file with bad ones.")]
Revise = Annotated[
    bool, typer.Option("--revise", help="Other content under a known id replaces it, while its month is open.")
]
Import = Annotated[str | None, typer.Argument(metavar="[IMPORT]", help="The id on a receipt.")]
OneImport = Annotated[str, typer.Argument(metavar="IMPORT", help="The id on a receipt.")]
Row = Annotated[int, typer.Argument(metavar="ROW", help="The number of the rejected row.")]
Reason = Annotated[str, typer.Option("--reason", help="Why it is set aside; the audit keeps it.")]
EventId = Annotated[str, typer.Argument(metavar="ID", help="The id of the usage.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where to write: .csv, .xlsx, .parquet or .json.")
]

_LISTED = (
    "import_code",
    "status",
    "file_name",
    "rows_received",
    "rows_accepted",
    "rows_duplicate",
    "rows_rejected",
    "open_rejections",
    "recorded_at",
)
_SHOWN = 20  # rejections under a receipt; the rest is what `ratable rejections` is for


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (ingest, imports, rejections, resolve, void):
        app.command()(told(command))


def ingest(
    file: File,
    *,
    item: Item = None,
    format: Format = None,
    partial: Partial = False,
    revise: Revise = False,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Take a file of usage into the books, whole or not at all, and print its receipt. Exit status: 1 nothing was taken."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.usage import RejectedFile, Upload, ingest_usage

    upload = Upload(
        source=file, format=format, item=item, is_partial=partial, on_change="revise" if revise else "reject"
    )
    try:
        with _progress() as progress:
            receipt = ingest_usage(actor=actor, upload=upload, at=now_at(), now=now_at, progress=progress)
    except RejectedFile as refused:
        _answer_receipt(refused.receipt, as_json=as_json)
        typer.echo(f"refused: {refused}", err=True)
        raise typer.Exit(REFUSED) from None
    _answer_receipt(receipt, as_json=as_json)


def imports(import_code: Import = None, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """List the last imports of usage, or show the receipt of one."""
    actor = open_books(tenant)
    from ratable_server.queries.usage_imports import usage_imports, usage_receipt

    if import_code is not None:
        _answer_receipt(usage_receipt(actor=actor, import_code=import_code), as_json=as_json)
        return
    lines = [asdict(line) for line in usage_imports(actor=actor)]
    answer_rows(lines, _LISTED, as_json=as_json)


def rejections(
    import_code: Import = None, *, out: Out = None, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Show the rows of an import that were not taken, or that a run rejects; without IMPORT all that keep a month from closing."""
    from ratable_server.exports import TABLE_FORMATS, write_table

    format = out.suffix.removeprefix(".") if out is not None else ""
    if out is not None and format not in TABLE_FORMATS:
        raise typer.BadParameter(f"--out: {out} ends like none of {', '.join(TABLE_FORMATS)}")
    actor = open_books(tenant)
    from ratable_server.queries.usage_imports import rejected_rows, shown_rows

    found = rejected_rows(actor=actor, import_code=import_code)
    if out is None:
        columns = ("import_code", "row", "code", "value", "event_id", "stream", "run_id", "resolved_by")
        answer_rows([asdict(row) for row in found], columns, as_json=as_json)
        return
    out.write_bytes(write_table(shown_rows(found), format))
    answer({"file": str(out), "rows": len(found)}, [f"{out}  {len(found):,} rows"], as_json=as_json)


def resolve(
    import_code: OneImport, row: Row, *, reason: Reason, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Set a rejected row aside, so that it no longer keeps a month from closing."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.usage import resolve_rejection

    resolve_rejection(actor=actor, import_code=import_code, row=row, reason=reason, at=now_at())
    answer({"import": import_code, "row": row}, [f"row {row} of {import_code} is set aside"], as_json=as_json)


def void(event_id: EventId, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Take a usage back; it no longer counts, and its id stays taken."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.usage import void_usage

    void_usage(actor=actor, event_id=event_id, at=now_at())
    answer({"voided": event_id}, [f"{event_id} is taken back"], as_json=as_json)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the error stream of a terminal, while the file is read; then the books are written."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def tell(done: int, whole: int) -> None:
            is_read = done >= whole
            bar.update(task, completed=None if is_read else done, total=None if is_read else whole)
            bar.update(task, description="writing" if is_read else "reading")

        yield tell


def _answer_receipt(receipt: Receipt, *, as_json: bool) -> None:
    answer(asdict(receipt), _lines(receipt), as_json=as_json)


def _lines(receipt: Receipt) -> Iterator[str]:
    """A receipt for people."""
    yield f"import    {receipt.import_code}, {receipt.status}: {receipt.file_name}"
    if receipt.repeats:
        yield f"          the same file as {receipt.repeats}; nothing was added"
    yield f"{'':10}{'rows':>12}{'quantity':>28}"
    for outcome in ("received", "accepted", "duplicate", "rejected"):
        rows, quantity = getattr(receipt, f"rows_{outcome}"), getattr(receipt, f"quantity_{outcome}")
        yield f"{outcome:10}{rows:>12,}{_plain(quantity):>28}"
    if receipt.accepted_sha256:
        yield f"hash      {receipt.accepted_sha256}"
        yield f"after     {receipt.previous_sha256}"
    yield from _broken(receipt)


def _broken(receipt: Receipt) -> Iterator[str]:
    if not receipt.rejection_count:
        return
    yield f"{receipt.rejection_count:,} rows break a rule:"
    for one in receipt.rejections[:_SHOWN]:
        yield f"  row {one.row}: {one.code} {one.value!r}"
    if receipt.rejection_count > _SHOWN:
        yield f"  ... `ratable rejections {receipt.import_code} --out FILE` has all of them"


def _plain(quantity: Decimal) -> str:
    text = f"{quantity:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
