"""A month that a contract serves in part takes usage that is told for the month as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_usage import product_of

USED = {"period_month": "2026-08-01", "gross_usage_amount": "100.00"}


def ended(api: Api) -> str:
    """A contract whose last day is August 10, by itself."""
    return f"contracts/{signed(api, contract_end_date='2026-08-10')['id']}"


def terminated(api: Api) -> str:
    """A contract of the whole year that was ended with August 10."""
    path = f"contracts/{signed(api)['id']}"
    granted(api, int(path.split("/")[1]), expiration_date=None)
    api.post(f"{path}/usage", {"product": product_of(api)["id"]})
    assert api.post(f"{path}/terminate", {"termination_date": "2026-08-10"}).status == 200
    return path


def month_of(api: Api, path: str) -> Any:
    rows = api.get("transactions", limit=1_000)["results"]
    return [(row["accounting_period"], row["amount"]) for row in rows if f"contracts/{row['contract']}" == path]


@pytest.mark.parametrize("made", [ended, terminated])
def test_the_last_month_of_a_prepaid_commit(api: Api, made: Any):
    path = made(api)
    if made is ended:
        granted(api, int(path.split("/")[1]), expiration_date=None)
    (pool,) = api.get(f"{path}/prepaid-commits")["results"]
    own = f"{path}/prepaid-commits/{pool['id']}/consumption"
    told = api.post(own, USED)
    assert told.status == 201, told.text
    assert (told["net_consumption_amount"], told["overage_amount"]) == (80, 0)
    again = api.put(f"{own}/{told['id']}", {"gross_usage_amount": "200.00"})
    assert (again.status, again["net_consumption_amount"]) == (200, 160)
    later = api.post(own, {**USED, "period_month": "2026-09-01"})
    assert (later.status, list(later.body)) == (400, ["period_month"])


@pytest.mark.parametrize("made", [ended, terminated])
def test_the_last_month_of_usage(api: Api, made: Any):
    path = made(api)
    line = {"period_month": "2026-08-01", "amount": "100.00"}
    if made is ended:
        told = api.post(f"{path}/usage", {"product": product_of(api)["id"], "lines": [line]})
        assert told.status == 201, told.text
    (usage,) = api.get(f"{path}/usage")["results"]
    if made is terminated:
        told = api.post("transactions", {"contract_usage": usage["id"], "product": usage["product"],
                                         "accounting_period": "2026-08-01", "amount": "100.00"})  # fmt: skip
        assert told.status == 201, told.text
    assert ("2026-08-01", 100) in month_of(api, path)
    later = api.post("transactions", {"contract_usage": usage["id"], "accounting_period": "2026-09-01", "amount": "1"})
    assert (later.status, "accounting_period" in later.body) == (400, True)


def test_a_line_of_days_after_the_end_is_no_usage_of_the_contract(api: Api):
    path = ended(api)
    usage = {"product": product_of(api)["id"]}
    days = {"start_date": "2026-08-15", "end_date": "2026-08-31", "amount": "100.00"}
    refused = api.post(f"{path}/usage", {**usage, "lines": [days]})
    assert refused.status == 400, refused.text
    assert (api.get(f"{path}/usage")["count"], month_of(api, path)) == (0, [])
    told = api.post(f"{path}/usage", {**usage, "lines": [{**days, "start_date": "2026-08-10"}]})
    assert (told.status, month_of(api, path)) == (201, [("2026-08-01", 100)])


def test_a_price_in_percent_is_overridden_in_percent(api: Api):
    """0.9 % of 250,000 are 2,250.00; a price of 0.5 for the unit would be half of it all."""
    group = {"name": "volume", "pricing_model": "percentage_based", "tiers": [{"name": "all", "from_quantity": 0,
             "percentage": "0.9"}]}  # fmt: skip
    product = api.post("product", {"product_name": "Processing", "usage_groups": [group]})
    (kept,) = product["usage_groups"]
    path = f"contracts/{signed(api)['id']}"
    line = {"period_month": "2026-01-01", "quantity": 250_000}
    api.post(f"{path}/usage", {"product": product["id"], "usage_group": kept["id"], "lines": [line]})
    own = {"tier": kept["tiers"][0]["id"], "contract": int(path.split("/")[1])}
    refused = api.post(f"{path}/tier-price-overrides", {**own, "price": "0.5"})
    assert (refused.status, list(refused.body), refused["code"]) == (
        400,
        ["price", "code"],
        "price_must_fit_the_pricing_model",
    )
    assert api.get(f"{path}/tier-price-overrides")["count"] == 0
    assert api.get(path)["total_revenue"] == 2_250
    assert api.post(f"{path}/tier-price-overrides", {**own, "percentage": "0.5"}).status == 201
    assert api.get(path)["total_revenue"] == 1_250
