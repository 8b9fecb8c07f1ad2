"""The catalogue: products, their price plans, bundles. A price plan that cannot be rated is refused by its first fault."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Min, Q

from ratable.periods import day_after
from ratable.price_plans import check_price_plan, tiers_with_lower_bounds
from ratable.terms import ZERO, Contract, Product, ProductBundle, Terms, Tier, UsageGroup
from ratable.terms_rules import check_terms, warn_of_terms
from ratable.terms_tables import counts_from
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog_rows import (
    insert_bundles,
    insert_groups,
    insert_products,
    named_by,
    option_columns,
    tier_columns,
)
from ratable_server.operations.closed_months import first_day_open, keep_open, refuse_closed_months
from ratable_server.operations.kept import NONE, NOTHING, Beside, Besides, Further, Kept, refuse_unfit_beside
from ratable_server.operations.register_links import things_beside, things_in
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told, told_beside
from ratable_server.operations.told_prices import refuse_left_prices, refuse_other_prices
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.load.catalog import load_products
from ratable_server.store.load.terms import load_terms
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def create_product(
    *, actor: Actor, product: Product, further: Further = NOTHING, beside: Besides = NONE, at: datetime
) -> Created:
    """Add a product with its price plans; `further` is kept of the product, `beside` of its usage groups and tiers.

    Refuses:
        code_must_be_unused, the rules of price plans, price_must_fit_the_pricing_model, those of
        ratable_server.operations.soundness
    """
    refuse_unfit(product)
    kept = Kept(at=at, beside={**beside, ("product", product.id): Beside(further=further)})
    refuse_unfit_beside(kept.beside)
    _refuse_misnumbered(product.usage_groups)
    terms = Terms(products=(product,))
    refuse_terms(check_terms(terms))
    refuse_other_prices(product.usage_groups)
    with changes_by(actor, names=things_beside(kept.beside)):
        insert_products(actor, [product], kept)
        after = told_beside(product, further)
        record_change(actor, Change("create_product", "product", product.id, after=after), at=at)
    return Created(code=product.id, warnings=tuple(warn_of_terms(terms)))


@retried
def create_usage_group(
    *, actor: Actor, product: str, group: UsageGroup, beside: Besides = NONE, at: datetime
) -> Created:
    """Add a price plan to a product.

    Refuses:
        code_must_be_known (the product), code_must_be_unused, the rules of price plans, price_must_fit_the_pricing_model
    """
    refuse_unfit(group)
    refuse_unfit_beside(beside)
    _refuse_misnumbered((group,))
    refusals, warnings = check_price_plan(group)
    refuse_terms(refusals)
    refuse_other_prices([group])
    with changes_by(actor):
        product_row = held_product(actor, product)
        place = rows_of(actor, models.UsageGroup).filter(product_id=product_row.id).count()
        insert_groups(actor, [(product_row.id, place, group)], Kept(at=at, beside=beside))
        after = {"product": product, **told(group)}
        change = Change("create_usage_group", "usage_group", group.id, after=after)
        record_change(actor, change, at=at, part_of=product)
    return Created(code=group.id, warnings=tuple(warnings))


@retried
def change_price_plan(
    *, actor: Actor, product: str, group: UsageGroup, beside: Besides | None = None, at: datetime
) -> Created:
    """Give a usage group other tiers, or another pricing model; a contract's own prices stay.

    With `beside` further fields of the group and its tiers become these. The same plan again may always be told, also
    with the starts of tiers that were told without.

    A closed month is not computed again under other prices: a plan that one depends on is not changed, a new usage
    group takes its place.

    Refuses:
        code_must_be_known, period_must_be_open, the rules of price plans and of the contracts that use it,
        price_must_fit_the_pricing_model (of tiers that were priced otherwise before)
    """
    refuse_unfit(group)
    refuse_unfit_beside(beside or NONE)
    _refuse_misnumbered((group,))
    refusals, warnings = check_price_plan(group)
    refuse_terms(refusals)
    with changes_by(actor):
        product_row = held_product(actor, product)
        row = held_group(actor, product_row, group.id)
        before = next(known for known in load_products(actor, [product_row.id])[0].usage_groups if known.id == group.id)
        group = _with_starts_of(before, group)
        if _without_prices(group) != _without_prices(before):
            held_product(actor, product, is_alone=True)
        open_on, users = _hold_users(actor, row)
        if group != before:
            refuse_other_prices([group], less=before)
            for contract in users:
                refuse_left_prices(contract, product, group=group, before=before)
                if any((item.product_id, item.usage_group_id) == (product, group.id) for item in contract.usage_items):
                    refuse_closed_months(contract, open_on, field=f"usage_group {group.id}")
        _rewrite(actor, row, group, kept=_kept_of_group(actor, row, beside, at=at))
        refuse_terms(check_terms(load_terms(actor, [contract.id for contract in users]), may_grow=True))
        change = Change("change_price_plan", "usage_group", group.id, before=told(before), after=told(group))
        record_change(actor, change, at=at, part_of=product)
    return Created(code=group.id, warnings=tuple(warnings))


@retried
def create_product_bundle(
    *, actor: Actor, bundle: ProductBundle, name: str = "", further: Further = NOTHING, at: datetime
) -> Created:
    """Add a bundle of products that are there.

    Refuses:
        code_must_be_known (a product), code_must_be_unused, bundle_must_use_one_basis, bundle_must_sum_to_100,
        percentage_must_be_between_0_and_100, amount_must_be_positive
    """
    refuse_unfit(bundle)
    kept = Kept(at=at, beside={("product_bundle", bundle.id): Beside(name=name, further=further)})
    refuse_unfit_beside(kept.beside)
    refuse_terms(check_terms(Terms(product_bundles=(bundle,))))
    refuse_doubled_lines(bundle)
    with changes_by(actor, names=things_in(further), first=keeping_sold(actor, named_by(bundle.lines))):
        products = dict(rows_of(actor, models.Product).values_list("code", "id"))
        insert_bundles(actor, [bundle], kept, products=products)
        after = {"name": name, **told_beside(bundle, further)}
        change = Change("create_product_bundle", "product_bundle", bundle.id, after=after)
        record_change(actor, change, at=at)
    return Created(code=bundle.id)


def _refuse_misnumbered(groups: tuple[UsageGroup, ...]) -> None:
    """Tiers are told by their place, so a number is that and nothing else."""
    for group in groups:
        if [tier.number for tier in group.tiers] != list(range(1, len(group.tiers) + 1)):
            raise Refused("tiers_must_ascend", field=f"usage_group {group.id}", detail="tiers are numbered 1, 2, 3 …")


def refuse_doubled_lines(bundle: ProductBundle) -> None:
    """Go on, unless a product stands in a bundle twice.

    Refuses:
        code_must_be_unused
    """
    products = [line.product_id for line in bundle.lines]
    for product in products:
        if products.count(product) > 1:
            raise Refused("code_must_be_unused", field="lines", detail=f"two lines of {product}")


def held_product(actor: Actor, code: str, *, is_alone: bool = False) -> models.Product:
    """The row of a product, which nobody else changes until this transaction ends; alone: nor does anybody name it.

    Refuses:
        code_must_be_known
    """
    row = rows_of(actor, models.Product).select_for_update(no_key=not is_alone).filter(code=code).first()
    if row is None:
        raise Refused("code_must_be_known", field="product", detail=code)
    return row


def hold_to_retell(actor: Actor, code: str) -> None:
    """Take a product alone, and the first open month, before any contract: all that it says will be told anew.

    Refuses:
        code_must_be_known
    """
    held_product(actor, code, is_alone=True)
    first_on = _first_day_of_all(actor)
    if first_on is not None:
        keep_open(actor, first_on)


def held_group(actor: Actor, product: models.Product, code: str) -> models.UsageGroup:
    """The row of a usage group; whoever changes it holds its product.

    Refuses:
        code_must_be_known
    """
    row = rows_of(actor, models.UsageGroup).filter(product_id=product.id, code=code).first()
    if row is None:
        raise Refused("code_must_be_known", field="usage_group", detail=code)
    return row


def users_of(actor: Actor, groups: Collection[int]) -> list[str]:
    """The contracts with an item or an own price of these groups; no other writer changes them meanwhile."""
    items = rows_of(actor, models.UsageItem).filter(usage_group_id__in=groups).values("contract_id")
    prices = rows_of(actor, models.TierPriceOverride).filter(usage_group_id__in=groups).values("contract_id")
    rows = rows_of(actor, models.Contract).filter(Q(id__in=items) | Q(id__in=prices))
    rows = rows.select_for_update(no_key=True).order_by("id")
    return list(rows.values_list("code", flat=True))


def _hold_users(actor: Actor, group: models.UsageGroup) -> tuple[date, tuple[Contract, ...]]:
    """The first day that no close has settled, which stays so, and the contracts that name a group, which do too.

    A month is kept before any contract, and also while nobody uses the group: it may be sold, and what it is sold to be
    closed, at this moment. Nothing closes a month and not those before it, so the first month of all contracts keeps the
    months of all. A contract that counts from before it was signed meanwhile: all is let go, and taken anew.
    """
    while True:
        point = transaction.savepoint()
        first_on = _first_day_of_all(actor)
        open_on = first_day_open(actor) if first_on is None else keep_open(actor, first_on)
        users = load_terms(actor, users_of(actor, [group.id])).contracts
        if all(first_on is not None and counts_from(contract) >= first_on for contract in users):
            transaction.savepoint_commit(point)
            return open_on, users
        transaction.savepoint_rollback(point)


def _first_day_of_all(actor: Actor) -> date | None:
    """The first day that any contract counts from; None: there is no contract, so there is no month to be closed."""
    days = rows_of(actor, models.Contract).aggregate(
        starts_on=Min("starts_on", filter=Q(opening_as_of=None)), as_of=Min("opening_as_of")
    )
    after_cut_over = days["as_of"] and day_after(days["as_of"])
    return min((on for on in (days["starts_on"], after_cut_over) if on), default=None)


def _without_prices(group: UsageGroup) -> UsageGroup:
    """What of a price plan a line can be judged by: all but its prices and for how much each is."""
    tiers = tuple(
        replace(tier, lower_quantity=None, upper_quantity=None, price=None, percentage=None, flat_fee=ZERO)
        for tier in group.tiers
    )
    return replace(group, tiers=tiers, package_size=None, free_units=ZERO)


def _with_starts_of(before: UsageGroup, group: UsageGroup) -> UsageGroup:
    """The plan with the starts of tiers as they were told before, where they say the same: none is the end before it."""
    was = {tier.number: tier.lower_quantity for tier in before.tiers}

    def as_told(lower: Decimal, tier: Tier) -> Tier:
        told_before = was.get(tier.number, tier.lower_quantity)
        is_same = (lower if told_before is None else told_before) == (
            lower if tier.lower_quantity is None else tier.lower_quantity
        )
        return replace(tier, lower_quantity=told_before) if is_same else tier

    return replace(group, tiers=tuple(as_told(lower, tier) for lower, tier in tiers_with_lower_bounds(group)))


def _rewrite(actor: Actor, row: models.UsageGroup, group: UsageGroup, *, kept: Kept) -> None:
    """A tier keeps its row as long as there is one of its number."""
    row.pricing_model, row.package_size, row.free_units = group.pricing_model, group.package_size, group.free_units
    row.unit_of_measure, row.currency = group.unit_of_measure or "", group.currency or ""
    for name, value in option_columns(group).items():
        setattr(row, name, value)
    row.further, row.modified_at = dict(kept.of("usage_group", group.id).further), kept.at
    row.save()
    tiers = rows_of(actor, models.Tier, with_deleted=True).filter(usage_group_id=row.id)
    tiers.filter(deleted_at=None, number__gt=len(group.tiers)).update(deleted_at=kept.at, modified_at=kept.at)
    for tier in group.tiers:
        own = {**tier_columns(group, tier, kept), "deleted_at": None}
        if not tiers.filter(number=tier.number).update(**own):
            models.Tier(
                tenant_id=actor.tenant_id, usage_group_id=row.id, number=tier.number, created_at=kept.at, **own
            ).save(force_insert=True)


def _kept_of_group(actor: Actor, row: models.UsageGroup, beside: Besides | None, *, at: datetime) -> Kept:
    """What is told beside the plan, or what was."""
    if beside is not None:
        return Kept(at=at, beside=beside)
    tiers = rows_of(actor, models.Tier).filter(usage_group_id=row.id)
    was: dict[tuple[str, ...], Beside] = {
        ("tier", row.code, str(tier.number)): Beside(further=tier.further) for tier in tiers
    }
    return Kept(at=at, beside={**was, ("usage_group", row.code): Beside(further=row.further)})
