"""Playing a case: entries in order, a run at each close, a draft of what stays open.

Owns the order of the play and what is posted. The calculation is `ratable.pipeline`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa

from ratable import checks, reports, tables
from ratable.backends import Sheet, connect
from ratable.cases import records
from ratable.cases.answers import Answers
from ratable.cases.horizon import horizon_of
from ratable.cases.known import Known, first_month
from ratable.cases.posted import Posted
from ratable.cases.withdrawals import without
from ratable.drawdown import Booked, Pools
from ratable.drawdown.breakage import BREAKAGE
from ratable.facts import rules
from ratable.facts.amendments import commit_of
from ratable.ledger.entries import TERMINATION
from ratable.money import to_major
from ratable.periods import FAR, month_of, next_month
from ratable.pipeline import Inputs, Outcome, run_period
from ratable.terms_rules import check_terms
from ratable.terms_tables import Row, TermsTables, addressed_stream, month_rows, terms_tables
from ratable.usage import Metered, meter


def play(case: records.Case, sheet: Sheet | None = None) -> Answers:
    """Play a case on a sheet (DuckDB by default) and give its tables.

    Raises:
        MalformedCaseError: a usage file cannot be read.
        InvariantError: a law of the calculation is broken; always a bug.
    """
    return _Player(case, sheet or own_sheet()).play()


@lru_cache(maxsize=1)
def own_sheet() -> Sheet:
    """The sheet of this process on which cases are played that bring none; it stays warm."""
    return connect(is_small=True)


class _Player:
    def __init__(self, case: records.Case, sheet: Sheet) -> None:
        refusals = check_terms(case.terms)
        terms = without(case.terms, refusals)
        self.case = replace(case, terms=terms)
        self.sheet = sheet
        self.service_from = first_month(terms) if terms.contracts else FAR
        start = min([first_month(terms), *(month_of(entry.on) for entry in case.entries)])
        self.first_on = start
        self.known = Known.at_start(terms, start)
        self.known.refused.extend({"id": refusal.id, "code": refusal.code} for refusal in refusals)
        self.posted = Posted.nothing(start)

    def play(self) -> Answers:
        for entry in self.case.entries:
            code = self._take(entry)
            if code:
                name = getattr(entry.act, "id", None) or str(entry.number)
                self.known.refused.append({"id": name, "code": code})
        before_on = max(
            next_month(horizon_of(self.case, self.known.dated_usage(), first_on=self.first_on)), self.posted.open_on
        )
        outcome, inputs = self._run(before_on, self.known)
        self._check_reports(outcome, inputs)
        return Answers(self.case, self.sheet, known=self.known, outcome=outcome, inputs=inputs, posted=self.posted)

    def _check_reports(self, outcome: Outcome, inputs: Inputs) -> None:
        journal = outcome.journal.journal
        waterfall = self.sheet.run(reports.waterfall, journal)
        rollforward = self.sheet.run(reports.rollforward, journal, inputs.months)
        checks.hold(self.sheet, laws=(self.sheet.run(checks.report_laws, journal, waterfall, rollforward),))

    def _take(self, entry: records.Entry) -> str | None:
        if isinstance(entry.act, records.Close):
            return self._close(entry.act.period)
        if isinstance(entry.act, records.Reopen):
            return self._reopen(entry.act.period)
        if isinstance(entry.act, records.VoidUsage):
            return self._void(entry, entry.act)
        code = self.known.refuses(entry) or self._refused_by_the_books(entry)
        if code is None:
            self.known.learn(entry)
        return code

    # Rules that only a calculation can judge ----------------------------------------------------

    def _refused_by_the_books(self, entry: records.Entry) -> str | None:
        """Of an act that the terms do not refuse."""
        act = entry.act
        if isinstance(act, records.Adjustment) and act.amount < 0:
            return self._refuses_adjustment(act)
        if isinstance(act, records.CreditMemo) and act.against == "liability" and act.prepaid_commit:
            return self._refuses_credit(entry, act.prepaid_commit, act.amount)
        if isinstance(act, records.Terminate) and act.refund > 0:
            return self._refuses_refund(act, entry)
        return None

    def _void(self, entry: records.Entry, act: records.VoidUsage) -> str | None:
        """Only what is accepted and stands can be voided."""
        of_id = [row for row in self.known.usage if row["usage_id"] == act.id]
        if not of_id or act.id in {row["usage_id"] for row in self.known.voids}:
            return "usage_must_be_known"
        policy = self.case.terms.policy
        metered = self._meter(of_id, [{"usage_id": act.id}])
        months = [
            row["month_on"] for row in self.sheet.fetch(metered.examined).to_pylist() if row["status"] == "voided"
        ]
        if not months:
            return "usage_must_be_known"
        if policy.late_usage == "reject" and months[0] < self.posted.open_on:
            self.known.reject_void(act, entry.number)
        else:
            self.known.learn(entry)
        return None

    def _refuses_adjustment(self, act: records.Adjustment) -> str | None:
        """What is addressed to the commit in that month, as adjusted so far, cannot fall below nothing."""
        stream_id = addressed_stream(act.prepaid_commit)
        rows = [row for row in self.known.usage if row["item_id"] == stream_id]
        metered = self._meter(rows, self.known.voids)
        used = sum(
            row["amount_e12"]
            for row in self.sheet.fetch(metered.by_month).to_pylist()
            if (row["item_id"], row["month_on"]) == (stream_id, act.period)
        )
        adjusted_minor = sum(
            int(str(row["amount_minor"]))
            for row in self.known.adjustments
            if (row["commit_id"], row["service_on"]) == (act.prepaid_commit, act.period)
        )
        currency = self.known.contracts[self.known.contract_of[act.prepaid_commit]].currency
        return rules.refuses_adjusted_usage(Decimal(used).scaleb(-12) + to_major(adjusted_minor, currency), act.amount)

    def _meter(self, usage: list[Row], voids: list[Row]) -> Metered:
        """The meter's judgement of some records."""
        terms = self.case.terms
        agreed = terms_tables(terms, self.known.amendments)
        options = self.sheet.bind_rows("rating_options", agreed.rating_options, tables.RATING_OPTIONS)
        return meter(
            self.sheet,
            self.sheet.bind_rows("usage", usage, tables.USAGE),
            self.sheet.bind_rows("voids", voids, tables.VOIDS),
            self.sheet.bind_rows("items", agreed.items, tables.ITEMS),
            options if agreed.rating_options else None,
            zone=terms.entity.timezone,
            late_usage=terms.policy.late_usage,
        )

    def _refuses_credit(self, entry: records.Entry, commit_id: str, amount: Decimal) -> str | None:
        contract = self.known.contracts[self.known.contract_of[commit_id]]
        booking = self.known.booking(entry)
        outcome, _ = self._run(next_month(booking.booked_on), self.known)
        balances = self.sheet.fetch(outcome.drawdowns.balances).to_pylist()
        left_minor = next(row["balance_minor"] for row in balances if row["commit_id"] == commit_id)
        return rules.refuses_credit_of_commit(
            contract,
            commit_of(contract, commit_id),
            amount,
            left=to_major(left_minor, contract.currency),
            booking=booking,
            terminated_on=self.known.amendments.terminated_on.get(contract.id),
        )

    def _refuses_refund(self, act: records.Terminate, entry: records.Entry) -> str | None:
        trial = self.known.branch()
        trial.learn(replace(entry, act=replace(act, refund=Decimal(0))))
        outcome, _ = self._run(next_month(self.known.booking(entry).booked_on), trial)
        released_minor = -sum(
            row["debit_minor"]
            for row in self.sheet.fetch(outcome.journal.applied).to_pylist()
            if row["contract_id"] == act.contract and row["place"] == TERMINATION
        )
        return rules.refuses_refund(act.refund, to_major(released_minor, self.known.contracts[act.contract].currency))

    def _close(self, period: date) -> str | None:
        first_close = self.posted.before is None
        in_order = period <= self.service_from if first_close else period == self.posted.open_on
        if not in_order:
            return "periods_must_close_in_order"
        before_on = next_month(period)
        outcome, _ = self._run(before_on, self.known)
        self.posted = self.posted.then(outcome, self.sheet.fetch, open_on=before_on)
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

    def _run(self, before_on: date, known: Known) -> tuple[Outcome, Inputs]:
        inputs = self._inputs(before_on, known)
        terms = self.case.terms
        return run_period(self.sheet, inputs, policy=terms.policy, zone=terms.entity.timezone), inputs

    def _inputs(self, before_on: date, known: Known) -> Inputs:
        posted, sheet = self.posted, self.sheet
        rows = terms_tables(self.case.terms, known.amendments)
        stored = {
            name: sheet.bind_rows(name, getattr(rows, name), schema) for name, schema in TermsTables.schemas().items()
        }
        pools = Pools(*(stored.pop(name) for name in Pools._fields))
        due = [row for row in known.documents if _booked_on(row) < before_on]
        applied = posted.applied
        documents = pa.concat_tables([pa.Table.from_pylist(due, schema=tables.MOVES.to_pyarrow()), applied])
        waiting = [row for row in known.waiting if posted.open_on <= _booked_on(row) < before_on]
        adjustments = [row for row in known.adjustments if posted.open_on <= _booked_on(row) < before_on]
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


def _booked_on(row: Row) -> date:
    booked_on = row["booked_on"]
    if not isinstance(booked_on, date):
        raise TypeError(booked_on)
    return booked_on
