"""The accounts that the books have of themselves: one for each role, for who has not mapped it to an account of a chart.

Owns their ids, which come of the role and never change. Numbers and names are those of the exports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ratable_server.actor import Actor
from ratable_server.exports.accounts import DEFAULT_ACCOUNTS, Kind
from ratable_server.store.models import PrepaidCommit, Product, RegisterEntry
from ratable_server.store.public_ids import journal_id
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """The account of a role."""

    id: int
    role: str
    number: str
    name: str
    kind: Kind


def _own(role: str, number: str, name: str, *, kind: Kind) -> OwnAccount:
    return OwnAccount(id=journal_id("account", role), role=role, number=number, name=name, kind=kind)


# What statements show beside what is posted: income of months and years that are over.
RETAINED = _own("retained_earnings", "3200", "Retained Earnings", kind="Equity")
PRIOR_INCOME = _own("net_income_prior_periods", "", "Net Income (Prior Periods)", kind="Equity")
INCOME = _own("net_income", "", "Net Income", kind="Equity")

OWN_ACCOUNTS: Mapping[str, OwnAccount] = {
    role: _own(role, account.code, account.name, kind=account.kind) for role, account in DEFAULT_ACCOUNTS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSources:
    """What says on which account of the register a line stands; products and prepaid commits by their codes."""

    accounts: Mapping[int, Mapping[str, Any]]
    defaults: Mapping[str, Any]
    products: Mapping[str, Mapping[str, Any]]
    product_of_commit: Mapping[str, str]


def chart_sources(*, actor: Actor, product_fields: Sequence[str]) -> ChartSources:
    """The accounts and default accounts of the register, and the products that name an account in one of these fields."""
    with books_of(actor):
        told = rows_of(actor, RegisterEntry, with_deleted=True).filter(kind="account")
        defaults = rows_of(actor, RegisterEntry).filter(kind="default_accounts").order_by("id")
        products = rows_of(actor, Product, with_deleted=True).filter(further__has_any_keys=list(product_fields))
        named = dict(products.values_list("code", "further"))
        commits = rows_of(actor, PrepaidCommit, with_deleted=True).filter(product__code__in=list(named))
        return ChartSources(
            accounts=dict(told.values_list("id", "further")),
            defaults=defaults.values_list("further", flat=True).first() or {},
            products=named,
            product_of_commit=dict(commits.values_list("code", "product__code")) if named else {},
        )
