"""What each act appends, when it is booked and which rule refuses it: rows and codes, without a calculation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable import tables
from ratable.errors import REFUSAL_CODES
from ratable.facts import amendments, documents, rules
from ratable.facts.booking import Booking, book
from ratable.facts.documents import Documents, Source, Target
from ratable.facts.usage_rows import usage_row
from ratable.terms import Contract, Milestone, Opening, OpeningBalance, PrepaidCommit, Subscription, UsageItem
from ratable.terms_tables import Amendments

D = Decimal
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
BOOKING = Booking(booked_on=JUNE, on=date(2026, 6, 3), number=7)
POOL = PrepaidCommit(id="pool", total_value=D(1000), starts_on=date(2026, 1, 10), ends_before=date(2026, 6, 20))
CONTRACT = Contract(
    id="c",
    customer="C",
    currency="USD",
    starts_on=date(2026, 1, 1),
    prepaid_commits=(POOL,),
    subscriptions=(Subscription(id="s", total_value=D(1), starts_on=JUNE, ends_before=JULY),),
    milestones=(Milestone(id="m", on=JUNE, amount=D(1)),),
    usage_items=(UsageItem(id="u", product_id="p", starts_on=date(2026, 1, 1)),),
)
KNOWN = Amendments()


# ── when ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("on", "booked_on", "day"),
    [
        (date(2026, 5, 17), JUNE, JUNE),  # closed: the first open month, on its first day
        (date(2026, 6, 17), JUNE, date(2026, 6, 17)),
        (date(2026, 7, 17), JULY, date(2026, 7, 17)),  # later than the first open month
    ],
)
def test_a_fact_is_booked_in_its_month_or_in_the_first_open_one(on: date, booked_on: date, day: date):
    assert book(on, open_on=JUNE, number=7) == Booking(booked_on=booked_on, on=day, number=7)


# ── documents ────────────────────────────────────────────────────────────────────────────────


def sides(filed: Documents) -> list[tuple[object, ...]]:
    columns = ("entry_id", "kind", "account", "source_kind", "source_id", "service_on", "debit_minor")
    return [tuple(row[column] for column in columns) for row in filed.moves]


def test_rows_have_the_columns_of_their_tables():
    invoice = documents.invoice(Source("prepaid_commit", "pool"), 100, contract_id="c", booking=BOOKING)
    turn = documents.termination(0, contract_id="c", booking=BOOKING)
    row = amendments.adjustment_row(CONTRACT, "pool", -5, adjustment_id="a", service_on=JUNE, booking=BOOKING)
    usage = usage_row("1", "u", {"used_on": "2026-06-01", "quantity": "1"}, currency=None, dimensions={})
    assert set(invoice.moves[0]) == set(tables.MOVES.names)
    assert set(turn.turns[0]) == set(tables.TURNS.names)
    assert set(row) == set(tables.ADJUSTMENTS.names)
    assert {*usage, "batch", "open_on"} == set(tables.USAGE.names)


def test_an_invoice_of_a_source_is_a_receivable_and_one_of_none_waits_for_its_turn():
    named = documents.invoice(Source("milestone", "m"), 100, contract_id="c", booking=BOOKING)
    usage = documents.invoice(documents.usage_of("c"), 100, contract_id="c", booking=BOOKING)
    plain = documents.invoice(None, 100, contract_id="c", booking=BOOKING)

    assert sides(named) == [("c/invoice/7", "invoice", "accounts_receivable", "milestone", "m", JUNE, 100)]
    assert sides(usage) == [("c/invoice/7", "invoice", "accounts_receivable", "usage", "c", JUNE, 100)]
    assert not named.turns
    assert not usage.turns
    assert not plain.moves
    assert [(row["entry_id"], row["place"], row["amount_minor"]) for row in plain.turns] == [("c/invoice/7", 1, 100)]


def test_a_payment_is_cash_for_a_receivable():
    assert sides(documents.payment(100, contract_id="c", booking=BOOKING)) == [
        ("c/payment/7", "payment", "cash", "usage", "c", JUNE, 100),
        ("c/payment/7", "payment", "accounts_receivable", "usage", "c", JUNE, -100),
    ]


def test_a_credit_memo_takes_revenue_back_in_its_service_month_or_a_liability():
    may = date(2026, 5, 1)
    revenue = documents.credit_of_revenue(100, contract_id="c", booking=BOOKING, service_on=may)
    liability = documents.credit_of_liability(Source("prepaid_commit", "pool"), 100, contract_id="c", booking=BOOKING)
    assert sides(revenue) == [
        ("c/adjustment/7", "adjustment", "revenue", "usage", "c", may, 100),
        ("c/adjustment/7", "adjustment", "accounts_receivable", "usage", "c", may, -100),
    ]
    assert sides(liability) == [
        ("c/credit_memo/7", "credit_memo", "accounts_receivable", "prepaid_commit", "pool", JUNE, -100)
    ]


def test_a_reversal_swaps_the_sides_of_an_entry_and_leaves_the_position_to_follow():
    head = {
        "source_kind": "usage",
        "source_id": "c",
        "product_id": "p",
        "commit_id": "",
        "service_on": date(2026, 5, 1),
    }
    lines = (
        {**head, "account": "revenue", "item_id": "u", "debit_minor": 0, "credit_minor": 500},
        {**head, "account": "revenue", "item_id": "v", "debit_minor": 20, "credit_minor": 0},
        {**head, "account": "unbilled_revenue", "item_id": "", "debit_minor": 480, "credit_minor": 0},
    )
    filed = documents.reversal(lines, contract_id="c", booking=BOOKING)

    assert sides(filed) == [
        ("c/reversal/7", "reversal", "revenue", "usage", "c", date(2026, 5, 1), 500),
        ("c/reversal/7", "reversal", "revenue", "usage", "c", date(2026, 5, 1), -20),
    ]
    assert [(move["item_id"], move["booked_on"], move["on"]) for move in filed.moves] == [
        ("u", JUNE, date(2026, 6, 3)),
        ("v", JUNE, date(2026, 6, 3)),
    ]
    assert set(filed.moves[0]) == set(tables.MOVES.names)


def test_a_void_swaps_the_sides_of_each_entry_of_a_document_and_keeps_its_kind():
    head = {"kind": "invoice", "item_id": "", "product_id": "", "commit_id": "", "service_on": JUNE}
    seats = {**head, "entry_id": "c/invoice/3/subscription/s", "source_kind": "subscription", "source_id": "s"}
    rest = {**head, "entry_id": "c/invoice/3/usage/c", "source_kind": "usage", "source_id": "c"}
    lines = (
        {**seats, "account": "accounts_receivable", "debit_minor": 300, "credit_minor": 0},
        {**seats, "account": "unbilled_revenue", "debit_minor": 0, "credit_minor": 300},
        {**rest, "account": "accounts_receivable", "debit_minor": 20, "credit_minor": 0},
        {**rest, "account": "contract_liability", "debit_minor": 0, "credit_minor": 20},
    )
    filed = documents.voided(lines, contract_id="c", booking=BOOKING)

    assert sides(filed) == [
        ("c/invoice/3/subscription/s/void/7", "invoice", "accounts_receivable", "subscription", "s", JUNE, -300),
        ("c/invoice/3/usage/c/void/7", "invoice", "accounts_receivable", "usage", "c", JUNE, -20),
    ]
    assert set(filed.moves[0]) == set(tables.MOVES.names)


def test_opening_balances_stand_against_their_offset():
    balances = (
        OpeningBalance(account="contract_liability", amount=D(40), prepaid_commit_id="pool"),
        OpeningBalance(account="accounts_receivable", amount=D(5)),
        OpeningBalance(account="refund_liability", amount=D(3)),
    )
    taken_over = replace(CONTRACT, opening=Opening(as_of=date(2026, 5, 31), balances=balances))

    found = documents.opening_moves(taken_over)

    assert [(row["entry_id"], row["account"], row["source_id"], row["debit_minor"]) for row in found] == [
        ("c/opening/0", "opening_balance", "pool", 4000),
        ("c/opening/1", "accounts_receivable", "c", 500),
        ("c/opening/1", "opening_balance", "c", -500),
        ("c/opening/2", "refund_liability", "c", -300),
        ("c/opening/2", "opening_balance", "c", 300),
    ]
    assert {(row["booked_on"], row["on"], row["place"]) for row in found} == {(date(2026, 5, 1), date(2026, 5, 31), 0)}
    assert not documents.opening_moves(CONTRACT)


def test_a_document_names_a_source_of_its_contract():
    assert documents.source_of(CONTRACT, Target()) == ("usage", "c")
    assert documents.source_of(CONTRACT, Target(subscription_id="s")) == ("subscription", "s")
    assert documents.source_of(CONTRACT, Target(milestone_id="s")) is None
    assert documents.invoiced_source(CONTRACT, Target(milestone_id="s")) is None
    assert documents.invoiced_source(CONTRACT, Target(is_usage=True)) == ("usage", "c")
    assert documents.invoiced_source(CONTRACT, Target()) is None


# ── amendments ───────────────────────────────────────────────────────────────────────────────


def test_amendments_make_new_ones_and_leave_the_old():
    more = amendments.with_grant(KNOWN, "pool", D(5), booked_on=JUNE)
    more = amendments.with_termination(more, "c", on=date(2026, 5, 20), released_on=JUNE)
    more = amendments.with_addressed(amendments.with_addressed(more, "pool"), "pool")

    assert more.grants == (("pool", JUNE, D(5)),)
    assert (more.terminated_on, more.released_on) == ({"c": date(2026, 5, 20)}, {"c": JUNE})
    assert more.addressed == {"pool"}
    assert Amendments() == KNOWN


def test_the_last_estimate_of_a_month_counts():
    learned = [("pool", JUNE, D(10)), ("pool", JULY, D(20)), ("pool", JUNE, D(30))]
    known = KNOWN
    for commit_id, month_on, percentage in learned:
        known = amendments.with_estimate(known, commit_id, percentage, booked_on=month_on)
    assert known.estimates == amendments.in_force(learned) == (("pool", JULY, D(20)), ("pool", JUNE, D(30)))


@pytest.mark.parametrize(
    ("month_on", "used_on"),
    [
        (date(2026, 3, 1), date(2026, 3, 31)),
        (JUNE, date(2026, 6, 19)),  # its last day
        (JULY, date(2026, 7, 31)),  # it has ended
        (date(2025, 12, 1), date(2025, 12, 31)),  # it has not started
    ],
)
def test_an_adjustment_stands_on_the_last_day_of_use(month_on: date, used_on: date):
    row = amendments.adjustment_row(CONTRACT, "pool", -5, adjustment_id="a", service_on=month_on, booking=BOOKING)
    assert row["used_on"] == used_on


# ── rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("contract_must_be_known", rules.refuses_document(None, D(1))),
        ("amount_must_be_positive", rules.refuses_document(CONTRACT, D(0))),
        ("amount_must_fit_currency", rules.refuses_document(CONTRACT, D("0.001"))),
        ("prepaid_commit_must_be_known", rules.refuses_invoice(CONTRACT, D(1), Target("other"))),
        ("item_must_be_known", rules.refuses_invoice(CONTRACT, D(1), Target(milestone_id="other"))),
        (None, rules.refuses_invoice(CONTRACT, D(1), Target("pool"))),
        (
            "prepaid_commit_must_be_known",
            rules.refuses_credit_memo(CONTRACT, D(1), against="liability", target=Target("other")),
        ),
        (None, rules.refuses_credit_memo(CONTRACT, D(1), against="revenue", target=Target())),
        ("prepaid_commit_must_be_known", rules.refuses_adjustment(None, "pool", D(1), service_on=JUNE, open_on=JULY)),
        (
            "adjustment_must_name_a_closed_period",
            rules.refuses_adjustment(CONTRACT, "pool", D(1), service_on=JULY, open_on=JULY),
        ),
        (None, rules.refuses_adjustment(CONTRACT, "pool", D(-1), service_on=JUNE, open_on=JULY)),
        ("item_must_be_known", rules.refuses_allocation(None, ())),
        ("allocation_must_name_a_bundle_item", rules.refuses_allocation(CONTRACT.usage_items[0], ())),
        (
            "contract_must_not_be_terminated",
            rules.refuses_top_up(CONTRACT, "pool", D(1), booking=BOOKING, terminated_on=date(2026, 6, 2)),
        ),
        (None, rules.refuses_top_up(CONTRACT, "pool", D(1), booking=BOOKING, terminated_on=date(2026, 6, 3))),
        (
            "prepaid_commit_must_not_have_ended",
            rules.refuses_top_up(CONTRACT, "pool", D(1), booking=BOOKING._replace(booked_on=JULY), terminated_on=None),
        ),
        (
            "percentage_must_be_between_0_and_100",
            rules.refuses_estimate(CONTRACT, D(100), booking=BOOKING, terminated_on=None),
        ),
        ("contract_must_not_be_terminated", rules.refuses_termination(CONTRACT, D(0), on=JUNE, terminated_on=JUNE)),
        ("dates_must_ascend", rules.refuses_termination(CONTRACT, D(0), on=date(2025, 1, 1), terminated_on=None)),
        ("amount_must_be_positive", rules.refuses_termination(CONTRACT, D(-1), on=JUNE, terminated_on=None)),
        (None, rules.refuses_termination(CONTRACT, D(0), on=JUNE, terminated_on=None)),
        ("adjustment_must_not_make_usage_negative", rules.refuses_adjusted_usage(D(5), D(-6))),
        (None, rules.refuses_adjusted_usage(D(5), D(-5))),
        ("refund_must_not_exceed_liability", rules.refuses_refund(D(6), D(5))),
        (None, rules.refuses_refund(D(5), D(5))),
    ],
)
def test_the_first_rule_that_is_broken_is_told(code: str | None, found: str | None):
    assert found == code
    assert code is None or code in REFUSAL_CODES


@pytest.mark.parametrize(
    ("booking", "last_on", "refused"),
    [
        (BOOKING, None, False),
        (BOOKING, date(2026, 6, 2), True),  # the contract is over
        (BOOKING._replace(booked_on=JULY), None, True),  # the commit has ended
    ],
)
def test_a_credit_takes_no_more_than_is_left_of_a_living_commit(
    booking: Booking, last_on: date | None, *, refused: bool
):
    for amount, too_much in ((D(5), refused), (D(6), True)):
        code = rules.refuses_credit_of_commit(CONTRACT, POOL, amount, left=D(5), booking=booking, terminated_on=last_on)
        assert code == ("credit_must_not_exceed_prepaid_commit" if too_much else None)
