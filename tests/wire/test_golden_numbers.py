"""The ten golden numbers of the dialect, each by the test that has it over HTTP; those that no other test has are here."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.test_contracts import signed
from tests.wire.test_products import TIERS
from tests.wire.test_statements import trial_balance

OnDay = Callable[[int, int], None]

GOLDEN = {
    "1 the chain row by row": "test_consumption.test_three_months_empty_the_pool",
    "2 March less 10,000": "test_adjustments.test_ten_thousand_less_are_credited_and_leave_the_pool_alone",
    "2 March less 30,000": "test_adjustments.test_thirty_thousand_less_undo_the_overage_first_and_give_the_rest_back",
    "3 expiry of 8,000": "test_flow.test_a_prepaid_commit_from_its_contract_to_the_trial_balance",
    "4 tiers": "test_golden_numbers.test_tiers_price_the_whole_or_by_parts",
    "5 minimums": "test_golden_numbers.test_what_a_month_lacks_to_its_minimum_is_revenue_and_not_billed",
    "6 1,000.01 in three": "test_usage.test_the_amount_of_a_bundle_is_split_by_largest_remainder",
    "6 a wrong sum": "test_usage.test_another_split_must_sum_to_the_total",
    "7 proration": "test_subscriptions.test_each_subscription_has_its_own_proration",
    "8 the same file twice": "test_uploads.test_the_same_file_again_adds_nothing_and_says_so",
    "8 less than a cent": "test_uploads.test_events_of_a_file_become_the_consumption_of_their_months",
    "9 a closed month": "test_consumption.test_a_closed_month_is_refused_and_nothing_changes",
    "9 its adjustment": "test_adjustments.test_thirty_thousand_less_undo_the_overage_first_and_give_the_rest_back",
    "10 the ledger after every step": "test_flow.test_a_prepaid_commit_from_its_contract_to_the_trial_balance",
}


@pytest.mark.parametrize("number", GOLDEN)
def test_each_golden_number_has_its_test(number: str):
    module, name = GOLDEN[number].split(".")
    assert callable(getattr(import_module(f"tests.wire.{module}"), name))


def group(model: str) -> dict[str, Any]:
    return {"name": model, "pricing_model": model, "unit_of_measure": "call", "tiers": TIERS}


def used(api: Api, contract: int, usage_group: int, *lines: tuple[int, int]) -> list[Any]:
    """What months of so many units come to: (month, quantity)."""
    told = api.post(
        f"contracts/{contract}/usage",
        {
            "usage_group": usage_group,
            "lines": [{"period_month": f"2026-{month:02}-01", "quantity": quantity} for month, quantity in lines],
        },
    )
    assert told.status == 201, told.text
    return [row["amount"] for row in told["revenue_transactions"]]


def test_tiers_price_the_whole_or_by_parts(api: Api):
    """12,500 calls at 0.10 to 1,000, 0.08 to 10,000, 0.05 above.

    By parts 100.00 + 720.00 + 125.00 = 945.00, with 0.07 in the middle 855.00; as a whole 12,500 x 0.05 = 625.00, and
    10,000 cost 800.00, one more 500.05.
    """
    product = api.post(
        "product", {"product_name": "API", "usage_groups": [group("graduated_tiered"), group("volume_based")]}
    )
    graduated, volume = product["usage_groups"]
    contract = signed(api)["id"]
    assert used(api, contract, graduated["id"], (1, 12_500)) == [945]
    assert used(api, contract, volume["id"], (1, 12_500), (2, 10_000), (3, 10_001)) == [625, 800, Decimal("500.05")]
    own = signed(api)["id"]
    said = {"tier": graduated["tiers"][1]["id"], "price": "0.07", "contract": own}
    assert api.post(f"contracts/{own}/tier-price-overrides", said).status == 201
    assert used(api, own, graduated["id"], (1, 12_500)) == [855]


def test_what_a_month_lacks_to_its_minimum_is_revenue_and_not_billed(api: Api, on_day: OnDay):
    """Of 5,000.00 a month: 3,200.00 lack 1,800.00, 5,400.00 lack nothing. Of 10,000 calls 6,500 lack 820.00 - 540.00."""
    product = api.post(
        "product",
        {"product_name": "API", "usage_groups": [{"name": "flat", "pricing_model": "unit_based", "tiers": [FLAT]}]},
    )
    calls = api.post("product", {"product_name": "Calls", "usage_groups": [group("graduated_tiered")]})
    least = signed(api, minimum_monthly_commitment_amount="5000.00", contract_end_date="2026-02-28")["id"]
    assert used(api, least, product["usage_groups"][0]["id"], (1, 3_200), (2, 5_400)) == [3_200, 5_400]
    on_day(2, 28)
    preview = api.get(f"contracts/{least}/minimum-commit-preview", period_month="2026-02-01")
    assert [month["true_up_amount"] for month in preview["months"]] == [1_800, 0]
    sides = trial_balance(api, start_date="2026-01-01")
    assert (sides["Unbilled Revenue"], sides["Revenue"]) == ((10_400, 0), (0, 10_400))
    on_day(3, 1)
    entity = api.post("/coa/api/entity", {"name": "Top Level"})["id"]
    body = {"contract": least, "entity": entity, "invoice_date": "2026-03-01", "due_date": "2026-03-31"}
    told = api.post("/coa/api/v1/invoice/", {**body, "lines": [{"amount": "10400.00", "product": product["id"]}]})
    assert told.status == 201, told.text
    sides = trial_balance(api, start_date="2026-01-01")
    assert (sides["Unbilled Revenue"], sides["Accounts Receivable"]) == ((10_400, 10_400), (10_400, 0))
    units = signed(api, contract_end_date="2026-01-31")["id"]
    assert used(api, units, calls["usage_groups"][0]["id"], (1, 6_500)) == [540]
    assert api.patch(f"contracts/{units}", {"minimum_monthly_commitment_quantity": 10_000}).status == 200
    told = api.get(f"contracts/{units}/minimum-commit-preview", period_month="2026-01-01")
    assert (told["usage_quantity"], told["true_up_amount"]) == (6_500, 280)


FLAT = {"name": "each", "from_quantity": 0, "to_quantity": None, "price": 1}
