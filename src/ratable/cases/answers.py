"""The tables of a played case, in the words and major units of the case format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from ratable import reports, tables, usage
from ratable.backends import Sheet, Stored
from ratable.cases.known import Known
from ratable.cases.posted import Posted
from ratable.cases.questions import TABLES
from ratable.cases.records import Case
from ratable.cases.unit_answers import told_unit_balances, told_units, unit_forfeits, unit_stages
from ratable.cases.usage_outcome import usage_outcome
from ratable.money import SCALE, to_major
from ratable.periods import FAR
from ratable.pipeline import Inputs, Outcome
from ratable.reports.rollovers import forfeits_by_month, with_worth_of_units
from ratable.terms_tables import Amendments, terms_tables

Row = dict[str, object]
_DAY = ibis.schema({"at": "date"})


class Answers:
    """What the books say after the last entry; every table is fetched once, when it is asked for."""

    def __init__(
        self, case: Case, sheet: Sheet, *, known: Known, outcome: Outcome, inputs: Inputs, posted: Posted
    ) -> None:
        self.case = case
        self.open_on = posted.open_on
        self._sheet = sheet
        self._currency = {contract.id: contract.currency for contract in case.terms.contracts}
        self._starts_on = {
            commit.id: commit.starts_on for contract in case.terms.contracts for commit in contract.prepaid_commits
        }
        self._released_on = dict(known.amendments.released_on)
        self._tables = _stage_tables(sheet, outcome, inputs, known=known, posted=posted)
        self._asked: dict[tuple[str, date | None], list[Row]] = {}

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        """The rows of a table that a case may ask about; pictures of a day need `at`."""
        key = (table, at)
        if key not in self._asked:
            tell: Callable[..., list[Row]] = getattr(self, f"_{table}")
            self._asked[key] = tell(at) if TABLES[table].at else tell()
        return self._asked[key]

    def stage_tables(self) -> dict[str, pa.Table]:
        """One table per stage, in the order of the flow, as the engine made it."""
        return dict(self._tables)

    def report(self, function: Callable[..., object], *names: str, **variant: object) -> list[Row]:
        """Run a report over stage tables and give its rows."""
        inputs = [self._bound(name) for name in names]
        return self._sheet.fetch(self._sheet.run(function, *inputs, **variant)).to_pylist()  # type: ignore[arg-type]

    def _bound(self, name: str) -> Stored:
        table = self._tables[name]
        return self._sheet.bind(f"answer_{name}", table, ibis.Schema.from_pyarrow(table.schema))

    def _day(self, at: date | None) -> Stored:
        return self._sheet.bind("answer_day", pa.table({"at": pa.array([at], pa.date32())}), _DAY)

    def _major(self, contract_id: object, amount_minor: object) -> Decimal:
        return to_major(int(str(amount_minor)), self._currency[str(contract_id)])

    # Tables --------------------------------------------------------------------------------------

    def _rated(self) -> list[Row]:
        return [
            {
                "contract": row["contract_id"],
                "item": row["item_id"],
                "product": row["product_id"] or None,
                "period": row["month_on"],
                "tier": row["tier"],
                "currency": self._currency[row["contract_id"]],
                "quantity": _units(row["quantity_e12"]),
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self._tables["rated"].to_pylist()
            if not row["item_id"].startswith("!")
        ]

    def _consumption(self) -> list[Row]:
        months: dict[tuple[str, str, date], Row] = {}
        of_units = {row["commit_id"] for row in self._tables.get("unit_commits", _NONE).to_pylist()}
        for row in self._tables["drawdown"].to_pylist():
            if not row["commit_id"] or row["adjusted_on"] != date(1, 1, 1):
                continue
            key = (row["contract_id"], row["commit_id"], row["service_on"])
            sums = months.setdefault(key, {"gross": 0, "net": 0, "overage": 0, "covered": 0, "waived": 0})
            earned = row["commit_id"] in of_units and row["kind"] == "drawdown"  # it has no list value but that
            gross = row["net_minor" if earned else "gross_minor"]
            sums["gross"] += gross
            if row["kind"] == "overage":
                sums["overage"] += gross
            else:
                sums["covered"] += gross
                sums["net"] += row["net_minor"]
        return [self._consumed(key, sums) for key, sums in months.items()]

    def _consumed(self, key: tuple[str, str, date], sums: Row) -> Row:
        contract_id, commit_id, period = key
        before = self._balance_before(commit_id, period)
        figures = {
            "gross": sums["gross"],
            "discount": sums["covered"] - sums["net"],  # type: ignore[operator]
            "net": sums["net"],
            "overage": sums["overage"],
            "balance_before": before,
            "balance_after": before - sums["net"],  # type: ignore[operator]
        }
        return {
            "prepaid_commit": commit_id,
            "contract": contract_id,
            "period": period,
            "currency": self._currency[contract_id],
            **{name: self._major(contract_id, amount) for name, amount in figures.items()},
        }

    def _balance_before(self, commit_id: str, period: date) -> int:
        """What the commit had when the month's own consumption began, after what was booked before it."""
        commit = next(row for row in self._tables["prepaid_commits"].to_pylist() if row["commit_id"] == commit_id)
        if commit["ends_before"] <= period:
            return 0
        grants = self._tables["grants"].to_pylist()
        added = sum(
            row["amount_minor"] for row in grants if row["commit_id"] == commit_id and row["month_on"] <= period
        )
        drawn = sum(
            row["net_minor"]
            for row in self._tables["drawdown"].to_pylist()
            if row["commit_id"] == commit_id
            and row["kind"] == "drawdown"
            and (row["booked_on"] < period or (row["booked_on"] == period and row["service_on"] < period))
        )
        lapsed = sum(
            row["amount_minor"]
            for row in self._tables["forfeits"].to_pylist()
            if row["commit_id"] == commit_id and row["known_on"] == period and row["rolls_on"] <= period
        )
        return int(commit["granted_minor"] + added - drawn - lapsed)

    def _units(self) -> list[Row]:
        return list(told_units(self._tables, self._currency))

    def _unit_balances(self, at: date | None) -> list[Row]:
        if "unit_commits" not in self._tables:
            return []
        pools = self._agreed_until_over("unit_commits", at)
        return list(told_unit_balances(self._tables, self._currency, pools=pools, at=at or FAR))

    def _allocated(self) -> list[Row]:
        return [
            {
                "contract": row["contract_id"],
                "item": row["item_id"],
                "product": row["product_id"] or None,
                "period": row["service_on"],
                "currency": self._currency[row["contract_id"]],
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self._tables["allocated"].to_pylist()
            if not row["item_id"].startswith("!")
        ]

    def _revenue(self) -> list[Row]:
        return [
            {
                "contract": row["contract_id"],
                "product": row["product_id"] or None,
                "item": row["item_id"] or None,
                "prepaid_commit": row["commit_id"] or None,
                "type": row["kind"],
                "period": row["booked_on"],
                "service_period": row["service_on"],
                "currency": row["currency"],
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self.report(reports.revenue, "journal")
        ]

    def _journal(self) -> list[Row]:
        return [
            {
                "contract": row["contract_id"],
                "account": row["account"],
                "period": row["booked_on"],
                "service_period": row["service_on"],
                "on": row["on"],
                "type": row["kind"],
                "prepaid_commit": row["commit_id"] or None,
                "entry": row["entry_id"],
                "currency": row["currency"],
                "debit": self._major(row["contract_id"], row["debit_minor"]),
                "credit": self._major(row["contract_id"], row["credit_minor"]),
            }
            for row in self._tables["journal"].to_pylist()
        ]

    def _balances(self, at: date | None) -> list[Row]:
        stored = self._sheet.run(reports.balances, self._bound("journal"), self._day(at))
        return [
            {
                "at": at,
                "account": row["account"],
                "contract": row["contract_id"],
                "prepaid_commit": row["commit_id"] or None,
                "currency": row["currency"],
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self._sheet.fetch(stored).to_pylist()
        ]

    def _burnt(self, at: date | None) -> Stored:
        commits = self._sheet.bind_rows("commits_on_day", self._agreed_until_over("commits", at), tables.COMMITS)
        names = ("grants", "revenue", "forfeits")
        return self._sheet.run(reports.burn_down, commits, *(self._bound(name) for name in names), self._day(at))

    def _agreed_until_over(self, name: str, at: date | None) -> list[Row]:
        """Commits as they were signed, but those of contracts that the books had ended by the end of the day."""
        over, known = self._over(at), {"commits": "prepaid_commits"}.get(name, name)
        agreed: list[Row] = getattr(terms_tables(self.case.terms, Amendments()), name)
        rows = [row for row in agreed if row["contract_id"] not in over]
        return rows + [row for row in self._tables[known].to_pylist() if row["contract_id"] in over]

    def _over(self, at: date | None) -> set[str]:
        """The contracts that the books have ended by the end of the day."""
        return {id for id, on in self._released_on.items() if at is None or on <= at}

    def _prepaid_commits(self, at: date | None) -> list[Row]:
        return [
            {
                "prepaid_commit": row["commit_id"],
                "contract": row["contract_id"],
                "at": at,
                "currency": self._currency[row["contract_id"]],
                "remaining": self._major(row["contract_id"], row["remaining_minor"]),
                "status": row["status"],
            }
            for row in self._sheet.fetch(self._burnt(at)).to_pylist()
            if at is None or self._starts_on[row["commit_id"]] <= at
        ]

    def _rpo(self, at: date | None) -> list[Row]:
        stored = self._sheet.run(
            reports.remaining_obligations,
            self._burnt(at),
            *self._obligations(at),
            self._day(at),
            rounding=self.case.terms.policy.rounding,
        )
        return [
            {
                "at": at,
                "contract": row["contract_id"],
                "band": row["band"],
                "currency": self._currency[row["contract_id"]],
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self._sheet.fetch(stored).to_pylist()
        ]

    def _obligations(self, at: date | None) -> tuple[Stored, Stored]:
        """Schedules as they were agreed, and revenue, of the contracts that are not terminated at the end of the day."""
        over = self._over(at)
        rows = [row for row in terms_tables(self.case.terms, Amendments()).schedules if row["contract_id"] not in over]
        revenue = self._tables["revenue"]
        is_over = pc.is_in(revenue["contract_id"], value_set=pa.array(sorted(over), pa.string()))
        return (
            self._sheet.bind_rows("agreed_schedules", rows, tables.SCHEDULES),
            self._sheet.bind("living_revenue", revenue.filter(pc.invert(is_over)), tables.REVENUE),
        )

    def _rollforward(self) -> list[Row]:
        return [
            {
                "account": row["account"],
                "contract": row["contract_id"],
                "period": row["period"],
                "currency": row["currency"],
                **{
                    name: self._major(row["contract_id"], row[f"{name}_minor"])
                    for name in ("opening", "billed", "recognized", "breakage", "other", "closing")
                },
            }
            for row in self.report(reports.rollforward, "journal", "months")
        ]

    def _waterfall(self) -> list[Row]:
        return [
            {
                "booked": row["booked"],
                "period": row["period"],
                "currency": row["currency"],
                "contract": row["contract_id"],
                "amount": self._major(row["contract_id"], row["amount_minor"]),
            }
            for row in self.report(reports.waterfall, "journal")
        ]

    def _rejected(self) -> list[Row]:
        return [{"id": row["usage_id"], "code": row["code"]} for row in self._tables["rejected"].to_pylist()]

    def _refused(self) -> list[Row]:
        return self._tables["refused"].to_pylist()


_NONE = pa.table({"commit_id": pa.array([], pa.string())})


def _units(quantity_e12: Decimal) -> Decimal:
    return Decimal(quantity_e12) / SCALE


def _forfeits(sheet: Sheet, outcome: Outcome, inputs: Inputs) -> Stored:
    """In money: what capped rollovers took of pools of money, and the price of what they took of pools of units."""
    drawn, pools = outcome.drawdowns, inputs.pools
    of_money = forfeits_by_month(
        sheet,
        pools.rollovers,
        commits=pools.commits,
        grants=drawn.grants,
        draws=drawn.draws,
        months=inputs.months,
    )
    of_units = unit_forfeits(sheet, outcome, inputs)
    return of_money if of_units is None else with_worth_of_units(sheet, of_money, of_units, inputs.unit_pools)


def _stage_tables(
    sheet: Sheet, outcome: Outcome, inputs: Inputs, *, known: Known, posted: Posted
) -> dict[str, pa.Table]:
    """Everything that the flow made, in its order; fetched at once, because the next run writes anew."""
    stored = {
        "months": inputs.months,
        "prepaid_commits": inputs.pools.commits,
        "grants": outcome.drawdowns.grants,
        "forfeits": _forfeits(sheet, outcome, inputs),
        "schedules": inputs.schedules,
        "metered": outcome.metered.by_month,
        "rejected": sheet.run(usage.rejections, outcome.metered.examined),
        "rated": outcome.rated.lines,
        "drawdown": outcome.drawdowns.draws,
        "breakage": outcome.drawdowns.breakage,
        "balance_history": outcome.drawdowns.steps,
        "allocated": outcome.allocated,
        "revenue": outcome.revenue,
        "journal": outcome.journal.journal,
    }
    stored |= unit_stages(sheet, outcome, inputs)
    found = {name: sheet.fetch(table) for name, table in stored.items()}
    of_acts = pa.Table.from_pylist(known.rejected, schema=found["rejected"].schema)
    found["rejected"] = pa.concat_tables([found["rejected"], of_acts])
    found["breakage"] = pa.concat_tables([posted.breakage, found["breakage"]])
    found["balance_history"] = pa.concat_tables([posted.steps, found["balance_history"]])
    outcomes = usage_outcome(known.usage, sheet.fetch(outcome.metered.examined))
    refused = pa.schema([("id", pa.string()), ("code", pa.string())])
    return {"usage_outcome": outcomes, **found, "refused": pa.Table.from_pylist(known.refused, schema=refused)}
