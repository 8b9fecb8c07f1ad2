"""Terms that cannot be, and price plans that surprise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable.cases.reading import read_case
from ratable.errors import REFUSAL_CODES, REFUSALS, REJECTION_CODES, REJECTIONS, WARNING_CODES
from ratable.price_plans import check_price_plan, tiers_with_lower_bounds
from ratable.terms import PricingModel, RatingOptions, Tier, UsageGroup
from ratable.terms_rules import check_terms, warn_of_terms

D = Decimal


def plan(model: PricingModel, *tiers: tuple[str | None, str | None], size: str | None = None) -> UsageGroup:
    """A price plan of (upper bound, price) pairs."""
    return UsageGroup(
        id="g",
        pricing_model=model,
        package_size=None if size is None else D(size),
        tiers=tuple(
            Tier(
                number=number,
                upper_quantity=None if upper is None else D(upper),
                price=None if price is None else D(price),
            )
            for number, (upper, price) in enumerate(tiers, start=1)
        ),
    )


def starting_at(*starts: str) -> UsageGroup:
    """Tiers up to 10, up to 20 and open, with their lower bounds written."""
    uppers = [D(10), D(20), None]
    tiers = (
        Tier(number=number, lower_quantity=D(start), upper_quantity=upper, price=D(1))
        for number, (start, upper) in enumerate(zip(starts, uppers, strict=True), start=1)
    )
    return UsageGroup(id="g", pricing_model="graduated_tiered", tiers=tuple(tiers))


def codes(group: UsageGroup) -> list[str]:
    refusals, warnings = check_price_plan(group)
    assert not warnings
    assert {(refusal.id, refusal.kind, refusal.contract) for refusal in refusals} <= {("g", "usage_group", None)}
    return [refusal.code for refusal in refusals]


# ── one price plan ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "group",
    [
        plan("graduated_tiered", ("1000", "0.10"), ("10000", "0.08"), (None, "0.05")),
        plan("unit_based", (None, "0")),
        plan("package", (None, "3"), size="100"),
        starting_at("0", "10", "20"),
        starting_at("1", "11", "21"),
        starting_at("0", "10.1", "20.5"),
    ],
)
def test_plans_that_can_be(group: UsageGroup):
    assert check_price_plan(group) == ([], [])


@pytest.mark.parametrize(
    ("group", "code"),
    [
        (plan("unit_based"), "tiers_must_have_one_open_end"),
        (plan("unit_based", ("10", "1")), "tiers_must_have_one_open_end"),
        (plan("unit_based", (None, "1"), (None, "2")), "tiers_must_have_one_open_end"),
        (plan("volume_based", ("10", "1"), ("10", "1"), (None, "1")), "tiers_must_ascend"),
        (plan("volume_based", ("10", "1"), ("9", "1"), (None, "1")), "tiers_must_ascend"),
        (plan("volume_based", ("-1", "1"), (None, "1")), "tiers_must_ascend"),
        (starting_at("2", "10", "20"), "tiers_must_not_leave_a_gap"),
        (starting_at("0", "11.000000000001", "20"), "tiers_must_not_leave_a_gap"),
        (starting_at("0", "9.999999999999", "20"), "tiers_must_not_overlap"),
        (starting_at("0", "10", "15"), "tiers_must_not_overlap"),
        (plan("graduated_tiered", ("10", None), (None, "1")), "tier_must_have_a_price"),
        (plan("unit_based", (None, "-0.01")), "amount_must_be_positive"),
        (plan("package", (None, "3")), "package_must_have_a_size"),
        (plan("package", (None, "3"), size="0"), "package_must_have_a_size"),
    ],
)
def test_plans_that_cannot_be(group: UsageGroup, code: str):
    assert codes(group) == [code]


def test_a_tier_has_one_price_and_not_two():
    both = UsageGroup(id="g", pricing_model="unit_based", tiers=(Tier(number=1, price=D(1), percentage=D(1)),))

    assert codes(both) == ["tier_must_have_a_price"]


def test_lower_bounds_are_the_upper_bounds_before():
    group = plan("graduated_tiered", ("1000", "1"), ("10000", "1"), (None, "1"))

    assert [(lower, tier.number) for lower, tier in tiers_with_lower_bounds(group)] == [
        (D(0), 1),
        (D(1000), 2),
        (D(10000), 3),
    ]


def test_a_volume_price_that_falls_is_a_cliff():
    """10,000 units cost 800.00, and 10,001 units cost 500.05."""
    refusals, warnings = check_price_plan(plan("volume_based", ("1000", "0.08"), ("10000", "0.08"), (None, "0.05")))

    assert refusals == []
    assert [(warning.id, warning.code, warning.detail) for warning in warnings] == [
        ("g", "price_falls_at_tier", "tier 3: 10000 costs 800.00, just above it costs 500.00")
    ]


# ── rating options ───────────────────────────────────────────────────────────────────────────


def opted(model: PricingModel = "volume_based", *, tier: Tier | None = None, **options: Any) -> UsageGroup:
    """A plan with rating options and two tiers, none where records carry their prices, a first one of its own."""
    own = RatingOptions(**options)
    tiers = (tier or Tier(number=1, upper_quantity=D(10), price=D(1)), Tier(number=2, price=D(1)))
    size = D(1) if model == "package" else None
    return UsageGroup(
        id="g", pricing_model=model, tiers=() if own.is_prerated else tiers, package_size=size, options=own
    )


def bounded(price: str, model: PricingModel = "graduated_tiered", upper: str | None = "10") -> UsageGroup:
    """One tier and an overage price."""
    return replace(plan(model, (upper, "0")), options=RatingOptions(overage_price=D(price)))


def limited(least: str | None, most: str | None, **options: Any) -> UsageGroup:
    """A first tier with limits."""
    least_amount, most_amount = (None if text is None else D(text) for text in (least, most))
    tier = Tier(number=1, upper_quantity=D(10), price=D(1), minimum_amount=least_amount, maximum_amount=most_amount)
    return opted(tier=tier, **options)


@pytest.mark.parametrize(
    "group",
    [
        *(opted(rating_group=group) for group in ("month", "day", "record", "upload")),
        opted(rating_group="dimension", group_dimension="group_id__c"),
        opted("graduated_tiered", rating_group="day", rated_individually=True, quantity_decimals=12),
        *(opted("unit_based", aggregation=aggregation) for aggregation in ("highest_day", "maximum", "last")),
        opted("unit_based", price_dimension="rate", rated_individually=True, quantity_decimals=0),
        opted("unit_based", amount_dimension="total"),
        opted(quantity_decimals=2, quantity_rounding="up", maximum_amount=D("0.01")),
        bounded("0"),
        limited("5", "5", rating_group="record"),
    ],
)
def test_rating_options_that_can_be(group: UsageGroup):
    assert check_price_plan(group) == ([], [])


@pytest.mark.parametrize(
    ("group", "code"),
    [
        (opted("package", rating_group="day"), "option_must_fit_the_pricing_model"),
        (opted("fixed_fee", aggregation="last"), "option_must_fit_the_pricing_model"),
        (opted("percentage_based", rated_individually=True), "option_must_fit_the_pricing_model"),
        (opted("package", quantity_decimals=0), "option_must_fit_the_pricing_model"),
        (opted("fixed_fee", maximum_amount=D(1)), "option_must_fit_the_pricing_model"),
        (opted("graduated_tiered", price_dimension="rate"), "option_must_fit_the_pricing_model"),
        (bounded("1", "volume_based"), "option_must_fit_the_pricing_model"),
        (opted(group_dimension="team"), "options_must_go_together"),
        (opted(rating_group="dimension"), "options_must_go_together"),
        (opted(quantity_rounding="up"), "options_must_go_together"),
        (opted(aggregation="maximum", rating_group="day"), "options_must_go_together"),
        (opted(aggregation="last", rated_individually=True), "options_must_go_together"),
        (opted("unit_based", price_dimension="rate", rating_group="record"), "options_must_go_together"),
        (opted("unit_based", price_dimension="rate", aggregation="last"), "options_must_go_together"),
        (opted("unit_based", amount_dimension="total", maximum_amount=D(9)), "options_must_go_together"),
        (opted("unit_based", amount_dimension="total", price_dimension="rate"), "options_must_go_together"),
        (limited("5", None, rated_individually=True), "options_must_go_together"),
        (limited("5", "4"), "tier_maximum_must_not_be_below_minimum"),
        (limited("-1", None), "amount_must_be_positive"),
        (limited(None, "-1"), "amount_must_be_positive"),
        (opted(maximum_amount=D(0)), "amount_must_be_positive"),
        (bounded("-1"), "amount_must_be_positive"),
        (bounded("1", upper=None), "tiers_must_have_one_open_end"),
        (opted(quantity_decimals=13), "quantity_decimals_must_be_at_most_12"),
        (opted(rating_group="dimension", group_dimension='a"b'), "dimension_must_have_a_plain_name"),
        (opted(rating_group="dimension", group_dimension="a.b"), "dimension_must_have_a_plain_name"),
        (
            replace(plan("unit_based", (None, "1")), options=RatingOptions(price_dimension="rate")),
            "prerated_plan_must_not_have_tiers",
        ),
    ],
)
def test_rating_options_that_cannot_be(group: UsageGroup, code: str):
    refusals, warnings = check_price_plan(group)

    assert {refusal.code for refusal in refusals} - {"tier_maximum_must_not_be_below_minimum"} <= {code}
    assert code in {refusal.code for refusal in refusals}
    assert not warnings


def test_a_fee_can_hold_a_cliff_up():
    tiers = (Tier(number=1, upper_quantity=D(100), price=D(2)), Tier(number=2, price=D(1), flat_fee=D(100)))

    assert check_price_plan(UsageGroup(id="g", pricing_model="volume_based", tiers=tiers)) == ([], [])


def test_packages_fall_by_started_packages():
    steady = plan("package", ("100", "5"), (None, "3"), size="100")
    falling = plan("package", ("200", "5"), (None, "3"), size="100")

    assert [warning.detail for warning in check_price_plan(steady)[1]] == []
    assert [warning.detail for warning in check_price_plan(falling)[1]] == [
        "tier 2: 200 costs 10, just above it costs 9"
    ]


def test_a_tier_within_the_free_units_is_never_reached():
    tiers = (Tier(number=1, upper_quantity=D(50), price=D(9)), Tier(number=2, price=D(3)))
    free = UsageGroup(id="g", pricing_model="package", package_size=D(100), free_units=D(50), tiers=tiers)

    assert [(warning.code, warning.detail) for warning in check_price_plan(free)[1]] == [
        ("tier_is_unreachable", "tier 1 ends at 50, within the 50 free units")
    ]


# ── all terms ────────────────────────────────────────────────────────────────────────────────

PRODUCTS = """\
case: terms
currency: USD
products:
  - id: api
    name: API
    usage_groups:
      - {id: calls, pricing_model: unit_based, tiers: [{price: 1}]}
      - {id: euros, pricing_model: unit_based, currency: EUR, tiers: [{price: 1}]}
      - {id: peaks, pricing_model: unit_based, aggregation: highest_day, tiers: [{price: 1}]}
      - {id: days, pricing_model: unit_based, rating_group: day, tiers: [{price: 1}]}
      - {id: own, pricing_model: unit_based, price_dimension: rate}
      - {id: least, pricing_model: unit_based, tiers: [{price: 1, minimum_amount: 5}]}
  - {id: support, name: Support}
"""


def found(folder: Path, terms: str) -> list[tuple[str, str, str, str | None]]:
    path = folder / "case.yaml"
    path.write_text(PRODUCTS + terms, encoding="utf-8")
    refusals = check_terms(read_case(path).terms)
    assert {refusal.code for refusal in refusals} <= set(REFUSAL_CODES)
    return [(refusal.kind, refusal.id, refusal.code, refusal.contract) for refusal in refusals]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("{product: api, percentage: 60}, {product: support, percentage: 40}", []),
        ("{product: api, standalone_price: 120}, {product: support, standalone_price: 0}", []),
        ("{product: api, percentage: 60}, {product: support, percentage: 39.99}", ["bundle_must_sum_to_100"]),
        ("", ["bundle_must_sum_to_100"]),
        ("{product: api, percentage: 60}, {product: support, standalone_price: 4}", ["bundle_must_use_one_basis"]),
        ("{product: api, percentage: 100}, {product: support}", ["bundle_must_use_one_basis"]),
        ("{product: api, percentage: 100, standalone_price: 1}", ["bundle_must_use_one_basis"]),
        (
            "{product: api, percentage: 110}, {product: support, percentage: -10}",
            ["percentage_must_be_between_0_and_100"],
        ),
        ("{product: api, standalone_price: -1}", ["amount_must_be_positive"]),
        ("{product: api, standalone_price: 0}", ["amount_must_be_positive"]),
    ],
)
def test_bundles(tmp_path: Path, lines: str, expected: list[str]):
    bundle = f"product_bundles:\n  - {{id: suite, lines: [{lines}]}}\n"

    assert found(tmp_path, bundle) == [("product_bundle", "suite", code, None) for code in expected]


@pytest.mark.parametrize(
    ("rest", "kind", "name", "code"),
    [
        ("end_date: 2025-12-31", "contract", "c", "dates_must_ascend"),
        ("usage: [{id: i, product: api, end_date: 2025-06-30}]", "usage_item", "i", "dates_must_ascend"),
        ("minimum_monthly_commitment_quantity: 10", "contract", "c", "minimum_quantity_needs_one_usage_group"),
        *(
            (
                f"minimum_monthly_commitment_quantity: 10, usage: [{{id: i, product: api, usage_group: {group}}}]",
                "contract",
                "c",
                "minimum_quantity_needs_tiers_of_a_month",
            )
            for group in ("peaks", "days", "own", "least")
        ),
        *(
            (
                f"usage: [{{id: i, product: api, usage_group: {group}, draws: true}}]",
                "usage_item",
                "i",
                "drawing_needs_prices_of_quantities",
            )
            for group in ("peaks", "own")
        ),
        ("minimum_monthly_commitment_amount: -10", "contract", "c", "amount_must_be_positive"),
        (
            "tier_price_overrides: [{product: api, usage_group: calls, tier: 2, price: 1}]",
            "contract",
            "c",
            "override_must_name_a_known_tier",
        ),
        (
            "tier_price_overrides: [{product: api, usage_group: calls, tier: 1}]",
            "contract",
            "c",
            "tier_must_have_a_price",
        ),
        (
            "opening: {as_of: 2025-12-31, balances: [{account: cash, amount: 1.001}]}",
            "contract",
            "c",
            "amount_must_fit_currency",
        ),
        (
            "prepaid_commits: [{id: p, total_value: 5, currency: EUR, start_date: 2026-01-01}]",
            "prepaid_commit",
            "p",
            "prepaid_commit_currency_must_match_contract",
        ),
        (
            "prepaid_commits: [{id: p, total_value: 0, start_date: 2026-01-01}]",
            "prepaid_commit",
            "p",
            "amount_must_be_positive",
        ),
        (
            "prepaid_commits: [{id: p, total_value: 0.005, start_date: 2026-01-01}]",
            "prepaid_commit",
            "p",
            "amount_must_fit_currency",
        ),
        (
            "prepaid_commits: [{id: p, total_value: 5, discount_percentage: 100.1, start_date: 2026-01-01}]",
            "prepaid_commit",
            "p",
            "percentage_must_be_between_0_and_100",
        ),
        (
            "prepaid_commits: [{id: p, total_value: 5, expected_breakage_percentage: 100, start_date: 2026-01-01}]",
            "prepaid_commit",
            "p",
            "percentage_must_be_between_0_and_100",
        ),
        (
            "subscriptions: [{id: s, total_value: 5, start_date: 2026-01-01, end_date: 2025-12-30}]",
            "subscription",
            "s",
            "dates_must_ascend",
        ),
        ("milestones: [{id: m, date: 2026-01-01, amount: -1}]", "milestone", "m", "amount_must_be_positive"),
    ],
)
def test_contracts_that_cannot_be(tmp_path: Path, rest: str, kind: str, name: str, code: str):
    contract = f"contracts:\n  - {{id: c, customer: C, start_date: 2026-01-01, {rest}}}\n"

    assert found(tmp_path, contract) == [(kind, name, code, None)]


def test_a_price_plan_in_another_currency_is_refused_for_that_contract_only(tmp_path: Path):
    item = "usage: [{id: %s, product: api, usage_group: euros}]"
    contracts = "contracts:\n" + "".join(
        f"  - {{id: {name}, customer: C, start_date: 2026-01-01, currency: {currency}, {item % name}}}\n"
        for name, currency in (("a", "EUR"), ("b", "USD"))
    )

    assert found(tmp_path, contracts) == [("usage_group", "euros", "price_plan_currency_must_match_contract", "b")]


def test_edges_that_can_be(tmp_path: Path):
    contract = (
        "contracts:\n  - {id: c, customer: C, start_date: 2026-01-01, end_date: 2026-01-01, currency: JPY,\n"
        "     minimum_monthly_commitment_quantity: 10, usage: [{id: i, product: api, usage_group: calls}],\n"
        "     prepaid_commits: [{id: p, total_value: '5.00', discount_percentage: 100, start_date: 2026-01-01}]}\n"
    )

    assert found(tmp_path, contract) == []


def test_a_minimum_quantity_waits_for_its_usage_group_where_contracts_may_grow(tmp_path: Path):
    """None has no price yet, several have none ever; one of nothing asks for nothing."""
    contract = "contracts:\n  - {id: c, customer: C, start_date: 2026-01-01, %s, usage: [%s]}\n"
    least, item = "minimum_monthly_commitment_quantity: %d", "{id: %s, product: api, usage_group: %s}"
    one, two = item % ("i", "calls"), item % ("j", "days")
    path = tmp_path / "case.yaml"

    def codes(minimum: int, *items: str, may_grow: bool) -> list[str]:
        path.write_text(PRODUCTS + contract % (least % minimum, ", ".join(items)), encoding="utf-8")
        refusals = check_terms(read_case(path).terms, may_grow=may_grow)
        return [each.code for each in refusals if each.kind == "contract"]

    needs_one = "minimum_quantity_needs_one_usage_group"
    assert codes(10, may_grow=False) == [needs_one]
    assert codes(10, may_grow=True) == []
    assert codes(10, one, may_grow=True) == []
    assert codes(10, one, two, may_grow=True)[:1] == [needs_one]
    assert codes(0, one, two, may_grow=False) == []


def test_usage_groups_of_two_products_are_two_whatever_their_ids(tmp_path: Path):
    """A case gives them different ids; books of several products need not."""
    case = (
        PRODUCTS + "contracts:\n  - {id: c, customer: C, start_date: 2026-01-01,"
        " minimum_monthly_commitment_quantity: 10, usage: [{id: i, product: api, usage_group: calls}]}\n"
    )
    path = tmp_path / "case.yaml"
    path.write_text(case, encoding="utf-8")
    terms = read_case(path).terms
    (contract,), api = terms.contracts, terms.products[0]
    (item,) = contract.usage_items

    def refused(product: str) -> list[tuple[str, str, str]]:
        items = (item, replace(item, id="j", product_id=product))
        sold = (*terms.products, replace(api, id="other"))
        found = check_terms(replace(terms, products=sold, contracts=(replace(contract, usage_items=items),)))
        return [(each.code, each.kind, each.detail) for each in found]

    assert refused("api") == []
    assert refused("other") == [
        ("minimum_quantity_needs_one_usage_group", "contract", "the contract has 2 usage groups")
    ]


def test_warnings_are_not_refusals(tmp_path: Path):
    group = "products: [{id: a, name: A, usage_groups: [{id: v, pricing_model: volume_based, tiers: [%s]}]}]\n"
    path = tmp_path / "case.yaml"
    path.write_text("case: one\n" + group % "{to_quantity: 10, price: 2}, {price: 1}", encoding="utf-8")
    terms = read_case(path).terms

    assert check_terms(terms) == []
    assert [(warning.id, warning.code) for warning in warn_of_terms(terms)] == [("v", "price_falls_at_tier")]


# ── the closed lists ─────────────────────────────────────────────────────────────────────────


def test_the_closed_lists_are_complete_and_in_order():
    assert REJECTION_CODES == (
        "usage_must_name_a_known_item",
        "usage_must_not_change_under_its_id",
        "usage_must_have_a_date",
        "quantity_must_be_a_number",
        "quantity_must_be_in_range",
        "quantity_must_not_be_negative",
        "currency_must_match_contract",
        "usage_must_fall_in_contract",
        "usage_must_fall_in_item",
        "item_must_take_amounts",
        "item_must_have_a_price",
        "usage_must_carry_its_price",
        "period_must_be_open",
    )
    assert len(set(REFUSAL_CODES)) == len(REFUSAL_CODES) == 48
    assert WARNING_CODES == ("price_falls_at_tier", "tier_is_unreachable")
    assert not set(REFUSAL_CODES) & set(REJECTION_CODES)
    assert all(code.meaning for code in (*REJECTIONS, *REFUSALS))
