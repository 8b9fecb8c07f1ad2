"""Which account of the chart a line stands on: the product's own, else the default, else one of ours.

1.14 of the semantics: `revenue_account`, `invoice_account` (deferred revenue), `ar_account` and `invoice_unbilled_account`
of the product, then the default accounts. A role that nobody has mapped is told as an account of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ratable_server.queries.chart import OWN_ACCOUNTS, ChartSources, OwnAccount

OF_PRODUCT = {
    "accounts_receivable": "ar_account",
    "contract_liability": "invoice_account",
    "unbilled_revenue": "invoice_unbilled_account",
    "revenue": "revenue_account",
    "breakage_revenue": "revenue_account",
}
_DEFAULTS = {
    "accounts_receivable": ("accounts_receivable",),
    "contract_liability": ("deferred_revenue",),
    "unbilled_revenue": ("unbilled_revenue", "accrued_revenue"),
    "refund_liability": ("refund_account",),
}
_TYPES = {"Assets": "ASSET", "Liabilities": "LIABILITY", "Equity": "EQUITY", "Income": "REVENUE",
          "Expenses": "OPERATING_EXPENSES"}  # fmt: skip
_SUBTYPES = {
    "cash": "BANK",
    "accounts_receivable": "ACCOUNTS_RECEIVABLE",
    "unbilled_revenue": "UNBILLED_RECEIVABLE",
    "contract_asset": "OTHER_CURRENT_ASSET",
    "contract_liability": "DEFERRED_REVENUE",
    "refund_liability": "OTHER_CURRENT_LIABILITY",
    "opening_balance": "EQUITY",
    "retained_earnings": "RETAINED_EARNINGS",
    "net_income_prior_periods": "EQUITY",
    "net_income": "EQUITY",
    "revenue": "INCOME",
    "breakage_revenue": "INCOME",
}
_OF_INCOME = ("REVENUE", "COGS", "OPERATING_EXPENSES", "OTHER_INCOME", "OTHER_EXPENSE", "COST_ALLOCATION")
_CREDIT_SIDE = ("LIABILITY", "EQUITY", "REVENUE", "OTHER_INCOME")
REGISTERED = "#"  # before the id of an account of the register, where a role stands otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as lines and statements name it."""

    id: int
    number: str
    name: str
    type: str
    subtype: str

    @property
    def title(self) -> str:
        """Number and name, as documented."""
        return f"{self.number} - {self.name}" if self.number else self.name

    @property
    def is_of_income(self) -> bool:
        """Does it stand in the income statement?"""
        return self.type in _OF_INCOME

    @property
    def is_credit_side(self) -> bool:
        """Is a credit its natural sign?"""
        return self.type in _CREDIT_SIDE


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts of all lines."""

    sources: ChartSources

    def account(self, key: Any) -> Account:
        """The account of a line; `key` has its `role`, `product` and `prepaid_commit`."""
        if key.role.startswith(REGISTERED):
            return self._registered(int(key.role.removeprefix(REGISTERED)))
        product = self.sources.products.get(
            key.product or self.sources.product_of_commit.get(key.prepaid_commit, ""), {}
        )
        wanted = [product.get(OF_PRODUCT.get(key.role, ""))]
        wanted += [self.sources.defaults.get(name) for name in _DEFAULTS.get(key.role, ())]
        found = next((each for each in wanted if isinstance(each, int) and each in self.sources.accounts), None)
        return own_account(OWN_ACCOUNTS[key.role]) if found is None else self._registered(found)

    def _registered(self, id: int) -> Account:
        told = self.sources.accounts.get(id, {})
        return Account(
            id=id,
            number=str(told.get("number") or ""),
            name=str(told.get("name") or id),
            type=str(told.get("account_type") or "UNCATEGORIZED"),
            subtype=str(told.get("account_subtype") or "UNCATEGORIZED"),
        )


def own_account(own: OwnAccount) -> Account:
    """An account of ours in their words."""
    return Account(id=own.id, number=own.number, name=own.name, type=_TYPES[own.kind], subtype=_SUBTYPES[own.role])
