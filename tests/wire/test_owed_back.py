"""What lapses under `breakage: none` is owed back and no revenue: totals, transactions and ledger agree to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Policy
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.policies import set_policy
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import EVERYTHING
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.test_claimed_after_the_end import POOL, found_late, lapsed, sides
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import INVOICES
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_terminations import OnDay, ledger_revenue, posted, revenue


@pytest.fixture(autouse=True)
def none(api: Api) -> None:
    set_policy(actor=api.actor, policy=Policy(breakage="none"), at=AT)


def owed(api: Api) -> list[Any]:
    """The ids under which January has posted what is owed back."""
    with books_of(api.actor):
        return list(
            rows_of(api.actor, models.RevenueTransaction).filter(kind="refund").values_list("public_id", flat=True)
        )


def totals(api: Api, contract: int) -> tuple[Any, ...]:
    """Revenue, deferred, billed and unbilled: the same of the contract and of its customer."""
    names = ("total_revenue", "total_deferred_revenue", "total_billed", "total_unbilled")
    of_contract = api.get(f"contracts/{contract}").body
    (of_customer,) = api.get("customers")["results"]
    told = tuple(Decimal(str(of_contract[name])) for name in names)
    (listed,) = api.get("contracts")["results"]
    assert tuple(Decimal(str(listed[name])) for name in names) == told
    assert Decimal(str(of_customer["total_revenue"])) == told[0]
    return told


def agree(api: Api, contract: int) -> tuple[Any, ...]:
    """The totals; transactions, whole or by what has changed, and the ledger have the same revenue."""
    told = totals(api, contract)
    changed = api.get("transactions", limit=1_000, last_modified_at__gte="2020-01-01T00:00:00Z")["results"]
    assert sum(row["amount"] for row in revenue(api)) == sum(row["amount"] for row in changed) == told[0]
    assert told[0] == ledger_revenue(api)
    return told


def test_what_is_owed_back_is_no_revenue(api: Api, on_day: OnDay):
    """Of 1,000.00 that are billed 200.00 are drawn: 800.00 are owed back, before and after January is posted."""
    on_day(1, 5)
    contract = signed(api)["id"]
    path = f"contracts/{contract}/prepaid-commits/{granted(api, contract, **POOL)['id']}"
    assert api.post(f"{path}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    assert used(api, path, 1, 200).status == 201
    on_day(2, 10)
    for status in ("draft", "posted"):
        told = api.post("revenue-posting", {"period_month": "2026-01-01", "dry_run": status == "draft"})
        assert (told["status"], told["revenue"]) == (
            status, [{"kind": "drawdown", "currency": "USD", "amount": Decimal(200), "transactions": 1}],
        )  # fmt: skip
        assert agree(api, contract) == (200, 0, 1_000, 0)
        (drawn,) = revenue(api)
        assert drawn["description"] == "Prepaid commit drawdown 2026-01"
        assert sides(api) == {"Accounts Receivable": -1_000, "Refund Liability": 800, "Revenue": 200}


def test_it_cannot_be_billed_by_its_name(api: Api, on_day: OnDay):
    path = lapsed(api, on_day, **POOL)
    (id,) = owed(api)
    assert api.get(f"transactions/{id}").status == 404
    days = {"invoice_date": "2026-02-10", "due_date": "2026-03-10"}
    body = {"contract": int(path.split("/")[1]), "entity": entity(api)["id"], **days, "revenue_transactions": [id],
            "lines": [{"amount": "800.00"}]}  # fmt: skip
    before = kept(api.actor)
    told = api.post(INVOICES, body)
    assert (told.status, told.body) == (400, {"revenue_transactions": [f'Invalid pk "{id}" - object does not exist.']})
    assert kept(api.actor) == before
    assert sides(api)["Accounts Receivable"] == -1_000


def test_its_entry_is_in_the_journal_and_posts_no_revenue(api: Api, on_day: OnDay):
    path = lapsed(api, on_day, **POOL)
    entries = api.get("/coa/api/journal_entry", limit=1_000)["results"]
    (entry,) = [each for each in entries if str(each["memo"]).startswith("Prepaid commit owed back")]
    assert entry["revenue_transactions"] == []
    (drawn,) = revenue(api)
    assert drawn["journal_entry"] in {each["id"] for each in entries} - {entry["id"]}
    assert agree(api, int(path.split("/")[1])) == (200, 0, 1_000, 0)


def test_late_usage_takes_of_it(api: Api, on_day: OnDay):
    """500.00 are found after the pool has lapsed: 300.00 are owed back, at once and when the month has ended."""
    path = lapsed(api, on_day, **POOL)
    found_late(api, path, 500)
    for day in (10, 28):
        on_day(2, day)
        assert agree(api, int(path.split("/")[1])) == (700, 0, 1_000, 0)
        assert sides(api)["Refund Liability"] == 300


def test_of_a_pool_that_nobody_has_billed_nothing_is_owed_back(api: Api, on_day: OnDay):
    """Its 200.00 are unbilled, and the 500.00 of another pool are billed in advance: the totals have one less the other."""
    on_day(1, 5)
    contract = signed(api)["id"]
    first = f"contracts/{contract}/prepaid-commits/{granted(api, contract, **POOL)['id']}"
    terms = {"total_value": "500.00", "discount_percentage": 0, "rate": None, "start_date": "2026-02-01"}
    second = f"contracts/{contract}/prepaid-commits/{granted(api, contract, **terms)['id']}"
    assert used(api, first, 1, 200).status == 201
    assert api.post(f"{second}/invoice", {"invoice_date": "2026-02-01"}).status == 201
    on_day(2, 10)
    posted(api, 1)
    assert agree(api, contract) == (200, 300, 500, 0)
    assert sides(api) == {
        "Accounts Receivable": -500, "Unbilled Revenue": -200, "Deferred Revenue": 500, "Revenue": 200,
    }  # fmt: skip


def test_what_a_termination_refunds_is_not_deferred_any_more(api: Api, on_day: OnDay):
    """1,000.00 are billed and 200.00 drawn: 300.00 are paid back, and 500.00 are let go."""
    on_day(1, 5)
    contract = signed(api)["id"]
    told = granted(api, contract, total_value="1000.00", discount_percentage=0, rate=None)
    path = f"contracts/{contract}/prepaid-commits/{told['id']}"
    assert api.post(f"{path}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    assert used(api, path, 1, 200).status == 201
    on_day(2, 10)
    posted(api, 1)
    (row,) = contracts(actor=api.actor, asked=EVERYTHING).rows
    ended = ContractTermination(contract=row.code, on=date(2026, 2, 10), refund=Decimal(300))
    terminate_contract(actor=api.actor, termination=ended, at=AT)
    assert agree(api, contract) == (700, 0, 1_000, 0)
    assert sides(api)["Refund Liability"] == 300
