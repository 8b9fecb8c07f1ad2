"""Playing a case: entries in order, a run at each close, a draft of what stays open.

Owns the order of the play and what is posted. The calculation is `ratable.pipeline`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from ratable import tables
from ratable.backends import Sheet, connect
from ratable.cases import records
from ratable.cases.answers import Answers
from ratable.cases.known import Known, first_month
from ratable.cases.refusals import check_terms
from ratable.cases.withdrawals import without
from ratable.drawdown import Booked, Pools
from ratable.drawdown.breakage import BREAKAGE
from ratable.periods import month_of, next_month
from ratable.pipeline import Inputs, Outcome, run_period
from ratable.terms_tables import TermsTables, month_rows, terms_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What the closes so far have posted; each close makes a new one, so that a reopen finds the old."""

    open_on: date
    draws: pa.Table
    demands: pa.Table
    breakage: pa.Table
    revenue: pa.Table
    applied: pa.Table
    before: Posted | None = None


def play(case: records.Case, sheet: Sheet | None = None) -> Answers:
    """Play a case on a sheet (DuckDB by default) and give its tables.

    Raises:
        MalformedCaseError: a usage file cannot be read.
        InvariantError: a law of the calculation is broken; always a bug.
    """
    return _Player(case, sheet or _own_sheet()).play()


@lru_cache(maxsize=1)
def _own_sheet() -> Sheet:
    return connect()


class _Player:
    def __init__(self, case: records.Case, sheet: Sheet) -> None:
        refusals = check_terms(case.terms)
        terms = without(case.terms, refusals)
        self.case = replace(case, terms=terms)
        self.sheet = sheet
        start = first_month(terms)
        self.first_on = start
        self.known = Known(terms=terms, open_on=start)
        self.known.refused.extend({"id": refusal.id, "code": refusal.code} for refusal in refusals)
        self.posted = Posted(
            open_on=start,
            draws=tables.DRAWS.to_pyarrow().empty_table(),
            demands=tables.POSTED_DEMANDS.to_pyarrow().empty_table(),
            breakage=BREAKAGE.to_pyarrow().empty_table(),
            revenue=tables.REVENUE.to_pyarrow().empty_table(),
            applied=tables.MOVES.to_pyarrow().empty_table(),
        )

    def play(self) -> Answers:
        for entry in self.case.entries:
            code = self._take(entry)
            if code:
                name = getattr(entry.act, "id", None) or str(entry.number)
                self.known.refused.append({"id": name, "code": code})
        before_on = max(next_month(self._horizon()), self.posted.open_on)
        outcome, inputs = self._run(before_on)
        return Answers(self.case, self.sheet, self.known, outcome, inputs, self.posted.open_on)

    def _take(self, entry: records.Entry) -> str | None:
        if isinstance(entry.act, records.Close):
            return self._close(entry.act.period)
        if isinstance(entry.act, records.Reopen):
            return self._reopen(entry.act.period)
        return self.known.learn(entry)

    def _close(self, period: date) -> str | None:
        first_close = self.posted.before is None
        if period < self.posted.open_on or (period > self.posted.open_on and not first_close):
            return "periods_must_close_in_order"
        before_on = next_month(period)
        outcome, _ = self._run(before_on)
        fetch = self.sheet.fetch
        self.posted = Posted(
            open_on=before_on,
            draws=fetch(outcome.drawdowns.draws),
            demands=fetch(outcome.drawdowns.demands),
            breakage=pa.concat_tables([self.posted.breakage, fetch(outcome.drawdowns.breakage)]),
            revenue=fetch(outcome.revenue),
            applied=pa.concat_tables([self.posted.applied, fetch(outcome.journal.applied)]),
            before=self.posted,
        )
        self.known.open_on = before_on
        return None

    def _reopen(self, period: date) -> str | None:
        if self.posted.before is None or next_month(period) != self.posted.open_on:
            return "only_the_last_closed_period_reopens"
        earlier = self.posted.before
        # A first close may have closed several months; only its last one is named by a reopen.
        self.posted = earlier
        self.known.open_on = earlier.open_on
        return None

    def _run(self, before_on: date) -> tuple[Outcome, Inputs]:
        inputs = self._inputs(before_on)
        terms = self.case.terms
        return run_period(self.sheet, inputs, policy=terms.policy, zone=terms.entity.timezone), inputs

    def _inputs(self, before_on: date) -> Inputs:
        known, posted, sheet = self.known, self.posted, self.sheet
        rows = terms_tables(self.case.terms, known.amendments())
        stored = {
            name: sheet.bind_rows(name, getattr(rows, name), schema) for name, schema in TermsTables.schemas().items()
        }
        pools = Pools(*(stored.pop(name) for name in Pools._fields))
        due = [row for row in known.documents if row["booked_on"] < before_on]
        applied = posted.applied
        documents = pa.concat_tables([pa.Table.from_pylist(due, schema=tables.MOVES.to_pyarrow()), applied])
        waiting = [row for row in known.waiting if posted.open_on <= row["booked_on"] < before_on]
        adjustments = [row for row in known.adjustments if posted.open_on <= row["booked_on"] < before_on]
        first_on = min(self.first_on, month_of(posted.open_on))
        return Inputs(
            months=sheet.bind_rows("months", month_rows(first_on, before_on, posted.open_on), tables.MONTHS),
            **stored,
            pools=pools,
            usage=sheet.bind_rows("usage", known.usage, tables.USAGE),
            voids=sheet.bind_rows("voids", known.voids, tables.VOIDS),
            adjustments=sheet.bind_rows("adjustments", adjustments, tables.ADJUSTMENTS),
            documents=sheet.bind("documents", documents, tables.MOVES),
            waiting=sheet.bind_rows("waiting", waiting, tables.TURNS),
            posted_drawdown=Booked(
                sheet.bind("posted_draws", posted.draws, tables.DRAWS),
                sheet.bind("posted_demands", posted.demands, tables.POSTED_DEMANDS),
                sheet.bind("posted_breakage", posted.breakage, BREAKAGE),
            ),
            posted_revenue=sheet.bind("posted_revenue", posted.revenue, tables.REVENUE),
        )

    def _horizon(self) -> date:
        days = [self.first_on]
        for entry in self.case.entries:
            days.append(entry.on)
            days.extend(_days_of(entry.act))
        for row in self.known.usage:
            days.extend(value for value in (row["used_on"], row["used_at"]) if isinstance(value, date))
        for question in self.case.questions:
            texts = dict(question.keys)
            days.extend(
                day for name in ("period", "service_period", "booked", "at", "on") for day in _days(texts.get(name))
            )
        return max(month_of(day.date() if isinstance(day, datetime) else day) for day in days)


def _days_of(act: records.Act) -> list[date]:
    return [day for name in ("period", "on") if isinstance(day := getattr(act, name, None), date)]


def _days(text: str | None) -> list[date]:
    if text is None:
        return []
    return [date.fromisoformat(text if len(text) > len("2026-03") else f"{text}-01")]


def rows_booked_before(table: pa.Table, before_on: date) -> pa.Table:
    """The rows of a table that are booked before a month."""
    return table.filter(pc.less(table["booked_on"], pa.scalar(before_on, pa.date32())))
