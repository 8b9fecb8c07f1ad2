"""Prepaid commits: what was agreed, what is left of each, and what was consumed month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.db.models import OuterRef, Subquery

from ratable.commit_lives import last_end
from ratable.money import to_major, to_minor
from ratable.periods import month_of
from ratable.terms import PrepaidCommit as Agreed
from ratable.terms import Rollover
from ratable_server.actor import Actor
from ratable_server.queries.computed import Computed, computed
from ratable_server.queries.listing import (
    FIRST_PAGE,
    Asked,
    Found,
    Told,
    code_of,
    fields_of,
    page_of,
    told_of,
)
from ratable_server.queries.prepaid_changes import asked_commits, last_changes
from ratable_server.store import models
from ratable_server.store.load.written import rollover_of
from ratable_server.store.public_ids import consumption_id
from ratable_server.store.scope import books_of, rows_of

Status = Literal["ACTIVE", "EXHAUSTED", "EXPIRED"]
_NEVER = date(1, 1, 1)
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidCommit(Told):
    """One prepaid commit as it was agreed; `added` is what was topped up or credited since, `invoices` are ids of papers.

    `currency` is that of its contract, `said_currency` what the terms say themselves. Nothing of it lives
    from `lives_before` on; it rolled over until then. With `released_on` its contract was ended before its time: from that
    day on nothing is left of it. Modified is when its own terms were, `changed_at` when anything was that is told of it.
    """

    code: str
    name: str
    contract_id: int
    contract: str
    currency: str
    said_currency: str | None
    product_id: int | None
    product: str | None
    product_name: str | None
    total_value: Decimal
    added: Decimal
    discount_percentage: Decimal
    rate: Decimal | None
    starts_on: date
    ends_before: date | None
    priority: int
    expected_breakage_percentage: Decimal | None
    units: Decimal | None
    unit_of_measure: str | None
    rollover: Rollover | None
    lives_before: date | None
    released_on: date | None
    invoices: tuple[int, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """List value drawn on a commit: gross = discount + net + overage."""

    gross: Decimal
    discount: Decimal
    net: Decimal
    overage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Split):
    """What a month learned about an earlier one: an adjustment, or late usage."""

    service_on: date
    is_adjustment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption(Split):
    """What a month drew on a commit, and the balance around it; `corrections` are those booked in this month."""

    id: int
    prepaid_commit: str
    month_on: date
    balance_before: Decimal
    balance_after: Decimal
    corrections: tuple[Correction, ...]
    is_posted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Where a commit stands on a day: what is left once all that is recorded was drawn; each month's consumption.

    gross = discount + drawn + overage, with all that months learned about earlier ones.
    """

    prepaid_commit: str
    status: Status
    granted: Decimal
    drawn: Decimal
    lapsed: Decimal
    remaining: Decimal
    gross: Decimal
    discount: Decimal
    overage: Decimal
    consumptions: tuple[Consumption, ...]


def prepaid_commits(*, actor: Actor, contract_id: int | None = None, asked: Asked = FIRST_PAGE) -> Found[PrepaidCommit]:
    """Prepaid commits of a contract or of all, in the order in which they were granted."""
    with books_of(actor):
        every = rows_of(actor, models.PrepaidCommit, with_deleted=True)
        rows = asked_commits(actor, every if contract_id is None else every.filter(contract_id=contract_id), asked)
        ends = rows_of(actor, models.Termination).filter(contract_id=OuterRef("contract_id"))
        rows = rows.annotate(released_on=Subquery(ends.values("released_on")))
        return page_of(rows.select_related("contract", "product"), asked, lambda page: _commits(actor, page))


def prepaid_balances(*, actor: Actor, commits: Sequence[PrepaidCommit], on: date) -> dict[str, Balance]:
    """Where commits stand on a day, by their codes: from what is posted and from what open months come to.

    A credit memo counts as far as something is left when its month begins. What is left of a commit whose contract was ended
    lapses, and so does what it gets back later, whatever the ledger makes of it: breakage of what was billed, or a debt.
    """
    if not commits:
        return {}
    contracts = sorted({commit.contract for commit in commits})
    found = computed(actor, contracts=contracts, on=on)
    moves = _moves(commits, found)
    return {commit.code: _balance(commit, moves[commit.code], found, on=on) for commit in commits}


def _commits(actor: Actor, page: Sequence[models.PrepaidCommit]) -> list[PrepaidCommit]:
    ids = [row.id for row in page]
    added: dict[int, int] = defaultdict(int)
    for commit_id, minor in (
        rows_of(actor, models.TopUp).filter(commit_id__in=ids).values_list("commit_id", "amount_minor")
    ):
        added[commit_id] += minor
    invoices: dict[int, list[int]] = defaultdict(list)
    lines = rows_of(actor, models.PaperLine).filter(document__prepaid_commit_id__in=ids)
    billed = lines.filter(paper__kind="invoice", paper__voided_on=None, paper__deleted_at=None).order_by("id")
    for commit_id, paper_id in billed.values_list("document__prepaid_commit_id", "paper_id"):
        invoices[commit_id].append(paper_id)
    lives, changes = _lives(actor, page), last_changes(actor, page)
    return [
        _commit(
            row,
            added=added[row.id],
            invoices=tuple(invoices[row.id]),
            lives_before=lives.get(row.id),
            changed_at=changes[row.id],
        )
        for row in page
    ]


def _lives(actor: Actor, page: Sequence[models.PrepaidCommit]) -> dict[int, date | None]:
    """The first day on which nothing of a commit lives, of those that roll over."""
    rolling = [row for row in page if row.rollover is not None]
    if not rolling:
        return {}
    beside: dict[int, list[Agreed]] = defaultdict(list)
    for other in rows_of(actor, models.PrepaidCommit).filter(contract_id__in={row.contract_id for row in rolling}):
        beside[other.contract_id].append(_agreed(other))
    return {row.id: last_end(_agreed(row), beside[row.contract_id]) for row in rolling}


def _agreed(row: models.PrepaidCommit) -> Agreed:
    return Agreed(
        id=row.code,
        total_value=row.total_value or Decimal(0),
        starts_on=row.starts_on,
        ends_before=row.ends_before,
        rollover=None if row.rollover is None else rollover_of(row.rollover),
    )


def _commit(
    row: Any, *, added: int, invoices: tuple[int, ...], lives_before: date | None, changed_at: datetime
) -> PrepaidCommit:
    """A row with what it was annotated with."""
    names = (
        "code", "contract_id", "product_id", "total_value", "discount_percentage", "rate", "starts_on", "ends_before",
        "priority", "expected_breakage_percentage", "units",
    )  # fmt: skip
    currency = row.contract.currency
    return PrepaidCommit(
        **told_of(row),
        **fields_of(row, *names),
        name=row.name,
        contract=row.contract.code,
        currency=currency,
        said_currency=row.currency or None,
        product=code_of(row.product),
        product_name=row.product.name if row.product else None,
        added=to_major(added, currency),
        unit_of_measure=row.unit_of_measure or None,
        rollover=None if row.rollover is None else rollover_of(row.rollover),
        lives_before=row.ends_before if row.rollover is None else lives_before,
        released_on=row.released_on,
        invoices=invoices,
        changed_at=changed_at,
    )


@dataclass(slots=True)
class _Moves:
    """What moves a commit, by the month that books it, in minor units."""

    granted: list[tuple[date, int]]
    lapsed: list[tuple[date, int]]
    drawn: list[_Row]


def _moves(commits: Sequence[PrepaidCommit], found: Computed) -> dict[str, _Moves]:
    moves = {commit.code: _Moves([], [], []) for commit in commits}
    of_units = {commit.code for commit in commits if commit.units is not None}
    for row in found.grants.to_pylist():
        if row["commit_id"] in moves:
            moves[row["commit_id"]].granted.append((row["month_on"], row["amount_minor"]))
    for row in found.breakage.to_pylist():
        if row["commit_id"] in moves:
            moves[row["commit_id"]].lapsed.append((row["booked_on"], row["amount_minor"]))
    for row in found.draws.to_pylist():
        if row["commit_id"] in moves:
            earned = row["commit_id"] in of_units and row["kind"] == "drawdown"  # it has no list value but that
            moves[row["commit_id"]].drawn.append({**row, "gross_minor": row["net_minor"]} if earned else row)
    return moves


def _balance(commit: PrepaidCommit, moves: _Moves, found: Computed, *, on: date) -> Balance:
    def major(minor: int) -> Decimal:
        return to_major(minor, commit.currency)

    is_released = commit.released_on is not None and commit.released_on <= on
    if is_released:
        _release(commit, moves)
    granted = to_minor(commit.total_value, commit.currency) + sum(minor for _, minor in moves.granted)
    drawn = sum(row["net_minor"] for row in moves.drawn if row["kind"] == "drawdown")
    lapsed = sum(minor for _, minor in moves.lapsed)
    remaining = granted - drawn - lapsed
    has_ended = is_released or (commit.lives_before is not None and commit.lives_before <= on)
    status: Status = "EXPIRED" if has_ended else "ACTIVE" if remaining else "EXHAUSTED"
    used = _split(moves.drawn, commit.currency)
    return Balance(
        prepaid_commit=commit.code,
        status=status,
        granted=major(granted),
        drawn=used.net,
        lapsed=major(lapsed),
        remaining=major(remaining),
        gross=used.gross,
        discount=used.discount,
        overage=used.overage,
        consumptions=tuple(_consumptions(commit, moves, found)),
    )


def _consumptions(commit: PrepaidCommit, moves: _Moves, found: Computed) -> Iterable[Consumption]:
    """One for each month that drew, or in which something about an earlier one was learned."""
    months = sorted({row["booked_on"].replace(day=1) for row in moves.drawn})
    for month_on in months:
        booked = [row for row in moves.drawn if row["booked_on"].replace(day=1) == month_on]
        before = _left(commit, moves, month_on)
        net = sum(row["net_minor"] for row in booked if row["kind"] == "drawdown")
        lapsed = (minor for booked_on, minor in moves.lapsed if month_of(booked_on) == month_on)
        back = -sum(min(minor, 0) for minor in lapsed)  # late usage takes it
        own = _split([row for row in booked if not _is_correction(row)], commit.currency)
        yield Consumption(
            id=consumption_id(commit.code, month_on),
            prepaid_commit=commit.code,
            month_on=month_on,
            gross=own.gross,
            discount=own.discount,
            net=own.net,
            overage=own.overage,
            balance_before=to_major(before, commit.currency),
            balance_after=to_major(before + back - net, commit.currency),
            corrections=tuple(_corrections([row for row in booked if _is_correction(row)], commit.currency)),
            is_posted=found.open_on is not None and month_on < found.open_on,
        )


def _release(commit: PrepaidCommit, moves: _Moves) -> None:
    """Let lapse what is left when the books let go of the commit, and in later months what it gets back."""
    ends_on = month_of(commit.released_on or _NEVER)
    booked = {month_of(row["booked_on"]) for row in moves.drawn} | {month_on for month_on, _ in moves.granted}
    for month_on in sorted({ends_on, *(each for each in booked if each > ends_on)}):
        drawn = sum(row["net_minor"] for row in moves.drawn if _draws_in(row, month_on))
        lapsed = sum(minor for booked_on, minor in moves.lapsed if month_of(booked_on) == month_on)
        moves.lapsed.append((month_on, _left(commit, moves, month_on) - drawn - lapsed))


def _draws_in(row: _Row, month_on: date) -> bool:
    return bool(row["kind"] == "drawdown" and month_of(row["booked_on"]) == month_on)


def _left(commit: PrepaidCommit, moves: _Moves, month_on: date) -> int:
    """The balance when a month begins, with what was added to it in that month."""
    granted = sum(minor for booked_on, minor in moves.granted if booked_on <= month_on)
    lapsed = sum(minor for booked_on, minor in moves.lapsed if booked_on < month_on)
    drawn: int = sum(
        row["net_minor"] for row in moves.drawn if row["kind"] == "drawdown" and row["booked_on"] < month_on
    )
    return to_minor(commit.total_value, commit.currency) + granted - lapsed - drawn


def _is_correction(row: _Row) -> bool:
    return bool(row["adjusted_on"] != _NEVER or row["service_on"].replace(day=1) != row["booked_on"].replace(day=1))


def _corrections(rows: Sequence[_Row], currency: str) -> Iterable[Correction]:
    by_month: dict[tuple[date, bool], list[_Row]] = defaultdict(list)
    for row in rows:
        by_month[row["service_on"].replace(day=1), row["adjusted_on"] != _NEVER].append(row)
    for (service_on, is_adjustment), told in sorted(by_month.items()):
        split = _split(told, currency)
        yield Correction(
            service_on=service_on,
            is_adjustment=is_adjustment,
            gross=split.gross,
            discount=split.discount,
            net=split.net,
            overage=split.overage,
        )


def _split(rows: Sequence[_Row], currency: str) -> Split:
    gross = sum(row["gross_minor"] for row in rows)
    net = sum(row["net_minor"] for row in rows if row["kind"] == "drawdown")
    overage = sum(row["net_minor"] for row in rows if row["kind"] == "overage")
    return Split(
        gross=to_major(gross, currency),
        discount=to_major(gross - net - overage, currency),
        net=to_major(net, currency),
        overage=to_major(overage, currency),
    )
