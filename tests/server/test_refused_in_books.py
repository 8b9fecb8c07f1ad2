"""Cases with terms that the calculation takes and the books do not: these are left out like any that cannot be."""

from __future__ import annotations

from pathlib import Path

from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable_server.actor import Actor
from ratable_server.operations.case_files import answer_case, play_case

PLANS = """\
case: prices-of-before
about: prices in another measure than their plan, told before there was a rule
source: by hand
products:
  - id: pay
    name: Payments
    usage_groups:
      - {id: volume, pricing_model: percentage_based, tiers: [{price: "0.9"}]}
      - {id: turnover, pricing_model: percentage_based, tiers: [{percentage: "1"}]}
contracts:
"""
PLAN_OF_BEFORE = """\
  - id: c
    customer: Customer
    start_date: 2026-01-01
    tier_price_overrides: [{product: pay, usage_group: volume, tier: 1, price: "0.8"}]
    usage: [{id: by-price, product: pay, usage_group: volume}, {id: by-share, product: pay, usage_group: turnover}]
events:
  - {on: 2026-01-05, usage: {id: u, item: by-price, used_on: 2026-01-05, quantity: "10"}}
  - {on: 2026-01-05, usage: {item: by-share, used_on: 2026-01-05, quantity: "1000"}}
expect:
"""
OWN_PRICE_OF_BEFORE = """\
  - id: c
    customer: Customer
    start_date: 2026-01-01
    tier_price_overrides: [{product: pay, usage_group: turnover, tier: 1, price: "0.8"}]
    usage: [{id: by-own-price, product: pay, usage_group: turnover}]
events:
  - {on: 2026-01-05, usage: {id: u, item: by-own-price, used_on: 2026-01-05, quantity: "10"}}
expect:
"""
PLAN_ALONE = """\
  rated:
    - {item: by-price, period: 2026-01, quantity: "10", amount: "8.00"}
    - {item: by-share, period: 2026-01, quantity: "1000", amount: "10.00"}
"""
PLAN_IN_BOOKS = """\
  rated: [{item: by-share, period: 2026-01, quantity: "1000", amount: "10.00"}]
  rejected: [{id: u, code: item_must_have_a_price}]
"""
OWN_PRICE_ALONE = """\
  rated: [{item: by-own-price, period: 2026-01, quantity: "10", amount: "8.00"}]
"""
OWN_PRICE_IN_BOOKS = """\
  rated: []
  rejected: [{id: u, code: usage_must_name_a_known_item}]
"""


def test_a_plan_with_a_price_of_before_is_left_out_of_the_books_and_told(tmp_path: Path, actor: Actor):
    _holds(tmp_path, actor, PLANS + PLAN_OF_BEFORE, alone=PLAN_ALONE, in_books=PLAN_IN_BOOKS, refused=["volume"])


def test_a_contract_with_an_own_price_of_before_is_left_out_of_the_books_and_told(tmp_path: Path, actor: Actor):
    _holds(
        tmp_path,
        actor,
        PLANS + OWN_PRICE_OF_BEFORE,
        alone=OWN_PRICE_ALONE,
        in_books=OWN_PRICE_IN_BOOKS,
        refused=["volume", "c"],
    )


def _holds(folder: Path, actor: Actor, story: str, *, alone: str, in_books: str, refused: list[str]) -> None:
    """One story, with what the calculation says of it; with what the books say only that they refuse terms is wrong."""
    path = folder / "case.yaml"
    path.write_text(story + alone, encoding="utf-8")
    case = read_case(path)
    assert judge(case, play(case)).wrong == ()
    path.write_text(story + in_books, encoding="utf-8")
    case = read_case(path)
    verdict = judge(case, answer_case(actor=actor, played=play_case(actor=actor, case=case)))
    assert [(answer.table, answer.rows) for answer in verdict.wrong] == [
        ("refused", [{"id": name, "code": "price_must_fit_the_pricing_model"}]) for name in refused
    ]
