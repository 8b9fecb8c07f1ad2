"""Overage is billed by the cadence of its prepaid commit: the cycles that have ended, each once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ratable.terms import Contract, Opening, OpeningBalance, PrepaidCommit
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent


def overused(api: Api, **fields: Any) -> str:
    """A pool of 80,000.00 with overage of 20,000.00 in March and 5,000.00 in April."""
    contract = signed(api)["id"]
    pool = granted(api, contract, discount_percentage=0, **fields)["id"]
    (commit,) = prepaid_commits(actor=api.actor, contract_id=contract).rows
    months = ((2, 80_000), (3, 20_000), (4, 5_000))
    records = [
        {"id": f"{pool}/{month}", "prepaid_commit": commit.code, "used_on": date(2026, month, 28), "amount": gross}
        for month, gross in months
    ]
    record_usage(actor=api.actor, records=records, at=AT)
    return f"contracts/{contract}/prepaid-commits/{pool}"


def billed(api: Api, month: str, **fields: Any) -> Told:
    told = api.post("overage-invoicing", {"period_month": month, **fields})
    assert told.status == 200, told.text
    return told


def cycles(told: Told) -> list[tuple[Any, ...]]:
    return [
        tuple(each[name] for name in ("period_start", "period_end", "invoice_date", "amount"))
        for each in told["invoices"]
    ]


def test_a_quarter_is_billed_once_when_it_has_ended(api: Api):
    """20,000 + 5,000 from February to April: one invoice of 25,000 on May 1."""
    pool = overused(api, overage_invoice_cadence="quarterly", overage_invoice_start_month="2026-02-01",
                    auto_send_overage_invoices=True)  # fmt: skip
    assert billed(api, "2026-03-01").body == {"created": 0, "invoices": []}
    looked = billed(api, "2026-04-01", dry_run=True)
    quarter = [("2026-02-01", "2026-04-30", "2026-05-01", 25_000)]
    assert (looked["created"], cycles(looked), looked["invoices"][0]["invoice"]) == (0, quarter, None)
    told = billed(api, "2026-04-01")
    assert (told["created"], cycles(told)) == (1, quarter)
    invoice = api.get(f"/coa/api/v1/invoice/{told['invoices'][0]['invoice']}/")
    assert invoice["total_amount"] == 25_000
    assert (invoice["invoice_date"], invoice["auto_send_invoice"]) == ("2026-05-01", True)
    assert invoice["invoice_number"] == told["invoices"][0]["invoice_number"]
    assert billed(api, "2026-12-01").body == {"created": 0, "invoices": []}
    summary = api.get(f"{pool.split('/prepaid')[0]}/prepaid-commit-summary")
    assert (summary["overage_total"], summary["overage_uninvoiced"]) == (25_000, 0)


def test_months_are_billed_one_by_one_and_what_comes_later_too(api: Api):
    pool = overused(api)
    other = overused(api, overage_invoice_cadence="custom")
    overused(api, overage_invoice_cadence="one_time")
    march, april = ("2026-03-01", "2026-03-31", "2026-04-01", 20_000), ("2026-04-01", "2026-04-30", "2026-05-01", 5_000)
    assert cycles(billed(api, "2026-03-01")) == [march]
    assert sent(api, pool, "external_id,dt,total_revenue_dollars\nlate,2026-03-29,1000\n")["created"] == 1
    more = (*march[:3], 1_000)
    assert cycles(billed(api, "2026-04-01", contract=int(pool.split("/")[1]))) == [more, april]
    assert cycles(billed(api, "2026-12-01")) == [("2026-01-01", "2026-12-31", "2027-01-01", 25_000)]
    assert api.get(f"{other.split('/prepaid')[0]}/prepaid-commit-summary")["overage_uninvoiced"] == 25_000


def test_what_cannot_be_billed_is_refused(api: Api):
    told = api.post("overage-invoicing", {"period_month": "2026-03-01", "contract": 987_654_321})
    assert (told.status, list(told.body)) == (400, ["contract"])
    assert list(api.post("overage-invoicing", {}).body) == ["period_month"]


def test_an_invoice_that_clears_what_was_brought_in_bills_no_overage(api: Api):
    """100.00 unbilled at the cut-over and billed since; 20,000.00 and 5,000.00 of overage are still to be billed."""
    opening = Opening(
        as_of=date(2025, 12, 31), balances=(OpeningBalance(account="unbilled_revenue", amount=Decimal(100)),)
    )
    pool = PrepaidCommit(id="pool", total_value=Decimal(80_000), starts_on=date(2026, 1, 1))
    create_customer(actor=api.actor, code="acme", name="Acme Inc", at=AT)
    contract = Contract(
        id="acme", customer="acme", currency="USD", starts_on=date(2025, 1, 1), prepaid_commits=(pool,), opening=opening
    )
    create_contract(actor=api.actor, contract=contract, at=AT)
    records = [
        {"id": f"e-{month}", "prepaid_commit": "pool", "used_on": date(2026, month, 28), "amount": gross}
        for month, gross in ((2, 80_000), (3, 20_000), (4, 5_000))
    ]
    record_usage(actor=api.actor, records=records, at=AT)
    file_invoice(actor=api.actor, invoice=Invoice(contract="acme", amount=Decimal(100)), on=date(2026, 1, 2), at=AT)
    told = billed(api, "2026-04-01")
    assert [each["amount"] for each in told["invoices"]] == [20_000, 5_000]
    assert billed(api, "2026-04-01").body == {"created": 0, "invoices": []}
