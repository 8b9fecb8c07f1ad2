"""The life of a prepaid commit, told to the end over HTTP: from accounts and contract to the trial balance, step by step.

80,000.00 of credits at 20 % discount are sold, paid, drawn in three months, overdrawn in March, invoiced, corrected in
May and expired in December. After every step the ledger has the figures of the table, debits equal credits, and what is
deferred is what is left of the pool. Accounts are those of a chart of its own.

  day    step                     AR   deferred  unbilled  revenue
  01-01  commit invoiced      80,000     80,000         0        0
  01-20  paid                      0     80,000         0        0
  01-31  January drawn             0     56,000         0   24,000
  02-28  February drawn            0     16,000         0   64,000
  03-31  March drawn, overage      0          0    20,000  100,000
  04-01  overage invoiced     20,000          0         0  100,000
  05-12  March corrected           0      8,000         0   72,000
  12-31  expired                   0          0         0   80,000
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratable.cases.reading import read_case
from tests.wire.calling import Api, Told
from tests.wire.test_dialect_agrees import GOLDEN, of_the_api, of_the_engine
from tests.wire.test_statements import trial_balance
from tests.wire.test_uploads import sent

OnDay = Callable[[int, int], None]
BILLED, DEFERRED, UNBILLED, EARNED = "Receivables", "Credits sold", "To be invoiced", "API revenue"
ADJUSTMENT = (
    "external_id,dm,total_revenue_dollars,total_events,is_adjustment,original_period_month,adjustment_date\n"
    "a1,,-30000.00,300,true,2026-03-01,2026-05-12\n"
)


class Company:
    """A company with a chart of accounts, a product, and a contract with a prepaid commit."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.entity = self.told("/coa/api/entity", name="Top Level", currency="USD")
        accounts = {
            name: self.told("/coa/api/account", number=number, name=name, account_type=type, account_subtype=subtype)
            for number, name, type, subtype in (
                ("1100", BILLED, "ASSET", "ACCOUNTS_RECEIVABLE"),
                ("2400", DEFERRED, "LIABILITY", "DEFERRED_REVENUE"),
                ("1150", UNBILLED, "ASSET", "UNBILLED_RECEIVABLE"),
                ("4100", EARNED, "REVENUE", "INCOME"),
            )
        }
        defaults = {"accounts_receivable": accounts[BILLED], "unbilled_revenue": accounts[UNBILLED]}
        assert api.patch("/coa/api/chart-account-settings", defaults).status == 200
        product = {"revenue_account": accounts[EARNED], "invoice_account": accounts[DEFERRED]}
        self.product = self.told("product", product_name="API usage", **product)
        client = self.told("/coa/api/vendor", name="Acme Inc", vendor_type="customer")
        pool = {"name": "Credits", "total_value": "80000.00", "discount_percentage": 20, "rate": "0.10",
                "start_date": "2026-01-01", "expiration_date": "2026-12-31", "product": self.product}  # fmt: skip
        self.contract = self.told(
            "contracts", client=client, deal_name="Acme 2026", contract_start_date="2026-01-01",
            contract_end_date="2026-12-31", entity=self.entity, prepaid_commits=[pool],
        )  # fmt: skip
        (commit,) = api.get(f"contracts/{self.contract}/prepaid-commits")["results"]
        self.commit, self.pool = commit["id"], f"contracts/{self.contract}/prepaid-commits/{commit['id']}"

    def told(self, path: str, **fields: Any) -> int:
        """Add something; its id."""
        told = self.api.post(path, fields)
        assert told.status == 201, told.text
        return int(told["id"])

    def invoiced(self, on: str, line: dict[str, Any], **fields: Any) -> Told:
        body = {"contract": self.contract, "entity": self.entity, "invoice_date": on, "due_date": on, "lines": [line]}
        told = self.api.post("/coa/api/v1/invoice/", {**body, **fields})
        assert told.status == 201, told.text
        return told

    def used(self, month: int, gross: int) -> Told:
        body = {"period_month": f"2026-{month:02}-01", "gross_usage_amount": gross}
        told = self.api.post(f"{self.pool}/consumption", body)
        assert told.status == 201, told.text
        return told

    def recognized(self, month: int) -> Told:
        """Post the revenue of a month as one journal entry, as programs do: what has none, by id."""
        period = f"2026-{month:02}-01"
        rows = self.api.get("transactions", limit=1000)["results"]
        ids = [row["id"] for row in rows if row["accounting_period"] == period and row["journal_entry"] is None]
        told = self.api.post("/coa/api/journal_entry", {"type": "revenue_recognition", "revenue_transactions": ids})
        assert told.status == 201, told.text
        return told

    def closed(self, *months: int) -> None:
        for month in months:
            told = self.api.post("revenue-posting", {"period_month": f"2026-{month:02}-01"})
            assert (told.status, told["status"]) == (200, "posted"), told.text

    def ledger(self) -> list[Any]:
        """Receivables, deferred, unbilled and revenue as of today; what is deferred is what is left of the pool."""
        sides = trial_balance(self.api, start_date="2026-01-01")
        debits, credits = zip(*(sides.get(name, (0, 0)) for name in (BILLED, DEFERRED, UNBILLED, EARNED)), strict=True)
        found = [debit - credit for debit, credit in zip(debits, credits, strict=True)]
        found[1], found[3] = -found[1], -found[3]
        commit = self.api.get(self.pool)
        assert found[1] == (commit["remaining_value"] if commit["is_invoiced"] else 0)
        return found


def test_a_prepaid_commit_from_its_contract_to_the_trial_balance(api: Api, on_day: OnDay):
    company = Company(api)
    assert company.ledger() == [0, 0, 0, 0]

    invoice = company.invoiced("2026-01-01", {"amount": "80000.00", "prepaid_commit": company.commit})
    assert company.ledger() == [80_000, 80_000, 0, 0]

    on_day(1, 20)
    payment = {"account_id": 1, "account_name": "1000 - Bank", "amount": "80000.00", "payment_date": "2026-01-20"}
    assert api.post(f"/coa/api/v1/invoice/{invoice['id']}/pay/", {"empty_transactions": [payment]}).status == 200
    assert company.ledger() == [0, 80_000, 0, 0]

    for month, last, gross, figures in (
        (1, 31, 30_000, [0, 56_000, 0, 24_000]),
        (2, 28, 50_000, [0, 16_000, 0, 64_000]),
        (3, 31, 40_000, [0, 0, 20_000, 100_000]),
    ):
        on_day(month, last)
        told = company.used(month, gross)
        assert company.ledger() == figures
        company.recognized(month)
        company.closed(month)
        assert company.ledger() == figures
    assert {row["recognized"] == row["amount"] for row in api.get("transactions")["results"]} == {True}

    on_day(4, 1)
    overage = {"revenue_transactions": [told["overage_revenue_transaction"]]}
    company.invoiced("2026-04-01", {"amount": "20000.00", "product": company.product}, **overage)
    assert company.ledger() == [20_000, 0, 0, 100_000]
    company.closed(4)

    on_day(5, 12)
    assert sent(api, company.pool, ADJUSTMENT).status == 200
    done = api.post(f"{company.pool}/process-adjustments")
    assert [memo["amount"] for memo in done["credit_memos"]] == [20_000]
    assert company.ledger() == [0, 8_000, 0, 72_000]

    on_day(12, 31)
    assert company.ledger() == [0, 0, 0, 80_000]
    company.closed(5)
    assert company.ledger() == [0, 0, 0, 80_000]
    assert api.get(company.pool)["remaining_value"] == 0
    rows = {row["account_name"]: row for row in api.get("/coa/api/general-ledger", all_time="true")["accounts"]}
    assert (rows[DEFERRED]["total_debits"], rows[DEFERRED]["total_credits"]) == (88_000, 88_000)

    roles = {BILLED: "accounts_receivable", DEFERRED: "contract_liability", UNBILLED: "unbilled_revenue"}
    roles |= {EARNED: "revenue", "Cash": "cash"}
    journal = of_the_api(api, lambda line: roles[line["account_name"].split(" - ")[-1]])
    alone = of_the_engine(read_case(GOLDEN / "chain" / "ledger.yaml"))
    assert journal == sorted(("Acme 2026", account.removeprefix("breakage_"), *rest) for _, account, *rest in alone)
