"""What contracts come to in one look: the chain that empties a pool, minimums month by month, contracts by their status."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ratable.terms import Policy
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.policies import set_policy
from ratable_server.operations.usage import record_usage
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import Asked
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_adjustments import told_of_chain
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import POOL, granted
from tests.wire.test_usage import agreed
from tests.wire.test_usage_uploads import sent

GRADUATED = {"minimum_monthly_commitment_amount": "5000.00", "minimum_monthly_commitment_quantity": 10_000}


def test_the_chain_in_one_look(api: Api):
    """120,000 = 20,000 discount + 80,000 drawn + 20,000 overage; the overage is invoiced in two parts."""
    contract = signed(api, prepaid_commits=[POOL])["id"]
    record_usage(actor=api.actor, records=told_of_chain(prepaid_commits(actor=api.actor).rows[0]), at=AT)
    (row,) = contracts(actor=api.actor, asked=Asked(ids=[contract])).rows

    def summary() -> list[Any]:
        told = api.get(f"contracts/{contract}/prepaid-commit-summary")
        names = ("total_value", "consumed_value", "remaining_value", "expired_value", "overage_total",
                 "overage_uninvoiced", "discount_total", "gross_total", "active_count")  # fmt: skip
        return [told[name] for name in names]

    assert summary() == [80_000, 80_000, 0, 0, 20_000, 20_000, 20_000, 120_000, 0]
    for amount, left in ((12_000, 8_000), (8_000, 0)):
        invoice = Invoice(contract=row.code, amount=Decimal(amount), is_of_usage=True)  # its pool is not billed
        file_invoice(actor=api.actor, invoice=invoice, on=date(2026, 4, 1), at=AT)
        assert summary()[5] == left
    (told,) = api.get(f"contracts/{contract}/prepaid-commit-summary")["commits"]
    assert (told["status"], told["utilization_percentage"], told["last_period"]) == ("EXHAUSTED", 100, "2026-03-01")


def test_minimums_month_by_month(api: Api):
    """6,500 units are worth 540 of 820: 280 short; 500 more to the amount of 5,000 than that; nothing beyond its end."""
    path, line = agreed(api)
    contract = path.split("/")[1]
    changed = api.patch(f"contracts/{contract}", {**GRADUATED, "contract_end_date": "2026-03-15"})
    assert changed.status == 200, changed.text
    rows = f"usage,dm,quantity\n{line['id']},2026-01-01,6500\n{line['id']},2026-02-01,100000\n"
    assert sent(api, path, rows)["created"] == 2
    names = ("floor_amount", "floor_quantity", "usage_amount", "usage_quantity", "shortfall_amount",
             "shortfall_quantity", "true_up_amount")  # fmt: skip

    def months() -> list[list[Any]]:
        told = api.get(f"contracts/{contract}/minimum-commit-preview", period_month="2026-04-01")
        return [[month[name] for name in names] for month in told["months"]]

    february = [5_000, 10_000, 5_320, 100_000, 0, 0, 0]
    assert months() == [
        [5_000, 10_000, 540, 6_500, 4_460, 3_500, 4_460], february, [5_000, 10_000, 0, 0, 5_000, 10_000, 5_000],
        [0, 0, 0, 0, 0, 0, 0],
    ]  # fmt: skip
    set_policy(actor=api.actor, policy=Policy(minimum_partial_month="prorated"), at=AT)
    assert [month[0] for month in months()] == [5_000, 5_000, Decimal("2419.35"), 0]
    assert months()[2][-1] == Decimal("2419.35")


def test_units_short_of_their_minimum_are_worth_their_price(api: Api):
    path, line = agreed(api)
    contract = path.split("/")[1]
    api.patch(f"contracts/{contract}", {"minimum_monthly_commitment_quantity": 10_000})
    assert sent(api, path, f"usage,dm,quantity\n{line['id']},2026-01-01,6500\n")["created"] == 1
    told = api.get(f"contracts/{contract}/minimum-commit-preview", period_month="2026-01-01")
    assert (told["shortfall_quantity"], told["true_up_amount"], told["partial_month"]) == (3_500, 280, "full")


def test_a_minimum_counts_what_a_pool_has_paid(api: Api):
    """24,000 drawn and no overage: 1,000 short of 25,000."""
    contract = signed(api, minimum_monthly_commitment_amount="25000.00")["id"]
    used(api, f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}", 1, 30_000)
    told = api.get(f"contracts/{contract}/minimum-commit-preview", period_month="2026-01-01")
    assert (told["usage_amount"], told["true_up_amount"]) == (24_000, 1_000)


def test_contracts_are_listed_by_their_status(api: Api):
    over = signed(api, contract_start_date="2020-01-01", contract_end_date="2020-12-31")["id"]
    ahead = signed(api, contract_start_date="2900-01-01", contract_end_date="2900-12-31")["id"]
    now = signed(api, contract_start_date="2020-01-01", contract_end_date="2900-12-31")["id"]
    ended = signed(api, contract_start_date="2020-01-01", contract_end_date="2900-12-31")["id"]
    gone = signed(api)["id"]
    assert api.post(f"contracts/{ended}/terminate", {"termination_date": "2020-06-30"}).status == 200
    assert api.delete(f"contracts/{gone}").status == 204

    def listed(query: str) -> set[int]:
        return {each["id"] for each in api.get(f"contracts?{query}")["results"]}

    assert listed("status=ACTIVE") == {now}
    assert listed("status=PENDING") == {ahead}
    assert listed("status=completed") == {over, ended}
    assert listed("status=PENDING&status=ACTIVE") == listed("status=PENDING,ACTIVE") == {ahead, now}
    assert listed("status=DELETED") == {gone}
    assert {each["status"] for each in api.get("contracts?status=COMPLETED")["results"]} == {"COMPLETED"}
    told = api.get("contracts?status=done")
    assert (told.status, told.body) == (400, {"status": ['"DONE" is not a valid choice.']})
