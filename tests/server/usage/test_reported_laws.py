"""Laws of reported usage: it posts what plain usage posts, whatever it said before; a prepaid commit gets back what it gave.

The ledger of a commit is that of a published example (Zuora, prepaid balance transactions): 10, 10 and 5 are granted, 3 are
drawn, and the record is then told as 4: the old drawdown is restored in full, the new one drawn, and 21 are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Contract, PrepaidCommit, Product, Terms, Tier, UsageGroup, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import top_up_prepaid_commit
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import (
    Report,
    ReportedFile,
    Revision,
    delete_reported_usage,
    record_usage,
    report_usage,
    revise_reported_usage,
    void_usage,
)
from ratable_server.queries.journals import JournalAsked, journal_lines
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from ratable_server.queries.verification import verification
from tests.server.conftest import AT
from tests.server.usage.reporting import a_report, agree_on_reports, reported

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
NEXT_YEAR = date(2027, 1, 1)
NewActor = Callable[..., Actor]


def journal(actor: Actor) -> list[tuple[Any, ...]]:
    """Every posted line, without ids and moments."""
    lines = journal_lines(actor=actor, asked=JournalAsked(limit=EVERYTHING.limit)).rows
    return sorted(
        (f"{line.entry.booked_on}", f"{line.entry.service_on}", line.entry.contract, line.entry.kind, line.account,
         line.usage_item or "", line.debit, line.credit)
        for line in lines
    )  # fmt: skip


def told_plainly(actor: Actor) -> None:
    """January: 400 calls and 5 GB of Acme, of Bolt 20 calls; then 200 calls more and 5 GB less; in July a call counts twice."""
    file_invoice(actor=actor, invoice=Invoice(contract="acme", prepaid_commit="pool", amount=Decimal(100)), on=JANUARY, at=AT)  # fmt: skip
    use(actor, "a", "acme-calls", 10, 400)
    use(actor, "b", "acme-data", 11, 5)
    use(actor, "c", "bolt-calls", 31, 20)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    use(actor, "d", "acme-calls", 10, 200)
    void_usage(actor=actor, event_id="b", at=AT)
    close_period(actor=actor, month_on=FEBRUARY, at=AT)
    use(actor, "e", "acme-calls", 2, 50, month=7)
    use(actor, "f", "labs-calls", 2, 50, month=7)
    for month in range(3, 8):
        close_period(actor=actor, month_on=date(2026, month, 1), at=AT)


def use(actor: Actor, id: str, item: str, day: int, quantity: int, *, month: int = 1) -> None:
    record = {"id": id, "item": item, "used_on": f"2026-{month:02}-{day:02}", "quantity": quantity}
    record_usage(actor=actor, records=[record], at=AT)


def told_by_reports(actor: Actor) -> None:
    """The same, told in steps: taken for something else first, told twice, taken back."""
    file_invoice(actor=actor, invoice=Invoice(contract="acme", prepaid_commit="pool", amount=Decimal(100)), on=JANUARY, at=AT)  # fmt: skip
    calls = reported(actor, quantity=Decimal(4), unit_of_measure="GB", started_at=datetime(2026, 1, 9, tzinfo=UTC))
    revise(actor, calls, quantity=Decimal(4000))
    revise(actor, calls, unit_of_measure="Call", started_at=datetime(2026, 1, 10, tzinfo=UTC))
    revise(actor, calls, quantity=Decimal(400))
    data = reported(actor, unit_of_measure="GB", quantity=Decimal(5), started_at=datetime(2026, 1, 11, tzinfo=UTC))
    extra = reported(actor, quantity=Decimal(77))
    reported(actor, customer="Bolt GmbH", quantity=Decimal(20), started_at=datetime(2026, 1, 31, 23, tzinfo=UTC))
    delete_reported_usage(actor=actor, ids=[extra], at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    revise(actor, calls, quantity=Decimal(600))
    delete_reported_usage(actor=actor, ids=[data], at=AT)
    close_period(actor=actor, month_on=FEBRUARY, at=AT)
    reported(actor, quantity=Decimal(50), started_at=datetime(2026, 7, 2, tzinfo=UTC))
    for month in range(3, 8):
        close_period(actor=actor, month_on=date(2026, month, 1), at=AT)


def revise(actor: Actor, row_id: int, **fields: Any) -> None:
    (outcome,) = revise_reported_usage(actor=actor, revisions=[Revision(id=row_id, fields=fields)], at=AT)
    assert outcome.refused is None, outcome.refused


def test_reports_post_what_plain_usage_posts(new_actor: NewActor):
    plain, by_reports = new_actor(), new_actor()
    for actor in (plain, by_reports):
        agree_on_reports(actor)

    told_plainly(plain)
    told_by_reports(by_reports)

    lines = journal(plain)
    assert lines == journal(by_reports)
    revenue = sum((credit - debit for *_, account, _, debit, credit in lines if account == "revenue"), Decimal(0))
    assert revenue == Decimal("72.00")  # 600 calls, then 50 and 50 at 0.10; 20 of Bolt's; no data
    assert all(each.is_sound for each in verification(by_reports))


# ── the ledger of a prepaid commit ───────────────────────────────────────────────────────────


UNITS = UsageGroup(
    id="units", pricing_model="unit_based", tiers=(Tier(number=1, price=Decimal(1)),), unit_of_measure="Unit"
)
SOLD = Product(id="sold", name="Sold", usage_groups=(UNITS,), currency="USD")
PREPAID = Contract(
    id="prepaid",
    customer="Zed",
    currency="USD",
    starts_on=JANUARY,
    ends_before=NEXT_YEAR,
    usage_items=(UsageItem(id="zed-units", product_id="sold", usage_group_id="units", starts_on=JANUARY, draws=True),),
    prepaid_commits=(
        PrepaidCommit(id="fund", product_id="sold", total_value=Decimal(10), starts_on=JANUARY, ends_before=NEXT_YEAR),
    ),
)


@pytest.fixture
def prepaid(actor: Actor) -> Actor:
    """Books of one commit, to which 10, 10 and 5 were granted."""
    import_terms(actor=actor, terms=Terms(products=(SOLD,), contracts=(PREPAID,)), at=AT)
    for amount in (10, 5):
        top_up_prepaid_commit(actor=actor, commit="fund", amount=Decimal(amount), on=JANUARY, at=AT)
    return actor


def left(actor: Actor) -> Decimal:
    commits = prepaid_commits(actor=actor).rows
    return prepaid_balances(actor=actor, commits=commits, on=date(2026, 2, 28))["fund"].remaining


def of_zed(quantity: int) -> Report:
    return replace(a_report(customer="Zed", unit_of_measure="Unit", unique_key="K"), quantity=Decimal(quantity))


@pytest.mark.parametrize("is_closed", [False, True], ids=["in its month", "after its month was closed"])
def test_a_report_told_again_restores_what_it_drew_and_draws_anew(prepaid: Actor, *, is_closed: bool):
    file = ReportedFile(import_id=None, name="units.csv")
    assert left(prepaid) == Decimal(25)

    (first,) = report_usage(actor=prepaid, reports=[of_zed(3)], file=file, at=AT)
    assert left(prepaid) == Decimal(22)
    if is_closed:
        close_period(actor=prepaid, month_on=JANUARY, at=AT)

    (second,) = report_usage(actor=prepaid, reports=[of_zed(4)], file=file, at=AT)
    assert (second.id, second.became, left(prepaid)) == (first.id, "revised", Decimal(21))

    (third,) = delete_reported_usage(actor=prepaid, ids=[first.id or 0], at=AT)
    assert (third.became, left(prepaid)) == ("deleted", Decimal(25))

    (fourth,) = report_usage(actor=prepaid, reports=[of_zed(5)], file=file, at=AT)
    assert (fourth.id, fourth.became, left(prepaid)) == (first.id, "restored", Decimal(20))
