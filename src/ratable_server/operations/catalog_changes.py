"""Changing the catalogue, and taking from it what nobody has agreed to. Price plans change by `change_price_plan`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ratable.terms import BundleLine, ProductBundle, Terms
from ratable.terms_rules import check_terms
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog import held_group, held_product, refuse_doubled_lines, users_of
from ratable_server.operations.catalog_rows import insert_bundle_lines, named_by
from ratable_server.operations.changing import mark_deleted
from ratable_server.operations.dependents import terms_on_group, terms_on_product
from ratable_server.operations.kept import NOTHING, Further
from ratable_server.operations.matters import fact_columns
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further
from ratable_server.operations.told import told, told_beside
from ratable_server.operations.writing import changes_by, refuse_terms
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.load.catalog import load_bundles
from ratable_server.store.load.terms import load_terms
from ratable_server.store.load.written import written_line
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductHead:
    """What a product says of itself; its price plans have operations of their own."""

    name: str
    currency: str | None = None


@retried
def modify_product(
    *,
    actor: Actor,
    product: str,
    head: ProductHead,
    further: Further | None = None,
    seen: ProductHead | None = None,
    at: datetime,
) -> ProductHead:
    """Change what a product says of itself; give what it said. Without `further` its further fields stay.

    Refuses:
        code_must_be_known, change_must_be_of_what_was_seen, price_plan_currency_must_match_contract (of a contract that
        uses it)
    """
    refuse_unfit(head)
    refuse_unfit_further(further or NOTHING)
    with changes_by(actor, names=things_in(further)):
        row = held_product(actor, product)
        before = ProductHead(name=row.name, currency=row.currency or None)
        if seen not in {None, before}:
            raise Refused("change_must_be_of_what_was_seen", field="product", detail=product)
        if head.currency != before.currency:
            held_product(actor, product, is_alone=True)
        row.name, row.currency, row.modified_at = head.name, head.currency or "", at
        row.further = row.further if further is None else dict(further)
        row.save()
        if head.currency != before.currency:
            refuse_terms(check_terms(load_terms(actor, users_of(actor, _groups(actor, row))), may_grow=True))
        after = told_beside(head, further or NOTHING)
        record_change(actor, Change("modify_product", "product", product, before=told(before), after=after), at=at)
    return before


@retried
def delete_product(*, actor: Actor, product: str, at: datetime) -> None:
    """Take a product with its price plans out of the catalogue, as long as no agreement names it.

    Refuses:
        code_must_be_known, nothing_must_depend_on_it
    """
    with changes_by(actor):
        row = held_product(actor, product, is_alone=True)
        _refuse_depending(terms_on_product(actor, row.id), field="product", code=product)
        groups = _groups(actor, row)
        rows_of(actor, models.UsageGroup).filter(id__in=groups).update(deleted_at=at, modified_at=at)
        mark_deleted(row, at=at)
        record_change(actor, Change("delete_product", "product", product, before={"name": row.name}), at=at)


@retried
def delete_usage_group(*, actor: Actor, product: str, group: str, at: datetime) -> None:
    """Take a price plan off a product, as long as no agreement names it.

    Refuses:
        code_must_be_known, nothing_must_depend_on_it
    """
    with changes_by(actor):
        row = held_group(actor, held_product(actor, product, is_alone=True), group)
        _refuse_depending(terms_on_group(actor, row.id), field="usage_group", code=group)
        mark_deleted(row, at=at)
        change = Change("delete_usage_group", "usage_group", group, before={"product": product})
        record_change(actor, change, at=at, part_of=product)


@retried
def modify_product_bundle(
    *, actor: Actor, bundle: ProductBundle, name: str | None = None, further: Further | None = None, at: datetime
) -> ProductBundle:
    """Change a bundle for what is agreed from now on; give what it was.

    Items that were agreed under it keep the split that they had: it is written down as their allocation.

    Refuses:
        code_must_be_known (the bundle, a product), code_must_be_unused (a product twice), the rules of bundles
    """
    refuse_unfit(bundle)
    refuse_unfit_further(further or NOTHING)
    refuse_terms(check_terms(Terms(product_bundles=(bundle,))))
    refuse_doubled_lines(bundle)
    with changes_by(actor, names=things_in(further), first=keeping_sold(actor, named_by(bundle.lines))):
        row = _held_bundle(actor, bundle.id)
        (before,) = load_bundles(actor, [row.id])
        row.name, row.modified_at = row.name if name is None else name, at
        row.further = row.further if further is None else dict(further)
        row.save()
        if before.lines != bundle.lines:
            _keep_split(actor, row, before.lines, at=at)
            rows_of(actor, models.BundleLine).filter(bundle_id=row.id).delete()
            products = dict(rows_of(actor, models.Product).values_list("code", "id"))
            insert_bundle_lines(actor, [(row.id, bundle)], products)
        after = {"name": row.name, **told_beside(bundle, further or NOTHING)}
        change = Change("modify_product_bundle", "product_bundle", bundle.id, before=told(before), after=after)
        record_change(actor, change, at=at)
    return before


@retried
def delete_product_bundle(*, actor: Actor, bundle: str, at: datetime) -> None:
    """Take a bundle out of the catalogue, as long as no usage item is of it.

    Refuses:
        code_must_be_known, nothing_must_depend_on_it
    """
    with changes_by(actor):
        row = _held_bundle(actor, bundle)
        items = rows_of(actor, models.UsageItem).filter(bundle_id=row.id)
        _refuse_depending(items.exists(), field="product_bundle", code=bundle)
        mark_deleted(row, at=at)
        record_change(
            actor, Change("delete_product_bundle", "product_bundle", bundle, before={"name": row.name}), at=at
        )


def _groups(actor: Actor, product: models.Product) -> list[int]:
    return list(rows_of(actor, models.UsageGroup).filter(product_id=product.id).values_list("id", flat=True))


def _held_bundle(actor: Actor, code: str) -> models.ProductBundle:
    """The row of a bundle, which nobody names until this transaction ends."""
    row = rows_of(actor, models.ProductBundle).select_for_update().filter(code=code).first()
    if row is None:
        raise Refused("code_must_be_known", field="product_bundle", detail=code)
    return row


def _keep_split(actor: Actor, bundle: models.ProductBundle, lines: Iterable[BundleLine], *, at: datetime) -> None:
    """An allocation like the bundle's lines, for every item of it that has none of its own."""
    split = rows_of(actor, models.AllocationChange).values("item_id")
    written = [written_line(line) for line in lines]
    for item in rows_of(actor, models.UsageItem).filter(bundle_id=bundle.id).exclude(id__in=split).order_by("id"):
        facts = fact_columns(actor, next_fact_number(actor), at=at)
        models.AllocationChange(**facts, item_id=item.id, lines=written).save(force_insert=True)


def _refuse_depending(depends: bool, *, field: str, code: str) -> None:  # noqa: FBT001 - the whole question
    if depends:
        raise Refused("nothing_must_depend_on_it", field=field, detail=code)
