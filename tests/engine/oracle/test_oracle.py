"""The oracle against figures worked out by hand: worked chains, price examples, splits, odd ends."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from ratable.cases.reading import read_case
from ratable.terms import BundleLine, Policy, Subscription, Tier, UsageGroup
from tests.engine.oracle.allocation import allocate
from tests.engine.oracle.playing import play
from tests.engine.oracle.questions import OracleBooks
from tests.engine.oracle.rating import list_value
from tests.engine.oracle.schedule import parts
from tests.engine.oracle.units import add_months, in_major, largest_remainder, rounded

Play = Callable[[str], OracleBooks]


@pytest.fixture
def played(tmp_path: Path) -> Play:
    """Plays terms and events that are given as text."""

    def play_text(text: str) -> OracleBooks:
        path = tmp_path / "case.yaml"
        path.write_text("case: hand-made\n" + textwrap.dedent(text), encoding="utf-8")
        return play(read_case(path))

    return play_text


def figure(books: OracleBooks, table: str, name: str, **keys: object) -> Decimal:
    """The sum of a figure over the rows that the keys select."""
    at = keys.get("at")
    rows = books.rows(table, at if isinstance(at, date) else None)
    chosen = [row for row in rows if all(row[key] == value for key, value in keys.items())]
    return sum((Decimal(str(row[name])) for row in chosen), start=Decimal(0))


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def money(books: OracleBooks, **keys: object) -> Decimal:
    return figure(books, "revenue", "amount", **keys)


def balance(books: OracleBooks, account: str, at: str) -> Decimal:
    return figure(books, "balances", "amount", account=account, at=date.fromisoformat(at))


# ── the worked chain ─────────────────────────────────────────────────────────────────────────

CHAIN = """
products: [{id: api, name: API usage}]
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    end_date: 2026-12-31
    prepaid_commits:
      - {id: pool, product: api, total_value: "80000", discount_percentage: "20", rate: "0.10",
         start_date: 2026-01-01, expiration_date: 2026-12-31}
events:
  - {on: 2026-01-01, invoice: {contract: acme, prepaid_commit: pool, amount: "80000"}}
  - {on: 2026-01-20, payment: {contract: acme, amount: "80000"}}
  - {on: 2026-01-31, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-31, amount: "30000", id: jan}}
  - {on: 2026-02-01, close: 2026-01}
  - {on: 2026-02-28, prepaid_usage: {prepaid_commit: pool, used_on: 2026-02-28, amount: "50000", id: feb}}
  - {on: 2026-03-01, close: 2026-02}
  - {on: 2026-03-31, prepaid_usage: {prepaid_commit: pool, used_on: 2026-03-31, amount: "40000", id: mar}}
  - {on: 2026-04-01, close: 2026-03}
  - {on: 2026-04-01, invoice: {contract: acme, amount: "20000"}}
  - {on: 2026-05-01, close: 2026-04}
"""


FIGURES = ("gross", "discount", "net", "overage", "balance_before", "balance_after")


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("2026-01", [30000, 6000, 24000, 0, 80000, 56000]),
        ("2026-02", [50000, 10000, 40000, 0, 56000, 16000]),
        ("2026-03", [40000, 4000, 16000, 20000, 16000, 0]),
    ],
)
def test_chain_of_consumption(played: Play, period: str, expected: list[int]):
    books = played(CHAIN)
    assert [figure(books, "consumption", name, period=month(period)) for name in FIGURES] == expected


def test_adjustment_restores_the_pool_and_credits_what_was_invoiced(played: Play):
    fix = '  - {on: 2026-05-12, adjustment: {prepaid_commit: pool, period: 2026-03, amount: "-30000", id: fix}}\n'
    books = played(CHAIN + fix + ASKED)
    may, march = month("2026-05"), month("2026-03")
    assert money(books, period=may, service_period=march, type="overage") == -20000
    assert money(books, period=may, service_period=march, type="drawdown") == -8000
    assert money(books, type="breakage", period=month("2026-12")) == 8000
    assert money(books) == 80000
    assert balance(books, "accounts_receivable", "2026-05-11") == 20000
    assert balance(books, "accounts_receivable", "2026-05-12") == 0
    assert balance(books, "contract_liability", "2026-05-31") == 8000
    assert balance(books, "contract_liability", "2026-12-31") == 0
    assert figure(books, "consumption", "gross", period=march) == 40000
    states = {day: books.rows("prepaid_commits", date.fromisoformat(day))[0]["status"] for day in STATES}
    assert states == STATES


ASKED = 'expect: {balances: [{at: 2026-12-31, account: cash, amount: "80000"}]}\n'
STATES = {"2026-02-28": "ACTIVE", "2026-03-31": "EXHAUSTED", "2026-05-31": "ACTIVE", "2026-12-31": "EXPIRED"}


def test_smaller_adjustment_takes_overage_only(played: Play):
    fix = '  - {on: 2026-05-12, adjustment: {prepaid_commit: pool, period: 2026-03, amount: "-10000", id: fix}}\n'
    books = played(CHAIN + fix)
    assert money(books, period=month("2026-05")) == money(books, type="overage", period=month("2026-05")) == -10000
    assert balance(books, "accounts_receivable", "2026-05-31") == 10000


def test_ledger_of_the_chain(played: Play):
    books = played(CHAIN)
    ends = ["2026-01-01", "2026-01-20", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-01"]
    table = {
        "accounts_receivable": [80000, 0, 0, 0, 0, 20000],
        "contract_liability": [80000, 80000, 56000, 16000, 0, 0],
        "unbilled_revenue": [0, 0, 0, 0, 20000, 0],
        "revenue": [0, 0, 24000, 64000, 100000, 100000],
    }
    for account, expected in table.items():
        assert [balance(books, account, day) for day in ends] == expected


def test_late_usage_of_an_exhausted_pool_is_overage_at_list(played: Play):
    late = '  - {on: 2026-05-02, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-09, amount: "500", id: late}}\n'
    books = played(CHAIN + late)
    assert money(books, period=month("2026-05"), service_period=month("2026-01"), type="overage") == 500
    assert money(books, period=month("2026-05")) == 500


def test_late_usage_of_an_expired_pool_moves_breakage(played: Play):
    text = CHAIN.replace('amount: "40000", id: mar', 'amount: "10000", id: mar').replace("12-31}", "03-31}")
    late = (
        '  - {on: 2026-05-02, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-09, amount: "20000", id: late}}\n'
    )
    books = played(text + late)
    may = month("2026-05")
    assert money(books, type="breakage", period=month("2026-03")) == 8000
    assert money(books, type="drawdown", period=may) == 8000
    assert money(books, type="breakage", period=may) == -8000
    assert money(books, type="overage") == 0
    assert figure(books, "consumption", "discount", period=month("2026-01")) == 18000


# ── several commits ──────────────────────────────────────────────────────────────────────────

CASCADE = """
products: [{id: api, name: API usage}]
POLICY
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    prepaid_commits:
      - {id: a, product: api, total_value: "16000", discount_percentage: "20", start_date: 2026-01-01, priority: 2}
      - {id: b, product: api, total_value: "10000", discount_percentage: "10", start_date: 2026-01-01, priority: 1}
events:
  - {on: 2026-01-31, prepaid_usage: {prepaid_commit: a, used_on: 2026-01-31, amount: "40000"}}
"""


def test_what_the_addressed_commit_cannot_cover_cascades(played: Play):
    books = played(CASCADE.replace("POLICY", ""))
    rows = {row["prepaid_commit"]: row for row in books.rows("consumption")}
    assert (rows["a"]["net"], rows["a"]["overage"]) == (16000, Decimal("8888.89"))
    assert (rows["a"]["gross"], rows["a"]["discount"]) == (Decimal("28888.89"), 4000)
    assert (rows["b"]["net"], rows["b"]["gross"]) == (10000, Decimal("11111.11"))
    assert money(books) == Decimal("34888.89")


def test_without_cascade_the_rest_is_overage(played: Play):
    books = played(CASCADE.replace("POLICY", "policy: {cascade: false}"))
    assert figure(books, "consumption", "overage", prepaid_commit="a") == 20000
    assert figure(books, "consumption", "gross", prepaid_commit="b") == 0


def test_items_draw_in_rank_order_on_valid_days(played: Play):
    books = played("""
    products:
      - {id: api, name: API, usage_groups: [{id: calls, pricing_model: unit_based, tiers: [{price: "1"}]}]}
    contracts:
      - id: acme
        customer: Acme Inc
        start_date: 2026-01-01
        usage: [{id: calls, product: api, usage_group: calls, draws: true}]
        prepaid_commits:
          - {id: early, total_value: "100", start_date: 2026-01-11, expiration_date: 2026-01-20}
          - {id: late, total_value: "30", start_date: 2026-01-11}
    events:
      - {on: 2026-01-31, usage: {item: calls, used_on: 2026-01-10, quantity: "7"}}
      - {on: 2026-01-31, usage: {item: calls, used_on: 2026-01-20, quantity: "110"}}
      - {on: 2026-01-31, usage: {item: calls, used_on: 2026-01-21, quantity: "50"}}
    """)
    assert money(books, type="usage") == 7
    assert money(books, type="drawdown", prepaid_commit="early") == 100
    assert money(books, type="drawdown", prepaid_commit="late") == 30
    assert money(books, type="overage", prepaid_commit="late") == 30


# ── prices ───────────────────────────────────────────────────────────────────────────────────


def group(model: str, *tiers: tuple[str | None, str], **more: Decimal) -> UsageGroup:
    steps = tuple(
        Tier(number=n, upper_quantity=None if to is None else Decimal(to), price=Decimal(price))
        for n, (to, price) in enumerate(tiers, start=1)
    )
    return UsageGroup(id="g", pricing_model=model, tiers=steps, **more)  # type: ignore[arg-type]


STEPS = (("1000", "0.10"), ("10000", "0.08"), (None, "0.05"))
AGREED = (("1000", "0.10"), ("10000", "0.07"), (None, "0.05"))


@pytest.mark.parametrize(
    ("model", "tiers", "quantity", "expected"),
    [
        ("graduated_tiered", STEPS, 12500, "945"),
        ("graduated_tiered", AGREED, 12500, "855"),
        ("volume_based", STEPS, 12500, "625"),
        ("volume_based", STEPS, 10000, "800"),
        ("volume_based", STEPS, 10001, "500.05"),
        ("unit_based", ((None, "0.08"),), 12500, "1000"),
        ("fixed_fee", ((None, "499"),), 0, "499"),
        ("graduated_tiered", STEPS, 0, "0"),
    ],
)
def test_prices(model: str, tiers: tuple[tuple[str | None, str], ...], quantity: int, expected: str):
    assert list_value(group(model, *tiers), Fraction(quantity), Policy()) == Fraction(expected)


@pytest.mark.parametrize(("quantity", "expected"), [(50, 0), (51, 3), (150, 3), (151, 6)])
def test_packages_start_after_the_free_units(quantity: int, expected: int):
    blocks = group("package", (None, "3"), package_size=Decimal(100), free_units=Decimal(50))
    assert list_value(blocks, Fraction(quantity), Policy()) == expected


def test_percentages_are_of_an_amount_of_money():
    fee = UsageGroup(id="g", pricing_model="percentage_based", tiers=(Tier(number=1, percentage=Decimal("0.90")),))
    assert list_value(fee, Fraction(250000), Policy()) == 2250


# ── minimums ─────────────────────────────────────────────────────────────────────────────────

MINIMUM = """
products:
  - id: api
    name: API
    usage_groups:
      - id: calls
        pricing_model: graduated_tiered
        tiers:
          - {to_quantity: "1000", price: "0.10"}
          - {to_quantity: "10000", price: "0.08"}
          - {price: "0.05"}
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    MINIMUM
    usage: [{id: calls, product: api, usage_group: calls}]
events:
  - {on: 2026-01-31, usage: {item: calls, used_on: 2026-01-15, USED}}
"""


@pytest.mark.parametrize(
    ("minimum", "used", "expected"),
    [
        ('minimum_monthly_commitment_amount: "5000"', 'amount: "3200"', 1800),
        ('minimum_monthly_commitment_amount: "5000"', 'amount: "5400"', 0),
        ('minimum_monthly_commitment_quantity: "10000"', 'quantity: "6500"', 280),
    ],
)
def test_minimums(played: Play, minimum: str, used: str, expected: int):
    books = played(MINIMUM.replace("MINIMUM", minimum).replace("USED", used))
    assert money(books, type="minimum") == expected


# ── splits and schedules ─────────────────────────────────────────────────────────────────────


def test_allocation_by_largest_remainder():
    shares = {"a": "33.33", "b": "33.33", "c": "33.34"}
    lines = [BundleLine(product_id=id, percentage=Decimal(share)) for id, share in shares.items()]
    assert [in_major(amount, "USD") for amount in allocate(100001, lines).values()] == [
        Decimal("333.30"),
        Decimal("333.30"),
        Decimal("333.41"),
    ]
    assert allocate(-100001, lines) == {id: -amount for id, amount in allocate(100001, lines).items()}


@pytest.mark.parametrize(
    ("method", "first", "second", "last"),
    [("standard", 54839, 100000, 45161), ("thirty_day", 53333, 100000, 46667), ("daily", 55890, 92055, 46027)],
)
def test_prorations(method: str, first: int, second: int, last: int):
    seats = Subscription(
        id="seats", total_value=Decimal(12000), starts_on=date(2026, 1, 15), ends_before=date(2027, 1, 15)
    )
    ends = [add_months(date(2025, 12, 31), n) for n in range(14)]
    (whole,) = parts(seats, "USD")
    earned = [whole.earned_through(day, method=method, rounding="half_up") for day in ends]
    amounts = [after - before for before, after in itertools.pairwise(earned)]
    assert (amounts[0], amounts[1], amounts[-1]) == (first, second, last)
    assert sum(amounts) == 1_200_000


def test_rounding_is_symmetric():
    assert [rounded(Fraction(n, 2), "half_up") for n in (1, 3, 5, -5)] == [1, 2, 3, -3]
    assert [rounded(Fraction(n, 2), "half_even") for n in (1, 3, 5, -5)] == [0, 2, 2, -2]


def test_largest_remainder_gives_ties_to_the_earlier():
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert largest_remainder(-100, [1, 1, 1]) == [-34, -33, -33]


# ── the life of a contract ───────────────────────────────────────────────────────────────────


def test_termination_releases_each_liability(played: Play):
    books = played(
        CHAIN.split("  - {on: 2026-02-28", maxsplit=1)[0]
        + '  - {on: 2026-02-10, terminate: {contract: acme, date: 2026-02-28, refund: "6000"}}\n'
    )
    assert money(books, type="adjustment") == 50000
    assert balance(books, "refund_liability", "2026-02-28") == 6000
    assert balance(books, "contract_liability", "2026-02-28") == 0
    assert balance(books, "breakage_revenue", "2026-02-28") == 50000


def test_refund_above_the_liability_is_refused(played: Play):
    books = played(
        CHAIN.split("  - {on: 2026-02-28", maxsplit=1)[0]
        + '  - {on: 2026-02-10, terminate: {contract: acme, date: 2026-02-28, refund: "56000.01"}}\n'
    )
    assert books.rows("refused") == [{"id": "5", "code": "refund_must_not_exceed_liability"}]


def test_proportional_breakage_catches_up_and_ends_at_the_total(played: Play):
    text = CHAIN.replace('rate: "0.10"', 'rate: "0.10", expected_breakage_percentage: "10"')
    text = "policy: {breakage: proportional}" + text.replace('"40000", id: mar', '"4000", id: mar')
    books = played(text + ASKED)
    assert money(books, type="breakage", period=month("2026-01")) == Decimal("2666.67")
    assert money(books, period=month("2026-02")) == Decimal("44444.44")
    assert money(books) == 80000


def test_opening_balance_is_the_pool_that_is_left(played: Play):
    books = played("""
    products: [{id: api, name: API usage}]
    contracts:
      - id: acme
        customer: Acme Inc
        start_date: 2025-01-01
        opening: {as_of: 2025-12-31, balances: [{account: contract_liability, prepaid_commit: pool, amount: "1200"}]}
        prepaid_commits: [{id: pool, product: api, total_value: "5000", start_date: 2025-01-01}]
    events:
      - {on: 2026-01-31, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-15, amount: "1500"}}
    """)
    assert money(books, type="drawdown") == 1200
    assert money(books, type="overage") == 300
    assert balance(books, "opening_balance", "2026-01-31") == -1200
    assert figure(books, "waterfall", "amount", booked=month("2025-12")) == 1200


def test_records_that_contradict_each_other_in_a_file_are_all_rejected(played: Play, tmp_path: Path):
    rows = ["id,used_on,quantity", "x,2026-01-02,1", "x,2026-01-02,2", "y,2026-01-03,5", "y,2026-01-03,5.0", ",,3"]
    (tmp_path / "usage.csv").write_text("\n".join(rows), encoding="utf-8")
    books = played(
        MINIMUM.replace("MINIMUM", "").replace("usage: {item: calls, used_on: 2026-01-15, USED}", FILE_OF_USAGE)
    )
    changed = "usage_must_not_change_under_its_id"
    assert [(row["id"], row["code"]) for row in books.rows("rejected")] == [
        ("x", changed),
        ("x", changed),
        ("1.5", "usage_must_have_a_date"),
    ]
    assert books.diary.duplicates == 1
    assert figure(books, "rated", "quantity") == 5


FILE_OF_USAGE = "usage_file: {item: calls, path: usage.csv}"


def test_untargeted_invoice_clears_the_oldest_unbilled_first(played: Play):
    books = played("""
    currency: JPY
    products: [{id: api, name: API}, {id: setup, name: Setup}]
    contracts:
      - id: acme
        customer: Acme Inc
        start_date: 2026-01-01
        usage: [{id: calls, product: api}]
        milestones: [{id: live, product: setup, date: 2026-01-10, amount: "100"}]
    events:
      - {on: 2026-01-31, usage: {item: calls, used_on: 2026-01-15, amount: "70"}}
      - {on: 2026-02-05, invoice: {contract: acme, amount: "130"}}
      - {on: 2026-02-06, invoice: {contract: acme, amount: "50"}}
      - {on: 2026-02-10, usage: {item: calls, used_on: 2026-02-10, amount: "5"}}
    """)
    assert balance(books, "unbilled_revenue", "2026-02-05") == 40
    assert balance(books, "unbilled_revenue", "2026-02-06") == 0
    assert balance(books, "contract_liability", "2026-02-06") == 10
    assert balance(books, "contract_liability", "2026-02-28") == 5
    assert figure(books, "waterfall", "amount", booked=month("2026-02"), period=month("2026-02")) == 5
