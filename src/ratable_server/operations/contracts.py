"""Contracts: signed whole, changed where no closed month depends on it, copied.

What happens to a contract later (an act of a day, such as its termination) is a fact: `operations.amendments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ratable.periods import FAR, month_of
from ratable.terms import Contract, Terms
from ratable.terms_rules import check_terms
from ratable.terms_tables import counts_from
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.changing import mark_deleted
from ratable_server.operations.closed_months import keep_open, refuse_closed, refuse_closed_months
from ratable_server.operations.contract_rows import insert_contracts, names_in, sold
from ratable_server.operations.copies import copied_beside, copy_of
from ratable_server.operations.customers import keep_customers
from ratable_server.operations.dependents import facts_on_commit, facts_on_contract, posted_of, usage_on
from ratable_server.operations.extending import contract_of, start_of
from ratable_server.operations.kept import NONE, NOTHING, Beside, Besides, Further, Kept, refuse_unfit_beside
from ratable_server.operations.register_links import keep_things, things_beside, things_in
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further, refuse_unfit_text
from ratable_server.operations.told import Created, told, told_beside
from ratable_server.operations.told_prices import refuse_other_own_prices
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.keeping import keep_sold, keeping_sold
from ratable_server.store.load.catalog import load_bundles, load_products
from ratable_server.store.load.stirred import streams_of
from ratable_server.store.load.terms import load_policy, load_terms
from ratable_server.store.locks import hold_contract
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

_LINES: tuple[Any, ...] = (
    models.UsageItem, models.PrepaidCommit, models.Subscription, models.Milestone, models.TierPriceOverride,
)  # fmt: skip
OPENING_ACCOUNTS = (
    "accounts_receivable", "unbilled_revenue", "contract_asset", "cash", "contract_liability", "refund_liability",
    "revenue", "breakage_revenue",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractHead:
    """What a contract says of itself; what stands on it has operations of its own."""

    name: str
    customer: str
    currency: str
    starts_on: date
    ends_before: date | None = None
    minimum_monthly_commitment_amount: Decimal | None = None
    minimum_monthly_commitment_quantity: Decimal | None = None


@retried
def create_contract(
    *,
    actor: Actor,
    contract: Contract,
    name: str = "",
    further: Further = NOTHING,
    beside: Besides = NONE,
    at: datetime,
) -> Created:
    """Sign a contract with everything on it, in one transaction: all of it or nothing.

    It may start in a closed month: what it earned there is booked in the first open one. `further` is kept of the
    contract, `beside` of what stands on it.

    Refuses:
        code_must_be_known (customer, product, usage group, bundle), code_must_be_unused, the rules of terms,
        price_must_fit_the_pricing_model (of its own prices)
    """
    refuse_unfit_contract(contract)
    kept = Kept(at=at, beside={**beside, ("contract", contract.id): Beside(name=name, further=further)})
    refuse_unfit_beside(kept.beside)
    with changes_by(actor, names=things_beside(kept.beside), first=keeping_sold(actor, names_in(contract))):
        keep_open(actor, counts_from(contract))
        refuse_other_own_prices(contract, _sign(actor, contract, kept).products)
        after = {"name": name, **told_beside(contract, further)}
        record_change(actor, Change("create_contract", "contract", contract.id, after=after), at=at)
    return Created(code=contract.id)


@retried
def modify_contract(
    *,
    actor: Actor,
    contract: str,
    head: ContractHead,
    further: Further | None = None,
    at: datetime,
    seen: ContractHead | None = None,
) -> ContractHead:
    """Change what a contract says of itself, as far as no closed month depends on it; give what it said before.

    Name and customer may change at any time. The end may move among open days. Start and minimums count for whole
    months: they stay once a month of the contract is closed. With `seen` the contract must still say that; without
    `further` its further fields stay as they are.

    Refuses:
        contract_must_be_known, contract_must_be_as_seen, currency_must_stay, period_must_be_open,
        contract_must_not_be_terminated, code_must_be_known (customer), the rules of terms
    """
    refuse_unfit(head)
    refuse_unfit_further(further or NOTHING)
    with changes_by(actor, names=things_in(further)):
        open_on = keep_open(actor, start_of(actor, contract))
        row = _held(actor, contract)
        before = head_of(row)
        if seen not in {None, before}:
            raise Refused("contract_must_be_as_seen", field="contract", detail=contract)
        _refuse_changes(actor, contract, head, before=before, open_on=open_on)
        was = NOTHING if further is None else row.further
        row.further, row.modified_at = row.further if further is None else dict(further), at
        _rewrite(actor, row, head)
        refuse_terms(check_terms(load_terms(actor, [contract]), may_grow=True))
        told_now = told_beside(head, further or NOTHING)
        change = Change("modify_contract", "contract", contract, before=told_beside(before, was), after=told_now)
        record_change(actor, change, at=at)
    return before


@retried
def duplicate_contract(*, actor: Actor, contract: str, code: str, at: datetime) -> Created:
    """Sign the same terms again under another id: its name with "(Copy)", full prepaid commits, nothing that happened.

    Items and prepaid commits get the new contract's id before their own. A cut-over is none of the copy.

    Refuses:
        contract_must_be_known, code_must_be_unused, text_must_be_plain
    """
    refuse_unfit_text("code", code)
    with changes_by(actor):
        terms = load_terms(actor, [contract]).contracts
        if not terms:
            raise Refused("contract_must_be_known", field="contract", detail=contract)
        copy = copy_of(terms[0], code)
        refuse_unfit_contract(copy)
        kept = copied_beside(actor, contract, code, at=at)
        keep_things(actor, things_beside(kept.beside))
        keep_sold(actor, names_in(copy))
        keep_open(actor, counts_from(copy))
        _sign(actor, copy, kept)
        after = {"copy_of": contract, "name": kept.of("contract", code).name, **told(copy)}
        record_change(actor, Change("duplicate_contract", "contract", code, after=after), at=at)
    return Created(code=code)


@retried
def delete_contract(*, actor: Actor, contract: str, at: datetime) -> None:
    """Take a contract with everything on it out of the books, as long as nothing has happened under it.

    Refuses:
        contract_must_be_known, nothing_must_depend_on_it (usage, documents, facts, posted rows)
    """
    with changes_by(actor):
        keep_open(actor, start_of(actor, contract))
        row = _held(actor, contract)
        hold_tenant(actor)  # no usage comes meanwhile
        has_usage = usage_on(actor, *streams_of(contract_of(actor, contract))).exists()
        if has_usage or facts_on_contract(actor, row.id) or posted_of(actor, contract_id=contract).exists():
            raise Refused("nothing_must_depend_on_it", field="contract", detail=contract)
        for commit in rows_of(actor, models.PrepaidCommit).filter(contract_id=row.id):
            if facts_on_commit(actor, commit.id):
                raise Refused("nothing_must_depend_on_it", field="contract", detail=commit.code)
        for model in _LINES:
            rows_of(actor, model).filter(contract_id=row.id).update(deleted_at=at, modified_at=at)
        mark_deleted(row, at=at)
        record_change(actor, Change("delete_contract", "contract", contract, before={"name": row.name}), at=at)


def refuse_unfit_contract(contract: Contract) -> None:
    """Go on, unless something in the record cannot be kept.

    Refuses:
        those of soundness, currency_must_be_known, account_must_be_known, code_must_be_unused (told twice)
    """
    refuse_unfit(contract)
    if not contract.currency:
        raise Refused("currency_must_be_known", field="currency", detail="a contract has a currency")
    for balance in contract.opening.balances if contract.opening else ():
        if balance.account not in OPENING_ACCOUNTS:
            raise Refused("account_must_be_known", field="opening", detail=balance.account)
    overridden = [(own.product_id, own.usage_group_id, own.tier_number) for own in contract.tier_price_overrides]
    for tier in overridden:
        if overridden.count(tier) > 1:
            raise Refused("code_must_be_unused", field="tier_price_overrides", detail=f"tier {tier[2]} of {tier[1]}")


def head_of(row: models.Contract) -> ContractHead:
    """What the row of a contract says of itself."""
    return ContractHead(
        name=row.name,
        customer=row.customer.code,
        currency=row.currency,
        starts_on=row.starts_on,
        ends_before=row.ends_before,
        minimum_monthly_commitment_amount=row.minimum_monthly_commitment_amount,
        minimum_monthly_commitment_quantity=row.minimum_monthly_commitment_quantity,
    )


def _sign(actor: Actor, contract: Contract, kept: Kept) -> Terms:
    """Write a contract down; the terms by which it was judged."""
    catalog = sold(actor)
    used = {item.product_id or "" for item in contract.usage_items}
    used |= {override.product_id for override in contract.tier_price_overrides}
    bundles = {item.product_bundle_id or "" for item in contract.usage_items}
    terms = Terms(
        policy=load_policy(actor),
        products=load_products(actor, [catalog.products[code] for code in used if code in catalog.products]),
        product_bundles=load_bundles(actor, [catalog.bundles[code] for code in bundles if code in catalog.bundles]),
        contracts=(contract,),
    )
    refuse_terms(check_terms(terms, may_grow=True))
    insert_contracts(actor, [contract], kept, customers=keep_customers(actor, [contract.customer]), catalog=catalog)
    return terms


def _held(actor: Actor, code: str) -> models.Contract:
    if hold_contract(actor, code) is None:
        raise Refused("contract_must_be_known", field="contract", detail=code)
    return rows_of(actor, models.Contract).select_related("customer").get(code=code)


def _refuse_changes(actor: Actor, code: str, head: ContractHead, *, before: ContractHead, open_on: date) -> None:
    contract = load_terms(actor, [code]).contracts[0]
    if head.currency != before.currency:
        raise Refused("currency_must_stay", field="currency", detail=f"{before.currency}, not {head.currency}")
    if head.starts_on != before.starts_on:
        refuse_closed_months(contract, open_on, field="starts_on")
        refuse_closed(month_of(head.starts_on), open_on, field="starts_on")
    for minimum in ("minimum_monthly_commitment_amount", "minimum_monthly_commitment_quantity"):
        if getattr(head, minimum) != getattr(before, minimum):
            refuse_closed_months(contract, open_on, field=minimum)
    if head.ends_before != before.ends_before:
        refuse_closed(min(head.ends_before or FAR, before.ends_before or FAR), open_on, field="ends_before")
        if rows_of(actor, models.Termination).filter(contract__code=code).exists():
            raise Refused("contract_must_not_be_terminated", field="ends_before", detail=code)


def _rewrite(actor: Actor, row: models.Contract, head: ContractHead) -> None:
    customers = keep_customers(actor, [head.customer])
    if head.customer not in customers:
        raise Refused("code_must_be_known", field="customer", detail=head.customer)
    row.customer_id = customers[head.customer]
    row.name, row.starts_on, row.ends_before = head.name, head.starts_on, head.ends_before
    row.minimum_monthly_commitment_amount = head.minimum_monthly_commitment_amount
    row.minimum_monthly_commitment_quantity = head.minimum_monthly_commitment_quantity
    row.save()
