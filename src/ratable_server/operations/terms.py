"""Terms as a whole: everything that a case file agrees, into the books at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.db import connection

from ratable.terms import Terms
from ratable.terms_rules import check_terms, warn_of_terms
from ratable.terms_tables import counts_from
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog_rows import insert_bundles, insert_products, named_by
from ratable_server.operations.closed_months import keep_open
from ratable_server.operations.contract_rows import insert_contracts, names_in, sold
from ratable_server.operations.contracts import refuse_unfit_contract
from ratable_server.operations.customers import insert_customers, keep_customers
from ratable_server.operations.kept import Kept
from ratable_server.operations.policies import set_policy, set_timezone
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told
from ratable_server.operations.told_prices import refuse_other_own_prices, refuse_other_prices
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store.audit import Change, Fields, record_change, record_new
from ratable_server.store.keeping import keep_sold
from ratable_server.store.load.catalog import load_products
from ratable_server.store.load.offered import Names
from ratable_server.store.load.terms import load_entity, load_policy
from ratable_server.store.models import Contract, PrepaidCommit, Product, ProductBundle, UsageItem
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of


@retried
def import_terms(
    *, actor: Actor, terms: Terms, at: datetime, keeps_policy: bool = False, keeps_timezone: bool = False
) -> Created:
    """Add products, bundles and contracts, under their policy and time zone, in one transaction: all or nothing.

    What is to be kept stays as the books have it, whatever the terms say of it. Customers who are not there are added, each under its name. What is there already is not changed: the ids of
    products, bundles, contracts and of what stands on them must be new. A contract may grow: a minimum in units waits for
    the usage group that prices it, as it does where a contract is told by itself.

    Refuses:
        code_must_be_unused, code_must_be_known, policy_must_stay_after_a_close, the rules of terms,
        price_must_fit_the_pricing_model
    """
    _refuse_unfit(terms)
    with _taken_named(actor, terms), changes_by(actor):
        keep_sold(actor, _named(terms))
        products = (*load_products(actor), *terms.products)
        refuse_terms(check_terms(replace(terms, products=products), may_grow=True))
        refuse_other_prices(group for product in terms.products for group in product.usage_groups)
        for contract in terms.contracts:
            refuse_other_own_prices(contract, products)
        if terms.contracts:
            keep_open(actor, min(map(counts_from, terms.contracts)))
        if not keeps_policy and terms.policy != load_policy(actor):
            set_policy(actor=actor, policy=terms.policy, at=at)
        if not keeps_timezone and terms.entity.timezone != load_entity(actor).timezone:
            set_timezone(actor=actor, timezone=terms.entity.timezone, at=at)
        _insert(actor, terms, at)
        record_change(actor, Change("import_terms", "terms", terms.entity.id, after=_summary(terms)), at=at)
    return Created(code=terms.entity.id, warnings=tuple(warn_of_terms(terms)))


@contextmanager
def _taken_named(actor: Actor, terms: Terms) -> Iterator[None]:
    """Where a code is taken, say which: the database refuses it without a word on that."""
    try:
        yield
    except Refused as refused:
        is_told = refused.code != "code_must_be_unused" or refused.detail != refused.rule.meaning
        if is_told or connection.in_atomic_block:
            raise
        with books_of(actor):
            for model, field, codes in _codes(terms):
                taken = rows_of(actor, model, with_deleted=True).filter(code__in=codes).order_by("code")
                for code in taken.values_list("code", flat=True)[:1]:
                    raise Refused("code_must_be_unused", field=field, detail=f"{code} is there already") from refused
        raise


def _codes(
    terms: Terms,
) -> Iterator[tuple[type[Product | ProductBundle | Contract | UsageItem | PrepaidCommit], str, list[str]]]:
    """The public ids that must be new, each kind with its table."""
    yield Product, "product", [each.id for each in terms.products]
    yield ProductBundle, "product_bundle", [each.id for each in terms.product_bundles]
    yield Contract, "contract", [each.id for each in terms.contracts]
    yield UsageItem, "usage_item", [item.id for each in terms.contracts for item in each.usage_items]
    yield PrepaidCommit, "prepaid_commit", [commit.id for each in terms.contracts for commit in each.prepaid_commits]


def _refuse_unfit(terms: Terms) -> None:
    for product in terms.products:
        refuse_unfit(product)
    for bundle in terms.product_bundles:
        refuse_unfit(bundle)
    for contract in terms.contracts:
        refuse_unfit_contract(contract)


def _named(terms: Terms) -> Names:
    """What of the catalogue contracts and bundles name; some of it is told with them."""
    of_contracts = names_in(*terms.contracts)
    of_bundles = named_by(*(bundle.lines for bundle in terms.product_bundles))
    return Names(products=of_contracts.products | of_bundles.products, bundles=of_contracts.bundles)


def _insert(actor: Actor, terms: Terms, at: datetime) -> None:
    kept = Kept(at=at)
    named = [contract.customer for contract in terms.contracts]
    new_customers = insert_customers(actor, named, at=at)
    insert_products(actor, terms.products, kept)
    insert_bundles(actor, terms.product_bundles, kept, products=sold(actor).products)
    insert_contracts(actor, terms.contracts, kept, customers=keep_customers(actor, named), catalog=sold(actor))
    new: dict[str, Mapping[str, Fields]] = {
        "customer": {code: {"name": code} for code in new_customers},
        "product": {product.id: told(product) for product in terms.products},
        "product_bundle": {bundle.id: told(bundle) for bundle in terms.product_bundles},
        "contract": {contract.id: told(contract) for contract in terms.contracts},
    }
    for kind, added in new.items():
        record_new(actor, kind, added, action="import_terms", at=at)


def _summary(terms: Terms) -> dict[str, list[str]]:
    return {
        "products": [product.id for product in terms.products],
        "product_bundles": [bundle.id for bundle in terms.product_bundles],
        "contracts": [contract.id for contract in terms.contracts],
    }
