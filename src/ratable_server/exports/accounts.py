"""Which account of a general ledger plays which role.

Owns the mapping with its defaults, and account names that plain-text ledgers can read. The roles are the
calculation's own (docs/flow/6-ledger.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from ratable_server.exports.problems import ExportRefusedError

Kind = Literal["Assets", "Liabilities", "Equity", "Income", "Expenses"]
ACCOUNT_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the chart: `name` may name its parents, apart by colons (`Revenue:Usage`).

    `tax_rate` is the name of the tax rate that Xero asks for on every line; by default none is due, because
    what is invoiced with tax is another system's.
    """

    code: str
    name: str
    kind: Kind
    tax_rate: str = "Tax Exempt"

    @property
    def path(self) -> str:
        """The name for plain-text ledgers: `Assets:Unbilled-Revenue`.

        Each part begins with a capital or a digit and holds letters, digits and dashes, which both
        beancount and hledger accept.
        """
        parts = [re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in self.name.split(":")]
        return ":".join([self.kind, *(part[:1].upper() + part[1:] for part in parts if part)])


DEFAULT_ACCOUNTS: Mapping[str, Account] = {
    "cash": Account(code="1000", name="Cash", kind="Assets"),
    "accounts_receivable": Account(code="1200", name="Accounts Receivable", kind="Assets"),
    "unbilled_revenue": Account(code="1250", name="Unbilled Revenue", kind="Assets"),
    "contract_asset": Account(code="1260", name="Contract Assets", kind="Assets"),
    "contract_liability": Account(code="2500", name="Deferred Revenue", kind="Liabilities"),
    "refund_liability": Account(code="2550", name="Refund Liability", kind="Liabilities"),
    "opening_balance": Account(code="3900", name="Opening Balance", kind="Equity"),
    "revenue": Account(code="4000", name="Revenue", kind="Income"),
    "breakage_revenue": Account(code="4050", name="Breakage Revenue", kind="Income"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The accounts by role; what a tenant has not mapped has its default."""

    own: Mapping[str, Account] = field(default_factory=dict)

    def account(self, role: str) -> Account:
        """The account of a role.

        Raises:
            ExportRefusedError: account_must_be_mapped.
        """
        found = self.own.get(role) or DEFAULT_ACCOUNTS.get(role)
        if found is None:
            raise ExportRefusedError("account_must_be_mapped", f"no account plays the role {role}")
        return found
