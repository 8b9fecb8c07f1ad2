"""Malformed files: each names its file, the line and the key of what is not the format."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratable.cases.reading import read_case
from ratable.errors import MalformedCaseError

PRODUCTS = """\
case: forms
products:
  - id: api
    name: API calls
    usage_groups:
      - {id: calls, pricing_model: unit_based, tiers: [{price: 1}]}
"""


def write(folder: Path, text: str, name: str = "case.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> tuple[int, str, str]:
    """Line, key and message of the error; the file is always the one read."""
    path = write(folder, text)
    with pytest.raises(MalformedCaseError) as caught:
        read_case(path)
    error = caught.value
    assert error.file == path
    assert str(error) == ": ".join(part for part in (f"{path}:{error.line}", error.key, error.message) if part)
    return error.line, error.key, error.message


# ── what is not YAML of ours ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("", 1, "case", "empty"),
        ("# nothing\n", 1, "case", "empty"),
        ("just a text\n", 1, "case", "must be a mapping, not a text"),
        ("case: one\nabout: a\nabout: b\n", 3, "about", "already on line 2"),
        ("case: one\nabout: &a b\n", 2, "about", "anchors"),
        ("case: one\nabout: *a\n", 2, "about", "anchors"),
        ("case: one\npolicy:\n  <<: {cascade: true}\n", 3, "<<", "merge keys"),
        ("case: one\nabout: !!str b\n", 2, "about", "tags"),
        ("case: one\n? [a, b]\n: c\n", 2, "", "a key must be a plain text"),
        ("case: one\n---\ncase: two\n", 2, "", "a second document"),
        ("case: one\nabout: {a: [b}\n", 2, "", "not YAML"),
        ("case: one\nabout: \x00\n", 2, "", "not YAML"),
        ("case: " + "[" * 30, 1, "case", "deeper"),
    ],
)
def test_what_two_readers_could_read_differently(tmp_path: Path, text: str, line: int, key: str, message: str):
    found = refused(tmp_path, text)

    assert found[:2] == (line, key)
    assert message in found[2]


def test_a_file_that_is_not_text_and_a_file_that_is_not_there(tmp_path: Path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"case: one\nabout: caf\xe9\n")

    with pytest.raises(MalformedCaseError, match=r"latin\.yaml:2: is not UTF-8 text"):
        read_case(path)
    with pytest.raises(MalformedCaseError, match=r"none\.yaml:1: cannot be read"):
        read_case(tmp_path / "none.yaml")


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path):
    assert read_case(write(tmp_path, "\ufeffcase: one\n")).case == "one"


# ── what is not the format ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("about: x\n", 1, "case", "required and missing"),
        ("case: Not Kebab\n", 1, "case", "kebab-case"),
        ("case: one\ncurency: USD\n", 2, "curency", "unknown key"),
        ("case: one\ncurrency: usd\n", 2, "currency", "ISO 4217"),
        ("case: one\ncurrency: USX\n", 2, "currency", "ISO 4217"),
        ("case: one\nabout: [a]\n", 2, "about", "must be a text, not a list"),
        ("case: one\npolicy: half_up\n", 2, "policy", "must be a mapping, not a text"),
        ("case: one\npolicy: {rounding: up}\n", 2, "rounding", "not one of half_up, half_even"),
        ("case: one\npolicy: {cascade: yes}\n", 2, "cascade", "not true or false"),
        ("case: one\nentity: {id: e, timezone: Mars/Base}\n", 2, "timezone", "not a time zone"),
        ("case: one\nproducts: {id: a}\n", 2, "products", "must be a list, not a mapping"),
        ("case: one\nproducts:\n  - a\n", 3, "products", "must be a mapping, not a text"),
        ("case: one\nproducts:\n  - {id: a, name: ''}\n", 3, "name", "must not be empty"),
        ("case: one\nproducts:\n  - {id: a, name: A}\n  - {id: a, name: B}\n", 4, "id", "product on line 3"),
        ("case: one\nproduct_bundles:\n  - {id: b, lines: [{product: x}]}\n", 3, "product", "no product 'x'"),
    ],
)
def test_terms_that_are_not_the_format(tmp_path: Path, text: str, line: int, key: str, message: str):
    found = refused(tmp_path, text)

    assert found[:2] == (line, key)
    assert message in found[2]


GROUP = (
    "case: one\nproducts:\n  - id: api\n    name: API\n    usage_groups:\n      - {id: g, pricing_model: unit_based, "
)


@pytest.mark.parametrize(
    ("rest", "key", "message"),
    [
        ("tiers: [{price: 1e3}]", "price", "not a decimal number"),
        ("tiers: [{price: 1_000}]", "price", "not a decimal number"),
        ("tiers: [{price: NaN}]", "price", "not a decimal number"),
        ("tiers: [{price: '+1'}]", "price", "not a decimal number"),
        ("tiers: [{price: ' 1'}]", "price", "not a decimal number"),
        ("tiers: [{price: .5}]", "price", "not a decimal number"),
        ("tiers: [{price: '\u0661'}]", "price", "not a decimal number"),
        ("tiers: [{price: 0.1234567890123}]", "price", "at most 12 decimals"),
        ("tiers: [{price: {amount: 1}}]", "price", "must be a text, not a mapping"),
        ("tiers: [{to: 1}]", "to", "unknown key"),
        ("tiers: []}\n      - {id: g, pricing_model: unit_based, tiers: []", "id", "usage group on line 6"),
        ("tiers: [], package_size: 100", "package_size", "belongs to pricing_model package"),
        ("unit_of_measure: call", "tiers", "required and missing"),
        ("tiers: [{price: 1}], formula: usageQuantity() * 2", "formula", "unknown key"),
        ("tiers: [{price: 1}], rolling_window: 3", "rolling_window", "unknown key"),
        ("tiers: [{price: 1}], bill_cycle_day: 15", "bill_cycle_day", "unknown key"),
        ("tiers: [{price: 1}], rating_group: billing_period", "rating_group", "'billing_period'"),
    ],
)
def test_price_plans_that_are_not_the_format(tmp_path: Path, rest: str, key: str, message: str):
    line, found_key, found = refused(tmp_path, f"{GROUP}{rest}}}\n")

    assert (line, found_key) == (7 if key == "id" else 6, key)
    assert message in found


@pytest.mark.parametrize(
    ("rest", "key", "message"),
    [
        ("start_date: 2026-02-30", "start_date", "not a date"),
        ("start_date: 20260201", "start_date", "not a date"),
        ("start_date: 2026-02-01, end_date: 9999-12-31", "end_date", "between the years 1900 and 2999"),
        ("start_date: 2026-02-01, usage: [{id: i}]", "product", "either product or product_bundle"),
        ("start_date: 2026-02-01, usage: [{id: i, product: api, product_bundle: b}]", "product", "either product or"),
        ("start_date: 2026-02-01, usage: [{id: i, product: nope}]", "product", "no product 'nope'"),
        (
            "start_date: 2026-02-01, usage: [{id: i, product: api, usage_group: nope}]",
            "usage_group",
            "no usage group 'nope' of 'api'",
        ),
        (
            "start_date: 2026-02-01, tier_price_overrides: [{product: api, usage_group: calls, tier: two, price: 1}]",
            "tier",
            "not a whole number",
        ),
        (
            (
                "start_date: 2026-02-01, tier_price_overrides: [{product: api, usage_group: calls, tier: 1, price: 1}, "
                "{product: api, usage_group: calls, tier: 1, price: 2}]"
            ),
            "tier",
            "already overridden",
        ),
        (
            "start_date: 2026-02-01, opening: {as_of: 2026-01-31, balances: [{account: cash, prepaid_commit: x, amount: 1}]}",
            "prepaid_commit",
            "no prepaid commit 'x' of 'c'",
        ),
        (
            "start_date: 2026-02-01, opening: {as_of: 2026-01-31, balances: [{account: deferred, amount: 1}]}",
            "account",
            "not one of",
        ),
        ("start_date: 2026-02-01, prepaid_commits: [{id: p, start_date: 2026-02-01}]", "total_value", "missing"),
        ("start_date: 2026-02-01, milestones: [{id: m, date: 2026-02-01}]", "amount", "missing"),
    ],
)
def test_contracts_that_are_not_the_format(tmp_path: Path, rest: str, key: str, message: str):
    line, found_key, found = refused(tmp_path, f"{PRODUCTS}contracts:\n  - {{id: c, customer: C, {rest}}}\n")

    assert (line, found_key) == (len(PRODUCTS.splitlines()) + 2, key)
    assert message in found


@pytest.mark.parametrize(
    ("act", "key", "message"),
    [
        ("", "on", "exactly one act, not 0"),
        ("close: 2026-01, reopen: 2026-01", "reopen", "exactly one act, not 2"),
        ("bill: {contract: c}", "bill", "unknown key"),
        ("close: 2026-13", "close", "not a month"),
        ("close: {period: 2026-01}", "close", "must be a text, not a mapping"),
        ("payment: 5", "payment", "must be a mapping, not a text"),
        ("payment: {contract: c, amount: five}", "amount", "not a decimal number"),
        ("invoice: {contract: c, amount: 1, prepaid_commit: p, milestone: m}", "milestone", "one target"),
        ("invoice: {contract: c, amount: 1, prepaid_commit: p, of_usage: true}", "of_usage", "one target"),
        ("invoice: {contract: c, amount: 1, of_usage: maybe}", "of_usage", "true or false"),
        ("usage: {used_on: 2026-01-15}", "item", "required and missing"),
        ("usage: {item: i, quantity: [1]}", "quantity", "must be a text, not a list"),
        ("usage: {item: i, used_on: 2026-01-15, used_at: 2026-01-15T00:00:00Z}", "used_at", "do not go together"),
        ("prepaid_usage: {amount: 1}", "prepaid_commit", "prepaid_commit or contract is required"),
        ("prepaid_usage: {prepaid_commit: p, contract: c}", "contract", "do not go together"),
        ("prepaid_usage: {contract: c, events: -1}", "events", "not a whole number"),
        ("usage_file: {item: i, path: none.csv}", "path", "there is no file none.csv"),
        ("usage_file: {item: i, path: case.yaml}", "path", "neither .csv nor .parquet"),
        ("usage_file: {item: i, path: /none.csv}", "path", "relative to the case file"),
        ("usage_file: {path: usage.csv}", "item", "no column item"),
        ("usage_file: {path: bad.parquet}", "path", "not a Parquet file"),
        ("usage_file: {path: bad.csv}", "path", "not a CSV file in UTF-8"),
        ("allocate: {item: i, lines: [{product: a}, {product: a}]}", "product", "already a line"),
        ("credit_memo: {contract: c, amount: 1, against: liability}", "against", "goes with prepaid_commit"),
        ("credit_memo: {contract: c, amount: 1, prepaid_commit: p}", "against", "goes with prepaid_commit"),
    ],
)
def test_entries_that_are_not_the_format(tmp_path: Path, act: str, key: str, message: str):
    write(tmp_path, "id,used_on,quantity\n", "usage.csv")
    write(tmp_path, "not parquet", "bad.parquet")
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\n")
    line, found_key, found = refused(tmp_path, f"case: one\nevents:\n  - {{on: 2026-01-31, {act}}}\n")

    assert (line, found_key) == (3, key)
    assert message in found


def test_on_never_decreases(tmp_path: Path):
    line, key, message = refused(
        tmp_path, "case: one\nevents:\n  - {on: 2026-02-01, close: 2026-01}\n  - {on: 2026-01-31, close: 2026-02}\n"
    )

    assert (line, key) == (4, "on")
    assert message == "2026-01-31 is before 2026-02-01, the entry above"


@pytest.mark.parametrize(
    ("expect", "key", "message"),
    [
        ("reveneu: [{amount: 1}]", "reveneu", "unknown key"),
        ("revenue: [{perod: 2026-01, amount: 1}]", "perod", "unknown key"),
        ("revenue: [{period: 2026-1, amount: 1}]", "period", "not a month"),
        ("revenue: [{type: sales, amount: 1}]", "type", "not one of usage, drawdown"),
        ("revenue: [{amount: 1.0e3}]", "amount", "not a decimal number"),
        ("revenue: [{period: 2026-01}]", "revenue", "nothing is asked"),
        ("revenue: [{amount: 1, absent: true}]", "absent", "has no figures"),
        ("balances: [{account: cash, amount: 1}]", "at", "required and missing"),
        ("balances: [{at: 2026-01-31, account: deferred_revenue, amount: 1}]", "account", "not one of"),
        ("prepaid_commits: [{at: 2026-01-31, status: DEAD}]", "status", "not one of ACTIVE, EXHAUSTED, EXPIRED"),
        ("rated: [{tier: one, amount: 1}]", "tier", "not a whole number"),
        ("rejected: [{code: nonsense}]", "code", "not one of"),
        ("refused: [{code: period_must_be_open}]", "code", "not one of"),
        ("rejected: [{amount: 1}]", "amount", "unknown key"),
    ],
)
def test_questions_that_are_not_the_format(tmp_path: Path, expect: str, key: str, message: str):
    line, found_key, found = refused(tmp_path, f"case: one\nexpect:\n  {expect}\n")

    assert (line, found_key) == (3, key)
    assert message in found
