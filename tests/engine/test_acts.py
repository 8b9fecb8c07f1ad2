"""Ids, amounts and allocations that cannot be: each has its answer and leaves nothing in the books."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratable.cases.answers import Answers
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.errors import MalformedCaseError

HUGE = "99999999999999999"
TERMS = """\
case: acts
products: [{{id: p, name: P}}, {{id: q, name: Q}}]
product_bundles: [{{id: both, lines: [{{product: p, percentage: "60"}}, {{product: q, percentage: "40"}}]}}]
contracts:
  - id: acme
    customer: Acme
    start_date: 2026-01-01
    usage: [{{id: {item}, product_bundle: both}}]
    milestones: [{{id: m, date: 2026-01-10, amount: "{amount}"}}]
events:
"""


def played(folder: Path, *acts: str, item: str = "i", amount: str = "10") -> Answers:
    path = folder / "case.yaml"
    entries = "".join(f"  - {{on: 2026-01-31, {act}}}\n" for act in acts)
    path.write_text(TERMS.format(item=item, amount=amount) + (entries or "  []\n"), encoding="utf-8")
    return play(read_case(path))


def codes(answers: Answers) -> list[str]:
    return [str(row["code"]) for row in answers.stage_tables()["refused"].to_pylist()]


@pytest.mark.parametrize(
    "act",
    [
        'usage: {id: "!a", item: i, used_on: 2026-01-15, amount: "1"}',
        'usage: {item: "!i", used_on: 2026-01-15, amount: "1"}',
        'void_usage: {id: "!a"}',
        'prepaid_usage: {prepaid_commit: "!c", used_on: 2026-01-15, amount: "1"}',
        'usage_file: {item: "!i", path: usage.csv}',
        "usage_file: {path: usage.csv}",
    ],
)
def test_ids_of_facts_do_not_begin_as_streams_do(tmp_path: Path, act: str):
    (tmp_path / "usage.csv").write_text("item,used_on,amount\n!i,2026-01-15,1\n", encoding="utf-8")

    with pytest.raises(MalformedCaseError, match="begins with !"):
        played(tmp_path, act)


def test_ids_of_terms_do_not_begin_as_streams_do(tmp_path: Path):
    with pytest.raises(MalformedCaseError, match=r"case\.yaml:8: id: '!acme' begins with !"):
        played(tmp_path, item='"!acme"')


def test_an_amount_that_64_bits_do_not_hold_is_refused(tmp_path: Path):
    acts = [f'{act}: {{contract: acme, amount: "{HUGE}"}}' for act in ("invoice", "payment", "credit_memo")]
    answers = played(tmp_path, *acts, amount=HUGE)

    assert codes(answers) == ["amount_must_fit_currency"] * 4
    assert answers.stage_tables()["journal"].num_rows == 0


def test_digits_are_counted_exactly(tmp_path: Path):
    exact, one_too_many = "90000000000000000.00", "123456789012345678.000000000001"
    assert codes(played(tmp_path, f'payment: {{contract: acme, amount: "{exact}"}}')) == []
    assert codes(played(tmp_path, f'payment: {{contract: acme, amount: "{one_too_many}"}}')) == [
        "amount_must_fit_currency"
    ]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ('percentage: "60"', 'standalone_price: "4"', "bundle_must_use_one_basis"),
        ('percentage: "100"', "", "bundle_must_use_one_basis"),
        ('percentage: "120"', 'percentage: "-20"', "percentage_must_be_between_0_and_100"),
        ('percentage: "60"', 'percentage: "30"', "allocation_must_sum_to_total"),
        ('standalone_price: "0"', 'standalone_price: "0"', "amount_must_be_positive"),
        ('standalone_price: "5"', 'standalone_price: "-1"', "amount_must_be_positive"),
    ],
)
def test_an_allocation_is_judged_like_a_bundle(tmp_path: Path, first: str, second: str, code: str):
    lines = ", ".join(f"{{product: {name}, {basis}}}" for name, basis in (("p", first), ("q", second)))
    usage = 'usage: {item: i, used_on: 2026-01-15, amount: "10"}'
    answers = played(tmp_path, f"allocate: {{item: i, lines: [{lines}]}}", usage)
    split = {row["product"]: row["amount"] for row in answers.rows("allocated")}

    assert codes(answers) == [code]
    assert split == {"p": 6, "q": 4}
