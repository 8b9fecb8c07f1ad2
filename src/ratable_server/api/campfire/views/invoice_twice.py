"""Revenue that invoices name: what they have billed in full is not billed again.

Each revenue is judged by itself. What an invoice bills is shared over the revenue that it names, in that order, as far as
no other invoice has billed of it; what it bills above that is of nothing. What names no revenue bills, too, as the ledger
has it: of usage, and of what its lines are of. What lowers revenue, such as an adjustment below nothing, is billed with
something of which a part is left, and never by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.invoices import NAMED_REVENUE
from ratable_server.clock import now_at
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.queries.fixed_unbilled import Source, fixed_left
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import Paper as Row
from ratable_server.queries.papers import PaperLine, PapersAsked, papers
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.queries.usage_unbilled import usage_left

TURN = "billing"  # taken by whoever bills revenue by its name or says an invoice again, and no other turn beside it

_Source = tuple[str, str]  # ("subscription", "seats"): what a line is of, and its code; without one, usage
_USAGE: _Source = ("usage", "")
_OF_USAGE = frozenset({"usage", "overage", "minimum"})  # the kinds of revenue that are of it
_LET_GO = "adjustment"  # the kind of revenue that a termination let go of what had been billed
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bill:
    """An invoice that stands: ids of the revenue that it names, and what it bills of each source."""

    code: str | None
    named: tuple[int, ...]
    amounts: Mapping[_Source, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revenue:
    """Amounts by id, and their sources. What comes to nothing, or is no longer there, is not among them: nobody billed it."""

    amounts: Mapping[int, Decimal]
    sources: Mapping[int, _Source]


def refuse_billed(actor: Actor, every: Sequence[tuple[Paper, PaperBeside]], *, beside: int | None = None) -> None:
    """Go on, unless nothing is left of all that one of these invoices names; `beside` is the one that it is said of.

    Drafts bill nothing. Of revenue that has grown since it was billed, something is left.

    Raises:
        ValidationError: other invoices have billed it, or those before it do; or one names what is not there, only what
            lowers revenue, or what a termination let go, and did not name it before.
    """
    bills = [_bill_of(paper, further.further) for paper, further in every]
    ids = {id for bill in bills for id in bill.named}
    told = {id for _, further in every for id in _named(further.further)}
    found = _rows(actor, told)
    missing = sorted(ids - {row.id for row in found})
    if missing:
        raise ValidationError({NAMED_REVENUE: [f'Invalid pk "{id}" - object does not exist.' for id in missing]})
    row = None if beside is None else papers(actor=actor, asked=PapersAsked(kind="invoice", ids=[beside])).rows[0]
    is_named = row is not None and not (ids and row.stage == "draft")
    _refuse_let_go(found, but=_named(row.further) if row is not None and is_named else ())
    _refuse_billed_by_others(actor, bills, [each for each in found if each.id in ids], row=row)


def refuse_billed_before(actor: Actor, every: Sequence[tuple[Paper, PaperBeside]], place: int) -> None:
    """Go on, unless those before one of these invoices, which are issued by now, bill all that it names.

    Of one contract: by their names they have been judged together, and only what they bill without a name is new.

    Raises:
        ValidationError: told by its place.
    """
    paper, beside = every[place]
    before = [each for each, of in every[:place] if each.stage != "draft" and not _bill_of(each, of.further).named]
    if paper.contract in {each.contract for each in before} and _bill_of(paper, beside.further).named:
        try:
            refuse_billed(actor, [(paper, beside)])
        except ValidationError:
            raise _billed_before(place) from None


def refuse_billed_since(actor: Actor, void: Row) -> None:
    """Go on, unless other invoices have billed all that a void invoice names; what is no longer there keeps it from nothing.

    Raises:
        ValidationError: they have billed it, it only lowers revenue, or a termination let go some of it.
    """
    bill = _Bill(
        code=void.code, named=() if void.stage == "draft" else _named(void.further), amounts=_amounts(void.lines)
    )
    rows = _rows(actor, bill.named)
    _refuse_let_go(rows)
    _refuse_billed_by_others(actor, [bill], rows, row=void)


def _refuse_let_go(rows: Sequence[RevenueTransaction], *, but: Collection[int] = ()) -> None:
    """What a termination let go was billed before the contract ended: to bill it again would only let go of more."""
    let_go = [row.id for row in rows if row.kind == _LET_GO and row.id not in but]
    if let_go:
        text = 'Invoices billed "{}" before the contract ended: its termination let it go.'
        raise ValidationError({NAMED_REVENUE: [text.format(id) for id in let_go]})


def _refuse_billed_by_others(
    actor: Actor, bills: Sequence[_Bill], rows: Sequence[RevenueTransaction], *, row: Row | None
) -> None:
    """`rows` are of the revenue that the bills name, `row` is the invoice that they are said of."""
    if not rows:
        return
    invoices = _invoices(actor, {each.contract_id for each in rows})
    standing = _standing(invoices, but=row)
    others = {id for bill in standing for id in bill.named} - {each.id for each in rows}
    revenue, before = _revenue(actor, [*rows, *_rows(actor, others)]), _named_before(row)
    _refuse_lowering(bills, revenue, but=before)
    left = dict(revenue.amounts)
    for bill in sorted(standing, key=lambda each: len(each.named)):  # the more one names, the more it can be of
        _share(bill, revenue, left)
    by_name = dict(left)
    _take_nameless(actor, left, rows, row=row, on=_day(invoices))
    by_others = dict(left)
    for place, bill in enumerate(bills):
        if _is_billed(bill, by_name, but=before):
            codes = ", ".join(str(each.code) for each in standing if not set(each.named).isdisjoint(bill.named))
            raise ValidationError({NAMED_REVENUE: [f"{codes} billed it: void it, or bill what has come to it since."]})
        if _is_billed(bill, by_others, but=before):
            raise ValidationError(
                {NAMED_REVENUE: ["Invoices that do not name it billed it: nothing of it is unbilled."]}
            )
        if _is_billed(bill, left, but=before):
            raise _billed_before(place)
        _share(bill, revenue, left)


def _refuse_lowering(bills: Sequence[_Bill], revenue: _Revenue, *, but: Collection[int]) -> None:
    """What lowers revenue is nothing to bill by itself; an invoice that names no more than before may say it again."""
    for bill in bills:
        known = [id for id in bill.named if id in revenue.amounts]
        if known and all(revenue.amounts[id] < 0 for id in known) and not set(but).issuperset(bill.named):
            text = '"{}" only lowers revenue: name it together with revenue that is not billed.'
            raise ValidationError({NAMED_REVENUE: [text.format(id) for id in known]})


def _billed_before(place: int) -> ValidationError:
    wrong = {NAMED_REVENUE: ["Invoices before it in this body bill it."]}
    return ValidationError({"invoices": [*({} for _ in range(place)), wrong]})


def _take_nameless(
    actor: Actor, left: dict[int, Decimal], rows: Sequence[RevenueTransaction], *, row: Row | None, on: date
) -> None:
    """Take from what is left what was billed without its name; what an invoice named before stays as it is."""
    named = _named_before(row)
    own = _amounts(row.lines) if row is not None and _stands(row) else {}
    wanted = [each for each in rows if each.id not in named and left.get(each.id, 0) > 0]
    unbilled: dict[int, Decimal] = {}
    codes = sorted({each.contract for each in wanted if each.kind in _OF_USAGE})
    if codes:
        besides = {row.contract: own.get(_USAGE, _NOTHING)} if row is not None else {}
        unbilled |= usage_left(actor=actor, contracts=codes, on=on, besides=besides)
    fixed = [each for each in wanted if each.kind not in _OF_USAGE]
    if fixed:
        codes = sorted({each.contract for each in fixed})
        unbilled |= fixed_left(actor=actor, contracts=codes, on=on, besides=_beside(row, own, fixed))
    left.update({each.id: min(left[each.id], unbilled.get(each.id, left[each.id])) for each in wanted})


def _named_before(row: Row | None) -> frozenset[int]:
    """What an invoice that is said again names, if it stands."""
    return frozenset(_named(row.further)) if row is not None and _stands(row) else frozenset()


def _stands(row: Row) -> bool:
    return row.voided_on is None and row.stage != "draft"


def _beside(
    row: Row | None, own: Mapping[_Source, Decimal], rows: Sequence[RevenueTransaction]
) -> dict[Source, Decimal]:
    """What an invoice itself bills of the sources of these rows; a line of nothing may have cleared any of its contract."""
    mine = {(each.source_kind, each.source) for each in rows if row is not None and each.contract == row.contract}
    contract = "" if row is None else row.contract
    return {(contract, *each): own.get(each, _NOTHING) + own.get(_USAGE, _NOTHING) for each in mine}


def _day(invoices: Sequence[Row]) -> date:
    """Today, or the last day on which one of these invoices is void."""
    return max([now_at().date(), *(each.voided_on for each in invoices if each.voided_on is not None)])


def _is_billed(bill: _Bill, left: Mapping[int, Decimal], *, but: Collection[int]) -> bool:
    """What lowers revenue is nothing that is left to bill, unless the invoice names no more than before."""
    found = [left[id] for id in bill.named if id in left]
    is_same = set(but).issuperset(bill.named)
    return bool(found) and not any(each > 0 or (is_same and each < 0) for each in found)


def _share(bill: _Bill, revenue: _Revenue, left: dict[int, Decimal]) -> None:
    """Take what an invoice bills from what is left of the revenue that it names: what lowers it first, then in order."""
    amounts = dict(bill.amounts)
    known = [id for id in bill.named if revenue.sources.get(id) in amounts]
    for id in sorted(known, key=lambda each: left[each] >= 0):
        source = revenue.sources[id]
        part = left[id] if left[id] < 0 else min(left[id], max(amounts[source], _NOTHING))
        left[id] -= part
        amounts[source] -= part


def _bill_of(paper: Paper, further: Mapping[str, object]) -> _Bill:
    return _Bill(
        code=paper.code,
        named=() if paper.stage == "draft" else _named(further),
        amounts=_amounts(paper.lines),
    )


def _invoices(actor: Actor, contract_ids: Collection[int]) -> Sequence[Row]:
    asked = PapersAsked(kind="invoice", contract_ids=sorted(contract_ids), limit=EVERYTHING.limit)
    return papers(actor=actor, asked=asked).rows


def _standing(invoices: Sequence[Row], *, but: Row | None) -> list[_Bill]:
    """Those that stand and name revenue."""
    others = [each for each in invoices if but is None or each.id != but.id]
    stand = [each for each in others if _stands(each)]
    bills = [_Bill(code=each.code, named=_named(each.further), amounts=_amounts(each.lines)) for each in stand]
    return [bill for bill in bills if bill.named]


def _named(further: Mapping[str, object]) -> tuple[int, ...]:
    said = further.get(NAMED_REVENUE)
    return tuple(dict.fromkeys(said)) if isinstance(said, list) else ()


def _amounts(lines: Sequence[Line] | Sequence[PaperLine]) -> dict[_Source, Decimal]:
    amounts: dict[_Source, Decimal] = defaultdict(Decimal)
    for line in lines:
        amounts[_source_of_line(line)] += line.amount
    return dict(amounts)


def _source_of_line(line: Line | PaperLine) -> _Source:
    told = {"prepaid_commit": line.prepaid_commit, "subscription": line.subscription, "milestone": line.milestone}
    return next(((kind, code) for kind, code in told.items() if code), _USAGE)


def _rows(actor: Actor, ids: Collection[int]) -> list[RevenueTransaction]:
    if not ids:
        return []
    asked = RevenueAsked(ids=sorted(ids), limit=EVERYTHING.limit)
    return list(revenue_transactions(actor=actor, on=now_at().date(), asked=asked).rows)


def _revenue(actor: Actor, rows: Sequence[RevenueTransaction]) -> _Revenue:
    ids = sorted({row.prepaid_commit_id for row in rows if row.prepaid_commit_id is not None})
    commits = prepaid_commits(actor=actor, asked=Asked(ids=ids, limit=len(ids))).rows if ids else ()
    codes = {commit.id: commit.code for commit in commits}
    return _Revenue(
        amounts={row.id: row.amount for row in rows if row.amount},
        sources={row.id: _source_of(row, codes) for row in rows if row.amount},
    )


def _source_of(row: RevenueTransaction, commits: Mapping[int, str]) -> _Source:
    """Overage, true-ups and usage are of the contract's usage; what a prepaid commit covered, or what was let go of it, is of it."""
    if row.subscription_id is not None or row.milestone_id is not None:
        return row.source_kind, row.source
    of_commit = row.kind in {"drawdown", "breakage", _LET_GO}
    commit = commits.get(row.prepaid_commit_id or 0) if of_commit else None
    return ("prepaid_commit", commit) if commit else _USAGE
