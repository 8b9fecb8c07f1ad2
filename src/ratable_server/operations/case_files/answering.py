"""What the books say after a case: posted months, and a draft of the months that stayed open.

Owns the proof that the two ways to the same figures agree: what the closes have posted together with what a run would
add now, and the whole history computed over it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from ratable.cases.answers import Answers
from ratable.cases.horizon import horizon_of
from ratable.cases.known import Known
from ratable.cases.posted import Posted
from ratable.cases.records import Case, PrepaidUsage, Usage, UsageFile
from ratable.errors import InvariantError
from ratable.periods import month_of, next_month
from ratable_server.actor import Actor
from ratable_server.operations.calculation import Calculated, Results, calculate, new_results
from ratable_server.operations.case_files.playing import Played
from ratable_server.store.load.counted import counted
from ratable_server.store.load.learned import Learned, load_learned
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.posted_rows import in_money, load_journal_lines, load_results
from ratable_server.store.scope import books_of


def answer_case(*, actor: Actor, played: Played) -> Answers:
    """The tables that the questions of a played case ask for.

    Raises:
        InvariantError: what is posted, with what a run would add, is not what the whole history comes to.
    """
    case = played.case
    with books_of(actor, as_snapshot=True):
        learned = load_learned(actor)
        known = _known(case, learned, first_open_month(actor))
        before_on = _before(case, known)
        added = new_results(actor, learned, before_on=before_on)
        found = calculate(actor, contracts=[contract.id for contract in case.terms.contracts], before_on=before_on)
        _compare(actor, added, found)
    known.usage = []  # receipts tell what became of it
    known.rejected, known.refused = played.rejected, played.refused
    posted = _posted(found, known.open_on)
    return Answers(case, found.sheet, known=known, outcome=found.outcome, inputs=found.inputs, posted=posted)


def _known(case: Case, learned: Learned, open_on: date | None) -> Known:
    """What a case player would know: usage for the months that it names, amendments as the books hold them."""
    first_on = min([learned.first_month(), *(month_of(entry.on) for entry in case.entries)])
    known = Known.at_start(case.terms, first_on)
    for entry in case.entries:
        if isinstance(entry.act, Usage | UsageFile | PrepaidUsage):
            known.learn(entry)
    known.amendments = learned.amendments
    known.open_on = open_on or first_on
    return known


def _before(case: Case, known: Known) -> date:
    first_on = min([known.open_on, *(month_of(entry.on) for entry in case.entries)])
    return max(next_month(horizon_of(case, known.dated_usage(), first_on=first_on)), known.open_on)


def _posted(found: Calculated, open_on: date) -> Posted:
    return Posted(
        open_on=open_on,
        draws=found.sheet.fetch(found.inputs.posted_drawdown.draws),
        demands=found.sheet.fetch(found.inputs.posted_drawdown.demands),
        breakage=found.sheet.fetch(found.inputs.posted_drawdown.breakage),
        revenue=found.sheet.fetch(found.inputs.posted_revenue),
        applied=found.sheet.fetch(found.outcome.journal.applied),
        steps=found.sheet.fetch(found.outcome.drawdowns.steps).slice(0, 0),
    )


def _compare(actor: Actor, added: Results, found: Calculated) -> None:
    counts = counted(actor)
    posted = {name: load_results(actor, name, counts) for name in ("draws", "revenue", "breakage")}
    posted["journal"] = load_journal_lines(actor, counts)
    outcome, sheet = found.outcome, found.sheet
    whole = {
        "journal": sheet.fetch(outcome.journal.journal),
        "revenue": sheet.fetch(outcome.revenue),
        "draws": sheet.fetch(outcome.drawdowns.draws),
        "breakage": pa.concat_tables(
            [sheet.fetch(found.inputs.posted_drawdown.breakage), sheet.fetch(outcome.drawdowns.breakage)]
        ),
    }
    new = added._replace(draws=in_money(added.draws))
    for name, rows in whole.items():
        _refuse_difference(name, [posted[name], getattr(new, name)], rows)


def _refuse_difference(name: str, parts: Iterable[pa.Table], whole: pa.Table) -> None:
    books = pa.concat_tables([part.select(whole.column_names).cast(whole.schema) for part in parts])
    if _sorted(books) != _sorted(whole):
        raise InvariantError(f"{name}: {_first_difference(_sorted(books), _sorted(whole))}")


def _sorted(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)


def _first_difference(books: list[tuple[object, ...]], whole: list[tuple[object, ...]]) -> str:
    only_books = [row for row in books if row not in whole]
    only_whole = [row for row in whole if row not in books]
    return f"the books have {only_books[:3]}, the whole has {only_whole[:3]}"
