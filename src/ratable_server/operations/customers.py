"""Customers: who buys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog_rows import AT_ONCE
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit_further, refuse_unfit_text
from ratable_server.operations.told import Created
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import Contract, Customer, ReportedUsage
from ratable_server.store.prepared import all_rows
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of
from ratable_server.store.staging.settling import hold_tenant

_KEEP = """
SELECT code, id FROM customer WHERE tenant_id = %(tenant)s AND code = ANY(%(codes)s) AND deleted_at IS NULL
ORDER BY id FOR KEY SHARE
"""  # not with who signs another contract, only with who deletes or renames


@retried
def create_customer(*, actor: Actor, code: str, name: str, further: Further = NOTHING, at: datetime) -> Created:
    """Add a customer.

    Refuses:
        code_must_be_unused, text_must_be_plain, further_must_be_small, number_must_be_exact
    """
    refuse_unfit_text("code", code)
    refuse_unfit_text("name", name)
    refuse_unfit_further(further)
    with changes_by(actor, names=things_in(further)):
        kept = Kept(at=at, beside={("customer", code): Beside(further=further)}).columns("customer", code)
        row = Customer(tenant_id=actor.tenant_id, code=code, name=name, **kept)
        row.save(force_insert=True)
        after = {"name": name, **({"further": dict(further)} if further else {})}
        record_change(actor, Change("create_customer", "customer", code, after=after), at=at)
    return Created(code=code)


@retried
def modify_customer(*, actor: Actor, customer: str, name: str, further: Further | None = None, at: datetime) -> str:
    """Call a customer by another name; give the one before. Without `further` its further fields stay.

    Refuses:
        code_must_be_known, text_must_be_plain, further_must_be_small
    """
    refuse_unfit_text("name", name)
    refuse_unfit_further(further or NOTHING)
    with changes_by(actor, names=things_in(further)):
        row = _held(actor, customer)
        before = row.name
        row.name, row.modified_at = name, at
        row.further = row.further if further is None else dict(further)
        row.save()
        after = {"name": name, **({"further": dict(further)} if further else {})}
        change = Change("modify_customer", "customer", customer, before={"name": before}, after=after)
        record_change(actor, change, at=at)
    return before


@retried
def delete_customer(*, actor: Actor, customer: str, at: datetime) -> None:
    """Take a customer off the list, as long as there is no contract, and no reported usage.

    What was reported of a contract that another customer has by now goes on naming who used it.

    Refuses:
        code_must_be_known, nothing_must_depend_on_it
    """
    with changes_by(actor):
        row = _held(actor, customer)
        hold_tenant(actor)  # no usage comes meanwhile
        if _is_named(actor, row.id):
            raise Refused("nothing_must_depend_on_it", field="customer", detail=customer)
        row.deleted_at = row.modified_at = at
        row.save()
        record_change(actor, Change("delete_customer", "customer", customer, before={"name": row.name}), at=at)


def _is_named(actor: Actor, row_id: int) -> bool:
    reported = rows_of(actor, ReportedUsage).filter(deleted_at=None)
    return any(rows.filter(customer_id=row_id).exists() for rows in (rows_of(actor, Contract), reported))


def _held(actor: Actor, code: str) -> Customer:
    row = rows_of(actor, Customer).select_for_update().filter(code=code).first()
    if row is None:
        raise Refused("code_must_be_known", field="customer", detail=code)
    return row


def keep_customers(actor: Actor, codes: Iterable[str]) -> dict[str, int]:
    """The rows of customers, by their codes: who is there stays until this transaction ends."""
    return dict(all_rows(_KEEP, {"tenant": actor.tenant_id, "codes": sorted(set(codes))}))


def insert_customers(actor: Actor, codes: Iterable[str], *, at: datetime) -> list[str]:
    """Customers who are not there yet, each under its code as its name; give their codes."""
    there = set(rows_of(actor, Customer).values_list("code", flat=True))
    new = [code for code in dict.fromkeys(codes) if code not in there]
    rows = [Customer(tenant_id=actor.tenant_id, code=code, name=code, created_at=at, modified_at=at) for code in new]
    rows_of(actor, Customer).bulk_create(rows, batch_size=AT_ONCE)
    return new
