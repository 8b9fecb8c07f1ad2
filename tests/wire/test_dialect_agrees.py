"""Golden cases told over HTTP post the journal that the engine alone gives, line by line.

The worked chain is compared where it is told (`test_flow.py`). `tests/server/test_golden_books.py` holds the operations to the same. Ids of lines of contracts are drawn by the API, so
that a prepaid commit is compared as there or not; a contract that has no end gets one behind everything that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ratable.cases import records
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.terms import Contract
from ratable_server.api.campfire.translate.journal_entries import type_of
from ratable_server.queries.chart import OWN_ACCOUNTS
from tests.wire.calling import Api, Told

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CASES = (
    "journal/commit-in-instalments",
    "journal/untargeted-invoice",
    "minimums/monthly-quantity",
    "recognition/subscription-standard",
)
AnyLine = Mapping[str, Any]
NUMBERS = {own.number: role for role, own in OWN_ACCOUNTS.items()}
FAR = "2029-12-31"


class Teller:
    """Tells a case to the API, act by act."""

    def __init__(self, api: Api, case: records.Case) -> None:
        self.api = api
        self.ids: dict[tuple[str, str | None], Any] = {}
        self.invoices: dict[str, list[Told]] = {}
        self.entity = self._made("/coa/api/entity", name="Top Level")["id"]
        for product in case.terms.products:
            groups = [_group(group) for group in product.usage_groups]
            told = self._made("product", product_id=product.id, product_name=product.name, usage_groups=groups)
            self.ids["product", product.id] = told["id"]
            for group in told["usage_groups"]:
                self.ids["group", group["name"]] = group["id"]
        for contract in case.terms.contracts:
            self._sign(contract)

    def tell(self, act: Any) -> None:
        """One act of the case."""
        match act:
            case records.Invoice():
                self._invoice(act)
            case records.Payment():
                self._pay(act)
            case records.PrepaidUsage():
                self._made(f"{self.ids['commit', act.prepaid_commit]}/consumption", **_month(act.used_on, act.amount))
            case records.Usage():
                self._use(act)
            case records.Close():
                told = self.api.post("revenue-posting", {"period_month": f"{act.period}"})
                assert told.status == 200, told.text
            case _:
                raise AssertionError(act)

    def _made(self, path: str, **fields: Any) -> Told:
        told = self.api.post(path, fields)
        assert told.status == 201, told.text
        return told

    def _sign(self, contract: Contract) -> None:
        client = self._made("/coa/api/vendor", name=contract.customer, vendor_type="customer")["id"]
        told = self._made(
            "contracts", client=client, deal_id=contract.id, deal_name=contract.id,
            contract_start_date=f"{contract.starts_on}", contract_end_date=_last(contract.ends_before) or FAR,
        )  # fmt: skip
        self.ids["contract", contract.id] = told["id"]
        path = f"contracts/{told['id']}"
        for item in contract.usage_items:
            fields = {"product": self.ids["product", item.product_id], "draws_on_prepaid_commits": item.draws}
            group = self.ids.get(("group", item.usage_group_id))
            line = self._made(f"{path}/usage", **fields, **({} if group is None else {"usage_group": group}))
            self.ids["item", item.id] = f"{path}/usage/{line['id']}"
        for commit in contract.prepaid_commits:
            line = self._made(
                f"{path}/prepaid-commits", name=commit.id, total_value=commit.total_value, rate=commit.rate,
                discount_percentage=commit.discount_percentage, start_date=f"{commit.starts_on}",
                expiration_date=_last(commit.ends_before), product=self.ids["product", commit.product_id],
            )  # fmt: skip
            self.ids["commit", commit.id] = f"{path}/prepaid-commits/{line['id']}"
        for each in contract.subscriptions:
            self._made(
                f"{path}/subscriptions", product=self.ids["product", each.product_id], start_date=f"{each.starts_on}",
                end_date=_last(each.ends_before), quantity=1, rate=each.total_value, proration_method="standard",
            )  # fmt: skip
        for milestone in contract.milestones:
            line = self._made(
                f"{path}/milestones", milestone_name=milestone.id, milestone_date=f"{milestone.on}",
                amount=milestone.amount, product=self.ids["product", milestone.product_id],
            )  # fmt: skip
            self.ids["milestone", milestone.id] = line["id"]

        least = {
            "minimum_monthly_commitment_amount": contract.minimum_monthly_commitment_amount,
            "minimum_monthly_commitment_quantity": contract.minimum_monthly_commitment_quantity,
        }
        if any(each is not None for each in least.values()):
            assert self.api.patch(path, least).status == 200

    def _invoice(self, act: records.Invoice) -> None:
        line: dict[str, Any] = {"amount": act.amount}
        if act.prepaid_commit:
            line["prepaid_commit"] = int(self.ids["commit", act.prepaid_commit].rsplit("/", 1)[1])
        if act.milestone:
            line["contract_milestone"] = self.ids["milestone", act.milestone]
        told = self._made(
            "/coa/api/v1/invoice/", contract=self.ids["contract", act.contract], entity=self.entity,
            invoice_date=f"{self.on}", due_date=f"{self.on}", lines=[line],
        )  # fmt: skip
        self.invoices.setdefault(act.contract, []).append(told)

    def _pay(self, act: records.Payment) -> None:
        (invoice,) = self.invoices[act.contract]
        payment = {"account_id": 1, "account_name": "Bank", "amount": act.amount, "payment_date": f"{self.on}"}
        told = self.api.post(f"/coa/api/v1/invoice/{invoice['id']}/pay/", {"empty_transactions": [payment]})
        assert told.status == 200, told.text

    def _use(self, act: records.Usage) -> None:
        said = {"quantity": act.quantity} if act.quantity is not None else {"amount": act.amount}
        lines = [{"period_month": f"{str(act.used_on)[:7]}-01", **said}]
        told = self.api.patch(self.ids["item", act.item], {"lines": lines})
        assert told.status == 200, told.text

    on: date


def _group(group: Any) -> dict[str, Any]:
    tiers, start = [], Decimal(0)
    for place, tier in enumerate(group.tiers):
        limits = {"from_quantity": start, "to_quantity": tier.upper_quantity}
        tiers.append({"name": f"{place}", **limits, "price": tier.price})
        start = tier.upper_quantity or start
    return {"name": group.id, "pricing_model": group.pricing_model, "tiers": tiers}


def _last(ends_before: date | None) -> str | None:
    return None if ends_before is None else f"{ends_before - timedelta(days=1)}"


def _month(used_on: str | None, amount: str | None) -> dict[str, Any]:
    return {"period_month": f"{str(used_on)[:7]}-01", "gross_usage_amount": amount}


def of_the_api(api: Api, role_of: Callable[[AnyLine], str]) -> list[tuple[Any, ...]]:
    """Every line: contract, account, day, type, whether it is of a prepaid commit, and both sides."""
    found = api.get("/coa/api/transaction", all_time="true", limit=1000)
    assert found["next"] is None
    return sorted(
        (
            line["contract_name"],
            role_of(line),
            line["posted_at"],
            line["journal_type"],
            line["prepaid_commit_code"] is not None,
            line["debit_amount"] or Decimal(0),
            line["credit_amount"] or Decimal(0),
        )
        for line in found["results"]
    )


def of_the_engine(case: records.Case) -> list[tuple[Any, ...]]:
    """The same of the engine's journal."""
    return sorted(
        (
            row["contract"],
            row["account"],
            f"{row['on']}",
            type_of(str(row["type"]), str(row["entry"])),
            row["prepaid_commit"] is not None,
            row["debit"],
            row["credit"],
        )
        for row in play(case).rows("journal")
    )


@pytest.mark.parametrize("name", CASES)
def test_a_golden_case_told_over_http_has_the_journal_of_the_engine(
    api: Api, on_day: Callable[[int, int], None], name: str
):
    case = read_case(GOLDEN / f"{name}.yaml")
    expected = of_the_engine(case)
    last_on = min(max(row[2] for row in expected), "2026-12-31")
    teller = Teller(api, case)
    for entry in case.entries:
        teller.on = entry.on
        on_day(entry.on.month, entry.on.day)
        teller.tell(entry.act)
    on_day(*(int(part) for part in last_on.split("-")[1:]))
    told = of_the_api(api, lambda line: NUMBERS[line["account_number"]])
    assert [row for row in told if row[2] <= max(row[2] for row in expected)] == expected
