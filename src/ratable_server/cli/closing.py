"""The commands of the month-end close: `ratable draft`, `close`, `discard`, `reopen`, `reverse`, `periods`, and who closes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ratable_server.cli.answering import REFUSED, Json, answer, answer_rows, told
from ratable_server.cli.arguments import day_of_text, month_of_text
from ratable_server.cli.background import start_draft
from ratable_server.cli.reporting import write_shown
from ratable_server.cli.starting import DEFAULT_TENANT, Tenant, open_books

if TYPE_CHECKING:
    from ratable_server.actor import Actor
    from ratable_server.errors import Obstacle
    from ratable_server.exports import ShownTable
    from ratable_server.operations.close_warnings import CloseWarning
    from ratable_server.queries.periods import PeriodState, RunState

Month = Annotated[str, typer.Argument(metavar="MONTH", help="The month: 2026-03.")]
Run = Annotated[int, typer.Argument(metavar="RUN", help="The draft, by its number.")]
Posted = Annotated[int | None, typer.Option("--run", metavar="RUN", help="Post this draft; without, compute one now.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Compute and show, post nothing: the same as `ratable draft`.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Background = Annotated[
    bool, typer.Option("--background", help="Go on without you; `ratable periods` shows how far it is.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stays readable for ever.")]
Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="A posted journal entry, by its id.")]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="The day of the reversal; today by default.")]
IsOn = Annotated[bool, typer.Argument(metavar="true|false", help="Does a close need a second person?")]


def join(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (draft, close, discard, reopen, reverse, periods):
        app.command()(told(command))
    app.command("two-person-close")(told(two_person_close))


def draft(
    month: Month, *, background: Background = False, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Compute a month, show what would be posted and what stands in the way. Exit status: 0, also if something does."""
    month_on = month_of_text(month)
    actor = open_books(tenant)
    if background:
        run_id = start_draft(actor, month, tenant=tenant)
        lines = [f"run {run_id} computes {month}; `ratable periods` shows how far it is"]
        answer({"run": run_id, "month": month}, lines, as_json=as_json)
        return
    drafted = _drafted(actor, month_on, None, is_shown=not as_json)
    found = _obstacles(actor, month_on, drafted.run_id)
    warnings = _warnings(actor, month_on)
    if as_json:
        stands = {"obstacles": [asdict(one) for one in found], "warnings": [asdict(one) for one in warnings]}
        answer({**_told(drafted), **stands}, [], as_json=True)
        return
    _print_draft(drafted)
    _print_warnings(warnings)
    then = f"nothing stands in the way; `ratable close {month} --run {drafted.run_id}` posts it"
    _print_obstacles(found, then=then)


def close(
    month: Month,
    *,
    run: Posted = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: Json = False,
) -> None:
    """Compute a month, show what is posted, post it and lock the month. Exit status: 0 closed, 1 refused."""
    if dry_run:
        draft(month, tenant=tenant, as_json=as_json)
        return
    month_on = month_of_text(month)
    actor = open_books(tenant)
    if run is None:
        _stop_at(_obstacles(actor, month_on, None))
    drafted = _drafted(actor, month_on, run, is_shown=not as_json)
    if not as_json:
        _print_draft(drafted)
        _print_warnings(_warnings(actor, month_on))
        _ask(drafted, is_agreed=yes)
    closed = _post(actor, month_on, drafted.run_id)
    _seal(actor)
    warnings = [asdict(one) for one in closed.warnings]
    done = {"version": closed.version, "journal_hash": closed.journal_hash, "warnings": warnings}
    lines = [f"{month} is closed, version {closed.version}, by run {closed.run_id}; its journal: {closed.journal_hash}"]
    answer({**_told(drafted), **done}, lines, as_json=as_json)


def discard(run: Run, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Remove a draft that will not be posted."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.runs import discard_run

    discard_run(actor=actor, run_id=run, at=now_at())
    answer({"run": run, "status": "discarded"}, [f"run {run} is discarded"], as_json=as_json)


def reopen(month: Month, *, reason: Reason, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Take the last close back: what it posted stays readable and no longer counts."""
    month_on = month_of_text(month)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.periods import reopen_period

    reopen_period(actor=actor, month_on=month_on, reason=reason, at=now_at())
    answer({"month": month, "status": "open"}, [f"{month} is open again"], as_json=as_json)


def reverse(
    entry: Entry, *, reason: Reason, on: On = None, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False
) -> None:
    """Take a posted entry back by another one; the close of the open month posts it."""
    day = None if on is None else day_of_text(on)
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.journals import reverse_entry

    at = now_at()
    filed = reverse_entry(actor=actor, entry=entry, reason=reason, on=day or at.date(), at=at)
    record = {"entry": entry, "reversed_by": filed.code, "on": filed.on, "month": f"{filed.booked_on:%Y-%m}"}
    lines = [f"{entry} is reversed by {filed.code} on {filed.on}, posted with {filed.booked_on:%Y-%m}"]
    answer(record, lines, as_json=as_json)


def two_person_close(is_on: IsOn, *, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Let a month be closed only by somebody else than who computed its draft, or by anybody."""
    actor = open_books(tenant)
    from ratable_server.clock import now_at
    from ratable_server.operations.policies import set_two_person_close

    set_two_person_close(actor=actor, is_wanted=is_on, at=now_at())
    lines = ["a second person closes" if is_on else "who computes a month may close it"]
    answer({"two_person_close": is_on}, lines, as_json=as_json)


def periods(*, tenant: Tenant = DEFAULT_TENANT, as_json: Json = False) -> None:
    """Show where each month stands, and the runs that were made for it."""
    actor = open_books(tenant)
    from ratable_server.queries.periods import periods as asked

    found = asked(actor=actor)
    if as_json:
        answer([_state(period) for period in found], [], as_json=True)
        return
    if not found:
        typer.echo("no month has anything yet")
        return
    columns = ["month", "status", "version", "closed_at", "closed_by", "remarks"]
    answer_rows([_row(period) for period in found], columns, as_json=False)


# ── a draft ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drafted:
    """A draft to look at; one that was computed before has no counts."""

    month_on: date
    run_id: int
    counts: dict[str, int]
    shown: ShownTable

    @property
    def month(self) -> str:
        return f"{self.month_on:%Y-%m}"


def _drafted(actor: Actor, month_on: date, run: int | None, *, is_shown: bool) -> _Drafted:
    """The draft that was asked for, or one that is computed now."""
    from ratable_server.clock import now_at
    from ratable_server.operations.runs import run_period

    counts: dict[str, int] = {}
    if run is None:
        with _progress(is_shown=is_shown) as tell:
            computed = run_period(actor=actor, month_on=month_on, at=now_at(), tell=tell)
        run, counts = computed.run_id, computed.counts
    return _Drafted(month_on=month_on, run_id=run, counts=counts, shown=_preview(actor, month_on, run))


@contextmanager
def _progress(*, is_shown: bool) -> Iterator[Callable[[str, int], None]]:
    """A bar over the tables of a run, where somebody looks at the screen."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not (is_shown and console.is_terminal)) as bar:
        task = bar.add_task("reading and computing", total=None)

        def tell(table: str, rows: int) -> None:
            bar.update(task, description=f"{table}: {rows:,} rows", total=_TABLES, advance=1)

        yield tell


_TABLES = 9  # that a run keeps


def _preview(actor: Actor, month_on: date, run_id: int) -> ShownTable:
    """Debit and credit of each account in the month, with the balances before and after, as if posted."""
    from ratable_server.exports import show
    from ratable_server.queries.reports import preview

    found = preview(actor=actor, run_id=run_id, name="trial_balance", periods=(month_on, month_on))
    return show("trial_balance", f"What {month_on:%Y-%m} comes to", columns=found.columns, table=found.table)


def _obstacles(actor: Actor, month_on: date, run_id: int | None) -> list[Obstacle]:
    from ratable_server.clock import now_at
    from ratable_server.operations.obstacles import obstacles

    return obstacles(actor=actor, month_on=month_on, at=now_at(), run_id=run_id)


def _warnings(actor: Actor, month_on: date) -> tuple[CloseWarning, ...]:
    from ratable_server.operations.close_warnings import close_warnings

    return close_warnings(actor=actor, month_on=month_on)


def _stop_at(found: list[Obstacle]) -> None:
    """Nothing is computed for a month that cannot be closed."""
    from ratable_server.operations.obstacles import refuse_obstructed

    refuse_obstructed(found)


def _post(actor: Actor, month_on: date, run_id: int) -> Any:
    from ratable_server.clock import now_at
    from ratable_server.errors import Obstructed
    from ratable_server.operations.periods import close_period

    try:
        return close_period(actor=actor, month_on=month_on, at=now_at(), run_id=run_id)
    except Obstructed:
        typer.echo(f"run {run_id} stays a draft: `ratable discard {run_id}` removes it", err=True)
        raise


def _seal(actor: Actor) -> None:
    """Let the chain of the audit reach to the close."""
    from ratable_server.clock import now_at
    from ratable_server.operations.audit import seal_audit

    seal_audit(actor, at=now_at())


def _ask(drafted: _Drafted, *, is_agreed: bool) -> None:
    """Let a person at a terminal look before it is posted; a program has decided already."""
    if is_agreed or not sys.stdin.isatty() or typer.confirm(f"Post this and lock {drafted.month}?"):
        return
    typer.echo(f"nothing is posted; run {drafted.run_id} stays a draft")
    raise typer.Exit(REFUSED)


# ── what is printed ──────────────────────────────────────────────────────────────────────────


def _told(drafted: _Drafted) -> dict[str, Any]:
    from ratable_server.exports import write_table

    rows = json.loads(write_table(drafted.shown, "json"))["rows"]
    return {"month": drafted.month, "run": drafted.run_id, "rows": drafted.counts, "accounts": rows}


def _print_draft(drafted: _Drafted) -> None:
    typer.echo(f"run {drafted.run_id} of {drafted.month}{':' if drafted.counts else ''}")
    for name, rows in drafted.counts.items():
        typer.echo(f"  {name:<10} {rows:>12,} rows")
    typer.echo("")
    write_shown(drafted.shown, "table", None)


def _print_warnings(found: Iterable[CloseWarning]) -> None:
    for each in found:
        typer.echo(f"note: {each.code}: {each.detail}")


def _print_obstacles(found: Iterable[Obstacle], *, then: str) -> None:
    reasons = [f"  {one.code}: {one.detail}" for one in found]
    for line in ["this stands in the way of the close:", *reasons] if reasons else [then]:
        typer.echo(line)


def _state(period: PeriodState) -> dict[str, Any]:
    return {**asdict(period), "month_on": f"{period.month_on:%Y-%m}", "runs": [_run_state(run) for run in period.runs]}


def _run_state(run: RunState) -> dict[str, Any]:
    return {**asdict(run), "month_on": f"{run.month_on:%Y-%m}"}


def _row(period: PeriodState) -> dict[str, object]:
    remarks = [f"reopened: {period.reopened_for}"] if period.reopened_for and period.status != "closed" else []
    remarks += [_remark(run) for run in period.runs if run.status in {"computing", "draft", "failed"}]
    return {
        "month": f"{period.month_on:%Y-%m}",
        "status": period.status,
        "version": period.version or "",
        "closed_at": _moment(period.closed_at),
        "closed_by": period.closed_by,
        "remarks": "; ".join(remarks),
    }


def _remark(run: RunState) -> str:
    """`run 12: draft of alice since 2026-04-02 09:30Z, 1,204 rows`."""
    told_of = f"run {run.run_id}: {run.status}, by {run.started_by} since {_moment(run.started_at)}, {run.rows:,} rows"
    return f"{told_of}, {run.failure}" if run.failure else told_of


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}Z"
