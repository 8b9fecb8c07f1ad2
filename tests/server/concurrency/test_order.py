"""Months, contracts, the tenant: who takes a new month after one of the others waits for who waits for him (B11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratable.terms import Contract, Product, Tier, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.alone import change_together
from ratable_server.operations.catalog import change_price_plan, create_product
from ratable_server.operations.catalog_changes import ProductHead
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.paper_revisions import revise_paper
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.paper_voids import void_paper
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.products import ProductToldAgain, retell_product
from ratable_server.operations.settlements import Money, pay_credit_memo_out, settle_invoice, void_settlement
from ratable_server.operations.usage import Revision, record_usage, report_usage, revise_reported_usage
from ratable_server.operations.written_entries import Writing, WrittenLine, write_entry
from tests.server.concurrency.order import are_in_order, locks_told
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, CALLS, JANUARY, agree, close_months
from tests.server.usage.reporting import a_report, agree_on_reports, reported

MARCH, APRIL, MAY = date(2026, 3, 10), date(2026, 4, 10), date(2026, 5, 10)


@pytest.fixture
def actor(actor: Actor) -> Actor:
    bare = replace(ACME, prepaid_commits=(), subscriptions=(), milestones=())
    agree(actor, bare)
    create_contract(actor=actor, contract=replace(bare, id="beta", usage_items=()), at=AT)
    return actor


def paper(on: date, *, contract: str = "acme", kind: str = "invoice") -> Paper:
    return Paper(kind=kind, contract=contract, on=on, lines=(Line(amount=Decimal(100)),))  # type: ignore[arg-type]


def issued(actor: Actor, kind: str = "invoice") -> int:
    (found,) = issue_papers(actor=actor, papers=[paper(JANUARY, kind=kind)], at=AT)
    return found.id


def money(on: date) -> Money:
    return Money(amount=Decimal(10), on=on)


def issue(actor: Actor) -> Callable[[], object]:
    papers = [paper(APRIL, contract="beta"), paper(MARCH)]
    return lambda: issue_papers(actor=actor, papers=papers, at=AT)


def revise(actor: Actor) -> Callable[[], object]:
    beside = PaperBeside(further={})
    invoice = issued(actor)
    return lambda: revise_paper(actor=actor, id=invoice, paper=paper(MARCH), beside=beside, at=AT)


def void(actor: Actor) -> Callable[[], object]:
    invoice = issued(actor)
    return lambda: void_paper(actor=actor, kind="invoice", id=invoice, on=MARCH, at=AT)


def pay_out(actor: Actor) -> Callable[[], object]:
    memo = issued(actor, "credit_memo")
    return lambda: pay_credit_memo_out(actor=actor, credit_memo=memo, money=money(MARCH), at=AT)


def void_a_payment(actor: Actor) -> Callable[[], object]:
    (row,) = settle_invoice(actor=actor, invoice=issued(actor), parts=[money(JANUARY)], at=AT)
    return lambda: void_settlement(actor=actor, id=row, on=MARCH, at=AT)


def write_twice(actor: Actor) -> Callable[[], object]:
    lines = (WrittenLine(role="cash", debit_minor=1), WrittenLine(role="revenue", credit_minor=1))
    entries = [Writing(kind="general", currency="USD", on=on, lines=lines) for on in (APRIL, MARCH)]

    def write() -> None:
        for entry in entries:
            write_entry(actor=actor, entry=entry, at=AT)

    return lambda: change_together(actor=actor, change=write, days=[APRIL, MARCH])


def record_within(actor: Actor) -> Callable[[], object]:
    row = {"id": "e-1", "item": "acme-calls", "used_on": MARCH, "quantity": Decimal(1)}
    return lambda: change_together(actor=actor, change=lambda: record_usage(actor=actor, records=[row], at=AT))


@pytest.mark.parametrize("prepare", [issue, revise, void, pay_out, void_a_payment, write_twice, record_within])
def test_b11_a_new_month_is_taken_before_contracts_and_the_tenant(
    actor: Actor, prepare: Callable[[Actor], Callable[[], object]]
):
    act = prepare(actor)

    with locks_told() as told:
        act()

    assert "tenant" in told
    assert are_in_order(told), told


def sell_from_may(actor: Actor) -> None:
    """A product of its own to a contract whose months are all open; March is closed, so that April gets its row next."""
    create_product(actor=actor, product=Product(id="late", name="Late", usage_groups=(CALLS,), currency="USD"), at=AT)
    item = UsageItem(id="late-calls", product_id="late", usage_group_id="calls", starts_on=MAY)
    contract = Contract(id="late", customer="Acme Inc", currency="USD", starts_on=MAY, usage_items=(item,))
    create_contract(actor=actor, contract=contract, at=AT)
    close_months(actor, MARCH)


def test_b11_prices_of_a_group_change_after_the_first_open_month_is_taken(actor: Actor):
    sell_from_may(actor)
    plan = replace(CALLS, tiers=(Tier(number=1, price=Decimal("0.10")),))

    with locks_told() as told:
        change_price_plan(actor=actor, product="late", group=plan, at=AT)

    assert told == ["month", "contract"]


def test_b11_a_product_that_is_told_again_takes_the_first_open_month_before_its_contracts(actor: Actor):
    """Its currency is judged by the contracts that use it, and its price plans after that."""
    sell_from_may(actor)
    again = ProductToldAgain(head=ProductHead(name="Late"), further={}, groups=(CALLS,))

    with locks_told() as told:
        retell_product(actor=actor, product="late", told=again, at=AT)

    assert told == ["month", "contract", "contract"]


def test_b11_reports_of_a_new_month_let_the_tenant_go_before_it_gets_its_row(new_actor: Callable[..., Actor]):
    actor = new_actor()
    agree_on_reports(actor)

    with locks_told() as told:
        report_usage(actor=actor, reports=[a_report(started_at=datetime(2026, 3, 10, tzinfo=UTC))], at=AT)

    assert told == ["tenant", "let go", "month", "tenant", "tenant"]
    assert are_in_order(told)


def test_b11_a_report_that_is_told_twice_in_a_call_takes_the_months_of_both_first(new_actor: Callable[..., Actor]):
    actor = new_actor()
    agree_on_reports(actor)
    row = reported(actor)
    days = [datetime(2026, month, 10, tzinfo=UTC) for month in (4, 3)]
    revisions = [Revision(id=row, fields={"started_at": day}) for day in days]

    with locks_told() as told:
        outcomes = revise_reported_usage(actor=actor, revisions=revisions, at=AT)

    assert [each.became for each in outcomes] == ["revised", "revised"]
    assert told[:3] == ["month", "month", "tenant"]
    assert are_in_order(told), told
