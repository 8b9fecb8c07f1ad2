"""Reading a case: every kind of term, act and question, with its defaults."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ratable.cases import records
from ratable.cases.reading import find_cases, read_case, read_cases
from ratable.cases.records import Case, Question
from ratable.errors import MalformedCaseError
from ratable.terms import (
    BundleLine,
    Contract,
    Entity,
    Milestone,
    Opening,
    OpeningBalance,
    Policy,
    PrepaidCommit,
    Product,
    ProductBundle,
    Subscription,
    Tier,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)

D = Decimal

PREPAID_CHAIN = """\
case: prepaid-chain
about: A pool of 80,000 at 20 percent runs dry in March; March is corrected in May; the rest lapses in December
source: worked chain
currency: USD
products: [{id: api, name: API usage}]
contracts:
  - id: acme
    customer: Acme Inc
    start_date: 2026-01-01
    end_date: 2026-12-31
    prepaid_commits: [{id: pool, product: api, total_value: "80000", discount_percentage: "20", rate: "0.10", \
start_date: 2026-01-01, expiration_date: 2026-12-31}]
events:
  - {on: 2026-01-01, invoice: {contract: acme, prepaid_commit: pool, amount: "80000"}}
  - {on: 2026-01-31, prepaid_usage: {prepaid_commit: pool, used_on: 2026-01-31, amount: "30000", id: jan}}
  - {on: 2026-02-01, close: 2026-01}
  - {on: 2026-02-28, prepaid_usage: {prepaid_commit: pool, used_on: 2026-02-28, amount: "50000", id: feb}}
  - {on: 2026-03-01, close: 2026-02}
  - {on: 2026-03-31, prepaid_usage: {prepaid_commit: pool, used_on: 2026-03-31, amount: "40000", id: mar}}
  - {on: 2026-04-01, close: 2026-03}
  - {on: 2026-04-01, invoice: {contract: acme, amount: "20000"}}
  - {on: 2026-05-01, close: 2026-04}
  - {on: 2026-05-12, adjustment: {prepaid_commit: pool, period: 2026-03, amount: "-30000", id: fix}}
expect:
  consumption:
    - {prepaid_commit: pool, period: 2026-03, gross: "40000", discount: "4000", net: "16000", overage: "20000", \
balance_before: "16000", balance_after: "0"}
  revenue:
    - {period: 2026-01, amount: "24000"}
    - {period: 2026-03, amount: "36000"}
    - {period: 2026-05, service_period: 2026-03, type: overage, amount: "-20000"}
    - {period: 2026-05, service_period: 2026-03, type: drawdown, amount: "-8000"}
    - {period: 2026-12, type: breakage, amount: "8000"}
    - {contract: acme, amount: "80000"}
  balances:
    - {at: 2026-03-31, account: unbilled_revenue, amount: "20000"}
    - {at: 2026-04-30, account: unbilled_revenue, amount: "0"}
    - {at: 2026-05-31, account: contract_liability, amount: "8000"}
    - {at: 2026-12-31, account: contract_liability, amount: "0"}
    - {at: 2026-12-31, account: accounts_receivable, amount: "80000"}
  prepaid_commits:
    - {prepaid_commit: pool, at: 2026-03-31, remaining: "0", status: EXHAUSTED}
    - {prepaid_commit: pool, at: 2026-05-31, remaining: "8000", status: ACTIVE}
"""

PRODUCTS = """\
case: forms
products:
  - id: api
    name: API calls
    usage_groups:
      - id: calls
        unit_of_measure: call
        pricing_model: graduated_tiered
        tiers:
          - {to_quantity: "1000",  price: "0.10"}
          - {from_quantity: "1000", to_quantity: "10000", price: "0.08", flat_fee: "5"}
          - {price: "0.05"}
      - {id: blocks, pricing_model: package, package_size: "100", free_units: "50", currency: EUR, tiers: [{price: "3"}]}
      - {id: payments, pricing_model: percentage_based, tiers: [{percentage: "0.9"}]}
  - {id: support, name: Support}
product_bundles:
  - id: suite
    lines: [{product: api, percentage: "60"}, {product: support, percentage: "40"}]
  - id: pair
    lines: [{product: api, standalone_price: "120"}, {product: support, standalone_price: "80"}]
"""

CONTRACT = """\
contracts:
  - id: acme
    customer: Acme Inc
    currency: EUR
    start_date: 2026-01-01
    end_date: 2026-12-31
    minimum_monthly_commitment_amount: "5000"
    minimum_monthly_commitment_quantity: "10000"
    opening: {as_of: 2025-12-31, balances: [{account: contract_liability, prepaid_commit: pool, amount: "1200"}]}
    tier_price_overrides: [{product: api, usage_group: calls, tier: 2, price: "0.07"}]
    usage:
      - {id: acme-calls, product: api, usage_group: calls, start_date: 2026-02-01, end_date: 2026-02-28}
      - {id: acme-suite, product_bundle: suite}
      - {id: acme-drawn, product: api, usage_group: blocks, draws: true}
    prepaid_commits:
      - {id: pool, product: api, total_value: "80000", discount_percentage: "20", rate: "0.10", start_date: 2026-01-01,
         expiration_date: 2026-12-31, priority: 2, expected_breakage_percentage: "10"}
      - {id: endless, total_value: "1", start_date: 2026-03-01}
    subscriptions:
      - {id: seats, product: support, total_value: "12000", start_date: 2026-01-15, end_date: 2027-01-14}
    milestones:
      - {id: go-live, product: support, date: 2026-02-10, amount: "2500"}
  - {id: evergreen, customer: Beta, start_date: 2026-05-01, usage: [{id: beta-api, product: api}]}
"""


def write(folder: Path, text: str, name: str = "case.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Case:
    return read_case(write(folder, text))


def entry(folder: Path, act: str) -> records.Act:
    case = read(folder, f"case: one\nevents:\n  - {{on: 2026-01-31, {act}}}\n")
    return case.entries[0].act


def test_the_complete_case_of_the_format(tmp_path: Path):
    case = read(tmp_path, PREPAID_CHAIN)

    assert (case.case, case.line, case.source) == ("prepaid-chain", 1, "worked chain")
    assert case.terms.products == (Product(id="api", name="API usage"),)
    assert case.terms.contracts == (
        Contract(
            id="acme",
            customer="Acme Inc",
            currency="USD",
            starts_on=date(2026, 1, 1),
            ends_before=date(2027, 1, 1),
            prepaid_commits=(
                PrepaidCommit(
                    id="pool",
                    product_id="api",
                    total_value=D(80000),
                    discount_percentage=D(20),
                    rate=D("0.10"),
                    starts_on=date(2026, 1, 1),
                    ends_before=date(2027, 1, 1),
                ),
            ),
        ),
    )
    assert [each.number for each in case.entries] == list(range(1, 11))
    assert case.entries[2] == records.Entry(
        number=3, on=date(2026, 2, 1), act=records.Close(period=date(2026, 1, 1)), line=15
    )
    assert case.entries[9].act == records.Adjustment(
        prepaid_commit="pool", period=date(2026, 3, 1), amount=D(-30000), id="fix"
    )
    assert len(case.questions) == 14
    assert case.questions[3] == Question(
        table="revenue",
        line=29,
        keys=(("period", "2026-05"), ("service_period", "2026-03"), ("type", "overage")),
        figures=(("amount", "-20000"),),
    )
    assert case.questions[13].keys == (("at", "2026-05-31"), ("prepaid_commit", "pool"))
    assert case.questions[13].figures == (("remaining", "8000"), ("status", "ACTIVE"))


def test_products_and_bundles(tmp_path: Path):
    terms = read(tmp_path, PRODUCTS).terms

    assert terms.products[0].usage_groups == (
        UsageGroup(
            id="calls",
            pricing_model="graduated_tiered",
            unit_of_measure="call",
            tiers=(
                Tier(number=1, upper_quantity=D(1000), price=D("0.10")),
                Tier(number=2, lower_quantity=D(1000), upper_quantity=D(10000), price=D("0.08"), flat_fee=D(5)),
                Tier(number=3, price=D("0.05")),
            ),
        ),
        UsageGroup(
            id="blocks",
            pricing_model="package",
            package_size=D(100),
            free_units=D(50),
            currency="EUR",
            tiers=(Tier(number=1, price=D(3)),),
        ),
        UsageGroup(id="payments", pricing_model="percentage_based", tiers=(Tier(number=1, percentage=D("0.9")),)),
    )
    assert str(terms.products[0].usage_groups[0].tiers[0].price) == "0.10"
    assert terms.product_bundles == (
        ProductBundle(
            id="suite",
            lines=(BundleLine(product_id="api", percentage=D(60)), BundleLine(product_id="support", percentage=D(40))),
        ),
        ProductBundle(
            id="pair",
            lines=(
                BundleLine(product_id="api", standalone_price=D(120)),
                BundleLine(product_id="support", standalone_price=D(80)),
            ),
        ),
    )


def test_contracts_with_their_defaults(tmp_path: Path):
    acme, evergreen = read(tmp_path, PRODUCTS + CONTRACT).terms.contracts
    start, end = date(2026, 1, 1), date(2027, 1, 1)

    assert (acme.currency, acme.starts_on, acme.ends_before) == ("EUR", date(2026, 1, 1), date(2027, 1, 1))
    assert acme.minimum_monthly_commitment_amount == D(5000)
    assert acme.minimum_monthly_commitment_quantity == D(10000)
    balance = OpeningBalance(account="contract_liability", amount=D(1200), prepaid_commit_id="pool")
    assert acme.opening == Opening(as_of=date(2025, 12, 31), balances=(balance,))
    assert acme.tier_price_overrides == (
        TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=2, price=D("0.07")),
    )
    assert acme.usage_items == (
        UsageItem(
            id="acme-calls",
            product_id="api",
            usage_group_id="calls",
            starts_on=date(2026, 2, 1),
            ends_before=date(2026, 3, 1),
        ),
        UsageItem(id="acme-suite", product_bundle_id="suite", starts_on=start, ends_before=end),
        UsageItem(
            id="acme-drawn", product_id="api", usage_group_id="blocks", draws=True, starts_on=start, ends_before=end
        ),
    )
    assert acme.prepaid_commits[0].priority == 2
    assert acme.prepaid_commits[0].expected_breakage_percentage == D(10)
    assert acme.prepaid_commits[1] == PrepaidCommit(id="endless", total_value=D(1), starts_on=date(2026, 3, 1))
    assert acme.subscriptions == (
        Subscription(
            id="seats",
            product_id="support",
            total_value=D(12000),
            starts_on=date(2026, 1, 15),
            ends_before=date(2027, 1, 15),
        ),
    )
    assert acme.milestones == (Milestone(id="go-live", product_id="support", on=date(2026, 2, 10), amount=D(2500)),)
    assert (evergreen.currency, evergreen.ends_before) == ("USD", None)
    assert evergreen.usage_items == (UsageItem(id="beta-api", product_id="api", starts_on=date(2026, 5, 1)),)


def test_entity_and_policy(tmp_path: Path):
    policy = "policy: {rounding: half_even, breakage: proportional, late_usage: reject, cascade: false}\n"
    terms = read(tmp_path, "case: one\nentity: {id: berlin, timezone: Europe/Berlin}\n" + policy).terms

    assert terms.entity == Entity(id="berlin", timezone="Europe/Berlin")
    assert terms.policy == Policy(rounding="half_even", breakage="proportional", late_usage="reject", cascade=False)
    assert read(tmp_path, "case: two\n").terms.policy == Policy()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("invoice: {contract: c, amount: 5}", records.Invoice(contract="c", amount=D(5))),
        (
            "invoice: {contract: c, subscription: s, amount: '5.10'}",
            records.Invoice(contract="c", subscription="s", amount=D("5.10")),
        ),
        (
            "invoice: {contract: c, amount: 5, of_usage: true}",
            records.Invoice(contract="c", amount=D(5), is_of_usage=True),
        ),
        ("invoice: {contract: c, amount: 5, of_usage: false}", records.Invoice(contract="c", amount=D(5))),
        ("payment: {contract: c, amount: 5}", records.Payment(contract="c", amount=D(5))),
        (
            "usage: {item: i, used_on: 2026-01-15, quantity: 12_500, id: e1}",
            records.Usage(item="i", used_on="2026-01-15", quantity="12_500", id="e1"),
        ),
        (
            "late_usage: {item: i, used_at: 2026-01-15T23:30:00+01:00, amount: x, currency: EUR, dimensions: {k: v}}",
            records.Usage(
                item="i", used_at="2026-01-15T23:30:00+01:00", amount="x", currency="EUR", dimensions=(("k", "v"),)
            ),
        ),
        ("usage: {item: nobody}", records.Usage(item="nobody")),
        (
            "prepaid_usage: {prepaid_commit: p, used_on: 2026-01-15, amount: '7', events: 300000, id: p1}",
            records.PrepaidUsage(prepaid_commit="p", used_on="2026-01-15", amount="7", events=300000, id="p1"),
        ),
        (
            "prepaid_usage: {contract: c, used_on: soon, amount: '7'}",
            records.PrepaidUsage(contract="c", used_on="soon", amount="7"),
        ),
        ("void_usage: {id: e1}", records.VoidUsage(id="e1")),
        ("close: 2026-01", records.Close(period=date(2026, 1, 1))),
        ("reopen: 2026-01", records.Reopen(period=date(2026, 1, 1))),
        (
            "allocate: {item: i, lines: [{product: a, percentage: 65}, {product: b, percentage: 35}]}",
            records.Allocate(
                item="i",
                lines=(BundleLine(product_id="a", percentage=D(65)), BundleLine(product_id="b", percentage=D(35))),
            ),
        ),
        ("top_up: {prepaid_commit: p, amount: 5}", records.TopUp(prepaid_commit="p", amount=D(5))),
        (
            "estimate: {prepaid_commit: p, expected_breakage_percentage: 5}",
            records.Estimate(prepaid_commit="p", expected_breakage_percentage=D(5)),
        ),
        ("credit_memo: {contract: c, amount: 1}", records.CreditMemo(contract="c", amount=D(1))),
        (
            "credit_memo: {contract: c, amount: 1, period: 2026-05, against: liability, prepaid_commit: p}",
            records.CreditMemo(
                contract="c", amount=D(1), period=date(2026, 5, 1), against="liability", prepaid_commit="p"
            ),
        ),
        ("terminate: {contract: c, date: 2026-06-30}", records.Terminate(contract="c", on=date(2026, 6, 30))),
    ],
)
def test_acts(tmp_path: Path, act: str, expected: records.Act):
    assert entry(tmp_path, act) == expected


def test_usage_files_are_found_beside_the_case(tmp_path: Path):
    write(tmp_path, "id,used_on,quantity\n", "usage.csv")
    write(tmp_path, "item,id,used_on,quantity\n", "items.csv")
    pq.write_table(pa.table({"item": ["i"], "quantity": ["1"]}), tmp_path / "items.parquet")

    assert entry(tmp_path, "usage_file: {item: i, path: usage.csv}") == records.UsageFile(
        path=tmp_path / "usage.csv", item="i"
    )
    assert entry(tmp_path, "usage_file: {path: items.csv}") == records.UsageFile(path=tmp_path / "items.csv")
    assert entry(tmp_path, "usage_file: {path: items.parquet}") == records.UsageFile(path=tmp_path / "items.parquet")


def test_rows_that_must_exist_and_rows_that_must_not(tmp_path: Path):
    questions = read(
        tmp_path,
        "case: one\nexpect:\n  rejected: [{id: e1, code: period_must_be_open}]\n  revenue: [{item: i, absent: true}]\n",
    ).questions

    assert questions[0].keys == (("id", "e1"), ("code", "period_must_be_open"))
    assert (questions[0].figures, questions[0].absent) == ((), False)
    assert (questions[1].keys, questions[1].absent) == ((("item", "i"),), True)


# ── many files ───────────────────────────────────────────────────────────────────────────────


def test_cases_are_found_in_folders_in_order(tmp_path: Path):
    (tmp_path / "b").mkdir()
    found = [write(tmp_path, "", "a.yaml"), write(tmp_path / "b", "", "c.yml"), write(tmp_path, "", "z.yaml")]
    write(tmp_path, "", "notes.md")

    assert find_cases([tmp_path]) == found
    assert find_cases([found[2], tmp_path / "b", found[2]]) == [found[1], found[2]]
    with pytest.raises(MalformedCaseError, match=r"none:1: there is no such file or folder"):
        find_cases([tmp_path / "none"])


def test_all_malformed_files_are_told_and_names_are_unique(tmp_path: Path):
    paths = [
        write(tmp_path, "case: one\n", "1.yaml"),
        write(tmp_path, "case: two\nx: y\n", "2.yaml"),
        write(tmp_path, "# again\ncase: one\n", "3.yaml"),
    ]
    cases, errors = read_cases(paths)

    assert [case.path for case in cases] == [paths[0]]
    assert [(error.file, error.line, error.key) for error in errors] == [(paths[1], 2, "x"), (paths[2], 2, "case")]
    assert errors[1].message == f"'one' is already the name of {paths[0]}"
