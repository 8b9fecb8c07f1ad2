"""Usage that is found after its pool has lapsed takes back what lapsed, on the day on which it is told: nothing counts twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Policy
from ratable_server.operations.policies import set_policy
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.test_adjustments import adjusted, processed
from tests.wire.test_billed_without_a_name import NOTHING_LEFT
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_invoices_of_usage import INVOICES
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_statements import trial_balance
from tests.wire.test_terminations import OnDay, posted

POOL = {"total_value": "1000.00", "discount_percentage": 0, "rate": None, "expiration_date": "2026-01-31"}
ROLLED_OVER = {**POOL, "rollover_months": 2, "rollover_times": 1, "rollover_cap": "500.00"}


def lapsed(api: Api, on_day: OnDay, **terms: Any) -> str:
    """The path of a pool of 1,000.00 that is billed, of which January used 200.00 before it ended and was closed."""
    on_day(1, 5)
    contract = signed(api)["id"]
    told = granted(api, contract, **terms)
    assert told.status == 201, told.text
    path = f"contracts/{contract}/prepaid-commits/{told['id']}"
    assert api.post(f"{path}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    assert used(api, path, 1, 200).status == 201
    on_day(2, 10)
    posted(api, 1)
    return path


def found_late(api: Api, path: str, amount: int) -> None:
    assert adjusted(api, path, f"late,,{amount}.00,,true,2026-01-01,2026-02-05").status in {200, 201}
    processed(api, path)


def sides(api: Api, end_date: str = "2026-02-28") -> dict[str, Decimal]:
    """Credits less debits of each account that is not empty."""
    told = trial_balance(api, start_date="2026-01-01", end_date=end_date)
    return {name: credit - debit for name, (debit, credit) in told.items() if credit != debit}


def test_it_turns_breakage_into_drawdown_at_once(api: Api, on_day: OnDay):
    """Of 800.00 that lapsed, 500.00 are drawn after all."""
    path = lapsed(api, on_day, **POOL)
    assert (api.get(path)["remaining_value"], sides(api)["Breakage Revenue"]) == (0, Decimal(800))
    found_late(api, path, 500)
    told = []
    for day in (10, 28):
        on_day(2, day)
        told.append((api.get(path)["remaining_value"], api.get(path)["status"], sides(api)))
    assert told[0] == told[1]
    assert told[0] == (
        0, "EXPIRED", {"Accounts Receivable": Decimal(-1000), "Revenue": Decimal(700), "Breakage Revenue": Decimal(300)},
    )  # fmt: skip


@pytest.mark.parametrize(("amount", "left"), [(200, 500), (300, 500), (500, 300), (800, 0)])
def test_of_a_pool_that_went_on_it_takes_what_lapsed_at_the_cap_first(api: Api, on_day: OnDay, amount: int, left: int):
    """800.00 were left, 500.00 went on: of 300.00 that lapsed as much is drawn as was found, and the rest of what went on."""
    path = lapsed(api, on_day, **ROLLED_OVER)
    found_late(api, path, amount)
    for day in (10, 27):
        on_day(2, day)
        assert api.get(path)["remaining_value"] == left


@pytest.mark.parametrize(("terms", "after"), [(POOL, 0), (ROLLED_OVER, 300)])
def test_the_month_that_learns_of_it_ends_with_what_is_left(api: Api, on_day: OnDay, terms: dict[str, Any], after: int):
    path = lapsed(api, on_day, **terms)
    before = api.get(path)["remaining_value"]
    found_late(api, path, 500)
    months = {row["period_month"]: row for row in api.get(f"{path}/consumption")["results"]}
    february = months["2026-02-01"]
    assert (february["balance_before"], february["balance_after"]) == (Decimal(before), Decimal(after))
    assert api.get(path)["remaining_value"] == after


def test_what_the_pool_was_billed_for_is_not_billed_by_the_name_of_what_was_found(api: Api, on_day: OnDay):
    """1,000.00 were billed, and no more than that is drawn or has lapsed."""
    path = lapsed(api, on_day, **POOL)
    found_late(api, path, 500)
    (row,) = [each for each in api.get("transactions", limit=1_000)["results"] if each["amount"] == 500]
    contract = int(path.split("/")[1])
    entity = api.post("/coa/api/entity", {"name": "Top Level"})["id"]
    days = {"invoice_date": "2026-02-10", "due_date": "2026-03-10"}
    body = {"contract": contract, "entity": entity, **days, "revenue_transactions": [row["id"]]}
    before = kept(api.actor)
    told = api.post(INVOICES, {**body, "lines": [{"amount": "500.00"}]})
    assert (told.status, told.body) == (400, NOTHING_LEFT)
    assert kept(api.actor) == before


def test_what_is_owed_back_is_no_revenue_to_bill(api: Api, on_day: OnDay):
    """Of a pool that nobody has billed 200.00 were drawn, and 800.00 would be owed back: the 200.00 can be billed."""
    set_policy(actor=api.actor, policy=Policy(breakage="none"), at=AT)
    on_day(1, 5)
    contract = signed(api)["id"]
    path = f"contracts/{contract}/prepaid-commits/{granted(api, contract, **POOL)['id']}"
    assert used(api, path, 1, 200).status == 201
    on_day(2, 10)
    posted(api, 1)
    (row,) = [each for each in api.get("transactions", limit=1_000)["results"] if each["amount"] == 200]
    entity = api.post("/coa/api/entity", {"name": "Top Level"})["id"]
    days = {"invoice_date": "2026-02-10", "due_date": "2026-03-10"}
    body = {"contract": contract, "entity": entity, **days, "revenue_transactions": [row["id"]]}
    told = api.post(INVOICES, {**body, "lines": [{"amount": "200.00"}]})
    assert told.status == 201, told.text
    assert "Unbilled Revenue" not in sides(api)
