"""What the processes of a test do: operations in a row, each with what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ratable.terms import Contract, TierPriceOverride
from ratable_server.actor import Actor
from ratable_server.operations.calculation import calculate
from ratable_server.operations.contracts import ContractHead, create_contract, modify_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.documents import CreditMemo, Payment, file_credit_memo, file_payment
from ratable_server.operations.paper_revisions import revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import top_up_prepaid_commit
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.settlements import Credit, Money, settle_invoice, void_settlement
from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from tests.server.concurrency.crew import SECONDS, outcome

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
_ONE = Decimal(1)


def numbered_month(number: int) -> date:
    """The n-th month of the books; the first is January 2026."""
    return date(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def compute(actor: Actor) -> None:
    """Compute something, so that what is compiled once per process is compiled."""
    calculate(actor, contracts=["acme"], before_on=date(2026, 2, 1))


def use(actor: Actor, name: str, records: int, row: dict[str, Any]) -> list[str]:
    """Record usage, one request each."""
    rows = [{**row, "id": f"{name}-{number}"} for number in range(records)]
    return [outcome(record_usage, actor=actor, records=[each], at=AT) for each in rows]


def use_in_batches(actor: Actor, name: str, rounds: int, commits: Sequence[str]) -> list[str]:
    """Record 1.00 on each of some prepaid commits in one request, and top each up by 0.50, in this order."""
    told: list[str] = []
    for number in range(rounds):
        rows = [
            {"id": f"{name}-{number}-{commit}", "prepaid_commit": commit, "used_on": date(2026, 1, 20), "amount": _ONE}
            for commit in commits
        ]
        told.append(outcome(record_usage, actor=actor, records=rows, at=AT))
        for commit in commits:
            more = {"commit": commit, "amount": _ONE / 2, "on": date(2026, 1, 10)}
            told.append(outcome(top_up_prepaid_commit, actor=actor, **more, at=AT))
    return told


def look_at_balance(actor: Actor, looks: int, is_over: Any) -> list[tuple[Decimal, ...]]:
    """What a prepaid commit has granted, drawn, left and beyond it, so many times, and once more in the end."""
    (commit,) = prepaid_commits(actor=actor).rows
    found: list[tuple[Decimal, ...]] = []
    for place in range(looks + 1):
        if place == looks:
            assert is_over.wait(SECONDS)
        balance = prepaid_balances(actor=actor, commits=[commit], on=date(2026, 1, 31))[commit.code]
        found.append((balance.granted, balance.drawn, balance.remaining, balance.overage))
    return found


def close(actor: Actor, month_on: date, run_id: int | None = None) -> str:
    """Close a month."""
    return outcome(close_period, actor=actor, month_on=month_on, run_id=run_id, at=AT)


def take_back(actor: Actor, memos: int, memo: CreditMemo) -> list[str]:
    """File credit memos, one after the other."""
    return [outcome(file_credit_memo, actor=actor, memo=memo, on=date(2026, 1, 10), at=AT) for _ in range(memos)]


def settle(actor: Actor, invoice: int, part: Money | Credit, times: int) -> list[str]:
    """Settle an invoice, one part after the other."""
    return [outcome(settle_invoice, actor=actor, invoice=invoice, parts=[part], at=AT) for _ in range(times)]


def trade(
    actor: Actor, rounds: int, pairs: Sequence[tuple[int, int]], contracts: Sequence[str], wanderer: int
) -> list[str]:
    """Bill contracts at once, settle invoices with credit memos and money of two months, move an invoice: in this order."""
    told: list[str] = []
    line = (Line(amount=_ONE),)
    for _ in range(rounds):
        papers = [Paper(kind="invoice", contract=code, on=date(2026, 1, 10), lines=line) for code in contracts]
        told.append(outcome(issue_papers, actor=actor, papers=papers, at=AT))
        told += [outcome(_settle_and_take_back, actor=actor, invoice=invoice, memo=memo) for invoice, memo in pairs]
        for paper in papers:
            told.append(
                outcome(revise_paper, actor=actor, id=wanderer, paper=paper, beside=PaperBeside(further={}), at=AT)
            )
    return told


def _settle_and_take_back(actor: Actor, invoice: int, memo: int) -> None:
    parts: list[Money | Credit] = [
        Money(amount=_ONE, on=date(2026, 2, 10)),
        Credit(credit_memo=memo, amount=_ONE, on=date(2026, 1, 10)),
        Money(amount=_ONE, on=date(2026, 1, 10)),
    ]
    _, used, _ = settle_invoice(actor=actor, invoice=invoice, parts=parts, at=AT)
    void_settlement(actor=actor, id=used, on=date(2026, 1, 20), at=AT)


def modify(actor: Actor, contract: str, seen: ContractHead, head: ContractHead) -> str:
    """Change a contract that was read before."""
    return outcome(modify_contract, actor=actor, contract=contract, head=head, seen=seen, at=AT)


def create(actor: Actor, code: str, name: str) -> str:
    """Add a customer."""
    return outcome(create_customer, actor=actor, code=code, name=name, at=AT)


def sign(actor: Actor, contract: Contract) -> str:
    """Agree on a contract."""
    return outcome(create_contract, actor=actor, contract=contract, at=AT)


# ── rounds ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What a closer and its rivals share: in each round all meet, act, and meet again.

    A rival acts at a random moment within `seconds`, some of them while the closer holds its lock. `month` is the
    number of the month that the closer closes, `is_over` ends the rounds.
    """

    meeting: Any
    seconds: Any
    month: Any
    is_over: Any

    def meet(self) -> None:
        """Wait for the others."""
        self.meeting.wait(SECONDS)

    def rival(self, name: str, act: Callable[[int, int], str]) -> list[str]:
        """Do `act` in every round, told the round and the month; give what came of each."""
        dice = random.Random(name)  # noqa: S311 - the same moments each time
        told: list[str] = []
        self.meet()
        while not self.is_over.is_set():
            time.sleep(dice.uniform(0, self.seconds.value))
            told.append(act(len(told), self.month.value))
            self.meet()
            self.meet()
        return told


def change_price(actor: Actor, name: str, rounds: Rounds) -> list[str]:
    """Set another price of the first tier in every round: 0.01, 0.02 and so on."""

    def act(number: int, _: int) -> str:
        price = Decimal(number + 1).scaleb(-2)
        override = TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=1, price=price)
        return outcome(set_tier_price_override, actor=actor, contract="acme", override=override, at=AT)

    return rounds.rival(name, act)


def file_facts(actor: Actor, name: str, rounds: Rounds, month: int | None = None) -> list[str]:
    """File a payment of 1.00 or record one call in every round, of the month that is being closed, or always of one."""

    def act(number: int, closing: int) -> str:
        day = numbered_month(month or closing).replace(day=15)
        if number % 2:
            payment = Payment(contract="acme", amount=Decimal(1))
            return "payment " + outcome(file_payment, actor=actor, payment=payment, on=day, at=AT)
        row = {"id": f"{name}-{number}", "item": "acme-calls", "used_on": day, "quantity": Decimal(1)}
        return "usage " + outcome(record_usage, actor=actor, records=[row], at=AT)

    return rounds.rival(name, act)
