"""The tables of the books: what the calculation and the journal say, as rows of keys and figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.engine.oracle.agreed import Agreed
from tests.engine.oracle.diary import Diary
from tests.engine.oracle.ledger import DEBIT_ACCOUNTS, JournalLine, Ledger
from tests.engine.oracle.recognition import Recognition
from tests.engine.oracle.units import (
    add_months,
    as_decimal,
    day_before,
    in_major,
    last_day,
    month_of,
    months,
)

Row = dict[str, object]
RECOGNIZED = ("usage", "drawdown", "overage", "minimum", "subscription", "milestone")
REPORTED_ACCOUNTS = ("accounts_receivable", "contract_liability", "unbilled_revenue")


@dataclass
class OracleBooks:
    """The answers of the oracle to one case."""

    agreed: Agreed
    diary: Diary
    horizon: date
    recognitions: dict[str, Recognition]
    ledgers: dict[str, Ledger]

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        """All rows of a table; `at` matters to balances, prepaid_commits and rpo (the horizon's end by default)."""
        day = at or last_day(self.horizon)
        tables: dict[str, Callable[[], Iterable[Row]]] = {
            "rated": self.rated,
            "consumption": self.consumption,
            "allocated": self.allocated,
            "revenue": self.revenue,
            "journal": self.journal,
            "balances": lambda: self.balances(day),
            "prepaid_commits": lambda: self.prepaid_commits(day),
            "units": self.units,
            "unit_balances": lambda: self.unit_balances(day),
            "rollforward": self.rollforward,
            "waterfall": self.waterfall,
            "rpo": lambda: self.rpo(day),
            "rejected": lambda: [{"id": id, "code": code} for id, code in self.diary.all_rejected()],
            "refused": lambda: [{"id": id, "code": code} for id, code in self.diary.refused],
        }
        return list(tables[table]())

    def each(self) -> Iterator[tuple[str, str, Recognition, Ledger]]:
        for contract in self.agreed.terms.contracts:
            yield contract.id, contract.currency, self.recognitions[contract.id], self.ledgers[contract.id]

    # ── usage ─────────────────────────────────────────────────────────────────────────────────

    def rated(self) -> Iterator[Row]:
        for contract, currency, recognition, _ in self.each():
            for (item, period), rated in sorted(recognition.rated.items()):
                product = self.agreed.items[item][1].product_id
                for line, amount in zip(rated.lines, rated.amounts, strict=True):
                    yield {
                        "contract": contract,
                        "item": item,
                        "product": product,
                        "period": period,
                        "tier": line.tier,
                        "currency": currency,
                        "quantity": as_decimal(line.quantity),
                        "amount": in_major(amount, currency),
                    }

    def consumption(self) -> Iterator[Row]:
        for contract, currency, recognition, _ in self.each():
            for period, state in recognition.months.items():
                for commit, figures in sorted(state.regular.items()):
                    if any(figures.values()):
                        opening = state.opening[commit]
                        amounts = {**figures, "balance_before": opening, "balance_after": opening - figures["net"]}
                        yield {
                            "prepaid_commit": commit,
                            "contract": contract,
                            "period": period,
                            "currency": currency,
                            **{name: in_major(amount, currency) for name, amount in amounts.items()},
                        }

    def allocated(self) -> Iterator[Row]:
        for contract, currency, recognition, _ in self.each():
            sums: dict[tuple[str, date, str], int] = defaultdict(int)
            for period, state in recognition.months.items():
                for (((kind, id), _, _), product), amount in state.lines.items():
                    if kind == "item":
                        sums[id, period, product or ""] += amount
            for (item, period, product), amount in sorted(sums.items()):
                yield {
                    "contract": contract,
                    "item": item,
                    "product": product,
                    "period": period,
                    "currency": currency,
                    "amount": in_major(amount, currency),
                }

    # ── revenue and journal ───────────────────────────────────────────────────────────────────

    def revenue(self) -> Iterator[Row]:
        names = ("contract", "product", "item", "prepaid_commit", "type", "service_period", "period", "currency")
        sums: dict[tuple[object, ...], int] = defaultdict(int)
        for contract, currency, _, ledger in self.each():
            for line in ledger.lines:
                if line.account in ("revenue", "breakage_revenue"):
                    what = (contract, line.product, line.item, line.prepaid_commit, line.type)
                    sums[(*what, line.service_period, line.period, currency)] += line.credit - line.debit
        for keys, amount in sums.items():
            if amount:
                yield {**dict(zip(names, keys, strict=True)), "amount": in_major(amount, str(keys[-1]))}

    def journal(self) -> Iterator[Row]:
        for contract, currency, _, ledger in self.each():
            for line in ledger.lines:
                yield {
                    "contract": contract,
                    "account": line.account,
                    "source": line.source,
                    "type": line.type,
                    "prepaid_commit": line.prepaid_commit,
                    "product": line.product,
                    "item": line.item,
                    "period": line.period,
                    "service_period": line.service_period,
                    "on": line.on,
                    "entry": f"{contract}/{line.entry}",
                    "currency": currency,
                    "debit": in_major(line.debit, currency),
                    "credit": in_major(line.credit, currency),
                }

    def balances(self, at: date) -> Iterator[Row]:
        for contract, currency, _, ledger in self.each():
            sums: dict[tuple[str, str | None], int] = defaultdict(int)
            for line in ledger.lines:
                if line.on <= at:
                    sums[line.account, line.prepaid_commit] += on_normal_side(line)
            for (account, commit), amount in sums.items():
                if amount:
                    yield {
                        "at": at,
                        "account": account,
                        "contract": contract,
                        "prepaid_commit": commit,
                        "currency": currency,
                        "amount": in_major(amount, currency),
                    }

    # ── prepaid commits ───────────────────────────────────────────────────────────────────────

    def prepaid_commits(self, at: date) -> Iterator[Row]:
        for contract, currency, recognition, _ in self.each():
            for commit in recognition.commits.values():
                if commit.starts_on <= at:
                    remaining = self.remaining(recognition, commit.id, at)
                    yield {
                        "prepaid_commit": commit.id,
                        "contract": contract,
                        "at": at,
                        "currency": currency,
                        "remaining": in_major(remaining, currency),
                        "status": self.status(recognition, commit.id, at, remaining=remaining),
                    }

    def has_ended(self, recognition: Recognition, commit: str, at: date) -> bool:
        expires = recognition.expires_on(commit)
        termination = self.diary.terminations.get(recognition.contract.id)
        return (expires is not None and expires <= at) or (termination is not None and termination.on <= at)

    def remaining(self, recognition: Recognition, commit: str, at: date) -> int:
        if self.has_ended(recognition, commit, at):
            return 0
        moved = [move.amount for move in recognition.moves if move.commit == commit and move.on <= at]
        return recognition.purse.base[commit] + sum(moved)

    def status(self, recognition: Recognition, commit: str, at: date, *, remaining: int) -> str:
        if self.has_ended(recognition, commit, at):
            return "EXPIRED"
        return "ACTIVE" if remaining else "EXHAUSTED"

    def units(self) -> Iterator[Row]:
        for contract, currency, recognition, _ in self.each():
            for move in recognition.units.moves:
                yield {
                    "prepaid_commit": move.commit,
                    "contract": contract,
                    "item": move.item,
                    "period": move.booked,
                    "service_period": move.service,
                    "currency": currency,
                    "drawn": Decimal(move.drawn).scaleb(-6),
                    "uncovered": Decimal(move.uncovered).scaleb(-6),
                }

    def unit_balances(self, at: date) -> Iterator[Row]:
        """By what the months that have ended have booked."""
        for _, currency, recognition, _ in self.each():
            for commit in recognition.units.commits:
                left = recognition.units.left_at(commit, at)
                yield {
                    "prepaid_commit": commit,
                    "at": at,
                    "currency": currency,
                    "remaining": Decimal(0 if self.has_ended(recognition, commit, at) else left).scaleb(-6),
                }

    # ── reports ───────────────────────────────────────────────────────────────────────────────

    def rollforward(self) -> Iterator[Row]:
        for contract, currency, _, ledger in self.each():
            if not ledger.lines:
                continue
            first = min(line.period for line in ledger.lines)
            for account in REPORTED_ACCOUNTS:
                opening = 0
                for period in months(first, self.horizon):
                    lines = [x for x in ledger.lines if (x.account, x.period) == (account, period)]
                    figures = movements(account, lines)
                    closing = opening + sum(on_normal_side(line) for line in lines)
                    amounts = {"opening": opening, **figures, "closing": closing}
                    opening = closing
                    yield {
                        "account": account,
                        "contract": contract,
                        "period": period,
                        "currency": currency,
                        **{name: in_major(amount, currency) for name, amount in amounts.items()},
                    }

    def waterfall(self) -> Iterator[Row]:
        sums: dict[tuple[date, date, str], int] = defaultdict(int)
        for _, currency, _, ledger in self.each():
            for (booked, period), amount in ledger.released.items():
                sums[booked, period, currency] += amount
        for (booked, period, currency), amount in sorted(sums.items()):
            if amount:
                yield {"booked": booked, "period": period, "currency": currency, "amount": in_major(amount, currency)}

    def rpo(self, at: date) -> Iterator[Row]:
        year = add_months(at, 12)
        for contract, currency, recognition, _ in self.each():
            bands = {"12_months": 0, "later": 0}
            for due, amount in self.still_to_recognize(recognition, at):
                bands["12_months" if due is not None and due <= year else "later"] += amount
            for band, amount in bands.items():
                if amount:
                    yield {
                        "at": at,
                        "contract": contract,
                        "band": band,
                        "currency": currency,
                        "amount": in_major(amount, currency),
                    }

    def still_to_recognize(self, recognition: Recognition, at: date) -> Iterator[tuple[date | None, int]]:
        """Amounts that are contracted and not recognized, each with the day by which it will be."""
        termination = self.diary.terminations.get(recognition.contract.id)
        if termination is not None and termination.on <= at:
            return
        for commit in recognition.commits:
            amount = self.remaining(recognition, commit, at)
            if not self.has_ended(recognition, commit, at):
                booked = sum(
                    sum(b.lines.values())
                    for b in recognition.bookings
                    if (b.type, b.source, b.to_refund) == ("breakage", ("prepaid_commit", commit), False) and b.on <= at
                )
                amount -= max(0, booked - recognition.lapsed_at_caps(commit, at))  # only what is booked ahead
            yield recognition.expires_on(commit), amount
        yield from self.scheduled(recognition, at)
        for milestone in recognition.contract.milestones:
            reached = max(milestone.on, recognition.contract.starts_on)
            if reached > at and milestone.on > recognition.served_after:
                yield reached, recognition.minor(Fraction(milestone.amount))

    def scheduled(self, recognition: Recognition, at: date) -> Iterator[tuple[date, int]]:
        """The months of subscriptions that end after the day."""
        contract = recognition.contract
        for subscription in contract.subscriptions:
            first = month_of(min(subscription.starts_on, contract.starts_on))
            for month in months(first, max(day_before(subscription.ends_before), contract.starts_on)):
                if last_day(month) > max(at, recognition.served_after):
                    yield last_day(month), sum(recognition.due_of(subscription, month, stops=None).values())


def on_normal_side(line: JournalLine) -> int:
    amount = line.debit - line.credit
    return amount if line.account in DEBIT_ACCOUNTS else -amount


def movements(account: str, lines: list[JournalLine]) -> dict[str, int]:
    """The movements of an account by kind, positive in their natural direction."""
    figures = {"billed": 0, "recognized": 0, "breakage": 0, "other": 0}
    signs = {
        "contract_liability": {"billed": 1, "recognized": -1, "breakage": -1},
        "unbilled_revenue": {"billed": -1, "recognized": 1, "breakage": 1},
        "accounts_receivable": {"billed": 1},
    }[account]
    for line in lines:
        kind = {"invoice": "billed", "breakage": "breakage"}.get(line.type, "other")
        kind = "recognized" if line.type in RECOGNIZED and not line.is_adjustment else kind
        kind = kind if kind in signs else "other"
        figures[kind] += signs.get(kind, 1) * on_normal_side(line)
    return figures
