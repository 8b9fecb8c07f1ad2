"""Posted and drafted rows as one list: the same ids before and after a close, the same figures, one day at a time."""

# mypy: disable-error-code="comparison-overlap"
# Whole decimals are told as whole numbers.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable.cases.reading import read_case
from ratable.cases.records import Adjustment, Close
from ratable_server.actor import Actor
from ratable_server.operations.case_files.acts import tell_entry
from ratable_server.queries.computed import computed, computed_of_page
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from ratable_server.queries.rated import rated_tiers
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.queries.totals import Totals, contract_totals
from ratable_server.store.models import RevenueTransaction as Row
from ratable_server.store.public_ids import revenue_id
from ratable_server.store.scope import books_of, rows_of
from tests.server.stories import DECEMBER, FEBRUARY, JANUARY, MARCH, company, fill, found_company

CHAIN = Path(__file__).resolve().parents[2] / "golden" / "chain" / "prepaid-chain.yaml"
END_OF_MARCH = date(2026, 3, 31)


@pytest.fixture(scope="module")
def until_february(books: None, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    """The small company closed through February; nobody changes it."""
    return found_company(tmp_path_factory.mktemp("story"), closed_through=FEBRUARY)


def told(actor: Actor, on: date = END_OF_MARCH, **asked: object) -> list[RevenueTransaction]:
    return list(revenue_transactions(actor=actor, on=on, asked=RevenueAsked(**asked)).rows)  # type: ignore[arg-type]


def figures(rows: list[RevenueTransaction]) -> list[tuple[str, str, str, Decimal, bool]]:
    return [(f"{row.booked_on:%m}", f"{row.service_on:%m}", row.kind, row.amount, row.is_posted) for row in rows]


def test_closed_months_are_posted_and_open_ones_a_draft(until_february: Actor):
    rows = told(until_february, contracts=["acme"], booked_through=date(2026, 4, 1))

    assert sorted(figures(rows)) == [
        ("01", "01", "drawdown", Decimal("945.00"), True),
        ("01", "01", "subscription", Decimal("310.00"), True),
        ("02", "01", "drawdown", Decimal("25.00"), True),
        ("02", "02", "drawdown", Decimal("30.00"), True),
        ("02", "02", "overage", Decimal("70.00"), True),
        ("02", "02", "subscription", Decimal("280.00"), True),
        ("03", "03", "subscription", Decimal("310.00"), False),
        ("04", "04", "subscription", Decimal("300.00"), False),
    ]
    whole = told(until_february, contracts=["acme"])
    assert sum(row.amount for row in whole) == Decimal("4720.00")  # the seats of the whole year are planned


def test_rows_name_what_they_are_of(until_february: Actor):
    (overage,) = told(until_february, kinds=["overage"])
    assert (overage.contract, overage.customer_name, overage.product, overage.currency) == (
        "acme",
        "Acme Inc",
        "api",
        "USD",
    )
    assert (overage.product_name, overage.adjusted_on, overage.is_posted) == ("API", None, True)
    assert overage.usage_item_id is not None
    assert overage.prepaid_commit_id is not None
    (march,) = told(until_february, kinds=["subscription"], booked_from=MARCH, booked_through=MARCH)
    assert march.subscription_id is not None
    assert march.milestone_id is march.prepaid_commit_id is march.usage_item_id is None
    (bolt,) = told(until_february, contracts=["bolt"])
    assert (bolt.amount, bolt.currency) == (Decimal("50.00"), "EUR")


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({"prepaid_commits": ["pool"]}, 4),
    ({"usage_items": ["bolt-calls"]}, 1),
    ({"products": ["seats"]}, 12),
    ({"is_posted": False}, 10),
    ({"booked_from": FEBRUARY, "booked_through": FEBRUARY}, 4),
    ({"contracts": []}, 0),
    ({"is_deleted": True}, 0),
]


@pytest.mark.parametrize(("asked", "count"), FILTERS, ids=[next(iter(asked)) for asked, _ in FILTERS])
def test_each_filter(until_february: Actor, asked: dict[str, Any], count: int):
    assert len(told(until_february, **asked)) == count


def test_pages_and_single_rows(until_february: Actor):
    every = told(until_february)
    found = revenue_transactions(actor=until_february, on=END_OF_MARCH, asked=RevenueAsked(limit=5, offset=3))
    assert (found.count, list(found.rows)) == (len(every), every[3:8])
    assert len({row.id for row in every}) == len(every) == 17
    assert told(until_february, ids=[every[4].id]) == [every[4]]
    assert told(until_february, ids=[7]) == []


def test_what_was_modified_when(until_february: Actor):
    every = told(until_february)
    january = next(row for row in every if row.booked_on == JANUARY).modified_at
    assert {row.booked_on for row in told(until_february, modified_through=january)} == {JANUARY}
    latest = max(row.modified_at for row in every)
    assert len(told(until_february, modified_from=latest)) >= 10


def test_a_draft_keeps_its_id_when_it_is_posted(actor: Actor, tmp_path: Path):
    case = company(tmp_path)
    fill(actor, replace(case, entries=case.entries[:-1]))
    drafts = {row.id: row.amount for row in told(actor, booked_from=MARCH, booked_through=MARCH)}
    assert not any(row.is_posted for row in told(actor, booked_from=MARCH, booked_through=MARCH))

    tell_entry(actor, case.entries[-1])

    posted = told(actor, booked_from=MARCH, booked_through=MARCH)
    assert {row.id: row.amount for row in posted} == drafts
    assert all(row.is_posted for row in posted)


def test_ids_are_those_of_the_database(until_february: Actor):
    key = (
        "contract_id", "source_kind", "source_id", "item_id", "product_id", "commit_id", "kind", "service_on",
        "booked_on", "adjusted_on",
    )  # fmt: skip
    with books_of(until_february):
        rows = list(rows_of(until_february, Row).values_list("public_id", *key))
    assert len(rows) == 7
    assert [public_id for public_id, *_ in rows] == [revenue_id(*parts) for _, *parts in rows]
    assert all(0 <= public_id < 2**52 for public_id, *_ in rows)


def test_an_id_is_the_same_for_ever(books: None):
    parts = ("ä", "usage", "ä", "", "", "", "usage", JANUARY, DECEMBER, date(1, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ratable_revenue_id({', '.join(['%s'] * len(parts))})", parts)
        (public_id,) = cursor.fetchone()
    assert revenue_id(*parts) == public_id


def test_a_draft_is_computed_once_per_state_of_the_books(actor: Actor, tmp_path: Path):
    case = company(tmp_path, closed_through=JANUARY)
    fill(actor, case)
    first = statements(lambda: computed(actor, contracts=None, on=END_OF_MARCH))
    again = statements(lambda: computed(actor, contracts=None, on=END_OF_MARCH))
    assert again < first - 10

    tell_entry(actor, replace(company(tmp_path).entries[-2], on=MARCH))  # an invoice: the books have changed
    assert statements(lambda: computed(actor, contracts=None, on=END_OF_MARCH)) >= first


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_some_contracts_come_to_what_all_of_them_do(until_february: Actor):
    both = told(until_february)
    apart = [row for contract in ("acme", "bolt") for row in told(until_february, contracts=[contract])]
    assert sorted(figures(apart)) == sorted(figures(both))
    assert {row.id for row in apart} == {row.id for row in both}


def test_the_first_page_is_computed_alone_and_the_second_with_all_the_others(actor: Actor, tmp_path: Path):
    fill(actor, company(tmp_path, closed_through=JANUARY))
    pages = [("acme", "bolt"), ("bolt", "other"), ("acme", "other")]

    def asked(page: tuple[str, str]) -> int:
        return statements(lambda: computed_of_page(actor, contracts=page, on=END_OF_MARCH))

    first, again, second, third = asked(pages[0]), asked(pages[0]), asked(pages[1]), asked(pages[2])
    assert (again < first - 10, second > again + 10, third) == (True, True, again)
    assert statements(lambda: computed(actor, contracts=None, on=END_OF_MARCH)) == again
    assert statements(lambda: computed_of_page(actor, contracts=["acme"], on=END_OF_MARCH)) > again + 10


def test_totals_of_a_page_are_those_of_all(actor: Actor, tmp_path: Path):
    fill(actor, company(tmp_path, closed_through=JANUARY))

    def totals() -> dict[str, Totals]:
        return contract_totals(actor=actor, contracts=["acme", "bolt"], on=END_OF_MARCH)

    alone = totals()
    assert [total.revenue > 0 for total in alone.values()] == [True, True]
    computed(actor, contracts=None, on=END_OF_MARCH)
    assert totals() == alone


def test_books_without_contracts_have_no_revenue(actor: Actor):
    assert told(actor) == []


# ── the chain of a prepaid commit ────────────────────────────────────────────────────────────


def chain(actor: Actor) -> None:
    fill(actor, read_case(CHAIN))


def test_an_open_chain_is_told_row_by_row(actor: Actor):
    case = read_case(CHAIN)
    usage = [entry for entry in case.entries if not isinstance(entry.act, Close | Adjustment)]
    fill(actor, replace(case, entries=tuple(usage)))
    commits = prepaid_commits(actor=actor).rows

    balance = prepaid_balances(actor=actor, commits=commits, on=END_OF_MARCH)["pool"]

    assert [
        (f"{row.month_on:%m}", row.gross, row.discount, row.net, row.overage, row.balance_before, row.balance_after)
        for row in balance.consumptions
    ] == [
        ("01", 30_000, 6_000, 24_000, 0, 80_000, 56_000),
        ("02", 50_000, 10_000, 40_000, 0, 56_000, 16_000),
        ("03", 40_000, 4_000, 16_000, 20_000, 16_000, 0),
    ]
    assert (balance.status, balance.remaining, balance.overage) == ("EXHAUSTED", 0, 20_000)
    assert not any(row.is_posted for row in balance.consumptions)
    assert len({row.id for row in balance.consumptions}) == 3
    (commit,) = commits
    assert (commit.total_value, commit.discount_percentage, commit.added) == (80_000, 20, 0)
    assert len(commit.invoices) == 1


def test_a_correction_of_a_closed_month_stands_in_the_month_that_books_it(actor: Actor):
    chain(actor)
    commits = prepaid_commits(actor=actor).rows

    balance = prepaid_balances(actor=actor, commits=commits, on=date(2026, 5, 31))["pool"]

    *closed, may = balance.consumptions
    assert [row.is_posted for row in closed] == [True, True, True]
    assert closed[-1].gross == 40_000
    assert (may.month_on, may.gross, may.net, may.balance_before, may.balance_after) == (
        date(2026, 5, 1),
        0,
        0,
        0,
        8_000,
    )
    (fix,) = may.corrections
    assert (fix.service_on, fix.is_adjustment) == (MARCH, True)
    assert (fix.gross, fix.discount, fix.net, fix.overage) == (-30_000, -2_000, -8_000, -20_000)
    assert (balance.status, balance.remaining, balance.lapsed) == ("ACTIVE", 8_000, 0)

    ended = prepaid_balances(actor=actor, commits=commits, on=date(2027, 1, 1))["pool"]
    assert (ended.status, ended.remaining, ended.lapsed) == ("EXPIRED", 0, 8_000)
    lifetime = told(actor, on=date(2027, 1, 1))
    assert sum(row.amount for row in lifetime) == 80_000
    adjusted = [(row.kind, row.amount, row.adjusted_on) for row in lifetime if row.adjusted_on]
    assert sorted(adjusted) == [
        ("drawdown", -8_000, date(2026, 5, 12)),
        ("overage", -20_000, date(2026, 5, 12)),
    ]


def test_a_credit_memo_takes_no_more_than_is_left_and_late_usage_stands_where_it_is_booked(actor: Actor):
    fill(actor, read_case(CHAIN.parents[1] / "corrections" / "credit-memo-overtaken.yaml"))
    commits = prepaid_commits(actor=actor).rows

    balance = prepaid_balances(actor=actor, commits=commits, on=date(2026, 4, 30))["pool"]

    assert [
        (f"{row.month_on:%m}", row.net, row.overage, row.balance_before, row.balance_after)
        for row in balance.consumptions
    ] == [("02", 60, 0, 100, 40), ("03", 0, 5, 0, 0), ("04", 20, 0, 30, 10)]
    (late,) = balance.consumptions[-1].corrections
    assert (late.service_on, late.is_adjustment, late.overage, late.net) == (MARCH, False, 7, 0)
    assert (balance.status, balance.granted, balance.remaining) == ("ACTIVE", 90, 10)
    assert commits[0].added == -50  # as it was filed


def test_what_a_pool_covered_is_told_before_its_discount(actor: Actor):
    chain(actor)
    rows = told(actor, on=date(2026, 5, 31), prepaid_commits=["pool"])
    assert [
        (f"{row.booked_on:%m}", row.kind, row.gross, row.amount) for row in sorted(rows, key=_by_month_and_kind)
    ] == [
        ("01", "drawdown", 30_000, 24_000),
        ("02", "drawdown", 50_000, 40_000),
        ("03", "drawdown", 20_000, 16_000),
        ("03", "overage", 20_000, 20_000),
        ("05", "drawdown", -10_000, -8_000),
        ("05", "overage", -20_000, -20_000),
    ]


def _by_month_and_kind(row: RevenueTransaction) -> tuple[date, str]:
    return row.booked_on, row.kind


def test_usage_is_priced_tier_by_tier_with_late_usage_in_its_month(until_february: Actor):
    tiers = rated_tiers(actor=until_february, contract="acme", on=END_OF_MARCH)
    assert [(f"{row.month_on:%m}", row.tier_number, row.quantity, row.amount) for row in tiers] == [
        ("01", 1, 1000, 100),
        ("01", 2, 9000, 720),
        ("01", 3, 3000, 150),
        ("02", 1, 1000, 100),
    ]
    assert {(row.usage_item, row.product) for row in tiers} == {("acme-calls", "api")}
    assert rated_tiers(actor=until_february, contract="none", on=END_OF_MARCH) == ()


def test_breakage_waits_for_its_day(actor: Actor):
    chain(actor)
    assert told(actor, on=date(2026, 12, 30), kinds=["breakage"]) == []
    assert [row.amount for row in told(actor, on=date(2026, 12, 31), kinds=["breakage"])] == [8_000]
